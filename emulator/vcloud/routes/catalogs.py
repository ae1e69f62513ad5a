"""Catalogs and their items, for users and for administrators (reference, sections 2.3, 2.4 and 3.2)."""

from __future__ import annotations

from gatepost.core import workflows
from gatepost.core.inventory import Media, VAppTemplate
from gatepost.vcloud import xmlio
from gatepost.vcloud.errors import denied
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.names import V, vcloud_type
from gatepost.vcloud.represent import catalogs as represent
from gatepost.vcloud.routes import find
from gatepost.vcloud.xmlio import invalid


@route("GET", "/api/catalog/<id>")
def catalog(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, represent.catalog(call, find.catalog(call, id)), vcloud_type("catalog"))


@route("POST", "/api/catalog/<id>/catalogItems")
def add_item(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.own_catalog(call, id)
    body = call.body(V + "CatalogItem")
    entity, name = xmlio.child(body, "Entity"), xmlio.name_of(body)
    if entity is None:
        raise invalid("Entity", "the element is required")
    description = xmlio.text_of(body, "Description") or ""
    with call.world.lock:
        listed = _listed(call, entity.get("href", ""))
        catalog = find.own_catalog(call, id)
        item = workflows.list_item(call.world, catalog, listed, name, description, call.user)
        headers = {"Location": call.entity_href("catalogitem", item.id)}
        return Reply(201, represent.catalog_item(call, item), represent.CATALOG_ITEM, headers)


def _listed(call: Call, href: str) -> VAppTemplate | Media:
    text = find.tail(href)
    return find.template(call, text) if text.startswith("vappTemplate-") else find.media(call, text)


@route("GET", "/api/catalogItem/<id>")
def item(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, represent.catalog_item(call, find.catalog_item(call, id)), represent.CATALOG_ITEM)


@route("PUT", "/api/catalogItem/<id>")
def update_item(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.catalog_item(call, id)
    body = call.body(V + "CatalogItem")
    name, description = xmlio.name_of(body), xmlio.text_of(body, "Description")
    with call.world.lock:
        found = find.catalog_item(call, id)
        workflows.update_item(call.world, found, name, description, call.user)
        return Reply(200, represent.catalog_item(call, found), represent.CATALOG_ITEM)


@route("DELETE", "/api/catalogItem/<id>")
def delete_item(call: Call, id: str) -> Reply:
    with call.world.lock:
        workflows.delete_item(call.world, find.catalog_item(call, id), call.user)
    return Reply(204)


@route("POST", "/api/admin/org/<id>/catalogs")
def create(call: Call, id: str) -> Reply:
    _require_admin(call)
    with call.world.lock:
        find.org(call, id)
    body = call.body(V + "AdminCatalog")
    name, description = xmlio.name_of(body), xmlio.text_of(body, "Description") or ""
    with call.world.lock:
        workflow = workflows.create_catalog(find.org(call, id), name, description, call.user)
        task = call.world.request("catalogCreateCatalog", call.user, workflow)
        call.concerns(task.id)
        made = call.world.inventory.catalogs[task.owner.id]
        headers = {"Location": represent.admin_href(call, made)}
        return Reply(201, represent.admin_catalog(call, made, created_by=task), represent.ADMIN_CATALOG, headers)


@route("GET", "/api/admin/catalog/<id>")
def admin_catalog(call: Call, id: str) -> Reply:
    _require_admin(call)
    with call.world.lock:
        return Reply(200, represent.admin_catalog(call, find.catalog(call, id)), represent.ADMIN_CATALOG)


@route("PUT", "/api/admin/catalog/<id>")
def update(call: Call, id: str) -> Reply:
    _require_admin(call)
    with call.world.lock:
        find.catalog(call, id)
    body = call.body(V + "AdminCatalog")
    name, description = xmlio.name_of(body), xmlio.text_of(body, "Description")
    with call.world.lock:
        found = find.catalog(call, id)
        workflows.update_catalog(call.world, found, name, description, call.user)
        return Reply(200, represent.admin_catalog(call, found), represent.ADMIN_CATALOG)


@route("DELETE", "/api/admin/catalog/<id>")
def delete(call: Call, id: str) -> Reply:
    _require_admin(call)
    with call.world.lock:
        workflows.delete_catalog(call.world, find.catalog(call, id), call.user)
    return Reply(204)


@route("POST", "/api/admin/catalog/<id>/action/publish")
def publish(call: Call, id: str) -> Reply:
    _require_admin(call)
    with call.world.lock:
        find.catalog(call, id)
    text = xmlio.text_of(call.body(V + "PublishCatalogParams"), "IsPublished")
    if text is None:
        raise invalid("IsPublished", "the element is required")
    published = xmlio.boolean(text, "IsPublished", default=False)
    with call.world.lock:
        workflows.publish_catalog(call.world, find.catalog(call, id), published, call.user)
    return Reply(204)


def _require_admin(call: Call) -> None:
    if not call.user.administers(call.user.org):
        raise denied()
