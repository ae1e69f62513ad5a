"""Calling a connector over HTTP: one POST, one answer, each within its time. Nothing is retried or followed.

The calls are made by threads of a pool, never under the cloud's lock. `stop` ends all of them at once: every socket is
known here from the moment that it begins to connect, and shutting it down wakes whoever waits on it.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from gatepost.core import redaction
from gatepost.core.effects import Point, WebhookLate, WebhookMalformed, WebhookRefused, WebhookTwice, spoil
from gatepost.core.faults import Fault, Faults, Seen
from gatepost.core.journal import Entry, Journal

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_CALLS = 64
"""Calls under way at once; further ones wait for a thread."""

_KEPT_BYTES = 64 * 1024
"""Of an answer's body, which nobody reads; it is only for the journal."""

_BLOCK = 16 * 1024


@dataclass(frozen=True, slots=True)
class Webhook:
    """What to send, and where. Time-outs are seconds; `read_timeout` is for all of the answer."""

    url: str
    dialect: str
    headers: Mapping[str, str]
    body: bytes
    task: str | None
    connect_timeout: float
    read_timeout: float


class Undelivered(Exception):
    """The call failed; the text says how."""


class WebhookSender:
    """A pool of threads that call with what `vary` makes of each webhook. Certificates are not verified: connectors
    under test sign their own."""

    def __init__(self, journal: Journal, faults: Faults, vary: Callable[[Webhook], Webhook]) -> None:
        self._vary = vary
        faults.serve(Point.WEBHOOK)
        self._faults = faults
        self._journal = journal
        self._pool = ThreadPoolExecutor(MOST_CALLS, thread_name_prefix="gatepost-webhook")
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._stopped = False
        self._stopping = threading.Event()

    def post(self, webhook: Webhook) -> Future[str | None]:
        """Call; the result is None when the answer was a 2xx, else how it failed."""
        try:
            return self._pool.submit(self._call, self._vary(webhook))
        except RuntimeError:  # stopped
            failed: Future[str | None] = Future()
            failed.set_result("the cloud is stopping")
            return failed

    def stop(self) -> None:
        """End every call; each fails."""
        self._stopping.set()
        with self._lock:
            self._stopped = True
            for one in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(one, socket.SHUT_RDWR)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _call(self, webhook: Webhook) -> str | None:
        if not self._faults.at[Point.WEBHOOK]:
            return self._deliver(webhook)
        seen = Seen(dialect=webhook.dialect, method="POST", path=webhook.url)
        fault = self._faults.hit(Point.WEBHOOK, seen)
        match fault.effect if fault is not None else None:
            case WebhookLate(seconds=seconds):
                self._stopping.wait(seconds)
            case WebhookMalformed(how=how):
                webhook = replace(webhook, body=spoil(webhook.body, how))
            case WebhookTwice():
                self._deliver(webhook)
        return self._deliver(webhook, fault)

    def _deliver(self, webhook: Webhook, fault: Fault | None = None) -> str | None:
        request = self._request(webhook)
        if fault is not None:
            request.fault, request.note = fault.id, fault.effect.kind
        sent = self._journal.add(request)
        try:
            if fault is not None and isinstance(fault.effect, WebhookRefused):
                raise Undelivered("Connection refused")
            status, headers, body = self._exchange(webhook)
        except Undelivered as failure:
            self._journal.add(self._answer(webhook, sent, note=str(failure)))
            return str(failure)
        entry = self._answer(webhook, sent)
        entry.status, entry.headers, entry.body = status, headers, redaction.body(body)
        self._journal.add(entry)
        return None if 200 <= status < 300 else f"the endpoint answered {status}"

    def _exchange(self, webhook: Webhook) -> tuple[int, dict[str, str], bytes]:
        """Raises Undelivered."""
        try:
            parts = urlsplit(webhook.url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise Undelivered(f"the endpoint is no URL: {error}") from None
        if parts.scheme not in ("http", "https") or not host:
            raise Undelivered("the endpoint is no http or https URL")
        connection = http.client.HTTPConnection(host, port or (443 if parts.scheme == "https" else 80))
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        plain: socket.socket | None = None
        try:
            plain = self._connect(connection.host, connection.port, webhook.connect_timeout)
            plain.settimeout(webhook.read_timeout or 1e-3)
            secured = _context().wrap_socket(plain, server_hostname=host) if parts.scheme == "https" else plain
            with contextlib.closing(secured), self._known(secured):
                timed = _Timed(secured, time.monotonic() + webhook.read_timeout)
                connection.sock = timed
                connection.request("POST", target, webhook.body, dict(webhook.headers))
                response = connection.getresponse()
                headers = {
                    name: redaction.REDACTED if redaction.is_secret_header(name.lower()) else value
                    for name, value in response.getheaders()
                }
                return response.status, headers, self._body(response)
        except TimeoutError:
            raise Undelivered("the endpoint did not answer in time") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Undelivered(str(error) or type(error).__name__) from None
        finally:
            connection.close()
            if plain is not None:
                plain.close()

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        """What comes of the body; the status has said all, so that a body that breaks off changes nothing."""
        if not 200 <= response.status < 300:
            return b""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return response.read(_KEPT_BYTES)
        return b""

    def _connect(self, host: str, port: int, seconds: float) -> socket.socket:
        """Raises OSError."""
        problem: OSError | None = None
        deadline = time.monotonic() + seconds
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            one = socket.socket(family, kind, protocol)
            try:
                with self._known(one):
                    one.settimeout(max(1e-3, deadline - time.monotonic()))
                    one.connect(address)
                    one.getpeername()  # raises for one that was shut down meanwhile
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
                return one
            except OSError as error:
                one.close()
                problem = error
        if isinstance(problem, TimeoutError):
            raise OSError("no connection in time")
        raise problem or OSError(f"{host} has no address")

    @contextlib.contextmanager
    def _known(self, one: socket.socket) -> Iterator[None]:
        """`stop` reaches it."""
        with self._lock:
            if self._stopped:
                raise OSError("the cloud is stopping")
            self._open.add(one)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(one)

    def _request(self, webhook: Webhook) -> Entry:
        return Entry(
            kind="webhook.request",
            direction="out",
            dialect=webhook.dialect,
            at=self._journal.now(),
            method="POST",
            path=_without_password(webhook.url),
            task=webhook.task,
            headers=dict(webhook.headers),
            body=redaction.body(webhook.body),
        )

    def _answer(self, webhook: Webhook, sent: Entry, note: str | None = None) -> Entry:
        return Entry(
            kind="webhook.response" if note is None else "webhook.failure",
            direction="in",
            dialect=webhook.dialect,
            at=self._journal.now(),
            method="POST",
            path=sent.path,
            task=webhook.task,
            answers=sent.seq,
            note=note,
        )


def outcome(call: Future[str | None]) -> str | None:
    """Wait for the end of a call: None, or how it failed."""
    try:
        return call.result()
    except CancelledError:
        return "the cloud is stopping"


class _Timed:
    """A socket whose every wait ends at one deadline, however slowly its peer trickles."""

    def __init__(self, inner: socket.socket, deadline: float) -> None:
        self._inner = inner
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._set_timeout()
        self._inner.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self), _BLOCK)

    def receive(self, buffer: memoryview) -> int:
        self._set_timeout()
        return self._inner.recv_into(buffer)

    def close(self) -> None:
        self._inner.close()

    def _set_timeout(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._inner.settimeout(left)


class _Reader(io.RawIOBase):
    def __init__(self, source: _Timed) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        return self._source.receive(memoryview(buffer).cast("B"))


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _without_password(url: str) -> str:
    bare, mark, query = url.partition("?")
    scheme, slashes, rest = bare.partition("://")
    authority, slash, path = rest.partition("/")
    _, at, host = authority.rpartition("@")
    authority = f"{redaction.REDACTED}@{host}" if at else authority
    shown = f"{scheme}{slashes}{authority}{slash}{path}" if slashes else bare
    return shown + (mark + redaction.query(query) if mark else "")
