"""The command `gatepost`."""

from __future__ import annotations

import click

from gatepost import __version__
from gatepost.cli.broker import broker
from gatepost.cli.check import check
from gatepost.cli.init import init
from gatepost.cli.inventory import inventory
from gatepost.cli.request import request
from gatepost.cli.requirements import requirements
from gatepost.cli.selftest import selftest
from gatepost.cli.serve import serve


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Every option is an environment variable too: --ready-file is GATEPOST_READY_FILE.",
)
@click.version_option(__version__, prog_name="gatepost")
def main() -> None:
    """A cloud that asks permission: an emulator for everybody who writes connectors."""


main.add_command(serve)
main.add_command(request)
main.add_command(broker)
main.add_command(inventory)
main.add_command(check)
main.add_command(init)
main.add_command(requirements)
main.add_command(selftest)
