"""The calls of one cloud: threads from outside ask and wait, the messaging thread asks for them and hears the replies.

A call ends by its reply, by its deadline, by the loss of the broker, or by the end of the cloud: none is left waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pika

from gatepost.core.journal import Entry, Journal
from gatepost.messaging.call import BrokerAway, Call, Question, Reply, TooManyCalls
from gatepost.messaging.connection import BrokerConnection
from gatepost.messaging.line import CallLine
from gatepost.messaging.target import AmqpTarget

MOST_CALLS = 64
"""Calls that may wait at once. They park threads that the cloud's other clients need as well, and with them the
programs that answer, which ask the cloud in their turn."""

LARGEST_REPLY = 8 * 1024 * 1024
"""Bytes of a reply; of a larger one only the first of them are looked at."""

_STOPPING = "The cloud is stopping"


class Calls:
    """`clean` makes of the body of a reply what the journal may hold.

    The queue of the replies is named after a cell, whose id is drawn anew each time and never from a seed: two clouds
    on one broker must not take each other's replies.
    """

    def __init__(self, journal: Journal, clean: Callable[[bytes], bytes]) -> None:
        self.cell = str(uuid4())
        self._journal = journal
        self._clean = clean
        self._open: dict[str, Call] = {}
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(MOST_CALLS)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._line: CallLine | None = None
        self._away: str | None = None
        self._closed = False

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """A place among those who may wait, for as long as the block takes. Raises TooManyCalls."""
        if not self._places.acquire(blocking=False):
            raise TooManyCalls(f"{MOST_CALLS} requests wait for their replies already; try again later")
        try:
            yield
        finally:
            self._places.release()

    @contextlib.contextmanager
    def ask(self, question: Question, timeout: float) -> Iterator[Call]:
        """Send the message; the block waits for its replies, all in all `timeout` seconds. Raises CallFailed."""
        call = Call(question, time.monotonic() + timeout)
        with self._lock:
            if self._closed:
                raise BrokerAway(_STOPPING)
            self._open[call.id] = call
        try:
            self._hand_over(call)
            yield call
        finally:
            call.ended = True
            with self._lock:
                del self._open[call.id]

    def end(self, why: str) -> None:
        """Let go whoever waits."""
        with self._lock:
            calls = list(self._open.values())
        for call in calls:
            call.fail(BrokerAway(why))

    def close(self) -> None:
        """Let go whoever waits; nobody will any more."""
        with self._lock:
            self._closed = True
        self.end(_STOPPING)

    def run_on(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def _hand_over(self, call: Call) -> None:
        if self._loop is None:
            raise BrokerAway("The cloud has not been started")
        try:
            self._loop.call_soon_threadsafe(self._begin, call)
        except RuntimeError:  # the loop is closed
            raise BrokerAway(_STOPPING) from None

    # On the messaging thread:

    def connecting(self) -> None:
        """From now on calls wait for what becomes of the attempt."""
        self.disconnected()
        self._away = None

    def connected(self, connection: BrokerConnection, target: AmqpTarget) -> None:
        prefix = f"{target.prefix}." if target.prefix else ""
        names = f"{prefix}replyExchange", f"{prefix}replyQueue.{self.cell}"
        self._line = CallLine(connection, names, self._journal, self._on_reply, self._fail_begun)
        with self._lock:
            waiting = list(self._open.values())
        for call in waiting:
            self._begin(call)

    def disconnected(self) -> None:
        """What was asked over the connection gets no reply any more."""
        if self._line is not None:
            self._line.close()
        self._line = None
        self._fail_begun("The connection to the broker was lost")

    def away(self, why: str) -> None:
        """There is no broker now: whoever waits, and whoever comes, is told so at once."""
        self._away = why
        self.end(why)

    def _fail_begun(self, why: str) -> None:
        with self._lock:
            calls = [call for call in self._open.values() if call.begun]
        for call in calls:
            call.fail(BrokerAway(why))

    def _begin(self, call: Call) -> None:
        if call.ended or call.begun:
            return
        if self._line is not None:
            call.begun = True
            self._line.send(call)
        elif self._away is not None:
            call.fail(BrokerAway(self._away))

    def _on_reply(self, method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        with self._lock:
            call = self._open.get(properties.correlation_id or "")
        entry = Entry(
            kind="amqp.deliver",
            direction="in",
            dialect="" if call is None else call.question.dialect,
            at=self._journal.now(),
            method=method.exchange,
            path=method.routing_key,
            user=None if call is None else call.question.user,
            headers={**_shown(properties.headers), "correlation-id": properties.correlation_id or ""},
            body=self._clean(body[:LARGEST_REPLY]),
            answers=None if call is None or call.asked is None else call.asked.seq,
            note="dropped: nobody waits for this reply, by its correlation_id" if call is None else None,
        )
        self._journal.add(entry)
        if call is not None:
            call.take(Reply(body[: LARGEST_REPLY + 1], entry))


def _shown(headers: dict[str, Any] | None) -> dict[str, object]:
    """Headers of a message as the journal holds them; tables may nest in each other without an end."""
    return {
        name[:255]: value if isinstance(value, bool | int) else str(value)[:1_000]
        for name, value in list((headers or {}).items())[:50]
    }
