"""vApps and their sections, with the links that are allowed in their state (reference, section 3.4)."""

from __future__ import annotations

from gatepost.core.clock import iso
from gatepost.core.inventory import Lease, StartupItem, VApp
from gatepost.core.tasks import Task
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import MACHINE_VIEW, OVF, PREFIXED_VIEW, V, vcloud_type
from gatepost.vcloud.represent import guests, networks, sections, vms
from gatepost.vcloud.represent.actions import action_links, may_change
from gatepost.vcloud.represent.links import link, owner
from gatepost.vcloud.represent.tasks import tasks_of
from gatepost.vcloud.xmlio import Element, root, sub

O_ = f"{{{OVF}}}"

Section = tuple[str, str]
"""Element and media type; the path is that of the section below its vApp."""

LEASES: Section = (V + "LeaseSettingsSection", vcloud_type("leaseSettingsSection"))
STARTUP: Section = (O_ + "StartupSection", vcloud_type("startupSection"))
NETWORKS: Section = (O_ + "NetworkSection", vcloud_type("networkSection"))
NETWORK_CONFIG: Section = (V + "NetworkConfigSection", vcloud_type("networkConfigSection"))


def vapp(call: Call, vapp: VApp, *, created_by: Task | None = None) -> Element:
    """With `created_by` as the creating request is answered: with its task, whatever became of it, and without the VMs,
    which real servers add a moment later.
    """
    element = root(V + "VApp", MACHINE_VIEW, **_attributes(call, vapp))
    href = call.entity_href("vapp", vapp.id)
    _links(call, element, vapp, href)
    sub(element, V + "Description", vapp.description)
    tasks_of(call, element, vapp, created_by)
    _sections(call, element, vapp, href)
    if call.traits.vm_dates_created:
        sub(element, V + "DateCreated", iso(vapp.created))
    owner(call, element, vapp.owner)
    sub(element, V + "InMaintenanceMode", "true" if vapp.maintenance else "false")
    if created_by is None and vapp.vms:
        children = sub(element, V + "Children")
        for vm in vapp.vms:
            vms.child(call, children, vm)
    return element


def leases(call: Call, vapp: VApp) -> Element:
    element, href = _alone(call, vapp, LEASES, "leaseSettingsSection")
    _fill_leases(call, element, vapp, href)
    return element


def startup(call: Call, vapp: VApp) -> Element:
    element, href = _alone(call, vapp, STARTUP, "startupSection")
    _fill_startup(call, element, vapp, href)
    return element


def network_section(call: Call, vapp: VApp) -> Element:
    element, _ = _alone(call, vapp, NETWORKS, "networkSection")
    networks.fill_network_section(element, [network.config for network in vapp.networks])
    return element


def network_config(call: Call, vapp: VApp) -> Element:
    element, href = _alone(call, vapp, NETWORK_CONFIG, "networkConfigSection")
    _fill_network_config(call, element, vapp, href)
    return element


def products(call: Call, vapp: VApp) -> Element:
    href = call.entity_href("vapp", vapp.id)
    own = href + "/productSections/"
    element = root(V + "ProductSectionList", MACHINE_VIEW, type=guests.PRODUCTS, href=own)
    link(element, "up", href, vcloud_type("vApp"))
    if may_change(call, vapp):
        link(element, "edit", own, guests.PRODUCTS)
    for product in vapp.products:
        guests.product_section(element, product)
    return element


def _links(call: Call, element: Element, vapp: VApp, href: str) -> None:
    link(element, "up", call.entity_href("vdc", vapp.vdc.id), vcloud_type("vdc"))
    link(element, "down", href + "/owner", vcloud_type("owner"))
    link(element, "down", href + "/metadata", vcloud_type("metadata"))
    link(element, "down", href + "/controlAccess/", vcloud_type("controlAccess"))
    link(element, "down", href + "/productSections/", vcloud_type("productSections"))
    for network in vapp.networks:
        link(element, "down", call.entity_href("network", network.id), vcloud_type("vAppNetwork"), network.name)
    if vapp.maintenance and not call.user.is_sysadmin:
        return
    action_links(call, element, vapp, href)
    if not may_change(call, vapp):
        return
    link(element, "recompose", href + "/action/recomposeVApp", vcloud_type("recomposeVAppParams"))
    link(element, "edit", href, vcloud_type("vApp"))
    link(element, "controlAccess", href + "/action/controlAccess", vcloud_type("controlAccess"))
    if call.user.is_sysadmin:
        action = "exitMaintenanceMode" if vapp.maintenance else "enterMaintenanceMode"
        link(element, action, f"{href}/action/{action}")


