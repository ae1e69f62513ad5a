"""What exists in the cloud: enterprises, users, roles, scopes, datacenters, and what users have in them.

Plain objects and dictionaries; every look-up by id is O(1). Ids are positive integers that no two objects share, kept
as texts: they come from URLs and go into them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, ClassVar, TypeVar

from gatepost.abiquo.privileges import OTHER_ENTERPRISES, WORKFLOW_OVERRIDE
from gatepost.core.errors import NotFound
from gatepost.core.events import EntityRef

if TYPE_CHECKING:
    from gatepost.abiquo.tasks import Record
    from gatepost.core.entities import Tenant
    from gatepost.core.tasks import Task


Found = TypeVar("Found")

MOST_CPU, MOST_RAM = 256, 4 * 1024 * 1024
"""Of a machine; memory in MB."""


class VmState(StrEnum):
    """`state` of a virtual machine; LOCKED is not here, since it only hides another one (reference, section 3.5)."""

    NOT_ALLOCATED = "NOT_ALLOCATED"
    ALLOCATED = "ALLOCATED"
    CONFIGURED = "CONFIGURED"
    ON = "ON"
    PAUSED = "PAUSED"
    OFF = "OFF"
    UNKNOWN = "UNKNOWN"


STATE_IDS = {
    "NOT_ALLOCATED": 1,
    "ALLOCATED": 2,
    "CONFIGURED": 3,
    "ON": 4,
    "PAUSED": 5,
    "OFF": 6,
    "LOCKED": 7,
    "UNKNOWN": 8,
}


@dataclass(slots=True, eq=False)
class Privilege:
    id: str
    name: str


@dataclass(slots=True, eq=False)
class Scope:
    """Which enterprises and datacenters a role reaches. `entities` are pairs of type and object id."""

    kind: ClassVar[str] = "scope"
    id: str
    name: str
    every_enterprise: bool = False
    every_datacenter: bool = False
    entities: list[tuple[str, str, str]] = field(default_factory=list)

    def reaches(self, enterprise: Enterprise) -> bool:
        if self.every_enterprise:
            return True
        return any(type == "ENTERPRISE" and resource == enterprise.id for _, type, resource in self.entities)


@dataclass(slots=True, eq=False)
class Role:
    kind: ClassVar[str] = "role"
    id: str
    name: str
    privileges: frozenset[str]
    scope: Scope | None = None
    blocked: bool = False


@dataclass(slots=True, eq=False)
class Enterprise:
    """A tenant. `workflow` is its own switch; `limits` are kept as sent, by their 3.x names."""

    kind: ClassVar[str] = "enterprise"
    id: str
    name: str
    workflow: bool = False
    restricted_reservation: bool = False
    two_factor: bool = False
    limits: dict[str, int] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    vdcs: dict[str, VirtualDatacenter] = field(default_factory=dict)
    templates: dict[str, Template] = field(default_factory=dict)

    @property
    def ref(self) -> EntityRef:
        return EntityRef(self.kind, self.id, self.name)


@dataclass(slots=True, eq=False)
class User:
    """Somebody who can log in as `nick`; the engine calls that the name."""

    kind: ClassVar[str] = "user"
    id: str
    nick: str
    password: str
    enterprise: Enterprise
    role: Role
    name_: str = ""
    surname: str = ""
    email: str = ""
    locale: str = "en_US"
    description: str = ""
    active: bool = True
    locked: bool = False
    applications: dict[str, Application] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.nick

    @property
    def org(self) -> Enterprise:
        return self.enterprise

    @property
    def full_name(self) -> str:
        return f"{self.name_} {self.surname}".strip() or self.nick

    @property
    def ref(self) -> EntityRef:
        return EntityRef(self.kind, self.id, self.nick)

    def administers(self, org: Tenant) -> bool:
        """Nobody cancels a task through the engine: the dialect has rules of its own for that."""
        return False


@dataclass(slots=True, eq=False)
class Application:
    """A registered OAuth consumer; `privileges` None means all that its user has."""

    id: str
    name: str
    description: str
    user: User
    key: str
    secret: str
    privileges: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request, and what that login may do."""

    user: User
    privileges: frozenset[str]

    def may(self, *any_of: str) -> bool:
        return not self.privileges.isdisjoint(any_of)

    def sees(self, enterprise: Enterprise) -> bool:
        """The own enterprise, and with the privilege for it every other that the role's scope reaches."""
        if enterprise is self.user.enterprise:
            return True
        scope = self.user.role.scope
        return scope is not None and scope.reaches(enterprise) and self.may(*OTHER_ENTERPRISES)

    def overrides(self, enterprise: Enterprise) -> bool:
        """Whether the caller may decide what this enterprise's users ask for."""
        if not self.may(WORKFLOW_OVERRIDE):
            return False
        scope = self.user.role.scope
        return enterprise is self.user.enterprise or (scope is not None and scope.reaches(enterprise))


@dataclass(slots=True, eq=False)
class Datacenter:
    kind: ClassVar[str] = "datacenter"
    id: str
    name: str
    location: str


@dataclass(slots=True, eq=False)
class Template:
    kind: ClassVar[str] = "virtualmachinetemplate"
    id: str
    name: str
    enterprise: Enterprise
    datacenter: Datacenter


@dataclass(slots=True, eq=False)
class VirtualDatacenter:
    kind: ClassVar[str] = "virtualdatacenter"
    id: str
    name: str
    enterprise: Enterprise
    datacenter: Datacenter
    hypervisor: str = "KVM"
    appliances: dict[str, VirtualAppliance] = field(default_factory=dict)

    @property
    def org(self) -> Enterprise:
        return self.enterprise


