"""A TCP proxy in front of a broker: what networks do to connections, on demand."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

HOST = "127.0.0.1"


class Proxy:
    """Forwards to the broker of an AMQP URL; `url` is the same broker behind the proxy.

    Connections are refused until `listen` and after `refuse`. After `hang` they stay open, also new ones, but nothing
    is forwarded any more. With a TLS context it speaks TLS to its clients.
    """

    def __init__(self, amqp_url: str, context: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(amqp_url)
        self._target = (parts.hostname or HOST, parts.port or 5672)
        self._context = context
        # Bound but never listening, it keeps the port ours while nothing listens there.
        self._reservation = socket.socket()
        self._reservation.bind((HOST, 0))
        self._reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.port: int = self._reservation.getsockname()[1]
        login = parts.netloc.rpartition("@")[0]
        self.url = f"{'amqps' if context else 'amqp'}://{login}@{HOST}:{self.port}{parts.path}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._forwards = asyncio.Event()
        self._forwards.set()
        self._connections: set[asyncio.Task[Any]] = set()

    def listen(self) -> None:
        self._do(self._listen())

    def refuse(self) -> None:
        """Close every connection, and the door."""
        self._do(self._refuse())

    def hang(self) -> None:
        self._loop.call_soon_threadsafe(self._forwards.clear)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._reservation.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port, ssl=self._context, reuse_address=True)

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        writers = [writer]
        try:
            broker_reader, broker_writer = await asyncio.open_connection(*self._target)
            writers.append(broker_writer)
            ways = self._pump(reader, broker_writer), self._pump(broker_reader, writer)
            pumps = [asyncio.ensure_future(way) for way in ways]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.wait(pumps)
        except (OSError, asyncio.CancelledError):
            pass  # the broker is away, or the proxy goes: either way the client is cut off
        finally:
            for one in writers:
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._forwards.wait()
                writer.write(data)
                await writer.drain()
