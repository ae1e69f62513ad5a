"""What must never be kept: credentials in headers and bodies, taken out before anything is recorded."""

from __future__ import annotations

import re
from functools import lru_cache

REDACTED = "[redacted]"

_SECRET_HEADERS = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-vcloud-authorization",
        "x-vmware-vcloud-access-token",
    }
)

# Up to the end tag, or to the end of a body that was cut off: CDATA and nonsense inside must not save a password.
_XML_SECRET = re.compile(rb"(<(?:[\w.-]+:)?\w*(?:Password|Secret|Token)\b[^>]*(?<!/)>).*?(?=</|\Z)", re.DOTALL | re.I)
_JSON_SECRET = re.compile(rb'("[\w-]*(?:password|secret|token)"\s*:\s*")(?:[^"\\]|\\.)*', re.I)


def is_secret_header(name: str) -> bool:
    """`name` in lower case."""
    return name in _SECRET_HEADERS


def header_value(name: str, value: str) -> str:
    """The value as it may be kept: of credentials, the scheme only (`Basic [redacted]`)."""
    if name not in _SECRET_HEADERS:
        return value
    scheme, blank, _ = value.partition(" ")
    return f"{scheme} {REDACTED}" if blank and scheme.isalpha() else REDACTED


def body(content: bytes) -> bytes:
    """The body as it may be kept."""
    if not _may_hold_secret(content):
        return content
    if b"\x00" in content[:4]:
        # UTF-16 and UTF-32 hide the words from the patterns; such a body is rare and is kept as text instead.
        for encoding in ("utf-16", "utf-32"):
            try:
                content = content.decode(encoding).encode()
            except UnicodeDecodeError:
                continue
            break
    marker = REDACTED.encode()
    return _JSON_SECRET.sub(rb"\1" + marker, _XML_SECRET.sub(rb"\1" + marker, content))


def _may_hold_secret(content: bytes) -> bool:
    return b"assword" in content or b"ecret" in content or b"oken" in content or b"\x00" in content[:4]


@lru_cache(maxsize=256)
def header_name(environ_key: str) -> str:
    """`HTTP_X_VCLOUD_AUTHORIZATION` as the header it came from, in lower case."""
    return environ_key.removeprefix("HTTP_").replace("_", "-").lower()
