"""Extension services and their parts, as administrators see them (reference, sections 8.1 and 8.2)."""

from __future__ import annotations

from typing import Any

from gatepost.vcloud.http import Call
from gatepost.vcloud.names import EXTENSION_VIEW, V, X, admin_type, vcloud_type
from gatepost.vcloud.represent.links import link
from gatepost.vcloud.services.parts import (
    AclAccess,
    ApiDefinition,
    FileDescriptor,
    Form,
    Part,
    Reference,
    Service,
    Shape,
)
from gatepost.vcloud.services.registry import REGISTRATION
from gatepost.vcloud.xmlio import Element, root, sub

LIST = admin_type("extensionServices")
RECORDS = vcloud_type("query.records")
RIGHT = admin_type("right")
RIGHTS = admin_type("rights")
BUNDLE_UPLOAD = admin_type("bundleUploadParams")
CHECK = admin_type("authorizationCheckParams")
CHECKED = admin_type("authorizationCheckResponse")


def path_of(part: Part) -> str:
    return f"{REGISTRATION}/{part.path}{part.id}"


def public_path(part: Part) -> str:
    """Where users see a service, one of its API definitions, or a file of those."""
    return f"/api/{_PUBLIC_PATHS[type(part)]}/{part.id}"


_PUBLIC_PATHS: dict[type[Part], str] = {Service: "service", ApiDefinition: "apidefinition", FileDescriptor: "files"}


def services(call: Call) -> Element:
    base = call.href(REGISTRATION)
    element = root(X + "ExtensionServices", EXTENSION_VIEW, type=LIST, href=base)
    link(element, "up", call.href("/api/admin/extension"), admin_type("vmwExtension"))
    link(element, "add", base, admin_type(Service.type_name))
    link(element, "down:services", base + "/query", RECORDS)
    link(element, "authorization:check", base + "/authorizationcheck", CHECK)
    link(element, "bundle:upload", base + "/localizationbundles", BUNDLE_UPLOAD)
    link(element, "bundles:cleanup", base + "/action/clearunusedlocalizationbundles")
    link(element, "rights:cleanup", base + "/action/clearunusedrights")
    return element


def part(call: Call, part: Part) -> Element:
    element = root(X + part.tag, EXTENSION_VIEW, **_attributes(call, part))
    href = call.href(path_of(part))
    # A service that is enabled is not removed, but told that it must be disabled before: so the guides show it.
    link(element, "remove", href)
    link(element, "edit", href, admin_type(part.type_name))
    if part.owner is None:
        link(element, "up", call.href(REGISTRATION), LIST)
        link(element, "rights", href + "/rights", RIGHTS)
        link(element, "bundle:upload", href + "/localizationbundles", BUNDLE_UPLOAD)
        link(element, "authorization:check", href + "/authorizationcheck", CHECK)
    else:
        link(element, "up", call.href(path_of(part.owner)), admin_type(part.owner.type_name))
    for shape in part.lists():
        if shape.part is not None and shape.path is not None:
            link(element, f"down:{shape.rel}", f"{href}/{shape.path}", RECORDS)
            link(element, "add", f"{href}/{shape.path}", admin_type(shape.part.type_name))
    _fill(call, element, part)
    return element


def socket(call: Call, upload: str) -> Element:
    """Where a localization bundle is to be sent."""
    location = call.href(f"{REGISTRATION}/localizationbundles/{upload}")
    return root(X + "BundleUploadSocket", EXTENSION_VIEW, uploadLocation=location)


def check(permitted: bool) -> Element:
    element = root(X + "AuthorizationCheckResponse", EXTENSION_VIEW)
    sub(element, X + "IsAuthorized", "true" if permitted else "false")
    return element


def _attributes(call: Call, part: Part) -> dict[str, str | int | None]:
    return {
        "name": part.name if part.named else None,
        "id": f"urn:vcloud:{part.kind}:{part.id}",
        "type": admin_type(part.type_name),
        "href": None if isinstance(part, FileDescriptor) else call.href(path_of(part)),
    }


def _fill(call: Call, element: Element, part: Part) -> None:
    if part.named:
        sub(element, V + "Description", part.description)
    for shape in part.shapes:
        _add(call, element, shape, getattr(part, shape.attribute))


def _add(call: Call, element: Element, shape: Shape, value: Any) -> None:
    if value is None or value == "" or value == []:
        return
    match shape.form:
        case Form.PARTS:
            container = sub(element, X + shape.tag)
            for one in value:
                _fill(call, sub(container, X + one.tag, **_attributes(call, one)), one)
        case Form.VERSIONS:
            container = sub(element, X + shape.tag)
            for version in value:
                sub(container, X + "Version", version)
        case Form.REFERENCE:
            _refer(element, shape.tag, value)
        case Form.ACCESS:
            _allow(sub(element, X + shape.tag), value)
        case Form.BOOLEAN:
            sub(element, X + shape.tag, "true" if value else "false")
        case Form.PATTERN:
            sub(element, X + shape.tag, value.source)
        case _:
            sub(element, X + shape.tag, str(value))


def _refer(element: Element, tag: str, reference: Reference) -> None:
    # The schema wants an href; whoever gave an id gets it back as that.
    sub(
        element,
        X + tag,
        type=reference.type,
        name=reference.name,
        id=reference.id,
        href=reference.href if reference.href is not None else reference.id,
    )


def _allow(element: Element, access: AclAccess) -> None:
    sub(element, X + "Access", access.access.value)
    if access.entity is not None:
        _refer(element, "Entity", access.entity)
