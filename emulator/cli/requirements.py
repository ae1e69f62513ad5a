"""`gatepost requirements`: what a connector is judged by."""

from __future__ import annotations

import click

from gatepost.cli.options import ENVIRONMENT, needs_conformance


@click.command(context_settings=ENVIRONMENT, short_help="Show what connectors are judged by.")
@click.argument("ids", nargs=-1)
@click.option("--dialect", type=click.Choice(["vcloud", "abiquo"]), help="Only those of one cloud.")
@click.option("--json", "form", flag_value="json", help="As JSON.")
@click.option("--markdown", "form", flag_value="markdown", help="As the page in the documentation.")
def requirements(ids: tuple[str, ...], dialect: str | None, form: str | None) -> None:
    """Show the requirements by which connectors are judged; IDS such as VCD-DEC-1 or 'VCD-NOT-*' pick some.

    Levels: a broken must is a failure, a broken should is shown as weak.
    """
    needs_conformance("requirements")
    from rich.console import Console

    from gatepost.conformance import catalogue
    from gatepost.conformance.report import listing

    chosen = [one for one in catalogue.requirements() if dialect in (None, one.dialect) and catalogue.chosen(one, ids)]
    if not chosen:
        raise click.UsageError(f"no requirement is called {' or '.join(ids)}; gatepost requirements shows all")
    if form == "json":
        click.echo(listing.as_json(chosen), nl=False)
    elif form == "markdown":
        click.echo(listing.as_markdown(chosen), nl=False)
    else:
        listing.show(chosen, Console(), whole=bool(ids))
