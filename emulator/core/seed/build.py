"""A world as an inventory file has it: the accounts, and what the organizations have.

Identifiers are drawn in the order of the file, so that the same file and seed give the same ones.
"""

from __future__ import annotations

from gatepost.core.holds import Decision
from gatepost.core.inventory import (
    Catalog,
    CatalogItem,
    ImportableVm,
    IpScope,
    Leases,
    Media,
    Network,
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
from gatepost.core.seed import machines, networks
from gatepost.core.seed import plan as plans
from gatepost.core.seed.assemble import Assembler
from gatepost.core.seed.attributes import metadata, sharing
from gatepost.core.seed.hardware import guest, hardware
from gatepost.core.seed.places import Places, configs
from gatepost.core.world import Blocking, World


def populate(world: World, plan: plans.VcloudPlan) -> None:
    """Fill a new world. The plan is furnished, and `problems` finds none in it."""
    inventory, ids = world.inventory, world.ids
    inventory.roles = {role: ids.uuid() for role in Role}
    system = inventory.system_org = _organization(world, "System", "System", is_system=True)
    for one in plan.administrators:
        _user(world, system, one.name, Role.SYSTEM_ADMINISTRATOR, one.password, one.full_name)
    inventory.system_user = _user(world, system, "system", Role.SYSTEM_ADMINISTRATOR, None)
    for provider in plan.provider_vdcs:
        made = ProviderVdc(ids.uuid(), provider.name)
        inventory.provider_vdcs[made.id] = made
    tenants = [_tenant(world, one) for one in plan.organizations or ()]
    everything = {places.org.name: places for places, _ in tenants}
    assembler = Assembler(world, everything)
    for places, org in tenants:
        assembler.add(places, org)
    assembler.plug_in()
    for server in plan.vsphere or ():
        _vsphere(world, server)
    settings = plan.blocking
    world.blocking = Blocking(frozenset(settings.operations), settings.timeout_s, Decision(settings.default))


def _organization(world: World, name: str, full_name: str, *, is_system: bool = False) -> Organization:
    org = Organization(world.ids.uuid(), name, full_name, is_system)
    world.inventory.orgs[org.id] = org
    return org


def _user(
    world: World, org: Organization, name: str, role: Role, password: str | None, full_name: str | None = None
) -> User:
    user = User(world.ids.uuid(), name, org, role, password, full_name=name if full_name is None else full_name)
    org.users[user.id] = world.inventory.users[user.id] = user
    return user


def _tenant(world: World, plan: plans.Organization) -> tuple[Places, plans.Organization]:
    """An organization with all but machines."""
    org = _organization(world, plan.name, plan.name if plan.full_name is None else plan.full_name)
    org.metadata = metadata(plan.metadata)
    for user in plan.users or ():
        _user(world, org, user.name, Role(user.role), user.password, user.full_name)
    places = Places(world.inventory, org)
    for vdc in plan.vdcs or ():
        _vdc(world, places, vdc)
    for network in plan.networks or ():
        _network(world, org, network)
    for catalog in plan.catalogs or ():
        made = Catalog(world.ids.uuid(), catalog.name, org, places.owner(catalog.owner), world.now())
        made.description, made.published = catalog.description, catalog.published
        made.sharing, made.metadata = sharing(places, catalog.sharing), metadata(catalog.metadata)
        world.inventory.add(made)
    for template in plan.templates or ():
        _template(world, places, template)
    for media in plan.media:
        _media(world, places, media)
    return places, plan


def _vdc(world: World, places: Places, plan: plans.Vdc) -> None:
    inventory, ids, org = world.inventory, world.ids, places.org
    vdc = Vdc(ids.uuid(), plan.name, org, places.provider(plan.provider), plan.description)
    vdc.cpu_mhz, vdc.memory_mb, vdc.vm_quota = plan.cpu_mhz, plan.memory_mb, plan.vm_quota
    vdc.metadata = metadata(plan.metadata)
    org.vdcs[vdc.id] = inventory.vdcs[vdc.id] = vdc
    for one in plan.storage_profiles:
        profile = StorageProfile(ids.uuid(), one.name, vdc, one.limit_mb)
        vdc.storage_profiles[profile.id] = inventory.storage_profiles[profile.id] = profile


def _network(world: World, org: Organization, plan: networks.Network) -> None:
    scope = IpScope(
        plan.gateway,
        plan.netmask,
        plan.dns1,
        plan.dns2,
        plan.dns_suffix,
        tuple((one.first, one.last) for one in plan.ranges),
        plan.inherited,
    )
    network = Network(world.ids.uuid(), plan.name, org, scope, plan.description, plan.fence_mode)
    org.networks[network.id] = world.inventory.networks[network.id] = network


def _template(world: World, places: Places, plan: machines.Template) -> None:
    ids, owner = world.ids, places.owner(plan.owner)
    template = VAppTemplate(ids.uuid(), plan.name, places.vdc(plan.vdc), owner, world.now(), plan.description)
    template.status, template.gold_master, template.customized = Status.POWERED_OFF, plan.gold_master, plan.customized
    template.downloadable, template.leases = plan.downloadable, Leases.of(0, plan.storage_lease_s)
    template.networks = configs(places.org, plan.networks)
    first = next((network.name for network in template.networks), None)
    for vm in plan.vms:
        made = TemplateVm(ids.uuid(), vm.name, template, hardware(vm, first), guest(vm.guest))
        template.vms.append(made)
    template.metadata = metadata(plan.metadata)
    world.inventory.add(template)
    _list(world, places, plan, template)


def _media(world: World, places: Places, plan: machines.Media) -> None:
    owner, vdc = places.owner(plan.owner), places.vdc(plan.vdc)
    media = Media(world.ids.uuid(), plan.name, vdc, owner, world.now(), plan.size, plan.image_type, plan.description)
    media.status, media.metadata = Status.RESOLVED, metadata(plan.metadata)
    world.inventory.add(media)
    _list(world, places, plan, media)


def _list(world: World, places: Places, plan: machines.Template | machines.Media, entity: VAppTemplate | Media) -> None:
    catalog = places.catalog(plan)
    if catalog is None:
        return
    item = CatalogItem(world.ids.uuid(), plan.item.name or plan.name, catalog, entity, world.now())
    item.description = plan.description if plan.item.description is None else plan.item.description
    item.metadata = metadata(plan.item.metadata)
    world.inventory.add_item(item)


def _vsphere(world: World, plan: plans.VimServer) -> None:
    server = VimServer(world.ids.uuid(), plan.name, plan.url)
    for vm in plan.vms:
        server.vms[vm.moref] = ImportableVm(vm.moref, vm.name, hardware(vm))
    world.inventory.vim_servers[server.id] = server
