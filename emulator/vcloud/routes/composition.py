"""Making vApps, and changing what is in them (reference, sections 3.1 to 3.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gatepost.core import workflows
from gatepost.core.inventory import Hardware, NetworkConfig, TemplateVm, VApp, VAppTemplate, Vdc, Vm
from gatepost.core.workflows import NewVApp, NewVm, Recomposition, VAppChanges, VmChanges
from gatepost.vcloud.errors import bad_request
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.names import V, vcloud_type
from gatepost.vcloud.read import composition as read
from gatepost.vcloud.read.composition import CreationWish, ItemWish
from gatepost.vcloud.read.vapps import NetworkWish
from gatepost.vcloud.read.vms import whole
from gatepost.vcloud.represent import vapps as represent
from gatepost.vcloud.routes import find
from gatepost.vcloud.routes.tasks import accepted
from gatepost.vcloud.xmlio import children, invalid

MADE_AT_ONCE = 500
"""VMs that one request makes at most."""


@route("POST", "/api/vdc/<id>/action/instantiateVAppTemplate")
def instantiate(call: Call, id: str) -> Reply:
    return _copy(call, id, "InstantiateVAppTemplateParams", "vdcInstantiateVapp")


@route("POST", "/api/vdc/<id>/action/cloneVApp")
def clone(call: Call, id: str) -> Reply:
    return _copy(call, id, "CloneVAppParams", "vdcCopyVapp")


@route("POST", "/api/vdc/<id>/action/composeVApp")
def compose(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.own_vdc(call, id)
    params = call.body(V + "ComposeVAppParams")
    wish = read.creation(params, _leases(call))
    with call.world.lock:
        vdc = find.own_vdc(call, id)
        vms = [*_items(call, vdc, wish.items), *_fresh(wish.fresh)]
        return made(call, "vdcComposeVapp", _plan(call, vdc, wish, vms, networks_of(call, wish.networks or [])))


@route("POST", "/api/vApp/<id>/action/recomposeVApp")
def recompose(call: Call, id: str) -> Reply:
    with call.world.lock:
        name = find.vapp(call, id).name
    params = call.body(V + "RecomposeVAppParams")
    wish = read.recomposition(params, name)
    described = wish.description if params.find(V + "Description") is not None else None
    removed = read.references(params, "DeleteItem")
    reconfigured = [(one.get("href", ""), whole(one)) for one in children(params, "ReconfigureItem")]
    with call.world.lock:
        vapp = find.vapp(call, id)
        plan = Recomposition(
            vapp,
            VAppChanges(wish.name, described, wish.leases),
            None if wish.networks is None else networks_of(call, wish.networks),
            [*_items(call, vapp.vdc, wish.items), *_fresh(wish.fresh)],
            list(dict.fromkeys(_own_vm(call, vapp, href, "DeleteItem") for href in removed)),
            [(_own_vm(call, vapp, href, "ReconfigureItem"), changes) for href, changes in reconfigured],
            start=wish.deploy and wish.power_on,
        )
        return accepted(call, "vdcRecomposeVapp", workflows.recompose(plan))


def made(call: Call, operation: str, plan: NewVApp) -> Reply:
    """Start an operation that makes a vApp: 201 with the vApp and its task. The caller holds the lock."""
    task = call.world.request(operation, call.user, workflows.make_vapp(plan))
    call.concerns(task.id)
    vapp = call.world.inventory.vapps.get(task.owner.id)
    if vapp is None:  # what takes no time may be over, and come to nothing
        raise bad_request(task.error.message if task.error is not None else "The vApp was not made.")
    element = represent.vapp(call, vapp, created_by=task)
    return Reply(201, element, vcloud_type("vApp"), {"Location": call.entity_href("vapp", vapp.id)})


def networks_of(call: Call, wishes: Iterable[NetworkWish]) -> list[NetworkConfig]:
    """With the organization's networks in place of references to them."""
    return [
        NetworkConfig(
            wish.name,
            wish.scopes,
            wish.fence_mode,
            None if wish.parent is None else find.network(call, find.tail(wish.parent)),
            wish.description,
            wish.keeps_addresses,
        )
        for wish in wishes
    ]


