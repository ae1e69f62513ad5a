"""The wire: frames and methods to and from bytes. Nothing else imports pika.

Methods are pika's own classes. Their decoders trust every length, so a method's fields are first measured against
its layout here. The three methods that make up the traffic (publish, deliver, ack) are packed and unpacked by hand,
which measured five times as fast.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator
from typing import Any

from pika import spec
from pika.frame import Heartbeat
from pika.frame import Method as MethodFrame

from gatepost.broker.errors import AmqpError, erlang_binary
from gatepost.broker.limits import INITIAL_FRAME_MAX
from gatepost.broker.tables import Malformed, Table, decode_table

Method = Any
"""One of pika's method classes; `arguments` and `client_properties` are our typed tables."""

METHOD, HEADER, BODY, HEARTBEAT = spec.FRAME_METHOD, spec.FRAME_HEADER, spec.FRAME_BODY, spec.FRAME_HEARTBEAT
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
PROTOCOL_HEADERS = {
    PROTOCOL_HEADER: (0, 9),
    b"AMQP\x01\x01\x00\x09": (0, 9),
    b"AMQP\x01\x01\x08\x00": (8, 0),
    b"AMQP\x01\x01\x09\x01": (8, 0),
}
"""What clients may begin with, as with RabbitMQ, and the version that the broker then says it speaks."""

HEARTBEAT_FRAME: bytes = Heartbeat().marshal()
END = 0xCE
OVERHEAD = 8
"""Bytes of a frame around its payload."""

Connection, Channel, Exchange, Queue = spec.Connection, spec.Channel, spec.Exchange, spec.Queue
Basic, Confirm, Tx, Access = spec.Basic, spec.Confirm, spec.Tx, spec.Access

PUBLISH: int = Basic.Publish.INDEX
ACK: int = Basic.Ack.INDEX
BASIC_CLASS: int = Basic.INDEX
UPDATE_SECRET: int = Connection.UpdateSecret.INDEX

_FRAME_HEAD = struct.Struct(">BHI")
_CONTENT_HEAD = struct.Struct(">HHQ")
_ACK = struct.Struct(">QB")
_DELIVERY = struct.Struct(">QB")
_INDEX = struct.Struct(">I")
_head_at: Callable[[bytes, int], tuple[int, int, int]] = _FRAME_HEAD.unpack_from

# 2, 4, 8: octets; s: short string; S: long string; t: table; 1: octet of bits. What clients may send.
_LAYOUTS: dict[int, str] = {
    Connection.StartOk.INDEX: "tsSs",
    Connection.SecureOk.INDEX: "S",
    Connection.TuneOk.INDEX: "242",
    Connection.Open.INDEX: "ss1",
    Connection.Close.INDEX: "2s22",
    Connection.CloseOk.INDEX: "",
    UPDATE_SECRET: "Ss",
    Channel.Open.INDEX: "s",
    Channel.Flow.INDEX: "1",
    Channel.FlowOk.INDEX: "1",
    Channel.Close.INDEX: "2s22",
    Channel.CloseOk.INDEX: "",
    Access.Request.INDEX: "s1",
    Exchange.Declare.INDEX: "2ss1t",
    Exchange.Delete.INDEX: "2s1",
    Exchange.Bind.INDEX: "2sss1t",
    Exchange.Unbind.INDEX: "2sss1t",
    Queue.Declare.INDEX: "2s1t",
    Queue.Bind.INDEX: "2sss1t",
    Queue.Unbind.INDEX: "2ssst",
    Queue.Purge.INDEX: "2s1",
    Queue.Delete.INDEX: "2s1",
    Basic.Qos.INDEX: "421",
    Basic.Consume.INDEX: "2ss1t",
    Basic.Cancel.INDEX: "s1",
    PUBLISH: "2ss1",
    Basic.Get.INDEX: "2s1",
    ACK: "81",
    Basic.Reject.INDEX: "81",
    Basic.Nack.INDEX: "81",
    Basic.Recover.INDEX: "1",
    Basic.RecoverAsync.INDEX: "1",
    Confirm.Select.INDEX: "1",
    Tx.Select.INDEX: "",
    Tx.Commit.INDEX: "",
    Tx.Rollback.INDEX: "",
}
_EMPTY_TABLE = b"\0\0\0\0"


