"""What a task is beyond the engine's: type, jobs, and the message that decided it (reference, section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from gatepost.abiquo.inventory import Enterprise, Inventory, User, VirtualMachine
from gatepost.core.errors import NotFound
from gatepost.core.tasks import Task, TaskStatus

_STATES = {
    TaskStatus.QUEUED: "PENDING",
    TaskStatus.PRE_RUNNING: "QUEUEING",
    TaskStatus.RUNNING: "STARTED",
    TaskStatus.SUCCESS: "FINISHED_SUCCESSFULLY",
    TaskStatus.ERROR: "FINISHED_UNSUCCESSFULLY",
    TaskStatus.CANCELED: "CANCELLED",
    TaskStatus.ABORTED: "CANCELLED",
}


@dataclass(slots=True, eq=False)
class Job:
    """A step of a task. `updated` is epoch seconds of the cloud's clock."""

    id: str
    type: str
    created: float
    updated: float
    state: str = "PENDING"


@dataclass(slots=True, eq=False)
class Record:
    """A task of a virtual machine. `word` is its text for continue or cancel, kept as extradata."""

    task: Task
    machine: VirtualMachine
    user: User
    jobs: list[Job]
    updated: float
    word: str = ""
    taken_up: bool = False
    acknowledged: bool = False
    platform: bool = False
    """Ended by the platform itself, not by anybody's decision."""

    @property
    def id(self) -> str:
        return self.task.id

    @property
    def type(self) -> str:
        return self.task.operation

    @property
    def state(self) -> str:
        status = self.task.status
        if status is TaskStatus.RUNNING and not self.taken_up:
            return "PENDING"
        if status is TaskStatus.ERROR and self.acknowledged:
            return "ACK_ERROR"
        if self.platform and status.ended:
            return "ABORTED"
        return _STATES[status]

    @property
    def queued(self) -> bool:
        return self.task.status is TaskStatus.PRE_RUNNING


@dataclass(slots=True)
class Queue:
    """The tasks in QUEUEING, by enterprise and by user, newest first. A page costs what it shows."""

    _of: dict[str, dict[str, Record]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        for id in (record.machine.org.id, record.user.id):
            self._of.setdefault(id, {})[record.id] = record

    def remove(self, record: Record) -> None:
        for id in (record.machine.org.id, record.user.id):
            del self._of[id][record.id]

    def count(self, of: Enterprise | User) -> int:
        return len(self._of.get(of.id, ()))

    def newest(self, of: Enterprise | User, start: int, limit: int | None) -> Iterator[Record]:
        stop = None if limit is None else start + limit
        return islice(reversed(self._of.get(of.id, {}).values()), start, stop)


def state_of(inventory: Inventory, task: Task) -> str:
    """As users see it, also when its machine is gone."""
    machine = inventory.machines.get(task.owner.id)
    record = machine.tasks.get(task.id) if machine is not None else None
    return record.state if record is not None else _STATES[task.status]


def find(machine: VirtualMachine, id: str) -> Record:
    """Raises NotFound."""
    record = machine.tasks.get(id)
    if record is None:
        raise NotFound("task", id)
    return record


def forget(inventory: Inventory, task: Task) -> None:
    """The engine keeps a task no longer; neither does its machine."""
    machine = inventory.machines.get(task.owner.id)
    if machine is not None:
        machine.tasks.pop(task.id, None)
        machine.failed_tasks = tuple(other for other in machine.failed_tasks if other is not task)
