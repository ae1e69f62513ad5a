"""`gatepost check`: judge a connector."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatepost.cli.options import ENVIRONMENT, needs_conformance

if TYPE_CHECKING:
    from gatepost.conformance import baseline
    from gatepost.conformance.profile import Profile
    from gatepost.conformance.report.model import Report
    from gatepost.conformance.report.writing import Places

FILE = click.Path(path_type=Path)


def _show_schema(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        needs_conformance("check")
        from gatepost.conformance.report.writing import schema_text

        click.echo(schema_text(), nl=False)
        context.exit()


@click.command(context_settings=ENVIRONMENT, short_help="Judge a connector by the rules of its protocol.")
@click.argument("profile", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--only", metavar="IDS", default="", help="Only these requirements: VCD-DEC-1,VCD-NOT-*")
@click.option("--seed", type=click.IntRange(1, 2**31 - 1), help="The same inputs as in the run that printed it.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=min(4, 2 * (os.cpu_count() or 1)),
    show_default="two for each CPU, at most 4",
    help="Scenarios at the same time, each with a cloud and a connector of its own.",
)
@click.option("--broker", metavar="URL", default="embedded", show_default=True, help="AMQP URL of another broker.")
@click.option("--report", metavar="DIR", type=FILE, help="Write every form of the report into this folder.")
@click.option("--html", metavar="FILE", type=FILE, help="Write a page to read: matrix, reasons, timelines.")
@click.option("--json", metavar="FILE", type=FILE, help="Write the report as JSON; --schema tells its form.")
@click.option("--junit", metavar="FILE", type=FILE, help="Write the report as JUnit XML.")
@click.option("--badge", metavar="FILE", type=FILE, help="Write a badge: .svg a picture, .json for an endpoint badge.")
@click.option("--baseline", metavar="FILE", type=FILE, help="YAML list of known failures: id, reason, expires.")
@click.option("--write-baseline", metavar="FILE", type=FILE, help="Write such a list of what this run finds broken.")
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_schema,
    help="Show the JSON schema of --json, and exit.",
)
def check(
    profile: Path,
    only: str,
    seed: int | None,
    jobs: int,
    broker: str,
    baseline: Path | None,
    write_baseline: Path | None,
    **places: Path | None,
) -> None:
    """Judge the connector of PROFILE by the rules of its protocol.

    `gatepost init` writes a profile. In a GitHub workflow the summary of the job is written too.

    Exit codes: 0 conformant, 1 not, 2 a mistake in the call, 3 the harness broke, 4 the connector could not be started.
    """
    needs_conformance("check")
    from rich.console import Console

    from gatepost.conformance.check import any_seed
    from gatepost.conformance.check import check as judge
    from gatepost.conformance.report.terminal import Terminal
    from gatepost.conformance.running import Wanted

    loaded, patterns = _loaded(profile, only)
    known = None if baseline is None else _known(baseline)
    files = _places(places)
    _require_new(write_baseline)
    terminal = Terminal(Console())
    report, code = judge(loaded, Wanted(profile, seed or any_seed(), patterns, jobs, broker), terminal, known)
    terminal.conclude(report)
    sys.exit(_write(terminal, report, files, write_baseline, code))


def _loaded(path: Path, only: str) -> tuple[Profile, tuple[str, ...]]:
    from gatepost.conformance.check import planned_for
    from gatepost.conformance.profile import InvalidProfile, load

    try:
        profile = load(path)
    except InvalidProfile as error:
        raise click.UsageError(str(error)) from None
    patterns = tuple(word.strip() for word in only.split(",") if word.strip())
    for pattern in patterns or ("*",):
        if not planned_for(profile, (pattern,)):
            raise click.UsageError(
                f"--only {pattern}: no requirement of {profile.dialect} is called so; see gatepost requirements"
            )
    return profile, patterns


def _known(path: Path) -> list[baseline.Entry]:
    from gatepost.conformance.baseline import InvalidBaseline, load

    try:
        return load(path)
    except InvalidBaseline as error:
        raise click.UsageError(str(error)) from None


def _places(options: dict[str, Any]) -> Places:
    from gatepost.conformance.report.writing import CannotWrite, Places

    places = Places(folder=options.pop("report"), **options)
    try:
        places.check()
    except CannotWrite as error:
        raise click.UsageError(str(error)) from None
    return places


def _require_new(path: Path | None) -> None:
    if path is not None and path.exists():
        raise click.UsageError(f"{path} exists, and what people wrote into it is not overwritten: name another file")


def _write(terminal: Any, report: Report, places: Places, new_baseline: Path | None, code: int) -> int:
    """The exit code: a report that could not be written is no success."""
    from gatepost.conformance.baseline import of_report
    from gatepost.conformance.report.writing import CannotWrite

    try:
        written = places.write(report)
        if new_baseline is not None:
            new_baseline.write_text(of_report(report), encoding="utf-8")
            written.append(new_baseline)
    except (CannotWrite, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        return code or 3
    terminal.name_files(written)
    return code
