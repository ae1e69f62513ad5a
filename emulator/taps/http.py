"""`HttpTap`: in front of an HTTP server, whichever it is."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import urlsplit

from gatepost.core import redaction
from gatepost.core.effects import HttpTapEffect, Point
from gatepost.core.faults import Fault, Faults, Match, Seen
from gatepost.core.journal import Entry, Journal
from gatepost.taps.exchange import Exchange
from gatepost.taps.listener import Listener
from gatepost.taps.points import CrashPoint, CrashPoints
from gatepost.taps.wire import Head

HttpMoment = Literal["request", "effect"]
"""`request`: it has arrived and is not passed on yet; `effect`: its answer is there, and nothing of it has left."""

_EXEMPT = ("/gatepost", "/console")

Who = Callable[[str, Mapping[str, str]], str | None]


class HttpTap:
    """Listens on `host` and `port` (0: a free one) from the moment that it is made, and serves from `start` to `stop`.

    `backend` is the URL of the server. `dialect_of` names the dialect of a path, `who` the user by dialect and headers
    (names in lower case), as rules match them; `case` says in which letters the names of an answer's headers come
    (`lower`, `upper`, `swapped`; None for as they are). Raises OSError for an address that is taken or not ours.
    """

    def __init__(
        self,
        backend: str,
        journal: Journal,
        faults: Faults,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        context: ssl.SSLContext | None = None,
        dialect_of: Callable[[str], str] = lambda path: "",
        who: Who = lambda dialect, headers: None,
        case: Callable[[], str | None] = lambda: None,
    ) -> None:
        parts = urlsplit(backend)
        self.backend = (parts.hostname or "127.0.0.1", parts.port or (443 if parts.scheme == "https" else 80))
        self.backend_context = ssl.create_default_context() if parts.scheme == "https" else None
        self._journal = journal
        self._faults = faults
        self._points: CrashPoints[HttpMoment] = CrashPoints()
        self._dialect_of = dialect_of
        self._who = who
        self._case = case
        self._listener = Listener(self._serve, host, port, name="gatepost-http-tap", context=context)
        self.host = host
        self.port = self._listener.port

    @property
    def connections(self) -> int:
        """How many clients have open."""
        return self._listener.connections

    def start(self) -> None:
        self._faults.serve(Point.HTTP_TAP)
        self._listener.start()

    def stop(self) -> None:
        """Cut every connection, also held ones. Idempotent."""
        self._listener.stop()

    def hold(
        self, at: HttpMoment, match: Match | None = None, on_reached: Callable[[CrashPoint], None] | None = None
    ) -> CrashPoint:
        """Hold the next request that matches, at this moment, once. `on_reached` is called in the tap's thread, which
        does nothing else meanwhile."""
        return self._points.add(at, match or Match(), on_reached)

    def forget(self, point: CrashPoint) -> None:
        """Wait for it no more."""
        self._points.forget(point)

    # In the tap's thread, for exchanges:

    @property
    def watched(self) -> bool:
        """Whether requests are to be looked at."""
        return bool(self._points or self._faults.at[Point.HTTP_TAP])

    def seen(self, request: Head) -> Seen | None:
        """What rules match; None for Gatepost's own API."""
        method, target = request.words[:2]
        path = target.partition("?")[0]
        if path.startswith(_EXEMPT):
            return None
        return Seen(dialect=self._dialect_of(path), method=method, path=path)

    def case_of(self, request: Head) -> str | None:
        """In which letters the names of the answer's headers come; those of Gatepost's own API stay."""
        return None if request.words[1].startswith(_EXEMPT) else self._case()

    def effect_on(self, request: Head, seen: Seen) -> tuple[Fault, HttpTapEffect] | None:
        """What a rule makes of the request; the journal then tells of it."""
        fault = self._faults.hit(Point.HTTP_TAP, seen, lambda: self._user(request, seen))
        if fault is None:
            return None
        self._tell("http.fault", request, seen, fault.effect.kind, fault.id)
        effect: HttpTapEffect = fault.effect  # type: ignore[assignment]  # the point of a rule is that of its effect
        return fault, effect

    async def passes(self, at: HttpMoment, request: Head, seen: Seen) -> bool:
        """Hold here if someone waits for this moment; False when the connection is to be reset."""
        point = self._points.take(seen._replace(at=at), lambda: self._user(request, seen), self._journal.now())
        if point is None:
            return True
        self._tell("http.held", request, seen, at)
        return await point.held(seen)

    def _user(self, request: Head, seen: Seen) -> str | None:
        return self._who(seen.dialect, {name.lower(): value for name, value in request.headers})

    def _tell(self, kind: str, request: Head, seen: Seen, note: str, fault: int | None = None) -> None:
        target = redaction.body(request.words[1].encode("latin-1", "replace")).decode("utf-8", "replace")
        headers = {name.lower(): redaction.header_value(name.lower(), value) for name, value in request.headers}
        self._journal.add(
            Entry(
                kind=kind,
                direction="in",
                dialect=seen.dialect,
                at=self._journal.now(),
                method=seen.method,
                path=target,
                headers=headers,
                note=note,
                fault=fault,
            )
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Exchange(self, reader, writer).run()
