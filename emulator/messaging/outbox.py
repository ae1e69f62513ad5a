"""Messages that wait for the broker: first in, first out, bounded, and kept until the broker has confirmed them."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import NamedTuple

from gatepost.core.events import Event
from gatepost.messaging.message import Form

log = logging.getLogger(__name__)

MOST_MESSAGES = 100_000
MOST_BYTES = 256 * 1024 * 1024
_XML_COST, _JSON_COST = 2_500, 1_900
"""Bytes of a rendered message beside the names in it."""


class Pending(NamedTuple):
    """A message that is to be: an event and one form of telling it."""

    event: Event
    form: Form


def cost(pending: Pending) -> int:
    """Bytes that the message takes, to within a tenth."""
    event = pending.event
    if pending.form is not Form.XML:  # which tells no names, save in the routing key
        return _JSON_COST + len(event.entity.name)
    return _XML_COST + 2 * (len(event.entity.name) + len(event.org.name) + len(event.user.name))


class Outbox:
    """Thread-safe. What is taken for sending comes back to the head, in order, when the connection is lost."""

    def __init__(self, most_messages: int = MOST_MESSAGES, most_bytes: int = MOST_BYTES) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Pending] = deque()
        self._sent: OrderedDict[int, Pending] = OrderedDict()
        self._refused: dict[int, Pending] = {}
        self._bytes = 0
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        self.lost = 0
        self.confirmed = 0

    def __len__(self) -> int:
        """Messages that no broker has confirmed."""
        return len(self._waiting) + len(self._sent) + len(self._refused)

    def put(self, event: Event, forms: Iterable[Form]) -> None:
        """Add a message for each form; at the bound the oldest ones that wait are lost, counted and logged."""
        with self._lock:
            for form in forms:
                self._waiting.append(Pending(event, form))
                self._bytes += cost(self._waiting[-1])
            while self._waiting and (len(self) > self._most_messages or self._bytes > self._most_bytes):
                self._bytes -= cost(self._waiting.popleft())
                self.lost += 1
                if self.lost == 1 or self.lost % 10_000 == 0:
                    log.error("the outbox is full: %d messages lost so far; is the broker away?", self.lost)

    def take(self, tag: int) -> Pending | None:
        """The next message, to be sent under the delivery tag `tag`; None when nothing waits."""
        with self._lock:
            if not self._waiting:
                return None
            pending = self._sent[tag] = self._waiting.popleft()
            return pending

    def put_back(self, tag: int) -> None:
        """What was taken last cannot be sent yet: it is the next message again."""
        with self._lock:
            self._waiting.appendleft(self._sent.pop(tag))

    def confirm(self, tag: int, *, multiple: bool) -> list[Pending]:
        """The broker has these; they are forgotten here, and returned."""
        with self._lock:
            done: list[Pending] = []
            if not multiple:
                pending = self._sent.pop(tag, None)
                done = [] if pending is None else [pending]
            else:
                while self._sent and next(iter(self._sent)) <= tag:
                    done.append(self._sent.popitem(last=False)[1])
            self._bytes -= sum(map(cost, done))
            self.confirmed += len(done)
            return done

    def refuse(self, tag: int, *, multiple: bool) -> None:
        """The broker does not take these: no later answer confirms them, even one that is about all up to its tag."""
        with self._lock:
            for one in [sent for sent in self._sent if sent <= tag] if multiple else [tag]:
                if one in self._sent:
                    self._refused[one] = self._sent.pop(one)

    def take_back(self) -> None:
        """The connection is gone: what was not confirmed goes out first the next time, in the old order."""
        with self._lock:
            left = {**self._sent, **self._refused}
            self._waiting.extendleft(left[tag] for tag in sorted(left, reverse=True))
            self._sent.clear()
            self._refused.clear()

    def drop(self) -> Pending | None:
        """Take the next message out for good; None when nothing waits."""
        with self._lock:
            if not self._waiting:
                return None
            pending = self._waiting.popleft()
            self._bytes -= cost(pending)
            return pending

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._waiting.clear()
            self._sent.clear()
            self._refused.clear()
            self._bytes = 0
