"""Reading the hardware of a VM out of its documents."""

from __future__ import annotations

from lxml import etree

from tests.support.schemas import RASD, VCLOUD
from tests.support.tenant import the

CPU, MEMORY, DISK, CARD, CD, FLOPPY = "3", "4", "17", "10", "15", "14"


def hardware(element: etree._Element, resource_type: str) -> list[etree._Element]:
    """The items of that ResourceType anywhere in a document."""
    return [one for one in element.iter("{*}Item") if one.findtext(f"{{{RASD}}}ResourceType") == resource_type]


def item(element: etree._Element, resource_type: str) -> etree._Element:
    found = hardware(element, resource_type)
    assert len(found) == 1, etree.tostring(element)
    return found[0]


def quantity(element: etree._Element, resource_type: str) -> str | None:
    return item(element, resource_type).findtext(f"{{{RASD}}}VirtualQuantity")


def disks(element: etree._Element) -> list[tuple[str | None, str | None]]:
    """InstanceID and capacity in MB of each hard disk."""
    found = []
    for one in hardware(element, DISK):
        resource = one.find(f"{{{RASD}}}HostResource")
        assert resource is not None
        found.append((one.findtext(f"{{{RASD}}}InstanceID"), resource.get(f"{{{VCLOUD}}}capacity")))
    return found


def cards(vm: etree._Element) -> list[dict[str, str | None]]:
    """What NetworkConnectionSection says of each card, by the names of its elements."""
    section = the(vm, "NetworkConnectionSection")
    return [
        {"network": one.get("network"), **{etree.QName(part).localname: part.text for part in one}}
        for one in section.iterfind("{*}NetworkConnection")
    ]
