"""What the names in an inventory file stand for, in an organization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gatepost.core.inventory import (
    Catalog,
    Inventory,
    IpScope,
    Media,
    Network,
    NetworkConfig,
    Organization,
    ProviderVdc,
    StorageProfile,
    User,
    Vdc,
)
from gatepost.core.seed import machines, networks


class Places:
    """Looks names up; `problems` has seen that each of them is there, and None is the first of its kind."""

    def __init__(self, inventory: Inventory, org: Organization) -> None:
        self._inventory = inventory
        self.org = org

    def user(self, name: str) -> User:
        """One of the organization, or a system administrator as `name@System`."""
        own = next((user for user in self.org.users.values() if user.name == name), None)
        return own or self._inventory.find_user(name.rpartition("@")[0], self._inventory.system_org.name)

    def owner(self, name: str | None) -> User:
        """Without a name the organization's first user, or the first administrator."""
        if name is not None:
            return self.user(name)
        return next(iter((self.org.users or self._inventory.system_org.users).values()))

    def provider(self, name: str | None) -> ProviderVdc:
        return next(one for one in self._inventory.provider_vdcs.values() if name in (None, one.name))

    def vdc(self, name: str | None) -> Vdc:
        return next(one for one in self.org.vdcs.values() if name in (None, one.name))

    def profile(self, vdc: Vdc, name: str | None) -> StorageProfile:
        return next(one for one in vdc.storage_profiles.values() if name in (None, one.name))

    def catalog(self, plan: machines.Template | machines.Media) -> Catalog | None:
        """The one that lists it, if one does."""
        if not plan.listed:
            return None
        return next((one for one in self.org.catalogs.values() if plan.catalog in (None, one.name)), None)

    def media(self, name: str, vdc: Vdc) -> Media:
        return next(one for one in vdc.media.values() if one.name == name)


def configs(org: Organization, plans: Sequence[networks.VAppNetwork] | None) -> tuple[NetworkConfig, ...]:
    """The networks of a vApp or template; by default one bridged to the organization's first."""
    if plans is None:
        return tuple(_bridged(network) for network in [*org.networks.values()][:1])
    return tuple(_config(org, plan) for plan in plans)


def _bridged(network: Network) -> NetworkConfig:
    return NetworkConfig(network.name, (replace(network.scope, inherited=True),), "bridged", network)


def _config(org: Organization, plan: networks.VAppNetwork) -> NetworkConfig:
    parent = next((one for one in org.networks.values() if one.name == plan.parent), None)
    config = _bridged(parent) if parent is not None else NetworkConfig(plan.name)
    return replace(
        config,
        name=plan.name,
        scopes=config.scopes if plan.scopes is None else tuple(map(_scope, plan.scopes)),
        fence_mode=plan.fence_mode or config.fence_mode,
        description=plan.description,
        keeps_addresses=plan.keeps_addresses,
    )


def _scope(plan: networks.IpScope) -> IpScope:
    return IpScope(
        plan.gateway,
        plan.netmask,
        plan.dns1,
        plan.dns2,
        plan.dns_suffix,
        tuple((one.first, one.last) for one in plan.ranges),
        plan.inherited,
    )
