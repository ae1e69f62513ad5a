"""Virtual datacenters and appliances, and where they stand (reference, section 3.4)."""

from __future__ import annotations

from gatepost.abiquo import paths
from gatepost.abiquo.document import Collection, Document, Link, Value
from gatepost.abiquo.inventory import Datacenter, Template, VirtualAppliance, VirtualDatacenter, VmState
from gatepost.abiquo.represent.tasks import task
from gatepost.abiquo.view import View
from gatepost.abiquo.workflows import IN_HYPERVISOR


def datacenter(view: View, one: Datacenter) -> Document:
    fields: dict[str, Value] = {"id": int(one.id), "name": one.name, "location": one.location}
    return Document("datacenter", fields, [Link("edit", paths.datacenter(one), "datacenter", one.name)])


def location(view: View, one: Datacenter) -> Document:
    """A datacenter as its users may see it."""
    fields: dict[str, Value] = {"id": int(one.id), "name": one.name, "location": one.location}
    return Document("datacenter", fields, [Link("self", paths.location(one), "datacenter", one.name)])


def template(view: View, one: Template) -> Document:
    links = [
        Link("edit", paths.template(one), "virtualmachinetemplate", one.name),
        Link("enterprise", paths.enterprise(one.enterprise), "enterprise", one.enterprise.name),
    ]
    return Document("virtualMachineTemplate", {"id": int(one.id), "name": one.name}, links)


def vdc(view: View, one: VirtualDatacenter) -> Document:
    here, place = paths.vdc(one), one.datacenter
    links = [
        Link("edit", here, "virtualdatacenter", one.name),
        Link("enterprise", paths.enterprise(one.enterprise), "enterprise", one.enterprise.name),
        Link("location", paths.location(place), "datacenter", place.name),
        Link("datacenter", paths.datacenter(place), "datacenter", place.name),
        Link("virtualappliances", f"{here}/virtualappliances", "virtualappliances"),
    ]
    fields: dict[str, Value] = {"id": int(one.id), "name": one.name, "hypervisorType": one.hypervisor}
    return Document("virtualDatacenter", fields, links)


def appliance(view: View, one: VirtualAppliance, *, last_tasks: bool = False) -> Document:
    here = paths.appliance(one)
    fields: dict[str, Value] = {
        "id": int(one.id),
        "name": one.name,
        "state": appliance_state(view, one),
        "error": 0,
        "publicApp": 0,
        "highDisponibility": 0,
    }
    if last_tasks:
        records = [next(reversed(machine.tasks.values())) for machine in one.vms.values() if machine.tasks]
        fields[view.traits.last_tasks] = Collection("tasks", [task(view, record) for record in records])
    links = [
        Link("edit", here, "virtualappliance", one.name),
        Link("virtualdatacenter", paths.vdc(one.vdc), "virtualdatacenter", one.vdc.name),
        Link("enterprise", paths.enterprise(one.org), "enterprise", one.org.name),
        Link("virtualmachines", f"{here}/virtualmachines", "virtualmachines"),
        Link("state", f"{here}/state", "virtualappliancestate"),
        Link("deploy", f"{here}/action/deploy", "acceptedrequest"),
        Link("undeploy", f"{here}/action/undeploy", "acceptedrequest"),
        Link("tasks", f"{here}/tasks", "tasks"),
    ]
    return Document("virtualAppliance", fields, links)


def appliance_power(view: View, one: VirtualAppliance) -> Document:
    here = paths.appliance(one)
    links = [Link("parent", here, "virtualappliance"), Link("edit", f"{here}/state", "virtualappliancestate")]
    return Document("virtualApplianceState", {"power": appliance_state(view, one)}, links)


def appliance_state(view: View, one: VirtualAppliance) -> str:
    """It follows from its machines."""
    machines = one.vms.values()
    if not machines:
        return "EMPTY" if view.traits.empty_appliances else "NOT_DEPLOYED"
    states = {machine.state for machine in machines}
    for first in ("UNKNOWN", "LOCKED"):
        if first in states:
            return first
    deployed = [VmState(state) in IN_HYPERVISOR for state in states]
    return "DEPLOYED" if all(deployed) else "NEEDS_SYNC" if any(deployed) else "NOT_DEPLOYED"
