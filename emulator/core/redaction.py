"""What must never be kept: credentials in headers and bodies, taken out before anything is recorded.

Bodies come from anyone: whatever is cut off, malformed or misleading is redacted up to its end rather than kept, and
every pattern here takes linear time.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from urllib.parse import unquote_plus

REDACTED = "[redacted]"

SECRET_HEADERS = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-vcloud-authorization",
        "x-vmware-vcloud-access-token",
    }
)
_SCHEMES = frozenset({"basic", "bearer", "digest", "negotiate", "oauth", "sign"})

_STEMS = ("password", "secret", "token", "verifier")
_BYTE_STEMS = tuple(map(str.encode, _STEMS))
_WORDS = "|".join(_STEMS)

# A name that ends in one of the words, with or without a prefix; `<PasswordLength>` holds no secret.
_SECRET_TAG = re.compile(rf"<((?:[^\s<>/:=\"']+:)?[^\s<>/:=\"']*?(?:{_WORDS}))(?![\w.:-])", re.I)
_REST_OF_TAG = re.compile(r"""(?>[^>"']|"[^"]*"|'[^']*')*+>""")
_ENDS = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>"}
# XML attributes and form fields.
_SECRET_PAIR = re.compile(rf"""((?:{_WORDS})\s*=\s*)("[^"]*|'[^']*|[^\s&<>"']+)""", re.I)
_SECRET_MEMBER = re.compile(rf'"[^"\\]*(?:{_WORDS})"\s*:\s*', re.I)
_ESCAPED_LETTER = re.compile(r"\\u00([4-7][0-9a-f])", re.I)

_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_USUAL = b'<?xml version="1.0" encoding="UTF-8"?>'
_DECLARED = re.compile(rb"""(?:\xef\xbb\xbf)?<\?xml(?=\s)[^>]*?\sencoding\s*=\s*["']([\w.:-]+)""")
_LIKE_ASCII = re.compile(r"utf-?8|(us-)?ascii|iso-8859-\d+|windows-125\d", re.I)


def is_secret_header(name: str) -> bool:
    """`name` in lower case."""
    return name in SECRET_HEADERS or name.endswith(_STEMS)


def header_value(name: str, value: str) -> str:
    """The value as it may be kept: of credentials, the scheme only (`Basic [redacted]`)."""
    if not is_secret_header(name):
        return value
    scheme = value.partition(" ")[0]
    return f"{scheme} {REDACTED}" if scheme.lower() in _SCHEMES else REDACTED


def query(text: str) -> str:
    """The query string as it may be kept."""
    return "&".join(map(_query_field, text.split("&")))


def body(content: bytes) -> bytes:
    """The body as it may be kept: the same object when nothing in it is secret, else in UTF-8."""
    if not content:
        return content
    lowered = content.lower()
    # A backslash may spell a name of JSON in another way.
    if b"\\" in content or any(stem in lowered for stem in _BYTE_STEMS):
        content = _redacted(content, "utf-8", "surrogateescape")
    encoding = _other_encoding(content)
    return content if encoding is None else _redacted(content, encoding, "replace")


def _redacted(content: bytes, encoding: str, errors: str) -> bytes:
    try:
        text = content.decode(encoding, errors)
    except (LookupError, ValueError):
        return f"{REDACTED} (a body in the encoding {encoding}, which cannot be searched for secrets)".encode()
    if text.lstrip()[:1] in ("{", "[", '"'):
        text = _ESCAPED_LETTER.sub(lambda match: chr(int(match[1], 16)) if match[1].lower() != "5c" else match[0], text)
    clean = _SECRET_PAIR.sub(lambda match: match[1] + _quote(match[2]) + REDACTED, _without_elements(text))
    clean = _without_members(clean)
    return content if clean == text else clean.encode("utf-8", errors)


def _query_field(field: str) -> str:
    name, equals, _ = field.partition("=")
    return f"{name}={REDACTED}" if equals and unquote_plus(name).lower().endswith(_STEMS) else field


def _quote(value: str) -> str:
    return value[0] if value[0] in "\"'" else ""


def _without_elements(text: str) -> str:
    """Empty every secret element, its attributes with it, wherever it stands; comments and CDATA are no shelter."""
    kept, at = [], 0
    while tag := _SECRET_TAG.search(text, at):
        kept.append(text[at : tag.end()])
        rest = _REST_OF_TAG.match(text, tag.end())
        if rest is not None and rest[0].endswith("/>"):
            kept.append("/>")
            at = rest.end()
        else:
            kept.append(">" + REDACTED)
            at = len(text) if rest is None else _end_of_element(text, tag[1], rest.end())
    return "".join(kept) + text[at:]


def _end_of_element(text: str, name: str, at: int) -> int:
    """Where the end tag of the element begins whose content begins at `at`; the end of the text where there is none."""
    inside = re.compile(rf"<!--|<!\[CDATA\[|<\?|<(/?){re.escape(name)}(?=[\s/>])")
    depth = 1
    while found := inside.search(text, at):
        if found[0] in _ENDS:
            end = text.find(_ENDS[found[0]], found.end())
            if end < 0:
                break
            at = end + len(_ENDS[found[0]])
            continue
        if found[1]:
            depth -= 1
            if not depth:
                return found.start()
        rest = _REST_OF_TAG.match(text, found.end())
        if rest is None:
            break
        if not found[1] and not rest[0].endswith("/>"):
            depth += 1
        at = rest.end()
    return len(text)


def _without_members(text: str) -> str:
    """JSON: replace the value of every secret member, whatever its type."""
    decoder = json.JSONDecoder()
    kept, at = [], 0
    while name := _SECRET_MEMBER.search(text, at):
        kept.append(f'{text[at : name.end()]}"{REDACTED}"')
        try:
            at = decoder.raw_decode(text, name.end())[1]
        except (ValueError, RecursionError):
            at = len(text)
    return "".join(kept) + text[at:]


def _other_encoding(content: bytes) -> str | None:
    """How an XML parser would read the body, if that hides its words from a search for ASCII."""
    if content.startswith(_USUAL):
        return None
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    if b"\x00" in content[:4]:
        width = 32 if content[:4].count(b"\x00") > 2 else 16
        order = "be" if content.startswith(b"\x00") else "le"
        return f"utf-{width}-{order}"
    declared = _DECLARED.match(content)
    if declared is None or _LIKE_ASCII.fullmatch(name := declared[1].decode()):
        return None
    # Words that are legible in ASCII prove a declaration of these wrong, and parsers go by that.
    return None if name.lower().startswith(("utf-16", "utf-32", "ucs", "iso-10646")) else name


@lru_cache(maxsize=256)
def header_name(environ_key: str) -> str:
    """`HTTP_X_VCLOUD_AUTHORIZATION` as the header it came from, in lower case."""
    return environ_key.removeprefix("HTTP_").replace("_", "-").lower()
