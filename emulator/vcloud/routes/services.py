"""The registration of extension services and their parts, for system administrators (reference, section 8.1)."""

from __future__ import annotations

from typing import Any

from gatepost.vcloud import xmlio
from gatepost.vcloud.errors import ApiError
from gatepost.vcloud.http import BODY_LIMIT, Call, Reply, Who, checked_id, route
from gatepost.vcloud.names import X, admin_type
from gatepost.vcloud.query import parameters
from gatepost.vcloud.query.types import RECORD_TYPES
from gatepost.vcloud.represent import services as represent
from gatepost.vcloud.routes import find
from gatepost.vcloud.routes.query import answer
from gatepost.vcloud.services import acl, bodies
from gatepost.vcloud.services.bodies import METHODS, Draft
from gatepost.vcloud.services.parts import (
    AclAccess,
    AclRule,
    ApiDefinition,
    ApiFilter,
    Form,
    Part,
    ResourceClass,
    ResourceClassAction,
    Service,
    ServiceLink,
    ServiceResource,
    Shape,
)
from gatepost.vcloud.services.registry import REGISTRATION

_KINDS: tuple[type[Part], ...] = (
    Service,
    ServiceLink,
    ApiFilter,
    ApiDefinition,
    ResourceClass,
    ResourceClassAction,
    ServiceResource,
    AclRule,
)


_RECORDS: dict[type[Part], str] = {
    ServiceLink: "serviceLink",
    ApiFilter: "apiFilter",
    ApiDefinition: "adminApiDefinition",
    ResourceClass: "resourceClass",
    ResourceClassAction: "resourceClassAction",
    ServiceResource: "serviceResource",
    AclRule: "aclRule",
}
"""As which records the parts in a list are shown."""


@route("GET", REGISTRATION, Who.SYSTEM)
def listed(call: Call) -> Reply:
    return Reply(200, represent.services(call), represent.LIST)


@route("POST", REGISTRATION, Who.SYSTEM)
def register(call: Call) -> Reply:
    draft = bodies.read(call.body(X + Service.tag), Service)
    with call.world.lock:
        _check(call, draft)
        return _shown(call, 201, call.dialect.services.add(draft))


def _serve_kind(kind: type[Part]) -> None:
    """GET, PUT and DELETE of one part, and the lists that it has."""
    rule = f"{REGISTRATION}/{kind.path}<id>"

    @route("GET", rule, Who.SYSTEM)
    def get(call: Call, id: str) -> Reply:
        with call.world.lock:
            return _shown(call, 200, find.part(call, kind, id))

    @route("PUT", rule, Who.SYSTEM)
    def change(call: Call, id: str) -> Reply:
        with call.world.lock:
            find.part(call, kind, id)
        draft = bodies.read(call.body(X + kind.tag), kind, new=False)
        with call.world.lock:
            _check(call, draft)
            part = find.part(call, kind, id)
            call.dialect.services.change(part, draft)
            return _shown(call, 200, part)

    @route("DELETE", rule, Who.SYSTEM)
    def remove(call: Call, id: str) -> Reply:
        with call.world.lock:
            call.dialect.services.remove(find.part(call, kind, id))
        return Reply(204)

    for shape in kind.lists():
        if shape.part is not None and shape.path is not None:
            _serve_list(kind, shape, shape.part, f"{rule}/{shape.path}")


def _serve_list(owner: type[Part], shape: Shape, kind: type[Part], rule: str) -> None:
    @route("GET", rule, Who.SYSTEM)
    def listed(call: Call, id: str) -> Reply:
        with call.world.lock:
            found = find.part(call, owner, id)
            parts = list(getattr(found, shape.attribute))
        path = f"{represent.path_of(found)}/{shape.path}"
        given = parameters.pairs_of(call.environ["QUERY_STRING"])
        return answer(call, RECORD_TYPES[_RECORDS[kind]], path, given, parts)

    def add(call: Call, id: str) -> Reply:
        with call.world.lock:
            find.part(call, owner, id)
        draft = bodies.read(call.body(X + kind.tag), kind)
        with call.world.lock:
            _check(call, draft)
            return _shown(call, 201, call.dialect.services.add(draft, find.part(call, owner, id)))

    route("POST", rule, Who.SYSTEM)(add)
    if kind is ApiDefinition:  # as the guide spells it
        route("POST", rule.replace("apidefinitions", "definitions"), Who.SYSTEM)(add)


for _kind in _KINDS:
    _serve_kind(_kind)


@route("POST", REGISTRATION + "/authorizationcheck", Who.SYSTEM)
def check(call: Call) -> Reply:
    """Whether every service that the URL is for would let the user in; no, where it is for none."""
    user_id, method, paths = _question(call)
    with call.world.lock:
        user, rights = find.user(call, user_id), call.dialect.rights
        routes = call.dialect.services.routes_for(paths)
        permitted = bool(routes) and all(
            not one.authorized or acl.permits(one.service, user, rights, method, paths) for one in routes
        )
    return Reply(200, represent.check(permitted), represent.CHECKED)


