"""`gatepost selftest`: show that the harness bites."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatepost.cli.options import ENVIRONMENT, needs_conformance

if TYPE_CHECKING:
    from gatepost.conformance.connectors.defects import Defect

FILE = click.Path(dir_okay=False, path_type=Path)


def _parse_shard(context: click.Context, parameter: click.Parameter, text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise click.BadParameter(f"{text!r} is no part such as 2/3")
    return int(part), int(parts)


@click.command(context_settings=ENVIRONMENT, short_help="Show that the harness catches broken connectors.")
@click.argument("defects", nargs=-1)
@click.option("--dialect", type=click.Choice(["vcloud", "abiquo"]), help="Only the connectors of one dialect.")
@click.option("--full", is_flag=True, help="Each defect against every requirement, not only against its own.")
@click.option(
    "--shard", callback=_parse_shard, metavar="I/N", default="1/1", help="Of N parts of the defects, the I-th."
)
@click.option("--list", "only_list", is_flag=True, help="Show the defects, and run nothing.")
@click.option("--seed", type=click.IntRange(1, 2**31 - 1), default=1, show_default=True)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=min(6, 2 * (os.cpu_count() or 1)),
    show_default="two for each CPU, at most 6",
    help="Connectors judged at the same time.",
)
@click.option("--json", metavar="FILE", type=FILE, help="Write the kill matrix as JSON.")
@click.option("--markdown", metavar="FILE", type=FILE, help="Write the kill matrix as a page of the documentation.")
def selftest(
    defects: tuple[str, ...],
    dialect: str | None,
    full: bool,
    shard: tuple[int, int],
    only_list: bool,
    seed: int,
    jobs: int,
    json: Path | None,
    markdown: Path | None,
) -> None:
    """Judge connectors of which each has one defect, and see that it is caught by what it breaks and by nothing else.

    Names of DEFECTS pick some. Exit codes: 0 all caught, 1 a defect survived, a rule bit the wrong one or is bitten by
    none, 2 a mistake in the call.
    """
    needs_conformance("selftest")
    from rich.console import Console
    from rich.markup import escape

    from gatepost.conformance import selftest as harness
    from gatepost.conformance.connectors import defects as known
    from gatepost.conformance.report import matrix
    from gatepost.conformance.report.trials import watch

    console = Console(highlight=False)
    chosen = _chosen(defects, dialect)
    if only_list:
        for one in chosen:
            console.print(f"[bold]{one.name}[/]  {escape(one.sentence)} [dim]breaks {', '.join(sorted(one.breaks))}[/]")
        return
    for path in filter(None, (json, markdown)):
        if not path.absolute().parent.is_dir():
            raise click.UsageError(f"cannot write {path}: there is no folder {path.parent}")
    wanted = _wanted(chosen, shard, with_references=not defects)
    began = time.monotonic()
    try:
        found = watch(console, harness.trials(wanted, seed, jobs, full=full), len(wanted))
    except KeyboardInterrupt:
        console.print("[bold red]interrupted[/]: nothing is shown by this")
        sys.exit(130)
    bare = [] if defects or dialect else harness.unkilled(known.every())
    proof = matrix.Proof(tuple(found), tuple(bare), time.monotonic() - began)
    if bare:
        console.print(f"[bold red]no defect breaks[/] {', '.join(bare)}")
    console.print(f"\n[{'bold green' if proof.good else 'bold red'}]{proof.sentence}[/]")
    for file, form in ((json, matrix.as_json), (markdown, matrix.as_markdown)):
        if file is not None:
            file.write_text(form(proof), encoding="utf-8")
            console.print(f"[dim]wrote[/] {escape(str(file))}", soft_wrap=True)
    sys.exit(0 if proof.good else 1)


def _chosen(names: tuple[str, ...], dialect: str | None) -> list[Defect]:
    from gatepost.conformance.connectors import defects as known

    every = [one for one in known.every() if dialect in (None, one.dialect)]
    if unknown := sorted(set(names) - {one.name for one in every}):
        raise click.UsageError(f"there is no defect {unknown[0]}; see gatepost selftest --list")
    return [one for one in every if not names or one.name in names]


def _wanted(chosen: list[Defect], shard: tuple[int, int], *, with_references: bool) -> list[tuple[str, Defect | None]]:
    """What is judged: the reference connectors first, since all else rests on them."""
    wanted: list[tuple[str, Defect | None]] = [(one.dialect, one) for one in chosen]
    if with_references:
        wanted = [*((name, None) for name in sorted({one.dialect for one in chosen}, reverse=True)), *wanted]
    part, parts = shard
    return wanted[part - 1 :: parts]
