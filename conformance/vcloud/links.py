"""Where a connector's URLs come from: what the cloud told it, or its own idea of how such a URL looks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from lxml import etree

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud.asks import Ask, Call
from gatepost.conformance.verdict import Broken
from gatepost.core.journal import Entry

_TOLD = ("http.response", "amqp.deliver", "amqp.get")


class Told(NamedTuple):
    """An href that the cloud told; `rel` is empty where it stands in no link."""

    rel: str
    path: str


def takes_links(asked: Ask) -> None:
    """Each action went to the href of a link with that rel. Raises Broken and Unreached."""
    scene = asked.scene
    scene.wait(lambda: not asked.hold.active or _last_is_refused(asked), scene.profile.within)
    calls = asked.decisions()
    for call in calls:
        links = {told.path for told in _told_before(asked, call.request) if told.rel == call.action}
        if _path(call.request.path) not in links:
            offered = f"the link offered was {', '.join(sorted(links))}" if links else "no such link had been read"
            seen = f"{call.action} was sent to {call.request.path}, and {offered}"
            raise Broken(f"the href of the link {call.action}", seen, call.request)
    scene.require(calls, f"an action on {asked.name!r}")


def finds_it_by_what_it_was_told(asked: Ask) -> None:
    """Each request for the blocking task went to a URL that the cloud had told. Raises Broken and Unreached."""
    scene = asked.scene
    scene.wait(lambda: not asked.hold.active, scene.profile.within)
    about = [entry for entry in asked.entries() if entry.kind == "http.request" and _resource(asked, entry)]
    for entry in about:
        if _resource(asked, entry) not in {_cut(asked, told.path) for told in _told_before(asked, entry)}:
            seen = f"{entry.method} {entry.path}, which no answer and no message had told"
            raise Broken("a blocking task found by the entity resolver, the list or the query service", seen, entry)
    scene.require(about, f"a request for the blocking task of {asked.name!r}")


def stays_below_root(scene: Scene) -> None:
    """The connector's requests all went below the path of the URL that it was configured with. Raises Broken."""
    root = urlsplit(scene.cloud.url).path + "/"
    for entry in scene.entries():
        if entry.kind == "http.request" and not entry.path.startswith(root):
            raise Broken(f"requests below {root}", f"{entry.method} {entry.path}", entry)


def _last_is_refused(asked: Ask) -> bool:
    calls = asked.decisions()
    return bool(calls) and calls[-1].response is not None and not calls[-1].accepted


def _resource(asked: Ask, entry: Entry) -> str:
    """The path of the blocking task in that of a request; empty where it is about something else."""
    return _cut(asked, _path(entry.path))


def _cut(asked: Ask, path: str) -> str:
    before, found, _ = path.partition(f"/blockingTask/{asked.hold.id}")
    return before + found if found else ""


def _told_before(asked: Ask, request: Entry) -> Iterator[Told]:
    """What the cloud had told since the blocking task came to be."""
    for entry in asked.scene.entries(asked.seq):
        if entry.seq >= request.seq:
            break
        if entry.kind in _TOLD and entry.body:
            yield from _hrefs(entry.body)


def _hrefs(body: bytes) -> Iterator[Told]:
    if body.lstrip()[:1] in (b"{", b"["):
        yield from _in_json(body)
        return
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    root = etree.fromstring(body, parser)
    if root is None:
        return
    for element in root.iter("*"):
        rel = element.get("rel", "") if etree.QName(element).localname == "Link" else ""
        for name in ("href", "HREF"):
            if (href := element.get(name)) is not None:
                yield Told(rel, _path(href))


def _in_json(body: bytes) -> Iterator[Told]:
    try:
        waiting = [json.loads(body)]
    except ValueError:
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
            if isinstance(href := value.get("href"), str):
                rel = value.get("rel")
                yield Told(rel if isinstance(rel, str) else "", _path(href))


def _path(url: str) -> str:
    return unquote(urlsplit(url).path).rstrip("/")


def is_offered_nothing(calls: list[Call], read: Entry) -> None:
    """No action was asked for after that answer, which offered none. Raises Broken."""
    later = [call for call in calls if call.request.seq > read.seq]
    if later:
        seen = f"{', '.join(map(str, later))}, though the task that it had read has no such link"
        raise Broken("no action that is not offered", seen, read, *(call.request for call in later))