@route("POST", REGISTRATION + "/<id>/authorizationcheck", Who.SYSTEM)
def check_service(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.part(call, Service, id)
    user_id, method, paths = _question(call)
    with call.world.lock:
        service, user = find.part(call, Service, id), find.user(call, user_id)
        permitted = not service.authorized or acl.permits(service, user, call.dialect.rights, method, paths)
    return Reply(200, represent.check(permitted), represent.CHECKED)


@route("POST", REGISTRATION + "/localizationbundles", Who.SYSTEM)
def upload_bundle(call: Call) -> Reply:
    return _open_upload(call, _bundle_namespace(call))


@route("POST", REGISTRATION + "/<id>/localizationbundles", Who.SYSTEM)
def upload_bundle_of_service(call: Call, id: str) -> Reply:
    with call.world.lock:
        namespace = find.part(call, Service, id).namespace
    _bundle_namespace(call)
    return _open_upload(call, namespace)


@route("PUT", REGISTRATION + "/localizationbundles/<id>", Who.SYSTEM)
def receive_bundle(call: Call, id: str) -> Reply:
    """The bundle itself, which is taken and not looked at."""
    upload = checked_id(id)
    with call.world.lock:
        if upload not in call.dialect.bundles:
            raise ApiError(403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN", "There is no such upload. Begin another one.")
    return Reply(200)


@route("POST", REGISTRATION + "/action/clearunusedlocalizationbundles", Who.SYSTEM)
def clear_bundles(call: Call) -> Reply:
    with call.world.lock:
        call.dialect.bundles.clear_unused(_namespaces(call))
    return Reply(204)


@route("POST", REGISTRATION + "/action/clearunusedrights", Who.SYSTEM)
def clear_rights(call: Call) -> Reply:
    with call.world.lock:
        call.dialect.rights.clear_unused(_namespaces(call))
    return Reply(204)


def _shown(call: Call, status: int, part: Part) -> Reply:
    headers = {"Location": call.href(represent.path_of(part))} if status == 201 else {}
    return Reply(status, represent.part(call, part), admin_type(part.type_name), headers)


def _namespaces(call: Call) -> set[str]:
    return {service.namespace for service in call.dialect.services.services}


def _check(call: Call, draft: Draft) -> None:
    """Whether what a body refers to is there. Raises Malformed."""
    for shape in draft.kind.shapes:
        value = draft.values.get(shape.attribute)
        if shape.form is Form.PARTS:
            for inside in value or ():
                _check(call, inside)
        elif shape.attribute == "org" and value is not None:
            _require(value.uuid in call.world.inventory.orgs, shape.tag, "an organization")
        elif isinstance(value, AclAccess) and value.entity is not None:
            _require(*_entity_of(call, shape, value.entity.uuid))


def _entity_of(call: Call, shape: Shape, uuid: str) -> tuple[bool, str, str]:
    match shape.attribute:
        case "org_access":
            return uuid in call.world.inventory.orgs, "Entity", "an organization"
        case "resource_access":
            part = call.dialect.services.parts.get(uuid)
            return isinstance(part, ServiceResource), "Entity", "a service resource"
    known = uuid in call.world.inventory.users or uuid in call.dialect.rights.by_id
    return known, "Entity", "a user or a right"


def _require(there: bool, field: str, what: str) -> None:
    if not there:
        raise xmlio.invalid(field, f"a reference to {what} that exists is expected")


def _question(call: Call) -> tuple[str, str, tuple[str, ...]]:
    """The user's id, the method and the path of an authorization check, this with /api before it and as it is."""
    params = call.body(X + "AuthorizationCheckParams")
    user = xmlio.child(params, "User")
    if user is None:
        raise xmlio.invalid("User", "the element is required")
    method = (xmlio.text_of(params, "HttpMethod") or "").strip()
    if method not in METHODS:
        raise xmlio.invalid("HttpMethod", f"{', '.join(METHODS)} are expected")
    path = (xmlio.text_of(params, "URL", 2_048) or "").strip()
    if not path.startswith("/"):
        raise xmlio.invalid("URL", "a relative URL such as /backup/restore is expected")
    paths = (path,) if path.startswith("/api/") else (path, "/api" + path)
    return bodies.reference(user, "User").uuid, method, paths


def _bundle_namespace(call: Call) -> str:
    params = call.body(X + "BundleUploadParams")
    size = xmlio.long(params.get("fileSize", ""), "fileSize")
    if not 0 < size <= BODY_LIMIT:
        raise xmlio.invalid("fileSize", f"1 to {BODY_LIMIT} bytes are expected")
    namespace: Any = params.get("serviceNamespace", "").strip()
    if not namespace or len(namespace) > 255:
        raise xmlio.invalid("serviceNamespace", "1 to 255 characters are expected")
    return str(namespace)


def _open_upload(call: Call, namespace: str) -> Reply:
    with call.world.lock:
        upload = call.dialect.bundles.open(namespace)
    return Reply(200, represent.socket(call, upload), admin_type("bundleUploadSocket"))
