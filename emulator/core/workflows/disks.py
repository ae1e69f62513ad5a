"""Independent disks: made, changed, attached to VMs and detached (vCloud API reference, sections 3.1, 3.2 and 6.7)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gatepost.core.errors import IllegalState, Insufficient, InvalidValue
from gatepost.core.inventory import Disk, HardDisk, Status, StorageProfile, User, Vdc, Vm
from gatepost.core.operations import ASK, WORK, Operation, Steps, Workflow
from gatepost.core.workflows.hardware import FIRST_DISK, free_unit
from gatepost.core.workflows.power import OFF, ON, require
from gatepost.core.workflows.vapps import make

MB = 1 << 20


@dataclass(frozen=True, slots=True)
class DiskPlan:
    """A disk that is to be made; `size` is bytes."""

    name: str
    description: str
    size: int
    bus_type: str = "6"
    bus_sub_type: str = "lsilogic"
    profile: StorageProfile | None = None


def create_disk(vdc: Vdc, plan: DiskPlan, user: User) -> Workflow:
    def workflow(op: Operation) -> Steps:
        profile = plan.profile or vdc.storage_profile
        used = sum(disk.size for disk in vdc.disks.values() if disk.storage_profile is profile)
        if profile.limit_mb and used + plan.size > profile.limit_mb * MB:
            raise Insufficient(f'The storage profile "{profile.name}" has no room for a disk of {plan.size} bytes.')
        disk = Disk(op.world.ids.uuid(), plan.name, vdc, user, plan.size, profile, plan.bus_type, plan.bus_sub_type)
        disk.description = plan.description
        make(op, disk, undone="disk/delete")
        op.tell("disk/create_request", disk)
        op.on_end("disk/create", disk)
        yield ASK
        yield WORK
        disk.status = Status.RESOLVED

    return workflow


@dataclass(frozen=True, slots=True)
class DiskChanges:
    """None leaves something as it is."""

    name: str | None = None
    description: str | None = None
    size: int | None = None
    profile: StorageProfile | None = None


def can_change(disk: Disk) -> bool:
    """Whether it can be changed, attached or deleted."""
    return disk.status is Status.RESOLVED and disk.attached_to is None


def update_disk(disk: Disk, changes: DiskChanges) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(disk)
        _require_loose(disk, "change")
        if changes.size is not None and changes.size < disk.size:
            raise InvalidValue(f"validation error on field 'size': a disk of {disk.size} bytes cannot become smaller")
        op.on_end("disk/modify", disk)
        yield ASK
        yield WORK
        disk.name = changes.name or disk.name
        disk.description = disk.description if changes.description is None else changes.description
        disk.size = changes.size or disk.size
        disk.storage_profile = changes.profile or disk.storage_profile

    return workflow


def can_delete_disk(disk: Disk) -> bool:
    return can_change(disk) or disk.status is Status.FAILED_CREATION


def delete_disk(disk: Disk) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(disk)
        if not can_delete_disk(disk):
            _require_loose(disk, "delete")
        op.tell("disk/delete_request", disk)
        op.on_end("disk/delete", disk)
        yield ASK
        yield WORK
        op.world.inventory.remove(disk)

    return workflow


def can_attach(vm: Vm) -> bool:
    """A VM with a snapshot cannot have independent disks."""
    return vm.status in OFF | ON and vm.snapshot is None


def attach_disk(vm: Vm, disk: Disk, unit: int | None = None) -> Workflow:
    """The VM is what the task is about; the disk is locked with it."""

    def workflow(op: Operation) -> Steps:
        op.acts_on(vm)
        op.locks(disk)
        require(vm, can_attach(vm), "attach a disk to", "It must be on or off, and have no snapshot.")
        _require_loose(disk, "attach")
        if disk.vdc is not vm.vapp.vdc:
            raise InvalidValue("validation error on field 'Disk': the disk is in another datacenter than the VM")
        attached = _as_part_of(vm, disk, unit)
        op.on_end("disk/attach", disk)
        op.on_end("vm/modify", vm)
        yield ASK
        yield WORK
        vm.hardware.disks.append(attached)
        disk.attached_to = vm

    return workflow


def can_detach(vm: Vm) -> bool:
    return vm.status in OFF | ON and any(disk.independent is not None for disk in vm.hardware.disks)


def detach_disk(vm: Vm, disk: Disk) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(vm)
        op.locks(disk)
        if disk.attached_to is not vm:
            raise IllegalState(f'Disk "{disk.name}" is not attached to VM "{vm.name}".')
        require(vm, can_detach(vm), "detach a disk from", "It must be on or off.")
        op.on_end("disk/detach", disk)
        op.on_end("vm/modify", vm)
        yield ASK
        yield WORK
        vm.hardware.disks = [one for one in vm.hardware.disks if one.independent is not disk]
        disk.attached_to = None

    return workflow


def _as_part_of(vm: Vm, disk: Disk, unit: int | None) -> HardDisk:
    there = vm.hardware.disks
    instance = max((FIRST_DISK - 1, *(one.instance for one in there))) + 1
    part = HardDisk(instance, -(-disk.size // MB), -1, disk.bus_type, disk.bus_sub_type, disk)
    return replace(part, unit=free_unit(there, part, unit))


def _require_loose(disk: Disk, words: str) -> None:
    if disk.attached_to is not None:
        raise IllegalState(f'Cannot {words} disk "{disk.name}": it is attached to a VM. Detach it first.')
    if disk.status is not Status.RESOLVED:
        raise IllegalState(f'Cannot {words} disk "{disk.name}": it was never made. Delete it.')
