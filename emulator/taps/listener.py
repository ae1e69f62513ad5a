"""What both taps stand on: a listening socket, and a thread whose event loop serves every connection."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine

log = logging.getLogger(__name__)

CONNECTIONS = 4_096
READ_BYTES = 65_536
"""Bytes that are read at a time; a connection holds a few times that in each direction, at most."""

_BACKLOG = 1024
_STOP_SECONDS = 1.0
_LINGER_RESET = struct.pack("ii", 1, 0)

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """Listens from the moment that it is made, and serves from `start` to `stop`. `port` 0 takes a free one.

    Raises OSError for an address that is taken or not ours.
    """

    def __init__(self, serve: Serve, host: str, port: int, *, name: str, context: ssl.SSLContext | None = None) -> None:
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=self._family, backlog=_BACKLOG)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._serve = serve
        self._name = name
        self._context = context
        self._connections: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    def start(self) -> None:
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(self._loop, ready), name=self._name, daemon=True)
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """Cut every connection and end the thread. Idempotent."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            self._socket.close()
            return
        self._loop = self._thread = None
        loop.call_soon_threadsafe(self._stopping.set)
        thread.join()

    def do(self, action: Callable[[], Coroutine[None, None, None]]) -> None:
        """Run it in the listener's thread and wait for it; nothing happens where nothing is served."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(action(), self._loop).result()

    async def refuse(self) -> None:
        """Cut every connection, and have the port refuse new ones."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        # Bound, and not listening: nobody else gets the port meanwhile.
        self._socket = socket.socket(self._family)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((self.host, self.port))
        for connection in self._connections:
            connection.cancel()

    async def accept(self) -> None:
        """The end of `refuse`. Raises OSError where the port is gone after all."""
        if self._server is None:
            self._socket.close()
            self._socket = socket.create_server((self.host, self.port), family=self._family, backlog=_BACKLOG)
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._accept, sock=self._socket, ssl=self._context, limit=READ_BYTES, backlog=_BACKLOG
        )

    def _run(self, loop: asyncio.AbstractEventLoop, ready: threading.Event) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._main(ready))
        finally:
            loop.close()

    async def _main(self, ready: threading.Event) -> None:
        await self._listen()
        ready.set()
        await self._stopping.wait()
        if self._server is not None:
            self._server.close()
        else:
            self._socket.close()
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=_STOP_SECONDS)
        await asyncio.sleep(0)  # transports tell of their end in the loop's next turn

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= CONNECTIONS:
            writer.transport.abort()
            return
        task = asyncio.ensure_future(self._connection(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # one of the sides is gone, or the tap goes: the other is cut
        except Exception:
            log.exception("%s: a connection failed", self._name)
        finally:
            writer.transport.abort()


def reset(writer: asyncio.StreamWriter) -> None:
    """Have the other side see a reset of the connection instead of its end."""
    endpoint = writer.get_extra_info("socket")
    if endpoint is not None:
        with contextlib.suppress(OSError):
            endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
    writer.transport.abort()


async def finish(writer: asyncio.StreamWriter) -> None:
    """Close once everything is sent, and wait for it."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def trickle(writer: asyncio.StreamWriter, data: bytes, size: int, pause: float) -> None:
    """Send so many bytes at a time."""
    for start in range(0, len(data), size):
        writer.write(data[start : start + size])
        await writer.drain()
        await asyncio.sleep(pause)
