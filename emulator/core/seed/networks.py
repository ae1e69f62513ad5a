"""Networks in an inventory file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gatepost.core.seed.fields import Address, Name, Part, Reference, Text, carried

FenceMode = Literal["bridged", "isolated", "natRouted"]
Suffix = Annotated[str, Field(max_length=128), AfterValidator(carried)]


class IpRange(Part):
    first: Annotated[Address, Field(min_length=2)]
    last: Annotated[Address, Field(min_length=2)]


class IpScope(Part):
    gateway: Address
    netmask: Address
    dns1: Address = ""
    dns2: Address = ""
    dns_suffix: Suffix = ""
    ranges: list[IpRange] = []
    inherited: bool = False


class Network(Part):
    """A network of an organization; addresses are drawn from `ranges`."""

    name: Name
    description: Text = ""
    fence_mode: FenceMode = "isolated"
    gateway: Address = "192.168.100.1"
    netmask: Address = "255.255.255.0"
    dns1: Address = ""
    dns2: Address = ""
    dns_suffix: Suffix = ""
    ranges: list[IpRange] = [IpRange(first="192.168.100.10", last="192.168.100.250")]
    inherited: bool = False


class VAppNetwork(Part):
    """A network of a vApp or template: one of its own, or bridged or routed to `parent`, a network of the
    organization.
    """

    name: Name
    parent: Reference | None = None
    fence_mode: FenceMode | None = Field(default=None, description="bridged with a parent, else isolated")
    scopes: list[IpScope] | None = Field(default=None, description="the parent's, or none")
    description: Text = ""
    keeps_addresses: bool = False
