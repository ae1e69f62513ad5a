"""The Abiquo part of an inventory file. What it does not mention is as out of the box (reference, section 10)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gatepost.abiquo.inventory import MOST_CPU, MOST_RAM
from gatepost.abiquo.privileges import HOLDERS, OF_THE_CONNECTOR
from gatepost.abiquo.represent.people import LIMITS
from gatepost.core.seed import PASSWORD, Part, Password, Text, carried, near

ADMIN_PASSWORD = "xabiquo"
"""Of the user `admin`, as in the published samples. It is public."""


def _privilege(name: str) -> str:
    if name not in HOLDERS:
        raise ValueError(f"there is no privilege {name}{near(name, HOLDERS)}")
    return name


def _limit(name: str) -> str:
    if name not in LIMITS:
        raise ValueError(f"there is no limit {name}{near(name, LIMITS)}")
    return name


Name = Annotated[str, Field(max_length=255, pattern=r"\S"), AfterValidator(carried)]
Reference = Annotated[str, Field(max_length=255)]
Privilege = Annotated[str, AfterValidator(_privilege), Field(json_schema_extra={"enum": [*HOLDERS]})]
Limit = Annotated[str, AfterValidator(_limit)]
Nick = Annotated[str, Field(max_length=128, pattern=r"^[^:]*[^:\s][^:]*$"), AfterValidator(carried)]
"""Without a colon, since logins end there."""


class Workflow(Part):
    """Where tasks are announced to, and the platform's switch."""

    endpoint: Text = ""
    enabled: bool | None = Field(default=None, description="whether there is an endpoint, unless said")


class ScopeEntity(Part):
    type: Literal["ENTERPRISE", "DATACENTER"]
    name: Reference


class AbiquoScope(Part):
    """Which enterprises and datacenters a role reaches."""

    name: Name
    every_enterprise: bool = False
    every_datacenter: bool = False
    entities: list[ScopeEntity] = []


class AbiquoRole(Part):
    name: Name
    privileges: list[Privilege] = []
    scope: Reference | None = None
    blocked: bool = False


class AbiquoUser(Part):
    nick: Nick
    enterprise: Reference | None = Field(default=None, description="the first, unless named")
    role: Reference = "USER"
    password: Password | None = Field(default=None, description=f"{PASSWORD}; of admin {ADMIN_PASSWORD}")
    name: Text = ""
    surname: Text = ""
    email: Text | None = Field(default=None, description="nick@enterprise.example.com, unless said")
    locale: Text = "en_US"
    description: Text = ""
    active: bool = True
    locked: bool = False


class Datacenter(Part):
    name: Name
    location: Text = ""


class AbiquoTemplate(Part):
    name: Name
    datacenter: Reference | None = Field(default=None, description="the first, unless named")


class AbiquoDisk(Part):
    """A hard disk of `size` MB, or with `volume` a persistent one."""

    name: Name
    size: Annotated[int, Field(ge=1, le=2**40)] = 10_240
    volume: bool = False
    sequence: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        default=None, description="its place in the list"
    )


class VirtualMachine(Part):
    label: Name
    owner: Reference | None = Field(default=None, description="a nick; the first user of the enterprise, unless named")
    description: Text = ""
    cpu: Annotated[int, Field(ge=1, le=MOST_CPU)] = 1
    ram: Annotated[int, Field(ge=1, le=MOST_RAM)] = 1024
    state: Literal["NOT_ALLOCATED", "ALLOCATED", "CONFIGURED", "ON", "PAUSED", "OFF", "UNKNOWN"] = "NOT_ALLOCATED"
    template: Reference | None = None
    disks: list[AbiquoDisk] = []


class VirtualAppliance(Part):
    name: Name
    machines: list[VirtualMachine] = []


class VirtualDatacenter(Part):
    name: Name
    datacenter: Reference | None = Field(default=None, description="the first, unless named")
    hypervisor: Text = "KVM"
    appliances: list[VirtualAppliance] = []


class Enterprise(Part):
    """A tenant."""

    name: Name
    workflow: bool | None = Field(
        default=None, description="its own switch; unless said, on where there are an endpoint and a virtual datacenter"
    )
    restricted_reservation: bool = False
    two_factor: bool = False
    limits: dict[Limit, Annotated[int, Field(ge=0, le=2**53)]] = {}
    templates: list[AbiquoTemplate] = []
    virtual_datacenters: list[VirtualDatacenter] = []


class Property(Part):
    """A system property other than the two of workflow."""

    name: Name
    value: Text = ""
    description: Text = ""


def _machine(label: str, state: Literal["NOT_ALLOCATED", "OFF"]) -> VirtualMachine:
    disks = [
        AbiquoDisk(name=f"{label}-system"),
        AbiquoDisk(name=f"{label}-data", size=20_480, volume=True),
    ]
    return VirtualMachine(label=label, owner="joe", state=state, template="Debian base", disks=disks)


GLOBAL = "Global scope"
_SCOPES = [AbiquoScope(name=GLOBAL, every_enterprise=True, every_datacenter=True)]
_ROLES = [
    *(
        AbiquoRole(
            name=name,
            privileges=[privilege for privilege, roles in HOLDERS.items() if name in roles],
            scope=GLOBAL if name == "CLOUD_ADMIN" else None,
        )
        for name in ("CLOUD_ADMIN", "ENTERPRISE_ADMIN", "USER")
    ),
    AbiquoRole(name="WORKFLOW_CONNECTOR", privileges=sorted(OF_THE_CONNECTOR), scope=GLOBAL),
]
_ENTERPRISES = [
    Enterprise(name="Abiquo"),
    Enterprise(
        name="acme",
        templates=[AbiquoTemplate(name="Debian base")],
        virtual_datacenters=[
            VirtualDatacenter(
                name="acme-vdc",
                appliances=[
                    VirtualAppliance(name="shop", machines=[_machine("web", "NOT_ALLOCATED"), _machine("db", "OFF")])
                ],
            )
        ],
    ),
]
_USERS = [
    AbiquoUser(nick="admin", enterprise="Abiquo", role="CLOUD_ADMIN", name="Cloud", surname="Administrator"),
    AbiquoUser(nick="manager", enterprise="acme", role="ENTERPRISE_ADMIN", name="Mary", surname="Manager"),
    AbiquoUser(nick="joe", enterprise="acme", role="USER", name="Joe", surname="User"),
    AbiquoUser(nick="connector", enterprise="Abiquo", role="WORKFLOW_CONNECTOR", name="Workflow", surname="Connector"),
]


class AbiquoPlan(Part):
    """The Abiquo side of the cloud. Users are those out of the box unless named, and so is all the rest."""

    workflow: Workflow = Workflow()
    properties: list[Property] = []
    scopes: list[AbiquoScope] = _SCOPES
    roles: Annotated[list[AbiquoRole], Field(min_length=1)] = _ROLES
    enterprises: Annotated[list[Enterprise], Field(min_length=1)] = _ENTERPRISES
    users: list[AbiquoUser] = _USERS
    datacenters: list[Datacenter] = [Datacenter(name="Barcelona", location="ES")]


def password_of(user: AbiquoUser) -> str:
    """What the user logs in with."""
    return user.password or public_password(user.nick)


def public_password(nick: str) -> str:
    """The one that everybody knows."""
    return ADMIN_PASSWORD if nick == "admin" else PASSWORD
