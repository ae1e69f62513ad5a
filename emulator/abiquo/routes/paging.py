"""Lists: filtered, sorted, and cut into pages that link to each other (reference, section 2.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from gatepost.abiquo.document import Collection, Document, Link
from gatepost.abiquo.errors import bad_query
from gatepost.abiquo.http import Call
from gatepost.abiquo.view import View

LIMIT = 25
"""Items of a page unless the client says otherwise; 0 means all."""

Item = TypeVar("Item")
Keys = Mapping[str, Callable[[Any], Any]]

NAMED: Keys = {"name": lambda one: one.name.lower(), "id": lambda one: int(one.id)}


def page(
    call: Call,
    name: str,
    path: str,
    find: Callable[[], Iterable[Item]],
    show: Callable[[View, Item], Document],
    keys: Keys = NAMED,
    *,
    ascending: bool = True,
    filters: tuple[str, ...] = (),
    text: Callable[[Any], str] | None = None,
    keep: Callable[[Item], bool] = lambda item: True,
) -> Collection:
    """One page of what `find` gives and `keep` keeps, sorted by the first of `keys` unless the client names another.

    `text` is what the parameter `has` looks in, by default the same.

    Takes the lock, once to find and once for each item shown, so that a long list keeps nobody waiting. `filters` are
    the query parameters that `find` has heeded; the links repeat them. Raises ApiError (400).
    """
    start, limit = call.number("startwith", 0), call.number("limit", LIMIT)
    by, has = call.query("by") or next(iter(keys)), (call.query("has") or "").lower()
    asc = call.query("asc")
    if by not in keys:
        raise bad_query("by", "it may be " + ", ".join(keys))
    if asc not in (None, "true", "false", ""):
        raise bad_query("asc", "true or false is expected")
    if asc:
        ascending = asc == "true"
    looked_in = text or next(iter(keys.values()))
    with call.world.lock:
        everything = list(find())
    found = [one for one in everything if keep(one) and (not has or has in str(looked_in(one)).lower())]
    found.sort(key=keys[by], reverse=not ascending)
    wanted = {key: value for key in ("has", *filters) if (value := call.query(key))}
    order = {"by": by, **({"asc": asc} if asc else {})}
    view = call.view
    shown = found[start : start + limit if limit else None]
    items = []
    for one in shown:
        with call.world.lock:
            items.append(show(view, one))
    return Collection(name, items, _links(path, wanted, order, start, limit, len(found)), len(found))


def _links(path: str, wanted: dict[str, str], order: dict[str, str], start: int, limit: int, total: int) -> list[Link]:
    def link(rel: str, at: int | None) -> Link:
        begin = {} if at is None else {"startwith": str(at)}
        return Link(rel, f"{path}?{urlencode({**wanted, **begin, 'limit': str(limit), **order})}")

    links = [link("first", None)]
    if not limit:
        return [*links, link("last", 0)]
    if start:
        links.append(link("previous", max(0, start - limit)))
    if start + limit < total:
        links.append(link("next", start + limit))
    links.append(link("last", max(0, (total - 1) // limit * limit)))
    return links
