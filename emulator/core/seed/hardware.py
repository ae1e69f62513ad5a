"""Virtual hardware as an inventory file has it."""

from __future__ import annotations

from collections.abc import Sequence

from gatepost.core.inventory import NO_NETWORK, GuestCustomization, HardDisk, Hardware, Nic, Nics
from gatepost.core.seed import machines
from gatepost.core.workflows.hardware import FIRST_DISK, free_unit

MB = 1 << 20
DISK_MB = 8192
"""The size of a disk of which nothing is said."""

NO_MAC = "00:50:56:00:00:00"
"""Of the cards of templates, which are in no network yet."""


def hardware(plan: machines.Hardware, first_network: str | None = None) -> Hardware:
    """The hardware, its independent disks not attached yet. Cards of a machine of which nothing is said are one, in
    `first_network`.
    """
    made = Hardware(
        plan.cpus,
        plan.cores_per_socket,
        plan.memory_mb,
        plan.hardware_version,
        machines.GUESTS[plan.guest_os],
        layout(plan.disks),
    )
    if isinstance(plan, machines.Cabled):
        made.nics = Nics(_cards(plan.nics, first_network), plan.primary_nic)
    return made


def layout(plans: Sequence[machines.AttachedDisk] | None) -> list[HardDisk]:
    """Disks with their places. Raises InvalidValue when a controller has no room for another."""
    made: list[HardDisk] = []
    for plan in (machines.AttachedDisk(),) if plans is None else plans:
        own = plan.independent or plan
        size_mb = plan.size_mb or DISK_MB if plan.independent is None else -(-plan.independent.size // MB)
        instance = max((FIRST_DISK - 1, *(one.instance for one in made))) + 1
        disk = HardDisk(instance if plan.instance is None else plan.instance, size_mb, -1, *bus(own))
        disk.unit = free_unit(made, disk) if plan.unit is None else plan.unit
        made.append(disk)
    return made


def bus(plan: machines.AttachedDisk | machines.IndependentDisk) -> tuple[str, str]:
    usual = usual_sub_type(plan.bus_type)
    return plan.bus_type, usual if plan.bus_sub_type is None else plan.bus_sub_type


def usual_sub_type(bus_type: str) -> str:
    return "lsilogic" if bus_type == "6" else ""


def usual_mode(network: str) -> str:
    """How a card in the network gets its address."""
    return "NONE" if network == NO_NETWORK else "POOL"


def guest(plan: machines.Guest) -> GuestCustomization:
    return GuestCustomization(**plan.model_dump())


def _cards(plans: Sequence[machines.Nic] | None, first_network: str | None) -> list[Nic]:
    if plans is None:
        plans = () if first_network is None else (machines.Nic(network=first_network),)
    return [
        Nic(
            place if plan.index is None else plan.index,
            plan.network,
            NO_MAC,
            plan.ip or None,
            plan.mode or usual_mode(plan.network),
            plan.connected,
            plan.adapter,
        )
        for place, plan in enumerate(plans)
    ]
