"""Sections about the guest as clients send them (reference, section 3.2)."""

from __future__ import annotations

import re
from typing import Any

from gatepost.core.inventory import GUEST_SYSTEMS, GuestSystem, ProductProperty, ProductSection
from gatepost.vcloud import xmlio
from gatepost.vcloud.names import OVF, VMW
from gatepost.vcloud.represent.guests import GUEST_FIELDS
from gatepost.vcloud.xmlio import Element, invalid

LONGEST_DELAY_MS = 10_000
MOST_PRODUCTS, MOST_PROPERTIES = 20, 100

_COMPUTER_NAME = re.compile(r"(?![0-9]+$)[A-Za-z0-9-]{1,63}")


def customization(section: Element) -> dict[str, Any]:
    """Fields of GuestCustomization; what the section does not name stays as it is."""
    found: dict[str, Any] = {}
    for field in GUEST_FIELDS:
        text = xmlio.text_of(section, field.tag) if field.name else None
        if text is None:
            continue
        if field.type is bool:
            found[field.name] = xmlio.boolean(text, field.tag, default=False)
        elif field.type is int:
            count = xmlio.long(text, field.tag)
            if not 0 <= count <= 100:
                raise invalid(field.tag, "0 to 100 is expected")
            found[field.name] = count
        else:
            found[field.name] = text
    name = found.get("computer_name")
    if name and _COMPUTER_NAME.fullmatch(name) is None:
        raise invalid("ComputerName", "1 to 63 letters, digits and hyphens are expected, not digits alone")
    return found


def operating_system(section: Element) -> GuestSystem:
    """By its vSphere word, or else by its name. Raises Malformed for one that no VM can run."""
    word = section.get(f"{{{VMW}}}osType")
    if word is not None:
        return system_by_word(word, "osType")
    name = "".join((section.findtext(f"{{{OVF}}}Description") or "").split("\n")).strip()
    for system in GUEST_SYSTEMS:
        if system.name == name:
            return system
    raise invalid("Description", f"{name!r} is no operating system known here; {_known()}")


def system_by_word(word: str, field: str) -> GuestSystem:
    for system in GUEST_SYSTEMS:
        if system.word == word:
            return system
    raise invalid(field, f"{word!r} is no operating system known here; {_known()}")


def hot_add(section: Element) -> dict[str, bool]:
    """VmCapabilities."""
    found = {}
    for tag, name in (("MemoryHotAddEnabled", "memory"), ("CpuHotAddEnabled", "cpu")):
        text = xmlio.text_of(section, tag)
        if text is not None:
            found[name] = xmlio.boolean(text, tag, default=False)
    return found


def boot_options(section: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    delay, enter = xmlio.text_of(section, "BootDelay"), xmlio.text_of(section, "EnterBIOSSetup")
    if delay is not None:
        found["delay_ms"] = xmlio.long(delay, "BootDelay")
        if not 0 <= found["delay_ms"] <= LONGEST_DELAY_MS:
            raise invalid("BootDelay", f"0 to {LONGEST_DELAY_MS} milliseconds are expected")
    if enter is not None:
        found["enter_bios"] = xmlio.boolean(enter, "EnterBIOSSetup", default=False)
    return found


def products(document: Element) -> tuple[ProductSection, ...]:
    """A ProductSectionList."""
    listed = list(document.iterchildren(f"{{{OVF}}}ProductSection"))
    if len(listed) > MOST_PRODUCTS:
        raise invalid("ProductSection", f"at most {MOST_PRODUCTS} are possible")
    return tuple(map(_product, listed))


def _product(section: Element) -> ProductSection:
    listed = list(section.iterchildren(f"{{{OVF}}}Property"))
    if len(listed) > MOST_PROPERTIES:
        raise invalid("Property", f"at most {MOST_PROPERTIES} are possible")
    return ProductSection(
        info=_text(section, "Info"),
        product=_text(section, "Product"),
        vendor=_text(section, "Vendor"),
        version=_text(section, "Version"),
        full_version=_text(section, "FullVersion"),
        properties=tuple(map(_property, listed)),
    )


def _property(entry: Element) -> ProductProperty:
    own = f"{{{OVF}}}"
    key = entry.get(own + "key", "")
    if not key.strip() or len(key) > xmlio.NAME_LIMIT:
        raise invalid("key", f"1 to {xmlio.NAME_LIMIT} characters are expected")
    return ProductProperty(
        key=key,
        value=_limited(entry.get(own + "value", ""), "value"),
        type=_limited(entry.get(own + "type", "string"), "type"),
        user_configurable=xmlio.boolean(entry.get(own + "userConfigurable"), "userConfigurable", default=False),
        label=_text(entry, "Label"),
        description=_text(entry, "Description"),
    )


def _text(parent: Element, name: str) -> str:
    element = parent.find(f"{{{OVF}}}{name}")
    return "" if element is None else _limited("".join(element.itertext()), name)


def _limited(text: str, field: str) -> str:
    if len(text) > xmlio.TEXT_LIMIT:
        raise invalid(field, f"more than {xmlio.TEXT_LIMIT} characters")
    return text


def _known() -> str:
    return "one of " + ", ".join(system.word for system in GUEST_SYSTEMS) + " is"
