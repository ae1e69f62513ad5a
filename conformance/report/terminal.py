"""The report in a terminal: each scenario as it ends, the time left, and at the end what was found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Column

from gatepost.conformance.report.model import Report, Result
from gatepost.conformance.report.words import summary, troubled
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
        # The time that is left comes before the rule, which a narrow terminal cuts off.
        columns = (
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
        )
        shown = self._console.is_terminal and not self._console.is_dumb_terminal
        with Progress(*columns, console=self._console, transient=True, expand=True, disable=not shown) as bar:
            self._progress, self._bar = bar, bar.add_task("starting the connector", total=planned, left="")
            yield
            self._progress = None

    def hear(self, event: Event, results: list[Result]) -> None:
        if event["event"] == "result":
            self._show(results[-1])
        if self._progress is None or self._bar is None:
            return
        if event["event"] == "start":
            self._progress.update(self._bar, description=f"{event['id']} {escape(event['title'])}")
        self._progress.update(self._bar, completed=len(results), left=self._left(len(results)))

    def _left(self, done: int) -> str:
        """The time that is left, if the rest takes as long as what is done."""
        if done < 3:
            return ""
        seconds = round((time.monotonic() - self._began) / done * (self._planned - done))
        minutes, seconds = divmod(seconds, 60)
        return f"{minutes}:{seconds:02} left"

    def _show(self, result: Result) -> None:
        style = STYLES[result.verdict]
        self._console.print(
            f"[{style}]{result.verdict:<14}[/] {result.id:<11} {escape(result.title)} [dim]{result.seconds:.1f} s[/]",
            highlight=False,
            soft_wrap=True,
        )

    def conclude(self, report: Report) -> None:
        """Why what did not pass did not, then the headline."""
        for result in reversed(troubled(report)):
            if result.failure is not None:
                self._explain(result)
        if report.problem is not None:
            self._console.print(f"\n[bold red]the run broke off[/]: {escape(report.problem)}", highlight=False)
        for text in report.baseline:
            self._console.print(f"\n[bold red]baseline[/]: {escape(text)}", highlight=False, soft_wrap=True)
        self._console.print(f"\n{escape(summary(report.counts)) or 'nothing was judged'}", highlight=False)
        style = "bold green" if report.conformant else "bold yellow" if report.succeeded else "bold red"
        line = f"[{style}]{escape(report.connector)}: {escape(report.headline)}[/]"
        self._console.print(line, highlight=False, soft_wrap=True)
        self._console.print(f"[dim]requirements {report.set}, seed {report.seed}, {report.seconds:.1f} s[/]")

    def name_files(self, files: list[Path]) -> None:
        for path in files:
            self._console.print(f"[dim]wrote[/] {escape(str(path))}", highlight=False, soft_wrap=True)

    def _explain(self, result: Result) -> None:
        failure = result.failure
        assert failure is not None
        show, style = self._console.print, STYLES[result.verdict]
        show(f"\n[{style}]{result.verdict}[/] [bold]{result.id} {escape(result.title)}[/] ({result.level})")
        if result.known is not None:
            show(f"  known until {result.known.expires}: {escape(result.known.reason)}", highlight=False)
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
