"""Owners and control access, of whatever has them (reference, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable

from gatepost.core import workflows
from gatepost.core.inventory import Catalog, Disk, Media, Sharing, User, VApp, VAppTemplate
from gatepost.vcloud.errors import bad_request, denied
from gatepost.vcloud.http import Call, Reply, checked_id, route
from gatepost.vcloud.names import V
from gatepost.vcloud.read import vapps as read
from gatepost.vcloud.represent import access as represent
from gatepost.vcloud.routes import find
from gatepost.vcloud.xmlio import Element, child, invalid

Owned = VApp | VAppTemplate | Media | Disk | Catalog
Shared = VApp | Catalog


def _template(call: Call, id: str) -> VAppTemplate:
    return find.template(call, id)


OWNED: tuple[tuple[str, Callable[[Call, str], Owned]], ...] = (
    ("/api/vApp/<id>/owner", find.vapp),
    ("/api/vAppTemplate/<id>/owner", _template),
    ("/api/media/<id>/owner", find.media),
    ("/api/disk/<id>/owner", find.disk),
    ("/api/catalog/<id>/owner", find.catalog),
    ("/api/admin/catalog/<id>/owner", find.catalog),
)


def _owner_routes(path: str, owned: Callable[[Call, str], Owned]) -> None:
    @route("GET", path)
    def get(call: Call, id: str) -> Reply:
        with call.world.lock:
            one = owned(call, id)
            return Reply(200, represent.owner_of(call, one.kind, one.id, one.owner), represent.OWNER)

    @route("PUT", path)
    def put(call: Call, id: str) -> Reply:
        with call.world.lock:
            owned(call, id)
        user = child(call.body(V + "Owner"), "User")
        if user is None:
            raise invalid("User", "the element is required")
        with call.world.lock:
            one = owned(call, id)
            _require_right(call, one)
            workflows.change_owner(call.world, one, _member(call, one, user.get("href", ""), "User"), call.user)
        return Reply(204)


for _path, _owned in OWNED:
    _owner_routes(_path, _owned)


@route("GET", "/api/vApp/<id>/controlAccess")
def vapp_access(call: Call, id: str) -> Reply:
    with call.world.lock:
        return _show(call, find.vapp(call, id))


@route("POST", "/api/vApp/<id>/action/controlAccess")
def share_vapp(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.vapp(call, id)
    return _share(call, call.body(V + "ControlAccessParams"), lambda: find.vapp(call, id))


@route("GET", "/api/catalog/<id>/controlAccess")
def catalog_access(call: Call, id: str) -> Reply:
    with call.world.lock:
        return _show(call, find.catalog(call, id))


@route("POST", "/api/catalog/<id>/action/controlAccess")
def share_catalog(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.catalog(call, id)
    return _share(call, call.body(V + "ControlAccessParams"), lambda: find.catalog(call, id))


@route("GET", "/api/org/<org>/catalog/<id>/controlAccess")
def org_catalog_access(call: Call, org: str, id: str) -> Reply:
    """As older clients write it."""
    with call.world.lock:
        return _show(call, _catalog_of(call, org, id))


@route("POST", "/api/org/<org>/catalog/<id>/action/controlAccess")
def share_org_catalog(call: Call, org: str, id: str) -> Reply:
    with call.world.lock:
        _catalog_of(call, org, id)
    return _share(call, call.body(V + "ControlAccessParams"), lambda: _catalog_of(call, org, id))


def _catalog_of(call: Call, org: str, id: str) -> Catalog:
    found, catalog = find.org(call, org), find.catalog(call, id)
    if catalog.org is not found:
        raise bad_request("validation error on field 'id': the catalog belongs to another organization")
    return catalog


def _show(call: Call, shared: Shared) -> Reply:
    return Reply(200, represent.control_access(call, shared.sharing), represent.CONTROL_ACCESS)


def _share(call: Call, params: Element, find_again: Callable[[], Shared]) -> Reply:
    wish = read.sharing(params)
    with call.world.lock:
        shared = find_again()
        _require_right(call, shared)
        users = {_member(call, shared, href, "Subject"): level for href, level in wish.users}
        workflows.share(call.world, shared, Sharing(wish.everyone, tuple(users.items())), call.user)
        return _show(call, shared)


def _member(call: Call, one: Owned, href: str, field: str) -> User:
    """A user of the organization that the object belongs to, or a system administrator."""
    id = checked_id(find.tail(href))
    user = call.world.inventory.users.get(id)
    if user is None or (user.org is not one.org and not user.is_sysadmin):
        raise invalid(field, "a user of the same organization is expected")
    return user


def _require_right(call: Call, one: Owned) -> None:
    """Raises ApiError (403): only the owner and administrators decide about others."""
    if one.owner is not call.user and not call.user.administers(one.org):
        raise denied()
