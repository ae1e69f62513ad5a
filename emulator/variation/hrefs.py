"""Hrefs that no id leads to: the paths of objects get a word that only the cloud knows, and are found by it alone.

What clients are documented to build stays as it is: roots, lists and queries, the entity resolver with a URN behind it,
and a key behind the href of metadata.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import unquote_to_bytes

from gatepost.core.ids import UUID_PATTERN
from gatepost.vcloud.names import PATHS

_OURS = frozenset(path.split("/")[2] for path in PATHS.values()) | {"tasksList"}
"""First words of paths below /api that are the cloud's own; others may be those of extension services."""

_WORD = re.compile(r"/api/~([0-9a-f]{12})/")
# In queries hrefs are encoded, by some clients twice.
_SLASH = rb"(?:/|%(?:25)*2[Ff])"
_ANY_WORD = re.compile(rb"(" + _SLASH + rb"api)" + _SLASH + rb"(?:~|%(?:25)*7[Ee])[0-9a-f]{12}(?=" + _SLASH + rb")")
_PATH = rb"/api/[^\"'<>&?#\s\\]+"
_MISSING = "/api/~"
_GROWING = "/metadata/"
"""Behind this part of a path stands what a client thought of: there only the part before is checked."""


class Hrefs:
    """The words of one seed."""

    def __init__(self, seed: int) -> None:
        self._key = hashlib.blake2b(str(seed).encode(), digest_size=32).digest()

    def hide(self, text: bytes, base: str) -> bytes:
        """The text, in which every URL of an object that begins with `base` has its word."""
        return re.sub(re.escape(base.encode()) + b"(" + _PATH + b")", self._hidden, text)

    def find(self, path: str) -> str:
        """The path inside, of one that a client asked for, as WSGI spells it; one that nothing has, for a wrong one."""
        found = _WORD.match(path)
        if found is None:
            return _MISSING + path if _is_object(path) else path
        inside = f"/api/{path[found.end() :]}"
        named = inside[: inside.index(_GROWING) + len(_GROWING) - 1] if _GROWING in inside else inside
        right = found[1] in (self._word(inside.encode("latin-1")), self._word(named.encode("latin-1")))
        return inside if right else path

    def reveal(self, text: bytes) -> bytes:
        """The text of a client, in which URLs are those inside."""
        return _ANY_WORD.sub(rb"\1", text)

    def _hidden(self, found: re.Match[bytes]) -> bytes:
        whole, path = found[0], found[1]
        inside = unquote_to_bytes(path).rstrip(b"/")
        if not _is_object(inside.decode("latin-1")):
            return whole
        base = whole[: len(whole) - len(path)]
        return base + b"/api/~" + self._word(inside).encode() + path[len(b"/api") :]

    def _word(self, path: bytes) -> str:
        return hashlib.blake2b(path, key=self._key, digest_size=6).hexdigest()


def _is_object(path: str) -> bool:
    words = path.split("/", 3)
    return len(words) > 3 and words[1] == "api" and words[2] in _OURS and UUID_PATTERN.search(words[3]) is not None
