"""`gatepost init`: a profile to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from gatepost.cli.options import ENVIRONMENT


@click.command(context_settings=ENVIRONMENT, short_help="Write a profile of a connector, to fill in.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default="profile.yaml")
@click.option(
    "--dialect",
    type=click.Choice(["vcloud", "abiquo"]),
    default="vcloud",
    show_default=True,
    help="Which cloud the connector works for.",
)
def init(file: Path, dialect: Literal["vcloud", "abiquo"]) -> None:
    """Write a connector's profile for `gatepost check` to FILE (profile.yaml), with every field explained.

    It judges Gatepost's own reference connector until you name yours. A file that exists is left alone.
    """
    from gatepost.conformance.profile import template

    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(template(dialect))
    except FileExistsError:
        raise click.UsageError(f"{file} exists and is left alone: name another file") from None
    except OSError as error:
        raise click.UsageError(f"cannot write {file}: {error.strerror}") from None
    click.echo(f"wrote {file}; now: gatepost check {file}")
