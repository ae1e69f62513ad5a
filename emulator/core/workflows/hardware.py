"""What a VM is made of, and how it is to change: disks and network cards planned first, then changed all at once.

Clients send back all that they have read; so that is held against what is there, and only what differs counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from gatepost.core.errors import IllegalState, InvalidValue
from gatepost.core.ids import Ids
from gatepost.core.inventory import NO_NETWORK, HardDisk, Nic, Vm, network_of, plug_in, unplug

FIRST_DISK = 2000
"""InstanceID of a VM's first disk."""

RESERVED_UNIT = 7
"""On a SCSI bus the controller itself has this number."""

UNITS = {"5": 4, "6": 16, "20": 30}
"""How many numbers a controller has, by the type of its bus: IDE, SCSI, SATA."""


@dataclass(frozen=True, slots=True)
class DiskWish:
    """A disk as a client wants it; one whose `instance` no disk has is new. `unit` is a wish, not a command.

    Documents tell a disk's size twice, and clients change either and echo the other: `echo_mb` counts where `size_mb`
    is what it was.
    """

    size_mb: int
    echo_mb: int | None = None
    instance: int | None = None
    unit: int | None = None
    bus_type: str | None = None
    bus_sub_type: str | None = None


@dataclass(frozen=True, slots=True)
class NicWish:
    """A network card as a client wants it; one whose `index` no card has is new."""

    index: int
    network: str
    mode: str
    ip: str | None = None
    connected: bool = True
    adapter: str | None = None


class Cabling(NamedTuple):
    """All network cards that a VM is to have; `primary` None leaves that one as it is."""

    cards: tuple[NicWish, ...]
    primary: int | None = None


def plan_disks(vm: Vm, wishes: Sequence[DiskWish]) -> list[HardDisk]:
    """The disks that the VM would have. Raises InvalidValue and IllegalState, and changes nothing."""
    there = {disk.instance: disk for disk in vm.hardware.disks}
    named = [wish.instance for wish in wishes if wish.instance in there]
    if len(set(named)) < len(named):
        raise InvalidValue("validation error on field 'InstanceID': each disk can be named once")
    for disk in there.values():
        if disk.independent is not None and disk.instance not in named:
            raise IllegalState(
                f'Disk "{disk.independent.name}" is an independent one. Detach it instead of removing it.'
            )
    planned = {instance: disk for instance, disk in there.items() if instance in named}
    for wish in wishes:
        if wish.instance is not None and wish.instance in planned:
            planned[wish.instance] = _changed(planned[wish.instance], wish, planned.values())
    for wish in wishes:
        if wish.instance not in there:
            instance = max((FIRST_DISK - 1, *there, *planned)) + 1
            fresh = HardDisk(instance, wish.size_mb, -1, wish.bus_type or "6", wish.bus_sub_type or "lsilogic")
            planned[instance] = replace(fresh, unit=free_unit(planned.values(), fresh, wish.unit))
    return list(planned.values())


def _changed(old: HardDisk, wish: DiskWish, others: Iterable[HardDisk]) -> HardDisk:
    size_mb, field = wish.size_mb, "capacity"
    if size_mb == old.size_mb and wish.echo_mb is not None:
        size_mb, field = wish.echo_mb, "VirtualQuantity"
    if size_mb < old.size_mb:
        raise InvalidValue(f"validation error on field '{field}': a disk of {old.size_mb} MB cannot become smaller")
    if old.independent is not None:
        if size_mb != old.size_mb:
            raise IllegalState(f'Disk "{old.independent.name}" is an independent one. Detach it, then change its size.')
        return old
    bus, sub = wish.bus_type or old.bus_type, wish.bus_sub_type or old.bus_sub_type
    moved = (bus, sub) != (old.bus_type, old.bus_sub_type)
    disk = replace(old, size_mb=size_mb, bus_type=bus, bus_sub_type=sub)
    return replace(disk, unit=free_unit(others, disk, wish.unit)) if moved else disk


def free_unit(disks: Iterable[HardDisk], disk: HardDisk, wanted: int | None = None) -> int:
    """A number at the disk's controller, the wanted one where that is free. Raises InvalidValue when all are taken."""
    taken = {one.unit for one in disks if (one.bus_type, one.bus_sub_type) == (disk.bus_type, disk.bus_sub_type)}
    if disk.bus_type == "6":
        taken.add(RESERVED_UNIT)
    free = [number for number in range(UNITS[disk.bus_type]) if number not in taken]
    if free:
        return wanted if wanted in free else free[0]
    raise InvalidValue("validation error on field 'AddressOnParent': the controller has no room for another disk")


