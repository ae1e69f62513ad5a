"""Independent disks, and attaching them to VMs (reference, sections 3.1 and 3.2)."""

from __future__ import annotations

from gatepost.core import workflows
from gatepost.core.inventory import StorageProfile, Vdc, Vm
from gatepost.core.operations import Workflow
from gatepost.core.workflows import DiskChanges, DiskPlan
from gatepost.vcloud import xmlio
from gatepost.vcloud.errors import bad_request
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.names import V
from gatepost.vcloud.read.hardware import bus
from gatepost.vcloud.represent import disks as represent
from gatepost.vcloud.routes import find
from gatepost.vcloud.routes.tasks import accepted
from gatepost.vcloud.xmlio import Element

MB = 1 << 20
LARGEST = 62 << 40
"""Bytes."""


@route("POST", "/api/vdc/<id>/disk")
def create(call: Call, id: str) -> Reply:
    world = call.world
    with world.lock:
        vdc = find.own_vdc(call, id)
    params = xmlio.child(call.body(V + "DiskCreateParams"), "Disk")
    if params is None:
        raise bad_request("validation error on field 'Disk': the element is required")
    name, description, size = xmlio.name_of(params), xmlio.text_of(params, "Description") or "", _size(params)
    if size is None:
        raise xmlio.invalid("size", "the attribute is required")
    bus_type, sub_type = bus(params.get("busType"), params.get("busSubType"))
    if bus_type is None or sub_type is None:
        bus_type, sub_type = "6", "lsilogic"
    with world.lock:
        plan = DiskPlan(name, description, size, bus_type, sub_type, _profile(call, vdc, params))
        task = world.request("vdcCreateDisk", call.user, workflows.create_disk(vdc, plan, call.user))
        call.concerns(task.id)
        disk = world.inventory.disks[task.owner.id]
        element = represent.disk(call, disk, created_by=task)
    return Reply(201, element, represent.DISK, {"Location": call.entity_href("disk", disk.id)})


@route("GET", "/api/disk/<id>")
def get(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, represent.disk(call, find.disk(call, id)), represent.DISK)


@route("PUT", "/api/disk/<id>")
def update(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.disk(call, id)
    document = call.body(V + "Disk")
    name = xmlio.name_of(document) if document.get("name") is not None else None
    description, size = xmlio.text_of(document, "Description"), _size(document)
    with call.world.lock:
        disk = find.disk(call, id)
        changes = DiskChanges(name, description, size, _profile(call, disk.vdc, document))
        return accepted(call, "vdcUpdateDisk", workflows.update_disk(disk, changes))


@route("DELETE", "/api/disk/<id>")
def delete(call: Call, id: str) -> Reply:
    with call.world.lock:
        return accepted(call, "vdcDeleteDisk", workflows.delete_disk(find.disk(call, id)))


@route("GET", "/api/disk/<id>/attachedVms")
def attached(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, represent.attached_vms(call, find.disk(call, id)), represent.VMS)


@route("POST", "/api/vApp/<id>/disk/action/attach")
def attach(call: Call, id: str) -> Reply:
    return _move(call, id, "vappAttachDisk")


@route("POST", "/api/vApp/<id>/disk/action/detach")
def detach(call: Call, id: str) -> Reply:
    return _move(call, id, "vappDetachDisk")


def _move(call: Call, id: str, operation: str) -> Reply:
    with call.world.lock:
        find.vm(call, id)
    params = call.body(V + "DiskAttachOrDetachParams")
    reference, unit = xmlio.child(params, "Disk"), _unit(params)
    if reference is None:
        raise bad_request("validation error on field 'Disk': the element is required")
    with call.world.lock:
        vm = find.vm(call, id)
        return accepted(call, operation, _moving(call, vm, operation, reference, unit))


def _moving(call: Call, vm: Vm, operation: str, reference: Element, unit: int | None) -> Workflow:
    disk = find.disk(call, find.tail(reference.get("href")))
    if operation == "vappAttachDisk":
        return workflows.attach_disk(vm, disk, unit)
    return workflows.detach_disk(vm, disk)


def _unit(params: Element) -> int | None:
    """The number at the controller that the client would like; the controller itself follows from the disk."""
    for tag in ("BusNumber", "UnitNumber"):
        text = xmlio.text_of(params, tag)
        if text is not None and not 0 <= xmlio.long(text, tag) < 64:
            raise xmlio.invalid(tag, "0 to 63 is expected")
    text = xmlio.text_of(params, "UnitNumber")
    return None if text is None else xmlio.long(text, "UnitNumber")


def _size(disk: Element) -> int | None:
    """Bytes, of `size` or of `sizeMb` as recent clients send it."""
    for name, unit in (("size", 1), ("sizeMb", MB)):
        text = disk.get(name)
        if text is not None:
            size = xmlio.long(text, name) * unit
            if not 0 < size <= LARGEST:
                raise xmlio.invalid(name, f"1 to {LARGEST // unit} is expected")
            return size
    return None


def _profile(call: Call, vdc: Vdc, disk: Element) -> StorageProfile | None:
    reference = xmlio.child(disk, "StorageProfile")
    return None if reference is None else find.storage_profile(call, vdc, reference.get("href", ""))
