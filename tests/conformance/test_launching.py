"""Connectors that cannot be started or ended in the usual way, and a harness that is ended itself: each time a plain
sentence, the right exit code, and no process left.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.process import GATEPOST, environment, gatepost
from tests.support.strict import NOT_HERE
from tests.support.waiting import until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason=NOT_HERE + "reads /proc"),
    pytest.mark.timeout(300),  # each starts a handful of Python processes
    pytest.mark.slow,
]
SECONDS = 240.0

ESCAPING = """
import os, signal, subprocess, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
sleep = [sys.executable, "-c", "import time; time.sleep(1000)", *sys.argv[1:]]
subprocess.Popen(sleep)
subprocess.Popen(sleep, start_new_session=True)
if os.fork() == 0:  # a daemon: its parent goes, and it leads a session of its own
    os.setsid()
    if os.fork() == 0:
        time.sleep(1000)
    os._exit(0)
print("ready", flush=True)
time.sleep(1000)
"""
"""Ignores every signal that can be ignored, and starts processes that leave its process group."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In the command line of all that a run starts, so that what is left of it can be found."""
    yield tmp_path
    for pid in left(tmp_path):
        os.kill(pid, signal.SIGKILL)


def profile(folder: Path, run: dict[str, Any], **values: Any) -> str:
    path = folder / "profile.yaml"
    decides = {"resume": {"name": "ok-{n}"}, "abort": {"name": "deny-{n}"}}
    odd = {"name": "odd", "dialect": "vcloud", "run": run, "decides": decides, "claims": ["resume"]}
    path.write_text(yaml.safe_dump({**odd, **values}))
    return str(path)


def python(folder: Path, program: str, within: float = 120.0) -> dict[str, Any]:
    return {"command": ["{python}", "-c", program, str(folder)], "ready": {"log": "ready", "within": within}}


def left(folder: Path) -> list[int]:
    """Processes with the folder in their command line, but for those that are dead and not buried yet."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            try:
                if str(folder).encode() in process.joinpath("cmdline").read_bytes():
                    found.append(int(process.name))
            except OSError:
                continue  # it has just ended
    return found


def check(path: str, only: str = "VCD-DEC-1") -> tuple[int, str]:
    """The exit code, and what was told, without line breaks."""
    run = gatepost("check", path, "--only", only, seconds=SECONDS)
    return run.returncode, " ".join(run.stdout.split())


class Running:
    """A check that goes on until it is ended from outside: its connector never decides, and there is time."""

    def __init__(self, folder: Path) -> None:
        path = profile(folder, python(folder, ESCAPING), within=600)
        self.output = folder / "output"
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [GATEPOST, "check", path, "--only", "VCD-DEC-1"], env=environment(), stdout=file, stderr=file
            )
        # The check, the process of the suite, what watches the connector, and the connector's four.
        until(lambda: len(left(folder)) >= 7, SECONDS)

    def ends(self) -> tuple[int, str]:
        code = self.process.wait(SECONDS)
        return code, " ".join(self.output.read_text().split())


def test_a_command_that_does_not_exist(folder: Path) -> None:
    code, told = check(profile(folder, {"command": ["no-such-program", str(folder)]}))
    assert code == 4
    assert "could not be started: no-such-program: No such file or directory; run.command must name" in told


def test_a_command_that_is_no_program(folder: Path) -> None:
    code, told = check(profile(folder, {"command": [str(folder)]}))
    assert code == 4
    assert "Permission denied; run.command must name a program" in told


def test_a_folder_that_is_not_there(folder: Path) -> None:
    code, told = check(profile(folder, {**python(folder, "print('ready')"), "cwd": "nowhere"}))
    assert code == 4
    assert "nowhere: is no folder; run.cwd must name one" in told


def test_an_unknown_placeholder(folder: Path) -> None:
    code, told = check(profile(folder, {"command": ["{pythom}"]}))
    assert code == 4
    assert "{pythom} is no placeholder; there are" in told


def test_a_connector_that_ends_at_once(folder: Path) -> None:
    code, told = check(profile(folder, python(folder, "print('no licence found'); raise SystemExit(7)")))
    assert code == 4
    assert "the connector ended with exit code 7 before it was ready; it wrote: no licence found" in told


def test_a_connector_that_is_never_ready(folder: Path) -> None:
    code, told = check(profile(folder, python(folder, "import time; time.sleep(1000)", within=1)))
    assert code == 4
    assert "was not ready within 1 s (its output never matched 'ready'); it wrote nothing" in told
    assert not left(folder)


def test_a_connector_that_writes_megabytes(folder: Path) -> None:
    program = "import time; print('x' * 30_000_000); print('ready', flush=True); time.sleep(1000)"
    code, told = check(profile(folder, python(folder, program), within=1))
    assert code == 1
    assert len(told) < 50_000
    assert not left(folder)


def test_a_connector_that_dies_in_the_middle(folder: Path) -> None:
    program = "import time; print('ready', flush=True); time.sleep(1); print('out of luck'); raise SystemExit(3)"
    code, told = check(profile(folder, python(folder, program), within=4))
    assert code == 1
    assert "the connector ended with exit code 3 and wrote: ready / out of luck" in told


def test_a_connector_that_cannot_be_asked_to_end(folder: Path) -> None:
    code, _ = check(profile(folder, python(folder, ESCAPING), within=1))
    assert code == 1
    assert not left(folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_check_that_is_interrupted(folder: Path, number: signal.Signals) -> None:
    running = Running(folder)
    running.process.send_signal(number)
    code, told = running.ends()
    assert code == 130
    assert "incomplete: interrupted" in told
    assert not left(folder)


def test_a_check_that_is_killed(folder: Path) -> None:
    running = Running(folder)
    running.process.kill()
    running.process.wait()
    until(lambda: not left(folder), SECONDS)


def test_a_process_of_the_suite_that_is_killed(folder: Path) -> None:
    running = Running(folder)
    suite = next(pid for pid in left(folder) if b"--conformance-events" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(suite, signal.SIGKILL)
    code, told = running.ends()
    assert code == 3
    assert "incomplete: the harness broke" in told
    until(lambda: not left(folder), SECONDS)


@pytest.mark.parametrize("field", ["port", "amqp_port"])
def test_a_port_that_is_taken(folder: Path, field: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        attach = {"port": free_port(), "amqp_port": free_port(), field: port}
        code, told = check(profile(folder, {"attach": attach}))
    assert code == 3
    assert f"port {port} is taken: end what listens there, or give run.attach.{field}" in told


def test_a_connector_that_runs_already(folder: Path) -> None:
    attach = {"port": free_port(), "amqp_port": free_port()}
    command = [
        *(sys.executable, "-m", "gatepost.conformance.connectors.vcloud_reference"),
        *("--url", f"http://127.0.0.1:{attach['port']}"),
        *("--amqp", f"amqp://guest:guest@127.0.0.1:{attach['amqp_port']}/%2F"),
    ]
    path = profile(folder, {"attach": attach}, claims=["resume", "abort", "restart", "tls"])
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as connector:
        try:
            code, told = check(path, "VCD-DEC-1,VCD-DEC-2,VCD-SES-1,VCD-SES-3.4,VCD-SEC-3")
            assert connector.poll() is None
        finally:
            connector.kill()
    assert code == 0, told
    for id in ("VCD-DEC-1", "VCD-DEC-2", "VCD-SES-1.1", "VCD-SES-1.2"):
        assert f"pass {id}" in told
    for id in ("VCD-SES-3.4", "VCD-SEC-3.1", "VCD-SEC-3.2"):
        assert f"not-applicable {id}" in told


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
