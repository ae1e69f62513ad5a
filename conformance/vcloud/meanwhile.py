"""What happens to a request while the connector's decision is on its way, and how the connector takes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud.asks import Ask, Call, ask
from gatepost.conformance.verdict import Broken
from gatepost.core.faults import Match
from gatepost.core.holds import Decision
from gatepost.core.journal import Entry

LULL = 1.5
"""Seconds without a further attempt that prove that it has given up."""

MOST_AT_ONCE = 8
"""Requests that are held, for one thing that happens meanwhile."""

MOST_ATTEMPTS = 10
"""After a refusal; more of them are a loop."""


class Held:
    """Such requests do not reach the cloud until they are released or the scenario is over: several, since a connector
    may ask in more than one place."""

    def __init__(self, scene: Scene, method: str, path: str) -> None:
        tap = scene.cloud.http_tap
        assert tap is not None
        self._tap = tap
        self._points = [tap.hold("request", Match(method=method, path=path)) for _ in range(MOST_AT_ONCE)]
        scene.undo.callback(self.release)

    @property
    def reached(self) -> bool:
        return any(point.reached for point in self._points)

    def release(self) -> None:
        for point in self._points:
            self._tap.forget(point)
            point.release()


def ask_and_meet(scene: Scene, meanwhile: Callable[[Ask], None]) -> Ask:
    """Something happens while the decision about a user's request is on its way. Raises Unreached."""
    held = Held(scene, "POST", "*/action/resume*")
    asked = ask(scene, "resume")
    scene.wait(lambda: held.reached, scene.profile.within)
    scene.require(held.reached, f"a decision about {asked.name!r} on its way")
    meanwhile(asked)
    scene.require(not asked.hold.active, f"an end of {asked.name!r} that is not the connector's")
    held.release()
    refused = scene.wait(lambda: refusals(asked), scene.profile.within)
    scene.require(refused, f"the cloud's refusal of a decision about {asked.name!r}")
    return asked


def ask_and_end_before_it_looks(scene: Scene) -> Ask:
    """Somebody else fails a request before the connector reads its blocking task. Raises Unreached."""
    held = Held(scene, "GET", "*/blockingTask/*")
    asked = ask(scene, "resume")
    scene.wait(lambda: held.reached, scene.profile.within)
    scene.require(held.reached, f"a request for the blocking task of {asked.name!r}")
    # Failed, and not aborted, the vApp stays to be read: nothing but the missing link speaks against an action.
    world = scene.cloud.world
    world.decide(asked.hold, Decision.FAIL, "Broken off by hand", world.inventory.system_user)
    held.release()
    return asked


def first_reading(asked: Ask) -> Entry:
    """The first answer that showed it the blocking task. Raises Unreached."""
    found = asked.scene.wait(lambda: _readings(asked), asked.scene.profile.within)
    asked.scene.require(found, f"the blocking task of {asked.name!r} read")
    return _readings(asked)[0]


def time_runs_out(asked: Ask) -> None:
    """The cloud takes its own default decision, as at the end of the time-out."""
    world = asked.scene.cloud.world
    with world.lock:
        asked.hold.default = Decision.ABORT
        asked.hold.deadline = world.now()
        world.arm(asked.hold)
    asked.scene.wait(lambda: not asked.hold.active, 10.0)


def its_user_cancels(asked: Ask) -> None:
    asked.scene.cloud.world.cancel(asked.task, asked.task.user)


def somebody_else_declines(asked: Ask) -> None:
    world = asked.scene.cloud.world
    world.decide(asked.hold, Decision.ABORT, "Declined by hand", world.inventory.system_user)


def refusals(asked: Ask) -> list[Call]:
    """The attempts to decide that the cloud has refused."""
    return [call for call in asked.decisions() if call.response is not None and not call.accepted]


def gives_up(asked: Ask) -> None:
    """After a refusal it does not try for ever. Raises Broken.

    While it has not settled the message, it may be about to try again.
    """
    scene = asked.scene
    first = refusals(asked)[0].response
    assert first is not None
    end = time.monotonic() + scene.profile.patience
    before = -1
    after = _attempts_after(asked, first)
    while len(after) > before:
        if len(after) > MOST_ATTEMPTS or (after and time.monotonic() > end):
            seen = f"{len(after)} further attempts: {', '.join(map(str, after[-5:]))}"
            raise Broken(f"no endless attempts after {asked.name!r} had come to an end", seen, first, after[-1].request)
        before = len(after)
        scene.watch(partial(_settled_or_more, asked, first, before), max(0.0, end - time.monotonic()))
        scene.watch(partial(_are_more, asked, first, before), LULL)
        after = _attempts_after(asked, first)


def _attempts_after(asked: Ask, entry: Entry) -> list[Call]:
    return [call for call in asked.decisions() if call.request.seq > entry.seq]


def _are_more(asked: Ask, entry: Entry, than: int) -> bool:
    return len(_attempts_after(asked, entry)) > than


def _settled_or_more(asked: Ask, entry: Entry, than: int) -> bool:
    return bool(asked.settled()) or _are_more(asked, entry, than)


def _readings(asked: Ask) -> list[Entry]:
    path = f"/blockingTask/{asked.hold.id}"
    return [e for e in asked.entries() if e.kind == "http.response" and e.status == 200 and path in e.path]
