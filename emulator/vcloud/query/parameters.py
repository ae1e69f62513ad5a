"""What a query's URL asks for, and the URLs of its other pages and formats (reference, section 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote

from gatepost.core.text import is_text
from gatepost.vcloud import xmlio
from gatepost.vcloud.names import vcloud_type
from gatepost.vcloud.query import filters, fiql
from gatepost.vcloud.query.kinds import REFERENCE
from gatepost.vcloud.query.records import Attribute, RecordType
from gatepost.vcloud.versions import Traits

QUERY_PATH = "/api/query"

DEFAULT_PAGE_SIZE = 25
LARGEST_PAGE = 128
"""Records of a page; whoever asks for more gets so many."""

MOST_PARAMETERS = 50
_LAST = 2**31 - 1
_READABLE = "/:;,()*!=@-._~"
"""Left as they are in URLs, besides letters and digits."""

_NAMED = ("type", "page", "pageSize", "format")
_KNOWN = frozenset({*_NAMED, "offset", "sortAsc", "sortDesc", "fields", "filter", "filterEncoded", "links"})


class Format(Enum):
    """How results are shown."""

    RECORDS = "records"
    REFERENCES = "references"
    IDRECORDS = "idrecords"

    @property
    def media_type(self) -> str:
        return vcloud_type(f"query.{self.value}")


@dataclass(frozen=True, slots=True)
class Sort:
    attribute: Attribute[Any]
    descending: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """What picks the objects that a query wants, with the number of its comparisons."""

    pick: filters.Pick
    comparisons: int


@dataclass(frozen=True, slots=True)
class Query:
    """One query, checked. `fields` are the attributes to show, `rest` the parameters that other pages need too."""

    type: RecordType[Any]
    path: str
    format: Format
    page: int
    page_size: int
    offset: int
    sorts: tuple[Sort, ...]
    fields: tuple[Attribute[Any], ...]
    filter: Filter | None
    links: bool
    rest: tuple[tuple[str, str], ...]

    def url(self, *, page: int | None = None, format: Format | None = None) -> str:
        """Path and parameters of this query, or of another page or format of it."""
        pairs = [] if self.path != QUERY_PATH else [("type", self.type.name)]
        pairs += [
            ("page", str(page or self.page)),
            ("pageSize", str(self.page_size)),
            ("format", (format or self.format).value),
            *self.rest,
        ]
        return f"{self.path}?{'&'.join(f'{name}={quote(value, safe=_READABLE)}' for name, value in pairs)}"


def search_url(type: str, attribute: str, value: str) -> str:
    """Path and parameters of a query for all that have this value, whatever its characters."""
    expression = fiql.write(fiql.Comparison(attribute, fiql.Operator.EQUAL, value))
    return f"{QUERY_PATH}?type={type}&format=records&filterEncoded=true&filter={quote(expression, safe=_READABLE)}"


def formats_of(type: RecordType[Any]) -> list[Format]:
    return [one for one in Format if one is not Format.REFERENCES or type.reference is not None]


def pairs_of(query_string: str) -> dict[str, str]:
    """The parameters of a URL that a query knows; others are ignored. Raises Malformed."""
    try:
        # WSGI spells bytes as latin-1.
        raw = query_string.encode("latin-1").decode()
        pairs = parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except UnicodeError:
        raise xmlio.invalid("query", "percent-encoded UTF-8 is expected") from None
    except ValueError:
        raise xmlio.invalid("query", f"at most {MOST_PARAMETERS} parameters are expected") from None
    known: dict[str, str] = {}
    for name, value in pairs:
        if name not in _KNOWN:
            continue
        if name in known:
            raise xmlio.invalid(name, "it is given twice; give it once")
        if not is_text(value):
            raise xmlio.invalid(name, "it has control characters; leave them out")
        known[name] = value
    return known


def read(given: Mapping[str, str], type: RecordType[Any], path: str, traits: Traits) -> Query:
    """The query that the parameters ask for. Raises Malformed, which names the first that is wrong."""
    attributes = attributes_of(type, traits)
    format = _format(given, type)
    return Query(
        type=type,
        path=path,
        format=format,
        page=_number(given, "page", 1, least=1),
        page_size=min(_number(given, "pageSize", DEFAULT_PAGE_SIZE, least=1), LARGEST_PAGE),
        offset=_number(given, "offset", 0, least=0),
        sorts=tuple(
            Sort(_attribute(attributes, name, given[name], type), name == "sortDesc")
            for name in ("sortAsc", "sortDesc")
            if given.get(name)
        ),
        fields=_fields(given, attributes, type),
        filter=_filter(given, attributes, type, traits),
        links=xmlio.boolean(given.get("links"), "links", default=False),
        rest=tuple((name, value) for name, value in given.items() if name not in _NAMED),
    )


@lru_cache(maxsize=1024)
def attributes_of(type: RecordType[Any], traits: Traits) -> Mapping[str, Attribute[Any]]:
    """The attributes that an API version knows, by name."""
    return {one.name: one for one in type.attributes if traits.has(one.since)}


def _format(given: Mapping[str, str], type: RecordType[Any]) -> Format:
    wanted = given.get("format", Format.RECORDS.value)
    formats = formats_of(type)
    for one in formats:
        if one.value == wanted:
            return one
    listed = " or ".join(one.value for one in formats)
    raise xmlio.invalid("format", f"{listed} is expected for type {type.name}")


def _number(given: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and least <= int(text) <= _LAST):
        raise xmlio.invalid(name, f"a whole number from {least} to {_LAST} is expected")
    return int(text)


def _fields(
    given: Mapping[str, str], attributes: Mapping[str, Attribute[Any]], type: RecordType[Any]
) -> tuple[Attribute[Any], ...]:
    text = given.get("fields")
    if not text:
        return tuple(attributes.values())
    names = text.split(",")
    # The identity is always shown.
    return tuple(
        _attribute(attributes, "fields", name, type) for name in dict.fromkeys(names) if name not in ("id", "href")
    )


def _attribute(
    attributes: Mapping[str, Attribute[Any]], parameter: str, name: str, type: RecordType[Any]
) -> Attribute[Any]:
    try:
        return attributes[name]
    except KeyError:
        raise xmlio.invalid(parameter, f"type {type.name} has no attribute {name!r:.80}") from None


def _filter(
    given: Mapping[str, str], attributes: Mapping[str, Attribute[Any]], type: RecordType[Any], traits: Traits
) -> Filter | None:
    text = given.get("filter")
    # From the version on that escapes by backslashes, the parameter has no effect any more.
    encoded = xmlio.boolean(given.get("filterEncoded"), "filterEncoded", default=False) and not traits.filter_escapes
    if not text:
        return None
    identity = {name: Attribute(name, REFERENCE, type.target) for name in ("id", "href")}
    try:
        expression = fiql.parse(text, encoded=encoded, escapes=traits.filter_escapes)
        return Filter(filters.picker(expression, {**identity, **attributes}), fiql.comparisons(expression))
    except fiql.InvalidFilter as error:
        raise xmlio.invalid("filter", f"{error} (type {type.name})") from None
