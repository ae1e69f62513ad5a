"""Looking for entries, and waiting for those that have not come yet."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from gatepost.core.journal import Entry, Journal
from gatepost.expect.like import Difference, Like

NEAREST = 3
"""Entries that are told of where none is like it."""

SOUGHT = 10_000
"""The newest entries, of which the nearest are told."""

COMPARED = 100
"""Entries, those that differ in the fewest fields, whose texts are compared to find the nearest."""


@dataclass(frozen=True)
class Nearest:
    """An entry that is not as wanted, and how it differs; in `seq` one that came too early."""

    entry: Entry
    differs: dict[str, Difference]

    def __str__(self) -> str:
        differs = "; ".join(f"{name} is {one.seen!r}, not {one.wanted!r}" for name, one in self.differs.items())
        where = "" if {"path", "routing_key"} & self.differs.keys() else f" {self.entry.method} {self.entry.path}"
        return f"#{self.entry.seq} {self.entry.kind}{where}: {differs}"


@dataclass(frozen=True)
class Outcome:
    """`found` says whether it is as expected, `why` otherwise what is missing or too much.

    `last` is the newest number that was looked at. `lost` are entries that the ring had dropped before.
    """

    found: bool
    entries: list[Entry]
    why: str = ""
    nearest: list[Nearest] = field(default_factory=list)
    last: int = 0
    lost: int = 0


class NotSeen(AssertionError):
    """The journal is not as expected; the text shows the nearest entries and how they differ."""

    def __init__(self, outcome: Outcome) -> None:
        lines = [outcome.why, *(f"  nearest: {one}" for one in outcome.nearest)]
        super().__init__("\n".join(lines))
        self.outcome = outcome


def expect(
    journal: Journal,
    likes: list[Like],
    *,
    at_least: int = 1,
    at_most: int | None = None,
    after: int = 0,
    within: float = 0.0,
) -> Outcome:
    """Look behind entry `after`, and wait up to `within` seconds (wall time).

    With one condition: at least and at most so many entries. A bound above is only sure at the end of the time, and
    never where the ring has dropped what could have been one more. With several: an entry for each, in this order.
    """
    deadline = time.monotonic() + within
    if len(likes) > 1:
        return _in_order(journal, likes, after, deadline)
    look = _Look(journal, likes[0], after)
    while True:
        look.go_on()
        count = len(look.found)
        too_many, enough = at_most is not None and count > at_most, count >= at_least
        if too_many or (enough and at_most is None) or not look.wait(deadline):
            break
    entries, nearest, why = look.found, [], ""
    if too_many:
        why = f"expected at most {at_most} like {likes[0]}, and there are {count}"
    elif not enough:
        why = f"expected {at_least} like {likes[0]}, and there are {count}"
        nearest = _nearest(journal, likes[0], after, {entry.seq for entry in entries})
    elif at_most is not None and look.lost:
        why = f"whether there were at most {at_most} like {likes[0]} cannot be told: ask with a later `after`"
    return Outcome(not why, entries, why + (look.told_lost if why else ""), nearest, look.seen, look.lost)


def _in_order(journal: Journal, likes: list[Like], after: int, deadline: float) -> Outcome:
    entries: list[Entry] = []
    behind, lost = after, 0
    for like in likes:
        look = _Look(journal, like, behind, most=1)
        look.go_on()
        while not look.found and look.wait(deadline):
            look.go_on()
        lost = max(lost, look.lost)
        if not look.found:
            place = f" behind #{behind}" if entries else ""
            why = f"expected one like {like}{place}, {len(entries) + 1} of {len(likes)} in order, and there is none"
            nearest = _nearest(journal, like, behind, {entry.seq for entry in entries})
            return Outcome(False, entries, why + look.told_lost, nearest, look.seen, lost)
        entries.append(look.found[0])
        behind = entries[-1].seq
    return Outcome(True, entries, last=behind, lost=lost)


class _Look:
    """Goes through the journal once, however often it is asked to go on. It may end at `most` entries."""

    def __init__(self, journal: Journal, like: Like, after: int, most: int | None = None) -> None:
        self.seen = after
        self.lost = 0
        self._journal = journal
        self._like = like
        self._most = most
        self._asks_late = like.asks_late
        self._found: dict[int, Entry] = {}
        # User and task of a request become known while it is handled, so it is looked at until its answer is there.
        self._open: dict[int, Entry] = {}

    @property
    def found(self) -> list[Entry]:
        return [self._found[seq] for seq in sorted(self._found)]

    @property
    def told_lost(self) -> str:
        return f"; the journal had dropped {self.lost} entries before" if self.lost else ""

    def go_on(self) -> None:
        journal, fits = self._journal, self._like.fits
        for entry in list(self._open.values()):
            self._take(entry)
        newest, first = journal.last, journal.first
        if first > self.seen + 1:
            # A reset makes numbers vanish too, on purpose, and begins to count anew what the ring drops.
            self.lost += min(first - self.seen - 1, journal.dropped)
        for entry in journal.after(self.seen):
            if entry.seq > newest:
                break
            if fits(entry):
                self._found[entry.seq] = entry
                if self._most is not None and len(self._found) >= self._most and not self._open:
                    self.seen = entry.seq
                    return
            elif self._asks_late and entry.kind == "http.request":
                self._open[entry.seq] = entry
            if self._open and entry.answers is not None:
                answered = self._open.pop(entry.answers, None)
                if answered is not None:
                    self._take(answered)
        self.seen = max(self.seen, newest)

    def wait(self, deadline: float) -> bool:
        """Until there is more to look at; False when the time is over."""
        return self._journal.wait_for_more(self.seen, deadline)

    def _take(self, entry: Entry) -> None:
        if self._like.fits(entry):
            self._found[entry.seq] = entry
            self._open.pop(entry.seq, None)


def _nearest(journal: Journal, like: Like, after: int, found: set[int]) -> list[Nearest]:
    """Those that only came too early; then those that differ in the fewest fields, of these the most similar."""

    def candidates() -> Iterator[tuple[int, int, Entry]]:
        for entry in journal.after(max(journal.last - SOUGHT, 0)):
            if entry.seq not in found:
                wrong = sum(not check.fits(check.value(entry)) for check in like.checks)
                yield 2 * wrong + (entry.seq <= after), -entry.seq, entry

    few = heapq.nsmallest(COMPARED, candidates(), key=lambda one: one[:2])
    best = sorted(few, key=lambda one: (one[0], -like.similarity(one[2]), one[1]))
    return [Nearest(entry, _differences(like, entry, after)) for _, _, entry in best[:NEAREST]]


def _differences(like: Like, entry: Entry, after: int) -> dict[str, Difference]:
    differs = like.differences(entry)
    if entry.seq <= after:
        differs["seq"] = Difference(wanted=f"behind {after}", seen=entry.seq)
    return differs