@dataclass(slots=True, eq=False)
class VirtualAppliance:
    kind: ClassVar[str] = "virtualappliance"
    id: str
    name: str
    vdc: VirtualDatacenter
    vms: dict[str, VirtualMachine] = field(default_factory=dict)

    @property
    def org(self) -> Enterprise:
        return self.vdc.enterprise

    @property
    def ref(self) -> EntityRef:
        return EntityRef(self.kind, self.id, self.name)


@dataclass(slots=True, eq=False)
class Disk:
    """A hard disk, or with `volume` a persistent one."""

    id: str
    name: str
    size: int
    sequence: int
    volume: bool = False


@dataclass(slots=True, eq=False)
class VirtualMachine:
    """`kept` is its state apart from any task; while one runs on it, users see LOCKED."""

    kind: ClassVar[str] = "virtualmachine"
    id: str
    uuid: str
    label: str
    appliance: VirtualAppliance
    owner: User
    description: str = ""
    cpu: int = 1
    ram: int = 1024
    kept: VmState = VmState.NOT_ALLOCATED
    template: Template | None = None
    disks: list[Disk] = field(default_factory=list)
    tasks: dict[str, Record] = field(default_factory=dict)
    busy: Task | None = None
    failed_tasks: tuple[Task, ...] = ()

    @property
    def name(self) -> str:
        return f"ABQ_{self.uuid}"

    @property
    def org(self) -> Enterprise:
        return self.appliance.vdc.enterprise

    @property
    def ref(self) -> EntityRef:
        return EntityRef(self.kind, self.id, self.name)

    @property
    def state(self) -> str:
        """As users see it."""
        return "LOCKED" if self.busy is not None else self.kept.value

    def neighbours(self) -> tuple[VirtualMachine, ...]:
        """Nothing else is locked with it: each machine of an appliance has a task of its own."""
        return ()


@dataclass(slots=True, eq=False)
class Property:
    """A system property; values are texts."""

    id: str
    name: str
    value: str
    description: str = ""


class Inventory:
    """Every object by its id. The reads raise NotFound."""

    def __init__(self) -> None:
        self._ids = count(1)
        self.privileges: dict[str, Privilege] = {}
        self.scopes: dict[str, Scope] = {}
        self.roles: dict[str, Role] = {}
        self.enterprises: dict[str, Enterprise] = {}
        self.users: dict[str, User] = {}
        self.nicks: dict[str, User] = {}
        self.applications: dict[str, Application] = {}
        self.datacenters: dict[str, Datacenter] = {}
        self.vdcs: dict[str, VirtualDatacenter] = {}
        self.machines: dict[str, VirtualMachine] = {}
        self.properties: dict[str, Property] = {}
        self.property_names: dict[str, Property] = {}
        self.system_user: User

    def entity(self, id: str) -> VirtualMachine | None:
        return self.machines.get(id)

    def new_id(self) -> str:
        return str(next(self._ids))

    def enterprise(self, id: str) -> Enterprise:
        return _find(self.enterprises, "enterprise", id)

    def role(self, id: str) -> Role:
        return _find(self.roles, "role", id)

    def scope(self, id: str) -> Scope:
        return _find(self.scopes, "scope", id)

    def user_in(self, enterprise: Enterprise | None, id: str) -> User:
        """A user of that enterprise, or with None of any."""
        user = _find(self.users, "user", id)
        if enterprise is not None and user.enterprise is not enterprise:
            raise NotFound("user", id)
        return user

    def vdc(self, id: str) -> VirtualDatacenter:
        return _find(self.vdcs, "virtualdatacenter", id)

    def appliance(self, vdc: str, id: str) -> VirtualAppliance:
        return _find(self.vdc(vdc).appliances, "virtualappliance", id)

    def machine(self, vdc: str, appliance: str, id: str) -> VirtualMachine:
        return _find(self.appliance(vdc, appliance).vms, "virtualmachine", id)

    def property(self, id: str) -> Property:
        return _find(self.properties, "systemproperty", id)

    def value(self, name: str) -> str:
        """A property's value, empty where there is none of that name."""
        found = self.property_names.get(name)
        return found.value if found is not None else ""

    def add_user(self, user: User) -> User:
        self.users[user.id] = self.nicks[user.nick] = user.enterprise.users[user.id] = user
        return user

    def remove_user(self, user: User) -> None:
        del self.users[user.id], self.nicks[user.nick], user.enterprise.users[user.id]
        for application in user.applications.values():
            del self.applications[application.key]

    def add_machine(self, machine: VirtualMachine) -> VirtualMachine:
        self.machines[machine.id] = machine.appliance.vms[machine.id] = machine
        return machine

    def remove_machine(self, machine: VirtualMachine) -> None:
        """Taking out what is gone already changes nothing."""
        self.machines.pop(machine.id, None)
        machine.appliance.vms.pop(machine.id, None)

    def set_property(self, name: str, value: str, description: str = "") -> Property:
        """Add it; the caller has seen that the name is free."""
        made = Property(self.new_id(), name, value, description)
        self.properties[made.id] = self.property_names[name] = made
        return made

    def change_property(self, name: str, value: str) -> None:
        """Add it, or give it another value."""
        known = self.property_names.get(name)
        if known is None:
            self.set_property(name, value)
        else:
            known.value = value

    def remove_property(self, property: Property) -> None:
        del self.properties[property.id], self.property_names[property.name]


def _find(among: dict[str, Found], kind: str, id: str) -> Found:
    found = among.get(id)
    if found is None:
        raise NotFound(kind, id)
    return found
