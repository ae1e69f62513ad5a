"""A VM as clients send it: to `reconfigureVm` whole, to PUT for its name (reference, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gatepost.core.workflows import VmChanges
from gatepost.vcloud import xmlio
from gatepost.vcloud.names import OVF, V
from gatepost.vcloud.read import guests, hardware, networks
from gatepost.vcloud.xmlio import Element


def naming(document: Element) -> VmChanges:
    """Name and description of the Vm, and nothing else."""
    name = xmlio.name_of(document) if document.get("name") is not None else None
    return VmChanges(name=name, description=xmlio.text_of(document, "Description"))


def whole(document: Element) -> VmChanges:
    """All that the Vm names and that can be changed. Where two sections say it, NetworkConnectionSection wins over the
    network cards of the hardware, and VmSpecSection, when it calls itself modified, over everything.
    """
    section = document.find(f"{{{OVF}}}VirtualHardwareSection")
    found = {} if section is None else hardware.section(section)
    for tag, name, read in _SECTIONS:
        element = next(document.iterchildren(tag), None)
        if element is not None:
            found[name] = read(element)
    spec = xmlio.child(document, "VmSpecSection")
    if spec is not None and xmlio.boolean(spec.get("Modified"), "Modified", default=False):
        found |= hardware.spec(spec)
        if word := xmlio.text_of(spec, "OsType"):
            found["system"] = guests.system_by_word(word, "OsType")
    return replace(naming(document), **found)


def profile_href(document: Element) -> str | None:
    """The reference to a storage profile, where the Vm has one."""
    reference = xmlio.child(document, "StorageProfile")
    return None if reference is None else reference.get("href", "")


_SECTIONS: tuple[tuple[str, str, Callable[[Element], Any]], ...] = (
    (f"{{{OVF}}}OperatingSystemSection", "system", guests.operating_system),
    (V + "NetworkConnectionSection", "cabling", networks.connections),
    (V + "GuestCustomizationSection", "guest", guests.customization),
    (V + "VmCapabilities", "hot_add", guests.hot_add),
    (V + "BootOptions", "boot", guests.boot_options),
)
