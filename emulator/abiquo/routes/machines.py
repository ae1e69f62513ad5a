"""Virtual machines: reading them, making them, their state and storage (reference, section 3.5)."""

from __future__ import annotations

from gatepost.abiquo import paths
from gatepost.abiquo.document import Collection, Link
from gatepost.abiquo.errors import ApiError, unknown
from gatepost.abiquo.http import Call, Reply, route
from gatepost.abiquo.inventory import MOST_CPU, MOST_RAM, Disk, VirtualMachine
from gatepost.abiquo.privileges import MANAGE_VAPP, PERFORM, VM_READERS
from gatepost.abiquo.represent import machines as represent
from gatepost.abiquo.routes import find
from gatepost.abiquo.routes.clouds import APPLIANCE, VDC

MACHINE = APPLIANCE + "/virtualmachines/<machine>"
_TYPES = ("virtualmachine", "virtualmachineflat")


@route("GET", MACHINE, *VM_READERS, produces=_TYPES)
def get_machine(call: Call, vdc: str, appliance: str, machine: str) -> Reply:
    return Reply(200, represent.machine(call.view, find.machine(call, vdc, appliance, machine)))


@route(
    "POST",
    APPLIANCE + "/virtualmachines",
    MANAGE_VAPP,
    produces=_TYPES,
    consumes=_TYPES,
    root="virtualMachine",
)
def add_machine(call: Call, vdc: str, appliance: str) -> Reply:
    body, of = call.body, find.appliance(call, vdc, appliance)
    id = find.linked(body, "virtualmachinetemplate", "virtualmachinetemplates")
    template = None
    if id is not None:
        template = of.org.templates.get(id)
        if template is None:
            raise unknown("virtualmachinetemplate")
    label = body.text("label") or (template.name if template is not None else "") or body.required("label")
    if len(label) > 255:
        label = body.required("label")
    made = VirtualMachine(call.inventory.new_id(), call.world.ids.uuid(), label, of, call.caller.user)
    made.description, made.template = body.text("description"), template
    made.cpu, made.ram = cpu_of(call, made), ram_of(call, made)
    made.disks = [Disk(call.inventory.new_id(), f"{label}-system", 10_240, 0)]
    call.inventory.add_machine(made)
    return Reply(201, represent.machine(call.view, made), headers={"Location": call.href(paths.machine(made))})


@route("GET", MACHINE + "/state", *VM_READERS, produces=("virtualmachinestate",))
def state(call: Call, vdc: str, appliance: str, machine: str) -> Reply:
    one = find.machine(call, vdc, appliance, machine)
    call.require((PERFORM, *VM_READERS))
    return Reply(200, represent.state(call.view, one))


@route("GET", MACHINE + "/storage/disks", *VM_READERS, produces=("harddisks", "disks"))
def disks(call: Call, vdc: str, appliance: str, machine: str) -> Reply:
    return Reply(200, represent.disks(call.view, find.machine(call, vdc, appliance, machine), volumes=False))


@route("GET", MACHINE + "/storage/volumes", *VM_READERS, produces=("volumes", "iscsivolumes"))
def volumes(call: Call, vdc: str, appliance: str, machine: str) -> Reply:
    return Reply(200, represent.disks(call.view, find.machine(call, vdc, appliance, machine), volumes=True))


@route("GET", MACHINE + "/network/nics", *VM_READERS, produces=("nics",))
def nics(call: Call, vdc: str, appliance: str, machine: str) -> Reply:
    """There are none: networks are not part of this."""
    here = f"{paths.machine(find.machine(call, vdc, appliance, machine))}/network/nics"
    return Reply(200, Collection("nics", [], [Link("self", here)]))


@route("GET", VDC + "/disks/<disk>", *VM_READERS, produces=("harddisk", "disk"))
def disk(call: Call, vdc: str, disk: str) -> Reply:
    return Reply(200, represent.disk(call.view, *_disk(call, vdc, disk, volume=False)))


@route("GET", VDC + "/volumes/<disk>", *VM_READERS, produces=("volume", "iscsivolume"))
def volume(call: Call, vdc: str, disk: str) -> Reply:
    return Reply(200, represent.disk(call.view, *_disk(call, vdc, disk, volume=True)))


def cpu_of(call: Call, machine: VirtualMachine) -> int:
    """Raises ApiError."""
    return _bounded(call, "cpu", machine.cpu, MOST_CPU)


def ram_of(call: Call, machine: VirtualMachine) -> int:
    """Raises ApiError."""
    return _bounded(call, "ram", machine.ram, MOST_RAM)


def _bounded(call: Call, name: str, default: int, most: int) -> int:
    value = call.body.number(name, default, 1)
    if value > most:
        raise ApiError(400, "GEN-3", f"The field '{name}' is not valid: at most {most} is expected")
    return value


def _disk(call: Call, vdc: str, id: str, *, volume: bool) -> tuple[Disk, VirtualMachine]:
    for appliance in find.vdc(call, vdc).appliances.values():
        for machine in appliance.vms.values():
            for one in machine.disks:
                if one.id == id and one.volume is volume:
                    return one, machine
    raise unknown("disk")
