"""From the id in a URL to the object that the caller may see.

An id that is no UUID is a 400; the id of something else that the caller may see is a 400 as well; what is absent or
not visible is a 403, and looks the same (reference, sections 0.6 and 0.7).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from gatepost.core.errors import IllegalState, NotFound
from gatepost.core.holds import Hold
from gatepost.core.inventory import (
    Catalog,
    CatalogItem,
    Disk,
    Machine,
    Media,
    Network,
    Organization,
    StorageProfile,
    TemplateVm,
    User,
    VApp,
    VAppNetwork,
    VAppTemplate,
    Vdc,
    Vm,
)
from gatepost.core.tasks import Task
from gatepost.vcloud.errors import bad_id, bad_request, denied, no_access, wrong_collection
from gatepost.vcloud.http import Call, checked_id
from gatepost.vcloud.services.parts import Part


class Owned(Protocol):
    """Something that belongs to an organization."""

    @property
    def org(self) -> Organization: ...


Source = VApp | Vm | VAppTemplate | TemplateVm
"""What VMs can be copied from."""

Found = TypeVar("Found", bound=Owned)
AnyPart = TypeVar("AnyPart", bound=Part)


def org(call: Call, text: str) -> Organization:
    id = checked_id(text)
    found = call.world.inventory.orgs.get(id)
    if found is None or not call.user.sees(found):
        raise _absent(call, "org", id)
    return found


def vdc(call: Call, text: str) -> Vdc:
    return _owned(call, "vdc", checked_id(text), call.world.inventory.vdcs)


def own_vdc(call: Call, text: str) -> Vdc:
    """One in which the caller may make things: of the own organization, unless it is a system administrator."""
    found = vdc(call, text)
    if found.org is not call.user.org and not call.user.is_sysadmin:
        raise denied()
    return found


def source(call: Call, href: str) -> Source:
    """What is to be copied: a vApp, a template or one VM of either; a catalog item stands for what it lists."""
    text = tail(href)
    if text.startswith("vapp-"):
        return vapp(call, text)
    if text.startswith("vappTemplate-"):
        return template(call, text)
    if text.startswith("vm-"):
        id = checked_id(text, "vm-")
        return template_vm(call, text) if id in call.world.inventory.template_vms else vm(call, text)
    if "/catalogItem/" not in href:
        raise bad_id()
    item = catalog_item(call, text)
    if isinstance(item.entity, Media):
        raise wrong_collection("vapptemplate")
    return item.entity


def catalog(call: Call, text: str) -> Catalog:
    return _owned(call, "catalog", checked_id(text), call.world.inventory.catalogs)


def own_catalog(call: Call, text: str) -> Catalog:
    """One in which the caller may put things."""
    found = catalog(call, text)
    if found.org is not call.user.org and not call.user.is_sysadmin:
        raise denied()
    return found


def vdc_of(catalog: Catalog) -> Vdc:
    """Where that which is uploaded to a catalog is kept. Raises ApiError (400)."""
    for vdc in catalog.org.vdcs.values():
        return vdc
    raise bad_request("The organization of the catalog has no datacenter to keep content in.")


def catalog_item(call: Call, text: str) -> CatalogItem:
    return _owned(call, "catalogitem", checked_id(text), call.world.inventory.catalog_items)


def network(call: Call, text: str) -> Network:
    return _owned(call, "network", checked_id(text), call.world.inventory.networks)


def any_network(call: Call, text: str) -> Network | VAppNetwork:
    """An organization's or a vApp's."""
    id, own = checked_id(text), call.world.inventory.vapp_networks
    return _owned(call, "network", id, own) if id in own else network(call, text)


def template(call: Call, text: str) -> VAppTemplate:
    """By the path segment `vappTemplate-U`."""
    return _owned(call, "vapptemplate", checked_id(text, "vappTemplate-"), call.world.inventory.templates)


def template_or_vm(call: Call, text: str) -> VAppTemplate | TemplateVm:
    return template_vm(call, text) if text.startswith("vm-") else template(call, text)


def template_vm(call: Call, text: str) -> TemplateVm:
    return _owned(call, "vm", checked_id(text, "vm-"), call.world.inventory.template_vms)


def machine(call: Call, text: str) -> Machine:
    """By the path segment `vapp-U` or `vm-U`."""
    if text.startswith("vm-"):
        return vm(call, text)
    return vapp(call, text)


def vapp(call: Call, text: str) -> VApp:
    """Raises IllegalState where the request would change one in maintenance mode."""
    found = _owned(call, "vapp", checked_id(text, "vapp-"), call.world.inventory.vapps)
    _require_no_maintenance(call, found)
    return found


def vm(call: Call, text: str) -> Vm:
    """Raises IllegalState where the request would change one in a vApp in maintenance mode."""
    found = _owned(call, "vm", checked_id(text, "vm-"), call.world.inventory.vms)
    _require_no_maintenance(call, found.vapp)
    return found


def _require_no_maintenance(call: Call, vapp: VApp) -> None:
    if vapp.maintenance and not call.user.is_sysadmin and call.environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        raise IllegalState(f'The vApp "{vapp.name}" is in maintenance mode. Wait until an administrator has ended it.')


def media(call: Call, text: str) -> Media:
    return _owned(call, "media", checked_id(text), call.world.inventory.media)


def disk(call: Call, text: str) -> Disk:
    return _owned(call, "disk", checked_id(text), call.world.inventory.disks)


def storage_profile(call: Call, vdc: Vdc, href: str) -> StorageProfile:
    """One of the datacenter's, by a reference to it."""
    found = profile(call, tail(href))
    if found.vdc is not vdc:
        raise bad_request("validation error on field 'StorageProfile': the datacenter does not have it")
    return found


def profile(call: Call, text: str) -> StorageProfile:
    return _owned(call, "vdcStorageProfile", checked_id(text), call.world.inventory.storage_profiles)


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


def part(call: Call, kind: type[AnyPart], text: str) -> AnyPart:
    """Of an extension service, or one itself. For system administrators, as the routes see to."""
    id = checked_id(text)
    found = call.dialect.services.parts.get(id)
    if not isinstance(found, kind):
        raise _absent(call, kind.kind, id)
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
        inventory.vapp_networks,
        inventory.templates,
        inventory.template_vms,
        inventory.vapps,
        inventory.vms,
        inventory.media,
        inventory.disks,
        inventory.storage_profiles,
    ]
    seen = any(id in where and call.user.sees(where[id].org) for where in elsewhere)
    visible_org = id in inventory.orgs and call.user.sees(inventory.orgs[id])
    visible_part = call.user.is_sysadmin and id in call.dialect.services.parts
    known = seen or visible_org or visible_part or _sees_task(call, id)
    return wrong_collection(kind) if known else no_access(kind, id)


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
