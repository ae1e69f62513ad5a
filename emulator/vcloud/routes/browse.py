"""What a user finds by walking the links: organizations, datacenters, catalogs, templates (reference, section 2)."""

from __future__ import annotations

from gatepost.core.inventory import Organization, VApp, VAppTemplate, Vdc
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.names import vcloud_type
from gatepost.vcloud.represent import orgs
from gatepost.vcloud.routes import find


def visible_orgs(call: Call) -> list[Organization]:
    return [org for org in call.world.inventory.orgs.values() if call.user.sees(org)]


def contents(vdc: Vdc) -> list[VApp | VAppTemplate]:
    return [*vdc.vapps.values(), *vdc.templates.values()]


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
    # Names and ids never change, so that a long list need not hold the lock.
    return Reply(200, orgs.vdc(call, found, inside), vcloud_type("vdc"))


@route("GET", "/api/catalog/<id>")
def catalog(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, orgs.catalog(call, find.catalog(call, id)), vcloud_type("catalog"))


@route("GET", "/api/catalogItem/<id>")
def catalog_item(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, orgs.catalog_item(call, find.catalog_item(call, id)), vcloud_type("catalogItem"))


@route("GET", "/api/network/<id>")
def network(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, orgs.network(call, find.network(call, id)), vcloud_type("orgNetwork"))


@route("GET", "/api/vAppTemplate/<id>")
def template(call: Call, id: str) -> Reply:
    with call.world.lock:
        found = find.template_or_vm(call, id)
        if isinstance(found, VAppTemplate):
            return Reply(200, orgs.template(call, found), vcloud_type("vAppTemplate"))
        return Reply(200, orgs.template_vm(call, found), vcloud_type("vm"))
