"""Killing a connector at an exact moment of its work on a request, and what it does after a restart."""

from __future__ import annotations

import threading
from typing import Literal

from gatepost.conformance.abiquo.asks import Ask, ask_at_once, next_is_decided
from gatepost.conformance.abiquo.gate import DECIDING, Gate
from gatepost.conformance.abiquo.trouble import decided_once_again
from gatepost.conformance.scene import Scene
from gatepost.conformance.verdict import Broken
from gatepost.core.faults import Match

Moment = Literal["first call", "decision", "answer"]

MOMENTS: dict[Moment, str] = {
    "first call": "its first call to the cloud",
    "decision": "its decision, before that takes effect",
    "answer": "the answer to its decision",
}
"""What does not get through any more, in words."""


def kill_at(scene: Scene, moment: Moment) -> list[Ask]:
    """A user asks, and the connector is killed when it comes to this moment, and has answered if it ever does before.

    Raises Unreached.
    """
    if moment == "answer":
        return [_kill_after_effect(scene)]
    gate = Gate(scene, *(("POST", DECIDING) if moment == "decision" else ()))
    asked = ask_at_once(scene, ["continue"])
    if moment == "decision":
        gate.narrow(asked[0].id)
    scene.wait(lambda: gate.reached, scene.profile.patience)
    scene.require(gate.reached, MOMENTS[moment])
    scene.watch(asked[0].answers, scene.profile.within)
    _kill(scene)
    gate.drop()
    return asked


def _kill_after_effect(scene: Scene) -> Ask:
    tap = scene.cloud.http_tap
    assert tap is not None
    point = tap.hold("effect", Match(dialect="abiquo", method="POST", path=DECIDING))
    scene.undo.callback(point.drop)
    scene.undo.callback(tap.forget, point)
    asked = ask_at_once(scene, ["continue"])[0]
    scene.wait(lambda: point.reached, scene.profile.patience)
    scene.require(point.reached, MOMENTS["answer"])
    scene.watch(asked.answers, scene.profile.within)
    _kill(scene)
    point.drop()
    return asked


def _kill(scene: Scene) -> None:
    connector = scene.bench.connector
    if connector is not None:
        connector.kill()


def end_in_the_middle(scene: Scene, count: int) -> list[Ask]:
    """So many are asked for at once, and the connector is asked to end while its first decisions are on their way.

    Raises Unreached.
    """
    connector = scene.bench.connector
    assert connector is not None
    gate = Gate(scene, "POST", DECIDING)
    asked = ask_at_once(scene, ["continue"] * count)
    scene.wait(lambda: gate.reached, scene.profile.patience)
    scene.require(gate.reached, "a decision on its way")
    scene.watch(lambda: all(one.answers() for one in asked), scene.profile.within)
    ending = threading.Thread(target=connector.terminate)
    ending.start()
    gate.open()
    ending.join()
    return asked


def recovers(scene: Scene, asked: list[Ask]) -> None:
    """Started again, it decides what still waits, and does not stumble over what does not. Raises Broken.

    Of what it had not taken when it ended, its user was told that it failed.
    """
    again = scene.cloud.journal.last
    scene.restart()
    for one in asked:
        scene.wait(lambda: not one.active, scene.profile.patience)  # noqa: B023  called before it changes
        if one.active:
            seen = ", ".join(map(str, one.decisions())) or "it did not try to decide"
            raise Broken(
                f"{one.name!r} is decided after a restart, since its webhook was taken",
                f"{seen}{scene.how_it_ended}",
                *one.answers(),
            )
    next_is_decided(scene)
    decided_once_again(asked, again)
    for one in asked:
        if one.by_connector and one.decision != one.wanted:
            raise Broken(f"{one.wanted} for {one.name!r}", f"the connector took {one.decision}")
