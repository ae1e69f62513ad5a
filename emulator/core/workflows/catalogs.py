"""Catalogs and their items: all but their making is done at once, without a task (reference, sections 2.3 and 3.2)."""

from __future__ import annotations

from gatepost.core.entities import Named, Requester, Tenant, require_free
from gatepost.core.errors import IllegalState
from gatepost.core.inventory import Catalog, CatalogItem, Media, Organization, User, VAppTemplate
from gatepost.core.operations import WORK, Operation, Steps, Workflow
from gatepost.core.workflows.vapps import make
from gatepost.core.world import World


def create_catalog(org: Organization, name: str, description: str, user: User) -> Workflow:
    def workflow(op: Operation) -> Steps:
        catalog = Catalog(op.world.ids.uuid(), name, org, user, op.world.now(), description)
        make(op, catalog, undone="catalog/delete")
        op.on_end("catalog/create", catalog)
        yield WORK

    return workflow


def update_catalog(world: World, catalog: Catalog, name: str | None, description: str | None, by: Requester) -> None:
    """Raises BusyEntity and DuplicateName."""
    require_free(catalog)
    if name is not None:
        world.inventory.rename_catalog(catalog, name)
    if description is not None:
        catalog.description = description
    _tell(world, "catalog/modify", catalog, catalog.org, by)


def delete_catalog(world: World, catalog: Catalog, by: Requester) -> None:
    """Raises BusyEntity, and IllegalState while something is listed in it."""
    require_free(catalog)
    if catalog.items:
        raise IllegalState(f'The catalog "{catalog.name}" is not empty. Delete its items first.')
    world.inventory.remove(catalog)
    _tell(world, "catalog/delete", catalog, catalog.org, by)


def publish_catalog(world: World, catalog: Catalog, published: bool, by: Requester) -> None:
    require_free(catalog)
    catalog.published = published
    _tell(world, "catalog/publish", catalog, catalog.org, by)


def list_item(
    world: World, catalog: Catalog, entity: VAppTemplate | Media, name: str, description: str, by: Requester
) -> CatalogItem:
    """List a template or media file. Raises BusyEntity, DuplicateName, and IllegalState for what is listed already."""
    require_free(entity)
    if entity.item is not None:
        raise IllegalState(
            f'"{entity.name}" is in catalog "{entity.item.catalog.name}" already. Delete that item first.'
        )
    item = CatalogItem(world.ids.uuid(), name, catalog, entity, world.now(), description)
    world.inventory.add_item(item)
    _tell(world, "catalogItem/create", item, item.org, by)
    return item


def update_item(world: World, item: CatalogItem, name: str, description: str | None, by: Requester) -> None:
    """Raises DuplicateName."""
    if name != item.name:
        world.inventory.require_free_item(item.catalog, name)
        item.name = name
    if description is not None:
        item.description = description
    _tell(world, "catalogItem/modify", item, item.org, by)


def delete_item(world: World, item: CatalogItem, by: Requester) -> None:
    """Raises BusyEntity. Whether what it stood for goes too is a setting."""
    require_free(item.entity)
    entity = item.entity
    world.inventory.remove_item(item)
    _tell(world, "catalogItem/delete", item, item.org, by)
    if world.settings.item_deletion == "entity":
        world.inventory.remove(entity)
        kind = "vappTemplate" if isinstance(entity, VAppTemplate) else "media"
        _tell(world, f"{kind}/delete", entity, entity.org, by)


def _tell(world: World, type: str, entity: Named, org: Tenant, by: Requester) -> None:
    world.emit(type, entity.ref, org, by)
