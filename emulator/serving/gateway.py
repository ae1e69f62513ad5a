"""The application's side of an exchange, the same under both servers: PEP 3333, and what happens when it goes wrong.

Neither server forgives much, so nothing that an application does may reach one unchecked:

- A Rust panic aborts the whole process. A status outside 100 to 999 reaches one, and so do tens of thousands of
  headers. `_StartResponse` refuses both.
- granian drops headers with forbidden characters in silence, and sends a body given at once as it is, even where its
  Content-Length says otherwise, which desynchronises a kept-alive connection. `Gateway` lets neither happen.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from gatepost.serving.body import BrokenBody, Source, open_body

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

_MAX_HEADERS = 1000

Headers = list[tuple[str, str]]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class Exchange(Protocol):
    """The server's side of one request. The first response wins; later ones are ignored."""

    def response_bytes(self, status: int, headers: Headers, body: bytes, /) -> None: ...

    def response_iter(self, status: int, headers: Headers, body: Iterator[bytes], /) -> None:
        """Blocks until the body is sent; calls `body.close()` when the client goes away."""


class Gateway:
    """Calls the application as PEP 3333 says, once for each request, in the thread of the server that has it.

    granian's own wrapper is not used: it copies the process environment into every environ, reads status and headers
    before a generator had the chance to set them, and does not know `exc_info` and `write`.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._running: dict[int, WSGIEnvironment] = {}
        self._constant = {
            "SCRIPT_NAME": "",
            "wsgi.errors": sys.stderr,
            "wsgi.input_terminated": True,
            "wsgi.multiprocess": False,
            "wsgi.multithread": True,
            "wsgi.run_once": False,
            "wsgi.version": (1, 0),
        }

    def running(self) -> list[str]:
        """The requests that the application has not done with, as `GET '/path'`."""
        return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']!r}" for environ in list(self._running.values())]

    def __call__(self, exchange: Exchange, environ: WSGIEnvironment, body: Source | None) -> None:
        """Have a request answered, whatever happens. `environ` still lacks what is the same for every request."""
        thread = threading.get_ident()
        self._running[thread] = environ
        try:
            environ.update(self._constant)
            if "HTTP_TRANSFER_ENCODING" in environ:
                environ.pop("CONTENT_LENGTH", None)  # RFC 9112: the encoding overrides it
            environ["wsgi.input"] = open_body(body)
            self._respond(exchange, environ)
        except BrokenBody:
            exchange.response_bytes(400, [("Connection", "close")], b"")
        except BaseException:  # SystemExit too: above this frame there may be no Python to take it
            log.exception("%s %r failed", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            exchange.response_bytes(500, [], b"")
        finally:
            del self._running[thread]

    def _respond(self, exchange: Exchange, environ: WSGIEnvironment) -> None:
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


def warn_of_parked(url: str, gateway: Gateway) -> int:
    """How many requests are still running now that the server has stopped; the log says which."""
    parked = gateway.running()
    if parked:
        advice = "Release what they wait for before stop()."
        log.warning("%s: %d requests did not end: %s. %s", url, len(parked), ", ".join(parked[:10]), advice)
    return len(parked)


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
