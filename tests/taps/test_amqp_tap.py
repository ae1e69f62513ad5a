"""The AMQP tap in front of either broker: what it sees, what it breaks, what it holds."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pika
import pytest
from pika import spec

from gatepost import Gatepost
from gatepost.broker import Broker
from gatepost.core.effects import (
    EFFECTS,
    AmqpDelay,
    AmqpMute,
    AmqpReset,
    AmqpTrickle,
    AmqpTruncate,
    Point,
)
from gatepost.core.faults import Faults, Match
from gatepost.core.journal import Entry, Journal
from gatepost.messaging.target import AmqpTarget
from gatepost.taps import AmqpTap, CrashPoint
from gatepost.taps.witness import Witness
from tests.support.amqp_wire import HEARTBEAT, PROTOCOL_HEADER, Cut, Wire, heartbeat_frame
from tests.support.client import VcloudClient
from tests.support.consumer import Consumer
from tests.support.tenant import ask
from tests.support.waiting import until

MakeWorld = Callable[..., Gatepost]
Connect = Callable[..., VcloudClient]

EXCHANGE = "systemExchange"
HOLD = "*.blockingtask.create.*"


@pytest.fixture
def world(make_world: MakeWorld, amqp_url: str) -> Gatepost:
    """Behind taps, on each broker."""
    world = make_world(broker=amqp_url, taps=True)
    until(lambda: world.broker_state == "connected")
    return world


def url(world: Gatepost) -> str:
    """The tap's."""
    assert world.amqp_tap is not None
    told = str(world.info(with_secrets=True)["amqp_url"])
    assert str(world.amqp_tap.port) in told
    return told


def entries(world: Gatepost, *kinds: str) -> list[Entry]:
    return [entry for entry in world.journal.after(0) if entry.kind in kinds]


def closed(world: Gatepost, count: int = 1) -> Callable[[], bool]:
    return lambda: len(entries(world, "amqp.close")) >= count


# --- what it sees ----------------------------------------------------------------------------------------------------


def test_deliveries_and_what_became_of_them_are_told(world: Gatepost, connect: Connect) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url(world)))
    channel = connection.channel()
    channel.exchange_declare(EXCHANGE, exchange_type="topic", durable=True)
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, EXCHANGE, "#.create.#")
    channel.basic_qos(prefetch_count=7)
    _, href = ask(connect(world), "web-01")
    taken = channel.consume(queue, inactivity_timeout=60)
    first, second = next(taken)[0], next(taken)[0]
    channel.basic_nack(first.delivery_tag, requeue=False)
    channel.basic_ack(second.delivery_tag)
    channel.cancel()
    connection.close()
    until(closed(world))
    story = [
        (entry.kind, entry.direction)
        for entry in world.journal.after(0)
        if entry.kind.startswith("amqp.") and entry.kind not in ("amqp.publish", "amqp.confirm")
    ]
    assert story[:4] == [("amqp.tune", "in"), ("amqp.open", "in"), ("amqp.qos", "in"), ("amqp.consume", "in")]
    # What is delivered, and what becomes of it, come as the client is fast or slow.
    assert sorted(story[4:]) == [
        ("amqp.ack", "in"),
        ("amqp.cancel", "in"),
        ("amqp.close", "in"),
        ("amqp.deliver", "out"),
        ("amqp.deliver", "out"),
        ("amqp.nack", "in"),
    ]
    assert entries(world, "amqp.qos")[0].headers["prefetch-count"] == 7
    assert entries(world, "amqp.close")[0].note == "closed by the client"
    one, other = entries(world, "amqp.deliver")
    assert entries(world, "amqp.nack")[0].answers == one.seq
    acked = entries(world, "amqp.ack")[0]
    assert (acked.answers, acked.task, acked.headers["multiple"]) == (other.seq, href.rpartition("/")[2], False)
    published = {(one.method, one.path): one for one in entries(world, "amqp.publish")}[EXCHANGE, other.path]
    assert (other.body, other.task, other.dialect) == (published.body, published.task, "vcloud")


