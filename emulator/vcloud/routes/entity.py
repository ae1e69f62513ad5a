"""The entity resolver: from a URN to the resources that show it (reference, section 7)."""

from __future__ import annotations

from collections.abc import Callable

from gatepost.core.ids import is_uuid
from gatepost.vcloud.errors import bad_id, bad_request, denied
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.names import ENTITY_TYPES, USER_VIEW, V, admin_type, vcloud_type
from gatepost.vcloud.represent.links import link
from gatepost.vcloud.routes import find
from gatepost.vcloud.xmlio import root

Alternates = list[tuple[str, str]]
"""Media type and href of each representation."""


@route("GET", "/api/entity/<urn>")
def resolve(call: Call, urn: str) -> Reply:
    with call.world.lock:
        kind, id = _parse(urn)
        alternates = _alternates(call, kind, id)
    canonical = f"urn:vcloud:{kind}:{id}"
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
        _, href = _alternates(call, *_parse(urn))[0]
    return Reply(303, headers={"Location": href})


_FINDERS: dict[str, tuple[Callable[[Call, str], object], str]] = {
    "org": (find.org, ""),
    "vdc": (find.vdc, ""),
    "catalog": (find.catalog, ""),
    "catalogitem": (find.catalog_item, ""),
    "vapptemplate": (find.template, "vappTemplate-"),
    "vapp": (find.vapp, "vapp-"),
    "vm": (find.vm, "vm-"),
    "network": (find.network, ""),
    "user": (find.user, ""),
    "task": (find.task, ""),
    "blockingTask": (find.hold, ""),
}
_KINDS = {kind.lower(): kind for kind in _FINDERS}
_ADMIN_VIEWS = {"org": ("organization", "org"), "vdc": ("vdc", "vdc"), "catalog": ("catalog", "catalog")}


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
    finder, prefix = _FINDERS[kind]
    if kind == "vm" and id in call.world.inventory.template_vms:
        find.template_or_vm(call, "vm-" + id)
        return [(ENTITY_TYPES["vm"], call.href(f"/api/vAppTemplate/vm-{id}"))]
    if kind == "user" and id == call.user.id:
        # Everybody may know of himself.
        return [(ENTITY_TYPES["user"], call.entity_href("user", id))]
    finder(call, prefix + id)
    alternates = [(ENTITY_TYPES[kind], call.entity_href(kind, id))]
    if kind in _ADMIN_VIEWS and call.user.is_sysadmin:
        type_name, path = _ADMIN_VIEWS[kind]
        alternates.append((admin_type(type_name), call.href(f"/api/admin/{path}/{id}")))
    return alternates
