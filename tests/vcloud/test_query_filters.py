"""What filters and sorts find, held against plain Python over the records that an unfiltered query shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from gatepost import Gatepost
from gatepost.vcloud.query import fiql
from gatepost.vcloud.query.fiql import And, Comparison, Expression, Operator, Or
from tests.support.amqp import blocking_operations
from tests.support.client import VcloudClient
from tests.support.house import House
from tests.support.query import ask, records, values

NAMES = ["web-1", "Web-2", "WEB 2", "db (1)", "a;b,c", "Äpfel", "äpfel", "100%", "%41", "straße", "STRASSE", "x" * 128]

TEXT, NUMBER, FLAG, MOMENT, REFERENCE = "text", "number", "flag", "moment", "reference"
KINDS = {
    "vApp": {
        "name": TEXT,
        "status": TEXT,
        "isBusy": FLAG,
        "isDeployed": FLAG,
        "creationDate": MOMENT,
        "vdc": REFERENCE,
    },
    "vm": {"name": TEXT, "catalogName": TEXT, "isVAppTemplate": FLAG, "memoryMB": NUMBER, "container": REFERENCE},
    "task": {"status": TEXT, "startDate": MOMENT, "endDate": MOMENT, "progress": NUMBER, "object": REFERENCE},
}
NAMED = {"vdc": "vdcName", "container": "containerName", "object": "objectName"}
"""The attribute that tells the name of a reference's object."""


class Shelf(NamedTuple):
    """A cloud full of things that stand still, and all records of each type as alice sees them, in their order."""

    alice: VcloudClient
    all: dict[str, list[etree._Element]]


@pytest.fixture(scope="module")
def shelf() -> Iterator[Shelf]:
    with Gatepost(clock="manual", broker=None) as world, House(world) as house:
        house.admin.put(*blocking_operations("vappReset"))
        for number, name in enumerate(NAMES):
            house.ask(name, powerOn="true" if number % 2 else "false", deploy="true" if number % 3 else "false")
            world.clock.advance(0.25)
        house.alice.post(f"{house.on}/power/action/reset")
        alice = house.client("alice@acme", "9.0")
        yield Shelf(alice, {type: records(ask(alice, type, pageSize=128)) for type in KINDS})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_query_finds_what_plain_python_finds(shelf: Shelf, data: st.DataObject) -> None:
    type = data.draw(st.sampled_from(list(KINDS)))
    expression = data.draw(_expressions(shelf.all[type], KINDS[type]))
    sort = data.draw(st.one_of(st.none(), st.sampled_from([*KINDS[type]])))
    descending = data.draw(st.booleans())
    options: dict[str, object] = {"pageSize": 128, "filterEncoded": "true", "filter": fiql.write(expression)}
    expected = [record for record in shelf.all[type] if _holds(expression, record, KINDS[type])]
    if sort is not None:
        options["sortDesc" if descending else "sortAsc"] = sort
        expected.sort(key=lambda record: _order(record, sort, KINDS[type][sort]), reverse=descending)
    reply = ask(shelf.alice, type, **options)
    assert [dict(record.attrib) for record in records(reply)] == [dict(record.attrib) for record in expected]
    assert reply.xml.get("total") == str(len(expected))


def test_the_oracle_has_something_to_find(shelf: Shelf) -> None:
    """Else the test above might compare nothing with nothing."""
    for type, kinds in KINDS.items():
        for attribute in kinds:
            assert len({record.get(attribute) for record in shelf.all[type]}) > (attribute not in ("vdc", "memoryMB"))
    assert {None} < {record.get("endDate") for record in shelf.all["task"]}


# The oracle


def _holds(expression: Expression, record: etree._Element, kinds: dict[str, str]) -> bool:
    match expression:
        case And(parts):
            return all(_holds(part, record, kinds) for part in parts)
        case Or(parts):
            return any(_holds(part, record, kinds) for part in parts)
        case Comparison(attribute, Operator.UNEQUAL, value):
            return not _holds(Comparison(attribute, Operator.EQUAL, value), record, kinds)
        case Comparison(attribute, operator, value):
            shown = record.get(attribute)
            if shown is None:
                return False
            if kinds[attribute] == REFERENCE:
                names = [shown, _urn(attribute, shown), record.get(NAMED[attribute], "")]
                return any(_is_like(name, value) for name in names)
            if kinds[attribute] == TEXT:
                return _is_like(shown, value)
            read = _read(kinds[attribute])
            return _COMPARE[operator](read(shown), read(value))


