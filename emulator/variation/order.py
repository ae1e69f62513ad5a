"""Another order of things whose order means nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def shuffled(things: Sequence[T], group: Callable[[T], object], source: random.Random) -> list[T]:
    """The things in another order, in which those of one group follow each other as before."""
    groups: dict[object, list[T]] = {}
    for thing in things:
        groups.setdefault(group(thing), []).append(thing)
    places = [key for key, members in groups.items() for _ in members]
    source.shuffle(places)
    rows = {key: iter(members) for key, members in groups.items()}
    return [next(rows[key]) for key in places]


def shuffled_pairs(pairs: Iterable[tuple[str, T]], source: random.Random) -> list[tuple[str, T]]:
    """Names with values; what has one name more than once keeps its order."""
    return shuffled(list(pairs), lambda pair: pair[0].lower(), source)
