"""Virtual machines with their state, disks and volumes (reference, section 3.5)."""

from __future__ import annotations

from gatepost.abiquo import paths
from gatepost.abiquo.document import Collection, Document, Link, Value
from gatepost.abiquo.inventory import STATE_IDS, Disk, VirtualMachine
from gatepost.abiquo.view import View

_MIB = 1024 * 1024


def machine(view: View, one: VirtualMachine) -> Document:
    here, appliance = paths.machine(one), one.appliance
    disks = [disk for disk in one.disks if not disk.volume]
    fields: dict[str, Value] = {
        "id": int(one.id),
        "uuid": one.uuid,
        "name": one.name,
        "label": one.label,
        "description": one.description,
        "cpu": one.cpu,
        "ram": one.ram,
        "state": one.state,
        "idState": STATE_IDS[one.state],
        "type": "MANAGED",
        "idType": 1,
        "vdrpEnabled": False,
        "vdrpPort": 0,
        "highDisponibility": 0,
        "monitored": False,
        "protected": False,
        "variables": {},
        # A connector of 2.x reads it without looking whether it is there.
        "hdInBytes": sum(disk.size for disk in disks) * _MIB if view.xml else None,
    }
    links = [
        Link("edit", here, "virtualmachine", one.label),
        Link("enterprise", paths.enterprise(one.org), "enterprise", one.org.name),
        Link("user", paths.user(one.owner), "user", one.owner.full_name),
        Link("virtualdatacenter", paths.vdc(appliance.vdc), "virtualdatacenter", appliance.vdc.name),
        Link("virtualappliance", paths.appliance(appliance), "virtualappliance", appliance.name),
        Link("harddisks", f"{here}/storage/disks", "harddisks"),
        Link("volumes", f"{here}/storage/volumes", "volumes"),
        Link("nics", f"{here}/network/nics", "nics"),
        Link("state", f"{here}/state", "virtualmachinestate", one.state),
        Link("deploy", f"{here}/action/deploy", "acceptedrequest"),
        Link("undeploy", f"{here}/action/undeploy", "acceptedrequest"),
        Link("reset", f"{here}/action/reset", "acceptedrequest"),
        Link("tasks", f"{here}/tasks", "tasks"),
        *(
            Link(f"disk{number}", paths.disk(each, one), "volume" if each.volume else "harddisk", each.name)
            for number, each in enumerate(one.disks)
        ),
    ]
    if one.template is not None:
        links.append(
            Link("virtualmachinetemplate", paths.template(one.template), "virtualmachinetemplate", one.template.name)
        )
    return Document("virtualMachine", fields, links)


def state(view: View, one: VirtualMachine) -> Document:
    here = paths.machine(one)
    links = [Link("parent", here, "virtualmachine"), Link("edit", f"{here}/state", "virtualmachinestate")]
    return Document("virtualmachinestate", {"state": one.state}, links)


def disk(view: View, one: Disk, of: VirtualMachine) -> Document:
    """A hard disk, or a volume: the two spell their size in two ways."""
    links = [
        Link("edit", paths.disk(one, of), "volume" if one.volume else "harddisk", one.name),
        Link("virtualmachine", paths.machine(of), "virtualmachine", of.label),
    ]
    if one.volume:
        fields: dict[str, Value] = {
            "id": int(one.id),
            "name": one.name,
            "sequence": one.sequence,
            "sizeInMB": one.size,
            "state": "ATTACHED",
        }
        return Document("volume", fields, links)
    fields = {
        "id": int(one.id),
        "name": one.name,
        "label": one.name,
        "sequence": one.sequence,
        "sizeInMb": one.size,
        "bootable": one.sequence == 0,
        "diskControllerType": "SCSI",
    }
    return Document("disk", fields, links)


def disks(view: View, of: VirtualMachine, *, volumes: bool) -> Collection:
    here = paths.machine(of)
    items = [disk(view, one, of) for one in of.disks if one.volume is volumes]
    path = f"{here}/storage/{'volumes' if volumes else 'disks'}"
    return Collection("volumes" if volumes else "disks", items, [Link("self", path)])
