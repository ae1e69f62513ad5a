"""Sections of a vApp as clients send them (reference, section 3.2)."""

from __future__ import annotations

from typing import NamedTuple

from gatepost.core.inventory import AccessLevel, IpScope, StartupItem
from gatepost.vcloud import xmlio
from gatepost.vcloud.names import OVF
from gatepost.vcloud.xmlio import Element, invalid

FENCE_MODES = ("bridged", "isolated", "natRouted")
MOST_NETWORKS, MOST_RANGES, MOST_SUBJECTS = 100, 100, 1_000

_OVF = f"{{{OVF}}}"
_LONGEST_LEASE = 2**31 - 1
_START_ACTIONS, _STOP_ACTIONS = ("powerOn", "none"), ("powerOff", "guestShutdown", "none")


class NetworkWish(NamedTuple):
    """A network as a client wants it; `parent` is the href of an organization's network."""

    name: str
    description: str
    scopes: tuple[IpScope, ...]
    fence_mode: str
    parent: str | None
    keeps_addresses: bool


class SharingWish(NamedTuple):
    """`users` are hrefs with what each may do."""

    everyone: AccessLevel | None
    users: list[tuple[str, AccessLevel]]


def networks(section: Element) -> list[NetworkWish]:
    """A NetworkConfigSection. The network `none`, which servers list where there is no other, is left out."""
    listed = [element for element in xmlio.children(section, "NetworkConfig") if element.get("networkName") != "none"]
    if len(listed) > MOST_NETWORKS:
        raise invalid("NetworkConfig", f"at most {MOST_NETWORKS} networks are possible")
    wishes = [_network(element) for element in listed]
    if len({wish.name for wish in wishes}) < len(wishes):
        raise invalid("networkName", "each network needs a name of its own")
    return wishes


def _network(element: Element) -> NetworkWish:
    name = element.get("networkName", "")
    if not name.strip() or len(name) > xmlio.NAME_LIMIT:
        raise invalid("networkName", f"1 to {xmlio.NAME_LIMIT} characters are expected")
    configuration = xmlio.child(element, "Configuration")
    if configuration is None:
        raise invalid("Configuration", "the element is required")
    fence_mode = (xmlio.text_of(configuration, "FenceMode") or "").strip()
    if fence_mode not in FENCE_MODES:
        raise invalid("FenceMode", f"one of {', '.join(FENCE_MODES)} is expected")
    parent = xmlio.child(configuration, "ParentNetwork")
    if fence_mode == "bridged" and parent is None:
        raise invalid("ParentNetwork", "a bridged network needs one")
    listed = xmlio.child(configuration, "IpScopes")
    scopes = xmlio.children(configuration if listed is None else listed, "IpScope")
    keeps = xmlio.text_of(configuration, "RetainNetInfoAcrossDeployments")
    return NetworkWish(
        name,
        xmlio.text_of(element, "Description") or "",
        tuple(_scope(scope) for scope in scopes[:MOST_RANGES]),
        fence_mode,
        None if parent is None else parent.get("href", ""),
        xmlio.boolean(keeps, "RetainNetInfoAcrossDeployments", default=False),
    )


def _scope(element: Element) -> IpScope:
    def address(name: str) -> str:
        return xmlio.ip_address(xmlio.text_of(element, name), name) or ""

    listed = xmlio.child(element, "IpRanges")
    ranges = [] if listed is None else xmlio.children(listed, "IpRange")
    if len(ranges) > MOST_RANGES:
        raise invalid("IpRange", f"at most {MOST_RANGES} ranges are possible")
    return IpScope(
        address("Gateway"),
        address("Netmask"),
        address("Dns1"),
        address("Dns2"),
        xmlio.text_of(element, "DnsSuffix", xmlio.NAME_LIMIT) or "",
        tuple(_range(one) for one in ranges),
        xmlio.boolean(xmlio.text_of(element, "IsInherited"), "IsInherited", default=False),
    )


def _range(element: Element) -> tuple[str, str]:
    first = xmlio.ip_address(xmlio.text_of(element, "StartAddress"), "StartAddress")
    last = xmlio.ip_address(xmlio.text_of(element, "EndAddress"), "EndAddress")
    if first is None or last is None:
        raise invalid("IpRange", "StartAddress and EndAddress are required")
    return first, last


def leases(section: Element, otherwise: tuple[int, int]) -> tuple[int, int]:
    """Seconds of deployment and of storage; what the section does not name stays as it is."""
    deployment, storage = otherwise
    return (
        _seconds(section, "DeploymentLeaseInSeconds", deployment),
        _seconds(section, "StorageLeaseInSeconds", storage),
    )


def _seconds(section: Element, name: str, otherwise: int) -> int:
    seconds = lease_seconds(xmlio.text_of(section, name), name)
    return otherwise if seconds is None else seconds


def lease_seconds(text: str | None, name: str) -> int | None:
    """None where nothing is said. Raises Malformed."""
    if text is None:
        return None
    seconds = xmlio.long(text, name)
    if not 0 <= seconds <= _LONGEST_LEASE:
        raise invalid(name, f"0 to {_LONGEST_LEASE} seconds are expected, 0 for a lease without end")
    return seconds


def startup(section: Element) -> dict[str, StartupItem]:
    """By the names of VMs; who does not exist is sorted out later."""
    return {item.get(_OVF + "id", ""): _startup_item(item) for item in section.iterchildren(_OVF + "Item")}


def _startup_item(item: Element) -> StartupItem:
    def number(name: str) -> int:
        value = xmlio.long(item.get(_OVF + name, "0"), name)
        if not 0 <= value < 65_536:
            raise invalid(name, "0 to 65535 is expected")
        return value

    def action(name: str, known: tuple[str, ...]) -> str:
        text = item.get(_OVF + name, known[0])
        if text not in known:
            raise invalid(name, f"one of {', '.join(known)} is expected")
        return text

    return StartupItem(
        number("order"),
        action("startAction", _START_ACTIONS),
        number("startDelay"),
        action("stopAction", _STOP_ACTIONS),
        number("stopDelay"),
    )


def sharing(params: Element) -> SharingWish:
    """ControlAccessParams."""
    text = xmlio.text_of(params, "IsSharedToEveryone")
    if text is None:
        raise invalid("IsSharedToEveryone", "the element is required")
    everyone = None
    if xmlio.boolean(text, "IsSharedToEveryone", default=False):
        level = xmlio.text_of(params, "EveryoneAccessLevel")
        everyone = AccessLevel.READ_ONLY if level is None else _level(level, "EveryoneAccessLevel")
    listed = xmlio.child(params, "AccessSettings")
    settings = [] if listed is None else xmlio.children(listed, "AccessSetting")
    if len(settings) > MOST_SUBJECTS:
        raise invalid("AccessSetting", f"at most {MOST_SUBJECTS} are possible")
    return SharingWish(everyone, [_setting(one) for one in settings])


def _setting(setting: Element) -> tuple[str, AccessLevel]:
    subject = xmlio.child(setting, "Subject")
    if subject is None:
        raise invalid("Subject", "the element is required")
    return subject.get("href", ""), _level(xmlio.text_of(setting, "AccessLevel") or "", "AccessLevel")


def _level(text: str, field: str) -> AccessLevel:
    try:
        return AccessLevel(text.strip())
    except ValueError:
        raise invalid(field, f"one of {', '.join(level.value for level in AccessLevel)} is expected") from None
