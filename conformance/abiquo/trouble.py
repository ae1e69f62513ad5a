"""Whether a connector gets through trouble: with the cloud's answers, and with decisions that come too late."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from gatepost.conformance.abiquo.asks import Ask, Call
from gatepost.conformance.scene import Scene
from gatepost.conformance.verdict import Broken
from gatepost.core.faults import Fault
from gatepost.core.journal import Entry

EARLY = 0.05
"""Seconds by which a timer may be wrong."""

LULL = 1.5
"""Seconds without a further attempt that prove that it has given up."""

MOST_ATTEMPTS = 10
"""After a refusal; more of them are a loop."""

LOOK = 3.0
MOST_REFUSALS = 15
"""Refused calls within LOOK seconds; more of them are a hot loop."""


def gets_through(asked: Ask, trouble: Fault) -> None:
    """It met the trouble, and then decided, once, before its patience ended. Raises Broken and Unreached."""
    scene, patience = asked.scene, asked.scene.profile.patience
    scene.wait(lambda: not asked.active and trouble.trigger.hits, patience)
    scene.require(trouble.trigger.hits, f"a call that could meet {trouble.effect.kind}")
    calls = asked.decisions()
    if asked.active:
        tried = f"it tried {', '.join(map(str, calls))}" if calls else "it did not try to decide"
        met = [entry for entry in scene.entries() if entry.fault == trouble.id]
        raise Broken(
            f"{asked.wanted} for {asked.name!r} within {patience:g} s, in spite of {trouble.effect.kind}",
            f"{tried}{scene.how_it_ended}",
            *met[:1],
            *(call.response or call.request for call in calls[-3:]),
        )
    asked.takes(asked.wanted)
    asked.decided_once()


def waits(asked: Ask, trouble: Fault, seconds: float) -> None:
    """Its second attempt comes so long after the refusal of the first at the earliest. Raises Broken and Unreached."""
    scene = asked.scene
    scene.wait(lambda: not asked.active and trouble.trigger.hits, scene.profile.patience)
    refused = next(
        (e for e in scene.entries() if e.kind == "http.response" and e.status == 503 and e.dialect == "abiquo"), None
    )
    scene.require(refused, "the refusal")
    assert refused is not None
    calls = [call for call in asked.decisions() if call.request.seq > refused.seq]
    scene.require(calls, "a second attempt")
    after = calls[0].request.at - refused.at
    if after < seconds - EARLY:
        raise Broken(
            f"a second attempt no earlier than {seconds:g} s after the refusal",
            f"it came after {after:.2f} s",
            refused,
            calls[0].request,
        )


def took_effect_unheard(asked: Ask, trouble: Fault) -> None:
    """Its decision was applied, and it never heard so. Raises Unreached."""
    scene = asked.scene
    scene.wait(lambda: trouble.trigger.hits and not asked.active, scene.profile.patience)
    scene.require(trouble.trigger.hits and asked.by_connector, "a decision, the answer to which is lost")


def comes_back(asked: Ask, trouble: Fault) -> None:
    """Wait until it has looked again, or tried again; it need not."""
    scene = asked.scene
    lost = next((e.seq for e in scene.entries() if e.fault == trouble.id), 0)
    about = ("http.request", "http.response")

    def answered() -> bool:
        # The lost one is among the entries behind the tap's note of it: one request and one answer.
        return sum(entry.kind in about and entry.seq > lost for entry in asked.entries()) > len(about) + 1

    scene.watch(answered, scene.profile.within)


def goes_on(later: Ask) -> None:
    """What was asked for after the trouble is decided. Raises Broken, since the trouble was met."""
    scene, patience = later.scene, later.scene.profile.patience
    scene.wait(lambda: not later.active, patience)
    if not later.by_connector:
        seen = ", ".join(map(str, later.decisions())) or "it did not try to decide"
        raise Broken(
            f"{later.name!r}, asked for later, is decided within {patience:g} s", f"{seen}{scene.how_it_ended}"
        )


def still_runs(scene: Scene) -> None:
    """Raises Broken."""
    connector = scene.bench.connector
    if connector is not None and not connector.alive:
        raise Broken("the connector goes on", scene.how_it_ended.removeprefix("; "))


def refusals(asked: Ask) -> list[Call]:
    """The attempts to decide that the cloud has refused."""
    return [call for call in asked.decisions() if call.response is not None and not call.accepted]


def gives_up(asked: Ask) -> None:
    """After a refusal it does not try for ever. Raises Broken."""
    found = refusals(asked)
    if found:
        first = found[0].response
        assert first is not None
        gives_up_on(asked.scene, repr(asked.name), lambda: _attempts_after(asked, first), first)


def gives_up_on(scene: Scene, what: str, attempts: Callable[[], int], *nearest: Entry) -> None:
    """The number of attempts comes to an end. Raises Broken."""
    end = time.monotonic() + scene.profile.patience
    before = -1
    while (count := attempts()) > before:
        if count > MOST_ATTEMPTS or (count and time.monotonic() > end):
            raise Broken(f"no endless attempts at {what}, which is over", f"{count} attempts", *nearest)
        before = count
        scene.watch(partial(_more_than, attempts, before), LULL)


def _more_than(attempts: Callable[[], int], number: int) -> bool:
    return attempts() > number


def does_not_spin(scene: Scene, trouble: Fault) -> None:
    """While it is refused, it does not ask again and again without a pause. Raises Broken and Unreached."""
    scene.wait(lambda: trouble.trigger.hits, scene.profile.patience)
    scene.require(trouble.trigger.hits, "a call that is refused")
    before = trouble.trigger.hits
    if scene.watch(lambda: trouble.trigger.hits - before > MOST_REFUSALS, LOOK):
        refused = [entry for entry in scene.entries() if entry.fault == trouble.id]
        seen = f"more than {MOST_REFUSALS} calls that were refused"
        raise Broken(f"pauses: at most {MOST_REFUSALS} calls within {LOOK:g} s", seen, *refused[-3:])


def decided_once_again(asked: Sequence[Ask], since: int) -> None:
    """What it tried after a restart: what it heard of before is forgotten. Raises Broken."""
    for one in asked:
        later = [call for call in one.decisions() if call.request.seq > since]
        heard: Entry | None = next((call.response for call in later if call.response is not None), None)
        too_many = [call for call in later if heard is not None and call.request.seq > heard.seq]
        wrong = [call for call in later if call.action != one.wanted]
        if too_many or wrong:
            raise Broken(
                f"one decision about {one.name!r} after a restart",
                ", ".join(map(str, later)),
                *(call.request for call in wrong or too_many),
            )


def _attempts_after(asked: Ask, entry: Entry) -> int:
    return sum(call.request.seq > entry.seq for call in asked.decisions())
