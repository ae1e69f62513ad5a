"""Very many requests at the same moment."""

from __future__ import annotations

from functools import partial

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud.asks import Ask, ask
from gatepost.conformance.verdict import Broken


def storm(scene: Scene, count: int) -> list[Ask]:
    """All are asked for before the first can be decided."""
    with scene.cloud.world.lock:
        return [ask(scene, "resume") for _ in range(count)]


def is_weathered(asked: list[Ask]) -> None:
    """Each is resumed, and once, however long that takes as long as it goes on. Raises Broken and Unreached."""
    scene = asked[0].scene
    patience = scene.profile.patience

    def fewer(than: int) -> bool:
        return _open(asked) < than

    while (left := _open(asked)) and scene.wait(partial(fewer, left), patience):
        pass
    if left := _open(asked):
        scene.require(left < len(asked), "the first decision of a storm")
        stuck = next(one for one in asked if one.hold.active)
        raise Broken(
            f"all {len(asked)} requests are decided, never with more than {patience:g} s between two",
            f"{left} are not{scene.how_it_ended}",
            *stuck.deliveries()[-1:],
            *stuck.settled()[-1:],
            *stuck.looks()[-1:],
        )
    for one in asked:
        one.takes("resume")
        one.decided_once()


def _open(asked: list[Ask]) -> int:
    return sum(one.hold.active for one in asked)
