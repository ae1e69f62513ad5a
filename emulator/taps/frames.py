"""AMQP frames as they pass a tap, cut out of the stream, and what the ones that matter say."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gatepost.broker import WireEvent, codec
from gatepost.broker.codec import Basic, Connection
from gatepost.broker.errors import AmqpError
from gatepost.broker.observer import Kind

FIRST_FRAME_MAX = 1024 * 1024
_LARGEST_FRAME = 128 * 1024 * 1024
_MOST_BODY = 1024 * 1024
"""Bytes of a body that are kept until the message is whole; a larger one passes in pieces and is journalled without."""

SETTLINGS: dict[int, Kind] = {Basic.Ack.INDEX: "ack", Basic.Nack.INDEX: "nack", Basic.Reject.INDEX: "reject"}
_DELIVERIES = (Basic.Deliver.INDEX, Basic.GetOk.INDEX)
_TAG = struct.Struct(">QB")
_TUNE = struct.Struct(">HIH")


class Frame(NamedTuple):
    kind: int
    channel: int
    payload: bytes

    @property
    def method(self) -> int:
        """Class and method of a method frame; 0 of others."""
        return codec.method_index(self.payload) if self.kind == codec.METHOD and len(self.payload) >= 4 else 0

    @property
    def raw(self) -> bytes:
        return codec.encode_frame(self.kind, self.channel, self.payload)


class Frames:
    """Cuts one direction of a connection into frames. `header` are the bytes before the first one, 8 from a client."""

    def __init__(self, header: int = 0) -> None:
        self._header = header
        self._reader = codec.FrameReader()
        self._reader.frame_max = FIRST_FRAME_MAX
        self._unreadable = False

    def feed(self, data: bytes) -> Iterator[Frame | bytes]:
        """Frames, and bytes that are none. What is no AMQP passes as it is from there on."""
        if self._header:
            taken, data = data[: self._header], data[self._header :]
            self._header -= len(taken)
            yield taken
        if self._unreadable:
            yield data
            return
        try:
            for frame in self._reader.feed(data):
                yield Frame(*frame)
        except AmqpError:
            self._unreadable = True
            yield self._reader.rest()

    def allow(self, frame_max: int) -> None:
        """Frames may be this large; 0 stands for no limit."""
        self._reader.frame_max = min(max(frame_max or _LARGEST_FRAME, FIRST_FRAME_MAX), _LARGEST_FRAME)


@dataclass(slots=True)
class Delivery:
    """A message on its way to the client, of which a part is still to come."""

    event: dict[str, Any]
    frames: list[bytes]
    properties: bytes = b""
    body: list[bytes] = field(default_factory=list)
    missing: int | None = None

    def add(self, frame: Frame) -> bool:
        """Whether it is whole now, or too large to wait for."""
        self.frames.append(frame.raw)
        if frame.kind == codec.HEADER:
            self.missing = codec.decode_content_header(frame.payload)[2]
            self.properties = codec.properties_of(frame.payload)
            return self.missing == 0 or self.missing > _MOST_BODY
        if self.missing is not None:
            self.body.append(frame.payload)
            self.missing -= len(frame.payload)
        return self.missing is None or self.missing <= 0

    def seen(self) -> WireEvent:
        return WireEvent(**self.event, properties=self.properties, body=b"".join(self.body))


def delivery(connection: int, frame: Frame) -> Delivery | None:
    """What a method frame begins; None where it begins no delivery."""
    index, payload = frame.method, frame.payload
    if index not in _DELIVERIES:
        return None
    consumer_tag, at = codec.short_string(payload, 4) if index == Basic.Deliver.INDEX else ("", 4)
    tag, redelivered = _TAG.unpack_from(payload, at)
    exchange, at = codec.short_string(payload, at + _TAG.size)
    event: dict[str, Any] = {
        "kind": "deliver" if index == Basic.Deliver.INDEX else "get",
        "connection": connection,
        "channel": frame.channel,
        "tag": tag,
        "redelivered": redelivered & 1 != 0,
        "exchange": exchange,
        "routing_key": codec.short_string(payload, at)[0],
        "consumer_tag": consumer_tag,
    }
    return Delivery(event, [frame.raw])


def settling(connection: int, frame: Frame) -> WireEvent:
    """Of an ack, nack or reject."""
    kind = SETTLINGS[frame.method]
    tag, bits = _TAG.unpack_from(frame.payload, 4)
    if kind == "reject":
        return WireEvent(kind, connection, frame.channel, tag=tag, requeue=bits & 1 != 0)
    return WireEvent(kind, connection, frame.channel, tag=tag, multiple=bits & 1 != 0, requeue=bits & 2 != 0)


def frame_max(frame: Frame) -> int | None:
    """What the broker offers in `connection.tune`."""
    if frame.method != Connection.Tune.INDEX:
        return None
    offered: int = _TUNE.unpack_from(frame.payload, 4)[1]
    return offered


def with_heartbeat(frame: Frame, seconds: int) -> Frame:
    """The same `connection.tune`, with an offer of at most so many seconds."""
    channels, size, offered = _TUNE.unpack_from(frame.payload, 4)
    lowered = min(offered, seconds) if offered else seconds
    return frame._replace(payload=frame.payload[:4] + _TUNE.pack(channels, size, lowered))


def capable(frame: Frame, capability: str) -> bool:
    """Whether a client's `connection.start-ok` says that it understands this extension."""
    try:
        kind, capabilities = codec.decode_method(frame.payload).client_properties.get("capabilities", ("", None))
    except AmqpError:
        return False
    return kind == "F" and capabilities.get(capability) == ("t", True)
