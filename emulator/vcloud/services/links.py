"""The links that enabled services add to the cloud's own resources (reference, section 8.2, ServiceLink)."""

from __future__ import annotations

from collections.abc import Iterator

from gatepost.vcloud.names import V
from gatepost.vcloud.services.naming import expand
from gatepost.vcloud.services.parts import ServiceLink
from gatepost.vcloud.xmlio import Element

Links = dict[str, tuple[ServiceLink, ...]]
"""By the media type, in lower case, of the resources that get them."""


def add(document: Element, links: Links, base: str, *, external_ids: bool) -> None:
    """Add what fits to the resources in a document. `base` is the URL of the API, without a slash at the end."""
    for resource in _resources(document):
        for link in links.get(resource.get("type", "").lower(), ()):
            _add(resource, link, base, external_ids=external_ids)


def _resources(document: Element) -> Iterator[Element]:
    """The document, and the VMs that a vApp or a template shows as a whole. All else in it are references."""
    if document.get("type") is not None and document.get("href") is not None:
        yield document
        yield from document.iterfind(f"{V}Children/{V}Vm")


def _add(resource: Element, link: ServiceLink, base: str, *, external_ids: bool) -> None:
    id = resource.get("id", "")
    uuid = id.rpartition(":")[2]
    if link.resource_id and link.resource_id.lower() not in (id.lower(), uuid.lower()):
        return
    if not uuid and "{resourceId}" in link.href:
        return
    present = resource.findall(V + "Link")
    if any((one.get("rel"), one.get("type", "").lower()) == (link.rel, link.mime_type.lower()) for one in present):
        return
    attributes = {"rel": link.rel, "type": link.mime_type, "href": expand(link.href, base, uuid)}
    if external_ids and link.external_id:
        attributes["id"] = link.external_id
    element = resource.makeelement(V + "Link", attributes)
    resource.insert(resource.index(present[-1]) + 1 if present else 0, element)
