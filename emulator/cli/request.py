"""`gatepost request`: make a user ask a running cloud for something."""

from __future__ import annotations

import json
import ssl
import sys
import time
import urllib.error
import urllib.request
from typing import Any

import click

from gatepost.cli.options import ENVIRONMENT, require_url

CONTROL = "http://127.0.0.1:8080"


@click.command("request", context_settings=ENVIRONMENT, short_help="Make a user ask the running cloud.")
@click.argument("operation")
@click.option(
    "--name",
    required=True,
    help="The vApp's name: the new one's, or the one that it is about; in Abiquo a machine's label.",
)
@click.option(
    "--user",
    default="alice@acme",
    show_default=True,
    help="Who asks: user@organization of vCloud, or a nick of Abiquo.",
)
@click.option("--template", help="Name of the template to instantiate; by default the first one.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until the task has ended.")
@click.option("--timeout", default=600.0, show_default=True, help="Seconds to wait at most.")
@click.option(
    "--url", metavar="URL", default=CONTROL, show_default=True, callback=require_url, help="Where the cloud is."
)
@click.option("--control-token", metavar="TOKEN", help="If the control API demands one.")
def request(
    operation: str,
    name: str,
    user: str,
    template: str | None,
    wait: bool,
    timeout: float,
    url: str,
    control_token: str | None,
) -> None:
    """Make a user ask the running cloud for OPERATION: instantiate, compose, deploy, power-on, delete and so on."""
    body = {"operation": operation, "name": name, "user": user, "template": template}
    task = call(url, control_token, "POST", "/gatepost/operations", body)
    _tell(name, task)
    if not wait:
        return
    deadline = time.monotonic() + timeout
    failed = False
    for id in task.get("tasks", [task["task"]]):
        task = _until_ended(url, control_token, id, deadline, timeout)
        _tell(name, task)
        failed = failed or not task["success"]
    if failed:
        sys.exit(1)


def _tell(name: str, task: dict[str, Any]) -> None:
    more = f", held: {task['hold']}" if task["hold"] else f" ({task['error']})" if task["error"] else ""
    click.echo(f"{task['operation']} {name}: {task['status']}{more}")


def _until_ended(url: str, token: str | None, id: str, deadline: float, timeout: float) -> dict[str, Any]:
    """Raises ClickException when it has not by `deadline`, of the monotonic clock."""
    while not (task := call(url, token, "GET", f"/gatepost/operations/{id}", None))["ended"]:
        if time.monotonic() > deadline:
            raise click.ClickException(
                f"the task is still {task['status']} after {timeout:g} s. What waits for a decision stands in "
                f"{url}/gatepost/holds; --timeout waits longer, --no-wait not at all."
            )
        time.sleep(0.1)
    return task


def call(url: str, token: str | None, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    """Ask the control API of a running cloud. Raises ClickException."""
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
