"""Virtual hardware as clients send it: sections, lists and single items of OVF (reference, section 3.2).

Clients echo whole documents; of an item only what can be changed is read. Items are taken in OVF's namespace and in
vCloud's, since both are about.
"""

from __future__ import annotations

from typing import Any

from gatepost.core.workflows import Cabling, DiskWish, NicWish
from gatepost.vcloud import xmlio
from gatepost.vcloud.names import OVF, RASD, VMW, V
from gatepost.vcloud.read.networks import adapter, mode
from gatepost.vcloud.represent.sections import ADAPTERS
from gatepost.vcloud.xmlio import Element, invalid

CPUS = range(1, 129)
MEMORY_MB = range(4, (6 << 20) + 1, 4)
DISK_MB = range(1, (62 << 20) + 1)
DISK_BYTES = range(1, (62 << 40) + 1)
MB = 1 << 20
MOST_DISKS = 60

CPU, MEMORY, NIC, DISK = "3", "4", "10", "17"

_BUSES = {
    ("6", "lsilogic"),
    ("6", "lsilogicsas"),
    ("6", "buslogic"),
    ("6", "VirtualSCSI"),
    ("5", ""),
    ("20", ""),
}


Fields = dict[str, Any]
"""Of VmChanges, those that were said."""


def items_of(section: Element) -> list[Element]:
    return list(section.iterchildren(f"{{{OVF}}}Item", V + "Item"))


def section(section: Element) -> Fields:
    """A VirtualHardwareSection. Kinds of hardware that it does not name stay as they are."""
    changes: Fields = {}
    items = items_of(section)
    kinds = [_field(item, "ResourceType") for item in items]
    for item, kind in zip(items, kinds, strict=True):
        if kind == CPU:
            changes |= cpu(item)
        elif kind == MEMORY:
            changes |= memory(item)
    if DISK in kinds:
        changes["disks"] = disks(items)
    if NIC in kinds:
        changes["cabling"] = cards(items)
    return changes


def cpu(item: Element) -> Fields:
    cores = item.find(f"{{{VMW}}}CoresPerSocket")
    own = {} if cores is None else {"cores_per_socket": number(cores.text or "", "CoresPerSocket", CPUS)}
    return {"cpus": _quantity(item, CPUS), **own}


def memory(item: Element) -> Fields:
    return {"memory_mb": _quantity(item, MEMORY_MB)}


def disks(items: list[Element]) -> tuple[DiskWish, ...]:
    """The disks among the items. All that are not named go."""
    wishes = tuple(_disk(item) for item in items if _field(item, "ResourceType") == DISK)
    if len(wishes) > MOST_DISKS:
        raise invalid("Item", f"at most {MOST_DISKS} disks are possible")
    return wishes


def cards(items: list[Element]) -> Cabling:
    """The network cards among the items. All that are not named go."""
    wishes, primary = [], None
    for item in items:
        if _field(item, "ResourceType") != NIC:
            continue
        connection = item.find(f"{{{RASD}}}Connection")
        if connection is None:
            raise invalid("Connection", "the element is required")
        index = number(_field(item, "AddressOnParent") or "", "AddressOnParent", range(10))
        wishes.append(
            NicWish(
                index=index,
                network=_text(connection.text, "Connection"),
                mode=mode(connection.get(V + "ipAddressingMode", "NONE"), "ipAddressingMode"),
                ip=xmlio.ip_address(connection.get(V + "ipAddress"), "ipAddress"),
                connected=xmlio.boolean(_field(item, "AutomaticAllocation"), "AutomaticAllocation", default=True),
                adapter=adapter(_field(item, "ResourceSubType"), "ResourceSubType"),
            )
        )
        if xmlio.boolean(connection.get(V + "primaryNetworkConnection"), "primaryNetworkConnection", default=False):
            primary = index
    return Cabling(tuple(wishes), primary)


