"""Catalogs and their items, for users and for administrators (reference, sections 2.3 and 2.4)."""

from __future__ import annotations

from gatepost.core.clock import iso
from gatepost.core.entities import busy_with
from gatepost.core.inventory import Catalog, CatalogItem
from gatepost.core.tasks import Task
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import ENTITY_TYPES, USER_VIEW, V, admin_type, vcloud_type
from gatepost.vcloud.represent.links import link, owner
from gatepost.vcloud.represent.tasks import tasks_of
from gatepost.vcloud.xmlio import Element, root, sub

ADMIN_CATALOG = admin_type("catalog")
CATALOG_ITEM = vcloud_type("catalogItem")


def catalog(call: Call, catalog: Catalog) -> Element:
    href = call.entity_href("catalog", catalog.id)
    element = root(
        V + "Catalog",
        USER_VIEW,
        name=catalog.name,
        id=f"urn:vcloud:catalog:{catalog.id}",
        type=vcloud_type("catalog"),
        href=href,
    )
    link(element, "up", call.entity_href("org", catalog.org.id), vcloud_type("org"))
    link(element, "down", href + "/metadata", vcloud_type("metadata"))
    link(element, "down", f"{href}/controlAccess/", vcloud_type("controlAccess"))
    link(element, "down", f"{href}/owner", vcloud_type("owner"))
    if busy_with(catalog) is None and call.user.sees(catalog.org):
        link(element, "add", href + "/catalogItems", CATALOG_ITEM)
        link(element, "add", href + "/action/upload", vcloud_type("uploadVAppTemplateParams"))
        link(element, "add", href + "/action/upload", vcloud_type("media"))
        link(element, "add", href + "/action/captureVApp", vcloud_type("captureVAppParams"))
        link(element, "controlAccess", href + "/action/controlAccess", vcloud_type("controlAccess"))
    if call.user.administers(catalog.org):
        link(element, "alternate", call.href(f"/api/admin/catalog/{catalog.id}"), ADMIN_CATALOG)
    _content(call, element, catalog)
    return element


def admin_catalog(call: Call, catalog: Catalog, created_by: Task | None = None) -> Element:
    href = admin_href(call, catalog)
    element = root(
        V + "AdminCatalog",
        USER_VIEW,
        name=catalog.name,
        id=f"urn:vcloud:catalog:{catalog.id}",
        type=ADMIN_CATALOG,
        href=href,
    )
    link(element, "up", call.href(f"/api/admin/org/{catalog.org.id}"), admin_type("organization"))
    link(element, "alternate", call.entity_href("catalog", catalog.id), vcloud_type("catalog"))
    link(element, "down", href + "/owner", vcloud_type("owner"))
    link(element, "down", href + "/metadata", vcloud_type("metadata"))
    if busy_with(catalog) is None:
        link(element, "edit", href, ADMIN_CATALOG)
        link(element, "publish", href + "/action/publish", admin_type("publishCatalogParams"))
        if not catalog.items:
            link(element, "remove", href)
    _content(call, element, catalog, created_by)
    return element


def admin_href(call: Call, catalog: Catalog) -> str:
    return call.href(f"/api/admin/catalog/{catalog.id}")


def catalog_item(call: Call, item: CatalogItem, *, created_by: Task | None = None) -> Element:
    """With `created_by` as the request is answered that makes what the item stands for."""
    href = call.entity_href("catalogitem", item.id)
    element = root(
        V + "CatalogItem",
        USER_VIEW,
        size=0,
        name=item.name,
        id=f"urn:vcloud:catalogitem:{item.id}",
        type=CATALOG_ITEM,
        href=href,
    )
    link(element, "up", call.entity_href("catalog", item.catalog.id), vcloud_type("catalog"))
    link(element, "down", href + "/metadata", vcloud_type("metadata"))
    if busy_with(item.entity) is None:
        link(element, "edit", href, CATALOG_ITEM)
        link(element, "remove", href)
    sub(element, V + "Description", item.description)
    if created_by is not None:
        tasks_of(call, element, item.entity, created_by)
    sub(
        element,
        V + "Entity",
        type=ENTITY_TYPES[item.entity.kind],
        name=item.entity.name,
        href=call.entity_href(item.entity.kind, item.entity.id),
    )
    _dates(call, element, item.created)
    return element


def _content(call: Call, element: Element, catalog: Catalog, created_by: Task | None = None) -> None:
    sub(element, V + "Description", catalog.description)
    tasks_of(call, element, catalog, created_by)
    owner(call, element, catalog.owner)
    items = sub(element, V + "CatalogItems")
    for item in catalog.items.values():
        sub(
            items,
            V + "CatalogItem",
            type=CATALOG_ITEM,
            name=item.name,
            id=item.id,
            href=call.entity_href("catalogitem", item.id),
        )
    sub(element, V + "IsPublished", "true" if catalog.published else "false")
    _dates(call, element, catalog.created)


def _dates(call: Call, element: Element, created: float) -> None:
    if call.traits.dates_created:
        sub(element, V + "DateCreated", iso(created))
    if call.traits.version_numbers:
        sub(element, V + "VersionNumber", "1")
