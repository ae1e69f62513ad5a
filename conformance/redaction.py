"""What a report must not hold of a connector's words: credentials, and characters that act instead of being read."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote

from gatepost.conformance.profile import Profile

REDACTED = "[redacted]"

_WORD = r"password|passwd|secret|token|authorization|cookie|verifier"
_SCHEME = r"(?:(?:basic|bearer|digest|oauth|sign)\s+)?"
# `token=…`, `"password": "…"`, `--amqp-password …`, `x-vcloud-authorization: …`.
_PAIR = re.compile(
    rf"""((?:{_WORD})["']?\s*[:=]\s*|--[\w-]*(?:{_WORD})\s+)(["']?)(?!\[redacted)({_SCHEME}[^\s"'&,;<>)\]}}}}]+)""",
    re.I,
)
_AUTHORIZATION = re.compile(r"\b(basic|bearer)\s+[A-Za-z0-9+/_.=-]{8,}", re.I)
_SECRET_NAME = re.compile(rf"{_WORD}|api_?key|credential", re.I)
_URL = re.compile(r"(://[^\s:/@]*):[^\s/@]+@")
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
# A session's token of vCloud: 24 random bytes in the letters of URLs.
_TOKEN = re.compile(r"(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[A-Za-z0-9_-]{32}(?![\w-])")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_ACTING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")


def harmless(text: str, secrets: Iterable[str] = ()) -> str:
    """The text as it may be shown: without the secrets, in whatever spelling, and without control characters.

    A secret counts where it stands as a word of its own, since the public password of the emulated cloud is also a part
    of names and paths.
    """
    text = readable(text)
    text = _URL.sub(rf"\1:{REDACTED}@", text)
    for word in sorted(_spelled(secrets), key=len, reverse=True):
        text = re.sub(rf"(?<![\w./-])(?<!\w@)(?<!://){re.escape(word)}(?![\w/-]|\.\w)", REDACTED, text)
    text = _PAIR.sub(lambda found: found[1] + found[2] + REDACTED, text)
    text = _AUTHORIZATION.sub(rf"\1 {REDACTED}", text)
    return _TOKEN.sub(REDACTED, _JWT.sub(REDACTED, text))


def readable(text: str) -> str:
    """The text in one line's and one tab's control characters only; what else would act shows as a replacement."""
    text = _COLOUR.sub("", text.replace("\r\n", "\n"))
    return _ACTING.sub("\N{REPLACEMENT CHARACTER}", text)


def _spelled(secrets: Iterable[str]) -> set[str]:
    words: set[str] = set()
    for secret in filter(None, secrets):
        words |= {secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()}
    return words


def secrets_of(profile: Profile) -> list[str]:
    """The values of its environment that their names call secret; those that a placeholder stands for are not."""
    return [value for name, value in profile.run.env.items() if _SECRET_NAME.search(name) and "{" not in value]
