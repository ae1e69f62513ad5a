"""abiquo-api as published, and OAuth by requests-oauthlib, against this cloud: a user's and an approver's first day."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from gatepost import Gatepost
from tests.conftest import MakeWorld
from tests.support.abiquo_client import connector, switch_on
from tests.support.foreign import foreign_python
from tests.support.process import environment
from tests.support.waiting import until

FLOW = Path(__file__).with_name("abiquo_flow.py")

# The first test of a machine installs the client.
pytestmark = pytest.mark.timeout(700)


@pytest.fixture(scope="session")
def abiquo_api() -> Path:
    """The Python of an environment that holds it."""
    return foreign_python("abiquo-api==0.1.16")


@pytest.fixture(params=["vcloud", "abiquo"])
def reviewed_cloud(request: pytest.FixtureRequest, make_world: MakeWorld) -> Iterator[Gatepost]:
    """With its API below a prefix, and at the root."""
    cloud = make_world(clock="manual", root=request.param)
    with connector() as endpoint:
        switch_on(cloud, endpoint.url)
        yield cloud


@pytest.mark.parametrize("version", ["3.10", "6.1"])
def test_a_first_day(abiquo_api: Path, reviewed_cloud: Gatepost, tmp_path: Path, version: str) -> None:
    cloud = reviewed_cloud
    users = ("--user", "joe", "--approver", "connector", "--password", "gatepost")
    command = [str(abiquo_api), str(FLOW), "--url", cloud.abiquo_url, *users, "--version", version]
    with ThreadPoolExecutor() as pool:
        run = pool.submit(
            subprocess.run,
            command,
            cwd=tmp_path,
            env=environment(NO_PROXY="127.0.0.1"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        for state, seconds in (("PENDING", 0.25), ("STARTED", 5.0)):
            until(partial(_ended_or_told, run, cloud, f'"state": "{state}"'.encode()))
            cloud.clock.advance(seconds)
        finished = run.result()
    assert finished.returncode == 0, f"{finished.stdout}\n{finished.stderr}"
    steps = [json.loads(line) for line in finished.stdout.splitlines()]
    assert [step for step in steps if step["step"] != "polled"] == [
        {"step": "login", "nick": "joe", "role": "USER"},
        {"step": "browse", "enterprise": "acme", "vdcs": ["acme-vdc"]},
        {"step": "machines", "total": 2, "labels": ["db", "web"]},
        {"step": "edit", "code": 204},
        {"step": "deploy", "description": "as abiquo-api wants it", "disk": 10_240, "state": "QUEUEING"},
        {"step": "authorize", "code": 302, "keys": ["oauth_token", "oauth_token_secret"]},
        {"step": "approve", "total": 1, "type": "DEPLOY", "code": 204},
        {"step": "task", "states": ["QUEUEING", "PENDING", "STARTED", "FINISHED_SUCCESSFULLY"]},
    ]


def _ended_or_told(run: Future[subprocess.CompletedProcess[str]], cloud: Gatepost, text: bytes) -> bool:
    """Told to somebody who read the task; jobs have states too, but theirs stand behind the task's own."""
    return run.done() or any(
        text in entry.body.partition(b'"jobs"')[0]
        for entry in cloud.journal.after(0)
        if entry.kind == "http.response" and entry.method == "GET" and "/tasks/" in entry.path
    )
