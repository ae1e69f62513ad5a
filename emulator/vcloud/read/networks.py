"""Network connections as clients send them (reference, section 3.2)."""

from __future__ import annotations

from gatepost.core.workflows import Cabling, NicWish
from gatepost.vcloud import xmlio
from gatepost.vcloud.xmlio import Element, invalid

MODES = ("POOL", "DHCP", "MANUAL", "NONE")
ADAPTERS = ("VLANCE", "E1000", "E1000E", "VMXNET", "VMXNET2", "VMXNET3", "FLEXIBLE")
MOST_CARDS = 10


def connections(section: Element) -> Cabling:
    """A NetworkConnectionSection. Cards that it does not name go."""
    primary = xmlio.text_of(section, "PrimaryNetworkConnectionIndex")
    listed = xmlio.children(section, "NetworkConnection")
    if len(listed) > MOST_CARDS:
        raise invalid("NetworkConnection", f"at most {MOST_CARDS} network cards are possible")
    cards = tuple(map(_connection, listed))
    return Cabling(cards, _index(primary, "PrimaryNetworkConnectionIndex") if primary and cards else None)


def mode(text: str, field: str) -> str:
    """How a card gets its address. Raises Malformed."""
    if text not in MODES:
        raise invalid(field, f"one of {', '.join(MODES)} is expected")
    return text


def adapter(text: str | None, field: str) -> str | None:
    """The type of a card; None where nothing is said. Raises Malformed."""
    if not text:
        return None
    if text.upper() not in ADAPTERS:
        raise invalid(field, f"one of {', '.join(ADAPTERS)} is expected")
    return text.upper()


def _connection(element: Element) -> NicWish:
    network = element.get("network", "")
    if not network.strip() or len(network) > xmlio.NAME_LIMIT:
        raise invalid("network", "the name of a network of the vApp is required")
    return NicWish(
        index=_index(xmlio.text_of(element, "NetworkConnectionIndex") or "", "NetworkConnectionIndex"),
        network=network,
        mode=mode((xmlio.text_of(element, "IpAddressAllocationMode") or "NONE").strip(), "IpAddressAllocationMode"),
        ip=xmlio.ip_address(xmlio.text_of(element, "IpAddress"), "IpAddress"),
        connected=xmlio.boolean(xmlio.text_of(element, "IsConnected"), "IsConnected", default=True),
        adapter=adapter(xmlio.text_of(element, "NetworkAdapterType"), "NetworkAdapterType"),
    )


def _index(text: str, field: str) -> int:
    index = xmlio.long(text, field)
    if index not in range(MOST_CARDS):
        raise invalid(field, f"0 to {MOST_CARDS - 1} is expected")
    return index
