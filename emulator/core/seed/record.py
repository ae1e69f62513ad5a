"""An inventory file of a world: what it takes to make such a world again.

Left out is what is being made, and what was never made; what users have started belongs to tasks, not to this.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gatepost.core.inventory import (
    Catalog,
    Disk,
    Media,
    Network,
    Organization,
    Role,
    Status,
    User,
    VAppTemplate,
    Vdc,
    VimServer,
)
from gatepost.core.seed.fields import PASSWORD
from gatepost.core.seed.record_machines import (
    disk_facts,
    hardware_facts,
    is_made,
    metadata,
    network_facts,
    owner,
    scope_facts,
    sharing,
    template_vm_facts,
    vapp_facts,
)
from gatepost.core.world import World

Facts = dict[str, Any]
"""A part of an inventory file, as data."""


def record(world: World, *, with_secrets: bool = False) -> Facts:
    """The world as it is now; the caller holds the lock. Passwords other than the public one are told only
    `with_secrets`.
    """
    inventory, blocking = world.inventory, world.blocking
    return {
        "blocking": {
            "operations": sorted(blocking.operations),
            "timeout_s": blocking.timeout,
            "default": blocking.default.value,
        },
        "administrators": [
            _account(user, with_secrets=with_secrets)
            for user in inventory.system_org.users.values()
            if user is not inventory.system_user
        ],
        "provider_vdcs": [{"name": provider.name} for provider in inventory.provider_vdcs.values()],
        "organizations": [
            _organization(org, with_secrets=with_secrets) for org in inventory.orgs.values() if not org.is_system
        ],
        "vsphere": [_vsphere(server) for server in inventory.vim_servers.values()],
    }


def _account(user: User, *, with_secrets: bool) -> Facts:
    facts: Facts = {"name": user.name, "full_name": None if user.full_name == user.name else user.full_name}
    if user.password is not None and (with_secrets or user.password == PASSWORD):
        facts["password"] = user.password
    return facts


def _organization(org: Organization, *, with_secrets: bool) -> Facts:
    vdcs = org.vdcs.values()
    return {
        "name": org.name,
        "full_name": None if org.full_name == org.name else org.full_name,
        "users": [_user(user, with_secrets=with_secrets) for user in org.users.values()],
        "vdcs": [_vdc(vdc) for vdc in vdcs],
        "networks": [_network(network) for network in org.networks.values()],
        "catalogs": [_catalog(catalog) for catalog in org.catalogs.values()],
        "templates": [
            _template(template, with_secrets=with_secrets)
            for vdc in vdcs
            for template in vdc.templates.values()
            if template.status is Status.POWERED_OFF
        ],
        "media": [_media(media) for vdc in vdcs for media in vdc.media.values() if media.status is Status.RESOLVED],
        "disks": [{"vdc": disk.vdc.name, **disk_facts(disk)} for disk in _loose(vdcs)],
        "vapps": [
            vapp_facts(vapp, with_secrets=with_secrets)
            for vdc in vdcs
            for vapp in vdc.vapps.values()
            if is_made(vapp.status)
        ],
        "metadata": metadata(org.metadata),
    }


def _user(user: User, *, with_secrets: bool) -> Facts:
    role = user.role if user.role is Role.ORGANIZATION_ADMINISTRATOR else Role.VAPP_USER
    return {**_account(user, with_secrets=with_secrets), "role": role.value}


def _vdc(vdc: Vdc) -> Facts:
    return {
        "name": vdc.name,
        "provider": vdc.provider.name,
        "description": vdc.description,
        "cpu_mhz": vdc.cpu_mhz,
        "memory_mb": vdc.memory_mb,
        "vm_quota": vdc.vm_quota,
        "storage_profiles": [{"name": one.name, "limit_mb": one.limit_mb} for one in vdc.storage_profiles.values()],
        "metadata": metadata(vdc.metadata),
    }


def _network(network: Network) -> Facts:
    return {
        "name": network.name,
        "description": network.description,
        "fence_mode": network.fence_mode,
        **scope_facts(network.scope),
    }


def _catalog(catalog: Catalog) -> Facts:
    return {
        "name": catalog.name,
        "owner": owner(catalog.owner, catalog.org),
        "description": catalog.description,
        "published": catalog.published,
        "sharing": sharing(catalog.sharing, catalog.org),
        "metadata": metadata(catalog.metadata),
    }


def _listing(entity: VAppTemplate | Media) -> Facts:
    """Its item in a catalog of its organization, if it has one."""
    item = entity.item
    if item is None or item.catalog.org is not entity.org:
        return {"listed": False}
    differs: Facts = {"metadata": metadata(item.metadata)}
    if item.name != entity.name:
        differs["name"] = item.name
    if item.description != entity.description:
        differs["description"] = item.description
    return {"catalog": item.catalog.name, "item": differs}


def _template(template: VAppTemplate, *, with_secrets: bool) -> Facts:
    return {
        "name": template.name,
        "vdc": template.vdc.name,
        **_listing(template),
        "owner": owner(template.owner, template.org),
        "description": template.description,
        "networks": [network_facts(config) for config in template.networks],
        "vms": [template_vm_facts(vm, with_secrets=with_secrets) for vm in template.vms],
        "gold_master": template.gold_master,
        "customized": template.customized,
        "downloadable": template.downloadable,
        "storage_lease_s": template.leases.storage.seconds,
        "metadata": metadata(template.metadata),
    }


def _media(media: Media) -> Facts:
    return {
        "name": media.name,
        "size": media.size,
        "image_type": media.image_type,
        "vdc": media.vdc.name,
        **_listing(media),
        "owner": owner(media.owner, media.org),
        "description": media.description,
        "metadata": metadata(media.metadata),
    }


def _loose(vdcs: Iterable[Vdc]) -> list[Disk]:
    """Independent disks that are attached to nothing."""
    disks = [disk for vdc in vdcs for disk in vdc.disks.values()]
    return [disk for disk in disks if disk.status is Status.RESOLVED and disk.attached_to is None]


def _vsphere(server: VimServer) -> Facts:
    vms = [{"moref": vm.moref, "name": vm.name, **hardware_facts(vm.hardware)} for vm in server.vms.values()]
    return {"name": server.name, "url": server.url, "vms": vms}
