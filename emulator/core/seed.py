"""What a new world holds: the inventory and the accounts that every first user meets."""

from __future__ import annotations

from gatepost.core.inventory import (
    Catalog,
    CatalogItem,
    Network,
    Organization,
    ProviderVdc,
    Role,
    TemplateVm,
    User,
    VAppTemplate,
    Vdc,
)
from gatepost.core.world import World

PASSWORD = "gatepost"

BLOCKING_OPERATIONS = frozenset(
    {
        "vdcInstantiateVapp",
        "vdcComposeVapp",
        "vappDeploy",
        "vappUndeployPowerOff",
        "vdcDeleteVapp",
        "vappUpdateVm",
    }
)
"""What blocks out of the box."""


def populate(world: World) -> None:
    """System with its administrator and one provider vdc; acme and globex, each with a vdc, a catalog and a network."""
    inventory, ids = world.inventory, world.ids
    inventory.roles = {role: ids.uuid() for role in Role}
    system = _organization(world, "System", "System", is_system=True)
    inventory.system_org = system
    _user(world, system, "administrator", Role.SYSTEM_ADMINISTRATOR, PASSWORD)
    inventory.system_user = _user(world, system, "system", Role.SYSTEM_ADMINISTRATOR, None)
    provider = ProviderVdc(ids.uuid(), "provider-vdc")
    inventory.provider_vdcs[provider.id] = provider
    for name, full_name, people in (
        ("acme", "Acme Corporation", (("orgadmin", Role.ORGANIZATION_ADMINISTRATOR), ("alice", Role.VAPP_USER))),
        ("globex", "Globex Corporation", (("bob", Role.VAPP_USER),)),
    ):
        org = _organization(world, name, full_name)
        users = [_user(world, org, user_name, role, PASSWORD) for user_name, role in people]
        vdc = Vdc(ids.uuid(), f"{name}-vdc", org, provider)
        org.vdcs[vdc.id] = inventory.vdcs[vdc.id] = vdc
        network = Network(ids.uuid(), f"{name}-net", org)
        org.networks[network.id] = inventory.networks[network.id] = network
        catalog = Catalog(ids.uuid(), "base-images", org, users[0], world.now())
        org.catalogs[catalog.id] = inventory.catalogs[catalog.id] = catalog
        _template(world, vdc, catalog, "centos", "CentOS base", ("centos-vm",))
        _template(world, vdc, catalog, "two-tier", "web server and database", ("web", "db"))
    world.blocking.operations = BLOCKING_OPERATIONS


def _organization(world: World, name: str, full_name: str, *, is_system: bool = False) -> Organization:
    org = Organization(world.ids.uuid(), name, full_name, is_system)
    world.inventory.orgs[org.id] = org
    return org


def _user(world: World, org: Organization, name: str, role: Role, password: str | None) -> User:
    user = User(world.ids.uuid(), name, org, role, password, full_name=name)
    org.users[user.id] = world.inventory.users[user.id] = user
    return user


def _template(world: World, vdc: Vdc, catalog: Catalog, name: str, description: str, vms: tuple[str, ...]) -> None:
    inventory, ids = world.inventory, world.ids
    template = VAppTemplate(ids.uuid(), name, vdc, catalog.owner, world.now(), description)
    for vm_name in vms:
        vm = TemplateVm(ids.uuid(), vm_name, template)
        template.vms.append(vm)
        inventory.template_vms[vm.id] = vm
    item = CatalogItem(ids.uuid(), name, catalog, template, world.now(), description)
    template.item = item
    vdc.templates[template.id] = inventory.templates[template.id] = template
    catalog.items[item.id] = inventory.catalog_items[item.id] = item
