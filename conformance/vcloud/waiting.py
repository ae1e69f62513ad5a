"""How a connector keeps a request alive that waits for a human."""

from __future__ import annotations

import time

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud.asks import Ask, Call, ask
from gatepost.conformance.vcloud.meanwhile import somebody_else_declines
from gatepost.conformance.verdict import Broken, Unreached
from gatepost.core.journal import Entry

SHORTEST = 4.0
"""Seconds of the time-out, which is never shorter than what a decision may take."""

MOST = 4
"""How often in one time-out a connector says that it is still there."""


def ask_to_wait(scene: Scene) -> Ask:
    """A request that a human decides, with a time-out that is not long."""
    world = scene.cloud.world
    scene.undo.callback(setattr, world.blocking, "timeout", world.blocking.timeout)
    world.blocking.timeout = max(SHORTEST, scene.profile.within)
    return ask(scene, "wait")


def is_kept_alive(asked: Ask) -> None:
    """It stays open beyond its time-out, and goes on to do so. Raises Broken, Unreached and HarnessError."""
    scene, hold = asked.scene, asked.hold
    period = _period(asked)
    first_end = hold.created_at + period
    began = time.monotonic()

    def is_safe() -> bool:
        now = scene.cloud.clock.now()
        is_far_off = hold.deadline > now + 2 * period
        return now > first_end + 0.2 and (is_far_off or len(accepted(asked)) > 1)

    scene.watch(lambda: not hold.active or is_safe(), 3 * period + scene.profile.within)
    if hold.active:
        return
    expected = f"{asked.name!r} kept open beyond its time-out of {period:g} s"
    seen = _how_often(asked)
    if asked.by_connector:
        raise Broken(expected, f"the connector took {hold.decision}", *(call.request for call in asked.decisions()))
    scene.require_heart_since(began)
    nearest = [call.request for call in asked.calls()] or asked.looks()[-3:] or asked.settled()
    if not nearest:
        raise Unreached(expected, f"it took no message{scene.how_it_ended}")
    raise Broken(expected, f"{seen}, and it was timed out", *nearest)


def first_update(asked: Ask) -> Call:
    """The first updateProgress that was answered. Raises Unreached."""
    scene = asked.scene
    scene.wait(lambda: _answered(asked) or not asked.hold.active, _period(asked) + scene.profile.within)
    updates = _answered(asked)
    scene.require(updates, f"an updateProgress of {asked.name!r}")
    return updates[0]


def stops_when_decided(asked: Ask) -> None:
    """Once it knows that somebody has decided, it sends no further updateProgress. Raises Broken and Unreached.

    It learns that by reading the task, or by the refusal of one updateProgress.
    """
    scene = asked.scene
    first_update(asked)
    scene.require(accepted(asked) and asked.hold.active, f"an updateProgress of {asked.name!r} in time")
    seq = scene.cloud.journal.last
    somebody_else_declines(asked)
    period = _period(asked)

    def learnt() -> Entry | None:
        responses = (e for e in asked.entries() if e.kind == "http.response" and (e.answers or 0) > seq)
        return next(responses, None)

    told = scene.watch(learnt, 2 * period)
    if told is None:
        return
    scene.watch(lambda: _updates_after(asked, told), 0.75 * period)
    if more := _updates_after(asked, told):
        raise Broken(f"no updateProgress after {asked.name!r} was decided", str(more[0]), told, more[0].request)


def is_not_pestered(asked: Ask) -> None:
    """At most so many updateProgress in one time-out. Raises Broken and Unreached."""
    first_update(asked)
    period = _period(asked)
    asked.scene.watch(lambda: _crowd(asked), period)
    if crowd := _crowd(asked):
        seen = f"{len(crowd)} within {crowd[-1].request.at - crowd[0].request.at:.1f} s"
        requests = [call.request for call in crowd]
        raise Broken(f"at most {MOST} updateProgress of {asked.name!r} in {period:g} s", seen, *requests)


def accepted(asked: Ask) -> list[Call]:
    return [call for call in asked.calls("updateProgress") if call.accepted]


def _answered(asked: Ask) -> list[Call]:
    return [call for call in asked.calls("updateProgress") if call.response is not None]


def _updates_after(asked: Ask, entry: Entry) -> list[Call]:
    return [call for call in asked.calls("updateProgress") if call.request.seq > entry.seq]


def _crowd(asked: Ask) -> list[Call]:
    """More than there may be within nine tenths of a time-out, since four are never sent at exact distances."""
    calls = asked.calls("updateProgress")
    for first, last in zip(calls, calls[MOST:], strict=False):
        if last.request.at - first.request.at < 0.9 * _period(asked):
            return calls[calls.index(first) : calls.index(last) + 1]
    return []


def _period(asked: Ask) -> float:
    return asked.scene.cloud.world.blocking.timeout


def _how_often(asked: Ask) -> str:
    calls = asked.calls("updateProgress")
    return f"{len(calls)} updateProgress ({', '.join(map(str, calls))})" if calls else "no updateProgress came"
