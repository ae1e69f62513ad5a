"""The list of queries, and the pages of their results (reference, section 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gatepost.core.inventory import VApp, Vm
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import USER_VIEW, V, vcloud_type
from gatepost.vcloud.query.kinds import REFERENCE, TEXT, Kind, Value, urn
from gatepost.vcloud.query.parameters import QUERY_PATH, Format, Query, formats_of
from gatepost.vcloud.query.records import RecordType, user_view
from gatepost.vcloud.query.search import Found
from gatepost.vcloud.represent.actions import action_links
from gatepost.vcloud.represent.links import link
from gatepost.vcloud.xmlio import Element, attribute, inner, root, serialize_with

QUERY_LIST = vcloud_type("query.queryList")

Column = tuple[str, Callable[[Any], Value], Callable[[Value], str]]
"""The text before an attribute's value, how that is read, and how it is written where it may hold no quote."""


def query_list(call: Call, types: Iterable[RecordType[Any]]) -> Element:
    element = root(V + "QueryList", USER_VIEW, type=QUERY_LIST, href=call.href(QUERY_PATH))
    for type in types:
        for format in formats_of(type):
            href = call.href(f"{QUERY_PATH}?type={type.name}&format={format.value}")
            link(element, "down", href, format.media_type, type.name)
    return element


def page(call: Call, query: Query, found: Found) -> bytes:
    """The document of one page. Takes the lock for each record: it shows one moment, in which the filter still held.

    Records are written as text, since building them with lxml took most of the time.
    """
    type, references = query.type, query.format is Format.REFERENCES
    element = root(
        V + (f"{type.reference}s" if references else "QueryResultRecords"),
        USER_VIEW,
        total=found.total,
        pageSize=query.page_size,
        page=query.page,
        name=type.name,
        type=query.format.media_type,
        href=call.href(query.url()),
    )
    _links(call, element, query, found)
    opening = f"<{type.reference if references else type.record}"
    columns = _reference_columns(call, type) if references else _record_columns(call, query)
    records: list[str] = []
    for one in found.objects:
        with call.world.lock:
            if query.filter is None or query.filter.pick([one]):
                records.append(opening)
                for name, read, write in columns:
                    value = read(one)
                    if value is not None:
                        records += (name, write(value), '"')
                inside = _links_of(call, one) if query.links and not references else ""
                records.append(f">{inside}</{type.record}>" if inside else "/>")
    return serialize_with(element, records)


def _links(call: Call, element: Element, query: Query, found: Found) -> None:
    media_type, last = query.format.media_type, found.last_page
    if query.page > 1:
        link(element, "firstPage", call.href(query.url(page=1)), media_type)
        link(element, "previousPage", call.href(query.url(page=min(query.page - 1, last))), media_type)
    if query.page < last:
        link(element, "nextPage", call.href(query.url(page=query.page + 1)), media_type)
        link(element, "lastPage", call.href(query.url(page=last)), media_type)
    for format in formats_of(query.type):
        if format is not query.format:
            link(element, "alternate", call.href(query.url(format=format)), format.media_type)


def _links_of(call: Call, one: Any) -> str:
    """The links of a record, for those who asked for them: only machines have some that other documents do not show."""
    if not isinstance(one, VApp | Vm):
        return ""
    holder = root(V + "Links", USER_VIEW)
    action_links(call, holder, one, call.entity_href(one.kind, one.id))
    return inner(holder)


def _record_columns(call: Call, query: Query) -> list[Column]:
    type, base = query.type, attribute(call.href(""))
    as_urns = query.format is Format.IDRECORDS

    def href(target: Value) -> str:
        return base + user_view(target)

    def writer(kind: Kind) -> Callable[[Value], str]:
        if kind is TEXT:
            return attribute
        return href if kind is REFERENCE and not as_urns else kind.write

    columns = [(f' {one.name}="', one.read, writer(one.kind)) for one in query.fields]
    columns.append((' id="', type.target, urn) if as_urns else (' href="', type.path_of, base.__add__))
    return columns


def _reference_columns(call: Call, type: RecordType[Any]) -> list[Column]:
    return [
        (' type="', type.type_of, str),
        (' name="', lambda one: type.target(one).name, attribute),
        (' href="', type.path_of, attribute(call.href("")).__add__),
    ]
