"""The HTTP server: granian's WSGI worker, run inside our own process, any number side by side.

granian's public `Server` forks worker processes and installs signal handlers; a test world needs neither, and
needs to start within a millisecond. So this module, and no other, drives granian's private worker class. The pinned
version is part of the contract: `tests/test_server.py` holds every behaviour that we rely on.

Rules that came out of experiments, and why the code below is careful:

- A Rust panic aborts the whole process. Two things that an application can do reach one: a status outside 100 to 999,
  and tens of thousands of headers. `_StartResponse` refuses both.
- granian drops headers with forbidden characters in silence, and sends a body longer or shorter than its
  Content-Length as it is, which desynchronises a kept-alive connection. `_Gateway` lets neither happen.
- granian's `wsgi.input` loses bytes when `read()` follows `read(n)`, knows no `read(-1)`, and ends quietly when the
  client left in the middle. The application therefore never sees it.
- On a machine short of processor time a worker sometimes never ends when it is told to: one of its threads spins for
  ever. Seen with `serve_str` and with `serve_mtr`, cause not found. `stop` then logs an error and returns.
"""

from __future__ import annotations

import atexit
import logging
import os
import socket
import ssl
import stat
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader, BytesIO, RawIOBase
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from granian import _granian
from granian._futures import _new_cbscheduler
from granian._granian import WorkerSignal
from granian.http import HTTP1Settings

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

GRACE_SECONDS = 2.0
"""How long `stop` lets requests in flight run on."""

HEADER_SECONDS = 75.0
"""How long a connection may be idle, or take over the headers of a request."""

_BACKLOG = 1024
_CONNECTIONS = 4096
_IDLE_THREAD_SECONDS = 30
_WHOLE_BODY_BYTES = 1 << 20
_MAX_HEADERS = 1000

Headers = list[tuple[str, str]]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


@dataclass(frozen=True)
class Certificate:
    """PEM files of a server certificate, and of the authority that clients have to trust."""

    ca: Path
    cert: Path
    key: Path