def test_the_embedded_broker_tells_the_same_as_the_tap_before_it() -> None:
    def story(journal: Journal) -> list[tuple[object, ...]]:
        # Numbers of connections are each side's own.
        told = ("amqp.deliver", "amqp.get", "amqp.ack", "amqp.nack", "amqp.reject")
        return [
            (one.kind, one.direction, one.method, one.path, one.body, {**one.headers, "connection": 0})
            for one in journal.after(0)
            if one.kind in told
        ]

    seen, told = Journal(time.time), Journal(time.time)
    with Broker() as broker:
        tap = AmqpTap(AmqpTarget.from_url(broker.url), seen, Faults(1, time.time))
        broker.observe(Witness(told).saw)
        tap.start()
        connection = pika.BlockingConnection(pika.URLParameters(tap.address.url(with_password=True)))
        channel = connection.channel()
        channel.queue_declare("q")
        for body in (b"", b"one", b"x" * 300_000, b"four", b"five"):
            channel.basic_publish("", "q", body, pika.BasicProperties(message_id=str(len(body))))
        method, _, body = channel.basic_get("q")
        assert (method.routing_key, body) == ("q", b"")
        channel.basic_reject(method.delivery_tag, requeue=True)
        tags = [next(one)[0].delivery_tag for one in [channel.consume("q", inactivity_timeout=60)] for _ in range(5)]
        channel.basic_ack(tags[2], multiple=True)
        channel.basic_nack(tags[3])
        channel.basic_reject(tags[4], requeue=False)
        channel.cancel()
        connection.close()
        tap.stop()
    for direction in ("in", "out"):  # which of the two is ahead is a matter of the wire between
        one, other = ([entry for entry in story(journal) if entry[1] == direction] for journal in (seen, told))
        assert one == other
        assert len(one) >= 4


def test_bytes_that_are_no_amqp_get_the_brokers_own_answer(world: Gatepost) -> None:
    with Wire(url(world)) as wire:
        wire.send(b"GET / HTTP/1.1\r\n\r\n")
        assert wire.read_to_end().startswith(PROTOCOL_HEADER)


def test_a_broker_that_is_away_ends_the_connection() -> None:
    with Broker() as broker:
        tap = AmqpTap(AmqpTarget.from_url(broker.url), Journal(time.time), Faults(1, time.time))
        tap.start()
    with Wire(tap.address.url(with_password=True)) as wire:
        assert wire.read_to_end() == b""
    tap.stop()


# --- rules -----------------------------------------------------------------------------------------------------------


def hold_of(world: Gatepost, consumer: Consumer) -> str:
    """The event of the next message about a hold."""
    return consumer.take(1)[0].event


def named(name: str) -> str:
    return f"tapped-{name}-{time.monotonic_ns()}"


@pytest.mark.parametrize("effect", [AmqpReset(), AmqpReset(when="after"), AmqpTruncate()])
def test_a_connection_breaks_at_a_delivery_which_comes_again(
    world: Gatepost, connect: Connect, effect: AmqpReset | AmqpTruncate
) -> None:
    queue = named("deliver")
    fault = world.faults.add(effect, Match(routing_key=HOLD, nth=1))
    with Consumer(url(world), EXCHANGE, "#.blockingtask.#", queue=queue) as consumer:
        ask(connect(world), "web-01")
        with pytest.raises(pika.exceptions.AMQPError):
            consumer.take(2)
    with Consumer(url(world), EXCHANGE, "#.blockingtask.#", queue=queue) as consumer:
        assert hold_of(world, consumer).startswith("blockingtask.create")
        consumer.forget()
    delivered = entries(world, "amqp.deliver")
    assert [entry.fault for entry in entries(world, "amqp.fault")] == [fault.id]
    left = 2 if effect == AmqpReset(when="after") else 1
    assert [entry.headers["redelivered"] for entry in delivered] == [False, True][-left:]


