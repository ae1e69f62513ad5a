"""Who shares the cloud, and what they were given: organizations, users, datacenters, networks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from gatepost.core.entities import Tenant
from gatepost.core.events import EntityRef

if TYPE_CHECKING:
    from gatepost.core.entities import Entity
    from gatepost.core.inventory.library import Catalog, Disk, Media, VAppTemplate
    from gatepost.core.inventory.machines import MetadataKey, Metadatum, VApp
    from gatepost.core.inventory.networks import Network
    from gatepost.core.tasks import Task


class Role(StrEnum):
    """The predefined roles that decide who may call what."""

    SYSTEM_ADMINISTRATOR = "System Administrator"
    ORGANIZATION_ADMINISTRATOR = "Organization Administrator"
    VAPP_USER = "vApp User"


@dataclass(slots=True, eq=False)
class Organization:
    kind: ClassVar[str] = "org"
    id: str
    name: str
    full_name: str
    is_system: bool = False
    vdcs: dict[str, Vdc] = field(default_factory=dict)
    catalogs: dict[str, Catalog] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    metadata: dict[MetadataKey, Metadatum] = field(default_factory=dict)
    busy: Task | None = None
    failed_tasks: tuple[Task, ...] = ()

    @property
    def org(self) -> Organization:
        """Its own: what a task about it belongs to."""
        return self

    @property
    def ref(self) -> EntityRef:
        return EntityRef("org", self.id, self.name)

    def neighbours(self) -> Iterable[Entity]:
        return ()


@dataclass(slots=True, eq=False)
class User:
    """Somebody who can log in; `password` None means that nobody can as this user (the cloud's own `system`)."""

    kind: ClassVar[str] = "user"
    id: str
    name: str
    org: Organization
    role: Role
    password: str | None
    full_name: str = ""

    @property
    def ref(self) -> EntityRef:
        return EntityRef("user", self.id, self.name)

    @property
    def is_sysadmin(self) -> bool:
        return self.role is Role.SYSTEM_ADMINISTRATOR

    def administers(self, org: Tenant) -> bool:
        return self.is_sysadmin or (self.role is Role.ORGANIZATION_ADMINISTRATOR and self.org is org)

    def sees(self, org: Tenant) -> bool:
        return self.is_sysadmin or self.org is org


@dataclass(slots=True, eq=False)
class ProviderVdc:
    kind: ClassVar[str] = "providervdc"
    id: str
    name: str


@dataclass(slots=True, eq=False)
class StorageProfile:
    """A kind of storage that a datacenter offers; `limit_mb` 0 means without bound."""

    kind: ClassVar[str] = "vdcStorageProfile"
    id: str
    name: str
    vdc: Vdc
    limit_mb: int = 0

    @property
    def org(self) -> Organization:
        return self.vdc.org


@dataclass(slots=True, eq=False)
class Vdc:
    kind: ClassVar[str] = "vdc"
    id: str
    name: str
    org: Organization
    provider: ProviderVdc
    description: str = ""
    cpu_mhz: int | None = None
    """0 without bound; None is as the setting says, and so are the next two."""
    memory_mb: int | None = None
    vm_quota: int | None = None
    vapps: dict[str, VApp] = field(default_factory=dict)
    templates: dict[str, VAppTemplate] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    storage_profiles: dict[str, StorageProfile] = field(default_factory=dict)
    taken_names: set[tuple[str, str]] = field(default_factory=set)
    """Kind and name of what must have a name of its own here."""
    metadata: dict[MetadataKey, Metadatum] = field(default_factory=dict)
    busy: Task | None = None
    failed_tasks: tuple[Task, ...] = ()

    @property
    def ref(self) -> EntityRef:
        return EntityRef("vdc", self.id, self.name)

    def neighbours(self) -> Iterable[Entity]:
        return ()

    @property
    def storage_profile(self) -> StorageProfile:
        """The default one."""
        return next(iter(self.storage_profiles.values()))
