"""Foreign clients against a cloud that varies: they see what they saw unvaried, where they bear it (docs/variation.md).

What they do not bear is a finding about them, and tested too: it shows that the variation is one that matters.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from gatepost import Gatepost
from gatepost.variation import DEFAULT, Kind
from tests.conftest import MakeWorld
from tests.support.abiquo_client import connector, switch_on
from tests.support.amqp import blocking_operations
from tests.support.client import VcloudClient
from tests.support.foreign import foreign_python
from tests.support.foreign_flow import run_flow
from tests.support.foreign_vcd import Vcd
from tests.support.process import environment

# The first test of a machine installs the clients.
pytestmark = pytest.mark.timeout(700)

BORNE = DEFAULT - {Kind.ELEMENTS, Kind.CASE}
CLIENTS = [
    ("pyvcloud", "pyvcloud_tasks", "29.0"),
    ("pyvcloud", "pyvcloud_vapps", "33.0"),
    ("pyvcloud_18", "pyvcloud_18", "5.5"),
    ("libcloud", "libcloud_vapps", "1.5"),
]


@pytest.fixture
def world(make_world: MakeWorld) -> Gatepost:
    """As `quick`, but it begins to vary when all is set up."""
    world = make_world(broker="embedded", settings={"work.scale": 0})
    with VcloudClient(world.url) as administrator:
        administrator.login("administrator@System")
        administrator.put(*blocking_operations())
    return world


@pytest.mark.parametrize(("client", "flow", "version"), CLIENTS)
def test_what_they_bear(
    request: pytest.FixtureRequest, world: Gatepost, client: str, flow: str, version: str, tmp_path: Path
) -> None:
    python: Path = request.getfixturevalue(client)
    plain, varied = tmp_path / "plain", tmp_path / "varied"
    for folder in (plain, varied):
        folder.mkdir()
    usual = run_flow(python, flow, world, version, plain)
    world.reset()
    with VcloudClient(world.url) as administrator:
        administrator.login("administrator@System")
        administrator.put(*blocking_operations())
    world.vary(BORNE)
    assert run_flow(python, flow, world, version, varied) == usual


@pytest.mark.parametrize(
    ("client", "flow", "kind", "step"),
    [
        ("pyvcloud_18", "pyvcloud_18", "elements", "catalogs"),
        ("libcloud", "libcloud_vapps", "elements", "found"),
        ("libcloud", "libcloud_vapps", "hrefs", "create"),
    ],
)
def test_what_they_do_not_bear(
    request: pytest.FixtureRequest, world: Gatepost, client: str, flow: str, kind: str, step: str, tmp_path: Path
) -> None:
    world.vary([kind])
    seen = run_flow(request.getfixturevalue(client), flow, world, "5.5", tmp_path)
    assert str(seen[step]).startswith("failed: ")


def test_vcd_cli(world: Gatepost, vcd_cli: Path, tmp_path: Path) -> None:
    world.vary(BORNE)
    with Vcd(vcd_cli, tmp_path) as vcd:
        ended = vcd("login", world.url, "acme", "orgadmin", "--password", "gatepost", "--version", "33.0")
        assert ended == (0, "orgadmin logged in, org: 'acme', vdc: 'acme-vdc'")
        template = ("--catalog", "base-images", "--template", "centos", "--network", "acme-net")
        assert "result: success" in vcd("vapp", "create", "web", *template, "--accept-all-eulas").output
        assert [one["name"] for one in vcd("-j", "vapp", "list").json] == ["web"]
        assert "result: success" in vcd("vapp", "power-off", "web", "--yes").output
        assert vcd("logout").code == 0


def test_abiquo_api(make_world: MakeWorld, tmp_path: Path) -> None:
    python = foreign_python("abiquo-api==0.1.16")
    world = make_world(settings={"abiquo.job_step_seconds": 0.01})
    with connector() as endpoint:
        switch_on(world, endpoint.url)
        world.vary(True)
        users = ("--user", "joe", "--approver", "connector", "--password", "gatepost")
        flow = str(Path(__file__).with_name("abiquo_flow.py"))
        command = [str(python), flow, "--url", world.abiquo_url, *users, "--version", "6.1"]
        ended = subprocess.run(
            command,
            cwd=tmp_path,
            env=environment(NO_PROXY="127.0.0.1,localhost"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    [task] = [step for step in map(json.loads, ended.stdout.splitlines()) if step["step"] == "task"]
    assert task["states"][-1] == "FINISHED_SUCCESSFULLY"