@pytest.mark.parametrize(("when", "again"), [("before", 1), ("after", 0)])
def test_an_acknowledgement_is_lost_or_was_heard(world: Gatepost, connect: Connect, when: str, again: int) -> None:
    queue = named("ack")
    world.faults.add(AmqpReset.model_validate({"at": "ack", "when": when}), Match(nth=1))
    with Consumer(url(world), EXCHANGE, "#.blockingtask.create.#", queue=queue) as consumer:
        ask(connect(world), "web-01")
        with pytest.raises(pika.exceptions.AMQPError):
            consumer.take(2)
    with Consumer(url(world), EXCHANGE, "#.blockingtask.create.#", queue=queue) as consumer:
        # A broker that learns of the end a moment later than we do still holds the message back.
        until(lambda: consumer.waiting() == again)
        consumer.forget()


@pytest.mark.parametrize("effect", [AmqpTrickle(bytes=50, pause=0.001), AmqpDelay(seconds=0.1)])
def test_a_delivery_is_slow_and_whole(world: Gatepost, connect: Connect, effect: AmqpTrickle | AmqpDelay) -> None:
    world.faults.add(effect)
    with Consumer(url(world), EXCHANGE, "#.create.#") as consumer:
        ask(connect(world), "web-01")
        assert [message.event.partition(".")[0] for message in consumer.take(2)] == ["task", "blockingtask"]


def test_heartbeats_are_seen_and_can_be_swallowed(world: Gatepost) -> None:
    def beats(wire: Wire) -> bool:
        """Whether one comes soon, while we send one ourselves."""
        wire.send(heartbeat_frame().encode())
        try:
            return wire.read_frame(0.1).kind == HEARTBEAT
        except TimeoutError:
            return False

    def shown() -> set[str]:
        return {entry.direction for entry in entries(world, "amqp.heartbeat")}

    parameters = pika.URLParameters(url(world))
    with Wire(url(world)) as wire:
        log_in(wire, parameters, heartbeat=2)
        until(lambda: beats(wire) and shown() == {"in", "out"})
        swallowed = world.faults.add(AmqpMute()).trigger
        until(lambda: not beats(wire) and swallowed.hits)  # What had left the tap before the rule was there has come.
        until(lambda: beats(wire) or swallowed.hits >= 3)
        assert swallowed.hits >= 3


def log_in(wire: Wire, parameters: Any, heartbeat: int) -> None:
    wire.send(PROTOCOL_HEADER)
    wire.read_frame()
    login = f"\0{parameters.credentials.username}\0{parameters.credentials.password}"
    wire.send_method(0, spec.Connection.StartOk({}, "PLAIN", login, "en_US"))
    wire.read_frame()
    wire.send_method(0, spec.Connection.TuneOk(2047, 131072, heartbeat))
    wire.send_method(0, spec.Connection.Open(parameters.virtual_host))
    while wire.read_frame().kind == HEARTBEAT:
        pass


# --- crash points ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def released(point: CrashPoint, *, dropped: bool = False) -> Iterator[None]:
    """Somebody else lets go what is held there, once it is."""

    def wait() -> None:
        if point.wait():
            (point.drop if dropped else point.release)()

    other = threading.Thread(target=wait)
    other.start()
    yield
    other.join()
    assert point.reached


def test_a_delivery_is_held_and_everything_before_it_is_not(world: Gatepost, connect: Connect) -> None:
    assert world.amqp_tap is not None
    delivered: list[int] = []
    point = world.amqp_tap.hold(
        "deliver", Match(routing_key=HOLD), lambda point: delivered.append(len(entries(world, "amqp.deliver")))
    )
    with Consumer(url(world), EXCHANGE, "#.create.#") as consumer, released(point):
        ask(connect(world), "web-01")
        assert [message.event.partition(".")[0] for message in consumer.take(2)] == ["task", "blockingtask"]
    assert delivered == [1]
    held, last = entries(world, "amqp.held")[0], entries(world, "amqp.deliver")[-1]
    assert held.seq < last.seq
    assert point.seen is not None
    assert point.seen.routing_key == last.path


def test_a_consumer_may_die_while_its_acknowledgement_is_held(world: Gatepost, connect: Connect) -> None:
    assert world.amqp_tap is not None
    queue = named("held")
    point = world.amqp_tap.hold("ack")
    with Consumer(url(world), EXCHANGE, "#.blockingtask.create.#", queue=queue) as consumer:
        ask(connect(world), "web-01")
        with released(point, dropped=True), pytest.raises(pika.exceptions.AMQPError):
            consumer.take(2)
    with Consumer(url(world), EXCHANGE, "#.blockingtask.create.#", queue=queue) as consumer:
        until(lambda: consumer.waiting() == 1)
        consumer.forget()


