"""Whether a connector gets through trouble with the cloud's answers: it comes back, in time, and not too often."""

from __future__ import annotations

from lxml import etree

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud.asks import Ask
from gatepost.conformance.verdict import Broken
from gatepost.core.faults import Fault
from gatepost.core.journal import Entry

EARLY = 0.05
"""Seconds by which a timer may be wrong."""


def gets_through(asked: Ask, trouble: Fault, action: str) -> None:
    """It met the trouble, and then decided, once, before its patience ended. Raises Broken and Unreached."""
    scene, patience = asked.scene, asked.scene.profile.patience
    scene.wait(lambda: not asked.hold.active and trouble.trigger.hits, patience)
    scene.require(trouble.trigger.hits, f"a request that could meet {trouble.effect.kind}")
    met = [entry for entry in scene.entries() if entry.fault == trouble.id]
    calls = asked.decisions()
    if asked.hold.active:
        tried = f"it tried {', '.join(map(str, calls))}" if calls else "it did not try to decide"
        raise Broken(
            f"{action} of {asked.name!r} within {patience:g} s, in spite of {trouble.effect.kind}",
            f"{tried}{scene.how_it_ended}",
            *met[:1],
            *(call.response or call.request for call in calls[-3:]),
        )
    asked.takes(action)
    leaves_alone(asked)


def was_met_for(asked: Ask, trouble: Fault) -> bool:
    """Whether it was this request that met the trouble; true as well where nothing could tell."""
    about = (asked.hold.id, asked.task.id)
    tellable = [entry for entry in asked.looks() if any(id in entry.path for id in about)]
    met = [entry for entry in asked.scene.entries() if entry.fault == trouble.id]
    is_read = trouble.rule.match.method == "GET"
    return not (is_read and tellable) or any(id in entry.path for entry in met for id in about)


def leaves_alone(asked: Ask) -> None:
    """Since it knows that the request is decided, it did not try to decide it. Raises Broken."""
    knows = _knows_since(asked)
    if knows is None:
        return
    later = [call for call in asked.decisions() if call.request.seq > knows.seq]
    if later:
        raise Broken(
            f"no decision about {asked.name!r} after it was told that there is one",
            f"{len(later)} more: {', '.join(map(str, later))}",
            knows,
            *(call.request for call in later[:3]),
        )


def waits(asked: Ask, trouble: Fault, seconds: float) -> None:
    """Its second attempt comes so long after the refusal of the first at the earliest. Raises Broken and Unreached."""
    scene = asked.scene
    scene.wait(lambda: not asked.hold.active and trouble.trigger.hits, scene.profile.patience)
    scene.require(trouble.trigger.hits, "a decision, which could be refused")
    calls = asked.decisions()
    refused = next((call for call in calls if call.request.fault == trouble.id and call.response is not None), None)
    scene.require(refused, "the refusal")
    assert refused is not None
    assert refused.response is not None
    again = next((call for call in calls if call.request.seq > refused.response.seq), None)
    scene.require(again, "a second attempt")
    assert again is not None
    after = again.request.at - refused.response.at
    if after < seconds - EARLY:
        raise Broken(
            f"a second attempt no earlier than {seconds:g} s after the refusal",
            f"it came after {after:.2f} s",
            refused.response,
            again.request,
        )


def took_effect_unheard(asked: Ask, trouble: Fault) -> None:
    """Its decision was applied, and it never heard so. Raises Unreached."""
    scene = asked.scene
    scene.wait(lambda: trouble.trigger.hits and not asked.hold.active, scene.profile.patience)
    scene.require(trouble.trigger.hits and asked.by_connector, "a decision, the answer to which is lost")


def goes_on(later: Ask) -> None:
    """What was asked for after the trouble is decided. Raises Broken, since the trouble was met."""
    scene, patience = later.scene, later.scene.profile.patience
    scene.wait(lambda: not later.hold.active, patience)
    if later.hold.active:
        seen = ", ".join(map(str, later.decisions())) or "it did not try to decide"
        raise Broken(
            f"{later.name!r}, asked for later, is decided within {patience:g} s", f"{seen}{scene.how_it_ended}"
        )


def still_runs(scene: Scene) -> None:
    """Raises Broken."""
    connector = scene.bench.connector
    if connector is not None and not connector.alive:
        raise Broken("the connector goes on", scene.how_it_ended.removeprefix("; "))


def _knows_since(asked: Ask) -> Entry | None:
    """The first answer that told it that the request is decided."""
    entries = asked.entries()
    requests = {entry.seq: entry for entry in entries if entry.kind == "http.request"}
    lost = _lost(asked, entries)
    decisions = {call.request.seq for call in asked.decisions()}
    for entry in entries:
        if entry.kind != "http.response" or entry.answers is None or entry.answers in lost:
            continue
        request = requests.get(entry.answers)
        said_yes = entry.answers in decisions and (entry.status or 500) < 300
        if said_yes or (request is not None and request.method == "GET" and _shows_an_end(entry)):
            return entry
    return None


def _lost(asked: Ask, entries: list[Entry]) -> set[int]:
    """The requests whose answers never arrived: the tap tells of its fault when the request comes in."""
    lost = set()
    for fault in (e for e in asked.scene.entries(asked.seq) if e.kind == "http.fault"):
        same = [e for e in entries if e.kind == "http.request" and e.seq > fault.seq]
        about = next((e for e in same if (e.method, e.path) == (fault.method, fault.path)), None)
        if about is not None:
            lost.add(about.seq)
    return lost


def _shows_an_end(response: Entry) -> bool:
    """Whether it is a blocking task that is active no more."""
    if response.status != 200 or b"BlockingTask" not in response.body:
        return False
    try:
        root = etree.fromstring(response.body)
    except etree.XMLSyntaxError:
        return False
    return etree.QName(root).localname == "BlockingTask" and root.get("status") != "active"