def same_disks(one: Sequence[HardDisk], other: Sequence[HardDisk]) -> bool:
    return sorted(map(_facts, one)) == sorted(map(_facts, other))


def _facts(disk: HardDisk) -> tuple[int, int, int, str, str]:
    return disk.instance, disk.size_mb, disk.unit, disk.bus_type, disk.bus_sub_type


def check_cards(vm: Vm, wanted: Cabling) -> None:
    """Raises InvalidValue for a card that cannot be."""
    indexes = [wish.index for wish in wanted.cards]
    if len(set(indexes)) < len(indexes):
        raise InvalidValue("validation error on field 'NetworkConnectionIndex': each card needs a number of its own")
    if wanted.primary is not None and indexes and wanted.primary not in indexes:
        raise InvalidValue("validation error on field 'PrimaryNetworkConnectionIndex': no card has that number")
    there = {card.index: card for card in vm.hardware.nics.cards}
    chosen: set[tuple[str, str]] = set()
    for wish in wanted.cards:
        network = network_of(vm.vapp, wish.network)
        if network is None and wish.network != NO_NETWORK:
            raise InvalidValue(f"validation error on field 'network': there is no network {wish.network} here")
        if wish.mode != "MANUAL" or network is None:
            continue
        if wish.ip is None:
            raise InvalidValue("validation error on field 'IpAddress': the mode MANUAL needs one")
        old = there.get(wish.index)
        own = old is not None and (old.ip, old.network) == (wish.ip, wish.network)
        if (wish.network, wish.ip) in chosen or (network.addresses.is_taken(wish.ip) and not own):
            raise InvalidValue(f"validation error on field 'IpAddress': {wish.ip} is already in use")
        chosen.add((wish.network, wish.ip))


def same_cards(vm: Vm, wanted: Cabling) -> bool:
    nics = vm.hardware.nics
    if wanted.primary not in (None, nics.primary) or len(wanted.cards) != len(nics.cards):
        return False
    there = {card.index: card for card in nics.cards}
    return all(wish.index in there and _same_card(there[wish.index], wish) for wish in wanted.cards)


def same_sockets(vm: Vm, wanted: Cabling) -> bool:
    """Whether the cards themselves stay, whatever becomes of their cables."""
    there = {card.index: card.adapter for card in vm.hardware.nics.cards}
    return there == {wish.index: wish.adapter or there.get(wish.index) for wish in wanted.cards}


def _same_card(card: Nic, wish: NicWish) -> bool:
    return _same_cable(card, wish) and card.connected == wish.connected and wish.adapter in (None, card.adapter)


def _same_cable(card: Nic, wish: NicWish) -> bool:
    by_hand = wish.mode == "MANUAL" and wish.ip != card.ip
    return (card.network, card.mode) == (wish.network, wish.mode) and not by_hand


def change_cards(ids: Ids, vm: Vm, wanted: Cabling) -> None:
    """Plug the VM's network cards as wanted; `check_cards` has seen that it is possible."""
    nics = vm.hardware.nics
    there = {card.index: card for card in nics.cards}
    wishes = {wish.index: wish for wish in wanted.cards}
    kept = {index for index, card in there.items() if index in wishes and _same_cable(card, wishes[index])}
    for index, card in there.items():
        if index not in kept:
            unplug(vm, card)
    nics.cards = []
    for index, wish in sorted(wishes.items()):
        old = there.get(index)
        mac, adapter = (ids.mac(), "VMXNET3") if old is None else (old.mac, old.adapter)
        ip = old.ip if old is not None and index in kept else wish.ip if wish.mode == "MANUAL" else None
        card = Nic(index, wish.network, mac, ip, wish.mode, wish.connected, wish.adapter or adapter)
        nics.cards.append(card)
        if index not in kept:
            plug_in(vm, card)
    if wanted.primary is not None:
        nics.primary = wanted.primary
    elif nics.cards and nics.primary not in wishes:
        nics.primary = nics.cards[0].index


def equip(ids: Ids, vm: Vm) -> None:
    """Give the network cards of a new VM their MAC addresses, and addresses in their networks."""
    for card in vm.hardware.nics.cards:
        card.mac = ids.mac()
        plug_in(vm, card)
