"""granian's WSGI worker, run inside our own process: the server of `gatepost serve`.

granian's public `Server` forks worker processes and installs signal handlers; the engine has to live in the process
that serves, and `serve` has handlers of its own. So this module, and no other, drives granian's private worker class.
The pinned version is part of the contract: `tests/serving` holds every behaviour that we rely on.

Rules that came out of experiments:

- granian's `wsgi.input` loses bytes when `read()` follows `read(n)`, knows no `read(-1)`, and ends quietly when the
  client left in the middle. The application therefore never sees it.
- On a machine short of processor time a worker sometimes never ends when it is told to: one of its threads spins for
  ever. Seen with `serve_str` and with `serve_mtr`, cause not found.
- A thread of the worker that wakes while the interpreter is torn down aborts the process.

Hence a process that has started one of these ends by `os._exit`, after `stop`.
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

from granian import _granian
from granian._futures import _new_cbscheduler
from granian._granian import WorkerSignal
from granian.http import HTTP1Settings

from gatepost import serving
from gatepost.serving.body import CountedBody, Source
from gatepost.serving.gateway import Exchange, Gateway, warn_of_parked
from gatepost.serving.listener import listen, root_url
from gatepost.serving.tls import Certificate

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_BACKLOG = 1024
_CONNECTIONS = 4096
_IDLE_THREAD_SECONDS = 30


class GranianServer:
    """An `HttpServer` that is fast, and whose process ends with it, by `os._exit`.

    `threads` bounds the requests that run, or are parked, at the same time; further ones wait for a thread.
    What may be parked at once, each kind with a bound of its own, leaves threads for those who would release it.
    """

    def __init__(
        self,
        app: WSGIApplication,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        certificate: Certificate | None = None,
        threads: int = 256,
    ) -> None:
        if certificate is not None:  # granian aborts the process on a bad file, so it must not be the first to read it
            certificate.context()
        self._certificate = certificate
        self._threads = threads
        self._gateway = Gateway(app)
        self._signal = WorkerSignal()
        self._ended = threading.Event()
        self._socket: socket.socket | None = listen(host, port)
        self._serving = False
        self.host = host
        self.port: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        return root_url(self.host, self.port, tls=self._certificate is not None)

    def start(self) -> None:
        if self._socket is None:
            raise RuntimeError("This server has been started before; make a new one to serve again.")
        self._signal.add_cb(self._ended.set)
        _run_worker(self._socket.detach(), self._handle, self._signal, self._certificate, self._threads)
        self._socket = None
        self._serving = True

    def stop(self) -> int:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if not self._serving:
            return 0
        self._serving = False
        self._signal.set()
        # It ends with the last connection that is not idle. What is left then is cut by the end of the process.
        self._ended.wait(serving.GRACE_SECONDS)
        return warn_of_parked(self.url, self._gateway)

    def _handle(self, exchange: Exchange, environ: WSGIEnvironment) -> None:
        """Called by granian, in one of its threads."""
        if environ["SERVER_PROTOCOL"] == "HTTP/1":
            environ["SERVER_PROTOCOL"] = "HTTP/1.0"
        if not environ["HTTP_HOST"]:
            del environ["HTTP_HOST"]
        self._gateway(exchange, environ, _body(environ))


class _ChunkedBody:
    """granian has undone the chunks, and hides from us whether the body broke off."""

    length = None

    def __init__(self, stream: Any) -> None:
        self.read = stream.read


def _body(environ: WSGIEnvironment) -> Source | None:
    stream = environ["wsgi.input"]
    if "HTTP_TRANSFER_ENCODING" in environ:
        return _ChunkedBody(stream)
    length = int(environ.get("CONTENT_LENGTH", "0"))  # which granian has found to be a number
    return CountedBody(stream.read, length) if length else None


class _NoLoop:
    """Stands in for the event loop: a WSGI worker asks for one, calls this once, and never runs it."""

    def call_soon(self, *args: object, **kwargs: object) -> None:
        pass


def _run_worker(
    descriptor: int, handle: Any, signal: WorkerSignal, certificate: Certificate | None, threads: int
) -> None:
    """Start granian on a listening socket, which is granian's from now on. Returns at once."""
    native: Any = _granian  # its type stub is of an older version
    tls = (False, None, None) if certificate is None else (True, str(certificate.cert), str(certificate.key))
    worker = native.WSGIWorker(
        1,  # worker id, seen in granian's log lines only
        (None, native.SocketHolder(descriptor, False, _BACKLOG)),
        None,  # no supervisor to talk to
        1,  # runtime threads
        1,  # threads for granian's own file service, which is off
        threads,
        _IDLE_THREAD_SECONDS,
        _CONNECTIONS,
        "1",
        HTTP1Settings(header_read_timeout=int(serving.HEADER_SECONDS * 1000)),
        None,
        None,
        *tls,
        None,
        "tls1.2",  # old connectors know nothing newer
        None,
        [],
        False,
        (None, None),
    )
    loop: Any = _NoLoop()
    schedule: Any = _new_cbscheduler
    worker.serve_str(schedule(loop, handle, impl_asyncio=True), loop, signal)
