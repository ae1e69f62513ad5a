"""What is wrong with an inventory file beyond the form of its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import NamedTuple

Path = tuple[str | int, ...]
"""Keys and places in lists, from the top of what was looked at."""


class Problem(NamedTuple):
    path: Path
    text: str


def near(word: str, known: Iterable[str]) -> str:
    """A question that names the word that was meant, if there is one."""
    lower = {one.lower(): one for one in known}
    found = get_close_matches(word.lower(), lower, n=1, cutoff=0.5)
    return f", did you mean {lower[found[0]]}?" if found else ""


def missing(path: Path, kind: str, name: str, known: Iterable[str]) -> Problem:
    """Something is named that is not there."""
    names = sorted(known)
    choice = near(name, names) or (f"; there is {', '.join(names[:10])}" if names else "; there is none")
    return Problem(path, f"there is no {kind} {name!r}{choice}")


def twice(path: Path, kind: str, names: Iterable[str], key: str = "name") -> Iterator[Problem]:
    """The names of the parts at `path` that another before them has."""
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name in seen:
            yield Problem((*path, place, key), f"there is another {kind} {name!r} before this one")
        seen.add(name)
