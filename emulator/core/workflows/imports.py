"""Imports from vSphere, which only system administrators can ask for (vCloud API reference, section 3.1)."""

from __future__ import annotations

from gatepost.core.inventory import Catalog, Media, Status, User, VApp, Vdc
from gatepost.core.operations import ASK, WORK, Operation, Steps, Workflow
from gatepost.core.workflows.power import is_made, require, set_state
from gatepost.core.workflows.templates import list_in
from gatepost.core.workflows.vapps import NewVm, add_vms, make


def import_into(vapp: VApp, plan: NewVm) -> Workflow:
    """One more VM in a vApp that exists."""

    def workflow(op: Operation) -> Steps:
        op.acts_on(vapp)
        require(vapp, is_made(vapp), "import a VM into", "It was never made; delete it.")
        op.tell("vapp/modify_request", vapp)
        (vm,) = add_vms(op, vapp, [plan])
        op.on_end("vapp/modify", vapp)
        yield ASK
        yield WORK
        set_state(vm, Status.POWERED_OFF, deployed=False)

    return workflow


def import_media(vdc: Vdc, name: str, description: str, user: User, size: int, catalog: Catalog | None) -> Workflow:
    def workflow(op: Operation) -> Steps:
        if catalog is not None:
            op.world.inventory.require_free_item(catalog, name)
        media = Media(op.world.ids.uuid(), name, vdc, user, op.world.now(), size, description=description)
        make(op, media, undone="media/delete")
        op.tell("media/import_request", media)
        if catalog is not None:
            list_in(op, catalog, media)
        op.on_end("media/import", media)
        yield ASK
        yield WORK
        media.status = Status.RESOLVED

    return workflow
