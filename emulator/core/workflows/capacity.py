"""What a datacenter has, and what of it is in use (vCloud API reference, sections 0.7 and 2.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gatepost.core.errors import Insufficient
from gatepost.core.inventory import Hardware, Status, VApp, Vdc, Vm
from gatepost.core.operations import Operation
from gatepost.settings import Settings


class Load(NamedTuple):
    """Processing power in MHz and memory in MB."""

    cpu: int
    memory: int


def limits(vdc: Vdc, settings: Settings) -> Load:
    """What the datacenter has, 0 without bound."""
    return Load(
        settings.vdc_cpu if vdc.cpu_mhz is None else vdc.cpu_mhz,
        settings.vdc_memory if vdc.memory_mb is None else vdc.memory_mb,
    )


def quota(vdc: Vdc, settings: Settings) -> int:
    """How many VMs it may hold, 0 without bound."""
    return settings.vdc_vm_quota if vdc.vm_quota is None else vdc.vm_quota


def load(hardware: Iterable[Hardware], settings: Settings) -> Load:
    """What machines take while they run."""
    cpus = memory = 0
    for one in hardware:
        cpus, memory = cpus + one.cpus, memory + one.memory_mb
    return Load(cpus * settings.vdc_cpu_speed, memory)


def running(vapps: Iterable[VApp]) -> Iterable[Hardware]:
    return (vm.hardware for vapp in vapps for vm in vapp.vms if vm.status is Status.POWERED_ON)


class Room:
    """What an operation is about to start; `at` is the moment at which a lack of room shows, as the setting says."""

    def __init__(self, op: Operation, vdc: Vdc, starting: Iterable[Vm]) -> None:
        self._settings = op.world.settings
        self._vdc = vdc
        self._starting = list(starting)

    def require(self, at: str) -> None:
        """Raises Insufficient."""
        settings = self._settings
        bounds = limits(self._vdc, settings)
        if settings.vdc_insufficient != at or not self._starting or bounds == (0, 0):
            return
        wanted = load((vm.hardware for vm in self._starting), settings)
        used = load(running(self._vdc.vapps.values()), settings)
        for limit, in_use, more in zip(bounds, used, wanted, strict=True):
            if limit and in_use + more > limit:
                raise Insufficient("There are insufficient CPU or memory resources to complete the operation.")


def require_quota(op: Operation, vdc: Vdc, more: int) -> None:
    """Raises Insufficient when so many more VMs would be too many."""
    most = quota(vdc, op.world.settings)
    if most and sum(len(vapp.vms) for vapp in vdc.vapps.values()) + more > most:
        raise Insufficient(f'The VM quota of vdc "{vdc.name}", {most}, would be exceeded. Delete a VM, then try again.')
