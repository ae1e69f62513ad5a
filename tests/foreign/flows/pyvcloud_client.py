"""pyvcloud's client, logged in, and what the flows do with every task."""

from __future__ import annotations

import argparse
import time
from typing import Any

from pyvcloud.vcd.client import BasicLoginCredentials, Client
from pyvcloud.vcd.org import Org
from pyvcloud.vcd.vdc import VDC

POLL_SECONDS = 0.02
PATIENCE_SECONDS = 60.0


def log_in(where: argparse.Namespace, user: str) -> Any:
    """The client of a `user@org`."""
    name, _, org = user.partition("@")
    client = Client(where.url, api_version=where.api_version, log_requests=True, log_bodies=True)
    client.set_credentials(BasicLoginCredentials(name, org, where.password))
    return client


def places(client: Any, org: str = "acme", vdc: str = "acme-vdc") -> tuple[Any, Any]:
    """pyvcloud's Org and VDC, found as its users find them."""
    own = Org(client, resource=client.get_org_by_name(org))
    return own, VDC(client, resource=own.get_vdc(vdc))


def done(client: Any, task: Any) -> str:
    """The operation of a task, once pyvcloud has seen it succeed.

    pyvcloud's own timeout never strikes (it subtracts now from the start), so it gets a callback that gives up.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS

    def give_up(polled: Any) -> None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"still {polled.get('status')} after {PATIENCE_SECONDS} s")

    ended = client.get_task_monitor().wait_for_success(task, poll_frequency=POLL_SECONDS, callback=give_up)
    operation: str = ended.get("operationName")
    return operation


def made(client: Any, resource: Any) -> str:
    """The operation of the task inside a new object."""
    return done(client, resource.Tasks.Task[0])
