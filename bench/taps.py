"""What rules and taps cost: an empty table in the server, a GET through the HTTP tap, deliveries through the AMQP tap.

    python -m bench.taps [ROUNDS]

Tap and backend share a process, as with `gatepost serve --tap`; clients are in processes of their own. Direct way and
tap alternate within a round.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Iterator
from contextlib import contextmanager

from bench import broker
from bench.child import Child
from bench.client import Connection, pump
from bench.rounds import Row, live, ratios, row, table
from bench.tenant import Tenant, task_of
from gatepost.core.effects import Point
from gatepost.core.faults import Faults

CONNECTIONS, REQUESTS = 8, 1_000
SECONDS = 1.5
"""Of each round of deliveries."""

_SERVE = """
import sys, time
from gatepost.broker import Broker
from gatepost.core.faults import Faults
from gatepost.core.journal import Journal
from gatepost.messaging.target import AmqpTarget
from gatepost.taps import AmqpTap
broker = Broker().start()
tap = AmqpTap(AmqpTarget.from_url(broker.url), Journal(time.time), Faults(1, time.time))
tap.start()
print(broker.url, tap.address.url(with_password=True), flush=True)
sys.stdin.read()
"""


def empty_table() -> list[float]:
    """Microseconds of the look that every request pays."""
    faults = Faults(1, time.time)
    look = "table.at[point]"
    runs = timeit.repeat(look, number=100_000, repeat=5, globals={"table": faults, "point": Point.HTTP})
    return [seconds / 100_000 * 1e6 for seconds in runs]


def http_rates(rounds: int) -> tuple[list[float], list[float]]:
    """Requests a second through the tap, and to a world without one."""
    with Child("bench.world", taps=True) as tapped, Child("bench.world") as direct:
        subjects = [_get_task(world) for world in (tapped, direct)]
        found: tuple[list[float], list[float]] = ([], [])
        for _ in live("http tap", rounds + 1):
            for (connections, request), rates in zip(subjects, found, strict=True):
                began = time.perf_counter()
                pump(connections, request, REQUESTS)
                rates.append(REQUESTS / (time.perf_counter() - began))
    return found[0][1:], found[1][1:]


def _get_task(world: Child) -> tuple[list[Connection], bytes]:
    tenant = Tenant(world.hello)
    first = tenant.connect()
    task = task_of(first.ask(tenant.instantiation(first, "read-often")).body)
    connections = [Connection(world.hello, tenant.authorization) for _ in range(CONNECTIONS)]
    return connections, first.request("GET", f"/api/task/{task}")


@contextmanager
def _tapped_broker() -> Iterator[tuple[str, str, int]]:
    process = subprocess.Popen([sys.executable, "-c", _SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        direct, tapped = process.stdout.readline().split()
        yield direct, tapped, process.pid
    finally:
        process.stdin.close()
        process.wait(10)


def amqp_rates(rounds: int) -> tuple[list[float], list[float]]:
    """Messages a second that are published, delivered and acknowledged through the tap, and without it."""
    tapped, direct = [], []
    with _tapped_broker() as (direct_url, tapped_url, pid):
        for _ in live("amqp tap", rounds):
            tapped.append(broker.run(tapped_url, pid, 1, SECONDS)[0])
            direct.append(broker.run(direct_url, pid, 1, SECONDS)[0])
    return tapped, direct


def main(rounds: int) -> None:
    rows: list[Row] = [row("empty table of rules, µs a request", "", empty_table(), at_most=5, form="{:.3f}")]
    for name, (tapped, direct) in (("HTTP tap", http_rates(rounds)), ("AMQP tap", amqp_rates(rounds))):
        rows.append(row(f"{name}, rate", "the direct way", ratios(tapped, direct)))
        print(f"{name}: {statistics.median(tapped):.0f}/s, direct {statistics.median(direct):.0f}/s")
    print(f"\n{table(rows)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
