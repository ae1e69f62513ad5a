"""Holds: requests that wait for the outside world, and the one state machine of their ends (reference, section 5.4)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from gatepost.core.errors import HoldClosed, NotFound
from gatepost.core.events import EntityRef

if TYPE_CHECKING:
    from gatepost.core.clock import Timer
    from gatepost.core.entities import Requester
    from gatepost.core.tasks import Task

KEEP_HANDLED = 10_000
"""Ended holds that can still be read, at most."""


class Decision(StrEnum):
    """How a hold ends. RESUME sends the operation on, ABORT undoes it, FAIL breaks it."""

    RESUME = "resume"
    ABORT = "abort"
    FAIL = "fail"


class Hold:
    """A task that waits for a decision until `deadline` (epoch seconds, infinite where none was set).

    Then the clock takes `default`.
    """

    __slots__ = ("_decision", "closed_at", "created_at", "deadline", "decided_by", "default", "id", "task", "timer")

    def __init__(self, id: str, task: Task, created_at: float, deadline: float, default: Decision) -> None:
        self.id = id
        self.task = task
        self.created_at = created_at
        self.deadline = deadline
        self.default = default
        self.timer: Timer | None = None
        self.closed_at: float | None = None
        self.decided_by: Requester | None = None
        self._decision: Decision | None = None

    @property
    def active(self) -> bool:
        return self._decision is None

    @property
    def decision(self) -> Decision | None:
        """How it ended; None while it is open."""
        return self._decision

    @property
    def ref(self) -> EntityRef:
        return EntityRef("blockingTask", self.id, self.task.operation)

    def close(self, decision: Decision, by: Requester, at: float) -> bool:
        """Take the decision; False when the very same one was taken before, which has no second effect.

        Raises HoldClosed when another was taken.
        """
        if self._decision is decision:
            return False
        self.require_active()
        self._decision = decision
        self.decided_by = by
        self.closed_at = at
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        return True

    def require_active(self) -> None:
        if self._decision is not None:
            raise HoldClosed("The blocking task is not active")


class HoldBook:
    """Every open hold, and the handled ones for as long as they stay readable."""

    def __init__(self, now: Callable[[], float], retention: Callable[[], float], keep: int = KEEP_HANDLED) -> None:
        self._now = now
        self._retention = retention
        self._keep = keep
        self._holds: dict[str, Hold] = {}
        self._active: dict[str, Hold] = {}
        self._handled: deque[Hold] = deque()

    def add(self, hold: Hold) -> None:
        self._holds[hold.id] = hold
        self._active[hold.id] = hold

    def closed(self, hold: Hold) -> None:
        del self._active[hold.id]
        self._handled.append(hold)
        while self._handled and (len(self._handled) > self._keep or self._is_stale(self._handled[0])):
            del self._holds[self._handled.popleft().id]

    def find(self, id: str) -> Hold | None:
        """None also for a handled hold whose time to be read is over."""
        hold = self._holds.get(id)
        return None if hold is None or self._is_stale(hold) else hold

    def get(self, id: str) -> Hold:
        """Raises NotFound where `find` finds nothing."""
        hold = self.find(id)
        if hold is None:
            raise NotFound("blockingTask", id)
        return hold

    def active(self) -> list[Hold]:
        """The open ones, oldest first."""
        return list(self._active.values())

    def handled(self) -> list[Hold]:
        """The ended ones that can still be read, oldest first."""
        return [hold for hold in self._handled if not self._is_stale(hold)]

    def __len__(self) -> int:
        return len(self._active)

    def _is_stale(self, hold: Hold) -> bool:
        return hold.closed_at is not None and self._now() - hold.closed_at > self._retention()
