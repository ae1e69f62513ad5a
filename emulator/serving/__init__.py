"""HTTP servers for one WSGI application: `GranianServer` for a process of its own, `ThreadedServer` inside of tests.

granian answers about twice as many requests, but a worker of it that is told to end on a machine short of processor
time sometimes leaves a thread spinning for ever. That does not matter to `gatepost serve`, whose process ends with it;
it does to a test run that starts and stops hundreds of worlds. Both keep one contract, which `tests/serving` holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from gatepost.serving.tls import Certificate

GRACE_SECONDS = 2.0
"""How long `stop` lets requests in flight run on."""

HEADER_SECONDS = 75.0
"""How long a connection may be idle, or take over the headers of a request."""


class HttpServer(Protocol):
    """Listens, without answering, from the moment that it is made. An object serves once."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The root, without a slash at the end."""

    def start(self) -> None:
        """Serving when it returns. Raises RuntimeError when it was started or stopped before."""

    def stop(self) -> int:
        """Close the listener, give requests in flight `GRACE_SECONDS` to end, then cut what is left.

        Returns how many requests did not end; a warning in the log names them. Their owner has to release what they
        wait for before. Idempotent. Not to be called by a request of this server, which would wait for itself.
        """


class ServerFactory(Protocol):
    """Makes a server that listens on `host` and `port`, 0 for a free one.

    Raises OSError for an address that is taken or not ours (`EADDRINUSE`, `EADDRNOTAVAIL`), `socket.gaierror` for an
    unknown host name, OSError or `ssl.SSLError` for a certificate that cannot be used.
    """

    def __call__(
        self, app: WSGIApplication, host: str = ..., port: int = ..., *, certificate: Certificate | None = ...
    ) -> HttpServer: ...
