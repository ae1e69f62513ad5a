"""Changing what is in a vApp, and what is known of it (vCloud API reference, sections 3.2, 3.3 and 6.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatepost.core.inventory import NetworkConfig, ProductSection, StartupItem, Status, VApp, Vm
from gatepost.core.operations import ASK, WORK, Operation, Steps, Workflow
from gatepost.core.workflows import leases
from gatepost.core.workflows.capacity import Room
from gatepost.core.workflows.networks import connect, plan_networks
from gatepost.core.workflows.power import OFF, follow, is_made, require, set_state
from gatepost.core.workflows.vapps import NewVm, add_vms, remove_moved
from gatepost.core.workflows.vms import VmChanges


@dataclass(frozen=True, slots=True)
class VAppChanges:
    """What a client wants of a vApp itself; None leaves something as it is. `leases` are seconds."""

    name: str | None = None
    description: str | None = None
    leases: tuple[int, int] | None = None
    startup: Mapping[str, StartupItem] | None = None
    products: tuple[ProductSection, ...] | None = None

    def check(self, op: Operation, vapp: VApp) -> None:
        """Raises DuplicateName and IllegalState."""
        require(vapp, is_made(vapp), "change", "It was never made; delete it.")
        if self.name is not None and self.name != vapp.name:
            op.world.inventory.require_free_name(vapp, self.name)

    def apply(self, op: Operation, vapp: VApp) -> None:
        if self.name is not None:
            op.world.inventory.rename(vapp, self.name)
        if self.description is not None:
            vapp.description = self.description
        if self.startup is not None:
            names = {vm.name for vm in vapp.vms}
            vapp.startup = {name: item for name, item in self.startup.items() if name in names}
        if self.products is not None:
            vapp.products = self.products
        if self.leases is not None:
            vapp.leases.deployment.seconds, vapp.leases.storage.seconds = self.leases
            leases.watch(op.world, vapp, anew=True)


@dataclass(frozen=True, slots=True)
class Recomposition:
    """New VMs, VMs that go, and VMs that change."""

    vapp: VApp
    changes: VAppChanges
    networks: Sequence[NetworkConfig] | None
    added: Sequence[NewVm]
    removed: Sequence[Vm]
    reconfigured: Sequence[tuple[Vm, VmChanges]]
    start: bool = False
    """Whether the new VMs are powered on."""


def update_vapp(vapp: VApp, changes: VAppChanges) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(vapp)
        changes.check(op, vapp)
        op.tell("vapp/modify_request", vapp)
        op.on_end("vapp/modify", vapp)
        if changes.leases is not None:
            op.on_end("vapp/lease_expiration_changed", vapp, on_failure=False)
        yield ASK
        yield WORK
        changes.apply(op, vapp)

    return workflow


def can_remove(vm: Vm) -> bool:
    """Whether its own state lets it be taken out of its vApp."""
    return vm.status in OFF | {Status.FAILED_CREATION}


def recompose(plan: Recomposition) -> Workflow:
    vapp = plan.vapp

    def workflow(op: Operation) -> Steps:
        op.acts_on(vapp)
        plan.changes.check(op, vapp)
        op.tell("vapp/modify_request", vapp)
        networks = None if plan.networks is None else plan_networks(op, vapp, plan.networks)
        for vm in plan.removed:
            require(vm, can_remove(vm), "delete", "Power it off, then try again.")
            op.on_end("vm/delete", vm, on_failure=False)
        for vm, changes in plan.reconfigured:
            changes.check(vm)
            op.on_end("vm/modify", vm, on_failure=False)
        made = add_vms(op, vapp, plan.added)
        op.on_end("vapp/modify", vapp)
        room = Room(op, vapp.vdc, made if plan.start else ())
        room.require("request")
        yield ASK
        yield WORK
        room.require("task")
        if networks is not None:
            connect(op, vapp, networks)
        for vm, changes in plan.reconfigured:
            changes.apply(op, vm)
        for vm in plan.removed:
            op.world.inventory.remove(vm)
        for vm in made:
            set_state(vm, Status.POWERED_ON if plan.start else Status.POWERED_OFF, deployed=plan.start)
        remove_moved(op, plan.added)
        plan.changes.apply(op, vapp)
        follow(vapp)

    return workflow
