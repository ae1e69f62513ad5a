"""Asking the query service, and reading what it says."""

from __future__ import annotations

from urllib.parse import urlencode

from lxml import etree

from tests.support.client import Reply, VcloudClient

QUERY = "/api/query"


def url(path: str = QUERY, /, **parameters: object) -> str:
    """The URL of a query; `filter` and all others are encoded once, as a URL needs it."""
    return f"{path}?{urlencode(parameters)}"


def ask(client: VcloudClient, type: str, /, **parameters: object) -> Reply:
    """One page. Raises AssertionError unless it is answered with 200."""
    reply = client.get(url(type=type, **parameters))
    assert reply.status == 200, reply
    return reply


def records(reply: Reply) -> list[etree._Element]:
    """The records or references of a page."""
    return [child for child in reply.xml if etree.QName(child).localname != "Link"]


def values(reply: Reply, attribute: str = "name") -> list[str | None]:
    """One attribute of each record, in order."""
    return [record.get(attribute) for record in records(reply)]


def links(reply: Reply) -> dict[tuple[str, str], str]:
    """The links of the page itself, by rel and format."""
    found = {}
    for link in reply.xml.findall("{*}Link"):
        format = link.get("type", "").removeprefix("application/vnd.vmware.vcloud.query.").removesuffix("+xml")
        found[link.get("rel", ""), format] = link.get("href", "")
    return found
