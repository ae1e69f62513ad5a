"""Rights, and lists of references to them (reference, sections 2.4 and 8.1)."""

from __future__ import annotations

from collections.abc import Iterable

from gatepost.vcloud.http import Call
from gatepost.vcloud.names import EXTENSION_VIEW, USER_VIEW, V, X, admin_type
from gatepost.vcloud.represent.links import admin_reference, link
from gatepost.vcloud.represent.services import RIGHT, RIGHTS, path_of
from gatepost.vcloud.rights import Right
from gatepost.vcloud.services.parts import Service
from gatepost.vcloud.xmlio import Element, root, sub


def path(right: Right) -> str:
    return f"/api/admin/right/{right.id}"


def right(call: Call, right: Right) -> Element:
    element = root(
        V + "Right",
        USER_VIEW,
        name=right.name,
        id=f"urn:vcloud:right:{right.id}",
        type=RIGHT,
        href=call.href(path(right)),
    )
    link(element, "up", call.href("/api/admin/"), admin_type("vcloud"))
    sub(element, V + "Description", right.description)
    sub(element, V + "Category", right.category)
    if right.bundle_key:
        sub(element, V + "BundleKey", right.bundle_key)
    if right.namespace:
        sub(element, V + "ServiceNamespace", right.namespace)
    return element


def references(call: Call, parent: Element, rights: Iterable[Right]) -> None:
    """The `RightReferences` of a role, or of the whole cloud."""
    listed = sub(parent, V + "RightReferences")
    for one in rights:
        admin_reference(call, listed, V + "RightReference", "right", "right", one.id, one.name)


def of_service(call: Call, service: Service, rights: Iterable[Right]) -> Element:
    href = call.href(path_of(service)) + "/rights"
    element = root(X + "RightRefs", EXTENSION_VIEW, type=RIGHTS, href=href)
    link(element, "up", call.href(path_of(service)), admin_type(Service.type_name))
    link(element, "add", href, RIGHT)
    for one in rights:
        admin_reference(call, element, X + "Right", "right", "right", one.id, one.name)
    return element
