"""`gatepost check`: judge a connector."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from gatepost.cli.options import ENVIRONMENT


@click.command(context_settings=ENVIRONMENT)
@click.argument("profile", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--only", metavar="IDS", default="", help="Only these requirements: VCD-DEC-1,VCD-NOT-*")
@click.option("--seed", type=click.IntRange(1, 2**31 - 1), help="The same inputs as in the run that printed it.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=min(4, 2 * (os.cpu_count() or 1)),
    show_default=True,
    help="Scenarios at the same time, each with a cloud and a connector of its own.",
)
@click.option("--broker", metavar="URL", default="embedded", show_default=True, help="AMQP URL of another broker.")
def check(profile: Path, only: str, seed: int | None, jobs: int, broker: str) -> None:
    """Judge the connector of PROFILE by the rules of its protocol.

    Exit codes: 0 conformant, 1 not, 2 a mistake in the call, 3 the harness broke, 4 the connector could not be started.
    """
    from rich.console import Console

    from gatepost.conformance.check import any_seed, planned_for
    from gatepost.conformance.check import check as judge
    from gatepost.conformance.profile import InvalidProfile, load
    from gatepost.conformance.report.terminal import Terminal
    from gatepost.conformance.running import Wanted

    try:
        loaded = load(profile)
    except InvalidProfile as error:
        raise click.UsageError(str(error)) from None
    patterns = tuple(word.strip() for word in only.split(",") if word.strip())
    if not planned_for(loaded, patterns):
        raise click.UsageError(
            f"--only {only}: no requirement of {loaded.dialect} is called so; see gatepost requirements"
        )
    terminal = Terminal(Console())
    report, code = judge(loaded, Wanted(profile, seed or any_seed(), patterns, jobs, broker), terminal)
    terminal.conclude(report)
    sys.exit(code)
