"""Operations: workflows written as generators, and the runner that holds the rules for them.

A workflow reads as the cloud's manual tells it. What it yields is a step: `Ask` stops until the outside world has
decided (or goes straight on where nobody asked to decide), `Work` takes simulated time, `Wait` waits for what the user
still has to bring. Decisions arrive as exceptions at the step. Everything that must be right every time is here, once:
the task's state machine, locks, what happens to objects that are not finished, which events are told and in what order.

The caller holds the world's lock in every function of this module.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Generic, NamedTuple

from gatepost.core.entities import Entity, Named, Requester, Transient, busy_with
from gatepost.core.errors import BusyEntity, CloudError, TaskEnded
from gatepost.core.events import EntityRef
from gatepost.core.holds import Decision, Hold
from gatepost.core.stock import Kept
from gatepost.core.tasks import Move, Task, TaskError, TaskStatus

if TYPE_CHECKING:
    from gatepost.core.clock import Timer
    from gatepost.core.world import World

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ask:
    """Wait for the outside world, if this operation is one that it wants to decide."""


@dataclass(frozen=True, slots=True)
class Work:
    """Take simulated time: `progress` (percent) is what the task shows meanwhile."""

    progress: int = 50


@dataclass(frozen=True, slots=True)
class Wait:
    """Stand still, still queued, until `Operation.wake`; after `seconds` the operation fails with `message`."""

    seconds: float
    message: str


Step = Ask | Work | Wait
Steps = Generator[Step, None, None]

ASK = Ask()
WORK = Work()


class Ended(BaseException):
    """An end that comes from outside. Not an Exception, so that no workflow's `except Exception` swallows it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Aborted(Ended):
    """Declined: nothing stays behind."""


class Failed(Ended):
    """Broken by the decider: what was being made stays behind, in error."""


class Canceled(Ended):
    """Taken back by its user or an administrator."""


class Outcome(NamedTuple):
    """An event at the operation's end; `on_failure` tells whether a failure reports it too (as unsuccessful)."""

    type: str
    entity: EntityRef
    on_failure: bool


class Made(NamedTuple):
    """A transient object, how to take it out of the world again, and the event that tells of that."""

    entity: Transient
    remove: Callable[[], None]
    undone: str


