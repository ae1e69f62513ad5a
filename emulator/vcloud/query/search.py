"""Finding what a query asks for, without holding the lock for long (reference, section 9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gatepost.core.world import World
from gatepost.vcloud.http import Call
from gatepost.vcloud.query.parameters import Filter, Query, Sort

AT_ONCE = 1_000
"""Comparisons that are made under one hold of the lock: some tenths of a millisecond."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what a query found, and how many there are on all pages."""

    objects: list[Any]
    total: int
    last_page: int


def search(call: Call, query: Query, objects: list[Any] | None = None) -> Found:
    """What a query finds among all objects of its type, or among these."""
    if objects is None:
        objects = query.type.objects(call)
    if query.filter is not None:
        objects = _passing(call.world, objects, query.filter)
    # The first sort counts most.
    for sort in reversed(query.sorts):
        objects = sorted(objects, key=_key(sort), reverse=sort.descending)
    total = len(objects)
    start = query.offset + (query.page - 1) * query.page_size
    pages = -(-max(total - query.offset, 0) // query.page_size)
    return Found(objects[start : start + query.page_size], total, max(pages, 1))


def _passing(world: World, objects: list[Any], filter: Filter) -> list[Any]:
    """Those that pass, each looked at under the lock."""
    found: list[Any] = []
    step = max(AT_ONCE // filter.comparisons, 1)
    for start in range(0, len(objects), step):
        with world.lock:
            found += filter.pick(objects[start : start + step])
    return found


def _key(sort: Sort) -> Callable[[Any], Any]:
    read, key, lowest = sort.attribute.read, sort.attribute.kind.key, sort.attribute.kind.lowest

    def key_of(one: Any) -> Any:
        value = read(one)
        return lowest if value is None else key(value)

    return key_of
