"""Bytes that no client should send: the embedded broker closes the connection, goes on serving, and keeps nothing."""

from __future__ import annotations

import gc
import logging
import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pika import spec

from tests.support.amqp_client import GUEST, Connection, login
from tests.support.amqp_wire import BODY, HEADER, PROTOCOL_HEADER, Cut, Frame, Wire, header_frame, method_frame

# Always the same bytes, so that the suite passes or fails for what was changed.
bounded = settings(
    max_examples=120, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)

# What a client says up to the end of each stage of a connection.
STAGES: dict[str, list[bytes]] = {
    "before the header": [],
    "before start-ok": [PROTOCOL_HEADER],
    "before tune-ok": [
        method_frame(0, spec.Connection.StartOk({}, "PLAIN", login("PLAIN", GUEST), "en_US")).encode(),
    ],
    "before open": [method_frame(0, spec.Connection.TuneOk(2047, 131072, 0)).encode()],
    "open": [method_frame(0, spec.Connection.Open("/")).encode()],
    "with a channel": [method_frame(1, spec.Channel.Open()).encode()],
    "before the content header": [method_frame(1, spec.Basic.Publish(exchange="", routing_key="k")).encode()],
    "before the content body": [header_frame(1, 100).encode()],
}


def said_before(stage: str) -> bytes:
    names = list(STAGES)
    return b"".join(part for name in names[: names.index(stage) + 1] for part in STAGES[name])


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Fails the test when anything was logged as an error, as an exception that nobody handled is."""
    with caplog.at_level(logging.INFO):
        yield caplog
    loud = [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]
    assert not loud, [record.getMessage() for record in loud]


def send_and_see_the_end(url: str, data: bytes) -> bytes:
    """Send the bytes and then an end of stream. Raises TimeoutError when the broker does not hang up."""
    with Wire(url) as wire:
        with suppress(Cut, OSError):
            wire.send(data)
            wire.half_close()
        return wire.read_to_end()


def assert_serves(url: str) -> None:
    with Connection(url) as connection:
        channel = connection.channel()
        queue = channel.queue(exclusive=True)
        channel.publish("", queue, b"sound")
        assert channel.bodies(queue) == [b"sound"]


def frames_in(data: bytes) -> list[Frame]:
    """The frames that the broker sent; all of them whole."""
    frames = []
    while data:
        kind, channel, size = struct.unpack_from(">BHI", data)
        frames.append(Frame(kind, channel, data[7 : 7 + size]))
        assert data[7 + size : 8 + size] == b"\xce", data
        data = data[8 + size :]
    return frames


# ------------------------------------------------------------------ arbitrary bytes


@pytest.mark.parametrize("stage", STAGES)
@bounded
@given(data=st.binary(max_size=200))
@example(data=b"")
@example(data=b"\xff" * 64)
@example(data=bytes(64))
def test_arbitrary_bytes(embedded_url: str, quiet: pytest.LogCaptureFixture, stage: str, data: bytes) -> None:
    answer = send_and_see_the_end(embedded_url, said_before(stage) + data)
    if answer != PROTOCOL_HEADER:
        frames_in(answer)
    assert_serves(embedded_url)


@bounded
@given(
    stage=st.sampled_from([*STAGES]),
    kind=st.sampled_from([0, 1, 1, 1, 2, 2, 3, 4, 8, 255]),
    channel=st.sampled_from([0, 1, 1, 1, 2, 65535]),
    payload=st.binary(max_size=60),
)
def test_frames_with_arbitrary_payload(
    embedded_url: str, quiet: pytest.LogCaptureFixture, stage: str, kind: int, channel: int, payload: bytes
) -> None:
    before = said_before(stage) or PROTOCOL_HEADER
    frames_in(send_and_see_the_end(embedded_url, before + Frame(kind, channel, payload).encode()))
    assert_serves(embedded_url)


METHODS = sorted(spec.methods)


@bounded
@given(
    index=st.sampled_from(METHODS),
    channel=st.sampled_from([0, 1, 1, 2]),
    arguments=st.one_of(st.binary(max_size=40), st.just(b""), st.builds(bytes, st.integers(0, 40))),
    stage=st.sampled_from(["before start-ok", "before open", "open", "with a channel", "with a channel"]),
)
def test_every_method_with_arbitrary_arguments(
    embedded_url: str, quiet: pytest.LogCaptureFixture, index: int, channel: int, arguments: bytes, stage: str
) -> None:
    frame = Frame(1, channel, struct.pack(">I", index) + arguments)
    frames_in(send_and_see_the_end(embedded_url, said_before(stage) + frame.encode()))
    assert_serves(embedded_url)


# ------------------------------------------------------------------ a sound session, spoilt

PROPERTIES = spec.BasicProperties(
    content_type="text/plain", headers={"a": [1, {"b": "ü"}], "n": None}, delivery_mode=2, expiration="1000", priority=1
)
SESSION = said_before("with a channel") + b"".join(
    frame.encode()
    for frame in (
        method_frame(1, spec.Exchange.Declare(exchange="fuzzed", type="topic", auto_delete=True)),
        method_frame(1, spec.Queue.Declare(queue="fuzzed", exclusive=True, arguments={"x-max-length": 5})),
        method_frame(1, spec.Queue.Bind(queue="fuzzed", exchange="fuzzed", routing_key="a.*.#")),
        method_frame(1, spec.Confirm.Select()),
        method_frame(1, spec.Basic.Qos(prefetch_count=1)),
        method_frame(1, spec.Basic.Consume(queue="fuzzed", consumer_tag="c")),
        method_frame(1, spec.Basic.Publish(exchange="fuzzed", routing_key="a.b", mandatory=True)),
        header_frame(1, 8, PROPERTIES),
        Frame(BODY, 1, b"body"),
        Frame(BODY, 1, b"body"),
        method_frame(1, spec.Basic.Get(queue="fuzzed")),
        method_frame(1, spec.Basic.Nack(1, True, True)),
        method_frame(1, spec.Basic.Recover(True)),
        method_frame(1, spec.Basic.Cancel("c")),
        method_frame(1, spec.Queue.Unbind(queue="fuzzed", exchange="fuzzed", routing_key="a.*.#")),
        method_frame(1, spec.Queue.Delete(queue="fuzzed")),
        method_frame(1, spec.Channel.Close(200, "", 0, 0)),
        method_frame(0, spec.Connection.Close(200, "", 0, 0)),
    )
)


def test_the_session_is_sound(embedded_url: str, quiet: pytest.LogCaptureFixture) -> None:
    assert isinstance(frames_in(send_and_see_the_end(embedded_url, SESSION))[-1].method, spec.Connection.CloseOk)


@bounded
@given(cut=st.integers(0, len(SESSION) - 1))
def test_a_session_cut_short(embedded_url: str, quiet: pytest.LogCaptureFixture, cut: int) -> None:
    frames_in(send_and_see_the_end(embedded_url, SESSION[:cut]))
    assert_serves(embedded_url)


@bounded
@given(
    at=st.integers(8, len(SESSION) - 1),
    length=st.sampled_from([0, 1, 1, 1, 2, 4, 9]),
    replacement=st.one_of(st.binary(max_size=9), st.sampled_from([b"\x00", b"\xff", b"\xff\xff\xff\xff", b"\xce"])),
)
def test_a_session_with_some_bytes_changed(
    embedded_url: str, quiet: pytest.LogCaptureFixture, at: int, length: int, replacement: bytes
) -> None:
    frames_in(send_and_see_the_end(embedded_url, SESSION[:at] + replacement + SESSION[at + length :]))
    assert_serves(embedded_url)


def test_each_byte_of_a_session_flipped(embedded_url: str, quiet: pytest.LogCaptureFixture) -> None:
    for at in range(8, len(SESSION)):
        spoilt = bytearray(SESSION)
        spoilt[at] ^= 0xFF
        frames_in(send_and_see_the_end(embedded_url, bytes(spoilt)))
    assert_serves(embedded_url)


DEEP = b"A\xff\xff\xff\xff" * 20_000


@pytest.mark.parametrize(
    "fields",
    [
        DEEP,
        b"".join(b"A" + struct.pack(">I", 5 * n) for n in range(20_000, 0, -1)),
        b"".join(b"F" + struct.pack(">I", 7 * n) + b"\x01k" for n in range(15_000, 0, -1)) + b"V",
        b"F\x00\x00\x00\x00" * 20_000,
        b"T" + b"\xff" * 8,
        b"D\xff\x7f\xff\xff\xff",
        b"d" + struct.pack(">d", float("nan")),
        b"f" + struct.pack(">f", float("inf")),
        b"S\x00\x00\x00\x02\xff\xfe",
    ],
    ids=["lengths beyond the end", "deep arrays", "deep tables", "loose", "date", "decimal", "nan", "inf", "no UTF-8"],
)
@pytest.mark.parametrize("place", ["headers", "arguments"])
def test_tables_that_are_hard_to_read(
    embedded_url: str, quiet: pytest.LogCaptureFixture, fields: bytes, place: str
) -> None:
    table = struct.pack(">I", len(fields) + 2) + b"\x01h" + fields
    if place == "headers":
        header = struct.pack(">HHQH", 60, 0, 1, 1 << 13) + table
        content = Frame(HEADER, 1, header).encode() + Frame(BODY, 1, b"x").encode()
        spoilt = said_before("before the content header") + content
    else:
        declare = struct.pack(">HHH", 50, 10, 0) + b"\x00\x08" + table
        spoilt = said_before("with a channel") + Frame(1, 1, declare).encode()
    frames_in(send_and_see_the_end(embedded_url, spoilt))
    assert_serves(embedded_url)


# ------------------------------------------------------------------ nothing is kept, nothing is waited for


@pytest.mark.parametrize("size", [131_073, 2**31, 2**32 - 1])
def test_a_frame_too_large_is_refused_before_it_is_here(embedded_url: str, size: int) -> None:
    with Connection(embedded_url) as connection:
        connection.channel(1)
        connection.wire.send(struct.pack(">BHI", BODY, 1, size))
        assert connection.refused().code == 501


def test_a_large_frame_in_the_handshake_is_refused_before_it_is_here(embedded_url: str) -> None:
    with Wire(embedded_url) as wire:
        wire.send(PROTOCOL_HEADER + struct.pack(">BHI", 1, 0, 2**31))
        wire.read_to_end()


def test_garbage_leaves_nothing_behind(embedded_url: str, quiet: pytest.LogCaptureFixture) -> None:
    spoilt = [said_before(stage) + b"\x01\x00\x01\x00\x00\xff\xff" + bytes(60_000) for stage in STAGES]
    for data in spoilt * 2:
        send_and_see_the_end(embedded_url, data)
    tracemalloc.start()
    try:
        before = settled_memory(embedded_url)
        for data in spoilt * 15:
            send_and_see_the_end(embedded_url, data)
        grown = settled_memory(embedded_url) - before
    finally:
        tracemalloc.stop()
    # 120 connections brought 7 MB.
    assert grown < 300_000, f"{grown} bytes more are in use than before"


def settled_memory(url: str) -> int:
    assert_serves(url)
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_connections_that_never_speak_disturb_nobody(embedded_url: str) -> None:
    silent = [Wire(embedded_url) for _ in range(50)]
    assert_serves(embedded_url)
    for wire in silent:
        wire.close()
    assert_serves(embedded_url)
