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

COMPARED = 100
"""Entries, those that differ in the fewest fields, whose texts are compared to find the nearest."""


@dataclass(frozen=True)
class Nearest:
    """An entry that is not as wanted, and how it differs."""

    entry: Entry
    differs: dict[str, Difference]

    def __str__(self) -> str:
        differs = "; ".join(f"{name} is {one.seen!r}, not {one.wanted!r}" for name, one in self.differs.items())
        where = "" if {"path", "routing_key"} & self.differs.keys() else f" {self.entry.method} {self.entry.path}"
        return f"#{self.entry.seq} {self.entry.kind}{where}: {differs}"


@dataclass(frozen=True)
class Outcome:
    """`found` says whether it is as expected, `why` otherwise what is missing or too much."""

    found: bool
    entries: list[Entry]
    why: str = ""
    nearest: list[Nearest] = field(default_factory=list)


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

    With one condition: at least and at most so many entries; a bound above is only sure at the end of the time. With
    several: an entry for each, in this order.
    """
    deadline = time.monotonic() + within
    if len(likes) > 1:
        return _in_order(journal, likes, after, deadline)
    look = _Look(journal, likes[0], after)
    while True:
        look.go_on()
        entries = look.found
        if at_most is not None and len(entries) > at_most:
            why = f"expected at most {at_most} like {likes[0]}, and there are {len(entries)}"
            return Outcome(False, entries, why)
        enough = len(entries) >= at_least
        if (enough and at_most is None) or not look.wait(deadline):
            break
    if enough:
        return Outcome(True, entries)
    why = f"expected {at_least} like {likes[0]}, and there are {len(entries)}"
    return Outcome(False, entries, why, _nearest(journal, likes[0], after, {entry.seq for entry in entries}))


def _in_order(journal: Journal, likes: list[Like], after: int, deadline: float) -> Outcome:
    entries: list[Entry] = []
    for like in likes:
        behind = entries[-1].seq if entries else after
        look = _Look(journal, like, behind)
        look.go_on()
        while not look.found and look.wait(deadline):
            look.go_on()
        if not look.found:
            place = f" behind #{behind}" if entries else ""
            why = f"expected one like {like}{place}, {len(entries) + 1} of {len(likes)} in order, and there is none"
            return Outcome(False, entries, why, _nearest(journal, like, behind, set()))
        entries.append(look.found[0])
    return Outcome(True, entries)


class _Look:
    """Goes through the journal once, however often it is asked to go on."""

    def __init__(self, journal: Journal, like: Like, after: int) -> None:
        self._journal = journal
        self._like = like
        self._seen = after
        self._found: dict[int, Entry] = {}
        # User and task of a request become known while it is handled, so it is looked at until its answer is there.
        self._open: dict[int, Entry] = {}

    @property
    def found(self) -> list[Entry]:
        return [self._found[seq] for seq in sorted(self._found)]

    def go_on(self) -> None:
        newest = self._journal.last
        for entry in list(self._open.values()):
            self._take(entry)
        for entry in self._journal.after(self._seen):
            if entry.seq > newest:
                break
            if entry.kind == "http.request":
                self._open[entry.seq] = entry
            self._take(entry)
            answered = self._open.pop(entry.answers, None) if entry.answers is not None else None
            if answered is not None:
                self._take(answered)
        self._seen = max(self._seen, newest)

    def wait(self, deadline: float) -> bool:
        """Until there is more to look at; False when the time is over."""
        left = deadline - time.monotonic()
        return left > 0 and bool(self._journal.find(self._seen, lambda entry: True, 1, wait=left))

    def _take(self, entry: Entry) -> None:
        if self._like.fits(entry):
            self._found[entry.seq] = entry
            self._open.pop(entry.seq, None)


def _nearest(journal: Journal, like: Like, after: int, found: set[int]) -> list[Nearest]:
    """Those that differ in the fewest fields, of these the most similar."""

    def candidates() -> Iterator[tuple[int, int, Entry]]:
        for entry in journal.after(after):
            if entry.seq not in found:
                wrong = sum(not check.fits(check.value(entry)) for check in like.checks)
                yield wrong, -entry.seq, entry

    few = heapq.nsmallest(COMPARED, candidates(), key=lambda one: one[:2])
    best = sorted(few, key=lambda one: (one[0], -like.similarity(one[2]), one[1]))
    return [Nearest(entry, like.differences(entry)) for _, _, entry in best[:NEAREST]]
