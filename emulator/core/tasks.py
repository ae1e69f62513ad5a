"""Tasks: their one state machine (vCloud API reference, section 4.3), and which of them can still be read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gatepost.core.errors import NotFound
from gatepost.core.events import EntityRef

if TYPE_CHECKING:
    from gatepost.core.entities import Requester, Tenant
    from gatepost.core.holds import Decision, Hold
    from gatepost.core.reported import Report

EXPIRES_AFTER = 90 * 86_400.0
"""Seconds from a task's start to its `expiryTime`, as captured from real servers."""

KEEP_FINISHED = 10_000
"""Finished tasks that an organization keeps; older ones are gone."""


class TaskStatus(StrEnum):
    QUEUED = "queued"
    PRE_RUNNING = "preRunning"
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"
    CANCELED = "canceled"
    ABORTED = "aborted"

    @property
    def ended(self) -> bool:
        return self not in _OPEN


class Move(Enum):
    """What can happen to a task; only the runner says it."""

    HOLD = "hold"
    START = "start"
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"
    ABORT = "abort"


_OPEN = frozenset({TaskStatus.QUEUED, TaskStatus.PRE_RUNNING, TaskStatus.RUNNING})
_END_EARLY = {Move.FAIL: TaskStatus.ERROR, Move.CANCEL: TaskStatus.CANCELED, Move.ABORT: TaskStatus.ABORTED}
Moves = dict[TaskStatus, dict[Move, TaskStatus]]
MOVES: Moves = {
    TaskStatus.QUEUED: {Move.HOLD: TaskStatus.PRE_RUNNING, Move.START: TaskStatus.RUNNING, **_END_EARLY},
    TaskStatus.PRE_RUNNING: {Move.START: TaskStatus.RUNNING, **_END_EARLY},
    TaskStatus.RUNNING: {
        Move.SUCCEED: TaskStatus.SUCCESS,
        Move.FAIL: TaskStatus.ERROR,
        Move.CANCEL: TaskStatus.CANCELED,
    },
}


class IllegalMove(AssertionError):
    """The engine asked for a transition that the state machine does not have: a bug in the engine."""


class TaskError(NamedTuple):
    """Why a task did not succeed, as its user reads it."""

    message: str
    minor_code: str = "BAD_REQUEST"
    major_code: int = 400


class Runner(Protocol):
    """Who moves a task that is open."""

    def decide(self, decision: Decision, message: str) -> None:
        """Go on, or end, as the task's hold was decided."""
        ...

    def cancel(self, message: str) -> None:
        """The task is taken back, by somebody who may."""
        ...


class Task:
    """One long-running request of a user. Times are epoch seconds of the cloud's clock."""

    __slots__ = (
        "_moves",
        "_status",
        "cancel_requested",
        "details",
        "ended_at",
        "error",
        "hold",
        "id",
        "operation",
        "org",
        "owner",
        "progress",
        "report",
        "runner",
        "started_at",
        "user",
    )

    def __init__(
        self,
        id: str,
        operation: str,
        owner: EntityRef,
        org: Tenant,
        user: Requester,
        at: float,
        moves: Moves = MOVES,
    ) -> None:
        self.id = id
        self.operation = operation
        self.owner = owner
        self.org = org
        self.user = user
        self.started_at = at
        self.ended_at: float | None = None
        self.progress = 0
        self.details = ""
        self.error: TaskError | None = None
        self.cancel_requested = False
        self.hold: Hold | None = None
        self.runner: Runner | None = None
        self.report: Report | None = None
        self._moves = moves
        self._status = TaskStatus.QUEUED

    @property
    def status(self) -> TaskStatus:
        return self._status

    @property
    def expires_at(self) -> float:
        return self.started_at + EXPIRES_AFTER

    @property
    def ref(self) -> EntityRef:
        return EntityRef("task", self.id, self.operation)

    def move(self, move: Move, at: float) -> None:
        """Take one transition of the state machine; raises IllegalMove where there is none."""
        try:
            self._status = self._moves[self._status][move]
        except KeyError:
            raise IllegalMove(f"a task that is {self._status} cannot {move.value}") from None
        if self._status.ended:
            self.ended_at = at


class TaskBook:
    """All tasks that can be read: every open one, and the finished ones up to a bound in number and age."""

    def __init__(self, now: Callable[[], float], keep: int = KEEP_FINISHED) -> None:
        self._now = now
        self._keep = keep
        self._tasks: dict[str, Task] = {}
        self._of_org: dict[str, dict[str, Task]] = {}
        self._finished: dict[str, deque[Task]] = {}
        self.on_forgotten: Callable[[Task], None] = lambda task: None

    def add(self, task: Task) -> None:
        self._tasks[task.id] = task
        self._of_org.setdefault(task.org.id, {})[task.id] = task

    def finished(self, task: Task) -> None:
        finished = self._finished.setdefault(task.org.id, deque())
        finished.append(task)
        while finished and (len(finished) > self._keep or finished[0].expires_at <= self._now()):
            self._forget(finished.popleft())

    def drop(self, task: Task) -> None:
        """Forget a task that has ended, at once: nobody has been told of it."""
        finished = self._finished[task.org.id]
        if finished[-1] is task:
            finished.pop()
        else:
            finished.remove(task)
        self._forget(task)

    def find(self, id: str) -> Task | None:
        """None also for a task whose `expiryTime` has passed."""
        task = self._tasks.get(id)
        if task is None or (task.status.ended and task.expires_at <= self._now()):
            return None
        return task

    def get(self, id: str) -> Task:
        """Raises NotFound where `find` finds nothing."""
        task = self.find(id)
        if task is None:
            raise NotFound("task", id)
        return task

    def of_org(self, org: Tenant) -> list[Task]:
        """Open and recent tasks of an organization, oldest first."""
        now = self._now()
        tasks = self._of_org.get(org.id, {}).values()
        # Spelt out, since it is asked of thousands under the lock: `expires_at` and `status` take ten times as long.
        return [task for task in tasks if task.started_at + EXPIRES_AFTER > now or task.ended_at is None]

    def _forget(self, task: Task) -> None:
        del self._tasks[task.id]
        del self._of_org[task.org.id][task.id]
        self.on_forgotten(task)
