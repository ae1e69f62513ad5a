"""Media files (reference, sections 3.1 and 3.4)."""

from __future__ import annotations

from gatepost.core import workflows
from gatepost.core.entities import busy_with
from gatepost.core.inventory import Media
from gatepost.core.tasks import Task
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import USER_VIEW, V, vcloud_type
from gatepost.vcloud.represent.links import link, owner
from gatepost.vcloud.represent.tasks import tasks_of
from gatepost.vcloud.represent.templates import files
from gatepost.vcloud.xmlio import Element, root, sub

MEDIA = vcloud_type("media")


def media(call: Call, media: Media, *, created_by: Task | None = None) -> Element:
    """With `created_by` as the creating request is answered: with its task, whatever became of it."""
    href = call.entity_href("media", media.id)
    element = root(
        V + "Media",
        USER_VIEW,
        size=media.size,
        imageType=media.image_type,
        status=media.status.value,
        name=media.name,
        id=f"urn:vcloud:media:{media.id}",
        type=MEDIA,
        href=href,
    )
    link(element, "up", call.entity_href("vdc", media.vdc.id), vcloud_type("vdc"))
    link(element, "down", href + "/metadata", vcloud_type("metadata"))
    if busy_with(media) is None:
        if workflows.can_edit_media(media):
            link(element, "edit", href, MEDIA)
        if workflows.can_delete_media(media):
            link(element, "remove", href)
    sub(element, V + "Description", media.description)
    tasks_of(call, element, media, created_by)
    if media.upload is not None:
        files(call, element, media.upload)
    owner(call, element, media.owner)
    if call.traits.storage_profiles:
        profile = media.vdc.storage_profile
        own = {"type": vcloud_type("vdcStorageProfile"), "name": profile.name}
        sub(element, V + "VdcStorageProfile", **own, href=call.entity_href(profile.kind, profile.id))
    return element
