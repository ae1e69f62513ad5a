"""Making a user ask the cloud for something, without any client of its protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from gatepost.core import workflows
from gatepost.core.errors import InvalidValue, NotFound
from gatepost.core.inventory import User, VApp, VAppTemplate, Vdc
from gatepost.core.operations import Workflow
from gatepost.core.tasks import Task
from gatepost.core.workflows import NewVApp, VmChanges
from gatepost.core.world import World

Picked = TypeVar("Picked", Vdc, VAppTemplate)
Name = Annotated[str, Field(max_length=128, pattern=r"\S")]


class OperationRequest(BaseModel):
    """Body of `POST /gatepost/operations`. `name` is the new vApp's, or the one that the operation is about."""

    model_config = ConfigDict(extra="forbid")

    operation: str
    name: Name
    user: str = "alice@acme"
    template: str | None = None
    vdc: str | None = None
    description: Annotated[str, Field(max_length=32_768)] = ""
    deploy: bool = True
    power_on: bool = True


_ON_VAPPS: dict[str, tuple[str, Callable[[VApp], Workflow]]] = {
    "deploy": ("vappDeploy", lambda vapp: workflows.deploy(vapp, power_on=True)),
    "power-on": ("vappDeploy", lambda vapp: workflows.deploy(vapp, power_on=True)),
    "undeploy": ("vappUndeployPowerOff", lambda vapp: workflows.undeploy(vapp, suspend=False)),
    "power-off": ("vappPowerOff", lambda vapp: workflows.power(vapp, workflows.POWER_OFF)),
    "suspend": ("vappSuspend", lambda vapp: workflows.power(vapp, workflows.SUSPEND)),
    "shutdown": ("vappShutdownGuest", lambda vapp: workflows.power(vapp, workflows.SHUTDOWN)),
    "reset": ("vappReset", lambda vapp: workflows.power(vapp, workflows.RESET)),
    "reboot": ("vappReboot", lambda vapp: workflows.power(vapp, workflows.REBOOT)),
    "delete": ("vdcDeleteVapp", workflows.delete),
}
_MAKING = {"instantiate": "vdcInstantiateVapp", "compose": "vdcComposeVapp"}
OPERATIONS = (*_MAKING, *_ON_VAPPS, "reconfigure")


def perform(world: World, wanted: OperationRequest) -> Task:
    """The user asks; the task may be held. Takes the lock. Raises CloudError as the cloud refuses."""
    with world.lock:
        name, at, org = wanted.user.rpartition("@")
        if not at:
            raise InvalidValue("the user must be given as name@organization")
        user = world.inventory.find_user(name, org)
        if wanted.operation in _MAKING:
            return world.request(_MAKING[wanted.operation], user, _make(wanted, user))
        if wanted.operation == "reconfigure":
            vapp = _vapp(world, user, wanted.name)
            if not vapp.vms:
                raise NotFound("VM in vApp", wanted.name)
            changes = VmChanges(description=wanted.description)
            return world.request("vappUpdateVm", user, workflows.update_vm(vapp.vms[0], changes))
        if wanted.operation not in _ON_VAPPS:
            raise InvalidValue(f"there is no operation {wanted.operation!r}; there are {', '.join(OPERATIONS)}")
        operation, workflow = _ON_VAPPS[wanted.operation]
        return world.request(operation, user, workflow(_vapp(world, user, wanted.name)))


def _make(wanted: OperationRequest, user: User) -> Workflow:
    vdc: Vdc = _pick("vdc", wanted.vdc, list(user.org.vdcs.values()))
    if wanted.operation == "compose":
        return workflows.make_vapp(NewVApp(vdc, wanted.name, wanted.description, user))
    templates = [template for vdc in user.org.vdcs.values() for template in vdc.templates.values()]
    template: VAppTemplate = _pick("template", wanted.template, templates)
    return workflows.instantiate(
        vdc,
        template,
        wanted.name,
        wanted.description,
        user,
        deploy=wanted.deploy,
        power_on=wanted.power_on,
    )


def _pick(kind: str, name: str | None, among: list[Picked]) -> Picked:
    for one in among:
        if name is None or name in (one.name, one.id):
            return one
    raise NotFound(kind, name or "at all in the user's organization")


def _vapp(world: World, user: User, name: str) -> VApp:
    for vapp in world.inventory.vapps.values():
        if name in (vapp.name, vapp.id) and user.sees(vapp.org):
            return vapp
    raise NotFound("vApp", name)
