"""Networks: those of an organization, and those within a vApp."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, ClassVar

from gatepost.core.events import EntityRef
from gatepost.core.inventory.tenants import Organization

if TYPE_CHECKING:
    from gatepost.core.inventory.machines import VApp


@dataclass(frozen=True, slots=True)
class IpScope:
    """The addresses of a network; `ranges` are first and last address of the pools to take from."""

    gateway: str
    netmask: str
    dns1: str = ""
    dns2: str = ""
    dns_suffix: str = ""
    ranges: tuple[tuple[str, str], ...] = ()
    inherited: bool = False

    def holds(self, address: str) -> bool:
        """Whether the address is one of the pools'."""
        number = int(ip_address(address))
        return any(int(ip_address(first)) <= number <= int(ip_address(last)) for first, last in self.ranges)


_NOWHERE = IpScope("", "")


class Addresses:
    """Which addresses of a network are taken."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._free: list[str] = []
        self._drawn: dict[tuple[str, str], int] = {}

    def draw(self, scope: IpScope) -> str | None:
        """Take one from the pools; None when they are used up."""
        while self._free:
            if self.claim(address := self._free.pop()):
                return address
        for pool in scope.ranges:
            first, last = map(ip_address, pool)
            for number in range(self._drawn.get(pool, 0), int(last) - int(first) + 1):
                self._drawn[pool] = number + 1
                if self.claim(address := str(first + number)):
                    return address
        return None

    def claim(self, address: str) -> bool:
        """Take this very one; False when somebody has it."""
        if address in self._taken:
            return False
        self._taken.add(address)
        return True

    def is_taken(self, address: str) -> bool:
        return address in self._taken

    def give_back(self, address: str, scope: IpScope) -> None:
        if address in self._taken:
            self._taken.remove(address)
            if scope.holds(address):
                self._free.append(address)


@dataclass(slots=True, eq=False)
class Network:
    """A network of an organization's datacenters."""

    kind: ClassVar[str] = "network"
    id: str
    name: str
    org: Organization
    scope: IpScope
    description: str = ""
    fence_mode: str = "isolated"
    addresses: Addresses = field(default_factory=Addresses)

    @property
    def ref(self) -> EntityRef:
        return EntityRef("network", self.id, self.name)


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """How a vApp or template has a network: one of its own, or bridged or routed to `parent`."""

    name: str
    scopes: tuple[IpScope, ...] = ()
    fence_mode: str = "isolated"
    parent: Network | None = None
    description: str = ""
    keeps_addresses: bool = False
    """Across deployments."""


@dataclass(slots=True, eq=False)
class VAppNetwork:
    """A network in a vApp."""

    kind: ClassVar[str] = "network"
    id: str
    vapp: VApp
    config: NetworkConfig
    addresses: Addresses = field(default_factory=Addresses)

    @property
    def name(self) -> str:
        return self.config.name

    @property
    def fence_mode(self) -> str:
        return self.config.fence_mode

    @property
    def parent(self) -> Network | None:
        return self.config.parent

    @property
    def scope(self) -> IpScope:
        """The one that addresses are drawn from."""
        return self.config.scopes[0] if self.config.scopes else _NOWHERE

    @property
    def org(self) -> Organization:
        return self.vapp.org

    @property
    def ref(self) -> EntityRef:
        return EntityRef("network", self.id, self.name)


@dataclass(slots=True, eq=False)
class Nic:
    """A network card; `network` is the name of a network in its vApp, or `none`."""

    index: int
    network: str
    mac: str
    ip: str | None = None
    mode: str = "POOL"
    connected: bool = True
    adapter: str = "VMXNET3"


@dataclass(slots=True, eq=False)
class Nics:
    """A machine's network cards; the one at index `primary` carries the default route."""

    cards: list[Nic] = field(default_factory=list)
    primary: int = 0
