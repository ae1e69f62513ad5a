"""Messages that wait for the broker: first in, first out, bounded, and kept until the broker has confirmed them."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque

from gatepost.core.events import Event

log = logging.getLogger(__name__)

MOST_MESSAGES = 100_000
MOST_BYTES = 256 * 1024 * 1024
_FRAME_COST = 2_500
"""Bytes of a rendered message beside the names in it."""


def cost(event: Event) -> int:
    """Bytes that a message about the event takes, to within a tenth."""
    return _FRAME_COST + 2 * (len(event.entity.name) + len(event.org.name) + len(event.user.name))


class Outbox:
    """Thread-safe. What is taken for sending comes back to the head, in order, when the connection is lost."""

    def __init__(self, most_messages: int = MOST_MESSAGES, most_bytes: int = MOST_BYTES) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Event] = deque()
        self._sent: OrderedDict[int, Event] = OrderedDict()
        self._bytes = 0
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        self.lost = 0
        self.confirmed = 0

    def __len__(self) -> int:
        """Messages that no broker has confirmed."""
        return len(self._waiting) + len(self._sent)

    def put(self, event: Event) -> None:
        """Add a message; at the bound the oldest one that waits is lost, counted and logged."""
        with self._lock:
            self._waiting.append(event)
            self._bytes += cost(event)
            while self._waiting and (len(self) > self._most_messages or self._bytes > self._most_bytes):
                self._bytes -= cost(self._waiting.popleft())
                self.lost += 1
                if self.lost == 1 or self.lost % 10_000 == 0:
                    log.error("the outbox is full: %d messages lost so far; is the broker away?", self.lost)

    def take(self, tag: int) -> Event | None:
        """The next message, to be sent under the delivery tag `tag`; None when nothing waits."""
        with self._lock:
            if not self._waiting:
                return None
            event = self._sent[tag] = self._waiting.popleft()
            return event

    def confirm(self, tag: int, *, multiple: bool) -> list[Event]:
        """The broker has these; they are forgotten here, and returned."""
        with self._lock:
            done: list[Event] = []
            if not multiple:
                event = self._sent.pop(tag, None)
                done = [] if event is None else [event]
            else:
                while self._sent and next(iter(self._sent)) <= tag:
                    done.append(self._sent.popitem(last=False)[1])
            self._bytes -= sum(map(cost, done))
            self.confirmed += len(done)
            return done

    def take_back(self) -> None:
        """The connection is gone: what was not confirmed goes out first the next time, in the old order."""
        with self._lock:
            self._waiting.extendleft(reversed(self._sent.values()))
            self._sent.clear()

    def drop(self) -> Event | None:
        """Take the next message out for good; None when nothing waits."""
        with self._lock:
            if not self._waiting:
                return None
            event = self._waiting.popleft()
            self._bytes -= cost(event)
            return event

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._waiting.clear()
            self._sent.clear()
            self._bytes = 0
