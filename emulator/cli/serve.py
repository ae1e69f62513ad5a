"""`gatepost serve`: the emulated cloud."""

from __future__ import annotations

import contextlib
import errno
import gc
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from gatepost.cli.broker import port_taken
from gatepost.cli.options import ENVIRONMENT, require_endpoint, require_url
from gatepost.cli.stopping import StopSignal

DEFAULT_PORT = 8080
PASSWORD = "gatepost"
MOST_SHOWN = 4
"""Accounts in a line."""

_SWITCH = {"1": ["default"], "true": ["default"], "0": [], "false": []}


class _Lines(click.types.StringParamType):
    """Texts that may hold blanks, so that an environment variable has one a line."""

    def split_envvar_value(self, rv: str) -> list[str]:
        return [line.strip() for line in rv.splitlines() if line.strip()]


def _parse_assignments(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, Any]:
    from gatepost.settings import InvalidSetting, parse_assignment

    try:
        return dict(parse_assignment(text) for text in texts)
    except InvalidSetting as error:
        raise click.BadParameter(str(error)) from None


def _choose_broker(context: click.Context, parameter: click.Parameter, broker: str) -> str | None:
    return None if broker == "none" else broker


def _choose_variation(context: click.Context, parameter: click.Parameter, kinds: str) -> list[str]:
    """In the environment also 1 or 0, as for a flag."""
    names = [name.strip() for name in kinds.split(",") if name.strip()]
    if len(names) == 1 and names[0].lower() in _SWITCH:
        return _SWITCH[names[0].lower()]
    return names


def _show_settings(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from gatepost.settings import Settings

    for field in Settings.model_fields.values():
        default = ",".join(field.default) if isinstance(field.default, tuple) else field.default
        click.echo(f"{field.alias}={default}\n    {field.description}")
    context.exit()


@click.command(context_settings=ENVIRONMENT)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option(
    "--public-url",
    metavar="URL",
    callback=require_url,
    help="What hrefs begin with, where clients see another address.",
)
@click.option(
    "--root",
    default="vcloud",
    show_default=True,
    type=click.Choice(["vcloud", "abiquo"]),
    help="Whose API stands at /api. The other one's is at /abiquo/api or /vcloud/api.",
)
@click.option(
    "--workflow-endpoint",
    metavar="URL",
    callback=require_endpoint,
    help="Of an Abiquo connector: workflow is on from the start.",
)
@click.option("--tls", is_flag=True, help="Serve https with a fresh certificate; the CA file is printed.")
@click.option(
    "--broker",
    default="embedded",
    show_default=True,
    metavar="embedded|none|AMQP_URL",
    callback=_choose_broker,
    help="Where notifications go: our own broker, nowhere, or amqp://user:password@host:port/vhost.",
)
@click.option(
    "--amqp-port",
    default=5672,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Of the embedded broker; 0 takes a free one.",
)
@click.option(
    "--tap",
    "taps",
    is_flag=True,
    envvar="GATEPOST_TAP",
    help="Serve through taps, so that connections can be broken (docs/faults.md).",
)
@click.option(
    "--inventory",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What the cloud holds at first; `gatepost inventory` prints one (docs/inventory.md).",
)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same identifiers and variation.")
@click.option(
    "--vary",
    is_flag=False,
    flag_value="default",
    default="",
    metavar="[KIND,…]",
    callback=_choose_variation,
    help="Do all that a correct cloud may do and careless connectors do not survive, or only these kinds"
    " (docs/variation.md).",
)
@click.option("--clock", default="real", show_default=True, metavar="real|manual|xN", help="How time passes.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    type=_Lines(),
    callback=_parse_assignments,
    metavar="KEY=VALUE",
    envvar="GATEPOST_SET",
    help="A setting; may be repeated. In GATEPOST_SET one a line.",
)
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write where everything is, as JSON, once serving.",
)
@click.option("--control-token", metavar="TOKEN", help="Demanded by the control API; needed beyond loopback.")
@click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    envvar="GATEPOST_ALLOWED_HOST",
    help="Another Host name to believe; may be repeated. In GATEPOST_ALLOWED_HOST separated by blanks.",
)
@click.option(
    "--help-settings",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    allow_from_autoenv=False,
    callback=_show_settings,
    help="List all settings and exit.",
)
@click.pass_context
def serve(context: click.Context, /, ready_file: Path | None, **options: Any) -> None:
    """Run the emulated cloud until Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    logging.getLogger("_granian").setLevel(logging.WARNING)
    stop = StopSignal()
    from gatepost.control.guard import LOCAL_HOSTS

    asked_for = context.get_parameter_source("port") is not click.core.ParameterSource.DEFAULT
    try:
        cloud = _build(asked_for, **options)
    except (
        ValueError
    ) as error:  # of a broker's URL, a clock, a setting, a token, a file: the text says which and what would do
        raise click.UsageError(str(error)) from None
    code = 0
    try:
        with cloud:
            tune()
            if ready_file is not None:
                _write_ready_file(ready_file, cloud.info(with_secrets=True))
            _announce(cloud.info(), controllable=options["control_token"] or options["host"] in LOCAL_HOSTS)
            stop.wait()
            click.echo("stopping", err=True)
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    _end(code)


def _end(code: int) -> NoReturn:
    """End the process at once: a thread of granian's that wakes while the interpreter is torn down would abort it."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
    os._exit(code)


