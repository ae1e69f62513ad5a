"""Connectors that know better than the links which URL to take."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from lxml import etree

from gatepost.conformance.connectors import vcloud_client
from gatepost.conformance.connectors import vcloud_reference as reference
from gatepost.conformance.connectors.defects import defect
from gatepost.conformance.connectors.vcloud_client import VCLOUD, Cloud

_ACTIONS = ("resume", "abort", "fail", "updateProgress")


def _pattern(cloud: Cloud, id: str) -> str:
    return f"{cloud.url}/api/admin/extension/blockingTask/{id}"


@defect("vcloud", "Puts the URL of an action together from the id.", breaks="VCD-LNK-1")
def assembles_actions() -> None:
    right = reference.Decider.follow

    def follow(self: reference.Decider, decision: str, id: str, held: reference.Held) -> None:
        for link in held.task.iterfind(f"{{{VCLOUD}}}Link"):
            if link.get("rel") == decision:
                link.set("href", f"{_pattern(self.cloud, id)}/action/{decision}")
        right(self, decision, id, held)

    reference.Decider.follow = follow  # type: ignore[method-assign]


@defect("vcloud", "Puts the URL of the blocking task together from the id.", breaks="VCD-LNK-2", may="VCD-LNK-1")
def assembles_the_blocking_task() -> None:
    right = Cloud.get

    def get(self: Cloud, href: str) -> etree._Element:
        if "/entity/" in href:
            return etree.Element("Entity", href=_pattern(self, href.rpartition(":")[2]))
        return right(self, href)

    Cloud.get = get  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Takes links by their place: the first is resume, the second abort, the third fail.",
    breaks="VCD-LNK-3.1",
    may="VCD-NOT-*",
)
def counts_links() -> None:
    right = reference.find_link  # type: ignore[attr-defined]

    def find_link(element: etree._Element, rel: str) -> str | None:
        links = element.findall(f"{{{VCLOUD}}}Link")
        if rel in _ACTIONS and right(element, rel) is not None:
            return links[_ACTIONS.index(rel)].get("href")
        return right(element, rel)

    reference.find_link = find_link  # type: ignore[attr-defined]


@defect("vcloud", "Cannot bear a link that it does not know.", breaks="VCD-LNK-3.1", may="VCD-NOT-*")
def knows_all_links() -> None:
    known = {*_ACTIONS, "up", "alternate", "entityResolver", "down", "add", "edit", "remove", "task:cancel"}
    right = reference.find_link  # type: ignore[attr-defined]

    def find_link(element: etree._Element, rel: str) -> str | None:
        for link in element.iterfind(f"{{{VCLOUD}}}Link"):
            if link.get("rel") not in known and str(element.tag).endswith("BlockingTask"):
                raise ValueError(f"there is no link {link.get('rel')}")
        return right(element, rel)

    reference.find_link = find_link  # type: ignore[attr-defined]


@defect("vcloud", "Takes any link whose name begins with that of the action.", breaks="VCD-LNK-3.1", may="VCD-NOT-*")
def takes_links_by_their_beginning() -> None:
    def find_link(element: etree._Element, rel: str) -> str | None:
        links = element.iterfind(f"{{{VCLOUD}}}Link")
        return next((link.get("href") for link in links if link.get("rel", "").startswith(rel)), None)

    reference.find_link = find_link  # type: ignore[attr-defined]


@defect("vcloud", "Puts /api behind the host, whatever stands between them.", breaks="VCD-LNK-3.2")
def knows_one_root() -> None:
    right = reference.Decider.look_up

    def look_up(self: reference.Decider, id: str) -> reference.Held | None:
        before, parts = self.cloud.url, urlsplit(self.cloud.url)
        self.cloud.url = f"{parts.scheme}://{parts.netloc}"
        try:
            return right(self, id)
        finally:
            self.cloud.url = before

    reference.Decider.look_up = look_up  # type: ignore[method-assign]


@defect("vcloud", "Turns the name of its cloud into an address, and trusts no link with a name.", breaks="VCD-LNK-3.2")
def knows_one_name() -> None:
    right = vcloud_client.Cloud.require_ours

    def require_ours(self: Cloud, href: str) -> None:
        host = urlsplit(href).hostname or ""
        if host != socket.gethostbyname(host):
            raise vcloud_client.Gone(f"{href} is not our cloud")
        right(self, href)

    vcloud_client.Cloud.require_ours = require_ours  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Takes actions that are not offered, by URLs that it puts together.",
    breaks="VCD-LNK-4",
    may="VCD-NOT-* VCD-ROB-* VCD-TMO-2.3",
)
def acts_without_a_link() -> None:
    right = reference.find_link  # type: ignore[attr-defined]

    def find_link(element: etree._Element, rel: str) -> str | None:
        href = right(element, rel)
        return f"{element.get('href')}/action/{rel}" if href is None and rel in _ACTIONS else href

    reference.find_link = find_link  # type: ignore[attr-defined]
