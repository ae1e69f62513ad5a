"""What a new world holds: the inventory and the accounts that every first user meets."""

from __future__ import annotations

from dataclasses import replace

from gatepost.core.inventory import (
    Catalog,
    CatalogItem,
    HardDisk,
    Hardware,
    ImportableVm,
    IpScope,
    Network,
    NetworkConfig,
    Nic,
    Nics,
    Organization,
    ProviderVdc,
    Role,
    Status,
    StorageProfile,
    TemplateVm,
    User,
    VAppTemplate,
    Vdc,
    VimServer,
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

SCOPE = IpScope("192.168.100.1", "255.255.255.0", ranges=(("192.168.100.10", "192.168.100.250"),))
"""The addresses of each organization's network."""

IMPORTABLE = (("vm-101", "legacy-web"), ("vm-102", "legacy-db"), ("vm-103", "legacy-mail"))
"""What can be imported from vSphere: managed object references and names."""


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
        profile = StorageProfile(ids.uuid(), "*", vdc)
        vdc.storage_profiles[profile.id] = inventory.storage_profiles[profile.id] = profile
        network = Network(ids.uuid(), f"{name}-net", org, SCOPE)
        org.networks[network.id] = inventory.networks[network.id] = network
        catalog = Catalog(ids.uuid(), "base-images", org, users[0], world.now())
        org.catalogs[catalog.id] = inventory.catalogs[catalog.id] = catalog
        _template(world, vdc, catalog, "centos", "CentOS base", ("centos-vm",))
        _template(world, vdc, catalog, "two-tier", "web server and database", ("web", "db"))
    server = VimServer(ids.uuid(), "vc-01", "https://vc-01.example.com:443")
    for moref, name in IMPORTABLE:
        server.vms[moref] = ImportableVm(moref, name, Hardware(disks=[HardDisk(2000, 8192, 0)]))
    inventory.vim_servers[server.id] = server
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
    template = VAppTemplate(ids.uuid(), name, vdc, catalog.owner, world.now(), description, Status.POWERED_OFF)
    network = next(iter(vdc.org.networks.values()))
    template.networks = (NetworkConfig(network.name, (replace(SCOPE, inherited=True),), "bridged", network),)
    for vm_name in vms:
        template.vms.append(TemplateVm(ids.uuid(), vm_name, template, _hardware(vdc)))
    inventory.add(template)
    inventory.add_item(CatalogItem(ids.uuid(), name, catalog, template, world.now(), description))


def _hardware(vdc: Vdc) -> Hardware:
    """One disk of 8 GiB and one network card; the card of a template has no address yet."""
    network = next(iter(vdc.org.networks.values()))
    card = Nic(0, network.name, "00:50:56:00:00:00")
    return Hardware(disks=[HardDisk(2000, 8192, 0)], nics=Nics([card]))
