"""pika's protocol engine on one of asyncio's own transports.

pika's AsyncioConnection makes its connections by a machinery of its own, which cannot be told to give up at any moment:
it then fails on assertions, or leaves behind a connection that nobody knows of. asyncio's can.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import pika
from pika.connection import Connection
from pika.exceptions import StreamLostError


class Amqp(Connection, asyncio.Protocol):  # type: ignore[misc]  # pika ships no types
    """`on_open` is called when the broker has let us in, `on_end` once with the reason when the connection is gone."""

    def __init__(
        self,
        parameters: pika.ConnectionParameters,
        on_open: Callable[[Amqp], None],
        on_end: Callable[[Amqp, Exception], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._broken: Exception | None = None
        self._leaving = False
        self._corked: list[bytes] | None = None
        super().__init__(parameters, on_open, on_end, on_end, internal_connection_workflow=False)

    def abort(self) -> None:
        """Close the socket without a goodbye."""
        self._terminate_stream(ConnectionAbortedError("The connection was given up"))

    @contextlib.contextmanager
    def corked(self) -> Iterator[None]:
        """Send what is written in the block in one piece: pika writes each frame of a message for itself, and each
        system call is a turn of the interpreter's lock."""
        pieces = self._corked = []
        try:
            yield
        finally:
            self._corked = None
            if pieces:
                self._transport.write(b"".join(pieces))

    # What asyncio calls:

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._on_stream_connected()

    def data_received(self, data: bytes) -> None:
        try:
            self._on_data_available(data)
        except Exception as error:  # whatever pika makes of bytes that are not AMQP
            self._broken = error
            self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        cause = self._broken or error
        lost = None
        if cause is not None or not self._leaving:
            lost = StreamLostError(f"The connection broke: {cause}" if cause else "The broker hung up")
        self._on_stream_terminated(lost)

    # What pika calls:

    def _adapter_emit_data(self, data: bytes) -> None:
        if self._corked is None:
            self._transport.write(data)
        else:
            self._corked.append(data)

    def _adapter_disconnect_stream(self) -> None:
        self._leaving = True
        self._transport.abort()

    def _adapter_call_later(self, delay: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        return self._loop.call_later(delay, callback)

    def _adapter_remove_timeout(self, timeout: asyncio.TimerHandle) -> None:
        timeout.cancel()

    def _adapter_add_callback_threadsafe(self, callback: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(callback)

    def _adapter_connect_stream(self) -> None:
        raise NotImplementedError("the transport is made before the connection")
