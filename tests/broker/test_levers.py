"""The levers of the embedded broker: what goes wrong, where, and that it goes wrong once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pika import spec

from gatepost.broker import Broker, CutPoint, Limits, WireEvent
from gatepost.broker.server import BrokerNotRunning
from tests.support.amqp_client import Channel, Connection, Refusal, RefusedError
from tests.support.amqp_wire import Cut, Wire


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker() as running:
        yield running


Open = Callable[..., Connection]


@pytest.fixture
def opened(broker: Broker) -> Iterator[Open]:
    connections: list[Connection] = []

    def make(**options: Any) -> Connection:
        connections.append(Connection(broker.url, **options))
        return connections[-1]

    yield make
    for connection in connections:
        connection.wire.close()


def consuming(channel: Channel, queue: str, *, prefetch: int = 0) -> Channel:
    channel.qos(prefetch)
    channel.consume(queue)
    return channel


def number_of(broker: Broker, position: int) -> int:
    return int(broker.overview()["connections"][position]["number"])


def depth(broker: Broker, queue: str) -> tuple[int, int]:
    found = next(one for one in broker.overview()["queues"] if one["name"] == queue)
    return found["ready"], found["unacknowledged"]


def test_cut_now_drops_one_connection_and_no_other(broker: Broker, opened: Open) -> None:
    first, second = opened(), opened()
    broker.levers.cut(number_of(broker, 0))
    with pytest.raises(Cut):
        first.refused()
    second.channel().round_trip()


def test_cut_now_without_a_number_drops_all(broker: Broker, opened: Open) -> None:
    connections = [opened(), opened()]
    broker.levers.cut()
    for connection in connections:
        with pytest.raises(Cut):
            connection.refused()


def test_a_connection_that_is_not_there_cannot_be_cut(broker: Broker, opened: Open) -> None:
    opened()
    with pytest.raises(LookupError, match=r"no connection 99; open are: 1"):
        broker.levers.cut(99)


def test_cut_at_a_delivery_lets_the_message_come_again_marked(broker: Broker, opened: Open) -> None:
    publisher, consumer = opened().channel(), opened()
    queue = publisher.queue("q")
    taking = consuming(consumer.channel(), queue)
    publisher.publish("", queue, b"first")
    taking.ack(taking.event().tag)
    broker.levers.cut(at="deliver")
    publisher.publish("", queue, b"second")
    with pytest.raises(Cut):
        taking.event()
    again = consuming(opened().channel(), queue).event()
    assert (again.body, again.redelivered) == (b"second", True)


@pytest.mark.parametrize("multiple", [False, True])
def test_cut_at_an_acknowledgement_comes_before_its_effect(broker: Broker, opened: Open, multiple: bool) -> None:
    publisher = opened().channel()
    queue = publisher.queue("q")
    publisher.publish("", queue, b"once")
    taking = consuming(opened().channel(), queue)
    broker.levers.cut(number_of(broker, 1), at="ack")
    taking.ack(taking.event().tag, multiple=multiple)
    with pytest.raises(Cut):
        taking.event()
    assert consuming(opened().channel(), queue).event().redelivered


def test_cut_at_a_publish_comes_before_its_effect(broker: Broker, opened: Open) -> None:
    publisher, other = opened().channel(), opened().channel()
    queue = other.queue("q")
    publisher.confirm()
    broker.levers.cut(number_of(broker, 0), at="publish")
    other.publish("", queue, b"of another")
    publisher.publish("", queue, b"lost")
    with pytest.raises(Cut):
        publisher.event()
    assert other.bodies(queue) == [b"of another"]


@pytest.mark.parametrize("at", ["deliver", "ack", "publish"])
def test_a_cut_happens_once(broker: Broker, opened: Open, at: CutPoint) -> None:
    queue = opened().channel().queue("q")
    broker.levers.cut(at=at)
    cuts = 0
    for _ in range(2):
        channel = opened().channel()
        try:
            channel.publish("", queue, b"x")
            channel.ack(consuming(channel, queue).event().tag)
            channel.round_trip()
        except Cut:
            cuts += 1
    assert cuts == 1


def test_the_next_delivery_comes_twice(broker: Broker, opened: Open) -> None:
    channel = opened().channel()
    queue = channel.queue("q")
    broker.levers.duplicate_next()
    consuming(channel, queue)
    for body in (b"1", b"2"):
        channel.publish("", queue, body)
    events = [channel.event() for _ in range(3)]
    assert [(event.body, event.redelivered) for event in events] == [(b"1", False), (b"1", False), (b"2", False)]
    assert [event.tag for event in events] == [1, 2, 3]
    channel.ack(3, multiple=True)
    channel.round_trip()
    assert depth(broker, queue) == (0, 0)


def test_a_duplicate_keeps_to_the_prefetch(broker: Broker, opened: Open) -> None:
    channel = opened().channel()
    queue = channel.queue("q")
    broker.levers.duplicate_next()
    consuming(channel, queue, prefetch=1)
    channel.publish("", queue, b"1")
    first = channel.event()
    channel.round_trip()
    assert (channel.arrived(), depth(broker, queue)) == ([], (1, 1))
    channel.ack(first.tag)
    assert channel.event().body == b"1"


def test_the_next_delivery_is_dropped(broker: Broker, opened: Open) -> None:
    channel = opened().channel()
    queue = channel.queue("q")
    broker.levers.drop_next()
    consuming(channel, queue)
    for body in (b"1", b"2"):
        channel.publish("", queue, body)
    assert channel.event().body == b"2"
    assert depth(broker, queue) == (0, 1)


def test_the_next_two_deliveries_change_places(broker: Broker, opened: Open) -> None:
    channel = opened().channel()
    queue = channel.queue("q")
    broker.levers.reorder_next()
    consuming(channel, queue)
    channel.publish("", queue, b"1")
    channel.round_trip()
    assert channel.arrived() == []
    for body in (b"2", b"3"):
        channel.publish("", queue, body)
    assert [channel.event().body for _ in range(3)] == [b"2", b"1", b"3"]


def test_the_next_delivery_is_late_and_others_overtake_it(broker: Broker, opened: Open) -> None:
    channel = opened().channel()
    queue = channel.queue("q")
    broker.levers.delay_next(0.2)
    consuming(channel, queue)
    start = time.monotonic()
    for body in (b"1", b"2"):
        channel.publish("", queue, body)
    assert channel.event().body == b"2"
    assert channel.event().body == b"1"
    assert time.monotonic() - start >= 0.2


def test_levers_act_in_the_order_in_which_they_were_pulled(broker: Broker, opened: Open) -> None:
    channel = opened().channel()
    queue = channel.queue("q")
    broker.levers.drop_next()
    broker.levers.duplicate_next()
    consuming(channel, queue)
    for body in (b"1", b"2", b"3"):
        channel.publish("", queue, body)
    assert [channel.event().body for _ in range(3)] == [b"2", b"2", b"3"]


def test_reset_undoes_what_has_not_acted(broker: Broker, opened: Open) -> None:
    channel = opened().channel()
    queue = channel.queue("q")
    broker.levers.reorder_next()
    consuming(channel, queue)
    channel.publish("", queue, b"held back")
    channel.round_trip()
    broker.levers.drop_next()
    broker.levers.cut(at="deliver")
    broker.levers.refuse_logins()
    broker.levers.block_publishers()
    broker.levers.reset()
    assert channel.event().body == b"held back"
    opened().channel().publish("", queue, b"next")
    assert channel.event().body == b"next"


def test_logins_are_refused_for_as_long_as_it_is_said(broker: Broker, opened: Open) -> None:
    before = opened().channel()
    broker.levers.refuse_logins()
    with pytest.raises(RefusedError) as refused:
        opened()
    assert refused.value.refusal.code == 403
    before.round_trip()
    broker.levers.refuse_logins(False)
    opened().channel()


def test_publishers_are_blocked_until_they_are_not(broker: Broker, opened: Open) -> None:
    publisher, consumer = opened(), opened()
    taking = consumer.channel()
    queue = taking.queue("q")
    consuming(taking, queue)
    sending = publisher.channel()
    broker.levers.block_publishers(reason="the disk is full, says the test")
    sending.publish("", queue, b"late")
    assert publisher.wire.read_frame().method.reason == "the disk is full, says the test"
    taking.round_trip()
    assert taking.arrived() == []
    assert broker.overview()["connections"][0]["blocked"] is True
    broker.levers.block_publishers(False)
    assert isinstance(publisher.wire.read_frame().method, spec.Connection.Unblocked)
    assert taking.event().body == b"late"
    sending.publish("", queue, b"again")
    assert taking.event().body == b"again"


def test_the_whole_broker_pauses(broker: Broker, opened: Open) -> None:
    channel = opened().channel()
    start = time.monotonic()
    broker.levers.pause(0.3)
    channel.round_trip()
    assert time.monotonic() - start >= 0.29


def test_a_broker_that_pauses_can_be_stopped(broker: Broker, opened: Open) -> None:
    opened()
    broker.levers.pause(60)
    start = time.monotonic()
    broker.stop()
    assert time.monotonic() - start < 30


def test_heartbeats_stop(broker: Broker, opened: Open) -> None:
    silent = opened(heartbeat=1)
    broker.levers.stop_heartbeats()
    with pytest.raises(Cut):
        # Nothing comes until the broker, which hears nothing either, hangs up.
        silent.wire.read_frame()


def test_observers_see_each_event_before_its_effect(broker: Broker, opened: Open) -> None:
    events: list[tuple[str, int, str]] = []
    gate = threading.Event()

    def observe(event: WireEvent) -> None:
        if event.kind == "deliver":
            gate.wait(60)
        events.append((event.kind, event.tag, event.routing_key))

    broker.observe(observe)
    channel = opened().channel()
    queue = channel.queue("q")
    channel.confirm()
    consuming(channel, queue)
    channel.publish("", queue, b"1")
    with pytest.raises(TimeoutError):
        channel.event(0.2)
    gate.set()
    message = next(event for event in [channel.event(), channel.event()] if not isinstance(event, spec.Basic.Ack))
    channel.ack(message.tag)
    channel.publish("", "nowhere", b"2", mandatory=True)
    channel.event()
    channel.event()
    expected = {
        ("publish", 1, "q"),
        ("deliver", 1, "q"),
        ("confirm", 1, ""),
        ("ack", 1, ""),
        ("publish", 2, "nowhere"),
        ("return", 0, "nowhere"),
        ("confirm", 2, ""),
    }
    assert set(events) == expected
    broker.unobserve(observe)
    channel.publish("", queue, b"3")
    channel.event()
    assert set(events) == expected


def test_an_observer_that_fails_does_not_stop_the_broker(broker: Broker, opened: Open) -> None:
    def fail(event: WireEvent) -> None:
        raise ZeroDivisionError

    broker.observe(fail)
    channel = opened().channel()
    queue = channel.queue("q")
    channel.publish("", queue, b"1")
    assert channel.bodies(queue) == [b"1"]


def test_stop_says_goodbye_and_the_same_port_serves_again() -> None:
    broker = Broker().start()
    connection = Connection(broker.url)
    connection.channel().queue("q", durable=True)
    start = time.monotonic()
    broker.stop()
    assert time.monotonic() - start < 30
    text = "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"
    assert connection.refused() == Refusal("connection", 320, text, "")
    connection.wire.close()
    url = broker.url
    with broker:
        assert broker.url == url
        with Connection(url) as again:
            assert not again.has_queue("q")


def test_a_stopped_broker_has_no_levers() -> None:
    broker = Broker()
    with pytest.raises(BrokerNotRunning, match=r"call start\(\) first"):
        broker.levers.drop_next()
    with pytest.raises(BrokerNotRunning):
        broker.levers.pause(1)


def test_a_port_that_is_taken_is_an_error(broker: Broker) -> None:
    with pytest.raises(OSError, match="in use"):
        Broker(port=broker.port).start()


def test_an_unfinished_login_is_cut() -> None:
    with Broker(limits=Limits(handshake_seconds=0.2)) as broker, Wire(broker.url) as wire:
        assert wire.read_to_end() == b""
