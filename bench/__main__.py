"""`python -m bench`: Gatepost against bare parts, side by side in one run. About two minutes on two cores.

Rounds of the one and the other alternate; each round gives a ratio, the table shows the median of the ratios. The
spread is their interquartile range as a share of the median; above 15 % the word noisy stands in place of the number.
There is no pass mark: the aims are printed beside the numbers.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from datetime import UTC, datetime

from bench import abiquo, approval, get_task, holds, memory, queries, start
from bench.rounds import Row, table

MEASURES = {
    "get-task": get_task.run,
    "approval": approval.run,
    "abiquo": abiquo.run,
    "holds": holds.run,
    "memory": memory.run,
    "queries": queries.run,
    "start": start.run,
}


def _chosen(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in MEASURES:
            raise argparse.ArgumentTypeError(f"there is no measure {name!r}; choose among {', '.join(MEASURES)}")
    return names


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError("give 2 rounds or more: one has no spread")
    return int(text)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").partition("\n")[0])
    every = ",".join(MEASURES)
    parser.add_argument("--only", type=_chosen, default=list(MEASURES), metavar="NAMES", help=f"of {every}")
    parser.add_argument("--rounds", type=_rounds, default=10, metavar="N", help="rounds of each measure (10)")
    options = parser.parse_args()
    began = time.perf_counter()
    rows: list[Row] = []
    for name in options.only:
        rows += MEASURES[name](options.rounds)
    print(f"\n{table(rows)}\n")
    print("median of the rounds; spread: interquartile range / median; noisy: above 15 %")
    print(f"{options.rounds} rounds in {time.perf_counter() - began:.0f} s on {_machine()}")


def _machine() -> str:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{os.cpu_count()} CPUs ({platform.machine()}, load {load}), Python {platform.python_version()}, {now}"


if __name__ == "__main__":
    main()
