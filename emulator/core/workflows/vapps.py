"""vApps as wholes: made from a plan, and deleted (vCloud API reference, sections 3.1, 3.2 and 6.8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from gatepost.core.errors import DuplicateName, IllegalState
from gatepost.core.inventory import (
    NO_NETWORK,
    Hardware,
    Leases,
    NetworkConfig,
    Resource,
    Status,
    TemplateVm,
    User,
    VApp,
    VAppTemplate,
    Vdc,
    Vm,
    network_of,
)
from gatepost.core.operations import ASK, WORK, Operation, Steps, Workflow
from gatepost.core.workflows.capacity import Room, require_quota
from gatepost.core.workflows.hardware import equip
from gatepost.core.workflows.networks import connected
from gatepost.core.workflows.power import OFF, follow, is_made, require, set_state
from gatepost.core.workflows.vms import VmChanges


@dataclass(frozen=True, slots=True)
class NewVm:
    """A VM to be made, by itself or as a copy of `source`, which goes away in the end where it `moves`.

    `changes` are what the request wants otherwise; a new name is not among them.
    """

    name: str
    hardware: Hardware = field(default_factory=Hardware)
    source: Vm | TemplateVm | None = None
    moves: bool = False
    changes: VmChanges = field(default_factory=VmChanges)

    @classmethod
    def copy(cls, source: Vm | TemplateVm) -> NewVm:
        return cls(source.name, source.hardware.copy(), source)


@dataclass(frozen=True, slots=True)
class NewVApp:
    """A vApp to be made; as a copy of all of `source`, which goes away in the end where it `moves`.

    `verb` is what its events call the making. `leases` are seconds of deployment and of storage.
    """

    vdc: Vdc
    name: str
    description: str
    user: User
    vms: Sequence[NewVm] = ()
    networks: Sequence[NetworkConfig] = ()
    leases: tuple[int, int] | None = None
    deploy: bool = True
    power_on: bool = True
    source: VApp | VAppTemplate | None = None
    moves: bool = False
    verb: str = "create"


def make_vapp(plan: NewVApp) -> Workflow:
    """A new vApp. Deploying and powering it on belong to the same task and ask nobody again."""

    def workflow(op: Operation) -> Steps:
        world = op.world
        vapp = VApp(world.ids.uuid(), plan.name, plan.vdc, plan.user, world.now(), plan.description)
        settings = world.settings
        vapp.leases = Leases.of(*(plan.leases or (settings.runtime_lease, settings.storage_lease)))
        make(op, vapp, undone="vapp/modify")
        world.inventory.set_networks(vapp, connected(world, vapp, plan.networks))
        op.tell(f"vapp/{plan.verb}_request", vapp)
        if plan.source is not None:
            _take(op, plan.source, moves=plan.moves)
        made = add_vms(op, vapp, plan.vms)
        op.on_end(f"vapp/{plan.verb}", vapp)
        on = plan.deploy and plan.power_on and bool(made)
        room = Room(op, plan.vdc, made if on else ())
        room.require("request")
        yield ASK
        yield WORK
        room.require("task")
        set_state(vapp, Status.POWERED_ON if on else Status.POWERED_OFF, deployed=plan.deploy and bool(made))
        follow(vapp)
        remove_moved(op, plan.vms)
        if plan.source is not None and plan.moves:
            world.inventory.remove(plan.source)

    return workflow


def instantiate(
    vdc: Vdc, template: VAppTemplate, name: str, description: str, user: User, *, deploy: bool, power_on: bool
) -> Workflow:
    """A new vApp, just as the template is."""
    vms = [NewVm.copy(vm) for vm in template.vms]
    return make_vapp(
        NewVApp(
            vdc,
            name,
            description,
            user,
            vms,
            template.networks,
            deploy=deploy,
            power_on=power_on,
            source=template,
        )
    )


def make(op: Operation, one: Resource, *, undone: str) -> None:
    """Put a new object into the world, transient until the operation has succeeded. Raises DuplicateName."""
    op.world.inventory.add(one)
    op.creates(one, partial(op.world.inventory.remove, one), undone=undone)


def make_vm(op: Operation, vapp: VApp, name: str, hardware: Hardware) -> Vm:
    """A new VM in a vApp, with its events."""
    vm = Vm(op.world.ids.uuid(), name, vapp, op.world.now(), hardware=hardware)
    make(op, vm, undone="vm/delete")
    equip(op.world.ids, vm)
    op.tell("vm/create_request", vm)
    op.on_end("vm/create", vm)
    return vm


def add_vms(op: Operation, vapp: VApp, plans: Sequence[NewVm]) -> list[Vm]:
    """New VMs in a vApp; their sources are locked. Raises DuplicateName, BusyEntity, Insufficient."""
    require_quota(op, vapp.vdc, len(plans))
    names = {vm.name for vm in vapp.vms}
    made = []
    for plan in plans:
        if plan.name in names:
            raise DuplicateName(f'The name "{plan.name}" is already taken by a VM in vApp "{vapp.name}".')
        names.add(plan.name)
        match plan.source:
            case Vm() if plan.source.vapp.busy is not op.task:
                op.locks(plan.source)
            case TemplateVm():
                op.needs(plan.source.template)
        if isinstance(plan.source, Vm) and plan.moves:
            require(plan.source, plan.source.status in OFF, "move", "Power it off, then try again.")
            op.on_end("vm/delete", plan.source, on_failure=False)
        made.append(_make_from(op, vapp, plan))
    return made


def _make_from(op: Operation, vapp: VApp, plan: NewVm) -> Vm:
    for card in plan.hardware.nics.cards:
        if network_of(vapp, card.network) is None:
            card.network, card.mode = NO_NETWORK, "NONE"
    vm = make_vm(op, vapp, plan.name, plan.hardware)
    if plan.source is not None:
        vm.guest = plan.source.guest
    if isinstance(plan.source, Vm):
        vm.description, vm.products = plan.source.description, plan.source.products
        vm.hot_add, vm.boot = plan.source.hot_add, plan.source.boot
    # What is not made yet cannot be changed, but this belongs to the making.
    vm.status = Status.POWERED_OFF
    plan.changes.apply(op, vm)
    vm.status = Status.UNRESOLVED
    return vm


def remove_moved(op: Operation, plans: Iterable[NewVm]) -> None:
    """The sources that were not copied but moved, when the operation ends well."""
    for plan in plans:
        if isinstance(plan.source, Vm) and plan.moves:
            op.world.inventory.remove(plan.source)
            follow(plan.source.vapp)


def _take(op: Operation, source: VApp | VAppTemplate, *, moves: bool) -> None:
    if isinstance(source, VApp):
        op.locks(source)
        require(source, is_made(source), "copy", "It was never made; delete it.")
        if moves:
            require(source, can_delete(source), "move", "Power it off and undeploy it, then try again.")
            op.on_end("vapp/delete", source, on_failure=False)
        return
    if source.status is not Status.POWERED_OFF:
        raise IllegalState(f'The vApp template "{source.name}" is not ready. Wait until it has been made.')
    if moves:
        op.locks(source)
        op.on_end("vappTemplate/delete", source, on_failure=False)
    else:
        op.needs(source)


def delete(vapp: VApp) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(vapp)
        require(vapp, can_delete(vapp), "delete", "Power it off and undeploy it, then try again.")
        op.tell("vapp/delete_request", vapp)
        for vm in vapp.vms:
            op.on_end("vm/delete", vm)
        op.on_end("vapp/delete", vapp)
        yield ASK
        yield WORK
        op.world.inventory.remove(vapp)

    return workflow


def can_delete(vapp: VApp) -> bool:
    return vapp.status in OFF | {Status.FAILED_CREATION}
