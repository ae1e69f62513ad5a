"""Publishing: what comes back, what is confirmed and when, and that content passes as it was given."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pika import spec

from tests.support.amqp_client import Channel, Dial, Message, Name, Refusal
from tests.support.amqp_wire import BODY, HEADER, Frame, method_frame


def kinds(events: list[Any]) -> list[str]:
    return [event.method.NAME if isinstance(event, Message) else event.NAME for event in events]


# ------------------------------------------------------------------ returns


def test_mandatory_and_unroutable_comes_back(channel: Channel, name: Name) -> None:
    properties = spec.BasicProperties(message_id="m1", headers={"h": "ü"})
    channel.publish("amq.direct", name("nobody"), b"body", properties, mandatory=True)
    returned = channel.event()
    method = returned.method
    assert (method.reply_code, method.reply_text) == (312, "NO_ROUTE")
    assert (method.exchange, method.routing_key) == ("amq.direct", name("nobody"))
    assert (returned.body, returned.properties.message_id, returned.properties.headers) == (b"body", "m1", {"h": "ü"})


def test_mandatory_and_routable_does_not_come_back(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.publish("", queue, b"1", mandatory=True)
    assert channel.settle(queue) == []
    assert channel.bodies(queue) == [b"1"]


def test_unroutable_and_not_mandatory_vanishes(channel: Channel, name: Name) -> None:
    channel.publish("", name("nobody"), b"1")
    assert channel.settle() == []


def test_an_empty_body_comes_back_too(channel: Channel, name: Name) -> None:
    channel.publish("", name("nobody"), b"", mandatory=True)
    assert channel.event().body == b""


def test_immediate_is_refused(channel: Channel) -> None:
    channel.publish("", "k", b"1", immediate=True)
    text = "NOT_IMPLEMENTED - immediate=true"
    assert channel.refusal() == Refusal("connection", 540, text, "Basic.Publish")


# ------------------------------------------------------------------ confirms


def test_confirms_number_from_one(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.confirm()
    for _ in range(3):
        channel.publish("", queue, b"1")
    assert confirmed(channel, 3) == {1, 2, 3}


def test_what_came_before_confirm_select_is_not_counted(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.publish("", queue, b"1")
    channel.confirm()
    channel.publish("", queue, b"2")
    assert confirmed(channel, 1) == {1}


def test_confirm_select_may_be_repeated(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.confirm()
    channel.publish("", queue, b"1")
    channel.confirm()
    channel.send(spec.Confirm.Select(nowait=True))
    channel.publish("", queue, b"2")
    assert confirmed(channel, 2) == {1, 2}


def test_unroutable_is_confirmed(channel: Channel, name: Name) -> None:
    channel.confirm()
    channel.publish("", name("nobody"), b"1")
    assert confirmed(channel, 1) == {1}


def test_a_return_comes_before_its_confirm(channel: Channel, name: Name) -> None:
    channel.confirm()
    channel.publish("", name("nobody"), b"1", mandatory=True)
    assert kinds([channel.event(), channel.event()]) == ["Basic.Return", "Basic.Ack"]


def test_durable_queues_confirm_persistent_messages(channel: Channel, name: Name) -> None:
    queues = [channel.queue(name(f"q{n}"), durable=True) for n in range(2)]
    for queue in queues:
        channel.bind(queue, "amq.topic", name("k"))
    channel.confirm()
    for n in range(5):
        channel.publish("amq.topic", name("k"), b"%d" % n, spec.BasicProperties(delivery_mode=2))
    assert confirmed(channel, 5) == {1, 2, 3, 4, 5}
    for queue in queues:
        channel.delete(queue)


def test_a_confirmed_message_can_be_had(dial: Dial) -> None:
    connection = dial()
    sender, receiver = connection.channel(), connection.channel()
    queue = sender.queue(exclusive=True)
    sender.confirm()
    for n in range(20):
        sender.publish("", queue, b"%d" % n)
        confirmed(sender, 1, after=n)
        message = receiver.get(queue)
        assert message is not None
        assert message.body == b"%d" % n


def confirmed(channel: Channel, count: int, after: int = 0) -> set[int]:
    """The next `count` numbers that are confirmed, however they are grouped."""
    found: set[int] = set()
    open_numbers = set(range(after + 1, after + count + 1))
    while open_numbers:
        ack = channel.event()
        assert isinstance(ack, spec.Basic.Ack), ack
        numbers = {n for n in open_numbers if n <= ack.delivery_tag} if ack.multiple else {ack.delivery_tag}
        assert numbers <= open_numbers, f"{ack} repeats or foresees; open were {open_numbers}"
        open_numbers -= numbers
        found |= numbers
    return found


# ------------------------------------------------------------------ errors


def test_an_unknown_exchange_closes_the_channel_later(channel: Channel, name: Name) -> None:
    channel.publish(name("x"), "k", b"1")
    text = f"NOT_FOUND - no exchange '{name('x')}' in vhost '/'"
    assert channel.refusal() == Refusal("channel", 404, text, "Basic.Publish")


def test_after_an_unknown_exchange_nothing_more_is_done(dial: Dial, name: Name) -> None:
    connection = dial()
    channel, other = connection.channel(), connection.channel()
    queue = channel.queue(name("q"))
    channel.publish("", queue, b"before")
    channel.publish(name("x"), "k", b"wrong")
    channel.publish("", queue, b"after")
    assert channel.refusal().code == 404
    assert other.bodies(queue) == [b"before"]


def test_an_expiration_must_be_a_number(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.publish("", queue, b"1", spec.BasicProperties(expiration="soon"))
    text = "PRECONDITION_FAILED - invalid expiration 'soon': no_integer"
    assert channel.refusal() == Refusal("channel", 406, text, "Basic.Publish")


def test_an_expiration_must_not_be_negative(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.publish("", queue, b"1", spec.BasicProperties(expiration="-1"))
    refusal = channel.refusal()
    assert refusal == Refusal(
        "channel", 406, "PRECONDITION_FAILED - invalid expiration '-1': {value_negative,-1}", "Basic.Publish"
    )


def test_a_user_id_must_be_ones_own(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.publish("", queue, b"1", spec.BasicProperties(user_id="guest"))
    assert channel.bodies(queue) == [b"1"]
    channel.publish("", queue, b"2", spec.BasicProperties(user_id="somebody"))
    text = "PRECONDITION_FAILED - user_id property set to 'somebody' but authenticated user was 'guest'"
    assert channel.refusal() == Refusal("channel", 406, text, "Basic.Publish")


# ------------------------------------------------------------------ content

WHEN = datetime(2024, 2, 29, 12, 30, 45, tzinfo=UTC)

EVERY_PROPERTY = {
    "content_type": "application/vnd.vmware.vcloud.entity+xml",
    "content_encoding": "utf-8",
    "delivery_mode": 2,
    "priority": 7,
    "correlation_id": "corr-ü-漢",
    "reply_to": "answers",
    "expiration": "60000",
    "message_id": "id 1",
    "timestamp": 1709209845,
    "type": "kind",
    "user_id": "guest",
    "app_id": "test",
    "cluster_id": "old",
}

HEADERS: dict[str, Any] = {
    "text": "grüße 漢字 🚦",
    "empty": "",
    "bytes": b"\x00\xff\xfe",
    "true": True,
    "false": False,
    "zero": 0,
    "negative": -1,
    "int": 2**31 - 1,
    "least int": -(2**31),
    "long": 2**63 - 1,
    "least long": -(2**63),
    "decimal": Decimal("3.14"),
    "when": WHEN,
    "none": None,
    "array": ["a", 1, True, None, [b"x", [[]]], {"deep": [WHEN]}],
    "table": {"inner": {"inmost": {"n": 1}}, "empty": {}},
    "no items": [],
    "schlüssel": "value",
}


@pytest.mark.parametrize("field", EVERY_PROPERTY)
def test_each_property_alone(channel: Channel, field: str) -> None:
    queue = channel.queue(exclusive=True)
    channel.publish("", queue, b"1", spec.BasicProperties(**{field: EVERY_PROPERTY[field]}))
    message = channel.get(queue)
    assert message is not None
    found = {name: value for name, value in vars(message.properties).items() if value is not None}
    assert found == {field: EVERY_PROPERTY[field]}


def test_all_properties_together_through_consume_and_return(channel: Channel, name: Name) -> None:
    queue = channel.queue(exclusive=True)
    channel.consume(queue, no_ack=True)
    properties = spec.BasicProperties(headers=HEADERS, **EVERY_PROPERTY)
    channel.publish("", queue, b"1", properties, mandatory=True)
    channel.publish("", name("nobody"), b"1", properties, mandatory=True)
    for message in (channel.event(), channel.event()):
        assert vars(message.properties) == {**EVERY_PROPERTY, "headers": HEADERS}


def test_no_properties_at_all(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.publish("", queue, b"1")
    message = channel.get(queue)
    assert message is not None
    assert message.raw_properties == b"\0\0"


def short(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def field_table(*fields: bytes) -> bytes:
    return struct.pack(">I", sum(map(len, fields))) + b"".join(fields)


# The types that client libraries write, octet by octet: a broker must not turn one into another.
RAW_FIELDS = {
    "boolean": b"t\1",
    "signed 8": b"b\x80",
    "signed 16": b"s\x80\0",
    "signed 32": b"I\x80\0\0\0",
    "unsigned 32": b"i\xff\xff\xff\xff",
    "signed 64": b"l\x80\0\0\0\0\0\0\0",
    "float": b"f" + struct.pack(">f", 1.5),
    "double": b"d" + struct.pack(">d", -0.1),
    "decimal": b"D\2\0\0\1\x3a",
    "string": b"S\0\0\0\2ab",
    "string that is no UTF-8": b"S\0\0\0\2\xff\xfe",
    "bytes": b"x\0\0\0\2\xff\xfe",
    "timestamp": b"T\0\0\0\0\x65\xe0\x77\xf5",
    "void": b"V",
    "array": b"A\0\0\0\4t\1b\5",
    "table": b"F" + field_table(short(b"k") + b"b\1"),
}


@pytest.mark.parametrize("kind", RAW_FIELDS)
def test_header_fields_keep_their_type(channel: Channel, kind: str) -> None:
    raw = struct.pack(">H", 1 << 13) + field_table(short(b"h") + RAW_FIELDS[kind])
    assert passed_through(channel, raw) == raw


def test_headers_keep_their_order(channel: Channel) -> None:
    fields = [short(key) + b"b\1" for key in (b"z", b"a", b"m", b"B")]
    raw = struct.pack(">H", 1 << 13) + field_table(*fields)
    assert passed_through(channel, raw) == raw


def test_timestamps_keep_all_their_bits(channel: Channel) -> None:
    raw = struct.pack(">HQ", 1 << 6, 2**63 + 1)
    assert passed_through(channel, raw) == raw


def passed_through(channel: Channel, raw_properties: bytes) -> bytes:
    """The properties that come out of a queue after these went in."""
    queue = channel.queue(exclusive=True)
    number = channel.number
    header = Frame(HEADER, number, struct.pack(">HHQ", 60, 0, 1) + raw_properties)
    publish = method_frame(number, spec.Basic.Publish(exchange="", routing_key=queue))
    channel.connection.wire.send(publish.encode() + header.encode() + Frame(BODY, number, b"1").encode())
    channel.connection.wire.send_method(number, spec.Basic.Get(queue=queue, no_ack=True))
    frames = [channel.connection.wire.read_frame() for _ in range(3)]
    assert isinstance(frames[0].method, spec.Basic.GetOk)
    return frames[1].payload[12:]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 65_535, 131_064, 131_065, 1_000_000])
def test_bodies_of_every_size(channel: Channel, size: int) -> None:
    queue = channel.queue(exclusive=True)
    body = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    channel.consume(queue)
    channel.publish("", queue, body)
    channel.publish("", queue, b"next")
    assert (channel.event().body == body, channel.event().body) == (True, b"next")


def test_all_octets_pass(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    body = bytes(range(256)) + b"\xce" * 8
    channel.publish("", queue, body)
    assert channel.bodies(queue) == [body]


def test_an_empty_body_has_no_body_frame(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.publish("", queue, b"")
    message = channel.get(queue)
    assert message is not None
    assert (message.body, message.body_frames) == (b"", ())


def test_keys_and_exchanges_in_any_script(channel: Channel, name: Name) -> None:
    exchange, key = name("обмен"), "é" * 127
    channel.exchange(exchange, "topic")
    queue = channel.queue(name("队列"), exclusive=True)
    channel.bind(queue, exchange, key)
    channel.publish(exchange, key, b"1")
    message = channel.get(queue)
    assert message is not None
    assert (message.method.exchange, message.method.routing_key) == (exchange, key)


def test_copies_do_not_share_their_headers(channel: Channel, name: Name) -> None:
    channel.exchange(name("dead"), "fanout")
    channel.exchange(name("x"), "fanout")
    dying = channel.queue(exclusive=True, arguments={"x-dead-letter-exchange": name("dead")})
    living, dead = channel.queue(exclusive=True), channel.queue(exclusive=True)
    channel.bind(dead, name("dead"))
    channel.bind(dying, name("x"))
    channel.bind(living, name("x"))
    channel.publish(name("x"), "k", b"1", spec.BasicProperties(headers={"own": "word"}))
    doomed = channel.get(dying, no_ack=False)
    assert doomed is not None
    channel.reject(doomed.tag, requeue=False)
    channel.settle(dying)
    marked, clean = channel.get(dead), channel.get(living)
    assert marked is not None
    assert clean is not None
    assert "x-death" in marked.properties.headers
    assert clean.properties.headers == {"own": "word"}