def issue_certificate(hosts: list[str], folder: Path) -> Certificate:
    """Write a new authority and a certificate for `hosts` (names or addresses) into `folder`, which is made if missing.

    The authority's own key is kept nowhere. Raises OSError when the folder cannot be written.
    """
    import trustme  # here, because it takes longer to import than a server takes to start

    authority = trustme.CA(organization_name="Gatepost")
    issued = authority.issue_cert(*hosts, organization_name="Gatepost")
    folder.mkdir(parents=True, exist_ok=True)
    certificate = Certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    certificate.ca.write_bytes(authority.cert_pem.bytes())
    certificate.cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    certificate.key.unlink(missing_ok=True)
    with open(os.open(certificate.key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as key:
        key.write(issued.private_key_pem.bytes())
    return certificate


class HttpServer:
    """Serves one WSGI application on one address until `stop`.

    Binds and listens at once: an address that is taken or not ours raises OSError here (`EADDRINUSE`,
    `EADDRNOTAVAIL`), an unknown host name `socket.gaierror`, an unreadable certificate OSError or `ssl.SSLError`.
    Port 0 takes a free one. `threads` bounds the requests that run, or are parked, at the same time; further ones
    wait for a thread.
    Installs no signal handler. An object serves once; after `stop` make a new one.
    """

    def __init__(
        self,
        app: WSGIApplication,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        certificate: Certificate | None = None,
        threads: int = 128,
    ) -> None:
        if certificate is not None:  # granian aborts the process on a bad file, so it must not be the first to read it
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate.cert, certificate.key)
        self._certificate = certificate
        self._threads = threads
        self._gateway = _Gateway(app)
        self._signal = WorkerSignal()
        self._ended = threading.Event()
        self._lock = threading.RLock()  # a signal handler may call stop() in the middle of stop()
        self._socket: socket.socket | None = _listen(host, port)
        self._address: tuple[str, int] = self._socket.getsockname()[:2]
        self._family = self._socket.family
        self._serving = False
        self.host = host
        self.port = self._address[1]

    @property
    def url(self) -> str:
        """The root, without a slash at the end."""
        scheme = "http" if self._certificate is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    def start(self) -> None:
        """Serving when it returns. Raises RuntimeError when it was started or stopped before."""
        with self._lock:
            if self._socket is None:
                raise RuntimeError("This server has been started before; make a new HttpServer to serve again.")
            self._signal.add_cb(self._on_end)
            _serve(self._socket.detach(), self._gateway, self._signal, self._certificate, self._threads)
            self._socket = None
            self._serving = True
        # Threads of the worker that are still there when the interpreter ends would abort the process.
        atexit.register(self.stop)

    def stop(self) -> int:
        """Close the listener, give requests in flight `GRACE_SECONDS` to end, then cut the connections that are left.

        Returns how many requests did not end. With 0, and no error logged, all threads, connections and descriptors
        are gone, or going within milliseconds. Parked requests have to be released by their owner before; a warning in
        the log names those that were not. A process that is left with some should end by `os._exit`: a thread of
        Rust's that wakes while the interpreter is torn down aborts it. Idempotent. Not to be called by a request of
        this server, which would wait for itself.
        """
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None
            if not self._serving:
                return 0
            self._serving = False
            atexit.unregister(self.stop)
            self._signal.set()
            deadline = time.monotonic() + GRACE_SECONDS
            while not self._ended.wait(max(deadline - time.monotonic(), 0.01)):
                _cut_connections(
                    self._family, self._address
                )  # again, as a busy machine accepts one after the first cut
                if time.monotonic() > deadline + 1:
                    log.error("%s: the HTTP server did not end. End the process to get its port back.", self.url)
                    break
            _await_threads(self._gateway.threads)
            parked = [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']!r}" for environ in self._gateway.running()]
        if parked:
            advice = "Release what they wait for before stop()."
            log.warning("%s: %d requests did not end: %s. %s", self.url, len(parked), ", ".join(parked[:10]), advice)
        return len(parked)

    def _on_end(self) -> None:
        self._gateway.threads[threading.get_native_id()] = threading.get_ident()
        self._ended.set()


# --- granian -------------------------------------------------------------------------------------------------------


class _NoLoop:
    """Stands in for the event loop: a WSGI worker asks for one, calls this once, and never runs it."""

    def call_soon(self, *args: object, **kwargs: object) -> None:
        pass


def _serve(
    descriptor: int, gateway: _Gateway, signal: WorkerSignal, certificate: Certificate | None, threads: int
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
        HTTP1Settings(header_read_timeout=int(HEADER_SECONDS * 1000)),
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
    worker.serve_str(schedule(loop, gateway, impl_asyncio=True), loop, signal)


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _cut_connections(family: int, address: tuple[str, int]) -> None:
    """Shut every accepted connection of ours: granian waits for them without end, and gives no handle to them."""
    folder = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
    for name in os.listdir(folder):
        try:
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            # The copy stays valid if granian closes, and the system reuses, the number meanwhile.
            with socket.socket(fileno=os.dup(int(name))) as connection:
                local = connection.getsockname()
                if connection.family == family and local[1] == address[1] and _covers(address[0], local[0]):
                    connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue


def _covers(bound: str, local: str) -> bool:
    return bound in (local, "0.0.0.0", "::")


def _await_threads(threads: dict[int, int]) -> None:
    """Wait until these threads (system id to Python's) are gone: nothing in Python can join what Rust started."""
    deadline = time.monotonic() + 0.2
    for system_id, ident in list(threads.items()):
        while os.path.exists(f"/proc/self/task/{system_id}") and time.monotonic() < deadline:
            time.sleep(0.0002)
        # A foreign thread that logs is given a dummy, which threading.enumerate() would name for ever.
        active: dict[int, threading.Thread] = getattr(threading, "_active", {})
        if isinstance(active.get(ident), threading._DummyThread):
            active.pop(ident, None)


# --- WSGI ----------------------------------------------------------------------------------------------------------


class _Exchange(Protocol):
    """granian's side of one request. The first response wins; later ones are ignored."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None: ...

    def response_iter(self, status: int, headers: Headers, body: Iterator[bytes]) -> None:
        """Blocks until the body is sent; calls `body.close()` when the client goes away."""


class _Gateway:
    """Calls the application as PEP 3333 says, once for each request that granian hands over in one of its threads.

    granian's own wrapper is not used: it copies the process environment into every environ, reads status and headers
    before a generator had the chance to set them, and does not know `exc_info` and `write`.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._running: dict[int, WSGIEnvironment] = {}
        self.threads: dict[int, int] = {}
        self._constant = {
            "SCRIPT_NAME": "",
            "wsgi.errors": sys.stderr,
            "wsgi.input_terminated": True,
            "wsgi.multiprocess": False,
            "wsgi.multithread": True,
            "wsgi.run_once": False,
            "wsgi.version": (1, 0),
        }

    def running(self) -> list[WSGIEnvironment]:
        return list(self._running.values())

    def __call__(self, exchange: _Exchange, environ: WSGIEnvironment) -> None:
        thread = threading.get_native_id()
        if thread not in self.threads:
            self.threads[thread] = threading.get_ident()
        self._running[thread] = environ
        body: _Body | None = None
        try:
            environ.update(self._constant)
            if environ["SERVER_PROTOCOL"] == "HTTP/1":
                environ["SERVER_PROTOCOL"] = "HTTP/1.0"
            if not environ["HTTP_HOST"]:
                del environ["HTTP_HOST"]
            if environ.get("CONTENT_LENGTH", "0") == "0" and "HTTP_TRANSFER_ENCODING" not in environ:
                environ["wsgi.input"] = BytesIO()
            else:
                body = _Body(environ)
            if body is None or body.arrives(environ):
                self._respond(exchange, environ)
            else:
                exchange.response_bytes(400, [("Connection", "close")], b"")
        except BaseException:  # SystemExit too: above this frame there is no Python to take it
            log.exception("%s %r failed", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            exchange.response_bytes(500, [], b"")
        finally:
            if body is not None:
                body.detach()
            del self._running[thread]

    def _respond(self, exchange: _Exchange, environ: WSGIEnvironment) -> None:
        start = _StartResponse()
        result = self._app(environ, start)
        try:
            whole = type(result) is list
            chunks = iter(result)
            if whole:  # nothing to wait for, so no need to send it in pieces
                first = b"".join(result)
            elif start.headers is not None and environ["REQUEST_METHOD"] == "HEAD":
                first = b""
            else:  # PEP 3333: the headers are final with the first byte, not before
                first = next(filter(None, chunks), b"")
                whole = not first
            if start.headers is None:
                raise RuntimeError("The application did not call start_response.")
            if start.written:
                first = b"".join((*start.written, first))
            if environ["REQUEST_METHOD"] == "HEAD" or start.status in (204, 304):
                exchange.response_bytes(start.status, start.headers, b"")
            elif start.length == len(first) or (whole and start.length is None):
                exchange.response_bytes(start.status, start.headers, first)
                for _ in () if whole else chunks:  # a generator may have work to do after its last chunk
                    pass
            else:  # hyper counts a streamed body against its Content-Length, but not one given at once
                start.sent = True
                exchange.response_iter(start.status, start.headers, _stream(first, () if whole else chunks))
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()


def _stream(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield first
        for chunk in rest:
            if chunk:
                yield chunk if type(chunk) is bytes else memoryview(chunk).tobytes()
    except Exception:
        log.exception("A response broke off in the middle")


class _StartResponse:
    """The `start_response` callable of one request, and what it was given."""

    __slots__ = ("headers", "length", "sent", "status", "written")

    def __init__(self) -> None:
        self.status = 0
        self.headers: Headers | None = None
        self.length: int | None = None
        self.written: list[bytes] = []
        self.sent = False

    def __call__(self, status: str, headers: Headers, exc_info: ExcInfo | None = None, /) -> Any:
        if exc_info is not None:
            try:
                if self.sent and exc_info[1] is not None:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # else the traceback would hold this frame, and this frame the traceback
        elif self.headers is not None:
            raise RuntimeError("start_response was called twice without exc_info.")
        self.status = int(status[:3])
        if not 200 <= self.status <= 999:
            raise ValueError(f"Response status {status!r} is not a final one; use 200 to 999.")
        if len(headers) > _MAX_HEADERS:
            raise ValueError(f"A response with {len(headers)} headers; send at most {_MAX_HEADERS}.")
        self.length = None
        self.headers = checked = []
        for name, value in headers:
            is_length = _IS_LENGTH.get(name)
            if is_length is None:
                is_length = _check_name(name)
            if not (value.isascii() and value.isprintable()):
                value = _wire_text(name, value)
            if is_length:
                self.length = int(value)
            checked.append((name, value))
        return self.written.append


_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_IS_LENGTH: dict[str, bool] = {}
"""The header names that were found good so far, and whether they are Content-Length: cheaper than looking each time."""


def _check_name(name: str) -> bool:
    if not name or not _TOKEN.issuperset(name):
        raise ValueError(f"Response header name {name!r} is not a token of RFC 9110; rename it.")
    is_length = name.lower() == "content-length"
    if len(_IS_LENGTH) < 1000:
        _IS_LENGTH[name] = is_length
    return is_length


def _wire_text(name: str, value: str) -> str:
    """WSGI spells bytes as latin-1, granian encodes text as UTF-8: the text that comes out as those bytes."""
    try:
        text = value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        text = "\0"
    if any((character < " " and character != "\t") or character == "\x7f" for character in text):
        raise ValueError(f"Response header {name!r} has the value {value!r}; encode it as printable ASCII.")
    return text


class _Body(RawIOBase):
    """A request body: taken whole when it is small, else read while it arrives, with an error when it breaks off."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        self._stream = environ["wsgi.input"]
        self._left: int | None = None  # not known when chunked, and then granian hides from us that it broke off
        if "HTTP_TRANSFER_ENCODING" in environ:
            environ.pop("CONTENT_LENGTH", None)  # RFC 9112: the encoding overrides it
        else:
            self._left = int(environ["CONTENT_LENGTH"])

    def arrives(self, environ: WSGIEnvironment) -> bool:
        """Put the stream into the environ. False if the client left in the middle of a body that is taken whole."""
        if self._left is None or self._left > _WHOLE_BODY_BYTES:
            environ["wsgi.input"] = BufferedReader(self, 1 << 16)
            return True
        data = self._stream.read(self._left)
        environ["wsgi.input"] = BytesIO(data)
        return len(data) == self._left

    def detach(self) -> None:
        """Let go of granian's stream, which keeps all threads of the server alive while an environ is kept."""
        self._stream = BytesIO()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        wanted = len(view) if self._left is None else min(len(view), self._left)
        data: bytes = self._stream.read(wanted)
        if self._left is not None:
            if wanted and not data:
                raise ConnectionError(f"The client left with {self._left} bytes of its request body not sent.")
            self._left -= len(data)
        view[: len(data)] = data
        return len(data)
