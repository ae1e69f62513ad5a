"""The engine without any dialect: a cloud whose events are kept, and what section 6.8 of the reference says of them."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gatepost.core import workflows
from gatepost.core.cloud import Cloud
from gatepost.core.events import Event
from gatepost.core.holds import Decision, Hold
from gatepost.core.inventory import Machine, User, VApp, VAppTemplate, Vdc, Vm
from gatepost.core.operations import Workflow
from gatepost.core.tasks import Task, TaskStatus
from gatepost.core.world import World
from gatepost.settings import parse

INSTANTIATE: Final = "vdcInstantiateVapp"
SECOND: Final = 5.0
"""Setting `work.scale` under which one step of work takes one second."""

Told = tuple[str, str, bool]
"""Type, entity and success of an event."""


class Engine:
    """A cloud and everything that it told, in order. Its work takes a second, unless `settings` say otherwise."""

    def __init__(self, rate: float = 0.0, **settings: Any) -> None:
        values = {"work.scale": SECOND} | {name.replace("__", "."): value for name, value in settings.items()}
        self.cloud = Cloud(parse(values), rate=rate)
        self.clock = self.cloud.clock
        self.events: list[Event] = []
        self.cloud.listen(self.events.append)

    @property
    def world(self) -> World:
        return self.cloud.world

    def user(self, login: str = "alice@acme") -> User:
        return self.world.inventory.find_user(*login.split("@"))

    @property
    def administrator(self) -> User:
        return self.user("administrator@System")

    def vdc(self, name: str = "acme-vdc") -> Vdc:
        return next(vdc for vdc in self.world.inventory.vdcs.values() if vdc.name == name)

    def template(self, name: str = "centos") -> VAppTemplate:
        return next(template for template in self.vdc().templates.values() if template.name == name)

    def block(self, *operations: str, timeout: float = 3_600.0, default: Decision = Decision.ABORT) -> None:
        blocking = self.world.blocking
        blocking.operations, blocking.timeout, blocking.default = frozenset(operations), timeout, default

    def ask(self, operation: str, workflow: Workflow, login: str = "alice@acme") -> Task:
        return self.world.request(operation, self.user(login), workflow)

    def instantiate(
        self, name: str, template: str = "centos", *, on: bool = False, login: str = "alice@acme", vdc: str = "acme-vdc"
    ) -> Task:
        user = self.user(login)
        workflow = workflows.instantiate(self.vdc(vdc), self.template(template), name, "", user, deploy=on, power_on=on)
        return self.world.request(INSTANTIATE, user, workflow)

    def vapp(self, name: str, template: str = "centos", *, on: bool = False, **where: str) -> VApp:
        """A finished vApp, made without asking anybody."""
        blocking, self.world.blocking.operations = self.world.blocking.operations, frozenset()
        task = self.instantiate(name, template, on=on, **where)
        self.clock.advance(1.0)
        self.world.blocking.operations = blocking
        assert task.status is TaskStatus.SUCCESS
        return self.world.inventory.vapps[task.owner.id]

    def decide(self, task: Task, decision: Decision, message: str = "so be it") -> bool:
        return self.world.decide(hold_of(task), decision, message, self.administrator)

    def told(self, since: int = 0) -> list[str]:
        """The events behind the first `since`, as `vapp/create`, with an exclamation mark behind unsuccessful ones."""
        return [event.type if event.success else event.type + "!" for event in self.events[since:]]


def hold_of(task: Task) -> Hold:
    assert task.hold is not None, f"{task.operation} asked nobody"
    return task.hold


def by_task(events: Iterable[Event]) -> dict[str, list[Told]]:
    """The events of each task, by its id.

    Events of objects name no task; they stand directly before an event of the task that they belong to.
    """
    stories: dict[str, list[Told]] = defaultdict(list)
    waiting: list[Told] = []
    for event in events:
        waiting.append((event.type, event.entity.id, event.success))
        if event.task is not None:
            stories[event.task.id] += waiting
            waiting = []
    assert not waiting, f"events that belong to no task: {waiting}"
    return stories


@dataclass
class Plan:
    """What was asked for, as far as its events go."""

    verb: str
    """`instantiate`, `delete`, `deploy`, `undeploy` or `power`."""
    machine: Machine
    switches: bool = False
    """Whether the power state is another one afterwards."""
    vms: list[str] = field(init=False)

    def __post_init__(self) -> None:
        parts: Sequence[Machine] = self.machine.vms if isinstance(self.machine, VApp) else [self.machine]
        self.vms = [part.id for part in parts]

    def story(self, task: Task) -> list[Told]:
        """Every event that section 6.8 of the reference has for the task as it is now, in order."""
        told = [*self._requests(), ("task/create", task.id, True)]
        hold, status = task.hold, task.status
        if hold is not None:
            told.append(("blockingtask/create", hold.id, True))
            if hold.decision is not None:
                told.append((f"blockingtask/{hold.decision.value}", hold.id, True))
        if hold is None or hold.decision is Decision.RESUME:
            told.append(("task/start", task.id, True))
        if status is TaskStatus.SUCCESS:
            told += [*self._results(), ("task/complete", task.id, True)]
        elif status is TaskStatus.ERROR:
            failed = [(type, id, False) for type, id, _ in self._results() if type != "vm/change_state"]
            told += [*failed, ("task/fail", task.id, False)]
        elif status in (TaskStatus.ABORTED, TaskStatus.CANCELED):
            told += [*self._undoing(), ("task/abort", task.id, True)]
        return told

    @property
    def _kind(self) -> str:
        return "vm" if isinstance(self.machine, Vm) else "vapp"

    def _requests(self) -> list[Told]:
        own = self.machine.id
        if self.verb == "instantiate":
            return [("vapp/create_request", own, True), *(("vm/create_request", vm, True) for vm in self.vms)]
        return [] if self.verb == "power" else [(f"{self._kind}/{self.verb}_request", own, True)]

    def _results(self) -> list[Told]:
        noun = "create" if self.verb == "instantiate" else self.verb
        told: list[Told] = []
        for vm in self.vms:
            if self.verb != "power":
                told.append((f"vm/{noun}", vm, True))
            if self.switches:
                told.append(("vm/change_state", vm, True))
        if self._kind == "vapp" and self.verb != "power":
            told.append((f"vapp/{noun}", self.machine.id, True))
        return told

    def _undoing(self) -> list[Told]:
        if self.verb != "instantiate":
            return []
        return [("vapp/modify", self.machine.id, True), *(("vm/delete", vm, True) for vm in self.vms)]


def check(engine: Engine, plans: dict[Task, Plan]) -> None:
    """What holds at every moment, whatever happened before. Takes the lock.

    `plans` are all requests that were accepted in the present world.
    """
    with engine.cloud.lock:
        _check_events(engine, plans)
        _check_tasks(engine, plans)
        _check_inventory(engine, plans)


def _check_events(engine: Engine, plans: dict[Task, Plan]) -> None:
    stories = by_task(engine.events)
    assert set(stories) == {task.id for task in plans}
    for task, plan in plans.items():
        assert stories[task.id] == plan.story(task), f"{plan.verb}, {task.status}"
    ids = [event.id for event in engine.events]
    assert len(ids) == len(set(ids))
    assert [event.at for event in engine.events] == sorted(event.at for event in engine.events)


def _check_tasks(engine: Engine, plans: dict[Task, Plan]) -> None:
    world = engine.world
    waiting = working = 0
    for task in plans:
        hold, status = task.hold, task.status
        assert (task.ended_at is not None) == status.ended == (task.runner is None)
        assert (task.error is not None) == (status.ended and status is not TaskStatus.SUCCESS)
        assert (task.progress == 100) == (status is TaskStatus.SUCCESS)
        if hold is not None:
            assert hold.active == (hold.closed_at is None) == (hold.decided_by is None) == (hold.timer is not None)
        if hold is not None and hold.active:
            assert status is TaskStatus.PRE_RUNNING
            waiting += 1
        elif not status.ended:
            assert status is TaskStatus.RUNNING
            working += 1
        else:
            assert hold is None or status in _ENDS[hold.decision]
    assert [hold.task for hold in world.holds.active()] == [
        task for task in plans if task.hold is not None and task.hold.active
    ]
    assert len(world.holds) == waiting
    assert engine.clock.timers() == waiting + working


_ENDS: Final[dict[Decision | None, set[TaskStatus]]] = {
    Decision.RESUME: {TaskStatus.SUCCESS, TaskStatus.CANCELED},
    Decision.ABORT: {TaskStatus.ABORTED, TaskStatus.CANCELED},
    Decision.FAIL: {TaskStatus.ERROR},
}


def _check_inventory(engine: Engine, plans: dict[Task, Plan]) -> None:
    inventory = engine.world.inventory
    gone = {
        plan.machine.id
        for task, plan in plans.items()
        if (plan.verb == "instantiate" and task.status in (TaskStatus.ABORTED, TaskStatus.CANCELED))
        or (plan.verb == "delete" and task.status is TaskStatus.SUCCESS)
    }
    made = {plan.machine.id: plan.machine for plan in plans.values() if isinstance(plan.machine, VApp)}
    assert set(inventory.vapps) == set(made) - gone
    vms: set[str] = set()
    locked: dict[str, Task] = {}
    for task, plan in plans.items():
        if not task.status.ended:
            locked[plan.machine.id] = task
            if plan.verb == "instantiate":
                locked |= dict.fromkeys(plan.vms, task)
    for vapp in inventory.vapps.values():
        vms |= {vm.id for vm in vapp.vms}
        assert vapp.busy is locked.get(vapp.id)
        for vm in vapp.vms:
            assert vm.busy is locked.get(vm.id)
    assert set(inventory.vms) == vms
    for vdc in inventory.vdcs.values():
        here = {vapp.id: vapp for vapp in inventory.vapps.values() if vapp.vdc is vdc}
        assert vdc.vapps == here
        assert vapp_names(vdc) == {vapp.name for vapp in here.values()}
        assert len(vapp_names(vdc)) == len(here)


def vapp_names(vdc: Vdc) -> set[str]:
    """The names that no other vApp can have."""
    return {name for kind, name in vdc.taken_names if kind == "vapp"}


class Together:
    """Threads that begin at the same moment; what one of them raises, `run` raises."""

    def __init__(self) -> None:
        self._jobs: list[Any] = []
        self._errors: list[BaseException] = []

    def add(self, job: Any) -> None:
        self._jobs.append(job)

    def run(self) -> None:
        start = threading.Barrier(len(self._jobs))

        def body(job: Any) -> None:
            try:
                start.wait()
                job()
            except BaseException as error:
                self._errors.append(error)

        threads = [threading.Thread(target=body, args=(job,), daemon=True) for job in self._jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60.0)
        assert not any(thread.is_alive() for thread in threads), "a thread hangs"
        if self._errors:
            raise self._errors[0]
