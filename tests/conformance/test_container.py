"""Connectors in Docker containers, judged like any other. The base image is made by .ci/run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
import pytest
import yaml
from docker.errors import DockerException, ImageNotFound

from gatepost.conformance import connectors
from gatepost.conformance.container import LABEL
from tests.support.process import GATEPOST, environment, gatepost
from tests.support.waiting import until

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]
SECONDS = 240.0
BASE = "gatepost-test-base"
CONNECTORS = Path(connectors.__file__).parent


@pytest.fixture(scope="module")
def daemon() -> Iterator[Any]:
    try:
        client = docker.from_env()
    except DockerException:
        pytest.skip("no Docker daemon answers")
    with closing(client):
        try:
            client.ping()
            client.images.get(BASE)
        except ImageNotFound:
            pytest.skip(f"there is no image {BASE} with Python, pika and lxml; .ci/run makes one")
        except DockerException:
            pytest.skip("no Docker daemon answers")
        yield client


@pytest.fixture(scope="module")
def image(daemon: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The vCloud reference, as its author would put it into an image."""
    folder = tmp_path_factory.mktemp("image")
    package = folder / "gatepost" / "conformance" / "connectors"
    package.mkdir(parents=True)
    for module in CONNECTORS.glob("vcloud_*.py"):
        shutil.copy(module, package)
    (folder / "Dockerfile").write_text(
        f"FROM {BASE}\nCOPY gatepost /app/gatepost\nWORKDIR /app\n"
        'ENTRYPOINT ["python3", "-m", "gatepost.conformance.connectors.vcloud_reference"]\n'
    )
    name = f"gatepost-test-{uuid4()}"
    daemon.images.build(path=str(folder), tag=name, rm=True, forcerm=True)
    yield name
    daemon.images.remove(name, force=True)


def profile(folder: Path, run: dict[str, Any]) -> str:
    values = yaml.safe_load((CONNECTORS / "vcloud.yaml").read_text())
    arguments = values["run"]["command"][3:]
    values["run"] = {"arguments": arguments, "ready": {"consumer": True, "within": 60}, **run}
    path = folder / "profile.yaml"
    path.write_text(yaml.safe_dump(values))
    return str(path)


def containers(daemon: Any) -> list[Any]:
    """Of harnesses that are gone."""
    found = daemon.containers.list(all=True, filters={"label": LABEL})
    return [one for one in found if not Path("/proc", one.labels[LABEL]).exists()]


def test_an_image_is_judged_and_its_container_removed(daemon: Any, image: str, tmp_path: Path) -> None:
    run = gatepost("check", profile(tmp_path, {"image": image}), "--only", "VCD-DEC-1,VCD-DEC-2", seconds=SECONDS)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "conformant for abort, resume" in run.stdout
    assert not containers(daemon)


def test_an_image_that_ends_at_once(daemon: Any, tmp_path: Path) -> None:
    ends = {"image": BASE, "arguments": ["python3", "-c", "print('no licence'); raise SystemExit(7)"]}
    run = gatepost("check", profile(tmp_path, ends), "--only", "VCD-DEC-1", seconds=SECONDS)
    assert run.returncode == 4
    assert "ended with exit code 7 before it was ready" in run.stdout
    assert "no licence" in run.stdout
    assert not containers(daemon)


def test_an_image_that_is_not_there(daemon: Any, tmp_path: Path) -> None:
    run = gatepost(
        "check", profile(tmp_path, {"image": "gatepost-no-such-image"}), "--only", "VCD-DEC-1", seconds=SECONDS
    )
    assert run.returncode == 4
    assert "there is no image gatepost-no-such-image" in " ".join(run.stdout.split())


def test_a_program_that_cannot_be_run_in_the_image(daemon: Any, tmp_path: Path) -> None:
    run = gatepost(
        "check",
        profile(tmp_path, {"image": BASE, "arguments": ["/no/such/program"]}),
        "--only",
        "VCD-DEC-1",
        seconds=SECONDS,
    )
    assert run.returncode == 4
    assert not containers(daemon)


def test_a_daemon_that_is_absent(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/docker.sock"
    run = gatepost(
        "check", profile(tmp_path, {"image": "any"}), "--only", "VCD-DEC-1", seconds=SECONDS, DOCKER_HOST=nowhere
    )
    assert run.returncode == 4
    assert "is its daemon running" in " ".join(run.stdout.split())


def test_what_a_killed_harness_left_behind_is_removed(daemon: Any, image: str, tmp_path: Path) -> None:
    daemon.containers.create(BASE, ["true"], labels={LABEL: "999999999"})
    assert containers(daemon)
    gatepost("check", profile(tmp_path, {"image": image}), "--only", "VCD-DEC-1", seconds=SECONDS)
    assert not containers(daemon)


def test_a_process_of_the_suite_that_is_killed_leaves_no_container(daemon: Any, image: str, tmp_path: Path) -> None:
    path = profile(tmp_path, {"image": image})
    values = yaml.safe_load(Path(path).read_text())
    waits = {"within": 600, "claims": ["resume"], "decides": {"resume": {"name": "manual-{n}"}}}
    Path(path).write_text(yaml.safe_dump({**values, **waits}))
    command = [GATEPOST, "check", path, "--only", "VCD-DEC-1"]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        ours = until_started(daemon, run)
        os.kill(int(ours.labels[LABEL]), signal.SIGKILL)
        assert run.wait(SECONDS) == 3
    assert ours.id not in [one.id for one in daemon.containers.list(all=True)]


def until_started(daemon: Any, run: subprocess.Popen[bytes]) -> Any:
    """The container of this check's suite, as soon as it is there."""
    found: list[Any] = []

    def look() -> bool:
        for one in daemon.containers.list(filters={"label": LABEL}):
            parent = Path("/proc", one.labels[LABEL], "stat").read_text().rpartition(")")[2].split()[1]
            found.extend([one] if int(parent) == run.pid else [])
        assert run.poll() is None, "it ended too early"
        return bool(found)

    until(look, SECONDS)
    return found[0]
