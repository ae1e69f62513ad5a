"""Independent disks (reference, sections 3.1 and 3.2)."""

from __future__ import annotations

from gatepost.core import workflows
from gatepost.core.entities import busy_with
from gatepost.core.inventory import Disk
from gatepost.core.tasks import Task
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import USER_VIEW, V, vcloud_type
from gatepost.vcloud.represent.links import link, owner, reference, storage_profile
from gatepost.vcloud.represent.tasks import tasks_of
from gatepost.vcloud.xmlio import Element, root, sub

DISK = vcloud_type("disk")
VMS = vcloud_type("vms")


def disk(call: Call, disk: Disk, *, created_by: Task | None = None) -> Element:
    """With `created_by` as the creating request is answered: with its task, whatever became of it."""
    href = call.entity_href("disk", disk.id)
    element = root(
        V + "Disk",
        USER_VIEW,
        size=disk.size,
        busType=disk.bus_type,
        busSubType=disk.bus_sub_type,
        status=disk.status.value,
        name=disk.name,
        id=f"urn:vcloud:disk:{disk.id}",
        type=DISK,
        href=href,
    )
    link(element, "up", call.entity_href("vdc", disk.vdc.id), vcloud_type("vdc"))
    link(element, "down", href + "/metadata", vcloud_type("metadata"))
    link(element, "down", href + "/owner", vcloud_type("owner"))
    link(element, "down", href + "/attachedVms", VMS)
    if busy_with(disk) is None:
        if workflows.can_change(disk):
            link(element, "edit", href, DISK)
        if workflows.can_delete_disk(disk):
            link(element, "remove", href)
    sub(element, V + "Description", disk.description)
    tasks_of(call, element, disk, created_by)
    storage_profile(call, element, disk.storage_profile)
    owner(call, element, disk.owner)
    return element


def attached_vms(call: Call, disk: Disk) -> Element:
    href = call.entity_href("disk", disk.id)
    element = root(V + "Vms", USER_VIEW, type=VMS, href=href + "/attachedVms")
    link(element, "up", href, DISK)
    if disk.attached_to is not None:
        reference(call, element, V + "VmReference", disk.attached_to.ref)
    return element
