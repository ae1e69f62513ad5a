"""OVF descriptors: read as far as a template shows of them, and written for a download (DSP0243)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple
from urllib.parse import unquote

from gatepost.core.inventory import HardDisk, Hardware, NetworkConfig, Nic, Nics, TemplateVm, VAppTemplate, Vm
from gatepost.core.inventory.uploads import UNKNOWN
from gatepost.core.world import World
from gatepost.vcloud import xmlio
from gatepost.vcloud.names import OVF, RASD
from gatepost.vcloud.xmlio import Element, root, sub

OVF_, RASD_ = f"{{{OVF}}}", f"{{{RASD}}}"

DESCRIPTOR = "descriptor.ovf"

MOST_MACHINES = 128
"""Virtual systems of one descriptor."""

_UNITS = re.compile(r"byte\s*\*\s*2\^(\d{1,2})")
_LARGEST_MB = 2**40
_MOST_PARTS = 64
"""Disks or network cards of one machine."""


class Machine(NamedTuple):
    name: str
    hardware: Hardware


class Contents(NamedTuple):
    """What a descriptor says: files with their sizes, machines, and the names of networks."""

    files: list[tuple[str, int]]
    machines: list[Machine]
    networks: list[str]


def read(envelope: Element, most_files: int) -> Contents:
    """Raises Malformed, with the name of what is wrong."""
    xmlio.expect(envelope, OVF_ + "Envelope")
    files = [_file(element) for element in envelope.iterfind(f"{OVF_}References/{OVF_}File")]
    if len(files) > most_files or len({name for name, _ in files}) < len(files):
        raise xmlio.invalid("File", f"at most {most_files} files, each with a name of its own, are expected")
    if any(name == DESCRIPTOR for name, _ in files):
        raise xmlio.invalid("File", f"{DESCRIPTOR} is the descriptor itself")
    disks = envelope.iterfind(f"{OVF_}DiskSection/{OVF_}Disk")
    capacities = {disk.get(OVF_ + "diskId", ""): _capacity(disk) for disk in disks}
    systems = list(envelope.iter(OVF_ + "VirtualSystem"))
    if len(systems) > MOST_MACHINES:
        raise xmlio.invalid("VirtualSystem", f"at most {MOST_MACHINES} are expected")
    machines = [_machine(system, number, capacities) for number, system in enumerate(systems, 1)]
    names = [network.get(OVF_ + "name", "") for network in envelope.iterfind(f"{OVF_}NetworkSection/{OVF_}Network")]
    return Contents(files, machines, [_name(name, "name") for name in dict.fromkeys(names)])


def fill(world: World, template: VAppTemplate, contents: Contents) -> None:
    """Put into the template what its descriptor says. A network that the organization has as well is meant by name."""
    parents = {network.name: network for network in template.org.networks.values()}
    template.networks = tuple(
        NetworkConfig(name, (parents[name].scope,), "bridged", parents[name])
        if name in parents
        else NetworkConfig(name)
        for name in contents.networks
    )
    for machine in contents.machines:
        template.vms.append(TemplateVm(world.ids.uuid(), machine.name, template, machine.hardware))
    world.inventory.template_vms.update((vm.id, vm) for vm in template.vms)


def _file(element: Element) -> tuple[str, int]:
    name = unquote(element.get(OVF_ + "href", ""))
    if not name or len(name) > xmlio.NAME_LIMIT or "/" in name or name in (".", ".."):
        raise xmlio.invalid("href", "the plain name of a file is expected")
    size = element.get(OVF_ + "size")
    if size is None:
        return name, UNKNOWN
    return name, _bounded(size, "size", 0, 2**62)


def _capacity(disk: Element) -> int:
    """In MB."""
    amount = _bounded(disk.get(OVF_ + "capacity", "0"), "capacity", 0, 2**62)
    units = disk.get(OVF_ + "capacityAllocationUnits", "byte")
    match = _UNITS.fullmatch(units.strip())
    power = int(match[1]) if match else 0
    return min(max(1, (amount << min(power, 60)) >> 20), _LARGEST_MB)


def _machine(system: Element, number: int, capacities: dict[str, int]) -> Machine:
    name = system.findtext(OVF_ + "Name") or system.get(OVF_ + "id") or f"vm-{number}"
    hardware = Hardware()
    cards: list[Nic] = []
    for item in system.iterfind(f"{OVF_}VirtualHardwareSection/{OVF_}Item"):
        quantity = item.findtext(RASD_ + "VirtualQuantity")
        match (item.findtext(RASD_ + "ResourceType") or "").strip():
            case "3" if quantity:
                hardware.cpus = _bounded(quantity, "VirtualQuantity", 1, 128)
            case "4" if quantity:
                hardware.memory_mb = _bounded(quantity, "VirtualQuantity", 4, 2**23)
            case "10":
                network = (item.findtext(RASD_ + "Connection") or "none").strip()
                cards.append(Nic(len(cards), _name(network, "Connection"), ""))
            case "17":
                resource = (item.findtext(RASD_ + "HostResource") or "").rpartition("/")[2]
                size = capacities.get(resource, 1)
                hardware.disks.append(HardDisk(2000 + len(hardware.disks), size, len(hardware.disks)))
    if max(len(cards), len(hardware.disks)) > _MOST_PARTS:
        raise xmlio.invalid("Item", f"at most {_MOST_PARTS} disks and as many network cards are expected")
    hardware.nics = Nics(cards)
    return Machine(_name(name, "Name"), hardware)


def _name(text: str, field: str) -> str:
    if not text.strip() or len(text) > xmlio.NAME_LIMIT:
        raise xmlio.invalid(field, f"1 to {xmlio.NAME_LIMIT} characters are expected")
    return text


def _bounded(text: str, field: str, least: int, most: int) -> int:
    number = xmlio.long(text, field)
    if not least <= number <= most:
        raise xmlio.invalid(field, f"{least} to {most} is expected")
    return number


def envelope(name: str, vms: Sequence[Vm | TemplateVm], networks: Sequence[NetworkConfig]) -> Element:
    """A descriptor of a vApp or template; disks have no files, since none are kept."""
    element = root(OVF_ + "Envelope", {"ovf": OVF, "rasd": RASD})
    sub(element, OVF_ + "References")
    section = sub(element, OVF_ + "NetworkSection")
    sub(section, OVF_ + "Info", "The list of logical networks")
    for config in networks:
        sub(section, OVF_ + "Network").set(OVF_ + "name", config.name)
    collection = sub(element, OVF_ + "VirtualSystemCollection")
    collection.set(OVF_ + "id", name)
    sub(collection, OVF_ + "Info", "A collection of virtual machines")
    for vm in vms:
        _system(collection, vm)
    return element


def _system(parent: Element, vm: Vm | TemplateVm) -> None:
    system = sub(parent, OVF_ + "VirtualSystem")
    system.set(OVF_ + "id", vm.name)
    sub(system, OVF_ + "Info", "A virtual machine")
    sub(system, OVF_ + "Name", vm.name)
    section = sub(system, OVF_ + "VirtualHardwareSection")
    sub(section, OVF_ + "Info", "Virtual hardware requirements")
    instance = count(1)
    made = vm.hardware
    _item(section, next(instance), f"{made.cpus} virtual CPU(s)", "3", "VirtualQuantity", str(made.cpus))
    _item(section, next(instance), f"{made.memory_mb} MB of memory", "4", "VirtualQuantity", str(made.memory_mb))
    for card in made.nics.cards:
        _item(section, next(instance), f"Network adapter {card.index}", "10", "Connection", card.network)


def _item(section: Element, instance: int, name: str, kind: str, field: str, text: str) -> None:
    """In CIM's order of elements, which is that of the alphabet."""
    item = sub(section, OVF_ + "Item")
    told = {"ElementName": name, "InstanceID": str(instance), "ResourceType": kind, field: text}
    for tag, value in sorted(told.items()):
        sub(item, RASD_ + tag, value)
