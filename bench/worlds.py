"""What a test pays for a cloud of its own, and for a waiting check on a full journal.

    python -m bench.worlds [ROUNDS]

Milliseconds of wall time and of this process's processor time; the first world of a process, which loads everything, is
left out.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial

from bench.rounds import Row, live, row, table
from gatepost import Gatepost
from gatepost.core.journal import Entry, Journal
from gatepost.expect import Like, expect

WORLDS = 10
"""Worlds of one round."""


def timed(work: Callable[[], object], times: int = 1) -> tuple[float, float]:
    """Milliseconds of wall time and of processor time, each time."""
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(times):
        work()
    return (time.perf_counter() - wall) * 1e3 / times, (time.process_time() - processor) * 1e3 / times


def world(broker: str | None) -> Callable[[], None]:
    """Makes a cloud, serves, and stops."""

    def live_once() -> None:
        with Gatepost(broker=broker):
            pass

    return live_once


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
    for name, broker, aim in (("with its broker", "embedded", 10.0), ("without a broker", None, None)):
        live_once = world(broker)
        live_once()
        both = [timed(live_once, WORLDS) for _ in live(name, rounds)]
        for what, values in (("wall time", [one[0] for one in both]), ("processor time", [one[1] for one in both])):
            rows.append(row(f"a world {name}, ms of {what}", "", values, at_most=aim, form="{:.1f}"))
    journal = full_journal()
    entries = sum(1 for _ in journal.after(0))
    looks = (
        ("found, among its last 1,000", Like(path="/api/task/*", method="GET"), journal.last - 1_000),
        ("not found, with the nearest", Like(path="/api/nothing", status=200), 0),
    )
    for name, like, after in looks:
        look = partial(expect, journal, [like], after=after)
        took = [timed(look)[0] for _ in live(name, rounds)]
        rows.append(row(f"expect over {entries} entries, {name}, ms", "", took, form="{:.1f}"))
    print(f"\n{table(rows)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
