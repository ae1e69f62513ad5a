"""What a client can make the embedded broker hold is bounded, and said when the bound is reached."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from pika import BasicProperties, spec

from gatepost.broker import Broker, Limits
from tests.support.amqp_client import Channel, Connection, Refusal, until
from tests.support.amqp_wire import PROTOCOL_HEADER, Cut, Frame, Wire, header_frame, method_frame

LIMITS = Limits(
    connections=3,
    message_bytes=100_000,
    unfinished_bytes=300_000,
    queue_messages=10,
    queue_bytes=50_000,
    queues=3,
    exchanges=9,
    bindings=3,
    unsent_bytes=64 * 1024,
    unread_replies_bytes=512 * 1024,
    channel_max=4,
)


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker(limits=LIMITS) as running:
        yield running


@pytest.fixture
def opened(broker: Broker) -> Iterator[Callable[..., Connection]]:
    connections: list[Connection] = []

    def make(**options: Any) -> Connection:
        connections.append(Connection(broker.url, **options))
        return connections[-1]

    yield make
    for connection in connections:
        connection.wire.close()


@pytest.fixture
def channel(opened: Callable[..., Connection]) -> Channel:
    return opened().channel()


def refused(channel: Channel) -> tuple[str, int, str]:
    refusal: Refusal = channel.refusal()
    return refusal.closed, refusal.code, refusal.text


def test_a_message_is_refused_before_its_body_is_held(channel: Channel) -> None:
    channel.send(spec.Basic.Publish(routing_key="q"))
    channel.connection.wire.send(header_frame(channel.number, 100_001).encode())
    text = "PRECONDITION_FAILED - message size 100001 is larger than configured max size 100000"
    assert refused(channel) == ("channel", 406, text)


def test_the_body_of_a_refused_message_is_passed_over(channel: Channel) -> None:
    wire, number = channel.connection.wire, channel.number
    channel.send(spec.Basic.Publish(routing_key="q"))
    wire.send(header_frame(number, 2**63).encode())
    wire.send(Frame(3, number, bytes(100_000)).encode() * 20)
    assert channel.refusal().code == 406
    channel.connection.channel(2).round_trip()


def test_unfinished_messages_of_one_connection_are_bounded(opened: Callable[..., Connection]) -> None:
    connection = opened()
    for number in (1, 2, 3, 4):
        connection.channel(number).send(spec.Basic.Publish(routing_key="q"))
        connection.wire.send(header_frame(number, 100_000).encode() + Frame(3, number, bytes(90_000)).encode())
    text = "RESOURCE_ERROR - too many unfinished messages on this connection; finish one before the next begins"
    refusal = connection.refused()
    assert (refusal.code, refusal.text) == (506, text)


def test_empty_body_frames_do_not_pile_up(channel: Channel) -> None:
    channel.send(spec.Basic.Publish(routing_key="q"))
    channel.connection.wire.send(header_frame(channel.number, 10).encode())
    channel.connection.wire.send(Frame(3, channel.number, b"").encode() * 10_000)
    assert channel.connection.refused().code == 506


@pytest.mark.parametrize(("count", "size"), [(10, 10), (5, 9_000)], ids=["messages", "bytes"])
def test_a_full_queue_refuses_a_publisher_and_says_what_to_do(channel: Channel, count: int, size: int) -> None:
    queue = channel.queue("q")
    for _ in range(count):
        channel.publish("", queue, bytes(size))
    channel.round_trip()
    channel.publish("", queue, bytes(size))
    text = "queue 'q' in vhost '/' is full; consume from it, purge it, or declare it with x-max-length"
    assert refused(channel) == ("channel", 406, f"PRECONDITION_FAILED - {text}")
    assert channel.connection.channel(2).count(queue) == count


def test_a_full_queue_leaves_the_others_of_a_fanout_as_they_are(channel: Channel) -> None:
    full, other = channel.queue("full"), channel.queue("other")
    for queue in (full, other):
        channel.bind(queue, "amq.fanout")
    for _ in range(10):
        channel.publish("", full, b"")
    channel.publish("amq.fanout", "", b"")
    assert channel.refusal().code == 406
    assert channel.connection.channel(2).count(other) == 0


def test_queues_exchanges_and_bindings_are_counted(opened: Callable[..., Connection]) -> None:
    connection = opened()
    channel = connection.channel()
    for number in range(3):
        channel.bind(channel.queue(f"q{number}"), "amq.topic", "key")
    assert "there are 3 queues already" in channel.refusal(spec.Queue.Declare(queue="more")).text
    channel = connection.channel()
    bind = spec.Queue.Bind(queue="q0", exchange="amq.topic", routing_key="other")
    assert "there are 3 bindings already" in channel.refusal(bind).text
    channel = connection.channel()
    channel.exchange("x0")
    channel.exchange("x1")
    assert "there are 9 exchanges already" in channel.refusal(spec.Exchange.Declare(exchange="x2")).text


def test_connections_are_counted(opened: Callable[..., Connection]) -> None:
    first = opened()
    opened()
    opened()
    with pytest.raises(Cut):
        opened()
    first.close()
    until(lambda: _opens(opened), "a place is free again")


def _opens(opened: Callable[..., Connection]) -> bool:
    try:
        opened()
    except Cut:
        return False
    return True


def test_a_consumer_that_does_not_read_leaves_the_messages_in_the_queue(broker: Broker, channel: Channel) -> None:
    queue = channel.queue("q")
    with Connection(broker.url) as lazy:
        lazy.channel().consume(queue, no_ack=True)
        sent = 0
        while channel.count(queue) < 5:
            channel.publish("", queue, bytes(8_000))
            sent += 1
            # What the two sockets hold, and what the broker does.
            assert sent < 10_000
        assert channel.count(queue) == 5
        taking = lazy._channels[1]
        for _ in range(sent):
            taking.event()


def test_who_asks_and_does_not_read_is_no_longer_read(broker: Broker, channel: Channel) -> None:
    queue = channel.queue("q")
    channel.publish("", queue, bytes(40_000))
    channel.round_trip()
    with Wire(broker.url) as wire:
        wire.send(PROTOCOL_HEADER)
        methods = (
            (0, spec.Connection.StartOk({}, "PLAIN", b"\0guest\0guest", "en_US")),
            (0, spec.Connection.TuneOk(4, 131072, 0)),
            (0, spec.Connection.Open("/")),
            (1, spec.Channel.Open()),
        )
        wire.send(b"".join(method_frame(number, method).encode() for number, method in methods))
        ask = method_frame(1, spec.Basic.Get(queue=queue)).encode()
        give_back = method_frame(1, spec.Basic.Nack(0, True, True)).encode()
        # 40 kB of replies for 60 octets, 20,000 times over.
        wire._socket.settimeout(0.5)
        with suppress(TimeoutError):
            wire._socket.sendall((ask + give_back) * 20_000)
        channel.round_trip()
        assert _unsent(broker) < 4 * 1024 * 1024


def _unsent(broker: Broker) -> int:
    found = 0

    def look() -> None:
        nonlocal found
        for connection in broker._hub.connections.values():
            assert connection._transport is not None
            found = max(found, connection._transport.get_write_buffer_size())

    broker.in_loop(look)
    return found


def test_tables_nested_too_deep_are_refused(channel: Channel) -> None:
    data = b""
    for _ in range(3_000):
        data = b"\x01kF" + struct.pack(">I", len(data)) + data
    fields = b"\0\0\x01q\0" + struct.pack(">I", len(data)) + data
    channel.connection.wire.send(Frame(1, channel.number, b"\0\x32\0\x0a" + fields).encode())
    assert channel.connection.refused().code == 501


def test_headers_nested_too_deep_are_refused(channel: Channel) -> None:
    nested: dict[str, Any] = {}
    for _ in range(100):
        nested = {"k": nested}
    channel.publish("", "q", b"", BasicProperties(headers=nested))
    assert channel.connection.refused().code == 541


def test_nothing_of_a_client_is_left_when_it_is_gone(broker: Broker) -> None:
    with Connection(broker.url) as connection:
        channel = connection.channel()
        exchange = channel.exchange("x", "topic", auto_delete=True)
        queue = channel.queue("q", exclusive=True, arguments={"x-expires": 60_000, "x-message-ttl": 60_000})
        channel.bind(queue, exchange, "a.#")
        channel.consume(queue)
        channel.publish(exchange, "a.b", b"1")
        channel.event()
    until(lambda: not broker.overview()["connections"], "the connection is gone")
    left = broker.overview()
    assert [one["name"] for one in left["exchanges"] if one["name"] == "x"] == []
    assert (left["queues"], left["bindings"]) == ([], [])
    hub = broker._hub
    assert (hub._wakes, hub._expiries, hub.dirty) == ({}, {}, [])
