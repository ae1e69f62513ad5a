"""One world: its objects, tasks and holds, and the rules by which requests and decisions enter it.

`World` is replaced as a whole by a reset; an operation touches only the world that it was given.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic

from gatepost.core.clock import Clock
from gatepost.core.entities import Requester, Tenant
from gatepost.core.errors import Forbidden, InvalidValue, TaskEnded
from gatepost.core.eventbook import EventBook
from gatepost.core.events import EntityRef, Event
from gatepost.core.holds import Decision, Hold, HoldBook
from gatepost.core.ids import Ids
from gatepost.core.operations import Operation, Workflow
from gatepost.core.stock import Kept
from gatepost.core.tasks import Task, TaskBook
from gatepost.settings import Settings

DEFAULT_TIMEOUT = 432_000.0
"""Seconds that a hold waits unless set otherwise: five days, as all published samples show."""

STEP = 0.2
"""Seconds of one step of simulated work, before the setting `work.scale`."""

LONGEST_TIMEOUT = 100 * 365 * 86_400.0
"""Seconds; a longer time-out would leave the range of dates that every client can read."""


@dataclass(slots=True)
class Blocking:
    """Which operations wait for the outside world, how long, and what happens then (reference, section 5.5).

    An infinite `timeout` is none: only a decision ends the hold.
    """

    operations: frozenset[str]
    timeout: float = DEFAULT_TIMEOUT
    default: Decision = Decision.ABORT

    def asks_about(self, operation: str) -> bool:
        return operation in self.operations


class World(Generic[Kept]):
    """Everything that a reset throws away. Callers hold `lock` around every method that is not said to take it."""

    def __init__(self, lock: threading.RLock, clock: Clock, settings: Settings, seed: int, inventory: Kept) -> None:
        self.lock = lock
        self.clock = clock
        self.settings = settings
        self.ids = Ids(seed)
        self.inventory = inventory
        self.tasks = TaskBook(clock.now)
        self.tasks.on_forgotten = self._forget_task
        self.holds = HoldBook(clock.now, lambda: settings.hold_retention)
        self.blocking = Blocking(frozenset())
        self.open_reports = 0
        self.events = EventBook()
        self.step_seconds: Callable[[], float] = lambda: STEP * settings.work_scale
        self.on_event: Callable[[Event], None] = lambda event: None

    def now(self) -> float:
        return self.clock.now()

    def request(self, operation: str, user: Requester, workflow: Workflow[Kept]) -> Task:
        """A user asks for something. Takes the lock. Raises CloudError when the cloud refuses at once."""
        with self.lock:
            return Operation(self, operation, user).begin(workflow)

    def decide(self, hold: Hold, decision: Decision, message: str, by: Requester) -> bool:
        """End a hold. Takes the lock. False: the same decision had been taken already, nothing happened.

        Raises HoldClosed when another decision had been taken.
        """
        with self.lock:
            if not hold.close(decision, by, self.now()):
                return False
            self.holds.closed(hold)
            self.tell_hold(f"blockingtask/{decision.value}", hold, by)
            runner = hold.task.runner
            if runner is not None:
                runner.decide(decision, message)
            return True

    def extend(self, hold: Hold, message: str, timeout: float | None) -> None:
        """Keep a hold open: its user reads `message`; the deadline becomes now + `timeout` seconds, if one is given.

        Takes the lock. The default decision is read anew. Raises HoldClosed, and InvalidValue for an absurd time-out.
        """
        with self.lock:
            hold.require_active()
            if timeout is not None:
                require_timeout(timeout)
                hold.deadline = self.now() + timeout
                self.arm(hold)
            hold.default = self.blocking.default
            hold.task.details = message

    def cancel(self, task: Task, by: Requester) -> None:
        """A user takes a task back. Takes the lock. Raises Forbidden and TaskEnded."""
        with self.lock:
            runner = task.runner
            if runner is None:
                raise TaskEnded("The task has already ended.")
            if not self.may_cancel(task, by):
                raise Forbidden("This operation is denied.")
            message = f"The task was canceled by {by.name}."
            hold = task.hold
            if hold is not None and hold.active:
                hold.close(Decision.ABORT, by, self.now())
                self.holds.closed(hold)
                self.tell_hold("blockingtask/abort", hold, by)
            runner.cancel(message)

    def may_cancel(self, task: Task, user: Requester) -> bool:
        """The owner of a task and the administrators may, while it is open."""
        if task.status.ended:
            return False
        if task.hold is not None and task.hold.active and self.settings.cancel_blocked == "refuse":
            return False
        return task.user is user or user.administers(task.org)

    def arm(self, hold: Hold) -> None:
        """(Re)start the timer that takes the default decision at the hold's deadline."""
        if hold.timer is not None:
            hold.timer.cancel()
        if hold.deadline < math.inf:
            run_out = partial(self._time_out, hold)
            hold.timer = self.clock.call_at(hold.deadline, run_out, self, "time-out of a hold", hold.id)

    def _time_out(self, hold: Hold) -> None:
        if hold.active:
            self.decide(hold, hold.default, self.settings.timeout_message, self.inventory.system_user)

    def tell_hold(self, type: str, hold: Hold, by: Requester) -> None:
        task = hold.task
        self.emit(type, hold.ref, task.org, by, task=task.ref, task_owner=task.owner)

    def emit(
        self,
        type: str,
        entity: EntityRef,
        org: Tenant,
        user: Requester,
        *,
        success: bool = True,
        task: EntityRef | None = None,
        task_owner: EntityRef | None = None,
        service: str = "",
    ) -> None:
        event = Event(self.ids.uuid(), type, self.now(), success, entity, org.ref, user.ref, task, task_owner, service)
        self.events.add(event)
        self.on_event(event)

    def close(self) -> None:
        """Leave nothing running: timers forgotten, nobody told any more.

        Whoever still holds a piece of this world may go on with it: its new timers go to a clock that stands still.
        """
        with self.lock:
            self.clock.clear(self)
            self.clock = Clock(self.lock, rate=0)
            self.on_event = lambda event: None

    def _forget_task(self, task: Task) -> None:
        owner = self.inventory.entity(task.owner.id)
        if owner is not None:
            owner.failed_tasks = tuple(other for other in owner.failed_tasks if other is not task)


def require_timeout(seconds: float) -> None:
    """Raises InvalidValue for a time-out that no calendar can hold."""
    if not 0 <= seconds <= LONGEST_TIMEOUT:
        raise InvalidValue(f"the time-out must lie between 0 and {LONGEST_TIMEOUT:.0f} seconds")
