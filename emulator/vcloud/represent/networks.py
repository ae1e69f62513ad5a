"""Networks: an organization's, a vApp's, and how a vApp has them (reference, sections 2.2 and 3.4)."""

from __future__ import annotations

from collections.abc import Sequence

from gatepost.core.inventory import IpScope, Network, NetworkConfig, VAppNetwork
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import OVF, USER_VIEW, V, admin_type, vcloud_type
from gatepost.vcloud.represent.links import link
from gatepost.vcloud.xmlio import Element, root, sub

O_ = f"{{{OVF}}}"


def org_network(call: Call, network: Network) -> Element:
    href = call.entity_href("network", network.id)
    element = _org_network(network, vcloud_type("orgNetwork"), href)
    link(element, "up", call.entity_href("org", network.org.id), vcloud_type("org"))
    if call.user.administers(network.org):
        link(element, "alternate", call.href(f"/api/admin/network/{network.id}"), admin_type("network"))
    _org_content(call, element, network)
    return element


def admin_network(call: Call, network: Network) -> Element:
    element = _org_network(network, admin_type("network"), call.href(f"/api/admin/network/{network.id}"))
    link(element, "up", call.href(f"/api/admin/org/{network.org.id}"), admin_type("organization"))
    link(element, "alternate", call.entity_href("network", network.id), vcloud_type("orgNetwork"))
    _org_content(call, element, network)
    return element


def _org_network(network: Network, media_type: str, href: str) -> Element:
    id = f"urn:vcloud:network:{network.id}"
    return root(V + "OrgNetwork", USER_VIEW, name=network.name, id=id, type=media_type, href=href)


def _org_content(call: Call, element: Element, network: Network) -> None:
    sub(element, V + "Description", network.description)
    _configuration(call, element, [network.scope], network.fence_mode, None, keeps_addresses=False)


def vapp_network(call: Call, network: VAppNetwork) -> Element:
    element = root(
        V + "VAppNetwork",
        USER_VIEW,
        deployed="true" if network.vapp.deployed else "false",
        name=network.name,
        id=f"urn:vcloud:network:{network.id}",
        type=vcloud_type("vAppNetwork"),
        href=call.entity_href("network", network.id),
    )
    link(element, "up", call.entity_href("vapp", network.vapp.id), vcloud_type("vApp"))
    config = network.config
    sub(element, V + "Description", config.description)
    _configuration(call, element, config.scopes, config.fence_mode, config.parent, config.keeps_addresses)
    return element


def fill_config_section(
    call: Call, section: Element, networks: Sequence[NetworkConfig], deployed: bool, edit: str | None
) -> None:
    """The content of a NetworkConfigSection; `edit` is where it can be changed, None where it cannot."""
    sub(section, O_ + "Info", "The configuration parameters for logical networks")
    if edit is not None:
        link(section, "edit", edit, vcloud_type("networkConfigSection"))
    for config in networks:
        element = sub(section, V + "NetworkConfig", networkName=config.name)
        sub(element, V + "Description", config.description)
        _configuration(call, element, config.scopes, config.fence_mode, config.parent, config.keeps_addresses)
        sub(element, V + "IsDeployed", "true" if deployed else "false")


def fill_network_section(section: Element, networks: Sequence[NetworkConfig]) -> None:
    """The content of an OVF NetworkSection."""
    sub(section, O_ + "Info", "The list of logical networks")
    for config in networks:
        element = sub(section, O_ + "Network")
        element.set(O_ + "name", config.name)
        sub(element, O_ + "Description", config.description)


def _configuration(
    call: Call, parent: Element, scopes: Sequence[IpScope], fence_mode: str, up: Network | None, keeps_addresses: bool
) -> None:
    element = sub(parent, V + "Configuration")
    if call.traits.ip_scopes and scopes:
        listed = sub(element, V + "IpScopes")
        for scope in scopes:
            _scope(call, listed, scope)
    elif scopes:
        _scope(call, element, scopes[0])
    if up is not None:
        href = call.entity_href("network", up.id)
        sub(element, V + "ParentNetwork", type=vcloud_type("network"), name=up.name, href=href)
    sub(element, V + "FenceMode", fence_mode)
    sub(element, V + "RetainNetInfoAcrossDeployments", "true" if keeps_addresses else "false")


def _scope(call: Call, parent: Element, scope: IpScope) -> None:
    element = sub(parent, V + "IpScope")
    sub(element, V + "IsInherited", "true" if scope.inherited else "false")
    texts = (("Gateway", scope.gateway), ("Netmask", scope.netmask), ("Dns1", scope.dns1), ("Dns2", scope.dns2))
    for name, text in (*texts, ("DnsSuffix", scope.dns_suffix)):
        if text:
            sub(element, V + name, text)
    if call.traits.ip_scopes:
        sub(element, V + "IsEnabled", "true")
    if scope.ranges:
        ranges = sub(element, V + "IpRanges")
        for first, last in scope.ranges:
            pair = sub(ranges, V + "IpRange")
            sub(pair, V + "StartAddress", first)
            sub(pair, V + "EndAddress", last)
