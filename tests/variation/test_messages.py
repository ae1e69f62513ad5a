"""Varied notifications say what they said, and further ones tell of nothing that does not exist."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.core.events import EntityRef, Event
from gatepost.messaging.message import Form, Message
from gatepost.messaging.outbox import Pending
from gatepost.settings import parse
from gatepost.variation import Kind, Variation
from gatepost.vcloud.notifications import render
from tests.conftest import MakeWorld
from tests.support import normal, schemas
from tests.support.consumer import Consumer
from tests.support.waiting import until
from tests.variation.conftest import EVERYTHING

URL = "http://127.0.0.1:8080"
ID = "f5f6f7f8-4444-4555-8666-7777888899a{}"
REFS = [
    EntityRef(kind, ID.format(number), name)
    for number, (kind, name) in enumerate(
        [
            ("blockingTask", "vdcInstantiateVapp"),
            ("org", "acme"),
            ("user", "a\"<&>'ä本"),
            ("task", "vdcInstantiateVapp"),
            ("vapp", "web"),
        ]
    )
]

EVENTS = st.builds(
    Event,
    id=st.uuids(version=4).map(str),
    type=st.sampled_from(["blockingtask/create", "task/create", "vapp/create"]),
    at=st.just(1_394_620_882.131),
    success=st.booleans(),
    entity=st.sampled_from(REFS),
    org=st.just(REFS[1]),
    user=st.just(REFS[2]),
    task=st.sampled_from([None, REFS[3]]),
    task_owner=st.sampled_from([None, REFS[4]]),
)  # fmt: skip


def plain(event: Event, form: Form) -> Message:
    return render(Pending(event, form), URL, parse({}))


def varied(event: Event, form: Form, seed: int, kinds: frozenset[Kind] = EVERYTHING) -> Message:
    variation = Variation(seed)
    variation.bases = {"vcloud": URL}
    variation.choose(kinds)
    return variation.message(Pending(event, form), plain(event, form))


@settings(deadline=None)
@given(event=EVENTS, seed=st.integers(0, 2**40), kinds=st.frozensets(st.sampled_from(Kind)))
def test_in_xml_it_says_the_same(event: Event, seed: int, kinds: frozenset[Kind]) -> None:
    before, after = plain(event, Form.XML), varied(event, Form.XML, seed, kinds)
    assert normal.xml(after.body) == normal.xml(before.body)
    assert after.body.startswith(b"<?xml")
    if schemas.available():
        schemas.check(after.body, api_version="5.5")
    check_frame(before, after)
    assert varied(event, Form.XML, seed, kinds) == after


@settings(deadline=None)
@given(event=EVENTS, seed=st.integers(0, 2**40), kinds=st.frozensets(st.sampled_from(Kind)))
def test_in_json_it_says_the_same(event: Event, seed: int, kinds: frozenset[Kind]) -> None:
    before, after = plain(event, Form.JSON), varied(event, Form.JSON, seed, kinds)
    told = json.loads(after.body)
    assert json.loads(before.body).items() <= told.items()
    assert not any(isinstance(value, dict | list) for value in told.values())
    check_frame(before, after)
    assert varied(event, Form.JSON, seed, kinds) == after


def check_frame(before: Message, after: Message) -> None:
    """What consumers go by is not touched."""
    assert after._replace(body=b"", headers={}, message_id=None) == before._replace(
        body=b"", headers={}, message_id=None
    )
    assert before.headers.items() <= after.headers.items()


EVENT = Event(
    id="0d9c8b7a-1a2b-4c3d-8e4f-5a6b7c8d9e0f",
    type="blockingtask/create",
    at=0.0,
    success=True,
    entity=REFS[0],
    org=REFS[1],
    user=REFS[2],
    task=REFS[3],
    task_owner=REFS[4],
)

ALONE: dict[Kind, Callable[[Message], object]] = {
    Kind.HEADERS: lambda message: set(message.headers),
    Kind.IDS: lambda message: message.message_id,
    Kind.ELEMENTS: lambda message: set(json.loads(message.body)),
    Kind.WHITESPACE: lambda message: b": " in message.body.replace(b'": ', b""),
    Kind.ENCODING: lambda message: b"\\/" in message.body,
}


@pytest.mark.parametrize("kind", [Kind.HEADERS, Kind.IDS, Kind.ELEMENTS, Kind.ENCODING])
def test_each_kind_does_what_it_says_and_nothing_else(kind: Kind) -> None:
    before, after = plain(EVENT, Form.JSON), varied(EVENT, Form.JSON, 3, frozenset({kind}))
    assert {other for other, look in ALONE.items() if look(before) != look(after)} == {kind}


def test_order_and_white_space_of_json() -> None:
    before = plain(EVENT, Form.JSON)
    order, blanks = (
        {varied(EVENT, Form.JSON, seed, frozenset({kind})).body for seed in range(5)}
        for kind in (Kind.ORDER, Kind.WHITESPACE)
    )
    assert {len(body) for body in order} == {len(before.body)}
    assert len({tuple(json.loads(body)) for body in order}) > 1
    assert len({b"".join(body.split()) for body in blanks}) == 1
    assert len(blanks) > 1


def test_order_of_headers() -> None:
    orders = {tuple(varied(EVENT, Form.XML, seed, frozenset({Kind.ORDER})).headers) for seed in range(5)}
    assert len(orders) > 1


@given(event=EVENTS, seed=st.integers(0, 2**40))
def test_strangers_name_only_what_their_event_names(event: Event, seed: int) -> None:
    variation = Variation(seed)
    variation.choose(frozenset({Kind.EVENTS}))
    strangers = variation.strangers(event)
    assert 1 <= len(strangers) <= 2
    known = {None, event.entity, event.org, event.user, event.task, event.task_owner}
    for one in strangers:
        assert one.type != "blockingtask/create"
        assert {one.entity, one.org, one.user, one.task, one.task_owner} <= known
        assert one.id != event.id
        message = plain(one, Form.XML)
        if schemas.available():
            schemas.check(message.body, api_version="5.5")


def test_strangers_reach_the_exchange(make_world: MakeWorld) -> None:
    cloud = make_world(broker="embedded", vary=["events"])
    with Consumer(cloud.info()["amqp_url"], "systemExchange", logins=True) as consumer:
        asked = {"operation": "instantiate", "name": "web"}
        httpx.post(f"{cloud.url}/gatepost/operations", json=asked, trust_env=False, timeout=60).raise_for_status()
        until(lambda: not cloud.info()["outbox"]["waiting"])
        sent = [entry for entry in cloud.journal.after(0) if entry.kind == "amqp.publish"]
        heard = consumer.take(len([entry for entry in sent if entry.method == "systemExchange"]))
    known = {"vapp/create_request", "vm/create_request", "task/create", "blockingtask/create"}
    types = [(message.properties.headers or {})["notification.type"] for message in heard]
    assert types.count("com/vmware/vcloud/event/blockingtask/create") == 1
    assert set(types) - {f"com/vmware/vcloud/event/{name}" for name in known}
    assert {message.properties.content_type for message in heard} == {"application/xml", "application/json"}
