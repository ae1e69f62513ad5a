"""What an open hold takes, with its vApp and VM, journal apart: the growth of a fresh process, several times."""

from __future__ import annotations

from bench.child import Child
from bench.rounds import Row, live, row

HOLDS = 50_000
PROCESSES = 3


def run(rounds: int) -> list[Row]:
    sizes = []
    for _ in live("memory", min(rounds, PROCESSES)):
        with Child("bench.world") as world:
            sizes.append(world.ask("bytes", HOLDS) / 1024)
    return [row("KiB of an open hold", f"{HOLDS} of them", sizes, at_most=8.0)]
