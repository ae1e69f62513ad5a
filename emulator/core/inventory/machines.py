"""vApps and VMs, with all that the API shows of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

from gatepost.core.events import EntityRef
from gatepost.core.inventory.guests import (
    OTHER_LINUX,
    BootOptions,
    GuestCustomization,
    GuestSystem,
    HotAdd,
    ProductSection,
)
from gatepost.core.inventory.leases import Leases
from gatepost.core.inventory.networks import Nics, VAppNetwork
from gatepost.core.inventory.sections import StartupItem
from gatepost.core.inventory.sharing import Sharing
from gatepost.core.inventory.tenants import Organization, StorageProfile, User, Vdc

if TYPE_CHECKING:
    from gatepost.core.entities import Entity
    from gatepost.core.inventory.library import Disk, Media
    from gatepost.core.tasks import Task


class Status(IntEnum):
    """`status` of vApps, VMs, templates and media (vCloud API reference, section 3.4)."""

    FAILED_CREATION = -1
    UNRESOLVED = 0
    RESOLVED = 1
    SUSPENDED = 3
    POWERED_ON = 4
    POWERED_OFF = 8
    TRANSFER_TIMEOUT = 17


@dataclass(slots=True, eq=False)
class HardDisk:
    """A disk of a VM: its own, or an independent one that is attached. `unit` counts at the controller of its kind."""

    instance: int
    size_mb: int
    unit: int
    bus_type: str = "6"
    bus_sub_type: str = "lsilogic"
    independent: Disk | None = None


@dataclass(slots=True, eq=False)
class Hardware:
    """What a VM is made of."""

    cpus: int = 1
    cores_per_socket: int = 1
    memory_mb: int = 1024
    version: str = "vmx-08"
    guest_os: GuestSystem = OTHER_LINUX
    disks: list[HardDisk] = field(default_factory=list)
    nics: Nics = field(default_factory=Nics)

    def copy(self) -> Hardware:
        """The same for another machine, without independent disks. Its network cards need new MAC addresses."""
        disks = [replace(disk) for disk in self.disks if disk.independent is None]
        nics = Nics([replace(nic, ip=None) for nic in self.nics.cards], self.nics.primary)
        return replace(self, disks=disks, nics=nics)


@dataclass(slots=True, eq=False)
class Metadatum:
    """One entry of an object's metadata: the value as text, its XSD type, and who may see and change it."""

    value: str
    type: str = "MetadataStringValue"
    visibility: str = "READWRITE"


MetadataKey = tuple[str, str]
"""Domain (`GENERAL` or `SYSTEM`) and key."""


@dataclass(slots=True, eq=False)
class Snapshot:
    """The one snapshot that a VM can have, with the state that a revert brings back.

    `powered_on` tells whether the VM ran; without its memory a revert leaves it off all the same.
    """

    created: float
    hardware: Hardware
    status: Status
    deployed: bool
    powered_on: bool


@dataclass(slots=True, eq=False)
class VApp:
    kind: ClassVar[str] = "vapp"
    id: str
    name: str
    vdc: Vdc
    owner: User
    created: float
    description: str = ""
    status: Status = Status.UNRESOLVED
    deployed: bool = False
    vms: list[Vm] = field(default_factory=list)
    networks: list[VAppNetwork] = field(default_factory=list)
    startup: dict[str, StartupItem] = field(default_factory=dict)
    """By the names of the VMs; one that is not in it starts as all do by default."""
    products: tuple[ProductSection, ...] = ()
    leases: Leases = field(default_factory=lambda: Leases.of(0, 0))
    sharing: Sharing = field(default_factory=Sharing)
    maintenance: bool = False
    metadata: dict[MetadataKey, Metadatum] = field(default_factory=dict)
    busy: Task | None = None
    failed_tasks: tuple[Task, ...] = ()

    @property
    def org(self) -> Organization:
        return self.vdc.org

    @property
    def ref(self) -> EntityRef:
        return EntityRef("vapp", self.id, self.name)

    def neighbours(self) -> Iterable[Entity]:
        return self.vms

    def spoil(self) -> None:
        self.status = Status.FAILED_CREATION


@dataclass(slots=True, eq=False)
class Vm:
    kind: ClassVar[str] = "vm"
    id: str
    name: str
    vapp: VApp
    created: float
    description: str = ""
    status: Status = Status.UNRESOLVED
    deployed: bool = False
    hardware: Hardware = field(default_factory=Hardware)
    guest: GuestCustomization = field(default_factory=GuestCustomization)
    needs_customization: bool = False
    hot_add: HotAdd = field(default_factory=HotAdd)
    boot: BootOptions = field(default_factory=BootOptions)
    profile: StorageProfile | None = None
    products: tuple[ProductSection, ...] = ()
    drives: dict[str, Media] = field(default_factory=dict)
    """What is inserted, by the media's `image_type`: one of each kind at a time."""
    snapshot: Snapshot | None = None
    metadata: dict[MetadataKey, Metadatum] = field(default_factory=dict)
    busy: Task | None = None
    failed_tasks: tuple[Task, ...] = ()

    @property
    def org(self) -> Organization:
        return self.vapp.vdc.org

    @property
    def storage_profile(self) -> StorageProfile:
        return self.profile or self.vapp.vdc.storage_profile

    @property
    def ref(self) -> EntityRef:
        return EntityRef("vm", self.id, self.name)

    def neighbours(self) -> Iterable[Entity]:
        return (self.vapp,)

    def spoil(self) -> None:
        self.status = Status.FAILED_CREATION


Machine = VApp | Vm


def machines_of(entity: Machine) -> Iterable[Vm]:
    """The VMs that an operation on `entity` touches."""
    return entity.vms if isinstance(entity, VApp) else (entity,)
