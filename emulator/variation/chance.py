"""Where all chances of variation come from: the same seed, kind and thing give the same."""

from __future__ import annotations

import random

from gatepost.variation.kinds import Kind


class Chance:
    """Draws for one thing that is to be varied (`about`: its running number, or its id), kind by kind.

    A kind draws from a source of its own, so that switching another one on or off changes nothing in it.
    """

    __slots__ = ("_about", "_kinds", "_seed")

    def __init__(self, seed: int, kinds: frozenset[Kind], about: object) -> None:
        self._seed = seed
        self._kinds = kinds
        self._about = about

    def of(self, kind: Kind) -> random.Random | None:
        """The source of a kind; None when it is not wanted."""
        if kind not in self._kinds:
            return None
        return random.Random(f"{self._seed}/{kind}/{self._about}")

    def about(self, thing: str) -> Chance:
        """Draws for a thing that looks the same wherever it is shown."""
        return Chance(self._seed, self._kinds, thing)
