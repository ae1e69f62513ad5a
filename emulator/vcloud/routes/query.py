"""The query service: the list of queries, typed and packaged queries (reference, sections 9 and 10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gatepost.vcloud import xmlio
from gatepost.vcloud.errors import denied
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.query import parameters
from gatepost.vcloud.query.parameters import QUERY_PATH
from gatepost.vcloud.query.records import RecordType
from gatepost.vcloud.query.search import search
from gatepost.vcloud.query.types import PACKAGED, RECORD_TYPES, Packaged
from gatepost.vcloud.represent import query as represent


@route("GET", QUERY_PATH)
def typed(call: Call) -> Reply:
    """Without parameters the queries that the caller may ask."""
    given = parameters.pairs_of(call.environ["QUERY_STRING"])
    if not given:
        listed = [one for one in RECORD_TYPES.values() if _is_known(call, one) and one.who.includes(call.user)]
        return Reply(200, represent.query_list(call, listed), represent.QUERY_LIST)
    type = RECORD_TYPES.get(given.get("type", ""))
    if type is None or not _is_known(call, type):
        wrong = f"there is no query type {given['type']!r:.80}" if "type" in given else "it is missing"
        raise xmlio.invalid("type", f"{wrong}; GET {QUERY_PATH} lists the query types")
    return answer(call, type, QUERY_PATH, given)


def _packaged(packaged: Packaged) -> None:
    @route("GET", packaged.path)
    def query(call: Call) -> Reply:
        if not packaged.who.includes(call.user):
            raise denied()
        given = parameters.pairs_of(call.environ["QUERY_STRING"])
        if "type" in given:
            raise xmlio.invalid("type", f"this query is of type {packaged.type}; leave the parameter out")
        return answer(call, RECORD_TYPES[packaged.type], packaged.path, given)


for _one in PACKAGED:
    _packaged(_one)


def _is_known(call: Call, type: RecordType[Any]) -> bool:
    return call.traits.has(type.since)


def answer(
    call: Call, type: RecordType[Any], path: str, given: Mapping[str, str], objects: list[Any] | None = None
) -> Reply:
    """One page of what the query finds, among all objects of the type or among these. Raises ApiError, Malformed."""
    if not type.who.includes(call.user):
        raise denied()
    query = parameters.read(given, type, path, call.traits)
    body = represent.page(call, query, search(call, query, objects))
    return Reply(200, None, query.format.media_type, body=body)
