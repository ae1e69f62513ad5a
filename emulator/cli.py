"""The command `gatepost`."""

from __future__ import annotations

import contextlib
import errno
import gc
import json
import logging
import os
import signal
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import click

from gatepost import __version__

DEFAULT_PORT = 8080
CONTROL = "http://127.0.0.1:8080"

# Of the commands, not of the group: click would put the command's name after the group's prefix.
_ENVIRONMENT = {"auto_envvar_prefix": "GATEPOST"}


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


def _require_url(context: click.Context, parameter: click.Parameter, url: str | None) -> str | None:
    if url is not None:
        with contextlib.suppress(ValueError):
            parts = urlsplit(url)
            if parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment):
                return url
        raise click.BadParameter(f"{url!r} is no address such as https://cloud.example.com")
    return url


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Every option is an environment variable too: --ready-file is GATEPOST_READY_FILE.",
)
@click.version_option(__version__, prog_name="gatepost")
def main() -> None:
    """A cloud that asks permission: an emulator for everybody who writes connectors."""


def _show_settings(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from gatepost.settings import Settings

    for field in Settings.model_fields.values():
        default = ",".join(field.default) if isinstance(field.default, tuple) else field.default
        click.echo(f"{field.alias}={default}\n    {field.description}")
    context.exit()


@main.command(context_settings=_ENVIRONMENT)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option(
    "--public-url",
    metavar="URL",
    callback=_require_url,
    help="What hrefs begin with, where clients see another address.",
)
@click.option("--tls", is_flag=True, help="Serve https with a fresh certificate; the CA file is printed.")
@click.option(
    "--broker", metavar="AMQP_URL", help="RabbitMQ to publish notifications to: amqp://user:password@host:port/vhost."
)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same identifiers.")
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
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    from gatepost.control.guard import LOCAL_HOSTS

    asked_for = context.get_parameter_source("port") is not click.core.ParameterSource.DEFAULT
    try:
        cloud = _build(asked_for, **options)
    except ValueError as error:  # of a broker's URL, a clock, a setting, a token: the text says which and what would do
        raise click.UsageError(str(error)) from None
    code = 0
    try:
        with cloud:
            _tune()
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
    from gatepost.facade import Gatepost
    from gatepost.serving.granian import GranianServer

    try:
        return Gatepost(port=port, server=GranianServer, **options)
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


def _tune() -> None:
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


def _announce(info: dict[str, Any], *, controllable: bool) -> None:
    click.echo(f"Gatepost {info['version']} serves")
    click.echo(
        f"  vCloud API   {info['vcloud_api']}   (log in as alice@acme or administrator@System, password gatepost)"
    )
    closed = "" if controllable else "   (closed: beyond this machine it needs a --control-token)"
    click.echo(f"  control API  {info['control_url']}{closed}")
    if info["ca_file"]:
        click.echo(f"  CA file      {info['ca_file']}")
    if info["amqp_url"]:
        click.echo(f"  broker       {info['amqp_url']}   exchange {info['amqp_exchange']}")
    else:
        click.echo("  broker       none: holds are found by GET /api/admin/extension/blockingTasks only.")
        click.echo("               For notifications install RabbitMQ (apt-get install rabbitmq-server) and run")
        click.echo("               `make serve`, or name one with --broker amqp://guest:guest@host:5672/")
    sys.stdout.flush()


@main.command("request", context_settings=_ENVIRONMENT)
@click.argument("operation")
@click.option("--name", required=True, help="The vApp's name: the new one's, or the one that it is about.")
@click.option("--user", default="alice@acme", show_default=True, help="Who asks.")
@click.option("--template", help="Name of the template to instantiate; by default the first one.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until the task has ended.")
@click.option("--timeout", default=600.0, show_default=True, help="Seconds to wait at most.")
@click.option(
    "--url", metavar="URL", default=CONTROL, show_default=True, callback=_require_url, help="Where the cloud is."
)
@click.option("--control-token", metavar="TOKEN", help="If the control API demands one.")
def request_(
    operation: str,
    name: str,
    user: str,
    template: str | None,
    wait: bool,
    timeout: float,
    url: str,
    control_token: str | None,
) -> None:
    """Make a user ask the running cloud for OPERATION: instantiate, deploy, power-on, undeploy, delete and so on."""
    body = {"operation": operation, "name": name, "user": user, "template": template}
    task = _call(url, control_token, "POST", "/gatepost/operations", body)
    held = f", held: {task['hold']}" if task["hold"] else ""
    click.echo(f"{task['operation']} {name}: {task['status']}{held}")
    if not wait:
        return
    deadline = time.monotonic() + timeout
    while not task["ended"]:
        if time.monotonic() > deadline:
            raise click.ClickException(
                f"the task is still {task['status']} after {timeout:g} s. What waits for a decision stands in "
                f"{url}/gatepost/holds; --timeout waits longer, --no-wait not at all."
            )
        time.sleep(0.1)
        task = _call(url, control_token, "GET", f"/gatepost/operations/{task['task']}", None)
    click.echo(f"{task['operation']} {name}: {task['status']}" + (f" ({task['error']})" if task["error"] else ""))
    if task["status"] != "success":
        sys.exit(1)


def _call(url: str, token: str | None, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(url.rstrip("/") + path, data, headers, method=method)
    try:
        # No proxy of the environment stands between a user and an emulator.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(call, timeout=30) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        try:
            text = json.load(error)["error"]
        except (ValueError, KeyError, TypeError):
            text = f"HTTP status {error.code}"
        raise click.ClickException(text) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        advice = "Start one with `gatepost serve`."
        if isinstance(reason, ssl.SSLCertVerificationError):
            advice = "Name the CA file that `gatepost serve --tls` printed in the environment variable SSL_CERT_FILE."
        raise click.ClickException(f"no cloud answers at {url}: {reason}. {advice}") from None


if __name__ == "__main__":
    main()
