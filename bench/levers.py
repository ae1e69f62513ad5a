"""What tests pay: a world in their process from start to stop, and waiting checks over a full journal.

    python -m bench.levers [ROUNDS]

A world is some threads that are waited for, so on a busy machine its wall time is the scheduler's: of that the fastest
of all rounds is told. The processor time, of all threads of this process, is ours.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from bench.rounds import Row, live, row, table
from gatepost import Gatepost
from gatepost.core.journal import Entry, Journal
from gatepost.expect import Like, expect

WORLDS = 20
"""Of each round; the round's number is the least of them, since nothing but other work makes one dearer."""

KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("with its broker", {}),
    ("without a broker", {"broker": None}),
    ("with taps", {"taps": True}),
    ("with TLS", {"tls": True}),
)

CHECKS: tuple[tuple[str, Like, dict[str, int]], ...] = (
    ("finds the last entry", Like(kind="http.request", path="*/last"), {}),
    ("finds nothing, and tells the nearest", Like(kind="http.request", path="*/action/resume", user="eve@*"), {}),
    ("counts that there is none", Like(kind="webhook", body="<nothing>"), {"at_least": 0, "at_most": 0}),
)


def worlds(options: dict[str, Any]) -> tuple[float, float]:
    """Milliseconds of wall time and of processor time, from `Gatepost()` to the end of `stop`."""
    wall, processor = [], []
    for _ in range(WORLDS):
        began, spent = time.perf_counter(), time.process_time()
        with Gatepost(**options):
            pass
        wall.append((time.perf_counter() - began) * 1e3)
        processor.append((time.process_time() - spent) * 1e3)
    return min(wall), min(processor)


def full_journal() -> tuple[Journal, int]:
    """One that has begun to drop: requests and answers of some hundred bytes. And where what is left of it begins."""
    journal = Journal(time.time)
    number = 0
    while not journal.dropped:
        number += 1
        request = journal.add(_entry("http.request", number))
        journal.add(_entry("http.response", number, status=200, answers=request.seq))
    journal.add(_entry("http.request", "last"))
    return journal, journal.first - 1


def _entry(kind: str, name: object, **more: Any) -> Entry:
    path, headers = f"/api/task/{name}", {"Accept": "application/*+xml;version=5.5"}
    direction: Any = "in" if kind == "http.request" else "out"
    return Entry(
        kind, direction, "vcloud", 0.0, "GET", path, user="alice@acme", headers=headers, body=b"x" * 200, **more
    )


def main(rounds: int) -> None:
    rows: list[Row] = []
    for name, options in KINDS:
        worlds(options)  # the first one loads what all others share
        wall, processor = zip(*(worlds(options) for _ in live(f"worlds {name}", rounds)), strict=True)
        rows.append(row(f"a world {name}, the fastest, ms", "", [min(wall)], at_most=10, form="{:.1f}"))
        rows.append(row("  processor time, ms", "", list(processor), form="{:.1f}"))
    journal, after = full_journal()
    for name, like, options in CHECKS:
        times = []
        for _ in live(name, rounds):
            began = time.process_time()
            expect(journal, [like], after=after, **options)
            times.append((time.process_time() - began) * 1e3)
        rows.append(row(f"a check of {journal.last - after:,} entries {name}, ms", "", times, form="{:.0f}"))
    print(f"\n{table(rows)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
