"""Roles, privileges and scopes (reference, section 3.1)."""

from __future__ import annotations

from gatepost.abiquo import paths
from gatepost.abiquo.document import Collection, Link
from gatepost.abiquo.errors import denied, invalid, unknown
from gatepost.abiquo.http import Call, Reply, route
from gatepost.abiquo.inventory import Role, Scope
from gatepost.abiquo.represent import people as represent
from gatepost.abiquo.routes import find
from gatepost.abiquo.routes.paging import page

READERS = ("USERS_VIEW", "USERS_VIEW_PRIVILEGES", "USERS_MANAGE_ROLES", "USERS_MANAGE_USERS")


@route("GET", "/admin/roles", *READERS, produces=("roles",), locked=False)
def roles(call: Call) -> Reply:
    return Reply(200, page(call, "roles", "admin/roles", call.inventory.roles.values, represent.role))


@route("GET", "/admin/roles/<role>", produces=("role",))
def get_role(call: Call, role: str) -> Reply:
    return Reply(200, represent.role(call.view, _role(call, role)))


@route("POST", "/admin/roles", "USERS_MANAGE_ROLES", produces=("role",), consumes=("role",), root="role")
def add_role(call: Call) -> Reply:
    body = call.body
    name, blocked = body.required("name"), body.boolean("blocked")
    if any(other.name == name for other in call.inventory.roles.values()):
        raise invalid("name", f"there is a role '{name}' already")
    privileges = find.privileges_of(call, body) or frozenset()
    scope = find.scope_of(call, body)
    made = Role(call.inventory.new_id(), name, privileges, scope, blocked)
    call.inventory.roles[made.id] = made
    return Reply(201, represent.role(call.view, made), headers={"Location": call.href(paths.role(made))})


@route("GET", "/admin/roles/<role>/action/privileges", produces=("privileges", "links"))
def privileges_of(call: Call, role: str) -> Reply:
    one = _role(call, role)
    held = [call.inventory.privileges[name] for name in sorted(one.privileges)]
    if call.chosen.kind == "links":
        return Reply(200, Collection("links", [], [represent.privilege_link(each) for each in held]), "links")
    here = f"{paths.role(one)}/action/privileges"
    return Reply(200, Collection("privileges", [represent.privilege(each) for each in held], [Link("self", here)]))


@route("GET", "/config/privileges", produces=("privileges",))
def privileges(call: Call) -> Reply:
    items = [represent.privilege(one) for one in call.inventory.privileges.values()]
    return Reply(200, Collection("privileges", items, [Link("self", "config/privileges")]))


@route("GET", "/config/privileges/<id>", produces=("privilege",))
def privilege(call: Call, id: str) -> Reply:
    for one in call.inventory.privileges.values():
        if one.id == id:
            return Reply(200, represent.privilege(one))
    raise unknown("privilege")


@route("GET", "/admin/scopes", "USERS_MANAGE_SCOPES", "USERS_VIEW", produces=("scopes",), locked=False)
def scopes(call: Call) -> Reply:
    return Reply(200, page(call, "scopes", "admin/scopes", call.inventory.scopes.values, represent.scope))


@route("GET", "/admin/scopes/<scope>", "USERS_MANAGE_SCOPES", "USERS_VIEW", produces=("scope",))
def get_scope(call: Call, scope: str) -> Reply:
    return Reply(200, represent.scope(call.view, call.inventory.scope(scope)))


@route("POST", "/admin/scopes", "USERS_MANAGE_SCOPES", produces=("scope",), consumes=("scope",), root="scope")
def add_scope(call: Call) -> Reply:
    body = call.body
    name = body.required("name")
    everything = body.boolean("automaticAddEnterprise"), body.boolean("automaticAddDatacenter")
    made = Scope(call.inventory.new_id(), name, *everything)
    for entity in body.items("scopeEntities"):
        type, resource = entity.required("type"), str(entity.number("idResource", 0, 1))
        if type not in ("ENTERPRISE", "DATACENTER"):
            raise invalid(f"{entity.where}type", "ENTERPRISE or DATACENTER is expected")
        if resource not in (call.inventory.enterprises if type == "ENTERPRISE" else call.inventory.datacenters):
            raise invalid(f"{entity.where}idResource", "there is no such object")
        made.entities.append((call.inventory.new_id(), type, resource))
    call.inventory.scopes[made.id] = made
    return Reply(201, represent.scope(call.view, made), headers={"Location": call.href(paths.scope(made))})


def _role(call: Call, id: str) -> Role:
    """Everybody may look at the own one."""
    one = call.inventory.role(id)
    if one is not call.caller.user.role and not call.caller.may(*READERS):
        raise denied()
    return one
