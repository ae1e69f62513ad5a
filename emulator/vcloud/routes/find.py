"""From the id in a URL to the object that the caller may see.

An id that is no UUID is a 400; the id of something else that the caller may see is a 400 as well; what is absent or
not visible is a 403, and looks the same (reference, sections 0.6 and 0.7).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from gatepost.core.errors import NotFound
from gatepost.core.holds import Hold
from gatepost.core.inventory import (
    Catalog,
    CatalogItem,
    Machine,
    Network,
    Organization,
    TemplateVm,
    User,
    VApp,
    VAppTemplate,
    Vdc,
    Vm,
)
from gatepost.core.tasks import Task
from gatepost.vcloud.errors import bad_id, no_access, wrong_collection
from gatepost.vcloud.http import Call, checked_id


class Owned(Protocol):
    """Something that belongs to an organization."""

    @property
    def org(self) -> Organization: ...


Found = TypeVar("Found", bound=Owned)


def org(call: Call, text: str) -> Organization:
    id = checked_id(text)
    found = call.world.inventory.orgs.get(id)
    if found is None or not call.user.sees(found):
        raise _absent(call, "org", id)
    return found


def vdc(call: Call, text: str) -> Vdc:
    return _owned(call, "vdc", checked_id(text), call.world.inventory.vdcs)


def catalog(call: Call, text: str) -> Catalog:
    return _owned(call, "catalog", checked_id(text), call.world.inventory.catalogs)


def catalog_item(call: Call, text: str) -> CatalogItem:
    return _owned(call, "catalogitem", checked_id(text), call.world.inventory.catalog_items)


def network(call: Call, text: str) -> Network:
    return _owned(call, "network", checked_id(text), call.world.inventory.networks)


def template(call: Call, text: str) -> VAppTemplate:
    """By the path segment `vappTemplate-U`."""
    return _owned(call, "vapptemplate", checked_id(text, "vappTemplate-"), call.world.inventory.templates)


def template_or_vm(call: Call, text: str) -> VAppTemplate | TemplateVm:
    if text.startswith("vm-"):
        return _owned(call, "vm", checked_id(text, "vm-"), call.world.inventory.template_vms)
    return template(call, text)


def machine(call: Call, text: str) -> Machine:
    """By the path segment `vapp-U` or `vm-U`."""
    if text.startswith("vm-"):
        return vm(call, text)
    return vapp(call, text)


def vapp(call: Call, text: str) -> VApp:
    return _owned(call, "vapp", checked_id(text, "vapp-"), call.world.inventory.vapps)


def vm(call: Call, text: str) -> Vm:
    return _owned(call, "vm", checked_id(text, "vm-"), call.world.inventory.vms)


def user(call: Call, text: str) -> User:
    """For administrators of the user's organization."""
    id = checked_id(text)
    found = call.world.inventory.users.get(id)
    if found is None or not call.user.administers(found.org):
        raise _absent(call, "user", id)
    return found


def task(call: Call, text: str) -> Task:
    id = checked_id(text)
    try:
        found = call.world.tasks.get(id)
    except NotFound:
        raise _absent(call, "task", id) from None
    # An administrator who worked in a tenant's organization owns the task, and so does the tenant.
    if not call.user.sees(found.org):
        raise _absent(call, "task", id)
    call.concerns(found.id)
    return found


def hold(call: Call, text: str) -> Hold:
    """For system administrators, as the routes see to."""
    id = checked_id(text)
    try:
        found = call.world.holds.get(id)
    except NotFound:
        raise _absent(call, "blockingTask", id) from None
    call.concerns(found.task.id)
    return found


def tail(href: str | None) -> str:
    """The last path segment of a reference's href. The host in it is never looked at, let alone called."""
    if not href:
        raise bad_id()
    return href.rstrip("/").rpartition("/")[2]


def _owned(call: Call, kind: str, id: str, where: Mapping[str, Found]) -> Found:
    found = where.get(id)
    if found is None or not call.user.sees(found.org):
        raise _absent(call, kind, id)
    return found


def _absent(call: Call, kind: str, id: str) -> Exception:
    inventory = call.world.inventory
    elsewhere: list[Mapping[str, Owned]] = [
        inventory.vdcs,
        inventory.catalogs,
        inventory.catalog_items,
        inventory.networks,
        inventory.templates,
        inventory.template_vms,
        inventory.vapps,
        inventory.vms,
    ]
    seen = any(id in where and call.user.sees(where[id].org) for where in elsewhere)
    visible_org = id in inventory.orgs and call.user.sees(inventory.orgs[id])
    return wrong_collection(kind) if seen or visible_org or _sees_task(call, id) else no_access(kind, id)


def _sees_task(call: Call, id: str) -> bool:
    """Whether it is the id of a task, or of a blocking task, that the caller may see."""
    try:
        return call.user.sees(call.world.tasks.get(id).org)
    except NotFound:
        pass
    try:
        return call.user.is_sysadmin and call.user.sees(call.world.holds.get(id).task.org)
    except NotFound:
        return False
