"""Opening, tuning, keeping and closing a connection, as RabbitMQ does it."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pika import spec

from tests.support.amqp_client import (
    GUEST,
    Connection,
    Dial,
    Name,
    Refusal,
    RefusedError,
    as_refusal,
    login,
)
from tests.support.amqp_wire import BODY, HEARTBEAT, PROTOCOL_HEADER, Cut, Frame, Wire, heartbeat_frame, method_frame

CLOSES_ON_FAILURE = {"capabilities": {"authentication_failure_close": True}}


@pytest.fixture
def wire(broker_url: str) -> Iterator[Wire]:
    with Wire(broker_url) as opened:
        yield opened


def refusal_of(dial: Dial, **options: Any) -> Refusal:
    with pytest.raises(RefusedError) as caught:
        dial(**options)
    return caught.value.refusal


# ------------------------------------------------------------------ handshake


def test_start_offers_both_mechanisms_and_names_the_capabilities(dial: Dial) -> None:
    start = dial().start
    assert (start.version_major, start.version_minor) == (0, 9)
    assert {b"PLAIN", b"AMQPLAIN"} <= set(start.mechanisms.split())
    assert b"en_US" in start.locales.split()
    capabilities = start.server_properties["capabilities"]
    for name in (
        "publisher_confirms",
        "exchange_exchange_bindings",
        "basic.nack",
        "consumer_cancel_notify",
        "connection.blocked",
        "authentication_failure_close",
        "per_consumer_qos",
    ):
        assert capabilities[name] is True, name
    assert {"product", "version", "platform"} <= set(start.server_properties)


def test_tune_proposes_what_rabbitmq_proposes(dial: Dial) -> None:
    tune = dial().tune
    assert (tune.channel_max, tune.frame_max, tune.heartbeat) == (2047, 131072, 60)


@pytest.mark.parametrize("mechanism", ["PLAIN", "AMQPLAIN"])
def test_login(dial: Dial, mechanism: str) -> None:
    dial(mechanism=mechanism).channel()


@pytest.mark.parametrize("mechanism", ["PLAIN", "AMQPLAIN"])
@pytest.mark.parametrize("credentials", [("guest", "wrong"), ("nobody", "guest"), ("guest", "")])
def test_wrong_login_is_refused_with_403(dial: Dial, mechanism: str, credentials: tuple[str, str]) -> None:
    assert refusal_of(dial, mechanism=mechanism, credentials=credentials) == Refusal(
        "connection",
        403,
        f"ACCESS_REFUSED - Login was refused using authentication mechanism {mechanism}. "
        "For details see the broker logfile.",
        "",
    )


@pytest.mark.parametrize("vhost", ["nowhere", "", "//"])
def test_unknown_vhost_is_refused_with_530(dial: Dial, vhost: str) -> None:
    text = f"NOT_ALLOWED - vhost {vhost} not found"
    assert refusal_of(dial, vhost=vhost) == Refusal("connection", 530, text, "Connection.Open")


@pytest.mark.parametrize(
    "header",
    [b"AMQP\x00\x01\x00\x00", b"AMQP\x00\x00\x0a\x00", b"AMQP\x02\x01\x00\x00", b"GET / HTTP/1.1\r\n\r\n", bytes(8)],
)
def test_another_protocol_is_answered_with_the_header_of_ours(wire: Wire, header: bytes) -> None:
    wire.send(header)
    assert wire.read_to_end() == PROTOCOL_HEADER


@pytest.mark.parametrize("header", [b"AMQP\x01\x01\x00\x09", b"AMQP\x01\x01\x08\x00"])
def test_old_spellings_of_the_protocol_header_are_taken(wire: Wire, header: bytes) -> None:
    wire.send(header)
    assert isinstance(wire.read_frame().method, spec.Connection.Start)


def test_header_may_come_byte_by_byte(wire: Wire) -> None:
    for byte in PROTOCOL_HEADER:
        wire.send(bytes([byte]))
    assert isinstance(wire.read_frame().method, spec.Connection.Start)


def test_handshake_frames_may_come_in_pieces_and_together(broker_url: str, wire: Wire) -> None:
    wire.send(PROTOCOL_HEADER)
    wire.read_frame()
    start_ok = method_frame(0, spec.Connection.StartOk({}, "PLAIN", login("PLAIN", GUEST), "en_US")).encode()
    for at in range(len(start_ok)):
        wire.send(start_ok[at : at + 1])
    assert isinstance(wire.read_frame().method, spec.Connection.Tune)
    rest = (
        (0, spec.Connection.TuneOk(2047, 131072, 0)),
        (0, spec.Connection.Open("/")),
        (7, spec.Channel.Open()),
        (7, spec.Queue.Declare(exclusive=True)),
    )
    wire.send(b"".join(method_frame(channel, method).encode() for channel, method in rest))
    found = [wire.read_frame() for _ in range(3)]
    assert [frame.channel for frame in found] == [0, 7, 7]
    assert [frame.method.NAME for frame in found] == ["Connection.OpenOk", "Channel.OpenOk", "Queue.DeclareOk"]


def silently_refused() -> dict[str, list[Any]]:
    """What the client says after Connection.Start, and after Connection.Tune."""

    def start_ok(mechanism: str, response: str | bytes, properties: dict[str, Any]) -> Any:
        return spec.Connection.StartOk(properties, mechanism, response, "en_US")

    good = start_ok("PLAIN", login("PLAIN", GUEST), {})
    return {
        "an unknown mechanism": [start_ok("CRAM-MD5", "x", {})],
        "a wrong password, and no capability": [start_ok("PLAIN", login("PLAIN", ("guest", "no")), {})],
        "PLAIN without its zeros": [start_ok("PLAIN", "guest", {})],
        "open before start-ok": [spec.Connection.Open("/")],
        "tune-ok before start-ok": [spec.Connection.TuneOk(2047, 131072, 0)],
        "open before tune-ok": [good, spec.Connection.Open("/")],
        "a queue before tune-ok": [good, spec.Queue.Declare()],
        "a frame size below the least": [good, spec.Connection.TuneOk(2047, 4095, 0)],
        "a frame size above the offer": [good, spec.Connection.TuneOk(2047, 131073, 0)],
        "no frame size": [good, spec.Connection.TuneOk(2047, 0, 0)],
        "more channels than offered": [good, spec.Connection.TuneOk(2048, 131072, 0)],
        "any number of channels": [good, spec.Connection.TuneOk(0, 131072, 0)],
        "garbage": [b"\xff" * 64],
    }


def test_a_spoilt_handshake_ends_the_connection(broker_url: str) -> None:
    # All at once, since RabbitMQ waits three seconds before it hangs up on each.
    with ExitStack() as stack:
        wires = {case: stack.enter_context(Wire(broker_url)) for case in silently_refused()}
        for case, steps in silently_refused().items():
            wires[case].send(PROTOCOL_HEADER)
            for step in steps:
                wires[case].read_frame()
                wires[case].send(step if isinstance(step, bytes) else method_frame(0, step).encode())
        endings = {case: wire.read_to_end() for case, wire in wires.items()}
    # See A_SPOILT_HANDSHAKE in permitted_differences.py.
    assert {case: ending for case, ending in endings.items() if ending and not is_close(ending)} == {}


def is_close(data: bytes) -> bool:
    """Whether this is one frame, which closes the connection."""
    frame = Frame(data[0], int.from_bytes(data[1:3]), data[7:-1])
    return frame.encode() == data and isinstance(frame.method, spec.Connection.Close)


# ------------------------------------------------------------------ tuning


def test_a_body_is_split_by_the_negotiated_frame_size(dial: Dial) -> None:
    channel = dial(frame_max=4096).channel()
    queue = channel.queue(exclusive=True)
    channel.publish("", queue, b"x" * 10_000)
    message = channel.get(queue)
    assert message is not None
    assert message.body_frames == (4088, 4088, 1824)
    assert message.body == b"x" * 10_000


def test_a_body_is_split_by_the_largest_frame_size_too(dial: Dial) -> None:
    sender, receiver = dial(frame_max=4096).channel(), dial().channel()
    queue = sender.queue()
    sender.confirm()
    sender.publish("", queue, bytes(300_000))
    sender.event()
    message = receiver.get(queue)
    assert message is not None
    assert message.body_frames == (131064, 131064, 37872)


@pytest.mark.parametrize("size", [4087, 4088, 4089, 8176, 8177])
def test_bodies_at_the_edge_of_a_frame(dial: Dial, size: int) -> None:
    channel = dial(frame_max=4096).channel()
    queue = channel.queue(exclusive=True)
    channel.publish("", queue, b"e" * size)
    message = channel.get(queue)
    assert message is not None
    assert sum(message.body_frames) == len(message.body) == size
    assert max(message.body_frames) <= 4088


def test_a_frame_beyond_the_negotiated_size_is_refused_with_501(dial: Dial) -> None:
    connection = dial(frame_max=4096)
    channel = connection.channel()
    connection.wire.send(Frame(BODY, channel.number, bytes(4097)).encode())
    text = "FRAME_ERROR - type 3, all octets = <<>>: {frame_too_large,4097,4088}"
    assert connection.refused() == Refusal("connection", 501, text, "")


def test_one_channel_more_than_negotiated_is_refused_with_530(dial: Dial) -> None:
    connection = dial(channel_max=2)
    connection.channel(1)
    connection.channel(2)
    refusal = connection.unopened_channel(3).refusal(spec.Channel.Open())
    text = "NOT_ALLOWED - number of channels opened (2) has reached the negotiated channel_max (2)"
    assert refusal == Refusal("connection", 530, text, "")


def test_a_closed_channel_leaves_room_for_another(dial: Dial) -> None:
    connection = dial(channel_max=1)
    for _ in range(3):
        connection.channel(1).close()


# ------------------------------------------------------------------ heartbeats


def test_the_broker_sends_heartbeats_as_agreed(dial: Dial) -> None:
    connection = dial(heartbeat=1)
    started = time.monotonic()
    assert connection.wire.read_frame().kind == HEARTBEAT
    assert connection.wire.read_frame().kind == HEARTBEAT
    assert time.monotonic() - started < 30


def test_a_silent_client_is_cut_and_a_beating_one_is_not(dial: Dial) -> None:
    silent, beating = dial(heartbeat=2), dial(heartbeat=2)
    started = time.monotonic()
    with pytest.raises(Cut):  # noqa: PT012 - whichever of the reads it is
        while True:
            silent.wire.read_frame()
            beating.wire.send(heartbeat_frame().encode())
    assert 2 < time.monotonic() - started < 60
    beating.channel().queue(exclusive=True)


def test_heartbeats_that_nobody_asked_for_do_no_harm(dial: Dial) -> None:
    connection = dial(heartbeat=0)
    connection.wire.send(heartbeat_frame().encode() * 3)
    connection.channel()


# ------------------------------------------------------------------ misuse of channel 0


@pytest.mark.parametrize(
    "method",
    [
        spec.Connection.Open("/"),
        spec.Connection.StartOk({}, "PLAIN", "x", "en_US"),
        spec.Connection.TuneOk(2047, 131072, 0),
        spec.Connection.SecureOk("x"),
        spec.Connection.Blocked("x"),
        spec.Channel.Open(),
        spec.Queue.Declare(),
        spec.Exchange.Declare(exchange="amq.direct", passive=True),
        spec.Basic.Ack(1),
    ],
    ids=lambda method: str(method.NAME),
)
def test_methods_out_of_place_on_channel_0_are_refused_with_504(dial: Dial, method: Any) -> None:
    connection = dial()
    connection.send(method)
    text = "CHANNEL_ERROR - unexpected method in connection state running"
    assert connection.refused() == Refusal("connection", 504, text, method.NAME)


def test_a_new_secret_is_taken_or_refused_in_words(dial: Dial) -> None:
    connection = dial()
    connection.send(spec.Connection.UpdateSecret("guest", "rotated"))
    frame = connection.wire.read_frame()
    if isinstance(frame.method, spec.Connection.Close):
        # See A_NEW_SECRET in permitted_differences.py.
        refusal = as_refusal("connection", frame.method)
        assert refusal.code == 530
        assert refusal.text.startswith("NOT_ALLOWED - New secret was refused")
    else:
        assert isinstance(frame.method, spec.Connection.UpdateSecretOk)
        connection.channel()


# ------------------------------------------------------------------ misuse of channels


def test_a_channel_cannot_be_opened_twice(dial: Dial) -> None:
    channel = dial().channel()
    text = "CHANNEL_ERROR - second 'channel.open' seen"
    assert channel.refusal(spec.Channel.Open()) == Refusal("connection", 504, text, "Channel.Open")


@pytest.mark.parametrize(
    "method",
    [spec.Queue.Declare(), spec.Channel.Close(200, "", 0, 0), spec.Channel.CloseOk(), spec.Basic.Ack(1)],
    ids=lambda method: str(method.NAME),
)
def test_a_method_on_an_unopened_channel_is_refused_with_504(dial: Dial, method: Any) -> None:
    channel = dial().unopened_channel(5)
    text = "CHANNEL_ERROR - expected 'channel.open'"
    assert channel.refusal(method) == Refusal("connection", 504, text, method.NAME)


def test_a_method_on_a_closed_channel_is_refused_with_504(dial: Dial) -> None:
    connection = dial()
    channel = connection.channel()
    channel.close()
    refusal = connection.unopened_channel(channel.number).refusal(spec.Queue.Declare())
    assert refusal == Refusal("connection", 504, "CHANNEL_ERROR - expected 'channel.open'", "Queue.Declare")


@pytest.mark.parametrize(
    "method",
    [
        spec.Queue.DeclareOk("q", 0, 0),
        spec.Channel.OpenOk(),
        spec.Channel.FlowOk(True),
        spec.Basic.QosOk(),
        spec.Connection.Close(200, "", 0, 0),
        spec.Connection.Open("/"),
        spec.Channel.CloseOk(),
    ],
    ids=lambda method: str(method.NAME),
)
def test_methods_of_the_other_side_are_refused_with_503(dial: Dial, method: Any) -> None:
    channel = dial().channel()
    text = "COMMAND_INVALID - unimplemented method"
    assert channel.refusal(method) == Refusal("connection", 503, text, method.NAME)


def test_channel_flow(dial: Dial) -> None:
    channel = dial().channel()
    assert channel.call(spec.Channel.Flow(True), spec.Channel.FlowOk).active
    refusal = channel.refusal(spec.Channel.Flow(False))
    assert refusal == Refusal("connection", 540, "NOT_IMPLEMENTED - active=false", "Channel.Flow")


def test_what_follows_an_error_on_a_channel_is_dropped_until_close_ok(dial: Dial, name: Name) -> None:
    connection = dial()
    wrong, right = connection.channel(), connection.channel()
    wrong.send(spec.Queue.Declare(queue=name("missing"), passive=True))
    wrong.send(spec.Queue.Declare(queue=name("late")))
    wrong.publish("", name("late"), b"dropped")
    assert wrong.refusal().code == 404
    # The answer on the other channel shows that the broker is past all that the first one sent.
    refusal = right.refusal(spec.Queue.Declare(queue=name("late"), passive=True))
    assert refusal.text == f"NOT_FOUND - no queue '{name('late')}' in vhost '/'"
    connection.channel(wrong.number).queue(exclusive=True)


def test_both_sides_may_close_a_channel_at_once(dial: Dial, name: Name) -> None:
    connection = dial()
    channel = connection.channel()
    wire, number = connection.wire, channel.number
    wire.send_method(number, spec.Queue.Declare(queue=name("missing"), passive=True))
    assert isinstance(wire.read_frame().method, spec.Channel.Close)
    wire.send_method(number, spec.Channel.Close(200, "crossed", 0, 0))
    assert isinstance(wire.read_frame().method, spec.Channel.CloseOk)
    wire.send_method(number, spec.Channel.CloseOk())
    wire.send_method(number, spec.Channel.Open())
    assert isinstance(wire.read_frame().method, spec.Channel.OpenOk)


# ------------------------------------------------------------------ frames out of place

PUBLISH = method_frame(1, spec.Basic.Publish(exchange="", routing_key="nowhere")).encode()
NOT_A_METHOD = "UNEXPECTED_FRAME - expected method frame, got non method frame instead"
NOT_A_HEADER = "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead"
NOT_A_BODY = "UNEXPECTED_FRAME - expected content body, got non content body frame instead"


def header(class_id: int = 60, weight: int = 0, size: int = 5) -> bytes:
    return Frame(2, 1, struct.pack(">HHQH", class_id, weight, size, 0)).encode()


def body(data: bytes = b"hello") -> bytes:
    return Frame(BODY, 1, data).encode()


OUT_OF_PLACE = {
    "a header without a publish": (header(), 505, NOT_A_METHOD, ""),
    "a body without a publish": (body(), 505, NOT_A_METHOD, ""),
    "a method for a header": (PUBLISH + PUBLISH, 505, NOT_A_HEADER, "Basic.Publish"),
    "a body for a header": (PUBLISH + body(), 505, NOT_A_HEADER, "Basic.Publish"),
    "a header of another class": (
        PUBLISH + header(class_id=61),
        505,
        "UNEXPECTED_FRAME - expected content header for class 60, got one for class 61 instead",
        "Basic.Publish",
    ),
    "a method for a body": (PUBLISH + header() + PUBLISH, 505, NOT_A_BODY, "Basic.Publish"),
    "a header for a body": (PUBLISH + header() + header(), 505, NOT_A_BODY, "Basic.Publish"),
    "an unknown type of frame": (
        Frame(9, 1, b"").encode(),
        501,
        "FRAME_ERROR - type 9, all octets = <<>>: unknown_frame",
        "",
    ),
    "a heartbeat with content": (
        Frame(8, 0, b"abc").encode(),
        501,
        'FRAME_ERROR - type 8, all octets = <<"abc">>: unknown_frame',
        "",
    ),
    "a heartbeat on a channel": (
        Frame(8, 1, b"").encode(),
        505,
        "UNEXPECTED_FRAME - type 8, all octets = <<>>",
        "",
    ),
    "a method of one octet": (
        Frame(1, 1, b"\0").encode(),
        501,
        "FRAME_ERROR - type 1, all octets = <<0>>: unknown_frame",
        "",
    ),
    "a method cut short": (
        Frame(1, 1, b"\0\x32\0\x0a\0\0\3abc\0").encode(),
        501,
        "FRAME_ERROR - cannot decode <<0,0,3,97,98,99,0>>",
        "Queue.Declare",
    ),
    "a method with a tail": (
        Frame(1, 1, b"\0\x32\0\x0a\0\0\0\0\0\0\0\0zzz").encode(),
        501,
        "FRAME_ERROR - cannot decode <<0,0,0,0,0,0,0,0,122,122,122>>",
        "Queue.Declare",
    ),
}


@pytest.mark.parametrize("case", OUT_OF_PLACE)
def test_frames_out_of_place(dial: Dial, case: str) -> None:
    data, code, text, method = OUT_OF_PLACE[case]
    connection = dial()
    connection.channel(1)
    connection.wire.send(data)
    assert connection.refused() == Refusal("connection", code, text, method)


def test_a_frame_without_its_end_octet_is_refused_with_501(dial: Dial) -> None:
    connection = dial()
    connection.wire.send(Frame(1, 1, b"\0\x14\0\x0a\0").encode()[:-1] + b"\0")
    text = "FRAME_ERROR - type 1, all octets = <<0,20,0,10,0>>: {invalid_frame_end_marker,0}"
    assert connection.refused() == Refusal("connection", 501, text, "")


@pytest.mark.parametrize("index", [(50, 99), (99, 10)], ids=["method", "class"])
def test_an_unknown_method_ends_the_connection(dial: Dial, index: tuple[int, int]) -> None:
    connection = dial()
    connection.channel(1)
    connection.wire.send(Frame(1, 1, struct.pack(">HH", *index)).encode())
    # RabbitMQ's reader crashes here, so there is no text to agree on.
    try:
        refusal = connection.refused()
    except Cut:
        return
    assert refusal.closed == "connection"


def test_an_empty_body_frame_is_no_end_of_the_body(dial: Dial) -> None:
    connection = dial()
    channel = connection.channel(1)
    queue = channel.queue(exclusive=True)
    publish = method_frame(1, spec.Basic.Publish(exchange="", routing_key=queue)).encode()
    connection.wire.send(publish + header() + body(b"he") + body(b"") + body(b"llo"))
    assert channel.bodies(queue) == [b"hello"]


def test_channels_interleave_their_content(dial: Dial) -> None:
    connection = dial()
    one, two = connection.channel(1), connection.channel(2)
    queue = one.queue(exclusive=True)
    publish = spec.Basic.Publish(exchange="", routing_key=queue)
    pieces = [
        [method_frame(n, publish), Frame(2, n, struct.pack(">HHQH", 60, 0, 2, 0)), *[Frame(3, n, b"%d" % n)] * 2]
        for n in (1, 2)
    ]
    connection.wire.send(b"".join(frame.encode() for pair in zip(*pieces, strict=True) for frame in pair))
    two.settle(queue)
    one.settle(queue)
    assert sorted(one.bodies(queue)) == [b"11", b"22"]


# ------------------------------------------------------------------ the end


def test_close_is_answered_and_then_the_socket_ends(dial: Dial) -> None:
    connection = dial()
    connection.channel()
    connection.call(spec.Connection.Close(200, "done", 0, 0), spec.Connection.CloseOk)
    # RabbitMQ leaves it to the client to hang up first, for half a minute.
    connection.wire.half_close()
    assert connection.wire.read_to_end() == b""


def test_close_amid_content_is_answered(dial: Dial) -> None:
    connection = dial()
    connection.channel(1)
    connection.wire.send(PUBLISH + header())
    connection.call(spec.Connection.Close(200, "amid", 0, 0), spec.Connection.CloseOk)


def test_what_follows_close_is_dropped(dial: Dial, name: Name) -> None:
    connection = dial()
    channel = connection.channel()
    connection.send(spec.Connection.Close(200, "", 0, 0))
    channel.send(spec.Queue.Declare(queue=name("late")))
    assert isinstance(connection.wire.read_frame().method, spec.Connection.CloseOk)
    refusal = dial().channel().refusal(spec.Queue.Declare(queue=name("late"), passive=True))
    assert refusal.code == 404


def test_after_an_error_the_broker_waits_for_close_ok(dial: Dial) -> None:
    connection = dial()
    connection.send(spec.Queue.Declare())
    frame = connection.wire.read_frame()
    assert as_refusal("connection", frame.method).code == 504
    # Still listening, and no longer answering.
    connection.send(spec.Channel.Open(), channel=3)
    connection.send(spec.Connection.CloseOk())
    assert connection.wire.read_to_end() == b""


@pytest.mark.parametrize("how", ["drop", "half-close"])
def test_a_lost_connection_gives_back_what_it_held(broker_url: str, dial: Dial, name: Name, how: str) -> None:
    observer, lost = dial().channel(), dial()
    queue = observer.queue(name("held"))
    taker = lost.channel()
    observer.publish("", queue, b"once")
    observer.settle(queue)
    assert taker.get(queue, no_ack=False) is not None
    if how == "drop":
        lost.wire.close()
    else:
        lost.wire.half_close()
    deadline = time.monotonic() + 60
    while not (found := observer.get(queue)):
        assert time.monotonic() < deadline
    assert found.redelivered


def test_connections_are_independent(dial: Dial) -> None:
    broken, sound = dial(), dial()
    broken.send(spec.Queue.Declare())
    assert broken.refused().code == 504
    assert isinstance(sound, Connection)
    sound.channel().queue(exclusive=True)
