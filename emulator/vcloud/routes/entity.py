"""The entity resolver: from a URN to the resources that show it (reference, sections 7 and 8.2)."""

from __future__ import annotations

from collections.abc import Callable

from gatepost.core.ids import is_uuid
from gatepost.vcloud.errors import bad_id, bad_request, denied, no_access
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.names import ENTITY_TYPES, USER_VIEW, V, admin_type, vcloud_type
from gatepost.vcloud.represent.links import link
from gatepost.vcloud.represent.services import path_of, public_path
from gatepost.vcloud.routes import find
from gatepost.vcloud.services import naming
from gatepost.vcloud.services.parts import (
    AclRule,
    ApiDefinition,
    ApiFilter,
    FileDescriptor,
    Part,
    ResourceClass,
    ResourceClassAction,
    Service,
    ServiceLink,
    ServiceResource,
)
from gatepost.vcloud.xmlio import root

Alternates = list[tuple[str, str]]
"""Media type and href of each representation."""


@route("GET", "/api/entity/<urn>")
def resolve(call: Call, urn: str) -> Reply:
    with call.world.lock:
        canonical, alternates = _resolve(call, urn)
    element = root(
        V + "Entity",
        USER_VIEW,
        name=canonical,
        id=canonical,
        type=vcloud_type("entity"),
        href=call.href(f"/api/entity/{canonical}"),
    )
    for media_type, href in alternates:
        link(element, "alternate", href, media_type)
    return Reply(200, element, vcloud_type("entity"))


@route("GET", "/cloudapi/1.0.0/entity/<urn>")
def redirect(call: Call, urn: str) -> Reply:
    """The recent twin: it sends the client on."""
    with call.world.lock:
        _, alternates = _resolve(call, urn)
    _, href = alternates[0]
    return Reply(303, headers={"Location": href})


_FINDERS: dict[str, tuple[Callable[[Call, str], object], str]] = {
    "org": (find.org, ""),
    "vdc": (find.vdc, ""),
    "catalog": (find.catalog, ""),
    "catalogitem": (find.catalog_item, ""),
    "vapptemplate": (find.template, "vappTemplate-"),
    "vapp": (find.vapp, "vapp-"),
    "vm": (find.vm, "vm-"),
    "network": (find.any_network, ""),
    "media": (find.media, ""),
    "disk": (find.disk, ""),
    "vdcStorageProfile": (find.profile, ""),
    "user": (find.user, ""),
    "task": (find.task, ""),
    "blockingTask": (find.hold, ""),
}
# Of extension services, for administrators and for everybody; API definitions are shown to both.
_PARTS: dict[str, type[Part]] = {
    kind.kind: kind
    for kind in (Service, ServiceLink, ApiFilter, ResourceClass, ResourceClassAction, ServiceResource, AclRule)
}
_PUBLIC_PARTS: dict[str, type[Part]] = {
    "service": Service,
    "apiDefinition": ApiDefinition,
    "fileDescriptor": FileDescriptor,
}
_KINDS = {kind.lower(): kind for kind in (*_FINDERS, *_PARTS, *_PUBLIC_PARTS)}
_ADMIN_VIEWS = {"org": ("organization", "org"), "vdc": ("vdc", "vdc"), "catalog": ("catalog", "catalog")}


def _resolve(call: Call, urn: str) -> tuple[str, Alternates]:
    """The URN as it is written, and what shows its object."""
    foreign = naming.resolve(call.dialect.services, urn)
    if foreign is not None:
        resource_class, id = foreign
        href = naming.expand(resource_class.url_template, call.href("/api"), id)
        return urn, [(resource_class.mime_type, href)]
    kind, id = _parse(urn)
    return f"urn:vcloud:{kind}:{id}", _alternates(call, kind, id)


def _parse(urn: str) -> tuple[str, str]:
    """Type and id. URN types are compared without case: a guide page itself writes `blockingtask`."""
    parts = urn.split(":")
    if len(parts) != 4 or parts[0].lower() != "urn" or parts[1].lower() != "vcloud":
        raise bad_request("validation error on field 'id': a URN such as urn:vcloud:vapp:UUID is expected")
    kind, id = _KINDS.get(parts[2].lower()), parts[3].lower()
    if kind is None or not is_uuid(id):
        raise bad_id()
    return kind, id


def _alternates(call: Call, kind: str, id: str) -> Alternates:
    if kind == "blockingTask" and not call.user.is_sysadmin:
        raise denied()
    if kind in _PARTS:
        return _administered(call, _PARTS[kind], id)
    if kind in _PUBLIC_PARTS:
        return _published(call, kind, id)
    finder, prefix = _FINDERS[kind]
    if kind == "vm" and id in call.world.inventory.template_vms:
        find.template_or_vm(call, "vm-" + id)
        return [(ENTITY_TYPES["vm"], call.href(f"/api/vAppTemplate/vm-{id}"))]
    if kind == "user" and id == call.user.id:
        # Everybody may know of himself.
        return [(ENTITY_TYPES["user"], call.entity_href("user", id))]
    finder(call, prefix + id)
    media_type = vcloud_type("vAppNetwork") if id in call.world.inventory.vapp_networks else ENTITY_TYPES[kind]
    alternates = [(media_type, call.entity_href(kind, id))]
    if kind in _ADMIN_VIEWS and call.user.is_sysadmin:
        type_name, path = _ADMIN_VIEWS[kind]
        alternates.append((admin_type(type_name), call.href(f"/api/admin/{path}/{id}")))
    return alternates


def _administered(call: Call, kind: type[Part], id: str) -> Alternates:
    if not call.user.is_sysadmin:
        raise denied()
    part = find.part(call, kind, id)
    return [(admin_type(part.type_name), call.href(path_of(part)))]


def _published(call: Call, kind: str, id: str) -> Alternates:
    part = call.dialect.services.parts.get(id)
    alternates = []
    if isinstance(part, _PUBLIC_PARTS[kind]):
        if part.service.enabled:
            alternates.append((ENTITY_TYPES[kind], call.href(public_path(part))))
        if isinstance(part, ApiDefinition) and call.user.is_sysadmin:
            alternates.append((admin_type(part.type_name), call.href(path_of(part))))
    if not alternates:
        raise no_access(kind, id)
    return alternates
