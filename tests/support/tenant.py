"""What a user of the cloud does: find the way by the links, and ask for a vApp."""

from __future__ import annotations

from lxml import etree

from tests.support.client import VcloudClient, find_link


def the(element: etree._Element, path: str) -> etree._Element:
    """The one element at a path such as `Tasks/Task`, in whatever namespace. Raises AssertionError."""
    found = element.findall("/".join("{*}" + step for step in path.split("/")))
    assert len(found) == 1, f"{len(found)} elements {path} in:\n{etree.tostring(element).decode()}"
    return found[0]


def href_of(element: etree._Element) -> str:
    href = element.get("href")
    assert href, etree.tostring(element)
    return href


def find_places(client: VcloudClient) -> tuple[str, str]:
    """The hrefs of the organization's vdc and of its first template, by the links that a client follows."""
    session = client.get("/api/session").xml
    org = client.get(find_link(session, "down", "application/vnd.vmware.vcloud.org+xml")).xml
    vdc = find_link(org, "down", "application/vnd.vmware.vcloud.vdc+xml")
    catalog = client.get(find_link(org, "down", "application/vnd.vmware.vcloud.catalog+xml")).xml
    first = the(catalog, "CatalogItems")[0]
    item = client.get(href_of(first)).xml
    return vdc, href_of(the(item, "Entity"))


def ask(client: VcloudClient, name: str, **attributes: str) -> tuple[str, str]:
    """Instantiate a vApp, by default one that stays off; the hrefs of the vApp and of its task."""
    attributes = {"deploy": "false", "powerOn": "false", **attributes}
    reply = client.instantiate(*find_places(client), name, **attributes)
    assert reply.status == 201, reply
    return href_of(reply.xml), href_of(the(reply.xml, "Tasks/Task"))
