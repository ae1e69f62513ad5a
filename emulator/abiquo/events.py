"""What happened, as the cloud's own list and its outbound stream tell it (reference, section 8). Bounded."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from gatepost.abiquo.inventory import Enterprise, User

KEEP = 10_000
"""Events that can be listed; older ones are gone."""

MOST_STREAMS = 32
"""Streams at once; each parks a thread."""


class Trace(NamedTuple):
    """One event. `at` is epoch seconds; `path` is the entity's, below the API's root.

    `enterprise` is id and name; `user` is id, nick, the id of his enterprise, and his full name.
    """

    number: int
    at: float
    severity: str
    entity: str
    action: str
    name: str
    path: str
    kind: str
    enterprise: tuple[str, str]
    user: tuple[str, str, str, str]
    message: str
    error: tuple[str, str] | None = None


class EventLog:
    """The events of one world. `tell` is called under the cloud's lock; readers take none."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: deque[Trace] = deque(maxlen=KEEP)
        self._last = 0
        self._added = threading.Condition()
        self._closed = False

    def tell(
        self,
        entity: str,
        action: str,
        *,
        name: str,
        path: str,
        kind: str,
        enterprise: Enterprise,
        user: User,
        message: str,
        error: tuple[str, str] | None = None,
    ) -> None:
        """Something happened to an entity of that enterprise, by that user; `error` is code and message of a failure.

        Every value is copied: whoever renders it later must not look at objects that have moved on.
        """
        severity = "ERROR" if error is not None else "INFO"
        by = (user.id, user.nick, user.enterprise.id, user.full_name)
        whose = (enterprise.id, enterprise.name)
        with self._added:
            self._last += 1
            trace = Trace(
                self._last, self._now(), severity, entity, action, name, path, kind, whose, by, message, error
            )
            self._kept.append(trace)
            self._added.notify_all()

    def all(self) -> list[Trace]:
        """Oldest first."""
        with self._added:
            return list(self._kept)

    @property
    def last(self) -> int:
        return self._last

    def wait(self, after: int, seconds: float) -> list[Trace] | None:
        """The events behind that number, or none after `seconds` of wall time; None when there will be no more."""
        with self._added:
            self._added.wait_for(lambda: self._closed or self._last > after, seconds)
            if self._closed:
                return None
            fresh = []
            for trace in reversed(self._kept):
                if trace.number <= after:
                    break
                fresh.append(trace)
            return fresh[::-1]

    def close(self) -> None:
        """Let go whoever waits."""
        with self._added:
            self._closed = True
            self._added.notify_all()
