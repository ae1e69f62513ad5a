"""Links and references: how one resource names another (reference, sections 0.2 and 0.9)."""

from __future__ import annotations

from gatepost.core.events import EntityRef
from gatepost.core.inventory import StorageProfile, User
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import ENTITY_TYPES, V, admin_type, vcloud_type
from gatepost.vcloud.xmlio import Element, sub


def link(parent: Element, rel: str, href: str, type: str | None = None, name: str | None = None) -> None:
    sub(parent, V + "Link", rel=rel, type=type, name=name, href=href)


def reference(call: Call, parent: Element, tag: str, target: EntityRef) -> None:
    """A reference in the user view."""
    sub(
        parent,
        tag,
        type=ENTITY_TYPES[target.kind],
        name=target.name,
        href=call.entity_href(target.kind, target.id),
    )


def owner(call: Call, parent: Element, user: User) -> None:
    element = sub(parent, V + "Owner", type=vcloud_type("owner"))
    reference(call, element, V + "User", user.ref)


def storage_profile(call: Call, parent: Element, profile: StorageProfile) -> None:
    own = {"type": vcloud_type("vdcStorageProfile"), "name": profile.name}
    sub(parent, V + "StorageProfile", **own, href=call.entity_href(profile.kind, profile.id))


def admin_reference(call: Call, parent: Element, tag: str, kind: str, type_name: str, id: str, name: str) -> None:
    """A reference in the administrators' view."""
    sub(parent, tag, type=admin_type(type_name), name=name, href=call.href(f"/api/admin/{kind}/{id}"))
