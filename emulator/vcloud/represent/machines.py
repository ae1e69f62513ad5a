"""vApps and VMs, with the links that are allowed in their state (reference, section 3.4)."""

from __future__ import annotations

from gatepost.core import workflows
from gatepost.core.inventory import Machine, Status, VApp, Vm
from gatepost.core.tasks import Task
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import USER_VIEW, V, vcloud_type
from gatepost.vcloud.represent.links import link, owner, reference
from gatepost.vcloud.represent.tasks import tasks_of
from gatepost.vcloud.xmlio import Element, root, sub

_POWER_LINKS = ("powerOff", "suspend", "shutdown", "reboot", "reset")


def vapp(call: Call, vapp: VApp, *, created_by: Task | None = None) -> Element:
    """With `created_by` as the creating request is answered: with its task, whatever became of it, and without the VMs,
    which real servers add a moment later.
    """
    element = root(V + "VApp", USER_VIEW, **_attributes(call, vapp, "vApp"))
    href = call.entity_href("vapp", vapp.id)
    link(element, "up", call.entity_href("vdc", vapp.vdc.id), vcloud_type("vdc"))
    link(element, "down", href + "/owner", vcloud_type("owner"))
    link(element, "down", href + "/metadata", vcloud_type("metadata"))
    _state_links(element, vapp, href)
    sub(element, V + "Description", vapp.description)
    tasks_of(call, element, vapp, created_by)
    owner(call, element, vapp.owner)
    sub(element, V + "InMaintenanceMode", "false")
    if created_by is None and vapp.vms:
        children = sub(element, V + "Children")
        for vm in vapp.vms:
            _fill_vm(call, sub(children, V + "Vm", **_attributes(call, vm, "vm")), vm)
    return element


def vm(call: Call, vm: Vm) -> Element:
    element = root(V + "Vm", USER_VIEW, **_attributes(call, vm, "vm"))
    _fill_vm(call, element, vm)
    return element


def owner_of(call: Call, vapp: VApp) -> Element:
    href = call.entity_href("vapp", vapp.id)
    element = root(V + "Owner", USER_VIEW, type=vcloud_type("owner"), href=href + "/owner")
    link(element, "up", href, vcloud_type("vApp"))
    reference(call, element, V + "User", vapp.owner.ref)
    return element


def metadata_of(call: Call, entity: Machine) -> Element:
    href = call.entity_href(entity.kind, entity.id)
    element = root(V + "Metadata", USER_VIEW, type=vcloud_type("metadata"), href=href + "/metadata")
    link(element, "up", href, vcloud_type("vApp" if isinstance(entity, VApp) else "vm"))
    return element


def _fill_vm(call: Call, element: Element, vm: Vm) -> None:
    href = call.entity_href("vm", vm.id)
    link(element, "up", call.entity_href("vapp", vm.vapp.id), vcloud_type("vApp"))
    link(element, "down", href + "/metadata", vcloud_type("metadata"))
    _state_links(element, vm, href)
    sub(element, V + "Description", vm.description)
    tasks_of(call, element, vm)
    sub(element, V + "VAppScopedLocalId", vm.name)


def _attributes(call: Call, entity: Machine, type_name: str) -> dict[str, str | int | None]:
    return {
        "deployed": "true" if entity.deployed else "false",
        "status": entity.status.value,
        "name": entity.name,
        "id": f"urn:vcloud:{entity.kind}:{entity.id}",
        "type": vcloud_type(type_name),
        "href": call.entity_href(entity.kind, entity.id),
    }


def _state_links(element: Element, entity: Machine, href: str) -> None:
    """Exactly what would not be refused now; a missing link means 'not allowed', and clients rely on that."""
    if not workflows.is_free(entity):
        return
    if workflows.can_power_on(entity):
        link(element, "power:powerOn", f"{href}/power/action/powerOn")
    if workflows.can_deploy(entity):
        link(element, "deploy", f"{href}/action/deploy", vcloud_type("deployVAppParams"))
    if entity.status is Status.POWERED_ON:
        for action in _POWER_LINKS:
            link(element, f"power:{action}", f"{href}/power/action/{action}")
    if entity.status is Status.SUSPENDED:
        link(element, "discardState", f"{href}/action/discardSuspendedState")
    if workflows.can_undeploy(entity):
        link(element, "undeploy", f"{href}/action/undeploy", vcloud_type("undeployVAppParams"))
    if isinstance(entity, VApp) and workflows.can_delete(entity):
        link(element, "remove", href)
