"""What can be made to go wrong, from any thread. A real broker offers none of this."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from gatepost.broker.queues import Entry, Queue

CutPoint = Literal["now", "deliver", "ack", "publish"]
DeliveryEffect = Literal["duplicate", "delay", "reorder", "drop"]

DEFAULT_REASON = "low on memory"


class Switchboard(Protocol):
    """What the levers need of the broker; all of it may be called from any thread."""

    def in_loop(self, action: Callable[[], None]) -> None:
        """Run it in the broker's thread and wait until it ran. Raises BrokerNotRunning."""

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run it in the broker's thread after so long."""

    def cut_now(self, number: int | None) -> None: ...

    def close_now(self, number: int | None) -> None: ...

    def set_blocked(self, reason: str | None) -> None: ...

    def freeze(self, seconds: float) -> None: ...

    def cuts_changed(self) -> None:
        """There is another number of connections to cut at a point."""


@dataclass(slots=True)
class Held:
    """What is to become of a delivery. `seconds` are for a delay."""

    effect: DeliveryEffect
    seconds: float = 0.0


class Rules(Protocol):
    """Asked, in the broker's thread, each time; levers that were pulled come first."""

    def delivery(self, routing_key: str) -> Held | None: ...

    def login(self) -> bool:
        """Whether it is refused."""

    def heartbeat(self) -> bool:
        """Whether it is left out."""


class Levers:
    """The levers of one broker. They act in the order in which they were pulled, each once; switches stay."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self.deliveries: deque[Held] = deque()
        self.armed = False
        """Whether queues have to ask `let_pass` before a delivery."""
        self.cuts: list[tuple[CutPoint, int | None]] = []
        self.logins_refused = False
        self.heartbeats_stopped = False
        self._rules: Rules | None = None
        self._held_back: dict[Queue, Entry] = {}

    def obey(self, rules: Rules | None) -> None:
        """Ask these from now on; None for nobody."""
        self._rules = rules
        if rules is not None:
            self.armed = True

    def close(self, connection: int | None = None) -> None:
        """End a connection, or all, as an operator's command does: 320, CONNECTION_FORCED."""
        self._board.in_loop(lambda: self._board.later(0, lambda: self._board.close_now(connection)))

    def cut(self, connection: int | None = None, at: CutPoint = "now") -> None:
        """Drop a socket without a word: `now`, or right before the bytes of its next delivery leave (`deliver`), or
        before its next acknowledgement or publish is handled. Without a number it is whichever connection comes
        there first; with `now`, all. Raises LookupError for a connection that is not there."""
        if at == "now":
            self._board.in_loop(lambda: self._board.cut_now(connection))
        else:
            self._board.in_loop(lambda: self._arm_cut(at, connection))

    def duplicate_next(self) -> None:
        """The next message to be delivered is in its queue twice, as after a publisher's retry."""
        self._pull(Held("duplicate"))

    def delay_next(self, seconds: float) -> None:
        """The next message to be delivered comes only after so long; others of its queue overtake it meanwhile."""
        self._pull(Held("delay", seconds))

    def reorder_next(self) -> None:
        """The next message to be delivered lets the one behind it in its queue go first; it waits until one came."""
        self._pull(Held("reorder"))

    def drop_next(self) -> None:
        """The next message to be delivered is lost."""
        self._pull(Held("drop"))

    def refuse_logins(self, refuse: bool = True) -> None:
        """Every login fails with 403, whatever the password; open connections stay."""
        self._board.in_loop(lambda: setattr(self, "logins_refused", refuse))

    def stop_heartbeats(self, stop: bool = True) -> None:
        """Send no heartbeats; clients that hear nothing else take the broker for dead."""
        self._board.in_loop(lambda: setattr(self, "heartbeats_stopped", stop))

    def block_publishers(self, block: bool = True, reason: str = DEFAULT_REASON) -> None:
        """As RabbitMQ short of memory: who publishes gets `connection.blocked` and is not read until the end."""
        self._board.in_loop(lambda: self._board.set_blocked(reason if block else None))

    def block_for(self, seconds: float) -> None:
        """`block_publishers` for so long."""
        self.block_publishers()
        self._board.in_loop(lambda: self._board.later(seconds, lambda: self._board.set_blocked(None)))

    def pause(self, seconds: float) -> None:
        """The whole broker hangs for so long: nothing is accepted, read, sent or timed. Returns at once."""
        self._board.freeze(seconds)

    def reset(self) -> None:
        """Undo every lever that has not acted yet, and every switch."""
        self._board.in_loop(self._reset)

    # ------------------------------------------------------------------ in the broker's thread

    def _arm_cut(self, at: CutPoint, connection: int | None) -> None:
        self.cuts.append((at, connection))
        self._board.cuts_changed()

    def _pull(self, held: Held) -> None:
        def pull() -> None:
            self.deliveries.append(held)
            self.armed = True

        self._board.in_loop(pull)

    def _reset(self) -> None:
        self.deliveries.clear()
        self.cuts.clear()
        self._board.cuts_changed()
        self.logins_refused = self.heartbeats_stopped = False
        self._board.set_blocked(None)
        held_back, self._held_back = self._held_back, {}
        self.armed = self._rules is not None
        for entry in held_back.values():
            _put_back(entry)

    def takes_cut(self, at: CutPoint, number: int) -> bool:
        """Whether this connection is to be cut at this point; forgets that it was."""
        for cut in self.cuts:
            if cut in ((at, None), (at, number)):
                self.cuts.remove(cut)
                self._board.cuts_changed()
                return True
        return False

    def let_pass(self, entry: Entry) -> bool:
        """Apply the next lever to a delivery; False where it does not take place now."""
        passes = True
        held_back = self._held_back.pop(entry.queue, None)
        if held_back is not None:
            entry.queue.put_back(held_back)
        elif self.deliveries:
            passes = self._apply(self.deliveries.popleft(), entry)
        elif entry.ruled:
            entry.ruled = False
        elif self._rules is not None and (held := self._rules.delivery(entry.message.address.routing_key)):
            passes = self._apply(held, entry, ruled=True)
        self.armed = bool(self.deliveries or self._held_back or self._rules)
        return passes

    def refuses_login(self) -> bool:
        return self.logins_refused or (self._rules is not None and self._rules.login())

    def mutes_heartbeat(self) -> bool:
        return self.heartbeats_stopped or (self._rules is not None and self._rules.heartbeat())

    def _apply(self, held: Held, entry: Entry, *, ruled: bool = False) -> bool:
        if held.effect == "duplicate":
            entry.queue.double(entry).ruled = ruled
            return True
        entry.ruled = ruled
        if held.effect == "delay":
            self._board.later(held.seconds, lambda: _put_back(entry))
        elif held.effect == "reorder":
            self._held_back[entry.queue] = entry
        return False

    def forget(self, queue: Queue) -> None:
        """The queue is gone, and with it what was held back."""
        self._held_back.pop(queue, None)


def _put_back(entry: Entry) -> None:
    if not entry.queue.deleted:
        entry.queue.put_back(entry)
        entry.queue.run()
