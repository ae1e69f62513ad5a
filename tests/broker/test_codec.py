"""Bytes in, frames and methods out: whatever the bytes, nothing but frames or a refusal."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pika import BasicProperties, frame, spec

from gatepost.broker import codec, message, tables
from gatepost.broker.codec import Address, FrameReader
from gatepost.broker.errors import AmqpError
from gatepost.broker.message import Message
from gatepost.broker.tables import Malformed

PAYLOADS = st.lists(
    st.tuples(st.sampled_from([1, 2, 3, 8]), st.integers(0, 65535), st.binary(max_size=300)), max_size=8
)


def refusal(action: Callable[[], object]) -> int | None:
    """The code it is refused with. Any other exception passes."""
    try:
        action()
    except AmqpError as error:
        return error.code
    return None


def encoded(frames: list[tuple[int, int, bytes]]) -> bytes:
    return b"".join(struct.pack(">BHI", kind, channel, len(body)) + body + b"\xce" for kind, channel, body in frames)


@given(PAYLOADS, st.lists(st.integers(0, 2500), max_size=12))
def test_frames_are_the_same_wherever_the_stream_is_cut(frames: list[tuple[int, int, bytes]], cuts: list[int]) -> None:
    data = encoded(frames)
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    reader = FrameReader()
    pieces = [data[start:end] for start, end in pairwise(places)]
    assert [found for piece in pieces for found in reader.feed(piece)] == frames


@given(PAYLOADS, st.integers(0, 8))
def test_what_is_not_read_on_is_kept(frames: list[tuple[int, int, bytes]], taken: int) -> None:
    reader = FrameReader()
    feed = reader.feed(encoded(frames))
    first = [found for _, found in zip(range(taken), feed, strict=False)]
    feed.close()
    assert first + list(reader.feed(b"")) == frames


def test_a_frame_in_pieces_of_one_octet_costs_no_more_than_its_size() -> None:
    reader = FrameReader()
    reader.frame_max = 131_072
    data = encoded([(3, 1, bytes(131_000))])
    found = [one for octet in data for one in reader.feed(bytes([octet]))]
    assert found == [(3, 1, bytes(131_000))]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x01\x00\x01\x00\x10\x00\x00", "FRAME_ERROR - type 1, all octets = <<>>: {frame_too_large,1048576,4088}"),
        (b"\x03\x00\x01\x00\x00\x00\x02ab\x00", 'FRAME_ERROR - type 3, all octets = <<"ab">>: '),
    ],
)
def test_what_is_no_frame_is_refused_with_501(data: bytes, text: str) -> None:
    with pytest.raises(AmqpError) as refused:
        list(FrameReader().feed(data))
    assert (refused.value.code, refused.value.text.startswith(text)) == (501, True)


@given(st.binary(max_size=400))
def test_any_bytes_are_frames_or_refused(data: bytes) -> None:
    assert refusal(lambda: list(FrameReader().feed(data))) in (None, 501)


INDEXES = st.sampled_from([index for index in spec.methods if codec.from_client(index)])


@given(INDEXES, st.binary(max_size=80))
@settings(max_examples=500)
def test_any_fields_are_a_method_or_refused(index: int, fields: bytes) -> None:
    assert refusal(lambda: codec.decode_method(struct.pack(">I", index) + fields)) in (None, 501)


@given(st.binary(max_size=40))
def test_any_method_frame_is_a_method_or_refused(payload: bytes) -> None:
    assert refusal(lambda: codec.decode_method(payload)) in (None, 501, 503)


SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.integers(0, 2**33).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
KEYS = st.text(max_size=30).filter(lambda key: len(key.encode()) < 256)
TABLES = st.dictionaries(KEYS, VALUES, max_size=6)


def pika_table(table: dict[str, Any]) -> bytes:
    pieces: list[bytes] = []
    spec.data.encode_table(pieces, table)
    return b"".join(pieces)


@given(TABLES)
@settings(max_examples=50)
def test_tables_of_pika_come_back_octet_by_octet(table: dict[str, Any]) -> None:
    data = pika_table(table)
    decoded, end = tables.decode_table(data)
    assert (tables.encode_table(decoded), end) == (data, len(data))


@given(TABLES, st.data())
@settings(max_examples=50)
def test_a_spoilt_table_is_read_or_malformed(table: dict[str, Any], data: st.DataObject) -> None:
    octets = bytearray(pika_table(table))
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place] = data.draw(st.integers(0, 255))
    with suppress(Malformed):
        tables.decode_table(bytes(octets))


@pytest.mark.parametrize(("depth", "good"), [(60, True), (70, False), (5_000, False)])
def test_tables_are_nested_so_deep_and_no_deeper(depth: int, good: bool) -> None:
    data = b""
    for _ in range(depth):
        inner = b"\x01kF" + struct.pack(">I", len(data)) + data
        data = inner
    data = struct.pack(">I", len(data)) + data
    if good:
        assert tables.decode_table(data)[1] == len(data)
        return
    with pytest.raises(Malformed):
        tables.decode_table(data)


@given(st.binary(max_size=60))
def test_any_properties_are_a_message_or_refused(properties: bytes) -> None:
    assert refusal(lambda: Message(Address("", "key"), properties, b"")) in (None, 541, 406)


@given(TABLES, st.text(max_size=20), st.integers(0, 10**9).map(str))
@settings(max_examples=50)
def test_properties_come_apart_and_together_again(headers: dict[str, Any], app: str, expiration: str) -> None:
    properties = BasicProperties(headers=headers or None, app_id=app, expiration=expiration, delivery_mode=2)
    octets = b"".join(properties.encode())
    assert message.join(message.split(octets)) == octets


@given(st.binary(max_size=9_000), st.integers(4096, 9_000))
def test_content_is_cut_into_frames_that_are_small_enough(body: bytes, frame_max: int) -> None:
    properties = b"".join(BasicProperties(app_id="a").encode())
    data = codec.encode_content(3, properties, body, frame_max)
    reader = FrameReader()
    reader.frame_max = frame_max
    header, *bodies = list(reader.feed(data))
    assert header[2] == frame.Header(3, len(body), BasicProperties(app_id="a")).marshal()[7:-1]
    assert b"".join(payload for _, _, payload in bodies) == body
    assert all(len(payload) + 8 <= frame_max for _, _, payload in bodies)


@given(st.integers(0, 2**64 - 1), st.booleans(), st.text(max_size=20))
def test_what_is_packed_by_hand_is_what_pika_packs(tag: int, flag: bool, name: str) -> None:
    address = Address(name, name)
    deliver = spec.Basic.Deliver(name, tag, flag, name, name)
    prefix = codec.deliver_prefix(name)
    assert codec.encode_deliver(7, prefix, tag, flag, address.encoded) == codec.encode_method(7, deliver)
    assert codec.encode_ack(7, tag, multiple=flag) == codec.encode_method(7, spec.Basic.Ack(tag, flag))
