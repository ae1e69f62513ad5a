"""Metadata of any object: the list, and one entry (reference, section 3.2)."""

from __future__ import annotations

from urllib.parse import quote

from gatepost.core.entities import busy_with
from gatepost.core.inventory import MetadataKey, Metadatum
from gatepost.core.workflows import Annotated
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import VCLOUD, XSI, V, vcloud_type
from gatepost.vcloud.represent.links import link
from gatepost.vcloud.xmlio import Element, root, sub

METADATA = vcloud_type("metadata")
VALUE = vcloud_type("metadata.value")

_VIEW: dict[str | None, str] = {None: VCLOUD, "xsi": XSI}


def metadata(call: Call, entity: Annotated, place: str, up: tuple[str, str], *, writable: bool) -> Element:
    """`place` is the path of the object, `up` its href and type; `writable` tells whether the caller may change it."""
    href = f"{call.href(place)}/metadata"
    element = root(V + "Metadata", _VIEW, type=METADATA, href=href)
    link(element, "up", *up)
    free = writable and busy_with(entity) is None
    if free:
        link(element, "add", href, METADATA)
    for key, value in entity.metadata.items():
        if not may_read(call, key, value):
            continue
        own = entry_href(href, key)
        entry = sub(element, V + "MetadataEntry", type=VALUE, href=own)
        link(entry, "up", href, METADATA)
        if free and may_write(call, key):
            link(entry, "edit", own, VALUE)
            link(entry, "remove", own)
        if call.traits.typed_metadata:
            sub(entry, V + "Domain", key[0], visibility=value.visibility)
        sub(entry, V + "Key", key[1])
        _value(call, entry, value)
    return element


def metadatum(call: Call, entity: Annotated, place: str, key: MetadataKey, *, writable: bool) -> Element:
    value, href = entity.metadata[key], f"{call.href(place)}/metadata"
    own = entry_href(href, key)
    element = root(V + "MetadataValue", _VIEW, type=VALUE, href=own)
    link(element, "up", href, METADATA)
    if writable and may_write(call, key) and busy_with(entity) is None:
        link(element, "edit", own, VALUE)
        link(element, "remove", own)
    if call.traits.typed_metadata:
        sub(element, V + "Domain", key[0], visibility=value.visibility)
    _value(call, element, value)
    return element


def entry_href(href: str, key: MetadataKey) -> str:
    domain, name = key
    return f"{href}/{quote(name, safe='')}" if domain == "GENERAL" else f"{href}/{domain}/{quote(name, safe='')}"


def may_read(call: Call, key: MetadataKey, value: Metadatum) -> bool:
    return key[0] == "GENERAL" or value.visibility != "PRIVATE" or call.user.is_sysadmin


def may_write(call: Call, key: MetadataKey) -> bool:
    """The SYSTEM domain is the provider's."""
    return key[0] == "GENERAL" or call.user.is_sysadmin


def _value(call: Call, parent: Element, value: Metadatum) -> None:
    if call.traits.typed_metadata:
        parent = sub(parent, V + "TypedValue", **{f"{{{XSI}}}type": value.type})
    sub(parent, V + "Value", value.value)
