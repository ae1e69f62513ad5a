"""`gatepost broker`: the embedded message broker alone."""

from __future__ import annotations

import logging
import sys

import click

from gatepost.cli.options import ENVIRONMENT
from gatepost.cli.ports import owner_of
from gatepost.cli.stopping import StopSignal


def port_taken(host: str, port: int) -> click.ClickException:
    """Why the AMQP port never falls back to another, and what to do."""
    owner = owner_of(port)
    return click.ClickException(
        f"the AMQP port {port} on {host} is taken{f' by {owner}' if owner else ''}. "
        "Take a free one with --amqp-port 0, or use the broker that is there with "
        f"--broker amqp://guest:guest@{host}:{port}/"
    )


@click.command(context_settings=ENVIRONMENT)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--amqp-port", default=5672, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--user", default="guest", show_default=True, help="Who may log in.")
@click.option("--password", default="guest", show_default=True, help="With which password.")
@click.option("--vhost", "vhosts", multiple=True, default=("/",), show_default=True, help="May be repeated.")
def broker(host: str, amqp_port: int, user: str, password: str, vhosts: tuple[str, ...]) -> None:
    """Run the embedded AMQP 0-9-1 broker alone until Ctrl-C. What it holds is gone when it stops."""
    from gatepost import __version__
    from gatepost.broker import Broker
    from gatepost.messaging.target import AmqpTarget

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    stop = StopSignal()
    alone = Broker(host, amqp_port, users={user: password}, vhosts=vhosts, version=__version__)
    try:
        alone.start()
    except OSError as error:
        if amqp_port:
            raise port_taken(host, amqp_port) from None
        raise click.ClickException(f"cannot listen on {host}: {error.strerror}. Choose another --host.") from None
    with alone:
        url = AmqpTarget.from_url(alone.url).url(with_password=(user, password) == ("guest", "guest"))
        click.echo(f"AMQP 0-9-1 broker at {url}")
        sys.stdout.flush()
        stop.wait()
