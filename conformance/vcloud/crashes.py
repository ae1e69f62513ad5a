"""Killing a connector at an exact moment of its work on one request, and what it does after a restart."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud.asks import Ask, ask
from gatepost.conformance.vcloud.hearing import announcements, decides_in_the_end, goes_on, view_of
from gatepost.conformance.verdict import Broken, NotApplicable
from gatepost.core.faults import Match
from gatepost.taps import CrashPoint

Moment = Literal["first request", "look-up", "decision", "effect", "acknowledgement"]

MOMENTS: dict[Moment, str] = {
    "first request": "the first request that it makes once it was given the message",
    "look-up": "the answer to its look-up of the blocking task",
    "decision": "its decision, before that takes effect",
    "effect": "the answer to its decision",
    "acknowledgement": "its acknowledgement of the message",
}
"""What does not get through any more, in words."""

ANNOUNCED = "*.blockingtask.create.*"


class Crash:
    """Waits, from now on, for the next request to come to that moment, and kills the connector there.

    What was on its way is lost, and with it its connection. Where it `kills` not, that is all that happens.
    """

    def __init__(self, scene: Scene, moment: Moment, *, kills: bool = True) -> None:
        self.happened = False
        self._scene = scene
        self._moment = moment
        self._kills = kills
        self._undo: list[Callable[[], None]] = []
        # The message tells which request it is: the points behind it can be exact.
        self._hold_amqp("deliver", Match(routing_key=ANNOUNCED), self._given)
        scene.undo.callback(self._forget)

    def _given(self, point: CrashPoint) -> None:
        assert point.seen is not None
        id = point.seen.routing_key.split(".")[1]
        match self._moment:
            case "first request":
                self._hold_http("request", Match())
            case "look-up":
                self._hold_http("effect", Match(method="GET", path=f"*{id}*"))
            case "decision":
                self._hold_http("request", Match(method="POST", path=f"*{id}*/action/*"))
            case "effect":
                self._hold_http("effect", Match(method="POST", path=f"*{id}*/action/*"))
            case "acknowledgement":
                self._hold_amqp("ack", Match(), lambda point: self._acknowledges(point, id))
        point.release()

    def _acknowledges(self, point: CrashPoint, id: str) -> None:
        if any(one.end is not None for one in announcements(view_of(self._scene), id)):
            self._kill(point)
        else:  # of another message
            self._hold_amqp("ack", Match(), lambda point: self._acknowledges(point, id))
            point.release()

    def _kill(self, point: CrashPoint) -> None:
        connector = self._scene.bench.connector
        if connector is not None and self._kills:
            connector.kill()
        point.drop()
        self.happened = True

    def _hold_http(self, at: Literal["request", "effect"], match: Match) -> None:
        tap = self._scene.cloud.http_tap
        assert tap is not None
        point = tap.hold(at, match, self._kill)
        self._undo += [lambda: tap.forget(point), point.release]

    def _hold_amqp(self, at: Literal["deliver", "ack"], match: Match, reached: Callable[[CrashPoint], None]) -> None:
        tap = self._scene.cloud.amqp_tap
        assert tap is not None
        point = tap.hold(at, match, reached)
        self._undo += [lambda: tap.forget(point), point.release]

    def _forget(self) -> None:
        for undo in self._undo:
            undo()


def kill_at(scene: Scene, moment: Moment, count: int = 1) -> list[Ask]:
    """So many are asked for at once, and the connector is killed in its work on the first that it is told of.

    Raises NotApplicable for one that gets its work done without such a moment, and Unreached.
    """
    crash = Crash(scene, moment)
    with scene.cloud.world.lock:
        asked = [ask(scene, "resume") for _ in range(count)]
    scene.wait(lambda: crash.happened or not any(one.hold.active for one in asked), scene.profile.patience)
    if not crash.happened and not any(one.hold.active for one in asked):
        # The acknowledgement comes behind the decision.
        scene.wait(lambda: crash.happened, scene.profile.within)
        if not crash.happened:
            raise NotApplicable(MOMENTS[moment], "it decides without it")
    scene.require(crash.happened, MOMENTS[moment])
    return asked


def lose_acknowledgement(scene: Scene) -> Ask:
    """A request, of which the acknowledgement is lost with its connection. Raises NotApplicable and Unreached."""
    crash = Crash(scene, "acknowledgement", kills=False)
    asked = ask(scene, "resume")
    view = view_of(scene)
    scene.wait(
        lambda: crash.happened or any(one.automatic for one in announcements(view, asked.hold.id)),
        scene.profile.patience,
    )
    if not crash.happened and any(one.automatic for one in announcements(view, asked.hold.id)):
        raise NotApplicable("an acknowledgement", "it consumes without")
    scene.require(crash.happened, "an acknowledgement that can be lost")
    return asked


def kill_while_one_hangs(scene: Scene) -> list[Ask]:
    """One decision hangs, another request is decided and its message settled, where that is possible, and then the
    connector is killed. Raises Unreached."""
    tap = scene.cloud.http_tap
    assert tap is not None
    point = tap.hold("request", Match(method="POST", path="*/action/*"))
    scene.undo.callback(tap.forget, point)
    scene.undo.callback(point.release)
    hanging = ask(scene, "resume")
    scene.wait(lambda: point.reached, scene.profile.patience)
    scene.require(point.reached, "a decision that can hang")
    view, other = view_of(scene), ask(scene, "resume")
    # One that works on one request at a time does not get there, and keeps the rule.
    scene.wait(lambda: any(one.end is not None for one in announcements(view, other.hold.id)), scene.profile.patience)
    if scene.bench.connector is not None:
        scene.bench.connector.kill()
    point.drop()
    return [hanging, other]


def end_in_the_middle(scene: Scene, count: int) -> list[Ask]:
    """So many are asked for at once, and the connector is asked to end while its first decision is on the way.

    Raises Unreached.
    """
    tap, connector = scene.cloud.http_tap, scene.bench.connector
    assert tap is not None
    assert connector is not None
    point = tap.hold("request", Match(method="POST", path="*/action/*"))
    scene.undo.callback(tap.forget, point)
    scene.undo.callback(point.release)
    with scene.cloud.world.lock:
        asked = [ask(scene, "resume") for _ in range(count)]
    scene.wait(lambda: point.reached, scene.profile.patience)
    scene.require(point.reached, "a decision on its way")
    ending = threading.Thread(target=connector.terminate)
    ending.start()
    point.release()
    ending.join()
    return asked


def recovers(scene: Scene, asked: list[Ask]) -> None:
    """Started again, it decides what is still to be decided, and does not stumble over what is. Raises Broken."""
    again = scene.cloud.journal.last
    scene.restart()
    after = "it was ended and started again"
    for one in asked:
        decides_in_the_end(one, "its end and a restart")
    goes_on(scene, after)
    for one in asked:
        _decided_once_again(one, again, after)


def _decided_once_again(asked: Ask, since: int, after: str) -> None:
    """What it tried in its second life: what it heard of in the first one is forgotten. Raises Broken."""
    later = [call for call in asked.decisions() if call.request.seq > since]
    heard = next((call.response.seq for call in later if call.response is not None), None)
    too_many = [call for call in later if heard is not None and call.request.seq > heard]
    wrong = [call for call in later if call.action != "resume"]
    if too_many or wrong:
        raise Broken(
            f"one decision about {asked.name!r} after {after}",
            ", ".join(map(str, later)),
            *(call.request for call in wrong or too_many),
        )
