"""The kinds of variation, and which are wanted."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

Chosen = bool | Iterable[str]
"""True for the default kinds, False for none, or names of kinds, of which `default` stands for all of those."""


class Kind(StrEnum):
    """What is varied; each can be switched alone."""

    PREFIXES = "prefixes"
    ORDER = "order"
    LINKS = "links"
    ELEMENTS = "elements"
    ATTRIBUTES = "attributes"
    HEADERS = "headers"
    EVENTS = "events"
    WHITESPACE = "whitespace"
    ENCODING = "encoding"
    IDS = "ids"
    JOBS = "jobs"
    TIMESTAMPS = "timestamps"
    CASE = "case"
    ROOTS = "roots"
    HREFS = "hrefs"


DEFAULT = frozenset(Kind) - {Kind.HREFS}
"""What every connector must bear. That it follows links in place of building URLs (`hrefs`) is only what it should."""


_NAMES = frozenset(map(str, Kind))


class InvalidVariation(ValueError):
    """A kind that does not exist or cannot be had here; the text says which, and what would do."""


def parse(chosen: Chosen, *, taps: bool) -> frozenset[Kind]:
    """The kinds that are meant. Without `taps` the default has no `case`. Raises InvalidVariation."""
    possible = DEFAULT if taps else DEFAULT - {Kind.CASE}
    if isinstance(chosen, bool):
        return possible if chosen else frozenset()
    found: set[Kind] = set()
    for name in [chosen] if isinstance(chosen, str) else chosen:
        if name == "default":
            found |= possible
        elif name in _NAMES:
            found.add(Kind(name))
        else:
            raise InvalidVariation(f"{name!r} is no kind of variation; there are {', '.join(['default', *Kind])}")
    if Kind.CASE in found and not taps:
        raise InvalidVariation("the letters of header names are varied at the HTTP tap: case needs --tap, or taps=True")
    return frozenset(found)