class FrameReader:
    """Cuts a stream of bytes into frames; holds at most one unfinished frame."""

    def __init__(self) -> None:
        self.frame_max = INITIAL_FRAME_MAX
        self._pieces: list[bytes] = []
        self._held = 0
        self._needed = 0

    def feed(self, data: bytes) -> Generator[tuple[int, int, bytes], None, None]:
        """Kind, channel and payload of every whole frame. What the caller leaves unread is kept for the next call.

        Raises AmqpError 501 for bytes that are no frame, after which the stream cannot be read on.
        """
        self._pieces.append(data)
        self._held += len(data)
        return self._frames()

    def rest(self) -> bytes:
        """What was read and belongs to no frame that was given out; nothing of it is kept."""
        rest, self._pieces, self._held = b"".join(self._pieces), [], 0
        return rest

    def _frames(self) -> Generator[tuple[int, int, bytes], None, None]:
        if self._held < self._needed:
            return
        buffer = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        pos, size, needed = 0, len(buffer), 7
        try:
            while size - pos >= 7:
                kind, channel, length = _head_at(buffer, pos)
                if length > self.frame_max:
                    raise _frame_error(kind, b"", f"{{frame_too_large,{length},{self.frame_max - OVERHEAD}}}")
                end = pos + 7 + length
                if end >= size:
                    needed = length + OVERHEAD
                    break
                if buffer[end] != END:
                    payload = buffer[pos + 7 : end]
                    raise _frame_error(kind, payload, f"{{invalid_frame_end_marker,{buffer[end]}}}")
                start, pos = pos + 7, end + 1
                yield kind, channel, buffer[start:end]
        finally:
            self._pieces = [buffer[pos:]] if pos < size else []
            self._held = size - pos
            self._needed = needed


def _snippet(payload: bytes) -> str:
    if len(payload) <= 16:
        return f"all octets = {erlang_binary(payload)}"
    return f"first 16 octets = {erlang_binary(payload[:16])}"


def _frame_error(kind: int, payload: bytes, why: str) -> AmqpError:
    return AmqpError(501, f"type {kind}, {_snippet(payload)}: {why}", method=0)


def unknown_frame(kind: int, payload: bytes) -> AmqpError:
    return _frame_error(kind, payload, "unknown_frame")


def check_kind(kind: int, payload: bytes) -> None:
    """Raises AmqpError for a frame that no channel but 0 may carry."""
    if kind == HEARTBEAT and not payload:
        raise unexpected_frame(kind, payload)
    if kind not in (METHOD, HEADER, BODY):
        raise unknown_frame(kind, payload)


def unexpected_frame(kind: int, payload: bytes) -> AmqpError:
    return AmqpError(505, f"type {kind}, {_snippet(payload)}", method=0)


def method_index(payload: bytes) -> int:
    """Class and method id of a method frame. Raises AmqpError for a payload too short to hold them."""
    if len(payload) < 4:
        raise unknown_frame(METHOD, payload)
    index: int = _INDEX.unpack_from(payload)[0]
    return index


def from_client(index: int) -> bool:
    """Whether it is a method that clients may send."""
    return index in _LAYOUTS


def decode_method(payload: bytes) -> Method:
    """A method that a client may send. Raises AmqpError 501 for malformed fields, 503 for unknown methods."""
    index = method_index(payload)
    layout = _LAYOUTS.get(index)
    if layout is None:
        raise AmqpError(503, "unimplemented method", method=index)
    table: Table | None = None
    try:
        table_start, table_end, table = _measure(payload, layout)
    except (IndexError, Malformed, struct.error):
        fields = erlang_binary(payload[4:], printable=False)
        raise AmqpError(501, f"cannot decode {fields}", method=index) from None
    if index == UPDATE_SECRET:
        return Connection.UpdateSecret("", "")
    method = spec.methods[index]()
    if table is None:
        method.decode(payload, 4)
    else:
        method.decode(payload[:table_start] + _EMPTY_TABLE + payload[table_end:], 4)
        setattr(method, "arguments" if layout[0] == "2" else "client_properties", table)
    return method


def _measure(payload: bytes, layout: str) -> tuple[int, int, Table | None]:
    """Where the table is, and the table. Raises what malformed bytes make the parts raise, and AmqpError 501."""
    pos, table_start, table_end = 4, 0, 0
    table: Table | None = None
    for field in layout:
        if field == "s":
            pos = short_string(payload, pos)[1]
        elif field == "S":
            pos += 4 + _INDEX.unpack_from(payload, pos)[0]
        elif field == "t":
            table_start = pos
            table, pos = decode_table(payload, pos)
            table_end = pos
        else:
            pos += int(field)
    if pos != len(payload):
        raise Malformed
    return table_start, table_end, table