def _sections(call: Call, element: Element, vapp: VApp, href: str) -> None:
    _fill_leases(call, _inside(element, LEASES, href + "/leaseSettingsSection/"), vapp, href + "/leaseSettingsSection/")
    _fill_startup(call, _inside(element, STARTUP, href + "/startupSection/"), vapp, href + "/startupSection/")
    section = _inside(element, NETWORKS, href + "/networkSection/")
    networks.fill_network_section(section, [network.config for network in vapp.networks])
    own = href + "/networkConfigSection/"
    _fill_network_config(call, _inside(element, NETWORK_CONFIG, own), vapp, own)
    if call.traits.snapshots:
        sections.snapshots(element, href, vapp)


def _inside(parent: Element, section: Section, href: str) -> Element:
    tag, media_type = section
    if tag.startswith(V):
        return sub(parent, tag, type=media_type, href=href)
    element = sub(parent, tag)
    _refer(element, media_type, href)
    return element


def _alone(call: Call, vapp: VApp, section: Section, path: str) -> tuple[Element, str]:
    """The section as a document of its own, and its href."""
    tag, media_type = section
    href = f"{call.entity_href('vapp', vapp.id)}/{path}/"
    if tag.startswith(V):
        return root(tag, MACHINE_VIEW, type=media_type, href=href), href
    element = root(tag, PREFIXED_VIEW)
    _refer(element, media_type, href)
    return element, href


def _refer(element: Element, media_type: str, href: str) -> None:
    element.set(V + "type", media_type)
    element.set(V + "href", href)


def _fill_leases(call: Call, section: Element, vapp: VApp, href: str) -> None:
    sub(section, O_ + "Info", "Lease settings section")
    if may_change(call, vapp):
        link(section, "edit", href, LEASES[1])
    deployment, storage = vapp.leases.deployment, vapp.leases.storage
    sub(section, V + "DeploymentLeaseInSeconds", str(deployment.seconds))
    sub(section, V + "StorageLeaseInSeconds", str(storage.seconds))
    _expiration(section, "DeploymentLeaseExpiration", deployment)
    _expiration(section, "StorageLeaseExpiration", storage)


def _expiration(section: Element, tag: str, lease: Lease) -> None:
    if lease.expires is not None:
        sub(section, V + tag, iso(lease.expires))


def _fill_startup(call: Call, section: Element, vapp: VApp, href: str) -> None:
    sub(section, O_ + "Info", "VApp startup section")
    for vm in vapp.vms:
        item = vapp.startup.get(vm.name, StartupItem())
        element = sub(section, O_ + "Item")
        for name, value in (
            ("id", vm.name),
            ("order", item.order),
            ("startAction", item.start_action),
            ("startDelay", item.start_delay),
            ("stopAction", item.stop_action),
            ("stopDelay", item.stop_delay),
        ):
            element.set(O_ + name, str(value))
    if may_change(call, vapp):
        link(section, "edit", href, STARTUP[1])


def _fill_network_config(call: Call, section: Element, vapp: VApp, href: str) -> None:
    configs = [network.config for network in vapp.networks]
    edit = href if may_change(call, vapp) else None
    networks.fill_config_section(call, section, configs, vapp.deployed, edit)


def _attributes(call: Call, vapp: VApp) -> dict[str, str | int | None]:
    return {**vms.attributes(call, vapp, "vApp"), "ovfDescriptorUploaded": "true"}
