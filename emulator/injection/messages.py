"""Faults of messages, on the way from an event to the outbox: everything behind keeps the outbox's guarantees.

An event that is spoilt goes into the outbox marked, so that it is spoilt in the same way whenever it is sent again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import NAMESPACE_OID, uuid5

from gatepost.core.clock import Clock, Timer
from gatepost.core.effects import (
    MessageDelay,
    MessageDrop,
    MessageDuplicate,
    MessageMalform,
    MessageOvertake,
    MessageReorder,
    Point,
    spoil,
)
from gatepost.core.events import Event
from gatepost.core.faults import Fault, Faults, Seen
from gatepost.injection.veils import Veils
from gatepost.messaging.message import Message

REORDER_SECONDS = 5.0
"""Of the cloud's clock: how long a message waits for the one that is to overtake it."""


class Marked(Event):
    """An event whose message a rule has changed, or is to change."""

    fault: Fault


def _mark(event: Event, fault: Fault) -> Marked:
    marked = Marked(*event)
    marked.fault = fault
    return marked


class MessageFaults:
    """Takes the events of one dialect under the cloud's lock and hands them to `put`, by default unchanged.

    `drop` gets those that never leave, for the journal; `who` finds the login of an event's user.
    """

    def __init__(
        self,
        dialect: str,
        faults: Faults,
        veils: Veils,
        clock: Clock,
        put: Callable[[Event], None],
        drop: Callable[[Event], None],
        who: Callable[[Event], str | None],
    ) -> None:
        self._dialect = dialect
        self._faults = faults
        self._veils = veils
        self._clock = clock
        self._put = put
        self._drop = drop
        self._who = who
        self._behind: tuple[Event, Timer] | None = None
        faults.serve(Point.MESSAGE)

    def take(self, event: Event) -> None:
        """The caller holds the lock, as in the other methods."""
        if not self._faults.at[Point.MESSAGE] and self._behind is None:
            self._put(event)
            return
        behind, self._behind = self._behind, None
        fault = self._faults.hit(Point.MESSAGE, self._seen(event), lambda: self._who(event))
        if fault is None:
            self._put(event)
        else:
            self._apply(fault, event, _mark(event, fault))
        if behind is not None:
            overtaken, timer = behind
            timer.cancel()
            self._put(overtaken)

    def reset(self) -> None:
        """Forget what was held back; nothing of it is sent any more."""
        self._behind = None
        self._clock.clear(self)

    def _apply(self, fault: Fault, event: Event, marked: Marked) -> None:
        match fault.effect:
            case MessageDuplicate(seconds=seconds):
                self._put(event)
                if seconds:
                    self._later(seconds, marked)
                else:
                    self._put(marked)
            case MessageDelay(seconds=seconds):
                self._later(seconds, marked)
            case MessageReorder():
                self._behind = (marked, self._later(REORDER_SECONDS, marked))
            case MessageDrop():
                self._drop(marked)
            case MessageMalform():
                self._put(marked)
            case MessageOvertake() as effect:
                self._veils.hide(event.entity, fault.id, effect)
                self._put(marked)

    def _later(self, seconds: float, event: Event) -> Timer:
        return self._clock.call_later(seconds, partial(self._arrive, event), self, "a message that was held", event.id)

    def _arrive(self, event: Event) -> None:
        if self._behind is not None and self._behind[0] is event:
            self._behind = None
        self._put(event)

    def _seen(self, event: Event) -> Seen:
        operation = event.entity.name if event.task is not None else ""
        return Seen(dialect=self._dialect, event=event.type, operation=operation)


def spoilt(event: Event, message: Message) -> Message:
    """The message of an event as a rule wants it, if one has marked the event."""
    if not isinstance(event, Marked):
        return message
    fault = event.fault
    message = message._replace(fault=fault.id, note=fault.effect.kind)
    match fault.effect:
        case MessageDuplicate(how="resent") if message.message_id is not None:
            return message._replace(message_id=str(uuid5(NAMESPACE_OID, message.message_id)))
        case MessageMalform(how="no-headers"):
            return message._replace(headers={})
        case MessageMalform(how="wrong-headers"):
            return message._replace(headers={name: _other_type(value) for name, value in message.headers.items()})
        case MessageMalform(how="wrong-content-type"):
            return message._replace(content_type="application/octet-stream")
        case MessageMalform(how=("cut-off" | "not-utf8" | "html" | "empty") as how):
            return message._replace(body=spoil(message.body, how))
    return message


def _other_type(value: object) -> str | int:
    return 42 if isinstance(value, str) else "maybe"
