"""What rules do to notifications, as a consumer sees it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pika
import pytest

from gatepost import Gatepost
from gatepost.core.effects import (
    MessageDelay,
    MessageDrop,
    MessageDuplicate,
    MessageMalform,
    MessageOvertake,
    MessageReorder,
)
from gatepost.core.faults import Match
from tests.support.client import VcloudClient
from tests.support.consumer import LOGIN
from tests.support.tenant import ask
from tests.support.waiting import until

MakeWorld = Callable[..., Gatepost]
Connect = Callable[..., VcloudClient]

EXCHANGE = "systemExchange"
ASKED = Match(event="blockingtask/create", operation="vdcInstantiateVapp", nth=1)


@pytest.fixture
def world(make_world: MakeWorld, amqp_url: str) -> Gatepost:
    """On each broker."""
    world = make_world(broker=amqp_url, clock="manual")
    until(lambda: world.broker_state == "connected")
    return world


class Plain:
    """A consumer that takes what comes, however spoilt; logins, which nobody asked for, are left out."""

    def __init__(self, url: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._channel.exchange_declare(EXCHANGE, exchange_type="topic", durable=True)
        self.queue = self._channel.queue_declare("", exclusive=True).method.queue
        self._channel.queue_bind(self.queue, EXCHANGE, "#")

    def take(self, count: int) -> list[tuple[str, pika.BasicProperties, bytes]]:
        found: list[tuple[str, pika.BasicProperties, bytes]] = []
        for method, properties, body in self._channel.consume(self.queue, auto_ack=True, inactivity_timeout=60):
            assert method is not None, f"{len(found)} of {count} came"
            event = method.routing_key.partition(".event.")[2]
            found += [] if event == LOGIN else [(event, properties, body)]
            if len(found) == count:
                return found
        raise AssertionError

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def consumer(world: Gatepost, amqp_url: str) -> Iterator[Plain]:
    consumer = Plain(amqp_url)
    yield consumer
    consumer.close()


def event_id(body: bytes) -> str:
    found = re.search(rb'eventId="([^"]+)"', body)
    assert found is not None
    return found[1].decode()


def sent(world: Gatepost) -> list[tuple[str, str | None]]:
    """Event and note of everything that was to be published to consumers of XML, but for logins."""
    kinds = ("amqp.publish", "amqp.undelivered")
    entries = [entry for entry in world.journal.after(0) if entry.kind in kinds and entry.method == EXCHANGE]
    found = [(entry.path.partition(".event.")[2], entry.note) for entry in entries]
    return [one for one in found if one[0] != LOGIN]


BEFORE = ["vapp.create_request", "vm.create_request", "task.create.vdcInstantiateVapp"]
HOLD = "blockingtask.create.vdcInstantiateVapp"


def test_the_same_message_comes_twice(world: Gatepost, consumer: Plain, connect: Connect) -> None:
    fault = world.faults.add(MessageDuplicate(), ASKED)
    ask(connect(world), "web-01")
    *_, first, second = consumer.take(5)
    assert first[0] == HOLD
    assert (first[2], first[1].message_id) == (second[2], second[1].message_id)
    until(lambda: len(sent(world)) == 5)
    assert sent(world)[-2:] == [(HOLD, None), (HOLD, "message.duplicate")]
    # Once for each of the two exchanges.
    until(lambda: [entry.fault for entry in world.journal.after(0) if entry.fault is not None] == [fault.id] * 2)


def test_an_event_is_resent_later_under_the_same_id(world: Gatepost, consumer: Plain, connect: Connect) -> None:
    world.faults.add(MessageDuplicate(how="resent", seconds=60), ASKED)
    ask(connect(world), "web-01")
    first = consumer.take(4)[-1]
    assert "a message that was held" in [timer.purpose for timer in world.clock.waiting()]
    world.clock.advance(60)
    again = consumer.take(1)[0]
    assert event_id(first[2]) == event_id(again[2])
    assert first[1].message_id != again[1].message_id


def test_a_message_is_delayed_on_the_clouds_clock(world: Gatepost, consumer: Plain, connect: Connect) -> None:
    world.faults.add(MessageDelay(seconds=30), Match(event="task/create"))
    ask(connect(world), "web-01")
    assert [key for key, _, _ in consumer.take(3)] == [BEFORE[0], BEFORE[1], HOLD]
    world.clock.advance(30)
    assert consumer.take(1)[0][0] == BEFORE[2]


def test_two_messages_change_places(world: Gatepost, consumer: Plain, connect: Connect) -> None:
    world.faults.add(MessageReorder(), Match(event="task/create"))
    ask(connect(world), "web-01")
    assert [key for key, _, _ in consumer.take(4)] == [*BEFORE[:2], HOLD, BEFORE[2]]


def test_the_last_message_waits_for_another_only_so_long(world: Gatepost, consumer: Plain, connect: Connect) -> None:
    world.faults.add(MessageReorder(), ASKED)
    ask(connect(world), "web-01")
    consumer.take(3)
    world.clock.advance(5)
    assert consumer.take(1)[0][0] == HOLD


def test_a_message_is_dropped_and_the_journal_says_so(world: Gatepost, consumer: Plain, connect: Connect) -> None:
    world.faults.add(MessageDrop(), Match(event="task/create", user="alice@acme"))
    ask(connect(world), "web-01")
    assert [key for key, _, _ in consumer.take(3)] == [*BEFORE[:2], HOLD]
    assert (BEFORE[2], "message.drop") in sent(world)


@pytest.mark.parametrize(
    "how", ["cut-off", "not-utf8", "html", "empty", "no-headers", "wrong-headers", "wrong-content-type"]
)
def test_a_message_is_malformed(world: Gatepost, consumer: Plain, connect: Connect, how: str) -> None:
    world.faults.add(MessageMalform.model_validate({"how": how}), ASKED)
    ask(connect(world), "web-01")
    _, properties, body = consumer.take(4)[-1]
    headers = properties.headers or {}
    right = {
        "body": body.startswith(b"<?xml") and body.endswith(b"Notification>") and b"\xc3\x28" not in body,
        "headers": headers.get("notification.operationSuccess") is True,
        "content type": properties.content_type == "application/xml",
    }
    wrong = {"no-headers": "headers", "wrong-headers": "headers", "wrong-content-type": "content type"}.get(how, "body")
    assert [part for part, good in right.items() if not good] == [wrong]


@pytest.mark.parametrize("status", [403, 404])
def test_a_message_overtakes_what_it_tells_of(world: Gatepost, consumer: Plain, connect: Connect, status: int) -> None:
    effect = MessageOvertake.model_validate({"status": status, "seconds": 1})
    world.faults.add(effect, Match(event="blockingtask/create"))
    _, task = ask(connect(world), "web-01")
    assert consumer.take(4)[-1][0] == HOLD
    admin = connect(world, "administrator@System")
    with world.world.lock:
        hold = world.world.holds.active()[0].id
    href = f"{world.url}/api/admin/extension/blockingTask/{hold}"
    refused = admin.get(href)
    assert (refused.status, hold in (refused.xml.get("message") or "")) == (status, True)
    assert admin.get(task).status == 200
    world.clock.advance(1)
    assert admin.get(href).status == 200


def test_what_was_overtaken_shows_after_so_many_reads(world: Gatepost, consumer: Plain, connect: Connect) -> None:
    world.faults.add(MessageOvertake(reads=2), Match(event="task/create"))
    alice = connect(world)
    _, task = ask(alice, "web-01")
    assert [alice.get(task).status for _ in range(3)] == [403, 403, 200]
    marked = [entry.note for entry in world.journal.after(0) if entry.kind == "http.response" and entry.fault == 1]
    assert marked == ["message.overtake"] * 2


def test_nothing_that_was_held_back_survives_a_reset(world: Gatepost, consumer: Plain, connect: Connect) -> None:
    world.faults.add(MessageDelay(seconds=30))
    ask(connect(world), "web-01")
    world.reset()
    assert world.clock.timers() == 0
    ask(connect(world), "web-02")
    assert [key for key, _, _ in consumer.take(4)] == [*BEFORE, HOLD]
