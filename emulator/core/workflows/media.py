"""Media: images that users bring, copy, and put into the drives of VMs (reference, sections 3.1, 3.2 and 6.7)."""

from __future__ import annotations

from dataclasses import dataclass

from gatepost.core.errors import IllegalState
from gatepost.core.inventory import Catalog, Media, Status, Upload, UploadFile, User, Vdc, Vm
from gatepost.core.operations import ASK, WORK, Failed, Operation, Steps, Wait, Workflow
from gatepost.core.workflows.power import OFF, ON, require
from gatepost.core.workflows.templates import list_in
from gatepost.core.workflows.vapps import make


@dataclass(frozen=True, slots=True)
class NewMedia:
    """A media file of `size` bytes to be made, listed in `catalog` where one is given."""

    vdc: Vdc
    name: str
    description: str
    user: User
    size: int
    image_type: str
    catalog: Catalog | None = None


def upload_media(plan: NewMedia) -> Workflow:
    """A media file whose content the user transfers. The outside world is asked when all is there."""

    def workflow(op: Operation) -> Steps:
        world = op.world
        media = _begin(op, plan)
        upload = Upload(world.ids.uuid(), media, op.wake, [UploadFile("file", plan.size)])
        media.upload = world.inventory.uploads[upload.id] = upload
        try:
            if not upload.is_whole:
                yield Wait(world.settings.upload_timeout, "The upload was not complete in time. Upload it again.")
        except Failed:
            media.status = Status.TRANSFER_TIMEOUT
            op.tell("media/upload_timeout", media)
            raise
        finally:
            world.inventory.uploads.pop(upload.id, None)
            media.upload = None
        yield ASK
        yield WORK
        media.status = Status.RESOLVED

    return workflow


def copy_media(plan: NewMedia, source: Media, *, moves: bool) -> Workflow:
    """A copy, which takes the place of its source where it `moves`."""

    def workflow(op: Operation) -> Steps:
        media = _begin(op, plan)
        op.locks(source)
        _require_ready(source, "copy")
        if moves:
            _require_ejected(source)
            op.on_end("media/delete", source, on_failure=False)
        yield ASK
        yield WORK
        media.status = Status.RESOLVED
        if moves:
            op.world.inventory.remove(source)

    return workflow


def _begin(op: Operation, plan: NewMedia) -> Media:
    if plan.catalog is not None:
        op.world.inventory.require_free_item(plan.catalog, plan.name)
    now = op.world.now()
    media = Media(op.world.ids.uuid(), plan.name, plan.vdc, plan.user, now, plan.size, plan.image_type)
    media.description = plan.description
    make(op, media, undone="media/delete")
    op.tell("media/create_request", media)
    if plan.catalog is not None:
        list_in(op, plan.catalog, media)
    op.on_end("media/create", media)
    return media


@dataclass(frozen=True, slots=True)
class MediaChanges:
    """What a client wants of a media file; None leaves something as it is."""

    name: str | None = None
    description: str | None = None


def can_edit_media(media: Media) -> bool:
    return media.status is Status.RESOLVED


def update_media(media: Media, changes: MediaChanges) -> Workflow:
    """Whether the name is free is seen at once, and once more when the change is made."""

    def workflow(op: Operation) -> Steps:
        op.acts_on(media)
        _require_ready(media, "change")
        if changes.name not in (None, media.name):
            op.world.inventory.require_free_name(media, changes.name)
        op.tell("media/modify_request", media)
        op.on_end("media/modify", media)
        yield ASK
        yield WORK
        if changes.name is not None:
            op.world.inventory.rename(media, changes.name)
        media.description = media.description if changes.description is None else changes.description

    return workflow


def can_delete_media(media: Media) -> bool:
    """Not while it is made, nor while it is in a drive."""
    return media.status is not Status.UNRESOLVED and not media.inserted_in


def delete_media(media: Media) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(media)
        _require_ejected(media)
        op.tell("media/delete_request", media)
        op.on_end("media/delete", media)
        yield ASK
        yield WORK
        op.world.inventory.remove(media)

    return workflow


def can_insert(vm: Vm) -> bool:
    return vm.status in OFF | ON


def insert_media(vm: Vm, media: Media) -> Workflow:
    """Into the drive for its kind, in place of what is there. The VM is what the task is about."""

    def workflow(op: Operation) -> Steps:
        op.acts_on(vm)
        op.locks(media)
        require(vm, can_insert(vm), "insert media into", "It must be on or off.")
        _require_ready(media, "insert")
        op.on_end("vm/modify", vm)
        yield ASK
        yield WORK
        _empty(vm, media.image_type)
        vm.drives[media.image_type] = media
        media.inserted_in[vm.id] = vm

    return workflow


def can_eject(vm: Vm) -> bool:
    return can_insert(vm) and bool(vm.drives)


def eject_media(vm: Vm, media: Media) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(vm)
        op.locks(media)
        require(vm, can_insert(vm), "eject media from", "It must be on or off.")
        if vm.drives.get(media.image_type) is not media:
            raise IllegalState(f'Media file "{media.name}" is not in a drive of VM "{vm.name}".')
        op.on_end("vm/modify", vm)
        yield ASK
        yield WORK
        _empty(vm, media.image_type)

    return workflow


def _empty(vm: Vm, drive: str) -> None:
    there = vm.drives.pop(drive, None)
    if there is not None:
        there.inserted_in.pop(vm.id, None)


def _require_ready(media: Media, words: str) -> None:
    if media.status is not Status.RESOLVED:
        raise IllegalState(f'Cannot {words} media file "{media.name}": its content is not there. Upload it first.')


def _require_ejected(media: Media) -> None:
    if media.inserted_in:
        vm = next(iter(media.inserted_in.values()))
        raise IllegalState(f'Media file "{media.name}" is in a drive of VM "{vm.name}". Eject it first.')
