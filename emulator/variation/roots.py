"""Another root of everything: a path prefix, and another name for the host."""

from __future__ import annotations

from urllib.parse import urlsplit

from gatepost.variation.chance import Chance
from gatepost.variation.kinds import Kind

_ALIASES = {"127.0.0.1": "localhost", "localhost": "127.0.0.1", "::1": "localhost"}
_PREFIXES = ("/cell-1", "/cell-7", "/cloud", "/vcd/eu-west", "/a")


def prefix(seed: int) -> str:
    """The path before all others."""
    source = Chance(seed, frozenset({Kind.ROOTS}), "").of(Kind.ROOTS)
    return "" if source is None else source.choice(_PREFIXES)


def moved(url: str, seed: int, *, may_rename: bool) -> str:
    """The URL of the same server at its other root; `may_rename` the host, where it has a second name."""
    parts = urlsplit(url)
    host = parts.netloc
    if may_rename and (alias := _ALIASES.get(parts.hostname or "")) is not None:
        host = alias if parts.port is None else f"{alias}:{parts.port}"
    return parts._replace(netloc=host).geturl() + prefix(seed)