def spec(section: Element) -> Fields:
    """A VmSpecSection."""
    changes: Fields = {}
    for tag, name in (("NumCpus", "cpus"), ("NumCoresPerSocket", "cores_per_socket")):
        text = xmlio.text_of(section, tag)
        if text is not None:
            changes[name] = number(text, tag, CPUS)
    resource = xmlio.child(section, "MemoryResourceMb")
    if resource is not None:
        changes["memory_mb"] = number(xmlio.text_of(resource, "Configured") or "", "Configured", MEMORY_MB)
    listed = xmlio.child(section, "DiskSection")
    if listed is not None:
        changes["disks"] = tuple(_settings(one) for one in xmlio.children(listed, "DiskSettings")[: MOST_DISKS + 1])
    return changes


def bus(bus_type: str | None, sub_type: str | None) -> tuple[str | None, str | None]:
    """A controller, by what a client says of it. Raises Malformed for one that there is not."""
    if bus_type is None and sub_type is None:
        return None, None
    given = bus_type or "6", sub_type or ""
    if given[0] == "6" and not given[1]:
        given = "6", "lsilogic"
    # Whatever else a client calls the one kind of IDE and SATA controllers.
    if given[0] in ("5", "20"):
        given = given[0], ""
    if given not in _BUSES:
        raise invalid("busSubType", f"there is no controller {given[1]!r} at a bus of type {given[0]!r}")
    return given


def number(text: str, field: str, among: range) -> int:
    """A whole number out of a range. Raises Malformed."""
    value = xmlio.long(text, field)
    if value not in among:
        step = f", a multiple of {among.step}" if among.step > 1 else ""
        raise invalid(field, f"{among.start} to {among[-1]} is expected{step}")
    return value


def _disk(item: Element) -> DiskWish:
    resource = item.find(f"{{{RASD}}}HostResource")
    told = [None if resource is None else resource.get(V + "capacity"), _field(item, "VirtualQuantity")]
    capacity = number(told[0], "capacity", DISK_MB) if told[0] is not None else None
    quantity = number(told[1], "VirtualQuantity", DISK_BYTES) if told[1] else None
    echo = None if quantity is None else -(-quantity // MB)
    if capacity is None and echo is None:
        raise invalid("HostResource", "the attribute capacity, in MB, is required")
    bus_type, sub_type = (
        (None, None) if resource is None else bus(resource.get(V + "busType"), resource.get(V + "busSubType"))
    )
    instance, unit = _field(item, "InstanceID"), _field(item, "AddressOnParent")
    return DiskWish(
        size_mb=capacity or echo or 1,
        echo_mb=echo,
        instance=None if not instance else number(instance, "InstanceID", range(1 << 31)),
        unit=None if not unit else number(unit, "AddressOnParent", range(64)),
        bus_type=bus_type,
        bus_sub_type=sub_type,
    )


def _settings(settings: Element) -> DiskWish:
    id, unit = xmlio.text_of(settings, "DiskId"), xmlio.text_of(settings, "UnitNumber")
    adapter_type = xmlio.text_of(settings, "AdapterType") or "3"
    if adapter_type not in ADAPTERS:
        raise invalid("AdapterType", f"one of {', '.join(sorted(ADAPTERS))} is expected")
    bus_type, sub_type = ADAPTERS[adapter_type]
    return DiskWish(
        size_mb=number(xmlio.text_of(settings, "SizeMb") or "", "SizeMb", DISK_MB),
        instance=None if not id else number(id, "DiskId", range(1 << 31)),
        unit=None if not unit else number(unit, "UnitNumber", range(64)),
        bus_type=bus_type,
        bus_sub_type=sub_type,
    )


def _quantity(item: Element, among: range) -> int:
    return number(_field(item, "VirtualQuantity") or "", "VirtualQuantity", among)


def _field(item: Element, name: str) -> str | None:
    element = item.find(f"{{{RASD}}}{name}")
    return None if element is None else (element.text or "").strip()


def _text(text: str | None, field: str) -> str:
    if not text or not text.strip() or len(text) > xmlio.NAME_LIMIT:
        raise invalid(field, f"1 to {xmlio.NAME_LIMIT} characters are expected")
    return text.strip()
