"""The vApp workflows, each as the cloud's manual tells it (vCloud API reference, sections 3 and 6.8).

Every function here returns a workflow: what stands before the first `yield` is the request itself, checked and carried
out at once; what stands after it is the effort that follows the decision.
"""

from __future__ import annotations

from dataclasses import dataclass

from gatepost.core.errors import IllegalState
from gatepost.core.inventory import Machine, Status, User, VApp, VAppTemplate, Vdc, Vm
from gatepost.core.operations import ASK, WORK, Operation, Steps, Workflow, busy_with

OFF = frozenset({Status.POWERED_OFF, Status.RESOLVED})
ON = frozenset({Status.POWERED_ON})
SUSPENDED = frozenset({Status.SUSPENDED})


def instantiate(
    vdc: Vdc, template: VAppTemplate, name: str, description: str, user: User, *, deploy: bool, power_on: bool
) -> Workflow:
    """A new vApp from a template. Deploying and powering it on belong to the same task and ask nobody again."""

    def workflow(op: Operation) -> Steps:
        world, now = op.world, op.world.now()
        vapp = VApp(world.ids.uuid(), name, vdc, user, now, description)
        vms = [Vm(world.ids.uuid(), source.name, vapp, now) for source in template.vms]
        op.creates(vapp, vms)
        op.tell("vapp/create_request", vapp)
        for vm in vms:
            op.tell("vm/create_request", vm)
            op.on_end("vm/create", vm)
        op.on_end("vapp/create", vapp)
        yield ASK
        yield WORK
        on = deploy and power_on
        _set(vapp, Status.POWERED_ON if on else Status.POWERED_OFF, deployed=deploy)

    return workflow


def delete(vapp: VApp) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(vapp)
        _require(vapp, can_delete(vapp), "delete", "Power it off and undeploy it, then try again.")
        op.tell("vapp/delete_request", vapp)
        for vm in vapp.vms:
            op.on_end("vm/delete", vm)
        op.on_end("vapp/delete", vapp)
        yield ASK
        yield WORK
        op.world.inventory.remove(vapp)

    return workflow


def deploy(entity: Machine, *, power_on: bool) -> Workflow:
    """Deploy a vApp or VM; a power-on is a deploy that starts it."""

    def workflow(op: Operation) -> Steps:
        op.acts_on(entity)
        allowed = can_power_on(entity) if power_on else can_deploy(entity)
        _require(entity, allowed, "power on" if power_on else "deploy", "It must be powered off or suspended.")
        _announce(op, entity, "deploy", changes_state=power_on)
        yield ASK
        yield WORK
        _set(entity, Status.POWERED_ON if power_on else entity.status, deployed=True)

    return workflow


def undeploy(entity: Machine, *, suspend: bool) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(entity)
        _require(entity, can_undeploy(entity), "undeploy", "Deploy it first.")
        _announce(op, entity, "undeploy", changes_state=entity.status in ON)
        yield ASK
        yield WORK
        _set(entity, Status.SUSPENDED if suspend and entity.status in ON else Status.POWERED_OFF, deployed=False)

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
        _require(entity, entity.status in action.allowed, action.words, _NEEDS[action.allowed])
        if action.to is not None:
            for vm in op.world.inventory.machines_of(entity):
                op.on_end("vm/change_state", vm, on_failure=False)
        yield ASK
        yield WORK
        if action.to is not None:
            _set(entity, action.to, deployed=entity.deployed)

    return workflow


_NEEDS = {ON: "It must be powered on.", SUSPENDED: "It must be suspended."}


def is_free(entity: Machine) -> bool:
    """No task runs on it, and it has been made."""
    return busy_with(entity) is None and entity.status is not Status.UNRESOLVED


def can_power_on(entity: Machine) -> bool:
    return entity.status in OFF | SUSPENDED


def can_deploy(entity: Machine) -> bool:
    return entity.status in OFF and not entity.deployed


def can_undeploy(entity: Machine) -> bool:
    return entity.deployed or entity.status in SUSPENDED


def can_delete(vapp: VApp) -> bool:
    return vapp.status in OFF | {Status.FAILED_CREATION}


def _require(entity: Machine, allowed: bool, words: str, advice: str) -> None:
    if not allowed:
        kind = "vApp" if isinstance(entity, VApp) else "VM"
        raise IllegalState(f'Cannot {words} {kind} "{entity.name}" in its present state. {advice}')


def _announce(op: Operation, entity: Machine, verb: str, *, changes_state: bool) -> None:
    op.tell(f"{entity.kind}/{verb}_request", entity)
    for vm in op.world.inventory.machines_of(entity):
        op.on_end(f"vm/{verb}", vm)
        if changes_state:
            op.on_end("vm/change_state", vm, on_failure=False)
    if isinstance(entity, VApp):
        op.on_end(f"vapp/{verb}", entity)


def _set(entity: Machine, status: Status, *, deployed: bool) -> None:
    parts: list[Machine] = [entity, *entity.vms] if isinstance(entity, VApp) else [entity]
    for part in parts:
        part.status, part.deployed = status, deployed
    if isinstance(entity, Vm):
        _follow(entity.vapp)


def _follow(vapp: VApp) -> None:
    """A vApp is what its VMs are: on as soon as one of them is, suspended or off when all are."""
    states = {vm.status for vm in vapp.vms}
    vapp.status = Status.POWERED_ON if states & ON else max(states)
    vapp.deployed = any(vm.deployed for vm in vapp.vms)
