"""Requests that make vApps, or change what is in one, as clients send them (reference, sections 3.1 and 3.3).

References are read as they stand; what they mean is looked up later, under the lock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gatepost.core.workflows import VmChanges
from gatepost.vcloud import xmlio
from gatepost.vcloud.names import OVF, V
from gatepost.vcloud.read import guests, hardware, vms
from gatepost.vcloud.read import networks as cards
from gatepost.vcloud.read import vapps as sections
from gatepost.vcloud.read.vapps import NetworkWish
from gatepost.vcloud.xmlio import Element, invalid

MOST_VMS = 500
"""VMs of one request."""


@dataclass(frozen=True, slots=True)
class ItemWish:
    """A VM, or all VMs of what `source` names, to be put into a vApp. `assigned` is the new network by the old name."""

    source: str
    moves: bool = False
    changes: VmChanges = field(default_factory=VmChanges)
    assigned: tuple[tuple[str, str], ...] = ()
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class CreationWish:
    """What all requests have that make a vApp; what they do not say is None, or true for `deploy` and `power_on`."""

    name: str
    description: str
    deploy: bool
    power_on: bool
    networks: list[NetworkWish] | None
    leases: tuple[int, int] | None
    items: list[ItemWish]
    fresh: list[VmChanges]
    """VMs that are made from nothing."""


def creation(params: Element, leases: tuple[int, int]) -> CreationWish:
    """`leases` are those that a new vApp has when the request does not say otherwise."""
    return _wish(params, xmlio.name_of(params), leases)


def recomposition(params: Element, name: str) -> CreationWish:
    """A vApp that exists need not be named anew."""
    return _wish(params, xmlio.name_of(params) if params.get("name") is not None else name, None)


def source(params: Element) -> str:
    """The reference that says what is copied. Raises Malformed."""
    element = xmlio.child(params, "Source")
    if element is None:
        raise invalid("Source", "the element is required")
    return element.get("href", "")


def moves(params: Element) -> bool:
    return xmlio.boolean(xmlio.text_of(params, "IsSourceDelete"), "IsSourceDelete", default=False)


def references(params: Element, tag: str) -> list[str]:
    listed = xmlio.children(params, tag)
    if len(listed) > MOST_VMS:
        raise invalid(tag, f"at most {MOST_VMS} are possible")
    return [element.get("href", "") for element in listed]


def reference(params: Element, tag: str) -> str | None:
    element = xmlio.child(params, tag)
    return None if element is None else element.get("href", "")


def _wish(params: Element, name: str, leases: tuple[int, int] | None) -> CreationWish:
    instantiation = xmlio.child(params, "InstantiationParams")
    networks = lease_section = None
    if instantiation is not None:
        networks = xmlio.child(instantiation, "NetworkConfigSection")
        lease_section = xmlio.child(instantiation, "LeaseSettingsSection")
    items = xmlio.children(params, "SourcedItem") + xmlio.children(params, "SourcedVmInstantiationParams")
    fresh = xmlio.children(params, "CreateItem")
    if len(items) + len(fresh) > MOST_VMS:
        raise invalid("SourcedItem", f"at most {MOST_VMS} are possible")
    return CreationWish(
        name,
        xmlio.text_of(params, "Description") or "",
        xmlio.boolean(params.get("deploy"), "deploy", default=True),
        xmlio.boolean(params.get("powerOn"), "powerOn", default=True),
        None if networks is None else sections.networks(networks),
        None if lease_section is None else sections.leases(lease_section, leases or (0, 0)),
        [_item(element) for element in items],
        [_fresh(element) for element in fresh],
    )


def _item(element: Element) -> ItemWish:
    general = xmlio.child(element, "VmGeneralParams")
    name = description = None
    if general is not None:
        name = xmlio.text_of(general, "Name")
        description = xmlio.text_of(general, "Description")
    own = xmlio.child(element, "Source")
    # Older clients name the new VM by the reference itself.
    name = name or (None if own is None else own.get("name"))
    if name is not None and (not name.strip() or len(name) > xmlio.NAME_LIMIT):
        raise invalid("Name", f"1 to {xmlio.NAME_LIMIT} characters are expected")
    return ItemWish(
        source(element),
        xmlio.boolean(element.get("sourceDelete"), "sourceDelete", default=False),
        _changes(element, name, description),
        tuple(
            (one.get("innerNetwork", ""), one.get("containerNetwork", ""))
            for one in xmlio.children(element, "NetworkAssignment")
        ),
        reference(element, "StorageProfile"),
    )


def _changes(element: Element, name: str | None, description: str | None) -> VmChanges:
    params = xmlio.child(element, "InstantiationParams")
    if params is None:
        return VmChanges(name=name, description=description)
    machinery = params.find(f"{{{OVF}}}VirtualHardwareSection")
    found = {} if machinery is None else hardware.section(machinery)
    connections = params.find(V + "NetworkConnectionSection")
    if connections is not None:
        found["cabling"] = cards.connections(connections)
    customization = params.find(V + "GuestCustomizationSection")
    if customization is not None:
        found["guest"] = guests.customization(customization)
    return VmChanges(name=name, description=description, **found)


def _fresh(element: Element) -> VmChanges:
    xmlio.name_of(element)
    return vms.whole(element)
