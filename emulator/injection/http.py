"""Faults of the server: statuses that nothing caused, waits, sessions that end, and objects that are not shown yet.

A WSGI layer between the edge, which has journalled the request, and the application.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from gatepost.core.effects import HttpDelay, HttpExpireSession, HttpStatus, Point
from gatepost.core.events import EntityRef
from gatepost.core.faults import Faults, Seen
from gatepost.core.journal import Entry
from gatepost.injection.veils import Veils

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST_PARKED = 32
"""Requests that may wait for a delay at once; they park threads that the cloud's clients need as well."""

Respond = Callable[["WSGIEnvironment", int, Mapping[str, str], EntityRef | None], "WSGIApplication"]


class Dialect(Protocol):
    """What a dialect knows about its requests; modules named `faults` in the dialects' folders."""

    def user_of(self, environ: WSGIEnvironment) -> str | None:
        """Who asks, as `name@organization`; None where no session tells."""

    def end_session(self, environ: WSGIEnvironment) -> None:
        """The request's session is over."""

    def refusal(
        self, environ: WSGIEnvironment, status: int, headers: Mapping[str, str], about: EntityRef | None
    ) -> WSGIApplication:
        """The answer with this status in the dialect's own error form; `about` an object that cannot be seen."""


class FaultyApp:
    """`app`, whose requests the rules decide first. `dialects` by the names that the journal has for them."""

    def __init__(self, app: WSGIApplication, faults: Faults, veils: Veils, dialects: Mapping[str, Dialect]) -> None:
        self._app = app
        self._faults = faults
        self._veils = veils
        self._dialects = dialects
        self._room = threading.BoundedSemaphore(MOST_PARKED)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Let go every request that waits; there will be no more of them."""
        self._stopping.set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._veils or self._faults.at[Point.HTTP]:
            return self._decide(environ)(environ, start_response)
        return self._app(environ, start_response)

    def _decide(self, environ: WSGIEnvironment) -> WSGIApplication:
        """What answers the request."""
        entry: Entry | None = environ.get("gatepost.entry")
        if entry is None:  # Gatepost's own API is never faulty
            return self._app
        path = entry.path.partition("?")[0]  # as clients see it
        veil = self._veils.over(path)
        if veil is not None:
            _mark(entry, veil.fault, "message.overtake")
            return self._refusal(environ, entry, veil.status, {}, veil.entity)
        dialect = self._dialects.get(entry.dialect)
        fault = self._faults.hit(
            Point.HTTP,
            Seen(dialect=entry.dialect, method=entry.method, path=path),
            lambda: None if dialect is None else dialect.user_of(environ),
        )
        if fault is None:
            return self._app
        _mark(entry, fault.id, fault.effect.kind)
        match fault.effect:
            case HttpStatus() as effect:
                return self._status(environ, entry, effect)
            case HttpDelay(seconds=seconds):
                if not self._wait(seconds):
                    return self._refusal(environ, entry, 503, {})
            case HttpExpireSession():
                if dialect is not None:
                    dialect.end_session(environ)
        return self._app

    def _status(self, environ: WSGIEnvironment, entry: Entry, effect: HttpStatus) -> WSGIApplication:
        if effect.body is None and effect.status >= 400:
            return self._refusal(environ, entry, effect.status, effect.headers)
        return _plain(effect.status, effect.headers, (effect.body or "").encode())

    def _refusal(
        self,
        environ: WSGIEnvironment,
        entry: Entry,
        status: int,
        headers: Mapping[str, str],
        about: EntityRef | None = None,
    ) -> WSGIApplication:
        dialect = self._dialects.get(entry.dialect)
        if dialect is None:
            return _plain(status, headers, _reason(status).encode())
        return dialect.refusal(environ, status, headers, about)

    def _wait(self, seconds: float) -> bool:
        """False when too many wait already."""
        if not self._room.acquire(blocking=False):
            return False
        try:
            self._stopping.wait(seconds)
        finally:
            self._room.release()
        return True


def _mark(entry: Entry, fault: int, note: str) -> None:
    entry.fault = fault
    entry.note = note


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Injected"


def _plain(status: int, headers: Mapping[str, str], body: bytes) -> WSGIApplication:
    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = {name.lower() for name in headers}
        out = [(name, value) for name, value in headers.items() if name.lower() != "content-length"]
        if body and "content-type" not in given:
            out.append(("Content-Type", "text/plain; charset=utf-8"))
        start_response(f"{status} {_reason(status)}", out)
        return [b"" if status in (204, 304) else body]

    return answer
