"""Power: all that deploys, starts, stops and suspends machines (vCloud API reference, section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

from gatepost.core.entities import busy_with
from gatepost.core.errors import IllegalState
from gatepost.core.inventory import Machine, Status, VApp, Vm, machines_of
from gatepost.core.operations import ASK, WORK, Operation, Steps, Workflow
from gatepost.core.workflows.capacity import Room

OFF = frozenset({Status.POWERED_OFF, Status.RESOLVED})
ON = frozenset({Status.POWERED_ON})
SUSPENDED = frozenset({Status.SUSPENDED})


def deploy(entity: Machine, *, power_on: bool, lease: int | None = None) -> Workflow:
    """Deploy a vApp or VM; a power-on is a deploy that starts it. `lease` are seconds that the vApp may run."""

    def workflow(op: Operation) -> Steps:
        op.acts_on(entity)
        allowed = can_power_on(entity) if power_on else can_deploy(entity)
        require(entity, allowed, "power on" if power_on else "deploy", "It must be powered off or suspended.")
        starting = [vm for vm in machines_of(entity) if power_on and vm.status not in ON]
        room = Room(op, entity.vdc if isinstance(entity, VApp) else entity.vapp.vdc, starting)
        room.require("request")
        _announce(op, entity, "deploy", changes_state=power_on)
        yield ASK
        yield WORK
        room.require("task")
        if lease is not None:
            (entity if isinstance(entity, VApp) else entity.vapp).leases.deployment.seconds = lease
        set_state(entity, Status.POWERED_ON if power_on else entity.status, deployed=True)
        for vm in machines_of(entity):
            vm.needs_customization &= not power_on

    return workflow


def undeploy(entity: Machine, *, suspend: bool) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(entity)
        require(entity, can_undeploy(entity), "undeploy", "Deploy it first.")
        _announce(op, entity, "undeploy", changes_state=entity.status in ON)
        yield ASK
        yield WORK
        set_state(entity, Status.SUSPENDED if suspend and entity.status in ON else Status.POWERED_OFF, deployed=False)

    return workflow


@dataclass(frozen=True, slots=True)
class PowerAction:
    """What a power action needs and leaves; `to` None means that the state stays (reset, reboot)."""

    words: str
    allowed: frozenset[Status]
    to: Status | None


POWER_OFF = PowerAction("power off", ON, Status.POWERED_OFF)
SHUTDOWN = PowerAction("shut down", ON, Status.POWERED_OFF)
SUSPEND = PowerAction("suspend", ON, Status.SUSPENDED)
RESET = PowerAction("reset", ON, None)
REBOOT = PowerAction("reboot", ON, None)
DISCARD = PowerAction("discard the suspended state of", SUSPENDED, Status.POWERED_OFF)


def power(entity: Machine, action: PowerAction) -> Workflow:
    """Change the power state of a deployed vApp or VM and leave it deployed."""

    def workflow(op: Operation) -> Steps:
        op.acts_on(entity)
        require(entity, entity.status in action.allowed, action.words, _NEEDS[action.allowed])
        if action.to is not None:
            for vm in machines_of(entity):
                op.on_end("vm/change_state", vm, on_failure=False)
        yield ASK
        yield WORK
        if action.to is not None:
            set_state(entity, action.to, deployed=entity.deployed)

    return workflow


_NEEDS = {ON: "It must be powered on.", SUSPENDED: "It must be suspended."}


def is_free(entity: Machine) -> bool:
    """No task runs on it, and it has been made."""
    return busy_with(entity) is None and entity.status is not Status.UNRESOLVED


def can_power_on(entity: Machine) -> bool:
    return entity.status in OFF | SUSPENDED and _has_machines(entity)


def can_deploy(entity: Machine) -> bool:
    return entity.status in OFF and not entity.deployed and _has_machines(entity)


def _has_machines(entity: Machine) -> bool:
    return isinstance(entity, Vm) or bool(entity.vms)


def can_undeploy(entity: Machine) -> bool:
    return entity.deployed or entity.status in SUSPENDED


def is_made(vapp: VApp) -> bool:
    """It has been made, as far as anything that failed can be."""
    return vapp.status not in (Status.UNRESOLVED, Status.FAILED_CREATION)


def require(entity: Machine, allowed: bool, words: str, advice: str) -> None:
    """Raises IllegalState unless it is allowed."""
    if not allowed:
        kind = "vApp" if isinstance(entity, VApp) else "VM"
        raise IllegalState(f'Cannot {words} {kind} "{entity.name}" in its present state. {advice}')


def _announce(op: Operation, entity: Machine, verb: str, *, changes_state: bool) -> None:
    op.tell(f"{entity.kind}/{verb}_request", entity)
    for vm in machines_of(entity):
        op.on_end(f"vm/{verb}", vm)
        if changes_state:
            op.on_end("vm/change_state", vm, on_failure=False)
    if isinstance(entity, VApp):
        op.on_end(f"vapp/{verb}", entity)


def set_state(entity: Machine, status: Status, *, deployed: bool) -> None:
    """The new state of a VM, or of a vApp with all its VMs."""
    parts: list[Machine] = [entity, *entity.vms] if isinstance(entity, VApp) else [entity]
    for part in parts:
        part.status, part.deployed = status, deployed
    if isinstance(entity, Vm):
        follow(entity.vapp)


def follow(vapp: VApp) -> None:
    """A vApp is what its VMs are: on as soon as one of them is, suspended or off when all are."""
    states = {vm.status for vm in vapp.vms}
    if not states:
        vapp.status, vapp.deployed = Status.RESOLVED, False
        return
    vapp.status = Status.POWERED_ON if states & ON else max(states)
    vapp.deployed = any(vm.deployed for vm in vapp.vms)
