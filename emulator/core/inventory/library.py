"""What machines are made from and filled with: catalogs, templates, media, independent disks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from gatepost.core.events import EntityRef
from gatepost.core.inventory.guests import GuestCustomization
from gatepost.core.inventory.leases import Leases
from gatepost.core.inventory.machines import Hardware, MetadataKey, Metadatum, Status, Vm
from gatepost.core.inventory.networks import NetworkConfig
from gatepost.core.inventory.sharing import Sharing
from gatepost.core.inventory.tenants import Organization, StorageProfile, User, Vdc
from gatepost.core.inventory.uploads import Upload

if TYPE_CHECKING:
    from gatepost.core.entities import Entity
    from gatepost.core.tasks import Task


@dataclass(slots=True, eq=False)
class Catalog:
    kind: ClassVar[str] = "catalog"
    id: str
    name: str
    org: Organization
    owner: User
    created: float
    description: str = ""
    published: bool = False
    sharing: Sharing = field(default_factory=Sharing)
    items: dict[str, CatalogItem] = field(default_factory=dict)
    metadata: dict[MetadataKey, Metadatum] = field(default_factory=dict)
    busy: Task | None = None
    failed_tasks: tuple[Task, ...] = ()

    @property
    def ref(self) -> EntityRef:
        return EntityRef("catalog", self.id, self.name)

    def neighbours(self) -> Iterable[Entity]:
        return ()

    def spoil(self) -> None:
        """It has no state; its task tells."""


@dataclass(slots=True, eq=False)
class CatalogItem:
    kind: ClassVar[str] = "catalogitem"
    id: str
    name: str
    catalog: Catalog
    entity: VAppTemplate | Media
    created: float
    description: str = ""
    metadata: dict[MetadataKey, Metadatum] = field(default_factory=dict)
    busy: Task | None = None
    failed_tasks: tuple[Task, ...] = ()

    @property
    def org(self) -> Organization:
        return self.catalog.org

    @property
    def ref(self) -> EntityRef:
        return EntityRef("catalogitem", self.id, self.name)

    def neighbours(self) -> Iterable[Entity]:
        return ()


@dataclass(slots=True, eq=False)
class TemplateVm:
    kind: ClassVar[str] = "vm"
    id: str
    name: str
    template: VAppTemplate
    hardware: Hardware = field(default_factory=Hardware)
    guest: GuestCustomization = field(default_factory=GuestCustomization)

    @property
    def org(self) -> Organization:
        return self.template.org


@dataclass(slots=True, eq=False)
class VAppTemplate:
    kind: ClassVar[str] = "vapptemplate"
    id: str
    name: str
    vdc: Vdc
    owner: User
    created: float
    description: str = ""
    status: Status = Status.UNRESOLVED
    gold_master: bool = False
    vms: list[TemplateVm] = field(default_factory=list)
    networks: tuple[NetworkConfig, ...] = ()
    item: CatalogItem | None = None
    upload: Upload | None = None
    described: bool = True
    """Whether its OVF descriptor is there."""
    downloadable: bool = False
    customized: bool = True
    """Whether what is made from it is customized to its new place."""
    leases: Leases = field(default_factory=lambda: Leases.of(0, 0))
    metadata: dict[MetadataKey, Metadatum] = field(default_factory=dict)
    busy: Task | None = None
    failed_tasks: tuple[Task, ...] = ()

    @property
    def org(self) -> Organization:
        return self.vdc.org

    @property
    def ref(self) -> EntityRef:
        return EntityRef("vapptemplate", self.id, self.name)

    def neighbours(self) -> Iterable[Entity]:
        return ()

    def spoil(self) -> None:
        if self.status is Status.UNRESOLVED:
            self.status = Status.FAILED_CREATION


@dataclass(slots=True, eq=False)
class Media:
    """An image for a VM's drive; `image_type` is `iso` or `floppy`, `size` bytes."""

    kind: ClassVar[str] = "media"
    id: str
    name: str
    vdc: Vdc
    owner: User
    created: float
    size: int
    image_type: str = "iso"
    description: str = ""
    status: Status = Status.UNRESOLVED
    item: CatalogItem | None = None
    upload: Upload | None = None
    inserted_in: dict[str, Vm] = field(default_factory=dict)
    metadata: dict[MetadataKey, Metadatum] = field(default_factory=dict)
    busy: Task | None = None
    failed_tasks: tuple[Task, ...] = ()

    @property
    def org(self) -> Organization:
        return self.vdc.org

    @property
    def ref(self) -> EntityRef:
        return EntityRef("media", self.id, self.name)

    def neighbours(self) -> Iterable[Entity]:
        return ()

    def spoil(self) -> None:
        if self.status is Status.UNRESOLVED:
            self.status = Status.FAILED_CREATION


@dataclass(slots=True, eq=False)
class Disk:
    """An independent disk of `size` bytes, attached to at most one VM."""

    kind: ClassVar[str] = "disk"
    id: str
    name: str
    vdc: Vdc
    owner: User
    size: int
    storage_profile: StorageProfile
    bus_type: str = "6"
    bus_sub_type: str = "lsilogic"
    description: str = ""
    status: Status = Status.UNRESOLVED
    attached_to: Vm | None = None
    metadata: dict[MetadataKey, Metadatum] = field(default_factory=dict)
    busy: Task | None = None
    failed_tasks: tuple[Task, ...] = ()

    @property
    def org(self) -> Organization:
        return self.vdc.org

    @property
    def ref(self) -> EntityRef:
        return EntityRef("disk", self.id, self.name)

    def neighbours(self) -> Iterable[Entity]:
        return ()

    def spoil(self) -> None:
        self.status = Status.FAILED_CREATION
