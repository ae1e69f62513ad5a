"""The connector that anyone may copy, as it stands, in the two minutes that the docs promise."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gatepost import Gatepost
from tests.conftest import MakeWorld
from tests.support.abiquo_client import AbiquoClient, connector, switch_on
from tests.support.process import Serve, environment, gatepost
from tests.support.waiting import until

APPROVER = Path(__file__).parents[2] / "examples" / "abiquo_approver.py"


@contextmanager
def approver(output: Path, api: str, port: int) -> Iterator[None]:
    with output.open("wb") as file:
        command = [sys.executable, str(APPROVER), "--api", api, "--port", str(port)]
        process = subprocess.Popen(command, env=environment(), stdout=file, stderr=subprocess.STDOUT)
        try:
            until(lambda: "listening" in output.read_text())
            yield
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number: int = taken.getsockname()[1]
        return number


@pytest.mark.parametrize("more", [(), ("--vary",)], ids=["plain", "varied"])
def test_the_two_minutes_of_the_docs(tmp_path: Path, port: int, more: tuple[str, ...]) -> None:
    """A deploy passes, an undeploy does not; a whole appliance is one message. So it is when the cloud varies."""
    output = tmp_path / "approver.txt"
    endpoint = f"http://127.0.0.1:{port}/"
    options = ("--broker", "none", "--workflow-endpoint", endpoint, "--set", "work.scale=0.2", *more)
    with Serve(tmp_path, *options) as served:
        ask = ("--user", "joe", "--url", served.url)
        nobody = gatepost("request", "deploy", "--name", "web", *ask)
        assert (nobody.returncode, "WKF-01" in nobody.stderr) == (1, True)
        with approver(output, served.info["abiquo_api"], port):
            deployed = gatepost("request", "deploy", "--name", "web", *ask)
            assert (deployed.returncode, deployed.stdout.splitlines()[-1]) == (0, "DEPLOY web: FINISHED_SUCCESSFULLY")
            undeployed = gatepost("request", "undeploy", "--name", "shop", *ask)
            assert undeployed.returncode == 1
            # The first line is what it was when the request came back, which may be this already.
            assert ["CANCELLED" in line for line in undeployed.stdout.splitlines()[1:]] == [True, True]
        assert sorted(output.read_text().splitlines()[1:]) == [
            "cancel: UNDEPLOY of db",
            "cancel: UNDEPLOY of web",
            "continue: DEPLOY of web",
        ]
        served.stop()


@pytest.mark.parametrize("vary", [False, True], ids=["plain", "varied"])
def test_finds_what_was_held_before_it_started(make_world: MakeWorld, tmp_path: Path, port: int, *, vary: bool) -> None:
    """In the list of pending tasks, whose links hold whole URLs."""
    cloud: Gatepost = make_world(settings={"work.scale": 0}, vary=vary)
    with connector() as nobody, AbiquoClient(cloud, "joe") as joe:
        switch_on(cloud, nobody.url)
        task = joe.deploy()
        with approver(tmp_path / "approver.txt", cloud.abiquo_url, port):
            until(lambda: joe.state(task) == "FINISHED_SUCCESSFULLY")
