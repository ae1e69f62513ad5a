"""What a user finds by walking the links: organizations, datacenters, networks (reference, section 2)."""

from __future__ import annotations

from gatepost.core.inventory import Organization, VAppNetwork, Vdc
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.names import vcloud_type
from gatepost.vcloud.represent import networks, orgs, vdcs
from gatepost.vcloud.routes import find


def visible_orgs(call: Call) -> list[Organization]:
    return [org for org in call.world.inventory.orgs.values() if call.user.sees(org)]


def contents(vdc: Vdc) -> list[vdcs.Contained]:
    return [*vdc.vapps.values(), *vdc.templates.values(), *vdc.media.values(), *vdc.disks.values()]


@route("GET", "/api/org")
def org_list(call: Call) -> Reply:
    with call.world.lock:
        return Reply(200, orgs.org_list(call, visible_orgs(call)), vcloud_type("orgList"))


@route("GET", "/api/org/<id>")
def org(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, orgs.org(call, find.org(call, id)), vcloud_type("org"))


@route("GET", "/api/vdc/<id>")
def vdc(call: Call, id: str) -> Reply:
    with call.world.lock:
        found = find.vdc(call, id)
        inside = contents(found)
    # Ids never change, so that a long list need not hold the lock.
    return Reply(200, vdcs.vdc(call, found, inside), vcloud_type("vdc"))


@route("GET", "/api/vdcStorageProfile/<id>")
def storage_profile(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, vdcs.storage_profile(call, find.profile(call, id)), vcloud_type("vdcStorageProfile"))


@route("GET", "/api/network/<id>")
def network(call: Call, id: str) -> Reply:
    with call.world.lock:
        found = find.any_network(call, id)
        if isinstance(found, VAppNetwork):
            return Reply(200, networks.vapp_network(call, found), vcloud_type("vAppNetwork"))
        return Reply(200, networks.org_network(call, found), vcloud_type("orgNetwork"))
