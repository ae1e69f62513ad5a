"""Walking the cloud as a client does: every link and every reference, from the session on."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lxml import etree

from tests.support.client import VcloudClient
from tests.support.schemas import VCLOUD, VMEXT

_LINKS = (f"{{{VCLOUD}}}Link", f"{{{VMEXT}}}Link")
READ = re.compile(r"up|down(:.*)?|alternate|catalogItem|blockingTask|(first|last|next|previous)Page|ovf")
"""Relations of links that are followed with GET."""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VERBS = {"edit": "PUT", "remove": "DELETE", "upload:default": "PUT", "download:default": "GET"}


@dataclass
class Walk:
    """What one user found: documents by path, links to actions as (rel, method, path), and what led nowhere."""

    documents: dict[str, bytes] = field(default_factory=dict)
    actions: set[tuple[str, str, str]] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    @property
    def ids(self) -> set[str]:
        return {id for document in self.documents.values() for id in _UUID.findall(document.decode())}


def walk(client: VcloudClient, start: str = "/api/session", most: int = 2_000) -> Walk:
    """Follow everything that can be read, each once.

    A link or reference is wrong when it does not answer 200, or not with the type that it promised.
    """
    found = Walk()
    waiting = deque([(start, "", "")])
    seen = {start}
    while waiting:
        path, promised, where = waiting.popleft()
        assert len(found.documents) < most, "the cloud goes on for ever"
        reply = client.get(path)
        given = reply.headers.get("content-type", "").partition(";")[0]
        if reply.status != 200 or (promised and given != promised.lower()):
            found.wrong.append(f"{where} -> {path}: {reply.status} {given}, promised {promised}")
            continue
        found.documents[path] = reply.body
        if not reply.body.lstrip().startswith(b"<"):
            continue
        document = reply.xml  # parsed anew each time
        for element in document.iter("*"):
            href, kind = element.get("href"), element.get("type", "")
            if href is None or element is document or _is_gone(element):
                continue
            target = _path(href)
            if element.tag in _LINKS:
                rel = element.get("rel", "")
                if not READ.fullmatch(rel):
                    if rel != "entityResolver":
                        found.actions.add((rel, _VERBS.get(rel, "POST"), target))
                    continue
            if target not in seen:
                seen.add(target)
                waiting.append((target, kind, f"{etree.QName(element).localname} of {path}"))
    return found


def _path(href: str) -> str:
    parts = urlsplit(href)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _is_gone(element: etree._Element) -> bool:
    """Tasks go on naming their objects when those are gone."""
    parent = element.getparent()
    return parent is not None and etree.QName(parent).localname == "Task" and etree.QName(element).localname == "Owner"
