"""Several requests at the same time, and whether each gets what is its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud.asks import OUTCOMES, USER, Ask, ask


class Wish(NamedTuple):
    """What somebody is going to ask for; a new name is thought of unless one is given."""

    decision: str
    name: str | None = None
    user: str = USER


def ask_at_once(scene: Scene, wishes: Sequence[Wish]) -> list[Ask]:
    """All are asked for before the connector can decide the first. Raises NotApplicable and HarnessError."""
    with scene.cloud.world.lock:
        return [ask(scene, wish.decision, wish.name, user=wish.user) for wish in wishes]


def each_is_taken(scene: Scene, asked: Sequence[Ask]) -> None:
    """Each is decided as it should be, the next one always in the time that a decision may take. Raises Broken and
    Unreached."""
    seconds = scene.profile.within
    while (left := _open(asked)) and scene.wait(partial(_are_fewer, asked, left), seconds):
        pass
    for one in asked:
        one.taken(one.wanted, f"{one.wanted} of {one.name!r}, at most {seconds:g} s after the decision before it")


def each_ends(asked: Sequence[Ask]) -> None:
    """The tasks end as it was decided. Raises Broken."""
    for one in asked:
        one.ends(OUTCOMES[one.wanted])


def _open(asked: Sequence[Ask]) -> int:
    return sum(one.hold.active for one in asked)


def _are_fewer(asked: Sequence[Ask], than: int) -> bool:
    return _open(asked) < than
