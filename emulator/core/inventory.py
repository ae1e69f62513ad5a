"""What exists in the cloud: organizations, users, datacenters, catalogs, vApps and VMs, with their indexes.

Plain objects and dictionaries; every look-up by id is O(1). Who may change them, and when, is the operations' affair.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, ClassVar

from gatepost.core.errors import DuplicateName, NotFound
from gatepost.core.events import EntityRef

if TYPE_CHECKING:
    from gatepost.core.tasks import Task


class Status(IntEnum):
    """`status` of vApps, VMs and templates (vCloud API, ResourceEntityType)."""

    FAILED_CREATION = -1
    UNRESOLVED = 0
    RESOLVED = 1
    SUSPENDED = 3
    POWERED_ON = 4
    POWERED_OFF = 8


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

    @property
    def ref(self) -> EntityRef:
        return EntityRef("org", self.id, self.name)


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

    def administers(self, org: Organization) -> bool:
        return self.is_sysadmin or (self.role is Role.ORGANIZATION_ADMINISTRATOR and self.org is org)

    def sees(self, org: Organization) -> bool:
        return self.is_sysadmin or self.org is org


@dataclass(slots=True, eq=False)
class ProviderVdc:
    kind: ClassVar[str] = "providervdc"
    id: str
    name: str


@dataclass(slots=True, eq=False)
class Network:
    kind: ClassVar[str] = "network"
    id: str
    name: str
    org: Organization


@dataclass(slots=True, eq=False)
class Vdc:
    kind: ClassVar[str] = "vdc"
    id: str
    name: str
    org: Organization
    provider: ProviderVdc
    description: str = ""
    vapps: dict[str, VApp] = field(default_factory=dict)
    templates: dict[str, VAppTemplate] = field(default_factory=dict)
    vapp_names: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Catalog:
    kind: ClassVar[str] = "catalog"
    id: str
    name: str
    org: Organization
    owner: User
    created: float
    description: str = ""
    items: dict[str, CatalogItem] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class CatalogItem:
    kind: ClassVar[str] = "catalogitem"
    id: str
    name: str
    catalog: Catalog
    template: VAppTemplate
    created: float
    description: str = ""

    @property
    def org(self) -> Organization:
        return self.catalog.org


@dataclass(slots=True, eq=False)
class TemplateVm:
    kind: ClassVar[str] = "vm"
    id: str
    name: str
    template: VAppTemplate

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
    vms: list[TemplateVm] = field(default_factory=list)
    item: CatalogItem | None = None

    @property
    def org(self) -> Organization:
        return self.vdc.org


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
    busy: Task | None = None
    failed_tasks: tuple[Task, ...] = ()

    @property
    def org(self) -> Organization:
        return self.vdc.org

    @property
    def ref(self) -> EntityRef:
        return EntityRef("vapp", self.id, self.name)


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
    busy: Task | None = None
    failed_tasks: tuple[Task, ...] = ()

    @property
    def org(self) -> Organization:
        return self.vapp.vdc.org

    @property
    def ref(self) -> EntityRef:
        return EntityRef("vm", self.id, self.name)


Machine = VApp | Vm


class Inventory:
    """Every object by its id. The reads raise NotFound."""

    def __init__(self) -> None:
        self.orgs: dict[str, Organization] = {}
        self.roles: dict[Role, str] = {}
        self.users: dict[str, User] = {}
        self.provider_vdcs: dict[str, ProviderVdc] = {}
        self.vdcs: dict[str, Vdc] = {}
        self.networks: dict[str, Network] = {}
        self.catalogs: dict[str, Catalog] = {}
        self.catalog_items: dict[str, CatalogItem] = {}
        self.templates: dict[str, VAppTemplate] = {}
        self.template_vms: dict[str, TemplateVm] = {}
        self.vapps: dict[str, VApp] = {}
        self.vms: dict[str, Vm] = {}
        self.system_org: Organization
        self.system_user: User

    def find_user(self, name: str, org_name: str) -> User:
        """The user by the names that people type; organizations are compared without case."""
        for org in self.orgs.values():
            if org.name.lower() == org_name.lower():
                for user in org.users.values():
                    if user.name == name:
                        return user
        raise NotFound("user", f"{name}@{org_name}")

    def add_vapp(self, vapp: VApp) -> None:
        if vapp.name in vapp.vdc.vapp_names:
            raise DuplicateName(f'The name "{vapp.name}" is already taken by a vApp in vdc "{vapp.vdc.name}".')
        vapp.vdc.vapp_names.add(vapp.name)
        vapp.vdc.vapps[vapp.id] = vapp
        self.vapps[vapp.id] = vapp

    def add_vm(self, vm: Vm) -> None:
        vm.vapp.vms.append(vm)
        self.vms[vm.id] = vm

    def remove(self, entity: Machine) -> None:
        """Take a vApp with its VMs, or one VM, out of the world; taking out what is gone already changes nothing."""
        if isinstance(entity, Vm):
            if self.vms.pop(entity.id, None) is not None:
                entity.vapp.vms.remove(entity)
            return
        if self.vapps.pop(entity.id, None) is None:
            return
        for vm in entity.vms:
            self.vms.pop(vm.id, None)
        del entity.vdc.vapps[entity.id]
        entity.vdc.vapp_names.discard(entity.name)

    def machines_of(self, entity: Machine) -> Iterator[Vm]:
        """The VMs that an operation on `entity` touches."""
        return iter(entity.vms) if isinstance(entity, VApp) else iter((entity,))
