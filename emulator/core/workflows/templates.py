"""vApp templates: captured, uploaded, copied, changed, deleted (vCloud API reference, sections 3.1, 3.2 and 6.8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gatepost.core.entities import require_free
from gatepost.core.errors import IllegalState
from gatepost.core.inventory import (
    Catalog,
    CatalogItem,
    Hardware,
    Leases,
    Media,
    NetworkConfig,
    Status,
    TemplateVm,
    Upload,
    UploadFile,
    User,
    VApp,
    VAppTemplate,
    Vdc,
    Vm,
)
from gatepost.core.operations import ASK, WORK, Failed, Operation, Steps, Wait, Workflow
from gatepost.core.workflows.power import is_made, require
from gatepost.core.workflows.vapps import make

READY = frozenset({Status.POWERED_OFF})
"""Statuses in which templates can be used."""


@dataclass(frozen=True, slots=True)
class NewTemplate:
    """A template to be made, listed in `catalog` where one is given."""

    vdc: Vdc
    name: str
    description: str
    user: User
    catalog: Catalog | None = None
    gold_master: bool = False
    customized: bool = True


@dataclass(frozen=True, slots=True)
class TemplateChanges:
    """What a client wants of a template; None leaves something as it is."""

    name: str | None = None
    description: str | None = None
    gold_master: bool | None = None
    customized: bool | None = None
    storage_lease: int | None = None


def capture(plan: NewTemplate, source: VApp, replaces: CatalogItem | None = None) -> Workflow:
    """A template of a vApp, which is locked meanwhile. It takes the place of what `replaces` stands for."""

    def workflow(op: Operation) -> Steps:
        template = _begin(op, plan, listed=replaces is None)
        op.locks(source)
        require(source, is_made(source), "capture", "It was never made; delete it.")
        _fill(op, template, source.vms, [network.config for network in source.networks])
        if replaces is not None:
            op.locks(replaces.entity)
            op.on_end("catalogItem/modify", replaces, on_failure=False)
        yield ASK
        yield WORK
        template.status = Status.POWERED_OFF
        if replaces is not None:
            _replace(op, replaces, template)

    return workflow


def copy_template(plan: NewTemplate, source: VAppTemplate, *, moves: bool) -> Workflow:
    def workflow(op: Operation) -> Steps:
        template = _begin(op, plan)
        op.locks(source)
        require_ready(source)
        _fill(op, template, source.vms, source.networks)
        if moves:
            op.on_end("vappTemplate/delete", source, on_failure=False)
        yield ASK
        yield WORK
        template.status = Status.POWERED_OFF
        if moves:
            op.world.inventory.remove(source)

    return workflow


def import_template(plan: NewTemplate, vm_name: str, hardware: Hardware) -> Workflow:
    def workflow(op: Operation) -> Steps:
        template = _begin(op, plan, verb="import")
        template.vms = [TemplateVm(op.world.ids.uuid(), vm_name, template, hardware.copy())]
        op.world.inventory.template_vms.update((vm.id, vm) for vm in template.vms)
        yield ASK
        yield WORK
        template.status = Status.POWERED_OFF

    return workflow


def upload_template(plan: NewTemplate, descriptor: str) -> Workflow:
    """A template whose files the user transfers, the one called `descriptor` first. The outside world is asked when
    all are there.
    """

    def workflow(op: Operation) -> Steps:
        template = _begin(op, plan)
        template.described = False
        upload = Upload(op.world.ids.uuid(), template, op.wake, [UploadFile(descriptor)])
        template.upload = op.world.inventory.uploads[upload.id] = upload
        try:
            yield Wait(op.world.settings.upload_timeout, "The upload was not complete in time. Upload it again.")
        except Failed:
            template.status = Status.TRANSFER_TIMEOUT
            op.tell("vapp/upload_timeout", template)
            raise
        finally:
            del op.world.inventory.uploads[upload.id]
            template.upload = None
        yield ASK
        yield WORK
        template.status = Status.POWERED_OFF

    return workflow


def update_template(template: VAppTemplate, changes: TemplateChanges) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(template)
        require_ready(template)
        if changes.name is not None and changes.name != template.name:
            op.world.inventory.require_free_name(template, changes.name)
        op.tell("vappTemplate/modify_request", template)
        op.on_end("vappTemplate/modify", template)
        yield ASK
        yield WORK
        if changes.name is not None:
            op.world.inventory.rename(template, changes.name)
        if changes.description is not None:
            template.description = changes.description
        if changes.gold_master is not None:
            template.gold_master = changes.gold_master
        if changes.customized is not None:
            template.customized = changes.customized
        if changes.storage_lease is not None:
            template.leases.storage.seconds = changes.storage_lease

    return workflow


def delete_template(template: VAppTemplate) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(template)
        op.tell("vappTemplate/delete_request", template)
        if template.item is not None:
            op.on_end("catalogItem/delete", template.item, on_failure=False)
        op.on_end("vappTemplate/delete", template)
        yield ASK
        yield WORK
        op.world.inventory.remove(template)

    return workflow


def enable_download(template: VAppTemplate) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(template)
        require_ready(template)
        op.tell("vappTemplate/modify_request", template)
        op.on_end("vappTemplate/modify", template)
        yield ASK
        yield WORK
        template.downloadable = True

    return workflow


def disable_download(template: VAppTemplate) -> None:
    """At once. Raises BusyEntity."""
    require_free(template)
    template.downloadable = False


def is_ready(template: VAppTemplate) -> bool:
    return template.status in READY


def require_ready(template: VAppTemplate) -> None:
    """Raises IllegalState unless it has been made."""
    if not is_ready(template):
        raise IllegalState(f'The vApp template "{template.name}" is not ready. Wait for it, or delete it.')


def list_in(op: Operation, catalog: Catalog, entity: VAppTemplate | Media) -> CatalogItem:
    """A catalog item for something new, which goes when that goes. Raises DuplicateName."""
    item = CatalogItem(op.world.ids.uuid(), entity.name, catalog, entity, op.world.now(), entity.description)
    op.world.inventory.add_item(item)
    op.on_end("catalogItem/create", item)
    return item


def _begin(op: Operation, plan: NewTemplate, *, verb: str = "create", listed: bool = True) -> VAppTemplate:
    world = op.world
    if listed and plan.catalog is not None:
        world.inventory.require_free_item(plan.catalog, plan.name)
    template = VAppTemplate(world.ids.uuid(), plan.name, plan.vdc, plan.user, world.now(), plan.description)
    template.gold_master, template.customized = plan.gold_master, plan.customized
    template.leases = Leases.of(0, world.settings.storage_lease)
    make(op, template, undone="vappTemplate/delete")
    op.tell(f"vappTemplate/{verb}_request", template)
    if listed and plan.catalog is not None:
        list_in(op, plan.catalog, template)
    op.on_end(f"vappTemplate/{verb}", template)
    return template


def _fill(
    op: Operation, template: VAppTemplate, vms: Sequence[Vm | TemplateVm], networks: Sequence[NetworkConfig]
) -> None:
    template.vms = [TemplateVm(op.world.ids.uuid(), vm.name, template, vm.hardware.copy(), vm.guest) for vm in vms]
    template.networks = tuple(networks)
    op.world.inventory.template_vms.update((vm.id, vm) for vm in template.vms)


def _replace(op: Operation, item: CatalogItem, template: VAppTemplate) -> None:
    """The item stands for the new template; what it stood for goes."""
    old = item.entity
    old.item = None
    op.world.inventory.remove(old)
    item.entity, template.item = template, item
