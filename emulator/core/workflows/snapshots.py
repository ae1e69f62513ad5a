"""Snapshots: the one that each VM can have, taken, gone back to, and removed (vCloud API reference, section 3.2).

A snapshot does not hold network cards, and a VM with an independent disk cannot have one: so the guides have it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gatepost.core.inventory import Machine, Snapshot, Status, VApp, Vm, machines_of
from gatepost.core.operations import ASK, WORK, Operation, Steps, Workflow
from gatepost.core.workflows.power import OFF, ON, SUSPENDED, follow, require


def can_take_snapshot(entity: Machine) -> bool:
    vms = list(machines_of(entity))
    return bool(vms) and all(
        vm.status in OFF | ON | SUSPENDED and all(disk.independent is None for disk in vm.hardware.disks) for vm in vms
    )


def has_snapshot(entity: Machine) -> bool:
    """Whether there is anything to go back to, or to remove."""
    return any(vm.snapshot is not None for vm in machines_of(entity))


def create_snapshot(entity: Machine, *, memory: bool) -> Workflow:
    """Take a snapshot of each VM, in place of the one that it had. Without `memory` a revert leaves the VM off."""

    def take(op: Operation, vm: Vm) -> None:
        on = vm.status in ON
        status = Status.POWERED_OFF if on and not memory else vm.status
        vm.snapshot = Snapshot(op.world.now(), vm.hardware.copy(), status, vm.deployed, on)

    allowed = can_take_snapshot
    return _on_each(entity, allowed, "take a snapshot of", "Make it whole, and detach its independent disks.", take)


def revert_to_snapshot(entity: Machine) -> Workflow:
    """Bring back hardware and power state. VMs without a snapshot stay as they are."""

    def revert(op: Operation, vm: Vm) -> None:
        if vm.snapshot is not None:
            vm.hardware = replace(vm.snapshot.hardware.copy(), nics=vm.hardware.nics)
            vm.status, vm.deployed = vm.snapshot.status, vm.snapshot.deployed

    return _on_each(entity, has_snapshot, "revert", "It has no snapshot: take one first.", revert)


def remove_snapshots(entity: Machine) -> Workflow:
    def remove(op: Operation, vm: Vm) -> None:
        vm.snapshot = None

    return _on_each(entity, has_snapshot, "remove the snapshots of", "It has none.", remove)


def _on_each(
    entity: Machine,
    allowed: Callable[[Machine], bool],
    words: str,
    advice: str,
    do: Callable[[Operation, Vm], None],
) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(entity)
        require(entity, allowed(entity), words, advice)
        for vm in machines_of(entity):
            op.on_end("vm/modify", vm)
        if isinstance(entity, VApp):
            op.on_end("vapp/modify", entity)
        yield ASK
        yield WORK
        for vm in machines_of(entity):
            before = vm.status
            do(op, vm)
            if vm.status is not before:
                op.on_end("vm/change_state", vm, on_failure=False)
        follow(entity if isinstance(entity, VApp) else entity.vapp)

    return workflow
