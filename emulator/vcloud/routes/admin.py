"""The administrators' view and the root of the extension API (reference, sections 2.4 and 2.5)."""

from __future__ import annotations

from gatepost.vcloud.errors import denied, no_access
from gatepost.vcloud.http import Call, Reply, Who, checked_id, route
from gatepost.vcloud.names import EXTENSION_VIEW, X, admin_type
from gatepost.vcloud.represent import admin, networks, vdcs, vsphere
from gatepost.vcloud.represent.links import admin_reference, link
from gatepost.vcloud.routes import find
from gatepost.vcloud.routes.browse import contents, visible_orgs
from gatepost.vcloud.xmlio import root, sub


def _require_admin(call: Call) -> None:
    if not call.user.administers(call.user.org):
        raise denied()


@route("GET", "/api/admin")
def vcloud(call: Call) -> Reply:
    _require_admin(call)
    with call.world.lock:
        rights = list(call.dialect.rights.by_id.values())
        element = admin.vcloud(call, visible_orgs(call), call.world.inventory.roles, rights)
    return Reply(200, element, admin_type("vcloud"))


@route("GET", "/api/admin/org/<id>")
def organization(call: Call, id: str) -> Reply:
    _require_admin(call)
    with call.world.lock:
        return Reply(200, admin.organization(call, find.org(call, id)), admin_type("organization"))


@route("GET", "/api/admin/vdc/<id>")
def vdc(call: Call, id: str) -> Reply:
    _require_admin(call)
    with call.world.lock:
        found = find.vdc(call, id)
        inside = contents(found)
    return Reply(200, vdcs.admin_vdc(call, found, inside), admin_type("vdc"))


@route("GET", "/api/admin/vdcStorageProfile/<id>")
def storage_profile(call: Call, id: str) -> Reply:
    _require_admin(call)
    with call.world.lock:
        return Reply(200, vdcs.admin_storage_profile(call, find.profile(call, id)), admin_type("vdcStorageProfile"))


@route("GET", "/api/admin/network/<id>")
def network(call: Call, id: str) -> Reply:
    _require_admin(call)
    with call.world.lock:
        return Reply(200, networks.admin_network(call, find.network(call, id)), admin_type("network"))


@route("GET", "/api/admin/user/<id>")
def user(call: Call, id: str) -> Reply:
    _require_admin(call)
    with call.world.lock:
        found = find.user(call, id)
        return Reply(200, admin.user(call, found, call.world.inventory.roles[found.role]), admin_type("user"))


@route("DELETE", "/api/admin/user/<id>")
def remove_user(call: Call, id: str) -> Reply:
    """What he made stays, and still names him; he is logged out."""
    _require_admin(call)
    with call.world.lock:
        found = find.user(call, id)
        if not admin.can_remove(call, found):
            raise denied()
        call.world.inventory.remove_user(found)
        call.world.emit("user/delete", found.ref, found.org, call.user)
        call.dialect.sessions.close_all(found)
    return Reply(204)


@route("GET", "/api/admin/role/<id>")
def role(call: Call, id: str) -> Reply:
    _require_admin(call)
    wanted = checked_id(id)
    for one, role_id in call.world.inventory.roles.items():
        if role_id == wanted:
            with call.world.lock:
                return Reply(200, admin.role(call, one, role_id, call.dialect.rights.of(one)), admin_type("role"))
    raise no_access("role", wanted)


@route("GET", "/api/admin/providervdc/<id>", Who.SYSTEM)
def provider_vdc(call: Call, id: str) -> Reply:
    wanted = checked_id(id)
    with call.world.lock:
        found = call.world.inventory.provider_vdcs.get(wanted)
        if found is None:
            raise no_access("providervdc", wanted)
        return Reply(200, admin.provider_vdc(call, found), admin_type("providervdc"))


@route("GET", "/api/admin/extension", Who.SYSTEM)
def extension(call: Call) -> Reply:
    return Reply(200, admin.extension(call), admin_type("vmwExtension"))


def _extension_list(path: str, tag: str, type_name: str) -> None:
    @route("GET", f"/api/admin/extension/{path}", Who.SYSTEM)
    def extension_list(call: Call) -> Reply:
        href = call.href(f"/api/admin/extension/{path}")
        element = root(X + tag, EXTENSION_VIEW, type=admin_type(type_name), href=href)
        link(element, "up", call.href("/api/admin/extension"), admin_type("vmwExtension"))
        if path == "providerVdcReferences":
            for provider in call.world.inventory.provider_vdcs.values():
                reference_tag = X + "ProviderVdcReference"
                admin_reference(call, element, reference_tag, "providervdc", "providervdc", provider.id, provider.name)
        if path == "vimServerReferences":
            for server in call.world.inventory.vim_servers.values():
                own = {"type": vsphere.SERVER, "name": server.name}
                sub(element, X + "VimServerReference", **own, href=vsphere.href_of(call, server))
        return Reply(200, element, admin_type(type_name))


for _path, (_tag, _type_name) in admin.EXTENSION_LISTS.items():
    _extension_list(_path, _tag, _type_name)