def test_what_is_held_ends_with_the_world_and_leaves_no_thread(make_world: MakeWorld, connect: Connect) -> None:
    world = make_world(broker="embedded", taps=True)
    until(lambda: world.broker_state == "connected")
    assert world.amqp_tap is not None
    point = world.amqp_tap.hold("open")
    with Wire(url(world)) as wire:
        wire.send(PROTOCOL_HEADER)
        wire.read_frame()
        wire.send_method(0, spec.Connection.StartOk({}, "PLAIN", "\0guest\0guest", "en_US"))
        wire.read_frame()
        wire.send_method(0, spec.Connection.TuneOk(2047, 131072, 0))
        wire.send_method(0, spec.Connection.Open("/"))
        assert point.wait()
        began = time.monotonic()
        world.stop()
        assert time.monotonic() - began < 30
        with pytest.raises(Cut):
            wire.read_frame()
    assert "gatepost-amqp-tap" not in {thread.name for thread in threading.enumerate()}


def test_a_taken_port_is_an_error_that_leaves_nothing(make_world: MakeWorld) -> None:
    with pytest.raises(OSError, match="in use"), Broker() as broker:
        make_world(broker="embedded", taps=True, amqp_port=broker.port)


def test_every_effect_of_the_tap_was_tried() -> None:
    tried = {AmqpReset, AmqpTruncate, AmqpDelay, AmqpTrickle, AmqpMute}
    assert {effect for effect in EFFECTS if effect.point is Point.AMQP_TAP} == tried


# --- a broker that is away, or in trouble -----------------------------------------------------------------------------


def test_a_tap_that_refuses_looks_like_a_broker_that_is_away_and_comes_back_on_its_port(world: Gatepost) -> None:
    tap = world.amqp_tap
    assert tap is not None
    connection = pika.BlockingConnection(pika.URLParameters(url(world)))
    tap.refuse()
    until(closed(world))
    with pytest.raises(pika.exceptions.AMQPError):
        connection.process_data_events(60)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", tap.port), timeout=60)
    tap.accept()
    with pika.BlockingConnection(pika.URLParameters(url(world))) as again:
        assert again.channel().is_open


def test_a_tap_that_refuses_can_be_stopped(world: Gatepost) -> None:
    tap = world.amqp_tap
    assert tap is not None
    tap.refuse()
    world.stop()
    tap.accept()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", tap.port), timeout=60)


def test_clients_that_know_it_are_told_that_they_are_blocked(world: Gatepost) -> None:
    tap = world.amqp_tap
    assert tap is not None
    heard: list[str] = []
    with pika.BlockingConnection(pika.URLParameters(url(world))) as connection:
        connection.add_on_connection_blocked_callback(lambda _, frame: heard.append(frame.method.reason))
        connection.add_on_connection_unblocked_callback(lambda *_: heard.append("go on"))
        tap.block("no memory")
        tap.unblock()
        until(lambda: connection.process_data_events(0.1) or len(heard) == 2)
    assert heard == ["no memory", "go on"]
    assert [entry.kind for entry in entries(world, "amqp.blocked", "amqp.unblocked")] == [
        "amqp.blocked",
        "amqp.unblocked",
    ]


def test_clients_that_do_not_know_it_are_not_told(world: Gatepost) -> None:
    tap = world.amqp_tap
    assert tap is not None
    parameters = pika.URLParameters(url(world))
    parameters.client_properties = {"capabilities": {"connection.blocked": False}}
    with pika.BlockingConnection(parameters) as connection:
        tap.block()
        connection.channel()
    assert not entries(world, "amqp.blocked")


def test_the_offer_of_heartbeats_can_be_lowered(world: Gatepost) -> None:
    tap = world.amqp_tap
    assert tap is not None
    tap.offered_heartbeat = 3
    with pika.BlockingConnection(pika.URLParameters(url(world))):
        pass
    assert entries(world, "amqp.tune")[-1].headers["heartbeat"] == 3
