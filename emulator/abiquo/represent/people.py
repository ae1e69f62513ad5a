"""Enterprises, users, roles, privileges, scopes, applications (reference, sections 3.1 to 3.3)."""

from __future__ import annotations

from gatepost.abiquo import paths
from gatepost.abiquo.document import Collection, Document, Link, Value
from gatepost.abiquo.inventory import Application, Enterprise, Privilege, Role, Scope, User
from gatepost.abiquo.view import View

LIMITS = {
    "cpuCountSoftLimit": "cpuSoft",
    "cpuCountHardLimit": "cpuHard",
    "ramSoftLimitInMb": "ramSoft",
    "ramHardLimitInMb": "ramHard",
    "diskSoftLimitInMb": "diskSoft",
    "diskHardLimitInMb": "diskHard",
    "storageSoftInMb": "storageSoft",
    "storageHardInMb": "storageHard",
    "vlansSoft": "vlansSoft",
    "vlansHard": "vlansHard",
    "publicIpsSoft": "publicIpsSoft",
    "publicIpsHard": "publicIpsHard",
    "repositorySoftInMb": "repositorySoft",
    "repositoryHardInMb": "repositoryHard",
}
"""The limits of an enterprise by their names in JSON up to 3.x, and by those of XML; both are read (section 3.2)."""


def enterprise(view: View, one: Enterprise) -> Document:
    here = paths.enterprise(one)
    fields: dict[str, Value] = {
        "id": int(one.id),
        "name": one.name,
        "workflow": one.workflow,
        "isReservationRestricted": one.restricted_reservation,
        "twoFactorAuthenticationMandatory": one.two_factor,
    }
    for name, short in LIMITS.items():
        fields[short if view.xml and short[:3] in ("cpu", "ram") else name] = one.limits.get(name, 0)
    links = [
        Link("edit", here, "enterprise", one.name),
        Link("users", f"{here}/users", "users"),
        Link("pendingtasks", f"{here}/action/pendingtasks", "tasks", "pending tasks"),
        Link("virtualmachines", f"{here}/action/virtualmachines", "virtualmachines"),
        Link("cloud/virtualdatacenters", f"cloud/virtualdatacenters?enterprise={one.id}", "virtualdatacenters"),
    ]
    return Document("enterprise", fields, links)


def user(view: View, one: User, *, privileges: bool = False) -> Document:
    here = paths.user(one)
    fields: dict[str, Value] = {**_person(one)}
    if privileges and view.caller is not None:
        held = [view.inventory.privileges[name] for name in sorted(view.caller.privileges)]
        fields["privileges"] = Collection("privileges", [privilege(each) for each in held])
    links = [
        Link("edit", here, "user", one.nick),
        Link("enterprise", paths.enterprise(one.enterprise), "enterprise", one.enterprise.name),
        Link("role", paths.role(one.role), "role", one.role.name),
        Link("virtualmachines", f"{here}/action/virtualmachines", "virtualmachines"),
        Link("pendingtasks", f"{here}/action/pendingtasks", "tasks"),
    ]
    if view.caller is not None and view.caller.user is one:
        links.append(Link("applications", f"{here}/applications", "applications"))
    return Document("user", fields, links)


def user_with_role(view: View, one: User) -> Document:
    made = user(view, one)
    of_role = role(view, one.role)
    held = [view.inventory.privileges[name] for name in sorted(one.role.privileges)]
    of_role.fields = {**of_role.fields, "privileges": Collection("privileges", [privilege(each) for each in held])}
    nested: dict[str, Value] = {"role": of_role, "enterprise": enterprise(view, one.enterprise)}
    return Document("userWithRole", {**made.fields, **nested}, made.links)


def _person(one: User) -> dict[str, Value]:
    return {
        "id": int(one.id),
        "nick": one.nick,
        "name": one.name_,
        "surname": one.surname,
        "email": one.email,
        "locale": one.locale,
        "authType": "ABIQUO",
        "active": one.active,
        "locked": one.locked,
        "firstLogin": False,
        "description": one.description,
    }


def role(view: View, one: Role) -> Document:
    here = paths.role(one)
    links = [
        Link("edit", here, "role", one.name),
        Link("privileges", f"{here}/action/privileges", "privileges"),
        *([Link("scope", paths.scope(one.scope), "scope", one.scope.name)] if one.scope is not None else []),
    ]
    return Document("role", {"id": int(one.id), "name": one.name, "blocked": one.blocked}, links)


def privilege(one: Privilege) -> Document:
    return Document(
        "privilege", {"id": int(one.id), "name": one.name}, [Link("self", paths.privilege(one.id), "privilege")]
    )


def privilege_link(one: Privilege) -> Link:
    return Link("privilege", paths.privilege(one.id), "privilege", one.name)


def scope(view: View, one: Scope) -> Document:
    entities = [
        Document("scopeEntity", {"id": int(id), "idResource": int(resource), "type": type})
        for id, type, resource in one.entities
    ]
    fields: dict[str, Value] = {
        "id": int(one.id),
        "name": one.name,
        "automaticAddDatacenter": one.every_datacenter,
        "automaticAddEnterprise": one.every_enterprise,
        "scopeEntities": entities,
    }
    return Document("scope", fields, [Link("edit", paths.scope(one), "scope", one.name)])


def application(view: View, one: Application) -> Document:
    fields: dict[str, Value] = {
        "id": int(one.id),
        "name": one.name,
        "description": one.description,
        "apiKey": one.key,
        "apiSecret": one.secret,
    }
    allowed = [] if one.privileges is None else sorted(one.privileges)
    links = [
        Link("self", paths.application(one), "application"),
        Link("user", paths.user(one.user), "user", one.user.nick),
        *(privilege_link(view.inventory.privileges[name]) for name in allowed),
    ]
    return Document("application", fields, links)
