"""One connection of the threaded server: its requests, one after the other, in a thread of its own."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email import errors
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from gatepost import serving
from gatepost.serving.answer import Answer
from gatepost.serving.body import BrokenBody, ChunkedBody, CountedBody
from gatepost.serving.gateway import Gateway

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = logging.getLogger(__name__)

_LINE_BYTES = 65536
_DRAIN_BYTES = 1 << 16
_LINGER_SECONDS = 1.0
_REQUEST_LINE = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [\x21-\x7e\x80-\xff]+ HTTP/1\.[01]\r?\n")
_ABSOLUTE = re.compile(r"https?://[^/?]*", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BAD_HEAD = (
    errors.FirstHeaderLineIsContinuationDefect,
    errors.InvalidHeaderDefect,
    errors.MisplacedEnvelopeHeaderDefect,
    errors.MissingHeaderBodySeparatorDefect,
)


@dataclass(frozen=True)
class Site:
    """What the connections of one server share."""

    gateway: Gateway
    stopping: Callable[[], bool]
    host: str
    port: int
    scheme: str


class Connection(BaseHTTPRequestHandler):
    """Serves a client until it leaves, breaks the rules, or the server stops.

    Of the standard library's handler it takes the parser, which forgives more than a server should: requests of
    HTTP/0.9, headers over several lines, bytes that no header may hold. Those are refused here.
    """

    protocol_version = "HTTP/1.1"

    def __init__(self, client: socket.socket, address: tuple[str, int], site: Site) -> None:
        # Not the handler's own: it would serve the whole connection before it returns.
        self._client = client
        self._site = site
        self._busy = False
        self._thread = threading.Thread(target=self._run, name=f"gatepost-http {address[0]}:{address[1]}", daemon=True)
        self.client_address = address[:2]
        self.close_connection = False

    def start(self) -> None:
        """Raises RuntimeError when the system has no more threads."""
        self._thread.start()

    def ended(self) -> bool:
        return not self._thread.is_alive()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def end_if_idle(self) -> None:
        """End the wait for the next request. A request that is being answered goes on; it sees no more of its body."""
        if not self._busy:
            self._shut(socket.SHUT_RD)

    def cut(self) -> None:
        self._shut(socket.SHUT_RDWR)

    def _shut(self, how: int) -> None:
        with contextlib.suppress(OSError):
            # Past the TLS layer, whose own shutdown would have the thread go on in plain text.
            socket.socket.shutdown(self._client, how)

    # --- in the thread of the connection

    def _run(self) -> None:
        try:
            self._client.settimeout(serving.HEADER_SECONDS)
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            if isinstance(self._client, ssl.SSLSocket):
                self._client.do_handshake()
            with self._client.makefile("rb") as self.rfile:
                while not (self.close_connection or self._site.stopping()):
                    self.handle_one_request()
        except OSError:
            pass  # the client went, was too slow, or does not speak TLS
        except Exception:
            log.exception("A connection failed; this is a bug of Gatepost's, please report it")
        finally:
            self._close()

    def _close(self) -> None:
        if isinstance(self._client, ssl.SSLSocket):
            with contextlib.suppress(OSError, ValueError):
                self._client.settimeout(0)  # say goodbye, but do not wait for the client to say so too
                self._client.unwrap()
        self._client.close()

    def handle_one_request(self) -> None:
        self.close_connection = True  # unless all goes well
        self.raw_requestline = self.rfile.readline(_LINE_BYTES + 1)
        if self.raw_requestline in (b"\r\n", b"\n"):  # RFC 9112: clients may send one too many after a body
            self.raw_requestline = self.rfile.readline(_LINE_BYTES + 1)
        if not self.raw_requestline:
            return
        if len(self.raw_requestline) > _LINE_BYTES:
            self.send_error(414)
        elif not _REQUEST_LINE.fullmatch(self.raw_requestline):
            self.send_error(400)
        elif self.parse_request():
            self._answer()

    def _answer(self) -> None:
        self._busy = True
        try:
            body = self._body()
        except ValueError:
            self.send_error(400)
            return
        options = {option.strip().lower() for option in self.headers.get("Connection", "").split(",")}
        keep = "close" not in options and (self.request_version == "HTTP/1.1" or "keep-alive" in options)
        answer = Answer(self._client, self.request_version, head_only=self.command == "HEAD", keep=keep)
        self._site.gateway(answer, self._environ(), body)
        self._busy = False
        self.close_connection = not answer.keep
        if body is not None and not _drained(body):
            self.close_connection = True
            self._linger()

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        headers = self.headers
        if any(isinstance(defect, _BAD_HEAD) for defect in headers.defects) or any(
            map(_CONTROL.search, headers.values())
        ):
            self.send_error(400)
            return False
        return True

    def handle_expect_100(self) -> bool:
        self._client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _body(self) -> CountedBody | ChunkedBody | None:
        """Raises ValueError for a body without a clear end."""
        coding = self.headers.get("Transfer-Encoding")
        if coding is not None:
            if coding.strip().lower() != "chunked":
                raise ValueError(coding)
            return ChunkedBody(self.rfile)
        lengths = set(self.headers.get_all("Content-Length", ["0"]))
        length = lengths.pop().strip()
        if lengths or not (length.isascii() and length.isdigit() and len(length) < 19):
            raise ValueError(length)
        return CountedBody(self._receive, int(length)) if int(length) else None

    def _receive(self, size: int) -> bytes:
        try:
            return self.rfile.read1(size)
        except OSError:
            return b""

    def _environ(self) -> WSGIEnvironment:
        # Not self.path, in which the parser makes one slash of several at the start.
        target = _ABSOLUTE.sub("", self.requestline.split(" ")[1], count=1) or "/"
        path, _, query = target.partition("?")
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": self._site.host,
            "SERVER_PORT": str(self._site.port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "REMOTE_PORT": str(self.client_address[1]),
            "wsgi.url_scheme": self._site.scheme,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = f"HTTP_{key}"
            value = value.strip()
            if key in environ and key != "CONTENT_LENGTH":
                value = f"{environ[key]}{';' if key == 'HTTP_COOKIE' else ','}{value}"
            environ[key] = value
        return environ

    # --- what goes wrong

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request that cannot be understood, without telling it about itself, and end the connection."""
        self.close_connection = True
        Answer(self._client, "HTTP/1.1", head_only=False, keep=False).response_bytes(code, [], b"")
        self._linger()

    def _linger(self) -> None:
        """Take what the client is still sending: closing on it would have the answer thrown away on its way."""
        self._busy = False
        with contextlib.suppress(OSError):
            self._shut(socket.SHUT_WR)
            deadline = time.monotonic() + _LINGER_SECONDS
            while (left := deadline - time.monotonic()) > 0 and not self._site.stopping():
                self._client.settimeout(left)
                if not self._client.recv(_DRAIN_BYTES):
                    return

    def log_message(self, format: str, *args: Any) -> None:
        """The journal has the requests; a second record would only be noise."""


def _drained(body: CountedBody | ChunkedBody) -> bool:
    """Read what the application did not, so that the next request is found; not if it is much."""
    taken = 0
    try:
        while not body.ended and taken + body.known_left <= _DRAIN_BYTES:
            taken += len(body.read(_DRAIN_BYTES))
    except BrokenBody:
        return False
    return body.ended