def _copy(call: Call, id: str, root: str, operation: str) -> Reply:
    """A vApp that is made after one that exists, or after a template or one VM of it."""
    with call.world.lock:
        find.own_vdc(call, id)
    params = call.body(V + root)
    wish, href, moves = read.creation(params, _leases(call)), read.source(params), read.moves(params)
    with call.world.lock:
        vdc = find.own_vdc(call, id)
        source = find.source(call, href)
        vms = _copies(call, vdc, source, wish.items)
        networks = _networks_of(source) if wish.networks is None else networks_of(call, wish.networks)
        plan = _plan(call, vdc, wish, vms, networks)
        if isinstance(source, VApp | VAppTemplate):
            plan = replace(plan, source=source, moves=moves)
        return made(call, operation, plan)


def _plan(call: Call, vdc: Vdc, wish: CreationWish, vms: Sequence[NewVm], networks: Sequence[NetworkConfig]) -> NewVApp:
    _require_few(vms)
    return NewVApp(
        vdc,
        wish.name,
        wish.description,
        call.user,
        vms,
        networks,
        wish.leases,
        wish.deploy,
        wish.power_on,
    )


def _leases(call: Call) -> tuple[int, int]:
    settings = call.dialect.settings
    return settings.runtime_lease, settings.storage_lease


def _copies(call: Call, vdc: Vdc, source: find.Source, wishes: list[ItemWish]) -> list[NewVm]:
    """All VMs of the source; the wishes say of some what shall be otherwise."""
    wanted = {find.tail(wish.source): wish for wish in wishes}
    copies = []
    for vm in _parts(source):
        wish = wanted.pop(f"vm-{vm.id}", None)
        copies.append(NewVm.copy(vm) if wish is None else _adapted(call, vdc, vm, replace(wish, moves=False)))
    if wanted:
        raise invalid("SourcedItem", "its Source is no VM of what is copied")
    return copies


def _items(call: Call, vdc: Vdc, wishes: list[ItemWish]) -> list[NewVm]:
    items = []
    for wish in wishes:
        source = find.source(call, wish.source)
        parts = list(_parts(source))
        if isinstance(source, VApp | VAppTemplate):
            # A name can only be given to one VM.
            wish = replace(wish, changes=replace(wish.changes, name=None))
        items += [_adapted(call, vdc, vm, wish) for vm in parts]
        _require_few(items)
    return items


def _parts(source: find.Source) -> Iterable[Vm | TemplateVm]:
    return source.vms if isinstance(source, VApp | VAppTemplate) else (source,)


def _networks_of(source: find.Source) -> Sequence[NetworkConfig]:
    whole = source.template if isinstance(source, TemplateVm) else source.vapp if isinstance(source, Vm) else source
    if isinstance(whole, VAppTemplate):
        return whole.networks
    return [network.config for network in whole.networks]


def _adapted(call: Call, vdc: Vdc, source: Vm | TemplateVm, wish: ItemWish) -> NewVm:
    changes = wish.changes
    if wish.profile is not None:
        changes = replace(changes, profile=find.storage_profile(call, vdc, wish.profile))
    hardware = source.hardware.copy()
    assigned = dict(wish.assigned)
    for card in hardware.nics.cards:
        card.network = assigned.get(card.network, card.network)
    return NewVm(changes.name or source.name, hardware, source, wish.moves, replace(changes, name=None))


def _fresh(wishes: Iterable[VmChanges]) -> list[NewVm]:
    return [NewVm(wish.name or "", Hardware(), changes=replace(wish, name=None)) for wish in wishes]


def _own_vm(call: Call, vapp: VApp, href: str, field: str) -> Vm:
    vm = find.vm(call, find.tail(href))
    if vm.vapp is not vapp:
        raise invalid(field, "it is no VM of this vApp")
    return vm


def _require_few(vms: Sequence[NewVm]) -> None:
    if len(vms) > MADE_AT_ONCE:
        raise invalid("SourcedItem", f"{len(vms)} VMs are too many; {MADE_AT_ONCE} are possible at once")
