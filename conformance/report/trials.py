"""A selftest in a terminal: each trial as it ends, with the time left, and the matrix at the end."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gatepost.conformance import catalogue
from gatepost.conformance.report.matrix import SIGNS, grid, signs
from gatepost.conformance.selftest import Trial


def watch(console: Console, trials: Iterable[tuple[Trial, float]], count: int) -> list[Trial]:
    """The trials, each told when it has ended."""
    found: list[Trial] = []
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    began = time.monotonic()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=count)
        for trial, seconds in trials:
            found.append(trial)
            left = (time.monotonic() - began) / len(found) * (count - len(found))
            _tell(console, trial, f"{seconds:5.1f} s  {len(found)}/{count}")
            progress.update(bar, advance=1, description=f"about {left:.0f} s left" if len(found) > 2 else "")
    _show(console, found)
    return found


def _tell(console: Console, trial: Trial, numbers: str) -> None:
    if not trial.good:
        mark = "[bold red]WRONG   [/]"
    else:
        mark = "[green]all pass[/]" if trial.defect is None else "[green]caught  [/]"
    console.print(f"{mark} {trial.name:<40} [dim]{numbers}[/]")
    for text in (
        trial.problem,
        f"survived: {', '.join(trial.survived)}" if trial.survived else "",
        f"false positives: {', '.join(trial.false_positives)}" if trial.false_positives else "",
    ):
        if text:
            console.print(f"         {escape(text)}")
    for result in trial.results:
        if result.failure is not None and result.id in trial.false_positives:
            console.print(f"         {result.id} {result.verdict}: {escape(result.failure.seen)[:1000]}")


def _show(console: Console, found: list[Trial]) -> None:
    """The matrix of each dialect, in pieces that fit the width."""
    for dialect in dict.fromkeys(trial.dialect for trial in found):
        trials = sorted((one for one in found if one.dialect == dialect and one.defect), key=lambda one: one.name)
        wide = max(10, console.width - 16)
        for first in range(0, len(trials), wide):
            piece = trials[first : first + wide]
            ids = {id for trial in piece for id in signs(trial)}
            console.print(f"\n[bold]{dialect}[/], defects {first + 1} to {first + len(piece)} by name")
            for line in grid([one for one in catalogue.requirements() if one.id in ids], piece):
                console.print(line, markup=False, soft_wrap=True)
    if any(trial.defect for trial in found):
        console.print("[dim]" + "; ".join(f"{sign} {meaning}" for sign, meaning in SIGNS.items()) + "[/]")
