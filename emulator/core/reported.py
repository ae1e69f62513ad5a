"""Tasks that the engine does not carry out, but is told of: by an extension service, or by an upload.

They have the same states and tell the same events as any other (vCloud API reference, sections 4.1 and 6.7). The caller
holds the world's lock in every function of this module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from gatepost.core.entities import Requester, Tenant
from gatepost.core.errors import IllegalState
from gatepost.core.events import EntityRef
from gatepost.core.holds import Decision
from gatepost.core.tasks import MOVES, Move, Moves, Task, TaskError, TaskStatus

if TYPE_CHECKING:
    from gatepost.core.entities import Requester, Tenant
    from gatepost.core.world import World

MOST_OPEN = 10_000
"""Tasks of this kind that may be open at the same time: nothing here ever ends one that is forgotten."""

_RANKS = {TaskStatus.QUEUED: 0, TaskStatus.PRE_RUNNING: 1, TaskStatus.RUNNING: 2}
_ENDS = {
    TaskStatus.SUCCESS: Move.SUCCEED,
    TaskStatus.ERROR: Move.FAIL,
    TaskStatus.CANCELED: Move.CANCEL,
    TaskStatus.ABORTED: Move.ABORT,
}
# Only the service knows what it does, so that it may call its work aborted at any time.
_MOVES: Moves = {**MOVES, TaskStatus.RUNNING: {**MOVES[TaskStatus.RUNNING], Move.ABORT: TaskStatus.ABORTED}}


class Foreign(NamedTuple):
    """An object that only the outside service knows, as it refers to it."""

    href: str
    type: str
    name: str


@dataclass(slots=True)
class Report:
    """What an outside service tells of its task beside what every task has; `params` and `result` are XML."""

    service: str
    text: str = ""
    owner: Foreign | None = None
    params: bytes = b""
    result: bytes = b""


class Reported:
    """The runner of one such task. `stop` is called when a user takes it back, and then the task ends; without it the
    wish is noted, and whoever works on the task has to end it, unless a setting says otherwise.
    """

    def __init__(self, world: World[Any], task: Task, stop: Callable[[], None] | None) -> None:
        self._world = world
        self.task = task
        self._stop = stop
        task.runner = self
        world.tasks.add(task)
        world.open_reports += 1
        self._event("task/create")

    def tell(self, status: TaskStatus, error: TaskError | None = None) -> None:
        """The task has come this far; `error` says why it did not succeed. Raises IllegalState for a step back."""
        self.require(status)
        task = self.task
        if status is task.status:
            return
        if not status.ended:
            self._move(Move.HOLD if status is TaskStatus.PRE_RUNNING else Move.START)
            return
        if status is TaskStatus.SUCCESS and task.status is not TaskStatus.RUNNING:
            self._move(Move.START)
        if status is TaskStatus.SUCCESS:
            task.progress = 100
        else:
            task.error = error or TaskError(f"The task was ended as {status}.", self._world.settings.hold_error_code)
        self._move(_ENDS[status])
        task.runner = None
        self._world.open_reports -= 1
        self._world.tasks.finished(task)

    def require(self, status: TaskStatus) -> None:
        """Raises IllegalState where `tell` would."""
        if not status.ended and _RANKS[status] < _RANKS[self.task.status]:
            raise IllegalState(f"A task that is {self.task.status} cannot become {status}.")

    def cancel(self, message: str) -> None:
        self.task.cancel_requested = True
        if self._stop is not None:
            self._stop()
        if self._stop is not None or self._world.settings.external_cancel == "end":
            self.tell(TaskStatus.CANCELED, TaskError(message, self._world.settings.hold_error_code))

    def decide(self, decision: Decision, message: str) -> None:
        raise AssertionError("nobody is asked about a task that is reported")

    def _move(self, move: Move) -> None:
        self.task.move(move, self._world.now())
        match self.task.status:
            case TaskStatus.RUNNING:
                self._event("task/start")
            case TaskStatus.SUCCESS:
                self._event("task/complete")
            case TaskStatus.ERROR:
                self._event("task/fail", success=False)
            case TaskStatus.CANCELED | TaskStatus.ABORTED:
                self._event("task/abort")

    def _event(self, type: str, *, success: bool = True) -> None:
        task = self.task
        self._world.emit(type, task.ref, task.org, task.user, success=success, task=task.ref, task_owner=task.owner)


def open_task(
    world: World[Any],
    operation: str,
    owner: EntityRef,
    org: Tenant,
    user: Requester,
    *,
    report: Report | None = None,
    stop: Callable[[], None] | None = None,
) -> Reported:
    """A new task in the organization's list, queued. Raises IllegalState when there are too many open ones."""
    if world.open_reports >= MOST_OPEN:
        raise IllegalState(f"There are {MOST_OPEN} such tasks that have not ended. End some of them first.")
    task = Task(world.ids.uuid(), operation, owner, org, user, world.now(), _MOVES)
    task.report = report
    return Reported(world, task, stop)
