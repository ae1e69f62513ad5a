"""`Broker`: one broker in a thread of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import quote

from gatepost.broker.connection import Connection
from gatepost.broker.hub import Hub
from gatepost.broker.levers import Levers
from gatepost.broker.limits import Limits
from gatepost.broker.observer import Observer
from gatepost.broker.overview import overview

log = logging.getLogger(__name__)

_BACKLOG = 1024
_GOODBYE_SECONDS = 0.5
_ANSWER_SECONDS = 30.0
_ANY_ADDRESS = frozenset({"0.0.0.0", "::", ""})


class BrokerNotRunning(RuntimeError):
    """Asked for something that only a running broker can do."""


class Certificate(Protocol):
    """PEM files for TLS."""

    @property
    def cert(self) -> Path: ...

    @property
    def key(self) -> Path: ...


class Broker:
    """An AMQP 0-9-1 broker that listens from `start` to `stop`, or for the length of a `with` block.

    `port` 0 takes a free one; a port that is taken raises OSError in `start`. `users` are names and passwords; each
    may use every one of the `vhosts`. With a `certificate` it speaks TLS only. Everything that it holds is gone at
    `stop`, also what is durable or persistent.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        users: dict[str, str] | None = None,
        vhosts: Iterable[str] = ("/",),
        certificate: Certificate | None = None,
        limits: Limits | None = None,
        version: str = "0",
    ) -> None:
        self.host = host
        self.port = port
        self.users = {"guest": "guest"} if users is None else dict(users)
        self._vhosts = tuple(vhosts)
        self._certificate = certificate
        self._limits = limits or Limits()
        self._version = version
        self._observers: list[Observer] = []
        self._hub = self._new_hub()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._thaw = threading.Event()

    def _new_hub(self) -> Hub:
        return Hub(self, self.users, self._vhosts, self._limits, self._observers)

    @property
    def url(self) -> str:
        """For clients of the first user, on the first virtual host."""
        scheme = "amqp" if self._certificate is None else "amqps"
        host = "127.0.0.1" if self.host in _ANY_ADDRESS else f"[{self.host}]" if ":" in self.host else self.host
        login = "".join(f"{quote(user, safe='')}:{quote(key, safe='')}@" for user, key in [*self.users.items()][:1])
        return f"{scheme}://{login}{host}:{self.port}/{quote(self._vhosts[0], safe='')}"

    @property
    def levers(self) -> Levers:
        """What can be made to go wrong; from any thread, while the broker runs."""
        return self._hub.levers

    def observe(self, observer: Observer) -> None:
        """Have `observer` called in the broker's thread at each publish, delivery and acknowledgement, before it takes
        effect. As long as it does not return, nothing else happens either."""
        self._observers.append(observer)
        self._rewatch()

    def unobserve(self, observer: Observer) -> None:
        self._observers.remove(observer)
        self._rewatch()

    def _rewatch(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._hub.rewatch)
        else:
            self._hub.rewatch()

    def overview(self) -> dict[str, Any]:
        """What there is: connections, exchanges, bindings, queues with their consumers. Raises BrokerNotRunning."""
        result: dict[str, Any] = {}
        self.in_loop(lambda: result.update(overview(self._hub)))
        return result

    # ------------------------------------------------------------------ start and stop

    def start(self) -> Self:
        """Listen. Raises OSError when the address is taken or not ours, `ssl.SSLError` for a bad certificate."""
        if self._thread is not None:
            return self
        tls = None
        if self._certificate is not None:
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(self._certificate.cert, self._certificate.key)
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.create_server((self.host, self.port), family=family, backlog=_BACKLOG)
        self.port = listener.getsockname()[1]
        self._thaw.clear()
        self._loop = asyncio.new_event_loop()
        self._hub.attach(self._loop)
        ready = threading.Event()
        arguments = (self._loop, listener, tls, ready)
        self._thread = threading.Thread(target=self._run, args=arguments, name="gatepost-broker", daemon=True)
        self._thread.start()
        ready.wait()
        return self

    async def _listen(
        self, loop: asyncio.AbstractEventLoop, listener: socket.socket, tls: ssl.SSLContext | None
    ) -> asyncio.Server:
        hub, version = self._hub, self._version
        seconds = None if tls is None else self._limits.handshake_seconds
        return await loop.create_server(
            lambda: Connection(hub, version), sock=listener, ssl=tls, ssl_handshake_timeout=seconds, backlog=_BACKLOG
        )

    def _run(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: socket.socket,
        tls: ssl.SSLContext | None,
        ready: threading.Event,
    ) -> None:
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(self._listen(loop, listener, tls))
        ready.set()
        loop.run_forever()
        server.close()
        loop.run_until_complete(self._say_goodbye())
        loop.close()

    async def _say_goodbye(self) -> None:
        hub = self._hub
        connections = list(hub.connections.values())
        hub.close_all()
        deadline = hub.time() + _GOODBYE_SECONDS
        while any(connection.attached for connection in connections) and hub.time() < deadline:
            await asyncio.sleep(0.005)
        for connection in connections:
            connection.cut()
        unfinished = asyncio.all_tasks() - {asyncio.current_task()}
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        # What was being accepted meanwhile has its transport only now.
        for connection in list(hub.connections.values()):
            connection.cut()
        await asyncio.sleep(0)

    def stop(self) -> None:
        """Close all connections (320) and end the thread, within about a second. A later `start` begins empty, on the
        same port."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        self._thaw.set()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        self._loop = self._thread = None
        self._hub = self._new_hub()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    # ------------------------------------------------------------------ for the levers

    def in_loop(self, action: Callable[[], None]) -> None:
        """Run it in the broker's thread and wait until it ran. Raises what it raises, and BrokerNotRunning."""
        loop, thread, hub = self._loop, self._thread, self._hub
        if loop is None or thread is None:
            raise BrokerNotRunning("the broker is not running; call start() first")
        if threading.current_thread() is thread:
            action()
            return
        done: concurrent.futures.Future[None] = concurrent.futures.Future()

        def run() -> None:
            try:
                action()
                hub.flush()
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(None)

        loop.call_soon_threadsafe(run)
        done.result(_ANSWER_SECONDS)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        self._hub.later(seconds, action)

    def cut_now(self, number: int | None) -> None:
        self._hub.cut_now(number)

    def close_now(self, number: int | None) -> None:
        self._hub.close_connections(number)

    def set_blocked(self, reason: str | None) -> None:
        self._hub.set_blocked(reason)

    def cuts_changed(self) -> None:
        self._hub.rewatch()

    def freeze(self, seconds: float) -> None:
        if self._loop is None:
            raise BrokerNotRunning("the broker is not running; call start() first")
        self._loop.call_soon_threadsafe(self._thaw.wait, seconds)
