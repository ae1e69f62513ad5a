"""Media files, and the drives of VMs that they go into (reference, sections 3.1 and 3.2)."""

from __future__ import annotations

from collections.abc import Callable

from gatepost.core import workflows
from gatepost.core.inventory import Media, Vdc, Vm
from gatepost.core.operations import Workflow
from gatepost.core.tasks import Task
from gatepost.core.workflows import MediaChanges, NewMedia
from gatepost.vcloud import xmlio
from gatepost.vcloud.errors import bad_request
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.names import V
from gatepost.vcloud.represent import media as represent
from gatepost.vcloud.routes import find
from gatepost.vcloud.routes.tasks import accepted
from gatepost.vcloud.xmlio import Element

UPLOAD = "vdcUploadMedia"

LARGEST = 62 << 40
"""Bytes."""

IMAGES = ("iso", "floppy")


@route("POST", "/api/vdc/<id>/media")
def upload(call: Call, id: str) -> Reply:
    """The content comes later, to the URL in the answer's Files."""
    with call.world.lock:
        vdc = find.own_vdc(call, id)
    plan = planned(call, call.body(V + "Media"), vdc)
    with call.world.lock:
        return created(call, call.world.request(UPLOAD, call.user, workflows.upload_media(plan)))


def planned(call: Call, document: Element, vdc: Vdc) -> NewMedia:
    """The media file that a client wants to upload. Raises Malformed."""
    name, description = xmlio.name_of(document), xmlio.text_of(document, "Description") or ""
    size, image = xmlio.long(document.get("size", ""), "size"), document.get("imageType", "")
    if not 0 <= size <= LARGEST:
        raise xmlio.invalid("size", f"0 to {LARGEST} bytes are expected")
    if image not in IMAGES:
        raise xmlio.invalid("imageType", f"one of {', '.join(IMAGES)} is expected")
    return NewMedia(vdc, name, description, call.user, size, image)


@route("POST", "/api/vdc/<id>/action/cloneMedia")
def clone(call: Call, id: str) -> Reply:
    with call.world.lock:
        vdc = find.own_vdc(call, id)
    params = call.body(V + "CloneMediaParams")
    name, description = xmlio.name_of(params), xmlio.text_of(params, "Description") or ""
    source = xmlio.child(params, "Source")
    if source is None:
        raise bad_request("validation error on field 'Source': the element is required")
    moves = xmlio.boolean(xmlio.text_of(params, "IsSourceDelete") or None, "IsSourceDelete", default=False)
    with call.world.lock:
        media = find.media(call, find.tail(source.get("href")))
        plan = NewMedia(vdc, name, description, call.user, media.size, media.image_type)
        workflow = workflows.copy_media(plan, media, moves=moves)
        return created(call, call.world.request("vdcCopyMedia", call.user, workflow))


def created(call: Call, task: Task) -> Reply:
    """Answer with the new media file; the caller holds the lock."""
    call.concerns(task.id)
    media = call.world.inventory.media[task.owner.id]
    element = represent.media(call, media, created_by=task)
    return Reply(201, element, represent.MEDIA, {"Location": call.entity_href("media", media.id)})


@route("GET", "/api/media/<id>")
def get(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, represent.media(call, find.media(call, id)), represent.MEDIA)


@route("PUT", "/api/media/<id>")
def update(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.media(call, id)
    document = call.body(V + "Media")
    name = xmlio.name_of(document) if document.get("name") is not None else None
    changes = MediaChanges(name, xmlio.text_of(document, "Description"))
    with call.world.lock:
        return accepted(call, "vdcUpdateMedia", workflows.update_media(find.media(call, id), changes))


@route("DELETE", "/api/media/<id>")
def delete(call: Call, id: str) -> Reply:
    with call.world.lock:
        return accepted(call, "vdcDeleteMedia", workflows.delete_media(find.media(call, id)))


def _drive_route(action: str, operation: str, workflow: Callable[[Vm, Media], Workflow]) -> None:
    @route("POST", f"/api/vApp/<id>/media/action/{action}")
    def act(call: Call, id: str) -> Reply:
        with call.world.lock:
            find.vm(call, id)
        reference = xmlio.child(call.body(V + "MediaInsertOrEjectParams"), "Media")
        if reference is None:
            raise bad_request("validation error on field 'Media': the element is required")
        with call.world.lock:
            media = find.media(call, find.tail(reference.get("href")))
            return accepted(call, operation, workflow(find.vm(call, id), media))


_drive_route("insertMedia", "vappInsertCdFloppy", workflows.insert_media)
_drive_route("ejectMedia", "vappEjectCdFloppy", workflows.eject_media)
