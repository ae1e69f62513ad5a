"""Crash points: bytes that are held at a named point until whoever asked for it lets them go."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from gatepost.core.faults import Match, Seen, Trigger

At = TypeVar("At", bound=str)


class CrashPoint:
    """One moment that is waited for. `release` or `drop` it, from any thread, whether or not it was reached."""

    def __init__(self, at: str, match: Match, on_reached: Callable[[CrashPoint], None] | None) -> None:
        self.at = at
        self.seen: Seen | None = None
        """What is held; None before that."""
        self._trigger = Trigger(match, at)
        self._on_reached = on_reached
        self._reached = threading.Event()
        self._lock = threading.Lock()
        self._passes: bool | None = None
        self._waiter: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]] | None = None

    @property
    def reached(self) -> bool:
        return self._reached.is_set()

    def wait(self, seconds: float = 10.0) -> bool:
        """Whether it was reached within so long."""
        return self._reached.wait(seconds)

    def release(self) -> None:
        """Let the bytes go on."""
        self._decide(passes=True)

    def drop(self) -> None:
        """Throw the bytes away and reset the connection."""
        self._decide(passes=False)

    def _decide(self, *, passes: bool) -> None:
        with self._lock:
            if self._passes is None:
                self._passes = passes
            waiter, self._waiter = self._waiter, None
        if waiter is not None:
            loop, future = waiter
            with contextlib.suppress(RuntimeError):  # the loop is closed: a tap that has stopped
                loop.call_soon_threadsafe(_settle, future)

    # In the tap's thread:

    def takes(self, seen: Seen, user: str, now: float) -> bool:
        return self._trigger.fits(seen, user, now) and self._trigger.takes()

    async def held(self, seen: Seen) -> bool:
        """Hold here; whether to go on."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self.seen = seen
        with self._lock:
            if self._passes is None:
                self._waiter = (loop, future)
        self._reached.set()
        if self._on_reached is not None:
            self._on_reached(self)
        if self._waiter is not None:
            await future
        return self._passes is not False


class CrashPoints(Generic[At]):
    """The points of one tap that wait to be reached; each holds once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: tuple[CrashPoint, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, at: At, match: Match, on_reached: Callable[[CrashPoint], None] | None) -> CrashPoint:
        point = CrashPoint(at, match, on_reached)
        with self._lock:
            self._waiting += (point,)
        return point

    def take(self, seen: Seen, user: Callable[[], str | None], now: float) -> CrashPoint | None:
        """The first that waits for this, which then waits no more."""
        name = (user() or "") if self._waiting else ""
        with self._lock:
            for point in self._waiting:
                if point.takes(seen, name, now):
                    self._waiting = tuple(other for other in self._waiting if other is not point)
                    return point
        return None

    def forget(self, point: CrashPoint) -> None:
        with self._lock:
            self._waiting = tuple(other for other in self._waiting if other is not point)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
