"""vApp templates, with the files that they wait for (reference, sections 2.3 and 3.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote

from gatepost.core import workflows
from gatepost.core.clock import iso
from gatepost.core.entities import busy_with
from gatepost.core.inventory import Upload, VAppTemplate
from gatepost.core.tasks import Task
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import MACHINE_VIEW, OVF, V, vcloud_type
from gatepost.vcloud.represent import networks, vms
from gatepost.vcloud.represent.links import link, owner
from gatepost.vcloud.represent.tasks import tasks_of
from gatepost.vcloud.xmlio import Element, root, sub

O_ = f"{{{OVF}}}"


def template(call: Call, template: VAppTemplate, *, created_by: Task | None = None) -> Element:
    """With `created_by` as the creating request is answered: with its task, whatever became of it."""
    href = call.entity_href("vapptemplate", template.id)
    element = root(
        V + "VAppTemplate",
        MACHINE_VIEW,
        goldMaster="true" if template.gold_master else "false",
        ovfDescriptorUploaded="true" if template.described else "false",
        status=template.status.value,
        name=template.name,
        id=f"urn:vcloud:vapptemplate:{template.id}",
        type=vcloud_type("vAppTemplate"),
        href=href,
    )
    _links(call, element, template, href)
    sub(element, V + "Description", template.description)
    tasks_of(call, element, template, created_by)
    if template.upload is not None:
        files(call, element, template.upload)
    owner(call, element, template.owner)
    if template.vms:
        children = sub(element, V + "Children")
        for vm in template.vms:
            vms.template_child(call, children, vm)
    elif created_by is None:
        sub(element, V + "Children")
    _sections(call, element, template, href)
    if call.traits.default_storage_profile:
        sub(element, V + "DefaultStorageProfile", template.vdc.storage_profile.name)
    if call.traits.dates_created:
        sub(element, V + "DateCreated", iso(template.created))
    return element


def files(call: Call, element: Element, upload: Upload) -> None:
    """What is still to be transferred, and where to."""
    listed = sub(element, V + "Files")
    for file in upload.files:
        one = sub(listed, V + "File", size=file.size, bytesTransferred=file.transferred, name=file.name)
        if not file.is_whole:
            link(one, "upload:default", call.href(f"/transfer/{upload.id}/files/{quote(file.name)}"))


def _links(call: Call, element: Element, template: VAppTemplate, href: str) -> None:
    link(element, "up", call.entity_href("vdc", template.vdc.id), vcloud_type("vdc"))
    if template.item is not None:
        link(element, "catalogItem", call.entity_href("catalogitem", template.item.id), vcloud_type("catalogItem"))
    link(element, "down", href + "/owner", vcloud_type("owner"))
    link(element, "down", href + "/metadata", vcloud_type("metadata"))
    if busy_with(template) is not None:
        return
    link(element, "remove", href)
    if not workflows.is_ready(template):
        return
    link(element, "edit", href, vcloud_type("vAppTemplate"))
    link(element, "enable", href + "/action/enableDownload")
    if template.downloadable:
        link(element, "disable", href + "/action/disableDownload")
        link(element, "download:default", call.href(f"/transfer/{template.id}/files/descriptor.ovf"), "text/xml")
    link(element, "ovf", href + "/ovf", "text/xml")


def _sections(call: Call, element: Element, template: VAppTemplate, href: str) -> None:
    networks.fill_network_section(sub(element, O_ + "NetworkSection"), template.networks)
    for path, section in SECTIONS.items():
        own = f"{href}/{path}/"
        section.fill(call, sub(element, section.tag, type=section.media_type, href=own), template, own)


def section(call: Call, template: VAppTemplate, path: str) -> Element:
    """One of SECTIONS, alone."""
    section = SECTIONS[path]
    href = f"{call.entity_href('vapptemplate', template.id)}/{path}/"
    element = root(section.tag, MACHINE_VIEW, type=section.media_type, href=href)
    section.fill(call, element, template, href)
    return element


def _may_change(template: VAppTemplate) -> bool:
    return busy_with(template) is None and workflows.is_ready(template)


def _fill_networks(call: Call, element: Element, template: VAppTemplate, href: str) -> None:
    networks.fill_config_section(call, element, template.networks, deployed=False, edit=None)


def _fill_leases(call: Call, element: Element, template: VAppTemplate, href: str) -> None:
    sub(element, O_ + "Info", "Lease settings section")
    if _may_change(template):
        link(element, "edit", href, SECTIONS["leaseSettingsSection"].media_type)
    sub(element, V + "StorageLeaseInSeconds", str(template.leases.storage.seconds))


def _fill_customization(call: Call, element: Element, template: VAppTemplate, href: str) -> None:
    if call.traits.gold_master_section:
        element.set("goldMaster", "true" if template.gold_master else "false")
    sub(element, O_ + "Info", "VApp template customization section")
    sub(element, V + "CustomizeOnInstantiate", "true" if template.customized else "false")
    if _may_change(template):
        link(element, "edit", href, SECTIONS["customizationSection"].media_type)


class Section(NamedTuple):
    tag: str
    media_type: str
    fill: Callable[[Call, Element, VAppTemplate, str], None]


SECTIONS = {
    "networkConfigSection": Section(V + "NetworkConfigSection", vcloud_type("networkConfigSection"), _fill_networks),
    "leaseSettingsSection": Section(V + "LeaseSettingsSection", vcloud_type("leaseSettingsSection"), _fill_leases),
    "customizationSection": Section(
        V + "CustomizationSection", vcloud_type("customizationSection"), _fill_customization
    ),
}
"""By their paths below the template."""
