"""What a test pays for a cloud of its own, and for a waiting check on a full journal.

    python -m bench.worlds [ROUNDS]

Milliseconds. The first world of a process, which loads everything, is left out. A world is some threads that are waited
for, so on a busy machine its wall time is the scheduler's: of that the fastest of all rounds is told. The processor
time, of all threads of this process, is ours.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.rounds import Row, live, row, table
from gatepost import Gatepost
from gatepost.core.journal import Entry, Journal
from gatepost.expect import Like, expect

WORLDS = 20
"""Worlds of one round; its number is the least of theirs, since nothing but other work makes one dearer."""

KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("with its broker", {}),
    ("without a broker", {"broker": None}),
    ("with taps", {"taps": True}),
    ("with TLS", {"tls": True}),
)


def timed(work: Callable[[], object], times: int = 1) -> tuple[float, float]:
    """Milliseconds of wall time and of processor time, the least of each."""
    took: list[tuple[float, float]] = []
    for _ in range(times):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        took.append(((time.perf_counter() - wall) * 1e3, (time.process_time() - processor) * 1e3))
    return min(wall for wall, _ in took), min(processor for _, processor in took)


def live_once(options: dict[str, Any]) -> None:
    """Make a cloud, serve, and stop."""
    with Gatepost(**options):
        pass


def full_journal() -> Journal:
    """As many entries as the ring holds."""
    journal = Journal(time.time)
    while not journal.dropped:
        at, body = time.time(), b"x" * 400
        for kind in ("http.request", "http.response", "amqp.publish", "amqp.confirm"):
            journal.add(
                Entry(kind, "in", "vcloud", at, "GET", f"/api/task/{journal.last}", headers={"a": "b"}, body=body)
            )
    return journal


def main(rounds: int) -> None:
    rows: list[Row] = []
    for name, options in KINDS:
        live_once(options)
        both = [timed(partial(live_once, options), WORLDS) for _ in live(name, rounds)]
        fastest, processor = min(wall for wall, _ in both), [one[1] for one in both]
        rows.append(row(f"a world {name}, the fastest, ms", "", [fastest], at_most=10, form="{:.1f}"))
        rows.append(row("  processor time, ms", "", processor, form="{:.1f}"))
    journal = full_journal()
    entries = sum(1 for _ in journal.after(0))
    looks = (
        ("found, the last", Like(kind="http.request", path=f"/api/task/{journal.last - 4}"), 0),
        ("found, among its last 1,000", Like(path="/api/task/*", method="GET"), journal.last - 1_000),
        ("not found, with the nearest", Like(kind="http.request", path="*/action/resume", user="eve@*"), 0),
    )
    for name, like, after in looks:
        look = partial(expect, journal, [like], after=after)
        took = [timed(look)[1] for _ in live(name, rounds)]
        rows.append(row(f"expect over {entries} entries, {name}, ms", "", took, form="{:.1f}"))
    print(f"\n{table(rows)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
