"""Any order of requests, decisions, cancels and time: the engine against a model of what it promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gatepost.core import workflows
from gatepost.core.errors import (
    BusyEntity,
    DuplicateName,
    Forbidden,
    HoldClosed,
    IllegalState,
    NotFound,
    TaskEnded,
)
from gatepost.core.holds import Decision, Hold
from gatepost.core.inventory import Machine, Status, User, VApp, Vm
from gatepost.core.operations import Workflow
from gatepost.core.tasks import Task, TaskStatus
from gatepost.core.world import STEP, World
from tests.support.engine import INSTANTIATE, SECOND, Engine, Plan, check

OFF, ON, SUSPENDED = Status.POWERED_OFF, Status.POWERED_ON, Status.SUSPENDED
BROKEN = Status.FAILED_CREATION
RETENTION = 600.0

T = TypeVar("T")
State = tuple[Status, bool]
"""Status, and whether deployed."""


@dataclass(frozen=True)
class Verb:
    """An operation on a machine that exists: when it is allowed and what it leaves, as the manual has it."""

    operation: str
    plan: str
    workflow: Callable[[Machine], Workflow]
    allowed: Callable[[Status, bool], bool]
    after: Callable[[Status, bool], State | None]


def _power(operation: str, action: workflows.PowerAction, before: Status, after: Status | None) -> Verb:
    return Verb(
        operation,
        "power",
        lambda machine: workflows.power(machine, action),
        lambda status, deployed: status is before,
        lambda status, deployed: None if after is None else (after, deployed),
    )


def _undeploy(operation: str, *, suspend: bool) -> Verb:
    return Verb(
        operation,
        "undeploy",
        lambda machine: workflows.undeploy(machine, suspend=suspend),
        lambda status, deployed: deployed or status is SUSPENDED,
        lambda status, deployed: (SUSPENDED if suspend and status is ON else OFF, False),
    )


def _delete(machine: Machine) -> Workflow:
    assert isinstance(machine, VApp)
    return workflows.delete(machine)


DELETE = Verb("vdcDeleteVapp", "delete", _delete, lambda status, _: status in (OFF, BROKEN), lambda *_: None)
VERBS = {
    "delete": DELETE,
    "deploy": Verb(
        "vappDeploy",
        "deploy",
        lambda machine: workflows.deploy(machine, power_on=False),
        lambda status, deployed: status is OFF and not deployed,
        lambda status, deployed: (status, True),
    ),
    "power on": Verb(
        "vappDeploy",
        "deploy",
        lambda machine: workflows.deploy(machine, power_on=True),
        lambda status, deployed: status in (OFF, SUSPENDED),
        lambda status, deployed: (ON, True),
    ),
    "undeploy": _undeploy("vappUndeployPowerOff", suspend=False),
    "undeploy and suspend": _undeploy("vappUndeploySuspend", suspend=True),
    "power off": _power("vappPowerOff", workflows.POWER_OFF, ON, OFF),
    "suspend": _power("vappSuspend", workflows.SUSPEND, ON, SUSPENDED),
    "reset": _power("vappReset", workflows.RESET, ON, None),
    "discard": _power("vappDiscardSuspendedState", workflows.DISCARD, SUSPENDED, OFF),
}
OPERATIONS = sorted({INSTANTIATE, *(verb.operation for verb in VERBS.values())})


@dataclass
class Request:
    """The model of one accepted request. Times are those of the cloud's clock."""

    task: Task
    plan: Plan
    target: State | None
    """What the machine is when all went well; None where that is what it was."""
    hold: Hold | None
    status: TaskStatus = TaskStatus.RUNNING
    decision: Decision | None = None
    decided_by: User | None = None
    default: Decision = Decision.ABORT
    due: float = 0.0
    """When the clock does something to it next: the hold's time-out, or the end of its work."""
    order: int = 0
    """Among what is due at the same moment, what was set first comes first."""
    ended_at: float | None = None
    message: str = ""

    @property
    def held(self) -> bool:
        return self.hold is not None and self.decision is None


def _pick(data: st.DataObject, label: str, among: Sequence[T]) -> T:
    """One of them, by its number: what they are would fill pages of a report."""
    return among[data.draw(st.integers(0, len(among) - 1), label)]


class EngineMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.engine = Engine(blockingTask__retention_s=RETENTION)
        self.old: list[tuple[World, Request]] = []
        self._forget()

    def _forget(self) -> None:
        self.requests: list[Request] = []
        self.states: dict[str, State] = {}
        self.failed: dict[str, tuple[Task, ...]] = {}
        self.machines: list[Machine] = []
        self.orders = 0

    @initialize(operations=st.sampled_from([OPERATIONS, []]))
    def begin(self, operations: list[str]) -> None:
        """Machines in every state; what comes later would take long to lead there."""
        self.engine.block()
        for name, on in (("on", True), ("off", False), ("asleep", True), ("mixed", True)):
            self.instantiate(name, "two-tier", on)
            self.advance(1.0)
        vapps = {vapp.name: vapp for vapp in self.engine.world.inventory.vapps.values()}
        web, db = vapps["mixed"].vms
        for machine, verb in ((vapps["asleep"], "undeploy and suspend"), (web, "suspend"), (db, "power off")):
            self._ask(machine, verb)
            self.advance(1.0)
        self.engine.block(*operations)

    # What users ask for

    @rule(
        name=st.sampled_from(["a", "b", "c", "d"]),
        template=st.sampled_from(["centos", "two-tier"]),
        on=st.booleans(),
    )
    def instantiate(self, name: str, template: str, on: bool) -> None:
        events = len(self.engine.events)
        if name in {machine.name for machine in self.machines if isinstance(machine, VApp)}:
            with pytest.raises(DuplicateName):
                self.engine.instantiate(name, template, on=on)
            assert len(self.engine.events) == events
            return
        task = self.engine.instantiate(name, template, on=on)
        vapp = self.engine.world.inventory.vapps[task.owner.id]
        parts: list[Machine] = [vapp, *vapp.vms]
        assert [vm.name for vm in vapp.vms] == (["web", "db"] if template == "two-tier" else ["centos-vm"])
        self.machines += parts
        for part in parts:
            self.states[part.id] = (Status.UNRESOLVED, False)
        self._accepted(task, Plan("instantiate", vapp), (ON if on else OFF, on))

    @precondition(lambda self: any(self._allowed(machine) for machine in self.machines))
    @rule(data=st.data())
    def operate(self, data: st.DataObject) -> None:
        machine = _pick(data, "on", [one for one in self.machines if self._allowed(one)])
        name = data.draw(st.sampled_from(self._allowed(machine)), "verb")
        self._ask(machine, name)

    @precondition(lambda self: self.machines)
    @rule(data=st.data(), name=st.sampled_from(sorted(VERBS)))
    def ask_for_what_is_not_allowed(self, data: st.DataObject, name: str) -> None:
        machine = _pick(data, "on", self.machines)
        if name in self._allowed(machine) or (name == "delete" and isinstance(machine, Vm)):
            return
        events = len(self.engine.events)
        with pytest.raises(BusyEntity if self._is_busy(machine) else IllegalState):
            self.engine.ask(VERBS[name].operation, VERBS[name].workflow(machine))
        assert len(self.engine.events) == events

    @precondition(lambda self: self.requests)
    @rule(data=st.data(), login=st.sampled_from(["alice@acme", "orgadmin@acme", "administrator@System", "bob@globex"]))
    def cancel(self, data: st.DataObject, login: str) -> None:
        request = _pick(data, "task", self.requests)
        world, user = self.engine.world, self.engine.user(login)
        if request.status.ended:
            with pytest.raises(TaskEnded):
                world.cancel(request.task, user)
            return
        refused = request.held and self.engine.cloud.settings.cancel_blocked == "refuse"
        if refused or login == "bob@globex":
            with pytest.raises(Forbidden):
                world.cancel(request.task, user)
            return
        world.cancel(request.task, user)
        if request.held:
            request.decision, request.decided_by = Decision.ABORT, user
        self._end(request, TaskStatus.CANCELED, f"The task was canceled by {user.name}.")
        assert request.task.cancel_requested

    # What the outside world says

    @precondition(lambda self: any(request.held for request in self.requests))
    @rule(data=st.data(), decision=st.sampled_from(Decision), message=st.sampled_from(["", "no", "yes <&> \u2713"]))
    def decide(self, data: st.DataObject, decision: Decision, message: str) -> None:
        request = _pick(data, "hold", [request for request in self.requests if request.held])
        assert request.hold is not None
        user = self.engine.administrator
        assert self.engine.world.decide(request.hold, decision, message, user) is True
        self._decided(request, decision, message, user)

    @precondition(lambda self: any(request.decision for request in self.requests))
    @rule(data=st.data(), decision=st.sampled_from(Decision))
    def decide_again(self, data: st.DataObject, decision: Decision) -> None:
        request = _pick(data, "hold", [request for request in self.requests if request.decision])
        assert request.hold is not None
        world, user = self.engine.world, self.engine.user("orgadmin@acme")
        if request.decision is decision:
            assert world.decide(request.hold, decision, "again", user) is False
        else:
            with pytest.raises(HoldClosed):
                world.decide(request.hold, decision, "too late", user)

    @precondition(lambda self: any(request.hold for request in self.requests))
    @rule(data=st.data(), timeout=st.none() | st.sampled_from([0.0, 1.0, 60.0, 3_600.0]))
    def extend(self, data: st.DataObject, timeout: float | None) -> None:
        request = _pick(data, "hold", [request for request in self.requests if request.hold])
        assert request.hold is not None
        if not request.held:
            with pytest.raises(HoldClosed):
                self.engine.world.extend(request.hold, "wait", timeout)
            return
        self.engine.world.extend(request.hold, "wait", timeout)
        request.message = "wait"
        request.default = self.engine.world.blocking.default
        if timeout is not None:
            self._due(request, self.engine.clock.now() + timeout)

    # What else changes

    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 10.0, 60.0, RETENTION, 3_600.0]))
    def advance(self, seconds: float) -> None:
        now = self.engine.clock.now()
        until = now + seconds
        fired = self.engine.clock.advance(seconds)
        while due := self._next_due(until):
            fired -= 1
            now = max(now, due.due)
            if due.held:
                self._decided(due, due.default, "Blocking task timed out", self._system, at=now)
            else:
                self._end(due, TaskStatus.SUCCESS, at=now)
        assert fired == 0
        assert self.engine.clock.now() == until

    @rule(
        operations=st.sampled_from([OPERATIONS, [], [INSTANTIATE], OPERATIONS[::2]]),
        timeout=st.sampled_from([0.0, 1.0, 60.0, 3_600.0]),
        default=st.sampled_from(Decision),
    )
    def set_blocking(self, operations: list[str], timeout: float, default: Decision) -> None:
        self.engine.block(*operations, timeout=timeout, default=default)

    @rule(steps=st.sampled_from([0.0, 1.0, 10.0]), cancel=st.sampled_from(["allow", "refuse"]))
    def set_settings(self, steps: float, cancel: str) -> None:
        self.engine.cloud.settings.update({"work.scale": steps * SECOND, "blockingTask.cancel": cancel})

    @precondition(lambda self: any(request.held for request in self.requests))
    @rule()
    def reset(self) -> None:
        self.old = [(self.engine.world, request) for request in self.requests if not request.status.ended]
        self.engine.cloud.reset()
        self.engine.events.clear()
        self._forget()

    @precondition(lambda self: self.old)
    @rule(data=st.data(), decision=st.sampled_from([*Decision, None]))
    def act_in_a_world_that_is_gone(self, data: st.DataObject, decision: Decision | None) -> None:
        world, request = _pick(data, "old task", self.old)
        user = world.inventory.find_user("administrator", "System")
        with suppress(HoldClosed, TaskEnded, Forbidden):
            if request.hold is not None:
                world.extend(request.hold, "late", 1.0)
            if decision is None or request.hold is None:
                world.cancel(request.task, user)
            else:
                world.decide(request.hold, decision, "late", user)

    # The model

    @property
    def _system(self) -> User:
        return self.engine.world.inventory.system_user

    def _accepted(self, task: Task, plan: Plan, target: State | None) -> None:
        blocking = self.engine.world.blocking
        request = Request(task, plan, target, task.hold)
        self.requests.append(request)
        self.failed[plan.machine.id] = ()
        assert (task.hold is not None) == (task.operation in blocking.operations)
        assert (task.operation, task.user, task.owner.id) == (task.operation, self.engine.user(), plan.machine.id)
        if task.hold is None:
            self._work(request, self.engine.clock.now())
        else:
            request.status = TaskStatus.PRE_RUNNING
            request.message = "Pending processing..."
            request.default = blocking.default
            self._due(request, self.engine.clock.now() + blocking.timeout)

    def _decided(self, request: Request, decision: Decision, message: str, by: User, at: float | None = None) -> None:
        request.decision, request.decided_by = decision, by
        if decision is Decision.RESUME:
            request.message = message
            self._work(request, self.engine.clock.now() if at is None else at)
        else:
            self._end(request, TaskStatus.ABORTED if decision is Decision.ABORT else TaskStatus.ERROR, message, at)

    def _work(self, request: Request, at: float) -> None:
        request.status = TaskStatus.RUNNING
        seconds = STEP * self.engine.cloud.settings.work_scale
        if seconds:
            self._due(request, at + seconds)
        else:
            self._end(request, TaskStatus.SUCCESS, at=at)

    def _end(self, request: Request, status: TaskStatus, message: str = "", at: float | None = None) -> None:
        request.status = status
        request.ended_at = self.engine.clock.now() if at is None else at
        machine, verb = request.plan.machine, request.plan.verb
        undone = status in (TaskStatus.ABORTED, TaskStatus.CANCELED)
        if status is not TaskStatus.SUCCESS:
            request.message = message
        if (verb == "instantiate" and undone) or (verb == "delete" and status is TaskStatus.SUCCESS):
            parts = {machine.id, *request.plan.vms}
            self.machines = [other for other in self.machines if other.id not in parts]
        elif status is TaskStatus.SUCCESS and request.target is not None:
            self._become(machine, request.target)
        elif status is TaskStatus.ERROR:
            self.failed[machine.id] = (request.task,)
            if verb == "instantiate":
                self._become(machine, (BROKEN, False))

    def _become(self, machine: Machine, state: State) -> None:
        self.states[machine.id] = state
        if isinstance(machine, VApp):
            for vm in machine.vms:
                self.states[vm.id] = state
            return
        parts = [self.states[vm.id] for vm in machine.vapp.vms]
        together = {status for status, _ in parts}
        status = ON if ON in together else SUSPENDED if together == {SUSPENDED} else OFF
        self.states[machine.vapp.id] = (status, any(deployed for _, deployed in parts))

    def _due(self, request: Request, when: float) -> None:
        self.orders += 1
        request.due, request.order = when, self.orders

    def _next_due(self, until: float) -> Request | None:
        waiting = [request for request in self.requests if not request.status.ended and request.due <= until]
        return min(waiting, key=lambda request: (request.due, request.order), default=None)

    def _ask(self, machine: Machine, name: str) -> None:
        verb, (status, deployed) = VERBS[name], self.states[machine.id]
        after = verb.after(status, deployed)
        switches = name == "power on" or (verb.plan == "power" and after is not None)
        switches |= verb.plan == "undeploy" and status is ON
        task = self.engine.ask(verb.operation, verb.workflow(machine))
        self._accepted(task, Plan(verb.plan, machine, switches), after)

    def _allowed(self, machine: Machine) -> list[str]:
        """The names of what may be asked of it now."""
        if self._is_busy(machine):
            return []
        verbs = VERBS.items() if isinstance(machine, VApp) else [pair for pair in VERBS.items() if pair[0] != "delete"]
        return [name for name, verb in verbs if verb.allowed(*self.states[machine.id])]

    def _is_busy(self, machine: Machine) -> bool:
        vapp = machine.vapp if isinstance(machine, Vm) else machine
        around = {vapp.id, machine.id} if isinstance(machine, Vm) else {vapp.id, *(vm.id for vm in vapp.vms)}
        return any(request.plan.machine.id in around for request in self.requests if not request.status.ended)

    # What always holds

    @invariant()
    def the_engine_keeps_its_own_rules(self) -> None:
        check(self.engine, {request.task: request.plan for request in self.requests})

    @invariant()
    def tasks_are_what_the_model_says(self) -> None:
        for request in self.requests:
            task = request.task
            assert (task.status, task.ended_at) == (request.status, request.ended_at)
            if task.error is not None:
                assert task.error.message == request.message
            else:
                assert task.details == request.message
            assert task in self.engine.world.tasks.of_org(task.org)

    @invariant()
    def holds_are_what_the_model_says(self) -> None:
        now = self.engine.clock.now()
        for request in self.requests:
            hold = request.hold
            if hold is None:
                continue
            assert (hold.decision, hold.decided_by) == (request.decision, request.decided_by)
            if hold.closed_at is not None and now - hold.closed_at > RETENTION:
                with pytest.raises(NotFound):
                    self.engine.world.holds.get(hold.id)
            else:
                assert self.engine.world.holds.get(hold.id) is hold
            if request.held:
                assert (hold.default, hold.deadline) == (request.default, request.due)

    @invariant()
    def machines_are_what_the_model_says(self) -> None:
        inventory = self.engine.world.inventory
        assert {*inventory.vapps, *inventory.vms} == {machine.id for machine in self.machines}
        for machine in self.machines:
            assert (machine.status, machine.deployed) == self.states[machine.id]
            assert machine.failed_tasks == self.failed.get(machine.id, ())


EngineMachine.TestCase.settings = settings(
    max_examples=50, stateful_step_count=50, deadline=None, derandomize=True, database=None
)
TestEngine = pytest.mark.timeout(400)(EngineMachine.TestCase)  # to find the shortest counterexample takes a while
