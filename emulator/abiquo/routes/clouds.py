"""Virtual datacenters and appliances, locations and templates (reference, section 3.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gatepost.abiquo import paths
from gatepost.abiquo.document import Collection, Link
from gatepost.abiquo.errors import ApiError, missing, unknown
from gatepost.abiquo.http import Call, Reply, route
from gatepost.abiquo.inventory import Datacenter, VirtualAppliance, VirtualDatacenter, VirtualMachine
from gatepost.abiquo.privileges import ENUMERATE_VDCS, MANAGE_VAPP, MANAGE_VDC, TASK_READERS, VM_READERS
from gatepost.abiquo.represent import clouds as represent
from gatepost.abiquo.represent.machines import machine as show_machine
from gatepost.abiquo.represent.tasks import task
from gatepost.abiquo.routes import find
from gatepost.abiquo.routes.paging import Keys, page
from gatepost.abiquo.workflows import IN_HYPERVISOR

VDC = "/cloud/virtualdatacenters/<vdc>"
_VDC_TYPES = ("virtualdatacenter",)
APPLIANCE = VDC + "/virtualappliances/<appliance>"

MACHINE_KEYS: Keys = {
    "name": lambda one: one.label.lower(),
    "label": lambda one: one.label.lower(),
    "id": lambda one: int(one.id),
    "state": lambda one: one.state,
    "cpu": lambda one: one.cpu,
    "ram": lambda one: one.ram,
}


@route("GET", "/cloud/virtualdatacenters", ENUMERATE_VDCS, produces=("virtualdatacenters",), locked=False)
def vdcs(call: Call) -> Reply:
    def seen() -> list[VirtualDatacenter]:
        of = call.query("enterprise")
        return [
            one
            for one in call.inventory.vdcs.values()
            if call.caller.sees(one.enterprise) and (not of or one.enterprise.id == of)
        ]

    found = page(call, "virtualDatacenters", "cloud/virtualdatacenters", seen, represent.vdc, filters=("enterprise",))
    return Reply(200, found)


@route("GET", VDC, ENUMERATE_VDCS, produces=("virtualdatacenter",))
def get_vdc(call: Call, vdc: str) -> Reply:
    return Reply(200, represent.vdc(call.view, find.vdc(call, vdc)))


@route(
    "POST",
    "/cloud/virtualdatacenters",
    MANAGE_VDC,
    produces=("virtualdatacenter",),
    consumes=("virtualdatacenter",),
    root="virtualDatacenter",
)
def add_vdc(call: Call) -> Reply:
    body = call.body
    of = find.linked(body, "enterprise", "enterprises")
    enterprise = call.caller.user.enterprise if of is None else find.enterprise(call, of)
    place = find.place_of(call, body)
    if place is None:
        raise missing("links: location")
    name, hypervisor = body.required("name"), body.text("hypervisorType", "KVM")
    made = VirtualDatacenter(call.inventory.new_id(), name, enterprise, place, hypervisor)
    call.inventory.vdcs[made.id] = enterprise.vdcs[made.id] = made
    return Reply(201, represent.vdc(call.view, made), headers={"Location": call.href(paths.vdc(made))})


@route(
    "PUT", VDC, MANAGE_VDC, produces=("virtualdatacenter",), consumes=("virtualdatacenter",), root="virtualDatacenter"
)
def put_vdc(call: Call, vdc: str) -> Reply:
    one = find.vdc(call, vdc)
    one.name = call.body.required("name")
    return Reply(200, represent.vdc(call.view, one))


@route("DELETE", VDC, MANAGE_VDC)
def delete_vdc(call: Call, vdc: str) -> Reply:
    one = find.vdc(call, vdc)
    if one.appliances:
        raise ApiError(409, "409-CONFLICT", "The virtual datacenter still has virtual appliances; delete them first")
    del call.inventory.vdcs[one.id], one.enterprise.vdcs[one.id]
    return Reply(204)


@route("GET", VDC + "/virtualappliances", ENUMERATE_VDCS, produces=("virtualappliances",), locked=False)
def appliances(call: Call, vdc: str) -> Reply:
    def seen() -> Iterable[VirtualAppliance]:
        return find.vdc(call, vdc).appliances.values()

    path = f"cloud/virtualdatacenters/{vdc}/virtualappliances"
    return Reply(200, page(call, "virtualAppliances", path, seen, represent.appliance))


@route("GET", APPLIANCE, ENUMERATE_VDCS, *VM_READERS, produces=("virtualappliance",))
def get_appliance(call: Call, vdc: str, appliance: str) -> Reply:
    expand = (call.query("expand") or "").split(",")
    one = find.appliance(call, vdc, appliance)
    return Reply(200, represent.appliance(call.view, one, last_tasks="last_task" in expand))


@route(
    "POST",
    VDC + "/virtualappliances",
    MANAGE_VAPP,
    produces=("virtualappliance",),
    consumes=("virtualappliance",),
    root="virtualAppliance",
)
def add_appliance(call: Call, vdc: str) -> Reply:
    of = find.vdc(call, vdc)
    made = VirtualAppliance(call.inventory.new_id(), call.body.required("name"), of)
    of.appliances[made.id] = made
    return Reply(201, represent.appliance(call.view, made), headers={"Location": call.href(paths.appliance(made))})


@route(
    "PUT",
    APPLIANCE,
    MANAGE_VAPP,
    produces=("virtualappliance",),
    consumes=("virtualappliance",),
    root="virtualAppliance",
)
def put_appliance(call: Call, vdc: str, appliance: str) -> Reply:
    one = find.appliance(call, vdc, appliance)
    one.name = call.body.required("name")
    return Reply(200, represent.appliance(call.view, one))


@route("DELETE", APPLIANCE, MANAGE_VAPP)
def delete_appliance(call: Call, vdc: str, appliance: str) -> Reply:
    """Only with nothing deployed in it: what would have to be undeployed first could be held."""
    one = find.appliance(call, vdc, appliance)
    if any(machine.busy is not None or machine.kept in IN_HYPERVISOR for machine in one.vms.values()):
        raise ApiError(409, "409-CONFLICT", "The virtual appliance has deployed or locked virtual machines")
    for machine in list(one.vms.values()):
        call.inventory.remove_machine(machine)
    del one.vdc.appliances[one.id]
    return Reply(204)


@route("GET", APPLIANCE + "/state", ENUMERATE_VDCS, *VM_READERS, produces=("virtualappliancestate",))
def appliance_state(call: Call, vdc: str, appliance: str) -> Reply:
    return Reply(200, represent.appliance_power(call.view, find.appliance(call, vdc, appliance)))


@route("GET", APPLIANCE + "/tasks", *TASK_READERS, produces=("tasks",))
def appliance_tasks(call: Call, vdc: str, appliance: str) -> Reply:
    one = find.appliance(call, vdc, appliance)
    records = [record for machine in one.vms.values() for record in reversed(machine.tasks.values())]
    here = paths.appliance(one)
    links = [Link("self", f"{here}/tasks"), Link("parent", here)]
    return Reply(200, Collection("tasks", [task(call.view, record) for record in records], links))


def _machines(call: Call, path: str, seen: Callable[[], Iterable[VirtualMachine]]) -> Reply:
    return Reply(200, page(call, "virtualMachines", path, seen, show_machine, MACHINE_KEYS))


@route("GET", "/cloud/virtualmachines", *VM_READERS, produces=("virtualmachines",), locked=False)
def all_machines(call: Call) -> Reply:
    label = call.query("vmlabel")

    def visible(one: VirtualMachine) -> bool:
        return (not label or one.label == label) and call.caller.sees(one.org)

    found = page(
        call,
        "virtualMachines",
        "cloud/virtualmachines",
        call.inventory.machines.values,
        show_machine,
        MACHINE_KEYS,
        filters=("vmlabel",),
        keep=visible,
    )
    return Reply(200, found)


@route("GET", APPLIANCE + "/virtualmachines", *VM_READERS, produces=("virtualmachines",), locked=False)
def appliance_machines(call: Call, vdc: str, appliance: str) -> Reply:
    path = f"cloud/virtualdatacenters/{vdc}/virtualappliances/{appliance}/virtualmachines"
    return _machines(call, path, lambda: find.appliance(call, vdc, appliance).vms.values())


@route(
    "GET",
    "/admin/enterprises/<enterprise>/action/virtualmachines",
    *VM_READERS,
    produces=("virtualmachines",),
    locked=False,
)
def enterprise_machines(call: Call, enterprise: str) -> Reply:
    def seen() -> list[VirtualMachine]:
        vdcs = find.enterprise(call, enterprise).vdcs.values()
        return [one for vdc in vdcs for appliance in vdc.appliances.values() for one in appliance.vms.values()]

    return _machines(call, f"admin/enterprises/{enterprise}/action/virtualmachines", seen)


@route(
    "GET",
    "/admin/enterprises/<enterprise>/users/<user>/action/virtualmachines",
    *VM_READERS,
    produces=("virtualmachines",),
    locked=False,
)
def user_machines(call: Call, enterprise: str, user: str) -> Reply:
    def seen() -> list[VirtualMachine]:
        owner = find.user(call, enterprise, user)
        return [one for one in call.inventory.machines.values() if one.owner is owner]

    return _machines(call, f"admin/enterprises/{enterprise}/users/{user}/action/virtualmachines", seen)


@route("GET", "/admin/datacenters", produces=("datacenters",))
def datacenters(call: Call) -> Reply:
    items = [represent.datacenter(call.view, one) for one in call.inventory.datacenters.values()]
    return Reply(200, Collection("datacenters", items, [Link("self", "admin/datacenters")]))


@route("GET", "/admin/datacenters/<id>", produces=("datacenter",))
def datacenter(call: Call, id: str) -> Reply:
    return Reply(200, represent.datacenter(call.view, _place(call, id)))


@route("GET", "/cloud/locations", produces=("datacenters",))
def locations(call: Call) -> Reply:
    items = [represent.location(call.view, one) for one in call.inventory.datacenters.values()]
    return Reply(200, Collection("datacenters", items, [Link("self", "cloud/locations")]))


@route("GET", "/cloud/locations/<id>", produces=("datacenter", "location"))
def location(call: Call, id: str) -> Reply:
    return Reply(200, represent.location(call.view, _place(call, id)))


_TEMPLATES = "/admin/enterprises/<enterprise>/datacenterrepositories/<datacenter>/virtualmachinetemplates"


@route("GET", _TEMPLATES, produces=("virtualmachinetemplates",))
def templates(call: Call, enterprise: str, datacenter: str) -> Reply:
    of, place = find.enterprise(call, enterprise), _place(call, datacenter)
    items = [represent.template(call.view, one) for one in of.templates.values() if one.datacenter is place]
    path = f"{paths.enterprise(of)}/datacenterrepositories/{place.id}/virtualmachinetemplates"
    return Reply(200, Collection("virtualMachineTemplates", items, [Link("self", path)]))


@route("GET", _TEMPLATES + "/<template>", produces=("virtualmachinetemplate",))
def template(call: Call, enterprise: str, datacenter: str, template: str) -> Reply:
    found = find.enterprise(call, enterprise).templates.get(template)
    if found is None or found.datacenter is not _place(call, datacenter):
        raise unknown("virtualmachinetemplate")
    return Reply(200, represent.template(call.view, found))


def _place(call: Call, id: str) -> Datacenter:
    found = call.inventory.datacenters.get(id)
    if found is None:
        raise unknown("datacenter")
    return found