class Operation(Generic[Kept]):
    """One running workflow: what the workflow may call, and the runner behind it."""

    __slots__ = ("_early", "_locked", "_outcomes", "_steps", "_timer", "_transients", "name", "task", "user", "world")

    def __init__(self, world: World[Kept], name: str, user: Requester) -> None:
        self.world = world
        self.name = name
        self.user = user
        self.task: Task
        self._early: list[tuple[str, EntityRef]] | None = []
        self._outcomes: list[Outcome] = []
        self._transients: list[Made] = []
        self._locked: list[Entity] = []
        self._timer: Timer | None = None
        self._steps: Steps

    # What a workflow calls, before its first step:

    def acts_on(self, entity: Entity) -> None:
        """Name the object that the task is about, and lock it. Raises BusyEntity."""
        self._require_free(entity)
        self.task = Task(self.world.ids.uuid(), self.name, entity.ref, entity.org, self.user, self.world.now())
        self._lock(entity)

    def needs(self, entity: Entity) -> None:
        """Only read another object, which must not be about to change. Raises BusyEntity."""
        self._require_free(entity)

    def locks(self, entity: Entity) -> None:
        """Lock another object that the task needs; after `acts_on` or `creates`. Raises BusyEntity."""
        self._require_free(entity)
        self._lock(entity)

    def creates(self, entity: Transient, remove: Callable[[], None], *, undone: str) -> None:
        """Take care of an object that the workflow has just put into the world: it is transient until the operation
        has succeeded. An abort calls `remove` and tells `undone`; a failure leaves it behind, spoilt. The first one is
        what the task is about, unless that was named before.
        """
        self._transients.append(Made(entity, remove, undone))
        if self._locked:
            self._lock(entity)
        else:
            self.acts_on(entity)

    def tell(self, type: str, entity: Named) -> None:
        """An event that happens now."""
        if self._early is None:
            self._emit(type, entity.ref)
        else:
            self._early.append((type, entity.ref))

    def on_end(self, type: str, entity: Named, *, on_failure: bool = True) -> None:
        """An event that the end of the operation tells, successful or not."""
        self._outcomes.append(Outcome(type, entity.ref, on_failure))

    # The runner:

    def begin(self, workflow: Workflow[Kept]) -> Task:
        """Run the workflow to its first step. What it raises before that is the request's error and leaves no trace."""
        self._steps = workflow(self)
        first: Step | None
        try:
            first = next(self._steps, None)
            task = self.task
        except BaseException:
            for made in reversed(self._transients):
                made.remove()
            self._unlock()
            raise
        task.runner = self
        self._locked[0].failed_tasks = ()
        self.world.tasks.add(task)
        early, self._early = self._early or [], None
        for type, told in early:
            self._emit(type, told)
        self._tell_task("task/create")
        if first is None:
            self._start()
        self._go_on(first)
        return task

    def decide(self, decision: Decision, message: str) -> None:
        """Go on, or end, as the hold was decided; the hold itself is closed already."""
        if decision is Decision.RESUME:
            self.task.details = message
            self._start()
            self._go_on()
        elif decision is Decision.ABORT:
            self._throw(Aborted(message))
        else:
            self._throw(Failed(message))

    def wake(self) -> None:
        """What the operation waited for (`Wait`) has come."""
        if self._timer is not None:
            self._timer.cancel()
        self._go_on()

    def cancel(self, message: str) -> None:
        """End the operation for its user. Raises TaskEnded."""
        if self.task.status.ended:
            raise TaskEnded("The task has already ended.")
        self.task.cancel_requested = True
        self._throw(Canceled(message))

    def _go_on(self, step: Step | None = None) -> None:
        """Take step after step, beginning with `step`, until one has to be waited for or the workflow ends."""
        self._timer = None
        try:
            while step is None or not self._waits_for(step):
                step = next(self._steps)
        except BaseException as end:
            self._ended_by(end)

    def _waits_for(self, step: Step) -> bool:
        if isinstance(step, Ask) and self.world.blocking.asks_about(self.name):
            self._hold()
            return True
        if isinstance(step, Wait):
            late = partial(self._throw, Failed(step.message))
            self._timer = self.world.clock.call_later(step.seconds, late, self.world)
            return True
        if self.task.status is not TaskStatus.RUNNING:
            self._start()
        if isinstance(step, Work):
            self.task.progress = step.progress
            seconds = self.world.step_seconds()
            if seconds > 0:
                self._timer = self.world.clock.call_later(
                    seconds, self._go_on, self.world, "work of a task", self.task.id
                )
                return True
        return False

    def _hold(self) -> None:
        world, task = self.world, self.task
        now = world.now()
        task.move(Move.HOLD, now)
        task.details = world.settings.pending_message
        hold = Hold(world.ids.uuid(), task, now, now + world.blocking.timeout, world.blocking.default)
        task.hold = hold
        world.holds.add(hold)
        world.arm(hold)
        world.tell_hold("blockingtask/create", hold, self.user)

    def _start(self) -> None:
        self.task.move(Move.START, self.world.now())
        self._tell_task("task/start")

    def _throw(self, end: Ended) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            self._steps.throw(end)
        except StopIteration:
            self._ended_by(end)
        except BaseException as raised:
            self._ended_by(raised)
        else:
            self._ended_by(RuntimeError(f"the workflow of {self.name} went on after it was ended"))

    def _ended_by(self, end: BaseException) -> None:
        if isinstance(end, StopIteration):
            self._succeeded()
        elif isinstance(end, Aborted) and self.task.status is TaskStatus.PRE_RUNNING:
            self._undone(Move.ABORT, end.message)
        elif isinstance(end, Canceled):
            self._undone(Move.CANCEL, end.message)
        elif isinstance(end, Failed):
            self._failed(end.message, self.world.settings.hold_error_code)
        elif isinstance(end, CloudError):
            # What can be seen only later than the request, such as resources that others have taken meanwhile.
            self._failed(str(end), "BAD_REQUEST")
        else:
            log.error("the workflow of %s failed", self.name, exc_info=end)
            self._close_steps()
            self._failed("Unable to perform this action. Contact your cloud administrator.", "INTERNAL_SERVER_ERROR")

    def _close_steps(self) -> None:
        """A workflow that went wrong may still wait at a step, and may not even let itself be closed there."""
        try:
            self._steps.close()
        except BaseException:
            log.exception("the workflow of %s cannot be closed", self.name)

    def _succeeded(self) -> None:
        self.task.progress = 100
        self._finish(Move.SUCCEED)
        for outcome in self._outcomes:
            self._emit(outcome.type, outcome.entity)
        self._tell_task("task/complete")

    def _undone(self, move: Move, message: str) -> None:
        self.task.error = TaskError(message, self.world.settings.hold_error_code)
        self._finish(move)
        for made in self._transients:
            made.remove()
            self._emit(made.undone, made.entity.ref)
        self._tell_task("task/abort")

    def _failed(self, message: str, code: str) -> None:
        self.task.error = TaskError(message, code, 500 if code == "INTERNAL_SERVER_ERROR" else 400)
        for made in self._transients:
            made.entity.spoil()
        owner = self._locked[0]
        owner.failed_tasks = (*owner.failed_tasks, self.task)
        self._finish(Move.FAIL)
        for outcome in self._outcomes:
            if outcome.on_failure:
                self._emit(outcome.type, outcome.entity, success=False)
        self._tell_task("task/fail", success=False)

    def _finish(self, move: Move) -> None:
        self.task.move(move, self.world.now())
        self.task.runner = None
        self._unlock()
        self.world.tasks.finished(self.task)

    def _require_free(self, entity: Entity) -> None:
        busy = busy_with(entity)
        if busy is not None and busy[0] not in self._locked:
            raise BusyEntity(busy[0].ref, busy[1].ref)

    def _lock(self, entity: Entity) -> None:
        entity.busy = self.task
        self._locked.append(entity)

    def _unlock(self) -> None:
        for entity in self._locked:
            entity.busy = None
        self._locked = []

    def _emit(self, type: str, entity: EntityRef, *, success: bool = True) -> None:
        self.world.emit(type, entity, self.task.org, self.user, success=success)

    def _tell_task(self, type: str, *, success: bool = True) -> None:
        task = self.task
        self.world.emit(type, task.ref, task.org, self.user, success=success, task=task.ref, task_owner=task.owner)


Workflow = Callable[[Operation[Kept]], Steps]
