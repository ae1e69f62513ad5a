"""A server of the standard library's parts with a thread for each connection: what `Gatepost()` runs on in tests.

It exists to start and to stop, hundreds of times and on a machine that is overloaded, without leaving anything behind.
So every thread is waited for, and everything that one can wait on can be ended from outside: the accepting thread
watches a second socket, and the others wait for their client only, whose socket `stop` shuts.

`socketserver`'s own loop is not used: it looks for a wish to stop twice a second, and joins threads without a deadline.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from typing import TYPE_CHECKING

from gatepost import serving
from gatepost.serving.connection import Connection, Site
from gatepost.serving.gateway import Gateway, warn_of_parked
from gatepost.serving.listener import listen, root_url
from gatepost.serving.tls import Certificate

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger(__name__)

_CUT_SECONDS = 1.0
"""How long a thread may take to find out that its connection was cut."""

_NO_MORE_SECONDS = 0.05
"""Pause when the system gives no further descriptor or thread."""


class ThreadedServer:
    """An `HttpServer` that leaves no thread, socket or descriptor behind, except for requests that do not end."""

    def __init__(
        self,
        app: WSGIApplication,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        certificate: Certificate | None = None,
    ) -> None:
        self._context = certificate.context() if certificate is not None else None
        self._gateway = Gateway(app)
        self._listener = listen(host, port)
        self._wake, self._woken = socket.socketpair()
        self._stopping = threading.Event()
        self._acceptor = threading.Thread(target=self._accept, name="gatepost-http", daemon=True)
        self._connections: list[Connection] = []
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        scheme = "http" if certificate is None else "https"
        self._site = Site(self._gateway, self._stopping.is_set, host, self.port, scheme)

    @property
    def url(self) -> str:
        return root_url(self.host, self.port, tls=self._context is not None)

    def start(self) -> None:
        if self._stopping.is_set() or self._acceptor.ident is not None:
            raise RuntimeError("This server has been started before; make a new one to serve again.")
        self._acceptor.start()

    def stop(self) -> int:
        if self._stopping.is_set():
            return 0
        self._stopping.set()
        self._wake.close()
        if self._acceptor.ident is not None:
            self._acceptor.join()
        self._listener.close()
        self._woken.close()
        for connection in self._connections:
            connection.end_if_idle()
        self._join(serving.GRACE_SECONDS)
        for connection in self._connections:
            connection.cut()
        self._join(_CUT_SECONDS)
        return warn_of_parked(self.url, self._gateway)

    def _join(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for connection in self._connections:
            connection.join(max(deadline - time.monotonic(), 0))

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while True:
                selector.select()
                if self._stopping.is_set():
                    return
                try:
                    self._take(*self._listener.accept())
                except (BlockingIOError, ConnectionError):
                    continue  # the client left before it was its turn
                except (OSError, RuntimeError) as error:
                    log.warning("%s: a connection could not be taken: %s", self.url, error)
                    self._stopping.wait(_NO_MORE_SECONDS)

    def _take(self, client: socket.socket, address: tuple[str, int]) -> None:
        try:
            client.setblocking(True)
            if self._context is not None:  # the handshake waits for the client, so the connection's thread does it
                client = self._context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
            connection = Connection(client, address, self._site)
            connection.start()
        except BaseException:
            client.close()
            raise
        self._connections = [other for other in self._connections if not other.ended()] + [connection]
