"""`gatepost selftest`: show that the harness bites."""

from __future__ import annotations

import os
import sys

import click

from gatepost.cli.options import ENVIRONMENT


@click.command(context_settings=ENVIRONMENT)
@click.argument("defects", nargs=-1)
@click.option("--dialect", type=click.Choice(["vcloud", "abiquo"]), help="Only the connectors of one dialect.")
@click.option("--full", is_flag=True, help="Each defect against every requirement, not only against its own.")
@click.option("--list", "only_list", is_flag=True, help="Show the defects, and run nothing.")
@click.option("--seed", type=click.IntRange(1, 2**31 - 1), default=1, show_default=True)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=min(6, 2 * (os.cpu_count() or 1)),
    show_default=True,
    help="Connectors judged at the same time.",
)
def selftest(defects: tuple[str, ...], dialect: str | None, full: bool, only_list: bool, seed: int, jobs: int) -> None:
    """Judge connectors of which each has one defect, and see that it is caught by what it breaks and by nothing else.

    Names of DEFECTS pick some. Exit codes: 0 all caught, 1 a defect survived, a rule bit the wrong one or is bitten by
    none, 2 a mistake in the call.
    """
    from rich.console import Console
    from rich.markup import escape

    from gatepost.conformance import selftest as harness
    from gatepost.conformance.connectors import defects as known

    console = Console(highlight=False)
    every = [one for one in known.every() if dialect in (None, one.dialect)]
    if unknown := sorted(set(defects) - {one.name for one in every}):
        raise click.UsageError(f"there is no defect {unknown[0]}; see gatepost selftest --list")
    chosen = [one for one in every if not defects or one.name in defects]
    if only_list:
        for one in chosen:
            console.print(f"[bold]{one.name}[/]  {escape(one.sentence)} [dim]breaks {', '.join(sorted(one.breaks))}[/]")
        return
    wanted: list[tuple[str, known.Defect | None]] = [(one.dialect, one) for one in chosen]
    if not defects:
        wanted = [*((name, None) for name in sorted({one.dialect for one in chosen}, reverse=True)), *wanted]
    good = True
    for number, (trial, seconds) in enumerate(harness.trials(wanted, seed, jobs, full=full), 1):
        good &= trial.good
        mark = (
            "[green]caught  [/]"
            if trial.good and trial.defect
            else "[green]all pass[/]"
            if trial.good
            else "[bold red]WRONG   [/]"
        )
        console.print(f"{mark} {trial.name:<40} [dim]{seconds:5.1f} s  {number}/{len(wanted)}[/]")
        for text in (
            trial.problem,
            f"survived: {', '.join(trial.survived)}" if trial.survived else "",
            f"false positives: {', '.join(trial.false_positives)}" if trial.false_positives else "",
        ):
            if text:
                console.print(f"         {escape(text)}")
        for result in trial.results:
            if result.failure is not None and result.id in (*trial.false_positives,):
                console.print(f"         {result.id} {result.verdict}: {escape(result.failure.seen)[:1000]}")
    if not defects and dialect is None and (bare := harness.unkilled(known.every())):
        good = False
        console.print(f"[bold red]no defect breaks[/] {', '.join(bare)}")
    sys.exit(0 if good else 1)
