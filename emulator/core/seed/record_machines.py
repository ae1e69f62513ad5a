"""Machines as facts for an inventory file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from gatepost.core.inventory import Disk as IndependentDisk
from gatepost.core.inventory import (
    GuestCustomization,
    HardDisk,
    Hardware,
    IpScope,
    Media,
    MetadataKey,
    Metadatum,
    NetworkConfig,
    Nics,
    Organization,
    ProductSection,
    Sharing,
    Status,
    TemplateVm,
    User,
    VApp,
    Vm,
)
from gatepost.core.seed.assemble import STATES
from gatepost.core.seed.hardware import usual_mode, usual_sub_type
from gatepost.core.workflows.hardware import FIRST_DISK, free_unit

Facts = dict[str, Any]
_STATE_WORDS = {status: word for word, status in STATES.items()}
_GUEST_SECRETS = ("domain_password", "admin_password")


def is_made(status: Status) -> bool:
    """Not in the making, and not spoilt in it."""
    return status not in (Status.UNRESOLVED, Status.FAILED_CREATION)


def owner(user: User, org: Organization) -> str | None:
    """How the organization calls a user; None for one who is gone, whose place the first user takes."""
    if user.id not in user.org.users:
        return None
    return user.name if user.org is org else f"{user.name}@{user.org.name}"


def metadata(entries: Mapping[MetadataKey, Metadatum]) -> list[Facts]:
    return [
        {"key": key, "value": one.value, "type": one.type, "domain": domain, "visibility": one.visibility}
        for (domain, key), one in entries.items()
    ]


def sharing(sharing: Sharing, org: Organization) -> Facts:
    named = [(owner(user, org), level) for user, level in sharing.users]
    return {
        "everyone": None if sharing.everyone is None else sharing.everyone.value,
        "users": [{"user": name, "access": level.value} for name, level in named if name is not None],
    }


def scope_facts(scope: IpScope) -> Facts:
    ranges = [{"first": first, "last": last} for first, last in scope.ranges]
    return {**asdict(scope), "ranges": ranges}


def network_facts(config: NetworkConfig) -> Facts:
    """What of it is not its parent's goes without saying."""
    parent = config.parent
    usual = replace(parent.scope, inherited=True) if parent is not None else None
    facts: Facts = {
        "name": config.name,
        "parent": None if parent is None else parent.name,
        "fence_mode": None if config.fence_mode == ("isolated" if parent is None else "bridged") else config.fence_mode,
        "description": config.description,
        "keeps_addresses": config.keeps_addresses,
    }
    if config.scopes != (() if usual is None else (usual,)):
        facts["scopes"] = [scope_facts(scope) for scope in config.scopes]
    return facts


def hardware_facts(hardware: Hardware) -> Facts:
    return {
        "cpus": hardware.cpus,
        "cores_per_socket": hardware.cores_per_socket,
        "memory_mb": hardware.memory_mb,
        "hardware_version": hardware.version,
        "guest_os": hardware.guest_os.word,
        "disks": _disks(hardware.disks),
    }


def disk_facts(disk: IndependentDisk) -> Facts:
    """All but its datacenter."""
    return {
        "name": disk.name,
        "size": disk.size,
        "owner": owner(disk.owner, disk.org),
        "storage_profile": disk.storage_profile.name,
        **_bus(disk),
        "description": disk.description,
        "metadata": metadata(disk.metadata),
    }


def _bus(disk: IndependentDisk | HardDisk) -> Facts:
    sub_type = None if disk.bus_sub_type == usual_sub_type(disk.bus_type) else disk.bus_sub_type
    return {"bus_type": disk.bus_type, "bus_sub_type": sub_type}


def _disks(disks: Sequence[HardDisk]) -> list[Facts]:
    """Each with its place where it is not the one that it would be given."""
    listed = []
    for place, disk in enumerate(disks):
        before = disks[:place]
        facts: Facts = {}
        if disk.independent is not None:
            facts["independent"] = disk_facts(disk.independent)
        else:
            facts = {"size_mb": disk.size_mb, **_bus(disk)}
        if disk.instance != max((FIRST_DISK - 1, *(one.instance for one in before))) + 1:
            facts["instance"] = disk.instance
        if disk.unit != free_unit(before, disk):
            facts["unit"] = disk.unit
        listed.append(facts)
    return listed


def _cards(nics: Nics) -> Facts:
    cards = [
        {
            "network": card.network,
            "index": None if card.index == place else card.index,
            "ip": card.ip,
            "mode": None if card.mode == usual_mode(card.network) else card.mode,
            "connected": card.connected,
            "adapter": card.adapter,
        }
        for place, card in enumerate(nics.cards)
    ]
    return {"nics": cards, **({"primary_nic": nics.primary} if cards else {})}


def _guest(guest: GuestCustomization, *, with_secrets: bool) -> Facts:
    facts = asdict(guest)
    return facts if with_secrets else {key: value for key, value in facts.items() if key not in _GUEST_SECRETS}


def template_vm_facts(vm: TemplateVm, *, with_secrets: bool) -> Facts:
    return {
        "name": vm.name,
        **hardware_facts(vm.hardware),
        **_cards(vm.hardware.nics),
        "guest": _guest(vm.guest, with_secrets=with_secrets),
    }


def vapp_facts(vapp: VApp, *, with_secrets: bool) -> Facts:
    return {
        "name": vapp.name,
        "vdc": vapp.vdc.name,
        "owner": owner(vapp.owner, vapp.org),
        "description": vapp.description,
        "networks": [network_facts(network.config) for network in vapp.networks],
        "vms": [_vm(vm, with_secrets=with_secrets) for vm in vapp.vms if is_made(vm.status)],
        "deployment_lease_s": vapp.leases.deployment.seconds,
        "storage_lease_s": vapp.leases.storage.seconds,
        "maintenance": vapp.maintenance,
        "sharing": sharing(vapp.sharing, vapp.org),
        "products": [_product(one) for one in vapp.products],
        "metadata": metadata(vapp.metadata),
    }


def _vm(vm: Vm, *, with_secrets: bool) -> Facts:
    startup, saved = vm.vapp.startup.get(vm.name), vm.snapshot
    return {
        "name": vm.name,
        "description": vm.description,
        "state": _STATE_WORDS.get(vm.status, "powered-off"),
        "deployed": None if vm.deployed is (vm.status is Status.POWERED_ON) else vm.deployed,
        "storage_profile": None if vm.profile is None else vm.profile.name,
        **hardware_facts(vm.hardware),
        **_cards(vm.hardware.nics),
        "guest": _guest(vm.guest, with_secrets=with_secrets),
        "needs_customization": vm.needs_customization,
        "hot_add": asdict(vm.hot_add),
        "boot": asdict(vm.boot),
        "startup": None if startup is None else asdict(startup),
        "products": [_product(one) for one in vm.products],
        "media": [_inserted(vm, media) for media in vm.drives.values()],
        "snapshot": None
        if saved is None
        else {
            **hardware_facts(saved.hardware),
            "state": _STATE_WORDS.get(saved.status, "powered-off"),
            "deployed": saved.deployed,
            "powered_on": saved.powered_on,
        },
        "metadata": metadata(vm.metadata),
    }


def _inserted(vm: Vm, media: Media) -> Facts:
    if media.vdc is vm.vapp.vdc:
        return {"name": media.name}
    own = media.org is vm.org
    return {"name": media.name, "vdc": media.vdc.name, **({} if own else {"organization": media.org.name})}


def _product(section: ProductSection) -> Facts:
    return {**section._asdict(), "properties": [one._asdict() for one in section.properties]}
