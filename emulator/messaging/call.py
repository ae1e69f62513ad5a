"""One call: a message to a program behind the broker, and the thread that waits for the reply."""

from __future__ import annotations

import queue
import time
from typing import NamedTuple
from uuid import uuid4

from gatepost.core.journal import Entry

_MOST_REPLIES = 16
"""Replies of one call that wait to be looked at."""


class CallFailed(Exception):
    """A call that ends without a reply; the text says why."""


class BrokerAway(CallFailed):
    """There is no broker, or none any more."""


class NoSuchExchange(CallFailed):
    """The exchange that the message is for does not exist."""


class TimedOut(CallFailed):
    """No reply came in time."""


class TooManyCalls(CallFailed):
    """So many wait already that this one may not."""


class Question(NamedTuple):
    """The message. `kept` is its body as the journal may hold it, `user` is who asked."""

    exchange: str
    routing_key: str
    message_type: str
    body: bytes
    kept: bytes
    dialect: str
    user: str | None


class Reply(NamedTuple):
    """A message that answers; `entry` is the journal's."""

    body: bytes
    entry: Entry


class Call:
    """`id` is the correlation id, `deadline` monotonic time. It has ended once nobody waits for it any more."""

    def __init__(self, question: Question, deadline: float) -> None:
        self.id = str(uuid4())
        self.question = question
        self.begun = False
        self.asked: Entry | None = None
        self.ended = False
        self._deadline = deadline
        self._arrived: queue.SimpleQueue[Reply | CallFailed] = queue.SimpleQueue()

    def reply(self) -> Reply:
        """The next reply. Raises CallFailed."""
        try:
            arrived = self._arrived.get(timeout=max(self._deadline - time.monotonic(), 0))
        except queue.Empty:
            raise TimedOut("No reply came in time") from None
        if isinstance(arrived, CallFailed):
            raise arrived
        return arrived

    def take(self, reply: Reply) -> None:
        if self._arrived.qsize() < _MOST_REPLIES:
            self._arrived.put(reply)

    def fail(self, error: CallFailed) -> None:
        self.ended = True
        self._arrived.put(error)
