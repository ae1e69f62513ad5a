"""AMQP 0-9-1 frames on a bare socket: what a client library would hide, a test sees and may do wrong."""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from pika import frame, spec

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8

# Long for a broker on a busy machine, short for a person who waits for a test that hangs.
PATIENCE = 60.0  # seconds


class Cut(Exception):
    """The broker closed the socket."""


@dataclass(frozen=True)
class Frame:
    kind: int
    channel: int
    payload: bytes

    def encode(self) -> bytes:
        return struct.pack(">BHI", self.kind, self.channel, len(self.payload)) + self.payload + b"\xce"

    @property
    def method(self) -> Any:
        """The method that a method frame carries, as one of `pika.spec`."""
        assert self.kind == METHOD, self
        index: int = struct.unpack_from(">I", self.payload)[0]
        return spec.methods[index]().decode(self.payload, 4)


def method_frame(channel: int, method: Any) -> Frame:
    return _parse(frame.Method(channel, method).marshal())


def header_frame(channel: int, body_size: int, properties: Any = None) -> Frame:
    return _parse(frame.Header(channel, body_size, properties or spec.BasicProperties()).marshal())


def heartbeat_frame() -> Frame:
    return Frame(HEARTBEAT, 0, b"")


def _parse(data: bytes) -> Frame:
    kind, channel, size = struct.unpack_from(">BHI", data)
    return Frame(kind, channel, data[7 : 7 + size])


class Wire:
    """A TCP connection to the broker of a URL, which speaks only when told to."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        assert address.hostname is not None, url
        assert address.port is not None, url
        self._socket = socket.create_connection((address.hostname, address.port), timeout=PATIENCE)
        # As every client library does; without it a small frame after another waits for an acknowledgement of TCP.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()

    def send(self, data: bytes) -> None:
        """Raises Cut when the broker is gone."""
        self._socket.settimeout(PATIENCE)
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Cut from error

    def send_method(self, channel: int, method: Any) -> None:
        self.send(method_frame(channel, method).encode())

    def half_close(self) -> None:
        """Tell the broker that no more bytes come."""
        self._socket.shutdown(socket.SHUT_WR)

    def read_frame(self, patience: float = PATIENCE) -> Frame:
        """The next frame. Raises Cut at the end of the stream, TimeoutError after `patience` seconds."""
        deadline = time.monotonic() + patience
        kind, channel, size = struct.unpack(">BHI", self._take(7, deadline))
        payload = self._take(size + 1, deadline, after=7)
        del self._buffer[: 7 + size + 1]
        assert payload[-1] == spec.FRAME_END, f"frame without end octet: {payload!r}"
        return Frame(kind, channel, payload[:-1])

    def read_bytes(self, count: int, patience: float = PATIENCE) -> bytes:
        """The next `count` bytes, whatever they are. Raises like `read_frame`."""
        taken = self._take(count, time.monotonic() + patience)
        del self._buffer[:count]
        return taken

    def read_to_end(self, patience: float = PATIENCE) -> bytes:
        """All that still comes until the broker closes. Raises TimeoutError when it does not within `patience`."""
        deadline = time.monotonic() + patience
        try:
            while True:
                self._receive(deadline)
        except Cut:
            rest = bytes(self._buffer)
            self._buffer.clear()
            return rest

    def _take(self, count: int, deadline: float, after: int = 0) -> bytes:
        while len(self._buffer) < after + count:
            self._receive(deadline)
        return bytes(self._buffer[after : after + count])

    def _receive(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"nothing more from the broker; so far {bytes(self._buffer[:200])!r}")
        self._socket.settimeout(left)
        try:
            data = self._socket.recv(1 << 16)
        except ConnectionResetError as error:
            raise Cut from error
        if not data:
            raise Cut
        self._buffer += data

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
