"""A message, and its properties without decoding what nobody asks for."""

from __future__ import annotations

import functools
import re
import struct

from gatepost.broker.codec import Address, encode_content
from gatepost.broker.errors import AmqpError, precondition_failed
from gatepost.broker.tables import TYPE_NAMES, Malformed, Table, decode_table, encode_table, scan_table

# The bits of the property flags.
CONTENT_TYPE, CONTENT_ENCODING, HEADERS, DELIVERY_MODE, PRIORITY = 15, 14, 13, 12, 11
CORRELATION_ID, REPLY_TO, EXPIRATION, MESSAGE_ID, TIMESTAMP = 10, 9, 8, 7, 6
TYPE, USER_ID, APP_ID, CLUSTER_ID = 5, 4, 3, 2

_SIZES = {DELIVERY_MODE: 1, PRIORITY: 1, TIMESTAMP: 8}
_FLAGS = struct.Struct(">H")
_LONGEST_EXPIRY = 315_360_000_000
"""Milliseconds; RabbitMQ's bound (ten years) for expiration and every TTL."""

_LEADING_INTEGER = re.compile(r"[+-]?\d+")

Parts = dict[int, bytes]
"""The bytes of each property that is there, by its bit, in order."""


class Message:
    """One published message. Immutable once routed, so that many queues can hold the same one."""

    __slots__ = (
        "_headers",
        "_wire",
        "_wire_key",
        "address",
        "body",
        "expiration",
        "flags",
        "properties",
        "routing_keys",
        "shared",
    )

    def __init__(self, address: Address, properties: bytes, body: bytes) -> None:
        """Raises AmqpError where the properties are malformed or a routing header has the wrong type."""
        self.address = address
        self.properties = properties
        self.body = body
        parts = split(properties)
        self.flags = properties[0] << 8 | properties[1]
        self.shared = False
        """Whether more than one queue has it."""
        self._headers: Table | None = None
        self.expiration: int | None = None
        self.routing_keys: list[str] | None = None
        """All keys to route by, where the sender chose more than one with the headers CC and BCC."""
        self._wire = b""
        self._wire_key = (0, 0)
        if EXPIRATION in parts:
            self.expiration = parse_expiration(_short(parts[EXPIRATION]))
        if HEADERS in parts and b"CC" in parts[HEADERS]:
            self._select_routes(parts)

    @property
    def parts(self) -> Parts:
        return split(self.properties)

    def has(self, bit: int) -> bool:
        return self.flags >> bit & 1 != 0

    def short(self, bit: int) -> str | None:
        """The value of a property that is a short string."""
        return _short(self.parts[bit]) if self.has(bit) else None

    def table(self) -> Table:
        """The headers, decoded once."""
        if self._headers is None:
            self._headers = decode_table(self.parts[HEADERS])[0] if self.has(HEADERS) else {}
        return self._headers

    def content(self, channel: int, frame_max: int) -> bytes:
        """Header and body frames; what many queues have is mostly encoded once."""
        if not self.shared:
            return encode_content(channel, self.properties, self.body, frame_max)
        key = (channel, frame_max)
        if self._wire_key != key:
            self._wire = encode_content(channel, self.properties, self.body, frame_max)
            self._wire_key = key
        return self._wire

    def with_parts(self, parts: Parts, address: Address | None = None) -> Message:
        """The same body with other properties."""
        ordered = {bit: parts[bit] for bit in sorted(parts, reverse=True)}
        return Message(address or self.address, join(ordered), self.body)

    def _select_routes(self, parts: Parts) -> None:
        headers = self.table()
        keys = [self.address.routing_key]
        for name in ("CC", "BCC"):
            if name not in headers:
                continue
            kind, routes = headers[name]
            if kind != "A":
                what = f'{{unacceptable_type_in_header,"{name}",{TYPE_NAMES[kind]}}}'
                raise precondition_failed(f"invalid message: {what}")
            keys += [route for route_kind, route in routes if route_kind == "S"]
        if "BCC" in headers:
            self._headers = {name: field for name, field in headers.items() if name != "BCC"}
            self.properties = join(parts | {HEADERS: encode_table(self._headers)})
        if len(keys) > 1:
            self.routing_keys = keys


def _short(part: bytes) -> str:
    return part[1:].decode("utf-8", "surrogateescape")


@functools.cache
def _bits(flags: int) -> tuple[int, ...]:
    return tuple(bit for bit in range(15, 1, -1) if flags >> bit & 1)


def split(properties: bytes) -> Parts:
    """Cut properties into the bytes of each. Raises AmqpError 541, as RabbitMQ does, where they are malformed."""
    parts: Parts = {}
    flags = 0
    try:
        flags = _FLAGS.unpack_from(properties)[0]
        pos = 2
        for bit in _bits(flags):
            end = scan_table(properties, pos) if bit == HEADERS else pos + (_SIZES.get(bit) or 1 + properties[pos])
            parts[bit] = properties[pos:end]
            pos = end
    except (IndexError, struct.error, Malformed):
        pos = -1
    if pos != len(properties) or flags & 3:
        raise AmqpError(541, "the properties of the message cannot be decoded")
    return parts


def join(parts: Parts) -> bytes:
    flags = 0
    for bit in parts:
        flags |= 1 << bit
    return _FLAGS.pack(flags) + b"".join(parts.values())


def check_expiry(milliseconds: int) -> str | None:
    """What RabbitMQ finds wrong with a TTL, or None."""
    if milliseconds < 0:
        return f"{{value_negative,{milliseconds}}}"
    if milliseconds > _LONGEST_EXPIRY:
        return f"{{value_too_large,{milliseconds}}}"
    return None


def parse_expiration(text: str) -> int:
    """Milliseconds. Raises AmqpError 406 with RabbitMQ's text."""
    match = _LEADING_INTEGER.match(text)
    if match is None:
        wrong: str | None = "no_integer"
    elif match.end() != len(text):
        wrong = f'{{leftover_string,"{text[match.end() :]}"}}'
    else:
        wrong = check_expiry(int(match.group()))
    if wrong is not None or match is None:
        raise precondition_failed(f"invalid expiration '{text}': {wrong}")
    return int(match.group())
