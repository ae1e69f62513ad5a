"""The report in a terminal: each scenario as it ends, the time left, and at the end what was found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from gatepost.conformance.report.model import Report, Result
from gatepost.conformance.running import Event
from gatepost.conformance.verdict import Verdict

STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.WEAK: "yellow",
    Verdict.UNREACHED: "magenta",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.ERROR: "bold white on red",
}


class Terminal:
    """Writes to a console; where that is no terminal, a line for each scenario and no bar."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._bar: TaskID | None = None
        self._began = time.monotonic()
        self._planned = 0

    @contextmanager
    def watching(self, planned: int) -> Iterator[None]:
        self._planned, self._began = planned, time.monotonic()
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        with Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal) as bar:
            self._progress, self._bar = bar, bar.add_task("starting the connector", total=planned)
            yield
            self._progress = None

    def hear(self, event: Event, results: list[Result]) -> None:
        if event["event"] == "start" and self._progress is not None and self._bar is not None:
            description = f"{event['id']} {escape(event['title'])}{self._left(len(results))}"
            self._progress.update(self._bar, description=description)
        elif event["event"] == "result":
            self._show(results[-1])
            if self._progress is not None and self._bar is not None:
                self._progress.update(self._bar, completed=len(results))

    def _left(self, done: int) -> str:
        """The time that is left, if the rest takes as long as what is done."""
        if done < 3:
            return ""
        seconds = (time.monotonic() - self._began) / done * (self._planned - done)
        return f" · about {seconds:.0f} s left"

    def _show(self, result: Result) -> None:
        style = STYLES[result.verdict]
        self._console.print(
            f"[{style}]{result.verdict:<14}[/] {result.id:<11} {escape(result.title)} [dim]{result.seconds:.1f} s[/]"
        )

    def conclude(self, report: Report) -> None:
        """Why what did not pass did not, then the headline."""
        for result in report.results:
            if result.failure is not None:
                self._explain(result)
        table = Table.grid(padding=(0, 2))
        for verdict, count in sorted(report.counts.items()):
            table.add_row(f"[{STYLES[verdict]}]{verdict}[/]", str(count))
        self._console.print()
        self._console.print(table)
        style = "bold green" if report.conformant else "bold red"
        self._console.print(f"[{style}]{escape(report.connector)}: {escape(report.headline)}[/]", highlight=False)
        self._console.print(f"[dim]requirements {report.set}, seed {report.seed}, {report.seconds:.1f} s[/]")

    def _explain(self, result: Result) -> None:
        failure = result.failure
        assert failure is not None
        show, style = self._console.print, STYLES[result.verdict]
        show(f"\n[{style}]{result.verdict}[/] [bold]{result.id} {escape(result.title)}[/] ({result.level})")
        for line in (
            escape(result.text),
            f"[dim]Source: {escape(result.source)}[/]",
            f"expected  {escape(failure.expected)}",
            f"seen      {escape(failure.seen)}",
        ):
            show(f"  {line}", highlight=False)
        near = [moment for moment in failure.timeline if moment.near]
        for moment in (near or failure.timeline)[-6:]:
            show(f"  [dim]{moment.at:8.3f}  {moment.lane:<9}[/] {escape(moment.text)}", highlight=False, soft_wrap=True)
        show(f"  again     [cyan]{escape(failure.replay)}[/]", highlight=False, soft_wrap=True)
