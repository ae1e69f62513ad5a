"""The suite run by pytest itself, in a project with settings of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.judging import load, write_profile
from tests.support.process import environment

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]

STRICT = """[pytest]
addopts = --strict-markers --strict-config
filterwarnings = error
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text(STRICT)
    variables = environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTEST_ADDOPTS="")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.parametrize(
    ("plugins", "processes"),
    [
        (["-p", "pytest_bdd.plugin", "-p", "gatepost.conformance.plugin"], []),
        # As the installed package does it.
        (["-p", "pytest_bdd.plugin", "-p", "gatepost_pytest"], []),
        (["-p", "pytest_bdd.plugin", "-p", "gatepost_pytest", "-p", "xdist.plugin"], ["-n", "2"]),
    ],
    ids=["plugin", "installed", "xdist"],
)
def test_the_suite(tmp_path: Path, plugins: list[str], processes: list[str]) -> None:
    profile = write_profile(tmp_path, "fails-what-it-declines")
    ended = run(
        tmp_path,
        *(*plugins, *processes, "--pyargs", "gatepost.conformance.suite", "--connector", str(profile)),
        *("--only", "VCD-DEC-1,VCD-DEC-2", "--conformance-report", "reports"),
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "1 failed, 1 passed" in ended.stdout
    assert "the connector took fail" in ended.stdout
    report = load(tmp_path / "reports" / "report.json")
    assert [(one["id"], one["verdict"]) for one in report["results"]] == [("VCD-DEC-1", "pass"), ("VCD-DEC-2", "fail")]
    assert f"--seed {report['seed']}" in report["results"][1]["failure"]["replay"]
    assert (tmp_path / "reports" / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--connector", "no.yaml"], "no.yaml: cannot be read: No such file or directory"),
        (["--connector", "profile.yaml", "--shard", "2"], "--shard 2: is no part such as 2/3"),
        (["--connector", "profile.yaml", "--conformance-report", "pytest.ini"], "cannot make the folder pytest.ini"),
    ],
)
def test_a_mistake_in_the_call(tmp_path: Path, arguments: list[str], message: str) -> None:
    write_profile(tmp_path)
    plugins = ["-p", "pytest_bdd.plugin", "-p", "gatepost_pytest"]
    ended = run(tmp_path, *plugins, "--pyargs", "gatepost.conformance.suite", *arguments)
    assert ended.returncode == 4
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_other_runs_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("def test_mine(): pass\n")
    (tmp_path / "conftest.py").write_text("def pytest_addoption(parser): parser.addoption('--connector')\n")
    ended = run(tmp_path, "-p", "gatepost_pytest", "--connector", "mine", ".")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout
