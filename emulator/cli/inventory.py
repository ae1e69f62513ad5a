"""`gatepost inventory`: print an inventory, or check one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from gatepost.cli.options import ENVIRONMENT, require_url
from gatepost.cli.request import call


@click.command(context_settings=ENVIRONMENT)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--url", metavar="URL", callback=require_url, help="Of a running cloud: print what it holds now.")
@click.option("--control-token", metavar="TOKEN", help="If its control API demands one.")
@click.option("--schema", is_flag=True, help="Print the JSON schema of inventory files.")
def inventory(file: Path | None, url: str | None, control_token: str | None, schema: bool) -> None:
    """Print the inventory that a cloud begins with, as YAML; with FILE, check that file instead.

    `gatepost serve --inventory FILE` takes what this prints. A file that is no inventory ends it with exit code 2 and
    a line for each fault.
    """
    if sum((file is not None, url is not None, schema)) > 1:
        raise click.UsageError("give only one of FILE, --url and --schema")
    from gatepost import inventory_files

    if schema:
        click.echo(json.dumps(inventory_files.schema(), indent=2))
    elif url is not None:
        click.echo(inventory_files.write(call(url, control_token, "GET", "/gatepost/inventory", None)), nl=False)
    elif file is not None:
        try:
            inventory_files.load(file)
        except inventory_files.InvalidInventory as error:
            for line in error.lines:
                click.echo(line, err=True)
            sys.exit(2)
        click.echo(f"{file} is an inventory")
    else:
        from gatepost.facade import Gatepost

        cloud = Gatepost(broker=None)
        try:
            click.echo(inventory_files.write(cloud.inventory()), nl=False)
        finally:
            cloud.stop()