_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: lambda one, other: one == other,
    Operator.LESS: lambda one, other: one < other,
    Operator.AT_MOST: lambda one, other: one <= other,
    Operator.GREATER: lambda one, other: one > other,
    Operator.AT_LEAST: lambda one, other: one >= other,
}


def _read(kind: str) -> Callable[[str], Any]:
    if kind == NUMBER:
        return int
    return datetime.fromisoformat if kind == MOMENT else lambda text: text in ("true", "1")


def _is_like(text: str, pattern: str) -> bool:
    parts = [re.escape(part) for part in pattern.casefold().split("*")]
    return re.fullmatch(".*".join(parts), text.casefold(), re.DOTALL) is not None


def _urn(attribute: str, href: str) -> str:
    kind = {"vdc": "vdc", "object": "vapp"}.get(attribute) or ("vapptemplate" if "vappTemplate-" in href else "vapp")
    return f"urn:vcloud:{kind}:{href[-36:]}"


def _order(record: etree._Element, attribute: str, kind: str) -> Any:
    shown = record.get(NAMED[attribute] if kind == REFERENCE else attribute)
    if shown is None:
        return (False, "")
    return (True, shown.casefold() if kind in (TEXT, REFERENCE) else _read(kind)(shown))


# What is asked


@st.composite
def _expressions(draw: st.DrawFn, all: list[etree._Element], kinds: dict[str, str]) -> Expression:
    return draw(
        st.recursive(
            _comparisons(all, kinds),
            lambda inner: st.builds(
                lambda kind, parts: kind(tuple(parts)),
                st.sampled_from([And, Or]),
                st.lists(inner, min_size=2, max_size=3),
            ),
            max_leaves=5,
        )
    )


@st.composite
def _comparisons(draw: st.DrawFn, all: list[etree._Element], kinds: dict[str, str]) -> Comparison:
    attribute, kind = draw(st.sampled_from(list(kinds.items())))
    record = draw(st.sampled_from([record for record in all if record.get(attribute) is not None]))
    shown = record.get(attribute, "")
    equality = st.sampled_from([Operator.EQUAL, Operator.UNEQUAL])
    if kind == TEXT:
        value, operator = draw(st.one_of(_spelt(shown), st.text(max_size=3))), draw(equality)
    elif kind == REFERENCE:
        choices = [shown, _urn(attribute, shown).upper(), record.get(NAMED[attribute], "").upper(), "nobody"]
        value, operator = draw(st.sampled_from(choices)), draw(equality)
    elif kind == FLAG:
        value, operator = draw(st.sampled_from(["true", "false", "1", "0"])), draw(equality)
    else:
        operator = draw(st.sampled_from(Operator))
        value = draw(_moments(shown) if kind == MOMENT else st.integers(-1, 1).map(lambda by: str(int(shown) + by)))
    # `!=` takes no wildcards.
    return Comparison(attribute, operator, value.replace("*", "") if operator is Operator.UNEQUAL else value)


@st.composite
def _spelt(draw: st.DrawFn, text: str) -> str:
    """The text in another case, parts of it replaced by wildcards."""
    start, end = sorted(draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    text = draw(st.sampled_from([text.upper(), text.lower(), text]))
    return draw(
        st.sampled_from(
            [text, f"{text[:start]}*", f"*{text[end:]}", f"{text[:start]}*{text[end:]}", f"*{text[start:end]}*"]
        )
    )


@st.composite
def _moments(draw: st.DrawFn, shown: str) -> str:
    """The moment or one beside it, in another time zone."""
    moment = datetime.fromisoformat(shown) + draw(st.integers(-1, 1)) * timedelta(milliseconds=1)
    zone = timezone(timedelta(hours=draw(st.integers(-12, 12))))
    return moment.astimezone(zone).isoformat(timespec="milliseconds")


# Cases that deserve their names


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("name==web-1", ["web-1"]),
        ("name==WEB*", ["web-1", "Web-2", "WEB 2"]),
        ("name==*2", ["Web-2", "WEB 2"]),
        ("name==w*b*2", ["Web-2", "WEB 2"]),
        ("name==web*b-1", []),
        ("name==ÄPFEL", ["Äpfel", "äpfel"]),
        ("name==straSSe", ["straße", "STRASSE"]),
        ("name==%41", ["%41"]),
        ("name!=web-1;name==web*", ["Web-2", "WEB 2"]),
        ("(name==web-1,name==100%);status==POWERED_OFF", ["web-1"]),
    ],
)
def test_texts_are_compared_without_case(shelf: Shelf, filter: str, found: list[str]) -> None:
    assert values(ask(shelf.alice, "vApp", filter=filter)) == found


