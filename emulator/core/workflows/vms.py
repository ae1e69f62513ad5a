"""A VM by itself: what of it can change, and when (vCloud API reference, sections 3.2 and 6.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from gatepost.core.entities import require_free
from gatepost.core.errors import DuplicateName, IllegalState, InvalidValue
from gatepost.core.inventory import GuestSystem, ProductSection, Status, StorageProfile, Vm
from gatepost.core.operations import ASK, WORK, Operation, Steps, Workflow
from gatepost.core.workflows.hardware import (
    Cabling,
    DiskWish,
    change_cards,
    check_cards,
    plan_disks,
    same_cards,
    same_disks,
    same_sockets,
)
from gatepost.core.workflows.power import OFF, ON, SUSPENDED, require

NEWEST_HARDWARE = "vmx-09"
"""What `upgradeHardwareVersion` leads to."""


class Part(Enum):
    """What of a VM is changed by itself; the value is what people call it."""

    CPU = "CPUs"
    MEMORY = "memory"
    DISKS = "disks"
    CARDS = "network connections"
    SOCKETS = "network cards"
    SYSTEM = "operating system"
    GUEST = "guest customization"
    CAPABILITIES = "capabilities"
    BOOT = "boot options"
    PROFILE = "storage profile"
    PRODUCTS = "product sections"


_WHILE_ON = frozenset({Part.DISKS, Part.CARDS, Part.GUEST, Part.PROFILE, Part.PRODUCTS})


def can_edit(vm: Vm) -> bool:
    """Whether its name and description can change: it has been made."""
    return vm.status in OFF | ON | SUSPENDED


def editable(vm: Vm, part: Part) -> bool:
    """Whether the state of the VM allows to change this."""
    if vm.status in ON:
        hot = (part is Part.CPU and vm.hot_add.cpu) or (part is Part.MEMORY and vm.hot_add.memory)
        return part in _WHILE_ON or hot
    return vm.status in OFF


@dataclass(frozen=True, slots=True)
class VmChanges:
    """What a client wants of a VM; None leaves something as it is. `guest`, `hot_add` and `boot` name single fields."""

    name: str | None = None
    description: str | None = None
    cpus: int | None = None
    cores_per_socket: int | None = None
    memory_mb: int | None = None
    disks: tuple[DiskWish, ...] | None = None
    cabling: Cabling | None = None
    system: GuestSystem | None = None
    guest: Mapping[str, Any] = field(default_factory=dict)
    hot_add: Mapping[str, Any] = field(default_factory=dict)
    boot: Mapping[str, Any] = field(default_factory=dict)
    profile: StorageProfile | None = None
    products: tuple[ProductSection, ...] | None = None

    def check(self, vm: Vm) -> None:
        """Raises InvalidValue, IllegalState and DuplicateName unless the VM can be changed so now."""
        if not can_edit(vm):
            raise IllegalState(f'VM "{vm.name}" cannot be changed in its present state. Delete it and make a new one.')
        if self.name is not None and any(other.name == self.name for other in vm.vapp.vms if other is not vm):
            raise DuplicateName(f'The name "{self.name}" is already taken by a VM in vApp "{vm.vapp.name}".')
        self._check_compute(vm)
        if self.cabling is not None:
            check_cards(vm, self.cabling)
        for part in self._parts(vm):
            if not editable(vm, part):
                state = "suspended" if vm.status in SUSPENDED else "powered on"
                raise IllegalState(
                    f'Cannot change the {part.value} of VM "{vm.name}" while it is {state}. Stop it first.'
                )

    def apply(self, op: Operation, vm: Vm) -> None:
        """Change the VM; what was possible when it was asked for may not be any more. Raises as `check` does."""
        self.check(vm)
        hardware = vm.hardware
        if self.disks is not None:
            hardware.disks = plan_disks(vm, self.disks)
        if self.cabling is not None:
            change_cards(op.world.ids, vm, self.cabling)
        hardware.cpus = self.cpus or hardware.cpus
        hardware.cores_per_socket = self._cores(vm)
        hardware.memory_mb = self.memory_mb or hardware.memory_mb
        hardware.guest_os = self.system or hardware.guest_os
        vm.guest = replace(vm.guest, **self.guest)
        vm.hot_add = replace(vm.hot_add, **self.hot_add)
        vm.boot = replace(vm.boot, **self.boot)
        vm.profile = self.profile or vm.profile
        vm.products = vm.products if self.products is None else self.products
        vm.name = self.name or vm.name
        vm.description = vm.description if self.description is None else self.description

    def _cores(self, vm: Vm) -> int:
        """Cores in a socket; a number of CPUs that they do not divide resets them, unless they were asked for."""
        cores = self.cores_per_socket or vm.hardware.cores_per_socket
        cpus = self.cpus or vm.hardware.cpus
        return cores if cpus % cores == 0 or self.cores_per_socket is not None else 1

    def _check_compute(self, vm: Vm) -> None:
        cpus, cores = self.cpus or vm.hardware.cpus, self._cores(vm)
        if cpus % cores:
            raise InvalidValue(f"validation error on field 'CoresPerSocket': {cpus} CPUs cannot be divided by {cores}")
        if vm.status in ON and cpus < vm.hardware.cpus:
            raise IllegalState(f'Cannot take CPUs from VM "{vm.name}" while it is powered on. Power it off first.')
        if vm.status in ON and (self.memory_mb or vm.hardware.memory_mb) < vm.hardware.memory_mb:
            raise IllegalState(f'Cannot take memory from VM "{vm.name}" while it is powered on. Power it off first.')

    def _parts(self, vm: Vm) -> list[Part]:
        """What would be different."""
        hardware = vm.hardware
        differs = {
            Part.CPU: (self.cpus or hardware.cpus, self._cores(vm)) != (hardware.cpus, hardware.cores_per_socket),
            Part.MEMORY: self.memory_mb not in (None, hardware.memory_mb),
            Part.DISKS: self.disks is not None and not same_disks(hardware.disks, plan_disks(vm, self.disks)),
            Part.CARDS: self.cabling is not None and not same_cards(vm, self.cabling),
            Part.SOCKETS: self.cabling is not None and not same_sockets(vm, self.cabling),
            Part.SYSTEM: self.system not in (None, hardware.guest_os),
            Part.GUEST: replace(vm.guest, **self.guest) != vm.guest,
            Part.CAPABILITIES: replace(vm.hot_add, **self.hot_add) != vm.hot_add,
            Part.BOOT: replace(vm.boot, **self.boot) != vm.boot,
            Part.PROFILE: self.profile not in (None, vm.storage_profile),
            Part.PRODUCTS: self.products not in (None, vm.products),
        }
        return [part for part, differing in differs.items() if differing]


def update_vm(vm: Vm, changes: VmChanges) -> Workflow:
    """Change a VM. What the decider lets through is checked once more, since others may have changed the rest."""

    def workflow(op: Operation) -> Steps:
        op.acts_on(vm)
        changes.check(vm)
        op.tell("vm/modify_request", vm)
        op.on_end("vm/modify", vm)
        yield ASK
        yield WORK
        changes.apply(op, vm)

    return workflow


def can_upgrade(vm: Vm) -> bool:
    return vm.status in OFF and vm.hardware.version != NEWEST_HARDWARE


def upgrade_hardware(vm: Vm) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(vm)
        require(vm, can_upgrade(vm), "upgrade the hardware of", f"It must be off, and older than {NEWEST_HARDWARE}.")
        op.tell("vm/modify_request", vm)
        op.on_end("vm/modify", vm)
        yield ASK
        yield WORK
        vm.hardware.version = NEWEST_HARDWARE

    return workflow


def can_customize(vm: Vm) -> bool:
    """Whether it can be told to customize its guest when it starts next."""
    return vm.status is Status.POWERED_OFF and not vm.needs_customization


def customize_at_next_power_on(vm: Vm) -> None:
    """At once, without a task. Raises BusyEntity and IllegalState."""
    require_free(vm)
    require(vm, can_customize(vm), "customize", "It must be powered off, and not be marked for it already.")
    vm.needs_customization = True
