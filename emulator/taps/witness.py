"""What crossed a broker's wire between it and a client, as entries of the journal."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TypeVar

from gatepost.broker import WireEvent
from gatepost.core import redaction
from gatepost.core.journal import Direction, Entry, Journal
from gatepost.messaging.message import Message

Key = TypeVar("Key")
Value = TypeVar("Value")

MOST_REMEMBERED = 20_000
"""Published messages, and deliveries that are not settled, of which the task is known."""

_TOLD = frozenset({"deliver", "get", "ack", "nack", "reject"})


class Witness:
    """Makes an entry of each delivery and each settling: of a tap's, and of the embedded broker's (`broker.observe`).

    A delivery is about the task of the message that was published under its routing key, and a settling `answers` its
    delivery. Safe for all threads.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._published: OrderedDict[str, tuple[str, str | None]] = OrderedDict()
        self._open: OrderedDict[tuple[int, int, int], Entry] = OrderedDict()

    def published(self, message: Message) -> None:
        """The cloud is about to publish it."""
        with self._lock:
            _remember(self._published, message.routing_key, (message.dialect, message.task))

    def saw(self, event: WireEvent) -> None:
        """Journal it, if it is a delivery or a settling."""
        if event.kind not in _TOLD:
            return
        place: dict[str, object] = {"connection": event.connection, "channel": event.channel, "delivery-tag": event.tag}
        key = (event.connection, event.channel, event.tag)
        if event.kind in ("deliver", "get"):
            place |= {"consumer-tag": event.consumer_tag, "redelivered": event.redelivered}
            with self._lock:
                dialect, task = self._published.get(event.routing_key, ("", None))
            entry = self.tell(f"amqp.{event.kind}", "out", place, event, dialect, task)
            with self._lock:
                _remember(self._open, key, entry)
            return
        place["multiple"] = event.multiple
        if event.kind != "ack":
            place["requeue"] = event.requeue
        with self._lock:
            delivery = self._open.pop(key, None)
        about = ("", None) if delivery is None else (delivery.dialect, delivery.task)
        self.tell(f"amqp.{event.kind}", "in", place, event, *about, answers=None if delivery is None else delivery.seq)

    def tell(
        self,
        kind: str,
        direction: Direction,
        headers: dict[str, object],
        event: WireEvent | None = None,
        dialect: str = "",
        task: str | None = None,
        *,
        answers: int | None = None,
        note: str | None = None,
        fault: int | None = None,
        path: str = "",
    ) -> Entry:
        return self._journal.add(
            Entry(
                kind=kind,
                direction=direction,
                dialect=dialect,
                at=self._journal.now(),
                method="" if event is None else event.exchange,
                path=path if event is None else event.routing_key,
                task=task,
                headers=headers,
                body=b"" if event is None else redaction.body(event.body),
                answers=answers,
                note=note,
                fault=fault,
            )
        )

    def gone(self, connection: int) -> None:
        """Its deliveries will not be settled any more."""
        with self._lock:
            for key in [key for key in self._open if key[0] == connection]:
                del self._open[key]


def _remember(known: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > MOST_REMEMBERED:
        known.popitem(last=False)