def short_string(data: bytes, start: int) -> tuple[str, int]:
    """The text at `start` and where it ends. Raises AmqpError 501 where it is not UTF-8, IndexError at the end."""
    end = start + 1 + data[start]
    if end > len(data):
        raise IndexError
    try:
        return data[start + 1 : end].decode(), end
    except UnicodeDecodeError:
        raise AmqpError(501, "Malformed UTF-8 in shortstr") from None


def encode_short_string(text: str) -> bytes:
    encoded = text.encode()
    return bytes((len(encoded),)) + encoded


class Address:
    """Where a message was published to, and that as bytes, which every delivery repeats."""

    __slots__ = ("encoded", "exchange", "immediate", "mandatory", "routing_key")

    def __init__(self, exchange: str, routing_key: str, *, mandatory: bool = False, immediate: bool = False) -> None:
        self.exchange = exchange
        self.routing_key = routing_key
        self.mandatory = mandatory
        self.immediate = immediate
        self.encoded = encode_short_string(exchange) + encode_short_string(routing_key)


_ADDRESSES_KEPT = 10_000
_addresses: dict[bytes, Address] = {}


def decode_publish(payload: bytes) -> Address:
    """The address in a `basic.publish` frame. Clients repeat them, so the last ones are remembered."""
    address = _addresses.get(payload)
    if address is None:
        method = decode_method(payload)
        address = Address(method.exchange, method.routing_key, mandatory=method.mandatory, immediate=method.immediate)
        if len(_addresses) >= _ADDRESSES_KEPT:
            _addresses.clear()
        _addresses[payload] = address
    return address


def decode_ack(payload: bytes) -> tuple[int, bool]:
    """Delivery tag and whether all up to it are meant. Raises AmqpError 501."""
    if len(payload) != 4 + _ACK.size:
        decode_method(payload)
    tag, bits = _ACK.unpack_from(payload, 4)
    return tag, bits & 1 != 0


def decode_content_header(payload: bytes) -> tuple[int, int, int]:
    """Class, weight and body size. Raises AmqpError 501."""
    if len(payload) < _CONTENT_HEAD.size:
        raise unknown_frame(HEADER, payload)
    class_id, weight, size = _CONTENT_HEAD.unpack_from(payload)
    return class_id, weight, size


def properties_of(header: bytes) -> bytes:
    """The property flags and values in the payload of a content header."""
    return header[_CONTENT_HEAD.size :]


def encode_frame(kind: int, channel: int, payload: bytes) -> bytes:
    return _FRAME_HEAD.pack(kind, channel, len(payload)) + payload + _END


def encode_method(channel: int, method: Method) -> bytes:
    frame: bytes = MethodFrame(channel, method).marshal()
    return frame


def method_index_of(method: Method) -> int:
    index: int = method.INDEX
    return index


def encode_content(channel: int, properties: bytes, body: bytes, frame_max: int) -> bytes:
    """Header and body frames, none larger than `frame_max`."""
    size = len(body)
    head = _FRAME_HEAD.pack(HEADER, channel, _CONTENT_HEAD.size + len(properties))
    parts = [head, _CONTENT_HEAD.pack(BASIC_CLASS, 0, size), properties, _END]
    step = frame_max - OVERHEAD
    if size <= step:
        if size:
            parts += (_FRAME_HEAD.pack(BODY, channel, size), body, _END)
        return b"".join(parts)
    for start in range(0, size, step):
        piece = body[start : start + step]
        parts += (_FRAME_HEAD.pack(BODY, channel, len(piece)), piece, _END)
    return b"".join(parts)


def deliver_prefix(consumer_tag: str) -> bytes:
    """What all `basic.deliver` of a consumer begin with."""
    return _INDEX.pack(Basic.Deliver.INDEX) + encode_short_string(consumer_tag)


def encode_deliver(channel: int, prefix: bytes, tag: int, redelivered: bool, address: bytes) -> bytes:
    payload = prefix + _DELIVERY.pack(tag, redelivered) + address
    return _FRAME_HEAD.pack(METHOD, channel, len(payload)) + payload + _END


def encode_ack(channel: int, tag: int, *, multiple: bool, index: int = ACK) -> bytes:
    return _FRAME_HEAD.pack(METHOD, channel, 4 + _ACK.size) + _INDEX.pack(index) + _ACK.pack(tag, multiple) + _END


_END = bytes((END,))
