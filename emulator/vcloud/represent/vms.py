"""VMs, of vApps and of templates, with the links that are allowed in their state (reference, section 3.4)."""

from __future__ import annotations

from gatepost.core import workflows
from gatepost.core.clock import iso
from gatepost.core.inventory import Machine, TemplateVm, Vm
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import MACHINE_VIEW, V, vcloud_type
from gatepost.vcloud.represent import guests, sections
from gatepost.vcloud.represent.actions import action_links
from gatepost.vcloud.represent.links import link, storage_profile
from gatepost.vcloud.represent.tasks import tasks_of
from gatepost.vcloud.xmlio import Element, root, sub

VM = vcloud_type("vm")
INSERT_OR_EJECT = vcloud_type("mediaInsertOrEjectParams")
ATTACH_OR_DETACH = vcloud_type("diskAttachOrDetachParams")


def vm(call: Call, vm: Vm) -> Element:
    element = root(V + "Vm", MACHINE_VIEW, **attributes(call, vm, "vm"), **_own(call, vm))
    _fill(call, element, vm)
    return element


def child(call: Call, parent: Element, vm: Vm) -> None:
    """In the Children of its vApp."""
    _fill(call, sub(parent, V + "Vm", **attributes(call, vm, "vm"), **_own(call, vm)), vm)


def attributes(call: Call, entity: Machine, type_name: str) -> dict[str, str | int | None]:
    """Those that vApps and VMs share."""
    return {
        "deployed": "true" if entity.deployed else "false",
        "status": entity.status.value,
        "name": entity.name,
        "id": f"urn:vcloud:{entity.kind}:{entity.id}",
        "type": vcloud_type(type_name),
        "href": call.entity_href(entity.kind, entity.id),
    }


def _own(call: Call, vm: Vm) -> dict[str, str | int | None]:
    nested = "false" if call.traits.nested_hypervisor else None
    return {"needsCustomization": "true" if vm.needs_customization else "false", "nestedHypervisorEnabled": nested}


def _fill(call: Call, element: Element, vm: Vm) -> None:
    href = call.entity_href("vm", vm.id)
    link(element, "up", call.entity_href("vapp", vm.vapp.id), vcloud_type("vApp"))
    link(element, "down", href + "/metadata", vcloud_type("metadata"))
    link(element, "down", href + "/productSections/", guests.PRODUCTS)
    if call.traits.vm_capabilities:
        link(element, "down", href + "/vmCapabilities/", sections.CAPABILITIES)
    action_links(call, element, vm, href)
    if workflows.is_free(vm):
        _links(call, element, vm, href)
    sub(element, V + "Description", vm.description)
    tasks_of(call, element, vm)
    sections.fill_vm(call, element, vm)
    if call.traits.vm_dates_created:
        sub(element, V + "DateCreated", iso(vm.created))
    sub(element, V + "VAppScopedLocalId", vm.name)
    if vm.deployed:
        guests.environment(element, vm)
    if call.traits.vm_capabilities:
        sections.capabilities(element, href, vm)
    if call.traits.storage_profiles:
        storage_profile(call, element, vm.storage_profile)
    if call.traits.boot_options:
        sections.boot_options(element, href, vm)


def _links(call: Call, element: Element, vm: Vm, href: str) -> None:
    """What would not be refused now, beside power."""
    if workflows.can_edit(vm):
        link(element, "edit", href, VM)
        if call.traits.reconfigure_vm:
            link(element, "reconfigureVm", href + "/action/reconfigureVm", VM, vm.name)
    if workflows.can_upgrade(vm):
        link(element, "upgrade", href + "/action/upgradeHardwareVersion")
    if workflows.can_customize(vm):
        link(element, "customizeAtNextPowerOn", href + "/action/customizeAtNextPowerOn")
    if workflows.can_insert(vm):
        link(element, "media:insertMedia", href + "/media/action/insertMedia", INSERT_OR_EJECT)
    if workflows.can_eject(vm):
        link(element, "media:ejectMedia", href + "/media/action/ejectMedia", INSERT_OR_EJECT)
    if call.traits.independent_disks and workflows.can_attach(vm):
        link(element, "disk:attach", href + "/disk/action/attach", ATTACH_OR_DETACH)
    if call.traits.independent_disks and workflows.can_detach(vm):
        link(element, "disk:detach", href + "/disk/action/detach", ATTACH_OR_DETACH)


def _template_attributes(call: Call, vm: TemplateVm) -> dict[str, str | int | None]:
    return {
        "name": vm.name,
        "id": f"urn:vcloud:vm:{vm.id}",
        "status": vm.template.status.value,
        "type": VM,
        "href": sections.href_of(call, vm),
    }


def template_vm(call: Call, vm: TemplateVm) -> Element:
    element = root(V + "Vm", MACHINE_VIEW, **_template_attributes(call, vm))
    _fill_template_vm(call, element, vm)
    _date_created(call, element, vm)
    sub(element, V + "VAppScopedLocalId", vm.name)
    return element


def template_child(call: Call, parent: Element, vm: TemplateVm) -> None:
    """In the Children of its template: of the type of a template itself, which has the last two the other way round."""
    element = sub(parent, V + "Vm", **_template_attributes(call, vm))
    _fill_template_vm(call, element, vm)
    sub(element, V + "VAppScopedLocalId", vm.name)
    _date_created(call, element, vm)


def _fill_template_vm(call: Call, element: Element, vm: TemplateVm) -> None:
    link(element, "up", call.entity_href("vapptemplate", vm.template.id), vcloud_type("vAppTemplate"))
    sections.fill_template_vm(call, element, vm)


def _date_created(call: Call, element: Element, vm: TemplateVm) -> None:
    if call.traits.dates_created:
        sub(element, V + "DateCreated", iso(vm.template.created))