@pytest.mark.parametrize(
    ("operator", "found"),
    [("==", "="), ("!=", "<>"), ("=lt=", "<"), ("=le=", "<="), ("=gt=", ">"), ("=ge=", "=>")],
)
@pytest.mark.parametrize(("type", "attribute"), [("vApp", "creationDate"), ("task", "progress")])
def test_order(shelf: Shelf, type: str, attribute: str, operator: str, found: str) -> None:
    shown = [record.get(attribute, "") for record in shelf.all[type]]
    read = _read(KINDS[type][attribute])
    middle = sorted(shown, key=read)[len(shown) // 2]
    expected = [one for one in shown if "<=>"[(read(one) > read(middle)) - (read(one) < read(middle)) + 1] in found]
    assert values(ask(shelf.alice, type, filter=f"{attribute}{operator}{middle}", pageSize=128), attribute) == expected


def test_dates_as_clients_write_them(shelf: Shelf) -> None:
    [vapp] = records(ask(shelf.alice, "vApp", filter="name==web-2"))
    shown = vapp.get("creationDate", "")
    assert shown.endswith("+00:00")
    local = shown.removesuffix("+00:00")
    for value in (shown, local, f"{local}Z", f"{local}000+0000", shown.replace("+", " ")):
        assert values(ask(shelf.alice, "vApp", filter=f"creationDate=={value}")) == ["Web-2"], value
    assert values(ask(shelf.alice, "vApp", filter=f"creationDate=gt={local[:10]}", pageSize=128)) == [
        record.get("name") for record in shelf.all["vApp"]
    ]


def test_a_filter_of_many_comparisons(shelf: Shelf) -> None:
    """Objects are looked at in small numbers then."""
    filter = ",".join(f"name=={number}" for number in range(200)) + ",name==*"
    assert values(ask(shelf.alice, "vApp", filter=filter, pageSize=128)) == values(
        ask(shelf.alice, "vApp", pageSize=128)
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_value_encoded_twice_may_hold_anything(shelf: Shelf, name: str) -> None:
    """As pyvcloud before 35.0 sends it."""
    filter = fiql.write(Comparison("name", Operator.EQUAL, name))
    reply = ask(shelf.alice, "vApp", filterEncoded="true", filter=filter)
    assert name in values(reply)
    assert {str(one).casefold() for one in values(reply)} == {name.casefold()}
    again = shelf.alice.get(reply.xml.get("href", ""))
    assert again.body == reply.body


def test_a_reference_is_found_by_href_urn_id_and_name(shelf: Shelf) -> None:
    [vapp] = records(ask(shelf.alice, "vApp", filter="name==web-1"))
    href = vapp.get("href", "")
    path, id = href[href.index("/api") :], href[-36:]
    for value in (
        href,
        href + "/",
        path,
        id,
        f"urn:vcloud:vapp:{id}",
        f"URN:vcloud:vApp:{id.upper()}",
        "web-1",
        "WEB-1",
    ):
        assert values(ask(shelf.alice, "vm", filter=f"container=={value}"), "containerName") == ["web-1"], value
    for value in (href, id, f"urn:vcloud:vapp:{id}"):
        assert values(ask(shelf.alice, "vApp", filter=f"id=={value}")) == ["web-1"], value
    assert values(ask(shelf.alice, "vApp", filter=f"href=={href}")) == ["web-1"]
    assert values(ask(shelf.alice, "vm", filter=f"container==urn:vcloud:vapp:{id[:30]}*"), "containerName") == ["web-1"]
    assert values(ask(shelf.alice, "vm", filter="container==nobody")) == []


def test_two_sorts_the_ascending_one_first(shelf: Shelf) -> None:
    reply = ask(shelf.alice, "vApp", sortAsc="status", sortDesc="creationDate", pageSize=128)
    shown = [(record.get("status", ""), record.get("creationDate", "")) for record in records(reply)]
    assert [status for status, _ in shown] == sorted(status for status, _ in shown)
    for status in {status for status, _ in shown}:
        dates = [date for other, date in shown if other == status]
        assert dates == sorted(dates, reverse=True)
