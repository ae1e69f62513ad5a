"""Records of what machines are made from: catalogs and their items, templates, media, independent disks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gatepost.core.inventory import Catalog, CatalogItem, Disk, Media, Organization, Status, VAppTemplate, Vm
from gatepost.vcloud.names import admin_type
from gatepost.vcloud.query.records import (
    Attribute,
    RecordType,
    Who,
    admin_view,
    flag,
    moment,
    number,
    of_orgs,
    reference,
    text,
)
from gatepost.vcloud.query.types.machines import STATUS_WORDS, itself

# What can be powered off but never on is told as resolved.
_STATUS_WORDS = STATUS_WORDS | {Status.POWERED_OFF: Status.RESOLVED.name}
_BUS_WORDS = {"5": "IDE", "6": "SCSI", "20": "SATA"}


class Attachment(NamedTuple):
    """An independent disk, and the VM that it is attached to."""

    disk: Disk
    vm: Vm


def _catalogs(org: Organization) -> Iterator[Catalog]:
    yield from org.catalogs.values()


def _items(org: Organization) -> Iterator[CatalogItem]:
    for catalog in org.catalogs.values():
        yield from catalog.items.values()


def _templates(org: Organization) -> Iterator[VAppTemplate]:
    for vdc in org.vdcs.values():
        yield from vdc.templates.values()


def _media(org: Organization) -> Iterator[Media]:
    for vdc in org.vdcs.values():
        yield from vdc.media.values()


def _disks(org: Organization) -> Iterator[Disk]:
    for vdc in org.vdcs.values():
        yield from vdc.disks.values()


def _attachments(org: Organization) -> Iterator[Attachment]:
    for disk in _disks(org):
        if disk.attached_to is not None:
            yield Attachment(disk, disk.attached_to)


def _catalog_of(one: VAppTemplate | Media) -> Catalog | None:
    return None if one.item is None else one.item.catalog


def _catalog_name(one: VAppTemplate | Media) -> str | None:
    catalog = _catalog_of(one)
    return None if catalog is None else catalog.name


def _held(catalog: Catalog, kind: type[VAppTemplate] | type[Media]) -> int:
    return sum(isinstance(item.entity, kind) for item in catalog.items.values())


_CATALOG: tuple[Attribute[Catalog], ...] = (
    text("name", lambda catalog: catalog.name),
    flag("isPublished", lambda catalog: False),
    flag("isShared", lambda catalog: False),
    moment("creationDate", lambda catalog: catalog.created),
    text("orgName", lambda catalog: catalog.org.name),
    reference("owner", lambda catalog: catalog.owner),
    text("ownerName", lambda catalog: catalog.owner.name),
    number("numberOfMedia", lambda catalog: _held(catalog, Media)),
)

_ITEM: tuple[Attribute[CatalogItem], ...] = (
    text("name", lambda item: item.name),
    reference("entity", lambda item: item.entity),
    text("entityName", lambda item: item.entity.name),
    text("entityType", lambda item: item.entity.kind),
    reference("catalog", lambda item: item.catalog),
    text("catalogName", lambda item: item.catalog.name),
    reference("owner", lambda item: item.entity.owner),
    text("ownerName", lambda item: item.entity.owner.name),
    flag("isPublished", lambda item: False),
    reference("vdc", lambda item: item.entity.vdc),
    text("vdcName", lambda item: item.entity.vdc.name),
    flag("isVdcEnabled", lambda item: True),
    moment("creationDate", lambda item: item.created),
    flag("isExpired", lambda item: False),
    text("status", lambda item: _STATUS_WORDS[item.entity.status]),
)

# What templates and media share.
_FILE: tuple[Attribute[VAppTemplate | Media], ...] = (
    text("name", lambda one: one.name),
    text("ownerName", lambda one: one.owner.name),
    text("catalogName", _catalog_name),
    flag("isPublished", lambda one: False),
    reference("vdc", lambda one: one.vdc),
    text("vdcName", lambda one: one.vdc.name),
    reference("org", lambda one: one.org),
    moment("creationDate", lambda one: one.created),
    flag("isBusy", lambda one: one.busy is not None),
    text("status", lambda one: _STATUS_WORDS[one.status]),
    text("storageProfileName", lambda one: one.vdc.storage_profile.name, since="5.1"),
)
_LISTED: tuple[Attribute[VAppTemplate | Media], ...] = (
    reference("owner", lambda one: one.owner),
    reference("catalog", _catalog_of),
    reference("catalogItem", lambda one: one.item),
)

_TEMPLATE: tuple[Attribute[VAppTemplate], ...] = (
    *_FILE,
    flag("isGoldMaster", lambda template: template.gold_master),
    flag("isEnabled", lambda template: True),
    flag("isDeployed", lambda template: False),
)

_DISK: tuple[Attribute[Disk], ...] = (
    text("name", lambda disk: disk.name),
    reference("vdc", lambda disk: disk.vdc),
    text("vdcName", lambda disk: disk.vdc.name),
    number("sizeB", lambda disk: disk.size),
    text("ownerName", lambda disk: disk.owner.name),
    reference("task", lambda disk: None if disk.busy is None else disk.busy.ref),
    reference("storageProfile", lambda disk: disk.storage_profile),
    text("storageProfileName", lambda disk: disk.storage_profile.name),
    text("status", lambda disk: _STATUS_WORDS[disk.status]),
    text("busType", lambda disk: disk.bus_type),
    text("busTypeDesc", lambda disk: _BUS_WORDS.get(disk.bus_type)),
    text("busSubType", lambda disk: disk.bus_sub_type),
    flag("isAttached", lambda disk: disk.attached_to is not None),
)

TYPES = (
    RecordType[Catalog](
        "catalog",
        "CatalogRecord",
        "CatalogReference",
        Who.EVERYBODY,
        of_orgs(_catalogs),
        itself,
        (
            *_CATALOG,
            number("numberOfVAppTemplates", lambda catalog: _held(catalog, VAppTemplate)),
            text("description", lambda catalog: catalog.description, since="30.0"),
            number("version", lambda catalog: 1, since="30.0"),
        ),
    ),
    RecordType[Catalog](
        "adminCatalog",
        "AdminCatalogRecord",
        "CatalogReference",
        Who.SYSTEM,
        of_orgs(_catalogs),
        itself,
        (
            *_CATALOG,
            number("numberOfTemplates", lambda catalog: _held(catalog, VAppTemplate)),
            reference("org", lambda catalog: catalog.org),
        ),
        admin_view("catalog"),
        admin_type("catalog"),
    ),
    RecordType[CatalogItem](
        "catalogItem",
        "CatalogItemRecord",
        "CatalogItemReference",
        Who.EVERYBODY,
        of_orgs(_items),
        itself,
        _ITEM,
    ),
    RecordType[CatalogItem](
        "adminCatalogItem",
        "AdminCatalogItemRecord",
        "CatalogItemReference",
        Who.SYSTEM,
        of_orgs(_items),
        itself,
        (*_ITEM, reference("org", lambda item: item.org)),
    ),
    RecordType[VAppTemplate](
        "vAppTemplate",
        "VAppTemplateRecord",
        "VAppTemplateReference",
        Who.EVERYBODY,
        of_orgs(_templates),
        itself,
        (
            *_TEMPLATE,
            flag("isExpired", lambda template: False, since="5.1"),
            text("description", lambda template: template.description, since="5.7"),
        ),
    ),
    RecordType[VAppTemplate](
        "adminVAppTemplate",
        "AdminVAppTemplateRecord",
        "VAppTemplateReference",
        Who.SYSTEM,
        of_orgs(_templates),
        itself,
        (
            *_TEMPLATE,
            *_LISTED,
            flag("isExpired", lambda template: False),
            flag("isVdcEnabled", lambda template: True),
        ),
    ),
    RecordType[Media](
        "media",
        "MediaRecord",
        "MediaReference",
        Who.EVERYBODY,
        of_orgs(_media),
        itself,
        (*_FILE, *_LISTED, number("storageB", lambda media: media.size)),
    ),
    RecordType[Media](
        "adminMedia",
        "AdminMediaRecord",
        "MediaReference",
        Who.SYSTEM,
        of_orgs(_media),
        itself,
        (*_FILE, *_LISTED, number("storageB", lambda media: media.size), flag("isVdcEnabled", lambda media: True)),
    ),
    RecordType[Disk](
        "disk",
        "DiskRecord",
        "DiskReference",
        Who.EVERYBODY,
        of_orgs(_disks),
        itself,
        _DISK,
        since="5.1",
    ),
    RecordType[Disk](
        "adminDisk",
        "AdminDiskRecord",
        "AdminDiskReference",
        Who.SYSTEM,
        of_orgs(_disks),
        itself,
        (*_DISK, reference("org", lambda disk: disk.org)),
        since="5.1",
    ),
    RecordType[Attachment](
        "vmDiskRelation",
        "VmDiskRelationRecord",
        None,
        Who.EVERYBODY,
        of_orgs(_attachments),
        lambda attachment: attachment.disk,
        (
            reference("disk", lambda attachment: attachment.disk),
            reference("vm", lambda attachment: attachment.vm),
            reference("vdc", lambda attachment: attachment.disk.vdc),
        ),
        since="5.1",
    ),
)