def _build(asked_for: bool, *, port: int, **options: Any) -> Any:
    """The cloud, listening; a taken default port falls back to a free one, a taken chosen one ends the program."""
    from gatepost.facade import AmqpPortTaken, Gatepost
    from gatepost.serving.granian import GranianServer

    try:
        return Gatepost(port=port, server=GranianServer, **options)
    except AmqpPortTaken:
        raise port_taken(options["host"], options["amqp_port"]) from None
    except OSError as error:
        if asked_for or error.errno != errno.EADDRINUSE:
            about_port = error.errno in (errno.EADDRINUSE, errno.EACCES)
            advice = (
                "Choose another with --port, or --port 0 for a free one." if about_port else "Choose another --host."
            )
            raise click.ClickException(
                f"cannot listen on {options['host']} port {port}: {error.strerror}. {advice}"
            ) from None
    cloud = Gatepost(port=0, server=GranianServer, **options)
    click.secho(f"PORT {port} IS TAKEN: serving on port {cloud.port} instead.", bold=True, err=True)
    return cloud


def tune() -> None:
    """Keep what start-up made out of every later garbage collection, and collect young objects less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 1_000)


def _write_ready_file(path: Path, info: dict[str, Any]) -> None:
    """Whole or not at all, and for its owner only: it may hold the broker's password."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(info, file, indent=2)
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise click.ClickException(f"cannot write the ready file {path}: {error.strerror}") from None


def _logins(accounts: list[dict[str, Any]]) -> str:
    """Some that one can log in as, with the password that most of them have."""
    public = [one["user"] for one in accounts if one["password"] == PASSWORD][:MOST_SHOWN]
    return f"log in as {', '.join(public)}: password {PASSWORD}" if public else "passwords as in the inventory file"


def _announce(info: dict[str, Any], *, controllable: bool) -> None:
    click.echo(f"Gatepost {info['version']} serves")
    for dialect, name in (("vcloud", "vCloud"), ("abiquo", "Abiquo")):
        people = [one for one in info["accounts"] if one["dialect"] == dialect]
        click.echo(f"  {name} API   {info[dialect + '_api']}   ({_logins(people)})")
    closed = "" if controllable else "   (closed: beyond this machine it needs a --control-token)"
    click.echo(f"  control API  {info['control_url']}{closed}")
    if info["vary"]:
        click.echo(f"  varied       {', '.join(info['vary'])} (seed {info['seed']})")
    if info["ca_file"]:
        click.echo(f"  CA file      {info['ca_file']}")
    if info["amqp_url"]:
        click.echo(f"  broker       {info['amqp_url']}   exchange {info['amqp_exchange']}")
    else:
        click.echo("  broker       none: holds are found by GET /api/admin/extension/blockingTasks only")
    sys.stdout.flush()
