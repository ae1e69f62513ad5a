"""The virtual hardware of a VM as OVF has it, whole and in its parts (reference, sections 3.2 and 3.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from lxml import etree

from gatepost.core.inventory import HardDisk, Hardware, Media, Nic
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import MACHINE_VIEW, OVF, PREFIXED_VIEW, RASD, VCLOUD, VMW, VSSD, V, vcloud_type
from gatepost.vcloud.represent.links import link
from gatepost.vcloud.xmlio import Element, root, sub

SECTION = vcloud_type("virtualHardwareSection")
ITEM = vcloud_type("rasdItem")
ITEMS = vcloud_type("rasdItemsList")

PARTS = {"cpu": ITEM, "memory": ITEM, "disks": ITEMS, "media": ITEMS, "networkCards": ITEMS, "serialPorts": ITEMS}
"""Media type of each part, by the end of its path."""

_CONTROLLERS = {"5": ("5", "IDE Controller"), "6": ("6", "SCSI Controller"), "20": ("20", "SATA Controller")}
"""ResourceType and name of a controller, by the type of its bus."""

_KINDS = {"3": "cpu", "4": "memory", "5": "disks", "6": "disks", "20": "disks", "17": "disks", "10": "networkCards"}
_DRIVES = {"iso": ("15", "CD/DVD Drive", "3000"), "floppy": ("14", "Floppy Drive", "8000")}
"""ResourceType, name and InstanceID of a drive, by what goes into it."""


@dataclass(frozen=True, slots=True)
class Machinery:
    """What is shown of a VM or of a template's: `edits` are the parts that can be changed now."""

    href: str
    name: str
    hardware: Hardware
    drives: Mapping[str, Media]
    edits: frozenset[str] = frozenset()

    @property
    def section_href(self) -> str:
        return self.href + "/virtualHardwareSection/"


@dataclass(frozen=True, slots=True)
class _Item:
    """One CIM_ResourceAllocationSettingData. `fields` by name; the schema wants them in the order of the alphabet."""

    fields: Mapping[str, str]
    attributes: Mapping[str, Mapping[str, str]]

    @property
    def kind(self) -> str:
        return _KINDS.get(self.fields["ResourceType"], "media")


def section(call: Call, parent: Element, machine: Machinery) -> None:
    """`ovf:VirtualHardwareSection` in the body of a VM."""
    attributes = {f"{{{OVF}}}transport": "", **_own(machine)}
    nsmap = {"vcloud": VCLOUD}
    _fill(call, etree.SubElement(parent, f"{{{OVF}}}VirtualHardwareSection", attributes, nsmap), machine)


def section_alone(call: Call, machine: Machinery) -> Element:
    element = root(f"{{{OVF}}}VirtualHardwareSection", PREFIXED_VIEW, **{f"{{{OVF}}}transport": "", **_own(machine)})
    _fill(call, element, machine)
    return element


def part(call: Call, machine: Machinery, name: str) -> Element:
    """One of PARTS by itself: an Item, or a RasdItemsList."""
    href, media_type = machine.section_href + name, PARTS[name]
    items = [item for item in _items(machine) if item.kind == name]
    if media_type == ITEM:
        element = root(V + "Item", PREFIXED_VIEW, **{V + "type": ITEM, V + "href": href})
        _fill_item(call, element, items[0], machine)
    else:
        element = root(V + "RasdItemsList", MACHINE_VIEW, type=ITEMS, href=href)
    if name in machine.edits:
        link(element, "edit", href, media_type)
    if media_type == ITEMS:
        for item in items:
            _fill_item(call, sub(element, V + "Item"), item, machine)
    return element


def _own(machine: Machinery) -> dict[str, str]:
    return {V + "href": machine.section_href, V + "type": SECTION}


def _fill(call: Call, element: Element, machine: Machinery) -> None:
    sub(element, f"{{{OVF}}}Info", "Virtual hardware requirements")
    system = sub(element, f"{{{OVF}}}System")
    for name, text in (
        ("ElementName", "Virtual Hardware Family"),
        ("InstanceID", "0"),
        ("VirtualSystemIdentifier", machine.name),
        ("VirtualSystemType", machine.hardware.version),
    ):
        sub(system, f"{{{VSSD}}}{name}", text)
    for item in _items(machine):
        _fill_item(call, sub(element, f"{{{OVF}}}Item"), item, machine)
    if "section" in machine.edits:
        link(element, "edit", machine.section_href, SECTION)
    # Several of one relation and type: each has a name.
    for name, media_type in PARTS.items():
        link(element, "down", machine.section_href + name, media_type, name)
        if name in machine.edits:
            link(element, "edit", machine.section_href + name, media_type, name)


