"""Rights, those that services bring along, and which role has them (reference, sections 2.4 and 8.1)."""

from __future__ import annotations

from gatepost.core.inventory import Role
from gatepost.vcloud import xmlio
from gatepost.vcloud.errors import denied, no_access
from gatepost.vcloud.http import Call, Reply, Who, checked_id, route
from gatepost.vcloud.names import V, X, admin_type
from gatepost.vcloud.represent import admin
from gatepost.vcloud.represent import rights as represent
from gatepost.vcloud.represent.services import RIGHT, RIGHTS
from gatepost.vcloud.rights import Right, full_name
from gatepost.vcloud.routes import find
from gatepost.vcloud.services import bodies
from gatepost.vcloud.services.parts import Service
from gatepost.vcloud.services.registry import REGISTRATION
from gatepost.vcloud.xmlio import Element


@route("GET", "/api/admin/right/<id>")
def get(call: Call, id: str) -> Reply:
    if not call.user.administers(call.user.org):
        raise denied()
    wanted = checked_id(id)
    with call.world.lock:
        right = call.dialect.rights.by_id.get(wanted)
        if right is None:
            raise no_access("right", wanted)
        return Reply(200, represent.right(call, right), RIGHT)


@route("PUT", "/api/admin/role/<id>", Who.SYSTEM)
def grant(call: Call, id: str) -> Reply:
    """Give a role other rights. Its name stays, and nobody can take any from system administrators."""
    wanted = checked_id(id)
    role = next((role for role, role_id in call.world.inventory.roles.items() if role_id == wanted), None)
    if role is None:
        raise no_access("role", wanted)
    listed = xmlio.child(call.body(V + "Role"), "RightReferences")
    if role is Role.SYSTEM_ADMINISTRATOR:
        raise xmlio.invalid("id", "the rights of System Administrator cannot be changed")
    references = [] if listed is None else xmlio.children(listed, "RightReference")
    ids = frozenset(bodies.reference(one, "RightReference").uuid for one in references)
    with call.world.lock:
        if not ids <= call.dialect.rights.by_id.keys():
            raise xmlio.invalid("RightReference", "a reference to a right that exists is expected")
        if listed is not None:
            call.dialect.rights.grant(role, ids)
        element = admin.role(call, role, wanted, call.dialect.rights.of(role))
    return Reply(200, element, admin_type("role"))


@route("GET", REGISTRATION + "/<id>/rights", Who.SYSTEM)
def of_service(call: Call, id: str) -> Reply:
    with call.world.lock:
        return _listed(call, find.part(call, Service, id))


@route("POST", REGISTRATION + "/<id>/rights", Who.SYSTEM)
def add(call: Call, id: str) -> Reply:
    with call.world.lock:
        namespace = find.part(call, Service, id).namespace
    fresh = _read(call.body(V + "Right"), namespace)
    with call.world.lock:
        right = call.dialect.rights.register(fresh)
        headers = {"Location": call.href(represent.path(right))}
        return Reply(201, represent.right(call, right), RIGHT, headers)


@route("POST", REGISTRATION + "/<id>/rights/action/updateRights", Who.SYSTEM)
def update(call: Call, id: str) -> Reply:
    """Add rights or change them, by their names, and remove others."""
    with call.world.lock:
        namespace = find.part(call, Service, id).namespace
    params = call.body(X + "UpdateRightsParams")
    fresh = [_read(element, namespace) for element in xmlio.children(params, "AddRight")]
    gone = {full_name(namespace, "".join(one.itertext())) for one in xmlio.children(params, "RemoveRight")}
    with call.world.lock:
        rights = call.dialect.rights
        known = {right.name: right for right in rights.of_service(namespace)}
        for right in fresh:
            there = known.get(full_name(namespace, right.name))
            if there is None:
                known[right.name] = rights.register(right)
            else:
                there.category, there.bundle_key, there.description = (
                    right.category,
                    right.bundle_key,
                    right.description,
                )
        for right in rights.of_service(namespace):
            if right.name in gone:
                rights.remove(right)
        return _listed(call, find.part(call, Service, id))


def _listed(call: Call, service: Service) -> Reply:
    return Reply(200, represent.of_service(call, service, call.dialect.rights.of_service(service.namespace)), RIGHTS)


def _read(element: Element, namespace: str) -> Right:
    """A right as a body has it. Raises Malformed."""
    category = (xmlio.text_of(element, "Category", 255) or "").strip()
    if not category:
        raise xmlio.invalid("Category", "the element is required")
    return Right(
        "",
        xmlio.name_of(element),
        category,
        xmlio.text_of(element, "Description", 1024) or "",
        (xmlio.text_of(element, "BundleKey", 255) or "").strip(),
        namespace,
    )
