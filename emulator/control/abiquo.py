"""The Abiquo dialect over the control API: users who ask for something, and decisions about what is held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gatepost.abiquo import review
from gatepost.abiquo.dialect import AbiquoDialect, State
from gatepost.abiquo.errors import ApiError
from gatepost.abiquo.inventory import VirtualAppliance, VirtualMachine, VmState
from gatepost.abiquo.paths import task as task_path
from gatepost.abiquo.tasks import Record, state_of
from gatepost.abiquo.versions import traits
from gatepost.abiquo.workflows import Action, batch, deploy, is_deployed, power, reset, undeploy
from gatepost.control import shapes
from gatepost.control.guard import Refused
from gatepost.control.requests import OperationRequest
from gatepost.core.errors import InvalidValue, NotFound
from gatepost.core.holds import Decision, Hold
from gatepost.core.tasks import Task

_POWER = {"power-on": VmState.ON, "power-off": VmState.OFF, "pause": VmState.PAUSED}
OPERATIONS = ("deploy", "undeploy", "delete", "reset", *_POWER)


def perform(dialect: AbiquoDialect, wanted: OperationRequest) -> dict[str, Any]:
    """A user, named without an organization, asks; the connector is called. Takes the lock.

    `name` is a machine's label, or for deploy and undeploy an appliance's name. Raises CloudError, and Refused with
    the dialect's own error.
    """
    state = dialect.state
    try:
        with state.world.lock:
            started = _start(dialect, state, wanted)
        records = started.announce()
    except ApiError as error:
        # That a connector fails is no failure of ours, whatever Abiquo's own client is told.
        status = 424 if error.code == "WKF-01" else error.status
        raise Refused(status, f"{error.code}: {error.message}") from None
    if not records:
        raise InvalidValue(f"nothing in {wanted.name!r} needs that")
    with state.world.lock:
        return {**task(dialect, records[0].task), "tasks": [record.id for record in records]}


def decide(dialect: AbiquoDialect, hold: Hold, decision: Decision, message: str) -> dict[str, Any]:
    """End a hold, as the platform's own user. The caller holds the lock. Raises InvalidValue and HoldClosed."""
    if decision is Decision.FAIL:
        raise InvalidValue("Abiquo knows no failure by decision: resume continues a task, abort cancels it")
    hold.require_active()
    state = dialect.state
    machine = state.inventory.machines[hold.task.owner.id]
    review.apply(state, machine.tasks[hold.task.id], decision, message, state.inventory.system_user)
    return {"applied": True, **held(dialect, hold)}


def held(dialect: AbiquoDialect, hold: Hold) -> dict[str, Any]:
    return {**shapes.hold(hold, "abiquo"), "owner": owner(dialect, hold.task)}


def owner(dialect: AbiquoDialect, task: Task) -> dict[str, str]:
    """People know a machine by its label, which is also what operations ask for; its name is the hypervisor's."""
    machine = dialect.state.inventory.machines.get(task.owner.id)
    return {"type": task.owner.kind, "id": task.owner.id, "name": task.owner.name if machine is None else machine.label}


def task(dialect: AbiquoDialect, task: Task) -> dict[str, Any]:
    """The caller holds the lock."""
    record = _record(dialect.state, task)
    href = None if record is None else f"{dialect.api_url}/{task_path(record)}"
    status = state_of(dialect.state.inventory, task)
    return {**shapes.task(task, "abiquo"), "status": status, "owner": owner(dialect, task), "href": href}


def _record(state: State, task: Task) -> Record | None:
    machine = state.inventory.machines.get(task.owner.id)
    return None if machine is None else machine.tasks.get(task.id)


def _start(dialect: AbiquoDialect, state: State, wanted: OperationRequest) -> review.Started:
    user = state.inventory.nicks.get(wanted.user)
    if user is None:
        raise InvalidValue(
            f"there is no user {wanted.user!r} in Abiquo; of vCloud the user must be given as name@organization"
        )
    if wanted.operation not in OPERATIONS:
        raise InvalidValue(f"there is no operation {wanted.operation!r}; there are {', '.join(OPERATIONS)}")
    newest = traits(dialect.settings.abiquo_version)
    found = _find(state, wanted.name, lambda one: one.org is user.enterprise)
    held = review.is_on(state, found.org)
    if isinstance(found, VirtualAppliance):
        if wanted.operation not in ("deploy", "undeploy"):
            raise InvalidValue("an appliance can only be deployed and undeployed; name one of its machines")
        actions = batch(found, newest, deploys=wanted.operation == "deploy", held=held)
        return review.submit(dialect, state, user, actions, found)
    action: Action
    match wanted.operation:
        case "deploy":
            action = deploy(found, newest, held=held)
        case "undeploy":
            action = undeploy(found, newest, held=held)
        case "delete":
            action = undeploy(found, newest, held=held, remove=state.inventory.remove_machine)
        case "reset":
            action = reset(found)
        case power_state:
            action = power(found, _POWER[power_state], graceful=False)
    if action.type == "UNDEPLOY" and not is_deployed(found):
        raise InvalidValue(f"the machine {found.label!r} is not deployed")
    return review.submit(dialect, state, user, [(found, action)], None)


def _find(
    state: State, name: str, visible: Callable[[VirtualMachine | VirtualAppliance], bool]
) -> VirtualMachine | VirtualAppliance:
    for machine in state.inventory.machines.values():
        if name in (machine.label, machine.id) and visible(machine):
            return machine
    for vdc in state.inventory.vdcs.values():
        for appliance in vdc.appliances.values():
            if name in (appliance.name, appliance.id) and visible(appliance):
                return appliance
    raise NotFound("machine or appliance", name)