def _fill_item(call: Call, element: Element, item: _Item, machine: Machinery) -> None:
    for name in sorted(item.fields):
        attributes = item.attributes.get(name)
        tag = f"{{{RASD}}}{name}"
        if attributes is None:
            sub(element, tag, item.fields[name] or None)
        else:
            own = {V + key: value for key, value in attributes.items()}
            etree.SubElement(element, tag, own, {"vcloud": VCLOUD}).text = item.fields[name] or None
    if item.kind == "cpu" and call.traits.cores_per_socket:
        required = {f"{{{OVF}}}required": "false"}
        sub(element, f"{{{VMW}}}CoresPerSocket", str(machine.hardware.cores_per_socket), **required)


def _item(resource_type: str, name: str, instance: str | int, **more: str | Mapping[str, str]) -> _Item:
    """`X_` in `more` are the attributes of the field X."""
    fields = {"ResourceType": resource_type, "ElementName": name, "InstanceID": str(instance)}
    fields |= {key: text for key, text in more.items() if isinstance(text, str)}
    attributes = {key[:-1]: value for key, value in more.items() if not isinstance(value, str)}
    return _Item(fields, attributes)


def _items(machine: Machinery) -> Iterator[_Item]:
    hardware, numbers = machine.hardware, count(1)
    for card in hardware.nics.cards:
        yield _card(card, next(numbers), primary=card.index == hardware.nics.primary)
    parents: dict[tuple[str, str], str] = {}
    buses: dict[str, int] = {}
    for disk in hardware.disks:
        key = (disk.bus_type, disk.bus_sub_type)
        if key not in parents:
            parents[key] = str(next(numbers))
            yield _controller(disk, parents[key], buses.setdefault(disk.bus_type, 0))
            buses[disk.bus_type] += 1
    for number, disk in enumerate(hardware.disks, 1):
        yield _disk(disk, number, parents[disk.bus_type, disk.bus_sub_type])
    for image, (resource_type, name, instance) in _DRIVES.items():
        inserted = machine.drives.get(image)
        yield _item(
            resource_type,
            f"{name} 1",
            instance,
            Description=name,
            AddressOnParent="0",
            AutomaticAllocation="true" if inserted is not None else "false",
            HostResource="" if inserted is None else inserted.name,
        )
    yield _item(
        "3",
        f"{hardware.cpus} virtual CPU(s)",
        next(numbers),
        AllocationUnits="hertz * 10^6",
        Description="Number of Virtual CPUs",
        Reservation="0",
        VirtualQuantity=str(hardware.cpus),
        VirtualQuantityUnits="",
        Weight="0",
    )
    yield _item(
        "4",
        f"{hardware.memory_mb} MB of memory",
        next(numbers),
        AllocationUnits="byte * 2^20",
        Description="Memory Size",
        Reservation="0",
        VirtualQuantity=str(hardware.memory_mb),
        VirtualQuantityUnits="byte * 2^20",
        Weight="0",
    )


def _card(card: Nic, instance: int, *, primary: bool) -> _Item:
    connection = {"ipAddressingMode": card.mode, "primaryNetworkConnection": "true" if primary else "false"}
    if card.ip is not None:
        connection = {"ipAddress": card.ip, **connection}
    return _item(
        "10",
        f"Network adapter {card.index}",
        instance,
        Address=card.mac,
        AddressOnParent=str(card.index),
        AutomaticAllocation="true" if card.connected else "false",
        Connection=card.network,
        Connection_=connection,
        Description=f"{card.adapter.capitalize()} ethernet adapter",
        ResourceSubType=card.adapter,
    )


def _controller(disk: HardDisk, instance: str, address: int) -> _Item:
    resource_type, name = _CONTROLLERS[disk.bus_type]
    sub_type = {"ResourceSubType": disk.bus_sub_type} if disk.bus_sub_type else {}
    return _item(resource_type, f"{name} {address}", instance, Address=str(address), Description=name, **sub_type)


def _disk(disk: HardDisk, number: int, parent: str) -> _Item:
    resource = {
        "capacity": str(disk.size_mb),
        "busSubType": disk.bus_sub_type,
        "busType": disk.bus_type,
    }
    return _item(
        "17",
        f"Hard disk {number}",
        disk.instance,
        AddressOnParent=str(disk.unit),
        Description="Hard disk",
        HostResource="",
        HostResource_=resource,
        Parent=parent,
        VirtualQuantity=str(disk.size_mb << 20),
        VirtualQuantityUnits="byte",
    )
