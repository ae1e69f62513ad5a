"""Organizations, datacenters, catalogs and templates as a user sees them (reference, sections 2.1 to 2.3)."""

from __future__ import annotations

from gatepost.core.clock import iso
from gatepost.core.inventory import (
    Catalog,
    CatalogItem,
    Network,
    Organization,
    TemplateVm,
    VApp,
    VAppTemplate,
    Vdc,
)
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import USER_VIEW, V, admin_type, vcloud_type
from gatepost.vcloud.represent.links import link, owner
from gatepost.vcloud.xmlio import Element, root, sub

TEMPLATE_STATUS = 8


def org_list(call: Call, orgs: list[Organization]) -> Element:
    element = root(V + "OrgList", USER_VIEW, type=vcloud_type("orgList"), href=call.href("/api/org/"))
    for org in orgs:
        sub(element, V + "Org", type=vcloud_type("org"), name=org.name, href=call.entity_href("org", org.id))
    return element


def org(call: Call, org: Organization) -> Element:
    element = _entity(call, "Org", "org", org.id, org.name, "org")
    for vdc in org.vdcs.values():
        link(element, "down", call.entity_href("vdc", vdc.id), vcloud_type("vdc"), vdc.name)
    link(element, "down", call.href(f"/api/tasksList/{org.id}"), vcloud_type("tasksList"))
    for catalog in org.catalogs.values():
        link(element, "down", call.entity_href("catalog", catalog.id), vcloud_type("catalog"), catalog.name)
    for network in org.networks.values():
        link(element, "down", call.entity_href("network", network.id), vcloud_type("orgNetwork"), network.name)
    if call.user.administers(org):
        link(element, "alternate", call.href(f"/api/admin/org/{org.id}"), admin_type("organization"))
    sub(element, V + "Description")
    sub(element, V + "FullName", org.full_name)
    sub(element, V + "IsEnabled", "true")
    return element


def vdc(call: Call, vdc: Vdc, contents: list[VApp | VAppTemplate]) -> Element:
    element = _entity(call, "Vdc", "vdc", vdc.id, vdc.name, "vdc", status=1)
    href = call.entity_href("vdc", vdc.id)
    link(element, "up", call.entity_href("org", vdc.org.id), vcloud_type("org"))
    link(
        element,
        "add",
        href + "/action/instantiateVAppTemplate",
        vcloud_type("instantiateVAppTemplateParams"),
    )
    if call.user.administers(vdc.org):
        link(element, "alternate", call.href(f"/api/admin/vdc/{vdc.id}"), admin_type("vdc"))
    vdc_content(call, element, vdc, contents)
    return element


def vdc_content(call: Call, element: Element, vdc: Vdc, contents: list[VApp | VAppTemplate]) -> None:
    """What a Vdc and an AdminVdc share."""
    sub(element, V + "Description", vdc.description)
    sub(element, V + "AllocationModel", "AllocationVApp")
    compute = sub(element, V + "ComputeCapacity")
    for tag, units in (("Cpu", "MHz"), ("Memory", "MB")):
        capacity = sub(compute, V + tag)
        for name, text in (("Units", units), ("Allocated", "0"), ("Limit", "0"), ("Reserved", "0"), ("Used", "0")):
            sub(capacity, V + name, text)
    entities = sub(element, V + "ResourceEntities")
    for entity in contents:
        type_name = "vApp" if isinstance(entity, VApp) else "vAppTemplate"
        sub(
            entities,
            V + "ResourceEntity",
            type=vcloud_type(type_name),
            name=entity.name,
            href=call.entity_href(entity.kind, entity.id),
        )
    networks = sub(element, V + "AvailableNetworks")
    for network in vdc.org.networks.values():
        sub(
            networks,
            V + "Network",
            type=vcloud_type("network"),
            name=network.name,
            href=call.entity_href("network", network.id),
        )
    capabilities = sub(sub(element, V + "Capabilities"), V + "SupportedHardwareVersions")
    sub(capabilities, V + "SupportedHardwareVersion", "vmx-08")
    for name in ("NicQuota", "NetworkQuota", "VmQuota"):
        sub(element, V + name, "0")
    sub(element, V + "IsEnabled", "true")


