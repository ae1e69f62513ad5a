"""Where each resource stands, below the API's root and without a leading slash: connectors cut these paths apart."""

from __future__ import annotations

from gatepost.abiquo.inventory import (
    Application,
    Datacenter,
    Disk,
    Enterprise,
    Property,
    Role,
    Scope,
    Template,
    User,
    VirtualAppliance,
    VirtualDatacenter,
    VirtualMachine,
)
from gatepost.abiquo.tasks import Record

PROPERTIES = "config/properties"


def enterprise(one: Enterprise) -> str:
    return f"admin/enterprises/{one.id}"


def user(one: User) -> str:
    return f"{enterprise(one.enterprise)}/users/{one.id}"


def application(one: Application) -> str:
    return f"{user(one.user)}/applications/{one.id}"


def role(one: Role) -> str:
    return f"admin/roles/{one.id}"


def scope(one: Scope) -> str:
    return f"admin/scopes/{one.id}"


def privilege(id: str) -> str:
    return f"config/privileges/{id}"


def prop(one: Property) -> str:
    return f"{PROPERTIES}/{one.id}"


def datacenter(one: Datacenter) -> str:
    return f"admin/datacenters/{one.id}"


def location(one: Datacenter) -> str:
    return f"cloud/locations/{one.id}"


def template(one: Template) -> str:
    return f"{enterprise(one.enterprise)}/datacenterrepositories/{one.datacenter.id}/virtualmachinetemplates/{one.id}"


def vdc(one: VirtualDatacenter) -> str:
    return f"cloud/virtualdatacenters/{one.id}"


def appliance(one: VirtualAppliance) -> str:
    return f"{vdc(one.vdc)}/virtualappliances/{one.id}"


def machine(one: VirtualMachine) -> str:
    return f"{appliance(one.appliance)}/virtualmachines/{one.id}"


def disk(one: Disk, of: VirtualMachine) -> str:
    return f"{vdc(of.appliance.vdc)}/{'volumes' if one.volume else 'disks'}/{one.id}"


def task(one: Record) -> str:
    return f"{machine(one.machine)}/tasks/{one.id}"
