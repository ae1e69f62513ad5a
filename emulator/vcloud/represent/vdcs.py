"""Datacenters and their storage profiles, for users and for administrators (reference, sections 2.2 and 2.4)."""

from __future__ import annotations

from typing import NamedTuple

from gatepost.core.inventory import Disk, Media, StorageProfile, VApp, VAppTemplate, Vdc
from gatepost.core.workflows import limits, load, quota, running
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import ENTITY_TYPES, USER_VIEW, V, admin_type, vcloud_type
from gatepost.vcloud.represent.links import admin_reference, link
from gatepost.vcloud.xmlio import Element, root, sub

Contained = VApp | VAppTemplate | Media | Disk

ADDS = (
    ("action/instantiateVAppTemplate", "instantiateVAppTemplateParams"),
    ("action/composeVApp", "composeVAppParams"),
    ("action/cloneVApp", "cloneVAppParams"),
    ("action/captureVApp", "captureVAppParams"),
    ("action/uploadVAppTemplate", "uploadVAppTemplateParams"),
    ("action/cloneVAppTemplate", "cloneVAppTemplateParams"),
    ("media", "media"),
    ("action/cloneMedia", "cloneMediaParams"),
)
"""What can be made in a datacenter: paths below it, and media types."""

_DISK_ADDS = (("disk", "diskCreateParams"),)


class Usage(NamedTuple):
    """Of a capacity; 0 allocated is without bound."""

    units: str
    allocated: int
    used: int


def vdc(call: Call, vdc: Vdc, contents: list[Contained]) -> Element:
    element = root(
        V + "Vdc",
        USER_VIEW,
        status=1,
        name=vdc.name,
        id=f"urn:vcloud:vdc:{vdc.id}",
        type=vcloud_type("vdc"),
        href=call.entity_href("vdc", vdc.id),
    )
    href = call.entity_href("vdc", vdc.id)
    link(element, "up", call.entity_href("org", vdc.org.id), vcloud_type("org"))
    for path, type_name in (*ADDS, *(_DISK_ADDS if call.traits.independent_disks else ())):
        link(element, "add", f"{href}/{path}", vcloud_type(type_name))
    link(element, "down", href + "/metadata", vcloud_type("metadata"))
    if call.user.administers(vdc.org):
        link(element, "alternate", call.href(f"/api/admin/vdc/{vdc.id}"), admin_type("vdc"))
    _content(call, element, vdc, contents)
    return element


def admin_vdc(call: Call, vdc: Vdc, contents: list[Contained]) -> Element:
    element = root(
        V + "AdminVdc",
        USER_VIEW,
        status=1,
        name=vdc.name,
        id=f"urn:vcloud:vdc:{vdc.id}",
        type=admin_type("vdc"),
        href=call.href(f"/api/admin/vdc/{vdc.id}"),
    )
    link(element, "up", call.href(f"/api/admin/org/{vdc.org.id}"), admin_type("organization"))
    link(element, "alternate", call.entity_href("vdc", vdc.id), vcloud_type("vdc"))
    link(element, "down", call.href(f"/api/admin/vdc/{vdc.id}/metadata"), vcloud_type("metadata"))
    _content(call, element, vdc, contents)
    for name, text in (
        ("ResourceGuaranteedMemory", "1.0"),
        ("ResourceGuaranteedCpu", "1.0"),
        ("VCpuInMhz", str(call.dialect.settings.vdc_cpu_speed)),
        ("IsThinProvision", "false"),
    ):
        sub(element, V + name, text)
    if call.user.is_sysadmin:
        tag = V + "ProviderVdcReference"
        admin_reference(call, element, tag, "providervdc", "providervdc", vdc.provider.id, vdc.provider.name)
    sub(element, V + "UsesFastProvisioning", "false")
    return element


def storage_profile(call: Call, profile: StorageProfile) -> Element:
    return _profile(call, "VdcStorageProfile", vcloud_type("vdcStorageProfile"), "/api", profile)


def admin_storage_profile(call: Call, profile: StorageProfile) -> Element:
    element = _profile(call, "AdminVdcStorageProfile", admin_type("vdcStorageProfile"), "/api/admin", profile)
    provider = profile.vdc.provider
    own = {"type": admin_type("providervdc"), "name": profile.name}
    href = call.href(f"/api/admin/providervdc/{provider.id}")
    sub(element, V + "ProviderVdcStorageProfile", **own, href=href)
    return element


