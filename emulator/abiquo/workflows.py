"""What users do to virtual machines, each as the manual tells it (reference, sections 3.6, 3.7, 4.4 and 7).

What stands before the first `yield` is the request itself: checked and carried out at once. What stands after it is the
effort that follows the decision, job by job.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gatepost.abiquo.errors import Conflict
from gatepost.abiquo.inventory import Disk, Inventory, User, VirtualAppliance, VirtualMachine, VmState
from gatepost.abiquo.tasks import Job, Queue, Record
from gatepost.abiquo.versions import Traits
from gatepost.core import operations
from gatepost.core.operations import ASK, Failed, Operation, Steps, Work

Workflow = operations.Workflow[Inventory]

IN_HYPERVISOR = frozenset({VmState.ON, VmState.OFF, VmState.PAUSED, VmState.CONFIGURED})
_DEPLOYED = IN_HYPERVISOR | {VmState.ALLOCATED, VmState.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do with a machine: what it is called, its jobs, what it leaves, and whether it is held for review.

    `apply` is what succeeds with the last job.
    """

    type: str
    jobs: tuple[str, ...]
    apply: Callable[[VirtualMachine], None]
    held: bool = False


def run(action: Action, machine: VirtualMachine, user: User, queue: Queue) -> Workflow:
    """The one course of every task; the caller has seen that the machine's state allows the action."""

    def workflow(op: Operation[Inventory]) -> Steps:
        world = op.world
        now = world.now()
        op.acts_on(machine)
        jobs = [Job(world.ids.uuid(), type, now, now) for type in action.jobs]
        record = Record(op.task, machine, user, jobs, now)
        machine.tasks[record.id] = record
        try:
            if action.held:
                queue.add(record)
                try:
                    yield ASK
                finally:
                    queue.remove(record)
                record.updated = world.now()
            yield Work(0)  # handed on, and not taken up yet
            record.taken_up = True
            for number, job in enumerate(jobs):
                _move(op, record, job, "STARTED")
                yield Work((number + 1) * 100 // (len(jobs) + 1))
                if job.type == world.settings.abiquo_fail_job:
                    _move(op, record, job, "FAILED")
                    raise Failed(f"The job {job.type} failed")
                _move(op, record, job, "DONE")
            action.apply(machine)
        finally:
            record.updated = world.now()

    return workflow


def _move(op: Operation[Inventory], record: Record, job: Job, state: str) -> None:
    job.state = state
    job.updated = record.updated = op.world.now()


# What can be done, and when. Each raises Conflict.


def deploy(machine: VirtualMachine, traits: Traits, *, held: bool) -> Action:
    if machine.state != VmState.NOT_ALLOCATED:
        raise Conflict("VM-7", "The virtual machine is already deployed, or a task runs on it")
    schedule = ("SCHEDULE",) if traits.scheduler_jobs else ()
    return Action("DEPLOY", (*schedule, "CONFIGURE", "POWER_ON"), _become(VmState.ON), held)


def undeploy(
    machine: VirtualMachine, traits: Traits, *, held: bool, remove: Callable[[VirtualMachine], None] | None = None
) -> Action:
    """With `remove` the machine is gone in the end."""
    if machine.busy is not None:
        raise Conflict("VM-12", "The virtual machine is locked by another task")
    power_off = ("POWER_OFF",) if machine.kept is VmState.ON else ()
    free = ("FREE_RESOURCES",) if traits.scheduler_jobs else ()
    return Action("UNDEPLOY", (*power_off, "DECONFIGURE", *free), remove or _become(VmState.NOT_ALLOCATED), held)


def is_deployed(machine: VirtualMachine) -> bool:
    """Whether there is anything to undeploy."""
    return machine.kept in _DEPLOYED


def batch(
    appliance: VirtualAppliance, traits: Traits, *, deploys: bool, held: bool
) -> list[tuple[VirtualMachine, Action]]:
    """What each machine of an appliance needs, those that need nothing left out; one that is locked stops all."""
    wanted: list[tuple[VirtualMachine, Action]] = []
    for machine in appliance.vms.values():
        if machine.busy is not None or is_deployed(machine) is not deploys:
            action = deploy(machine, traits, held=held) if deploys else undeploy(machine, traits, held=held)
            wanted.append((machine, action))
    return wanted


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a reconfiguration sets; what is None stays."""

    label: str | None = None
    description: str | None = None
    cpu: int | None = None
    ram: int | None = None
    disks: tuple[Disk, ...] | None = None

    def apply(self, machine: VirtualMachine) -> None:
        machine.label = machine.label if self.label is None else self.label
        machine.description = machine.description if self.description is None else self.description
        machine.cpu = machine.cpu if self.cpu is None else self.cpu
        machine.ram = machine.ram if self.ram is None else self.ram
        if self.disks is not None:
            machine.disks = list(self.disks)


def reconfigure(machine: VirtualMachine, hardware: Hardware, traits: Traits, *, held: bool) -> Action:
    require_reconfigurable(machine, traits)
    return Action("RECONFIGURE", ("UPDATE_RESOURCES", "RECONFIGURE", "REGISTER_VM"), hardware.apply, held)


def require_reconfigurable(machine: VirtualMachine, traits: Traits) -> None:
    if machine.busy is not None or machine.kept not in (VmState.NOT_ALLOCATED, VmState.ALLOCATED, VmState.OFF):
        raise Conflict(traits.busy_reconfigure, "The virtual machine must be off to be reconfigured")


_POWER = {
    (VmState.ON, VmState.OFF): "POWER_OFF",
    (VmState.ON, VmState.PAUSED): "PAUSE",
    (VmState.OFF, VmState.ON): "POWER_ON",
    (VmState.CONFIGURED, VmState.ON): "POWER_ON",
    (VmState.PAUSED, VmState.ON): "RESUME",
}


def power(machine: VirtualMachine, wanted: VmState, *, graceful: bool) -> Action:
    require_in_hypervisor(machine)
    type = _POWER.get((machine.kept, wanted))
    if type is None:
        raise Conflict("VM-4", f"The virtual machine cannot go from {machine.kept} to {wanted}")
    if type == "POWER_OFF" and graceful:
        type = "SHUTDOWN"
    return Action(type, (type,), _become(wanted))


def reset(machine: VirtualMachine) -> Action:
    require_in_hypervisor(machine)
    if machine.kept is not VmState.ON:
        raise Conflict("VM-26", "The virtual machine must be on to be reset")
    return Action("RESET", ("RESET",), lambda machine: None)


def require_in_hypervisor(machine: VirtualMachine) -> None:
    if machine.busy is not None or machine.kept not in IN_HYPERVISOR:
        raise Conflict("VM-11", "The virtual machine is not in the hypervisor")


def _become(state: VmState) -> Callable[[VirtualMachine], None]:
    def apply(machine: VirtualMachine) -> None:
        machine.kept = state

    return apply
