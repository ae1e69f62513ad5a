"""How a guest is made its own: the sections about its customization, its operating system and its products."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from lxml import etree

from gatepost.core.inventory import GuestCustomization, GuestSystem, ProductSection, Vm
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import OVF, OVF_ENVIRONMENT, VCLOUD, VMW, V, vcloud_type
from gatepost.vcloud.represent.links import link
from gatepost.vcloud.xmlio import Element, sub

GUEST = vcloud_type("guestCustomizationSection")
SYSTEM = vcloud_type("operatingSystemSection")
PRODUCTS = vcloud_type("productSections")

_NO_NAME = re.compile(r"[^A-Za-z0-9-]+")


class GuestField(NamedTuple):
    """An element of GuestCustomizationSection: the field of GuestCustomization behind it, and the trait that it needs.

    One that is `hidden` is taken and never shown.
    """

    tag: str
    name: str
    type: type
    trait: str | None = None
    hidden: bool = False


GUEST_FIELDS = (
    GuestField("Enabled", "enabled", bool),
    GuestField("ChangeSid", "change_sid", bool),
    GuestField("VirtualMachineId", "", str),
    GuestField("JoinDomainEnabled", "join_domain", bool),
    GuestField("UseOrgSettings", "use_org_settings", bool),
    GuestField("DomainName", "domain_name", str),
    GuestField("DomainUserName", "domain_user", str),
    GuestField("DomainUserPassword", "domain_password", str, hidden=True),
    GuestField("MachineObjectOU", "machine_ou", str, "machine_ou"),
    GuestField("AdminPasswordEnabled", "admin_password_enabled", bool),
    GuestField("AdminPasswordAuto", "admin_password_auto", bool),
    GuestField("AdminPassword", "admin_password", str),
    GuestField("AdminAutoLogonEnabled", "auto_logon", bool, "auto_logon"),
    GuestField("AdminAutoLogonCount", "auto_logon_count", int, "auto_logon"),
    GuestField("ResetPasswordRequired", "reset_password", bool),
    GuestField("CustomizationScript", "script", str),
    GuestField("ComputerName", "computer_name", str),
)
"""In the order of the schema."""

ALWAYS_SHOWN = frozenset({"ComputerName"})


def computer_name(guest: GuestCustomization, vm_name: str) -> str:
    """What the guest calls itself: made of the VM's name where nobody chose one."""
    return guest.computer_name or _NO_NAME.sub("-", vm_name)[:63].strip("-") or "vm"


def fill_customization(
    call: Call, element: Element, href: str, vm_id: str, vm_name: str, guest: GuestCustomization, *, can_edit: bool
) -> None:
    sub(element, f"{{{OVF}}}Info", "Specifies Guest OS Customization Settings")
    for field in GUEST_FIELDS:
        if field.hidden or (field.trait is not None and not getattr(call.traits, field.trait)):
            continue
        value: Any = vm_id if field.tag == "VirtualMachineId" else getattr(guest, field.name)
        if field.tag == "ComputerName":
            value = computer_name(guest, vm_name)
        if value != "":
            sub(element, V + field.tag, str(value).lower() if field.type is bool else str(value))
    if can_edit:
        link(element, "edit", href, GUEST)


def fill_system(element: Element, href: str, system: GuestSystem, *, can_edit: bool) -> None:
    sub(element, f"{{{OVF}}}Info", "Specifies the operating system installed")
    sub(element, f"{{{OVF}}}Description", system.name)
    if can_edit:
        link(element, "edit", href, SYSTEM)


def system_attributes(href: str, system: GuestSystem) -> dict[str, str]:
    return {
        f"{{{OVF}}}id": str(system.number),
        V + "href": href,
        V + "type": SYSTEM,
        f"{{{VMW}}}osType": system.word,
    }


def product_section(parent: Element, product: ProductSection) -> None:
    element = sub(parent, f"{{{OVF}}}ProductSection")
    sub(element, f"{{{OVF}}}Info", product.info)
    for tag, text in (
        ("Product", product.product),
        ("Vendor", product.vendor),
        ("Version", product.version),
        ("FullVersion", product.full_version),
    ):
        if text:
            sub(element, f"{{{OVF}}}{tag}", text)
    for one in product.properties:
        own = {
            "key": one.key,
            "type": one.type,
            "userConfigurable": "true" if one.user_configurable else "false",
            "value": one.value,
        }
        entry = sub(element, f"{{{OVF}}}Property", **{f"{{{OVF}}}{name}": value for name, value in own.items()})
        for tag, text in (("Label", one.label), ("Description", one.description)):
            if text:
                sub(entry, f"{{{OVF}}}{tag}", text)


def environment(parent: Element, vm: Vm) -> None:
    """What the guest of a running VM can read of itself."""
    mine = f"{{{OVF_ENVIRONMENT}}}"
    own = {mine + "id": "", V + "vCenterId": f"vm-{vm.id}"}
    element = etree.SubElement(parent, mine + "Environment", own, {"vcloud": VCLOUD})
    platform = sub(element, mine + "PlatformSection")
    for tag, text in (("Kind", "VMware ESXi"), ("Version", "5.5.0"), ("Vendor", "VMware, Inc."), ("Locale", "en")):
        sub(platform, mine + tag, text)
    properties = sub(element, mine + "PropertySection")
    values = {"vCloud_computerName": computer_name(vm.guest, vm.name)}
    for card in vm.hardware.nics.cards:
        values |= {
            f"vCloud_bootproto_{card.index}": "dhcp" if card.mode == "DHCP" else "static",
            f"vCloud_ip_{card.index}": card.ip or "",
            f"vCloud_macaddr_{card.index}": card.mac,
        }
    values |= {one.key: one.value for product in vm.products for one in product.properties}
    for key, value in values.items():
        sub(properties, mine + "Property", **{mine + "key": key, mine + "value": value})