def _profile(call: Call, tag: str, media_type: str, base: str, profile: StorageProfile) -> Element:
    element = root(
        V + tag,
        USER_VIEW,
        name=profile.name,
        id=f"urn:vcloud:vdcStorageProfile:{profile.id}",
        type=media_type,
        href=call.href(f"{base}/vdcStorageProfile/{profile.id}"),
    )
    link(element, "up", call.href(f"{base}/vdc/{profile.vdc.id}"), media_type.replace("StorageProfile", ""))
    sub(element, V + "Description")
    sub(element, V + "Enabled", "true")
    sub(element, V + "Units", "MB")
    sub(element, V + "Limit", str(profile.limit_mb))
    sub(element, V + "Default", "true" if profile is profile.vdc.storage_profile else "false")
    return element


def _content(call: Call, element: Element, vdc: Vdc, contents: list[Contained]) -> None:
    """What both views show."""
    settings = call.dialect.settings
    vapps = [entity for entity in contents if isinstance(entity, VApp)]
    sub(element, V + "Description", vdc.description)
    sub(element, V + "AllocationModel", "AllocationVApp")
    if call.traits.vdc_storage_capacity:
        size = sum(disk.size_mb for vapp in vapps for vm in vapp.vms for disk in vm.hardware.disks)
        _capacity(call, element, "StorageCapacity", Usage("MB", vdc.storage_profile.limit_mb, size))
    used, bounds = load(running(vapps), settings), limits(vdc, settings)
    compute = sub(element, V + "ComputeCapacity")
    _capacity(call, compute, "Cpu", Usage("MHz", bounds.cpu, used.cpu))
    _capacity(call, compute, "Memory", Usage("MB", bounds.memory, used.memory))
    _resources(call, element, contents)
    networks = sub(element, V + "AvailableNetworks")
    for network in vdc.org.networks.values():
        own = {"type": vcloud_type("network"), "name": network.name}
        sub(networks, V + "Network", **own, href=call.entity_href("network", network.id))
    capabilities = sub(sub(element, V + "Capabilities"), V + "SupportedHardwareVersions")
    for version in ("vmx-07", "vmx-08", "vmx-09"):
        sub(capabilities, V + "SupportedHardwareVersion", version)
    sub(element, V + "NicQuota", "0")
    sub(element, V + "NetworkQuota", "0")
    if call.traits.vdc_used_networks:
        sub(element, V + "UsedNetworkCount", str(len(vdc.org.networks)))
    sub(element, V + "VmQuota", str(quota(vdc, settings)))
    sub(element, V + "IsEnabled", "true")
    if call.traits.storage_profiles:
        profiles = sub(element, V + "VdcStorageProfiles")
        for profile in vdc.storage_profiles.values():
            own = {"type": vcloud_type("vdcStorageProfile"), "name": profile.name}
            sub(profiles, V + "VdcStorageProfile", **own, href=call.entity_href(profile.kind, profile.id))
    if call.traits.vdc_cpu_speed:
        sub(element, V + "VCpuInMhz2", str(settings.vdc_cpu_speed))


def _resources(call: Call, element: Element, contents: list[Contained]) -> None:
    entities = sub(element, V + "ResourceEntities")
    for entity in contents:
        if isinstance(entity, Disk) and not call.traits.independent_disks:
            continue
        sub(
            entities,
            V + "ResourceEntity",
            type=ENTITY_TYPES[entity.kind],
            name=entity.name,
            id=f"urn:vcloud:{entity.kind}:{entity.id}",
            href=call.entity_href(entity.kind, entity.id),
        )


def _capacity(call: Call, parent: Element, tag: str, usage: Usage) -> None:
    capacity = sub(parent, V + tag)
    sub(capacity, V + "Units", usage.units)
    sub(capacity, V + "Allocated", str(usage.allocated))
    sub(capacity, V + "Limit", str(usage.allocated))
    if call.traits.capacity_reserved:
        sub(capacity, V + "Reserved", "0")
    sub(capacity, V + "Used", str(usage.used))
