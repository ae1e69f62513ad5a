"""vApps and VMs: reading them, and the requests that become tasks (reference, section 3)."""

from __future__ import annotations

from gatepost.core import workflows
from gatepost.core.inventory import Machine, VApp
from gatepost.core.operations import Workflow
from gatepost.core.tasks import Task
from gatepost.core.workflows import PowerAction
from gatepost.vcloud import xmlio
from gatepost.vcloud.errors import bad_request, denied
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.names import V, vcloud_type
from gatepost.vcloud.represent import machines as represent
from gatepost.vcloud.represent import tasks
from gatepost.vcloud.routes import find


@route("GET", "/api/vApp/<id>")
def get(call: Call, id: str) -> Reply:
    with call.world.lock:
        found = find.machine(call, id)
        if isinstance(found, VApp):
            return Reply(200, represent.vapp(call, found), vcloud_type("vApp"))
        return Reply(200, represent.vm(call, found), vcloud_type("vm"))


@route("GET", "/api/vApp/<id>/owner")
def owner(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, represent.owner_of(call, find.vapp(call, id)), vcloud_type("owner"))


@route("GET", "/api/vApp/<id>/metadata")
def metadata(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, represent.metadata_of(call, find.machine(call, id)), vcloud_type("metadata"))


@route("POST", "/api/vdc/<id>/action/instantiateVAppTemplate")
def instantiate(call: Call, id: str) -> Reply:
    world = call.world
    with world.lock:
        vdc = find.vdc(call, id)
        if vdc.org is not call.user.org and not call.user.is_sysadmin:
            raise denied()
    # Bodies are read without the lock: a large one would stop everybody.
    params = call.body(V + "InstantiateVAppTemplateParams")
    name, description = xmlio.name_of(params), xmlio.text_of(params, "Description") or ""
    source = xmlio.child(params, "Source")
    if source is None:
        raise bad_request("validation error on field 'Source': the element is required")
    deploys = xmlio.boolean(params.get("deploy"), "deploy", default=True)
    power_on = xmlio.boolean(params.get("powerOn"), "powerOn", default=True)
    with world.lock:
        template = find.template(call, find.tail(source.get("href")))
        workflow = workflows.instantiate(vdc, template, name, description, call.user, deploy=deploys, power_on=power_on)
        task = world.request("vdcInstantiateVapp", call.user, workflow)
        call.concerns(task.id)
        vapp = world.inventory.vapps[task.owner.id]
        element = represent.vapp(call, vapp, created_by=task)
    return Reply(201, element, vcloud_type("vApp"), {"Location": call.entity_href("vapp", vapp.id)})


@route("DELETE", "/api/vApp/<id>")
def delete(call: Call, id: str) -> Reply:
    with call.world.lock:
        return _accept(call, "vdcDeleteVapp", workflows.delete(find.vapp(call, id)))


@route("POST", "/api/vApp/<id>/action/deploy")
def deploy(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.machine(call, id)
    power_on = True
    if call.has_body:
        power_on = xmlio.boolean(call.body(V + "DeployVAppParams").get("powerOn"), "powerOn", default=True)
    with call.world.lock:
        return _accept(call, "vappDeploy", workflows.deploy(find.machine(call, id), power_on=power_on))


@route("POST", "/api/vApp/<id>/action/undeploy")
def undeploy(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.machine(call, id)
    action = "default"
    if call.has_body:
        action = xmlio.text_of(call.body(V + "UndeployVAppParams"), "UndeployPowerAction") or "default"
    if action not in ("powerOff", "suspend", "shutdown", "force", "default"):
        raise bad_request(
            "validation error on field 'UndeployPowerAction': powerOff, suspend, shutdown, force or default is expected"
        )
    suspend = action == "suspend"
    name = "vappUndeploySuspend" if suspend else "vappUndeployPowerOff"
    with call.world.lock:
        return _accept(call, name, workflows.undeploy(find.machine(call, id), suspend=suspend))


@route("POST", "/api/vApp/<id>/power/action/powerOn")
def power_on(call: Call, id: str) -> Reply:
    """A power-on is a deploy: so the operation is called in captures, and so it blocks."""
    with call.world.lock:
        return _accept(call, "vappDeploy", workflows.deploy(find.machine(call, id), power_on=True))


@route("POST", "/api/vApp/<id>/power/action/reboot")
def reboot(call: Call, id: str) -> Reply:
    with call.world.lock:
        entity = find.machine(call, id)
        name = "vappReboot" if isinstance(entity, VApp) else "vappRebootGuest"
        return _accept(call, name, workflows.power(entity, workflows.REBOOT))


def _power_route(path: str, operation: str, action: PowerAction) -> None:
    @route("POST", f"/api/vApp/<id>/{path}")
    def change_power(call: Call, id: str) -> Reply:
        with call.world.lock:
            entity: Machine = find.machine(call, id)
            return _accept(call, operation, workflows.power(entity, action))


_power_route("power/action/powerOff", "vappPowerOff", workflows.POWER_OFF)
_power_route("power/action/reset", "vappReset", workflows.RESET)
_power_route("power/action/suspend", "vappSuspend", workflows.SUSPEND)
_power_route("power/action/shutdown", "vappShutdownGuest", workflows.SHUTDOWN)
_power_route("action/discardSuspendedState", "vappDiscardSuspendedState", workflows.DISCARD)


def _accept(call: Call, operation: str, workflow: Workflow) -> Reply:
    """Start an operation on an existing object: 202 with its Task."""
    task: Task = call.world.request(operation, call.user, workflow)
    call.concerns(task.id)
    headers = {"Location": call.entity_href("task", task.id)}
    return Reply(202, tasks.task(call, task), tasks.TASK_TYPE, headers)
