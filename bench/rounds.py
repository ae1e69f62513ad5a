"""What rounds of measurements come to: a median with its spread, or the word noisy."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator
from typing import NamedTuple

NOISY = 0.15
"""Above this spread a number says more about the machine's other work than about ours, and is not shown."""


class Row(NamedTuple):
    """One line of the table. `value` is the measured number ready to read, `met` None where there is no aim."""

    measure: str
    against: str
    value: str
    spread: str
    aim: str
    met: str


def ratios(ours: Iterable[float], others: Iterable[float]) -> list[float]:
    """Round by round, since a shared machine drifts from one round to the next."""
    return [mine / other for mine, other in zip(ours, others, strict=True)]


def spread(values: list[float]) -> float:
    """The interquartile range as a share of the median: one round that something else disturbed does not count."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return (high - low) / middle


def row(
    measure: str,
    against: str,
    values: list[float],
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    form: str = "{:.2f}",
) -> Row:
    """The median of the rounds' `values`, held against an aim from below or from above."""
    aim, met = "", ""
    middle, noise = statistics.median(values), spread(values) if len(values) > 1 else 0.0
    if at_least is not None:
        aim, met = f"≥ {form.format(at_least)}", "yes" if middle >= at_least else "no"
    elif at_most is not None:
        aim, met = f"≤ {form.format(at_most)}", "yes" if middle <= at_most else "no"
    noisy = noise > NOISY
    value = "noisy" if noisy else form.format(middle)
    return Row(measure, against, value, f"{noise:.0%}" if len(values) > 1 else "", aim, "?" if noisy and met else met)


def missing(measure: str, against: str, why: str) -> Row:
    return Row(measure, against, why, "", "", "")


def live(name: str, rounds: int) -> Iterator[int]:
    """Count the rounds, and show that they pass."""
    print(f"{name} ", end="", flush=True)
    for number in range(rounds):
        yield number
        print(".", end="", flush=True)
    print(flush=True)


def table(rows: list[Row]) -> str:
    lines = [Row("measure", "against", "median", "spread", "aim", "met"), *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = [_line(line, widths) for line in lines]
    return "\n".join([text[0], "-" * len(text[0]), *text[1:]])


def _line(cells: Row, widths: list[int]) -> str:
    left, right = slice(0, 2), slice(2, None)
    padded = [cell.ljust(width) for cell, width in zip(cells[left], widths[left], strict=True)]
    padded += [cell.rjust(width) for cell, width in zip(cells[right], widths[right], strict=True)]
    return "  ".join(padded)
