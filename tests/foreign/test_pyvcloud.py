"""pyvcloud as published, against this cloud: a user's first day, on API versions of both kinds of login."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gatepost import Gatepost
from tests.support.amqp import blocking_operations
from tests.support.client import VcloudClient
from tests.support.process import environment
from tests.support.tenant import href_of, the
from tests.support.waiting import until

FLOW = Path(__file__).with_name("pyvcloud_flow.py")
SECONDS = 60.0
"""For the whole flow; each wait in it has half of that."""

# The first test of a machine installs pyvcloud.
pytestmark = pytest.mark.timeout(700)

Connect = Callable[..., VcloudClient]


class FirstDay:
    """The flow, under way against a cloud whose clock stands still."""

    def __init__(self, python: Path, cloud: Gatepost, version: str, folder: Path, pool: ThreadPoolExecutor) -> None:
        self._cloud = cloud
        user = ("--user", "alice", "--org", "acme", "--password", "gatepost")
        limits = ("--api-version", version, "--timeout", str(SECONDS / 2))
        self._run = pool.submit(
            subprocess.run,
            [str(python), str(FLOW), "--url", cloud.url, *user, *limits],
            cwd=folder,
            env=environment(NO_PROXY="127.0.0.1"),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def wait_until_it_saw(self, operation: str, status: str) -> None:
        """Until pyvcloud has read this status of the operation's task."""
        until(lambda: self._run.done() or (operation, status) in self._seen(), SECONDS)

    def steps(self) -> dict[str, list[dict[str, Any]]]:
        """What it printed, by step. Raises AssertionError if pyvcloud did not accept something."""
        run = self._run.result()
        assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
        told: dict[str, list[dict[str, Any]]] = {}
        for line in run.stdout.splitlines():
            step = json.loads(line)
            told.setdefault(step.pop("step"), []).append(step)
        return told

    def _seen(self) -> set[tuple[str | None, str | None]]:
        tasks = [
            etree.fromstring(entry.body)
            for entry in self._cloud.journal.after(0)
            if entry.kind == "http.response" and entry.method == "GET" and entry.path.startswith("/api/task/")
        ]
        return {(task.get("operationName"), task.get("status")) for task in tasks}


@pytest.mark.parametrize("version", ["29.0", "32.0", "33.0"])
def test_a_first_day(pyvcloud: Path, cloud: Gatepost, connect: Connect, tmp_path: Path, version: str) -> None:
    connect(cloud, "administrator@System").put(*blocking_operations())
    with ThreadPoolExecutor() as pool:
        day = FirstDay(pyvcloud, cloud, version, tmp_path, pool)
        for operation in ("vdcInstantiateVapp", "vdcDeleteVapp"):
            day.wait_until_it_saw(operation, "running")
            cloud.clock.advance(1)
        steps = day.steps()
    vapp_id = steps["vapp"][0].pop("id")
    assert vapp_id.startswith("urn:vcloud:vapp:")
    templates = [
        {"name": name, "type": "application/vnd.vmware.vcloud.vAppTemplate+xml"} for name in ("centos", "two-tier")
    ]
    assert steps == {
        "login": [{"api_version": version, "sysadmin": False}],
        "orgs": [{"names": ["acme"]}],
        "org": [{"name": "acme", "vdcs": ["acme-vdc"], "catalogs": ["base-images"]}],
        "vdc": [{"name": "acme-vdc", "resources": templates}],
        "catalog": [{"name": "base-images", "items": ["centos", "two-tier"]}],
        "instantiate": [{"status": "0", "task": "running", "operation": "vdcInstantiateVapp"}],
        "task": [{"statuses": ["running", "success"]}] * 2,
        "vapp": [{"name": "pyvcloud-01", "status": 8, "vms": ["centos-vm"]}],
        "delete": [{"task": "running", "operation": "vdcDeleteVapp"}],
        "gone": [{"status": 403, "error": "ACCESS_TO_RESOURCE_IS_FORBIDDEN"}],
        "logout": [{}],
    }


@pytest.mark.parametrize("version", ["29.0", "33.0"])
def test_a_request_that_a_connector_approves(
    pyvcloud: Path, cloud: Gatepost, connect: Connect, tmp_path: Path, version: str
) -> None:
    connector = connect(cloud, "administrator@System", version=version)
    connector.put(*blocking_operations("vdcInstantiateVapp"))
    with ThreadPoolExecutor() as pool:
        day = FirstDay(pyvcloud, cloud, version, tmp_path, pool)
        day.wait_until_it_saw("vdcInstantiateVapp", "preRunning")
        held = connector.get("/api/admin/extension/blockingTasks").xml
        connector.resume(href_of(the(held, "Reference")))
        for operation in ("vdcInstantiateVapp", "vdcDeleteVapp"):
            day.wait_until_it_saw(operation, "running")
            cloud.clock.advance(1)
        steps = day.steps()
    [instantiate] = steps["instantiate"]
    assert (instantiate["status"], instantiate["task"]) == ("0", "preRunning")
    assert steps["task"] == [{"statuses": ["preRunning", "running", "success"]}, {"statuses": ["running", "success"]}]
    assert (steps["vapp"][0]["status"], steps["gone"][0]["status"]) == (8, 403)
