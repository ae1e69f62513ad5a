"""vApps and VMs: reading them, and the requests that become tasks (reference, section 3)."""

from __future__ import annotations

from gatepost.core import workflows
from gatepost.core.inventory import Machine, VApp
from gatepost.core.workflows import PowerAction, Recomposition, VAppChanges
from gatepost.vcloud import xmlio
from gatepost.vcloud.errors import bad_request
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.names import V, vcloud_type
from gatepost.vcloud.read import vapps as read
from gatepost.vcloud.represent import guests, sections, vapps, vms
from gatepost.vcloud.routes import find
from gatepost.vcloud.routes import vapps as vapp_routes
from gatepost.vcloud.routes import vms as vm_routes
from gatepost.vcloud.routes.tasks import accepted


@route("GET", "/api/vApp/<id>")
def get(call: Call, id: str) -> Reply:
    with call.world.lock:
        found = find.machine(call, id)
        if isinstance(found, VApp):
            return Reply(200, vapps.vapp(call, found), vcloud_type("vApp"))
        return Reply(200, vms.vm(call, found), vms.VM)


@route("PUT", "/api/vApp/<id>")
def rename(call: Call, id: str) -> Reply:
    return vm_routes.rename(call, id) if id.startswith("vm-") else vapp_routes.rename(call, id)


@route("GET", "/api/vApp/<id>/productSections")
def products(call: Call, id: str) -> Reply:
    with call.world.lock:
        found = find.machine(call, id)
        element = vapps.products(call, found) if isinstance(found, VApp) else sections.products(call, found)
        return Reply(200, element, guests.PRODUCTS)


@route("PUT", "/api/vApp/<id>/productSections")
def change_products(call: Call, id: str) -> Reply:
    return vm_routes.change_products(call, id) if id.startswith("vm-") else vapp_routes.change_products(call, id)


@route("DELETE", "/api/vApp/<id>")
def delete(call: Call, id: str) -> Reply:
    """A VM goes as it does when its vApp is recomposed without it: no document names an operation of its own."""
    with call.world.lock:
        found = find.machine(call, id)
        if isinstance(found, VApp):
            return accepted(call, "vdcDeleteVapp", workflows.delete(found))
        plan = Recomposition(found.vapp, VAppChanges(), None, (), (found,), ())
        return accepted(call, "vdcRecomposeVapp", workflows.recompose(plan))


@route("POST", "/api/vApp/<id>/action/deploy")
def deploy(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.machine(call, id)
    power_on, lease = True, None
    if call.has_body:
        params = call.body(V + "DeployVAppParams")
        power_on = xmlio.boolean(params.get("powerOn"), "powerOn", default=True)
        lease = read.lease_seconds(params.get("deploymentLeaseSeconds"), "deploymentLeaseSeconds")
    with call.world.lock:
        workflow = workflows.deploy(find.machine(call, id), power_on=power_on, lease=lease)
        return accepted(call, "vappDeploy", workflow)


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
        return accepted(call, name, workflows.undeploy(find.machine(call, id), suspend=suspend))


@route("POST", "/api/vApp/<id>/power/action/powerOn")
def power_on(call: Call, id: str) -> Reply:
    """A power-on is a deploy: so the operation is called in captures, and so it blocks."""
    with call.world.lock:
        return accepted(call, "vappDeploy", workflows.deploy(find.machine(call, id), power_on=True))


@route("POST", "/api/vApp/<id>/power/action/reboot")
def reboot(call: Call, id: str) -> Reply:
    with call.world.lock:
        entity = find.machine(call, id)
        name = "vappReboot" if isinstance(entity, VApp) else "vappRebootGuest"
        return accepted(call, name, workflows.power(entity, workflows.REBOOT))


def _power_route(path: str, operation: str, action: PowerAction) -> None:
    @route("POST", f"/api/vApp/<id>/{path}")
    def change_power(call: Call, id: str) -> Reply:
        with call.world.lock:
            entity: Machine = find.machine(call, id)
            return accepted(call, operation, workflows.power(entity, action))


_power_route("power/action/powerOff", "vappPowerOff", workflows.POWER_OFF)
_power_route("power/action/reset", "vappReset", workflows.RESET)
_power_route("power/action/suspend", "vappSuspend", workflows.SUSPEND)
_power_route("power/action/shutdown", "vappShutdownGuest", workflows.SHUTDOWN)
_power_route("action/discardSuspendedState", "vappDiscardSuspendedState", workflows.DISCARD)