def catalog(call: Call, catalog: Catalog) -> Element:
    element = _entity(call, "Catalog", "catalog", catalog.id, catalog.name, "catalog")
    link(element, "up", call.entity_href("org", catalog.org.id), vcloud_type("org"))
    sub(element, V + "Description", catalog.description)
    owner(call, element, catalog.owner)
    items = sub(element, V + "CatalogItems")
    for item in catalog.items.values():
        sub(
            items,
            V + "CatalogItem",
            type=vcloud_type("catalogItem"),
            name=item.name,
            id=item.id,
            href=call.entity_href("catalogitem", item.id),
        )
    sub(element, V + "IsPublished", "false")
    sub(element, V + "DateCreated", iso(catalog.created))
    sub(element, V + "VersionNumber", "1")
    return element


def catalog_item(call: Call, item: CatalogItem) -> Element:
    element = _entity(call, "CatalogItem", "catalogitem", item.id, item.name, "catalogItem", size=0)
    link(element, "up", call.entity_href("catalog", item.catalog.id), vcloud_type("catalog"))
    sub(element, V + "Description", item.description)
    sub(
        element,
        V + "Entity",
        type=vcloud_type("vAppTemplate"),
        name=item.template.name,
        href=call.entity_href("vapptemplate", item.template.id),
    )
    sub(element, V + "DateCreated", iso(item.created))
    sub(element, V + "VersionNumber", "1")
    return element


def template(call: Call, template: VAppTemplate) -> Element:
    href = call.entity_href("vapptemplate", template.id)
    element = root(
        V + "VAppTemplate",
        USER_VIEW,
        goldMaster="false",
        ovfDescriptorUploaded="true",
        status=TEMPLATE_STATUS,
        name=template.name,
        id=f"urn:vcloud:vapptemplate:{template.id}",
        type=vcloud_type("vAppTemplate"),
        href=href,
    )
    link(element, "up", call.entity_href("vdc", template.vdc.id), vcloud_type("vdc"))
    if template.item is not None:
        link(element, "catalogItem", call.entity_href("catalogitem", template.item.id), vcloud_type("catalogItem"))
    sub(element, V + "Description", template.description)
    owner(call, element, template.owner)
    children = sub(element, V + "Children")
    for vm in template.vms:
        sub(children, V + "Vm", **_template_vm_attributes(call, vm))
    sub(element, V + "DateCreated", iso(template.created))
    return element


def template_vm(call: Call, vm: TemplateVm) -> Element:
    element = root(V + "Vm", USER_VIEW, **_template_vm_attributes(call, vm))
    link(element, "up", call.entity_href("vapptemplate", vm.template.id), vcloud_type("vAppTemplate"))
    sub(element, V + "VAppScopedLocalId", vm.name)
    return element


def network(call: Call, network: Network) -> Element:
    element = _entity(call, "OrgNetwork", "network", network.id, network.name, "orgNetwork")
    link(element, "up", call.entity_href("org", network.org.id), vcloud_type("org"))
    sub(element, V + "Description")
    return element


def _entity(call: Call, tag: str, kind: str, id: str, name: str, type_name: str, **first: str | int) -> Element:
    return root(
        V + tag,
        USER_VIEW,
        **first,
        name=name,
        id=f"urn:vcloud:{kind}:{id}",
        type=vcloud_type(type_name),
        href=call.entity_href(kind, id),
    )


def _template_vm_attributes(call: Call, vm: TemplateVm) -> dict[str, str | int | None]:
    return {
        "name": vm.name,
        "id": f"urn:vcloud:vm:{vm.id}",
        "status": TEMPLATE_STATUS,
        "type": vcloud_type("vm"),
        "href": call.href(f"/api/vAppTemplate/vm-{vm.id}"),
    }
