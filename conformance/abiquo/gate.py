"""Keeping a connector's calls from the cloud until they may go on, and what happens to a request meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable

from gatepost.abiquo import review
from gatepost.conformance.abiquo.asks import MANAGER, Ask, ask
from gatepost.conformance.bench import ABIQUO_USER
from gatepost.conformance.scene import Scene
from gatepost.core.faults import Match
from gatepost.core.holds import Decision
from gatepost.taps import CrashPoint

DECIDING = "*/action/c*"
"""The paths of continue and cancel."""


class Gate:
    """Holds every matching request until it is opened, which the end of the scenario does at the latest."""

    def __init__(self, scene: Scene, method: str = "*", path: str = "*") -> None:
        tap = scene.cloud.http_tap
        assert tap is not None
        self._tap = tap
        self._match = Match(dialect="abiquo", method=method, path=path)
        self._lock = threading.Lock()
        self._held: list[CrashPoint] = []
        self._count = 0
        self._about = ""
        self._open = False
        self._next = tap.hold("request", self._match, self._reached)
        scene.undo.callback(self.open)

    @property
    def reached(self) -> bool:
        return self._count > 0

    def narrow(self, word: str) -> None:
        """From now on only what has this in its path is held; what is held and has it not, goes on."""
        with self._lock:
            self._about = word
            others = [point for point in self._held if not self._wanted(point)]
            self._held = [point for point in self._held if self._wanted(point)]
            self._count = len(self._held)
        for point in others:
            point.release()

    def open(self) -> None:
        for point in self._let_go():
            point.release()

    def drop(self) -> None:
        """Throw away what is held, and reset those connections; what comes later passes."""
        for point in self._let_go():
            point.drop()

    def _let_go(self) -> list[CrashPoint]:
        with self._lock:
            self._open = True
            held, self._held = self._held, []
            self._tap.forget(self._next)
        return [*held, self._next]

    def _reached(self, point: CrashPoint) -> None:
        with self._lock:
            if self._open:
                point.release()
                return
            if self._wanted(point):
                self._count += 1
                self._held.append(point)
            else:
                point.release()
            self._next = self._tap.hold("request", self._match, self._reached)

    def _wanted(self, point: CrashPoint) -> bool:
        return point.seen is not None and self._about in point.seen.path


def ask_and_meet(scene: Scene, meanwhile: Callable[[Ask], None]) -> Ask:
    """Something happens while the decision about a user's request is on its way. Raises Unreached."""
    gate = Gate(scene, "POST", DECIDING)
    asked = ask(scene, "continue")
    gate.narrow(asked.id)  # another decision may still be on its way
    scene.wait(lambda: gate.reached, scene.profile.within)
    scene.require(gate.reached, f"a decision about {asked.name!r} on its way")
    meanwhile(asked)
    gate.open()
    answered = scene.wait(lambda: any(call.response is not None for call in asked.decisions()), scene.profile.within)
    scene.require(answered, f"the cloud's refusal of a decision about {asked.name!r}")
    return asked


def ask_and_end_before_it_looks(scene: Scene) -> Ask:
    """The user cancels before the connector's first call gets through. Raises Unreached."""
    gate = Gate(scene)
    asked = ask(scene, "continue")
    scene.wait(lambda: gate.reached, scene.profile.within)
    scene.require(gate.reached, f"a call about {asked.name!r}")
    its_user_cancels(asked)
    gate.open()
    return asked


def its_user_cancels(asked: Ask) -> None:
    _decide(asked, Decision.ABORT, ABIQUO_USER)


def a_manager_continues(asked: Ask) -> None:
    _decide(asked, Decision.RESUME, MANAGER)


def its_task_is_forgotten(asked: Ask) -> None:
    """The cloud has dropped it, as after a webhook that failed: there is no such task any more."""
    world = asked.scene.cloud.abiquo.world
    with world.lock:
        asked.record.platform = True
        world.decide(asked.hold, Decision.ABORT, "Dropped", world.inventory.system_user)
        world.tasks.drop(asked.record.task)


def _decide(asked: Ask, decision: Decision, nick: str) -> None:
    state = asked.scene.cloud.abiquo.state
    with state.world.lock:
        review.apply(state, asked.record, decision, "", state.inventory.nicks[nick])
