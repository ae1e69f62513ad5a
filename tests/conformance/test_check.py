"""`gatepost check` as a process: exit codes, what it says, what it writes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.conftest import Run
from tests.support.judging import check, load, write_profile
from tests.support.process import GATEPOST, environment
from tests.support.waiting import until

pytestmark = [pytest.mark.xdist_group("conformance-runs"), pytest.mark.timeout(300), pytest.mark.slow]

FORMS = ["badge.json", "badge.svg", "junit.xml", "report.html", "report.json", "summary.md"]


def test_a_connector_that_keeps_the_rules(passing: Run) -> None:
    assert passing.process.returncode == 0, passing.process.stdout
    assert "conformant for abort" in passing.process.stdout
    assert "NOT" not in passing.process.stdout
    assert sorted(path.name for path in passing.folder.iterdir()) == FORMS


def test_a_connector_that_breaks_one(failing: Run) -> None:
    assert failing.process.returncode == 1
    said = failing.process.stdout
    assert "NOT conformant: 1 requirement broken" in said
    assert "the connector took fail" in said
    assert f"gatepost check {failing.profile} --only VCD-DEC-2 --seed 7" in said
    assert sorted(path.name for path in failing.folder.iterdir()) == FORMS


def test_a_part_of_the_set_is_called_so(passing: Run) -> None:
    report = passing.report
    assert [result["id"] for result in report["results"]] == ["VCD-DEC-1", "VCD-DEC-2"]
    if report["requirements"] > 2:
        assert f"2 of {report['requirements']} requirements judged" in passing.process.stdout
        assert load(passing.folder / "badge.json")["message"] == f"2 of {report['requirements']} judged"


def test_the_command_of_a_failure_shows_it_again(failing: Run, tmp_path: Path) -> None:
    (failure,) = [result["failure"] for result in failing.report["results"] if result["failure"]]
    program, command, *words = failure["replay"].split()
    assert (program, command) == ("gatepost", "check")
    again = check(*words, "--json", tmp_path / "again.json")
    assert again.returncode == 1
    (result,) = load(tmp_path / "again.json")["results"]
    assert (result["id"], result["verdict"]) == ("VCD-DEC-2", "fail")


def test_a_connector_that_does_not_start(tmp_path: Path) -> None:
    run = {"command": [sys.executable, "-c", "raise SystemExit('no licence for Gatepost')"]}
    profile = write_profile(tmp_path, run=run)
    ended = check(profile, "--only", "VCD-DEC-1", "--report", tmp_path / "reports")
    assert ended.returncode == 4, ended.stdout
    assert "incomplete: the connector could not be started" in ended.stdout
    assert "no licence for Gatepost" in ended.stdout
    assert load(tmp_path / "reports" / "report.json")["problem"].startswith("the connector could not be started")
    assert load(tmp_path / "reports" / "badge.json")["message"] == "incomplete"


def test_what_is_not_claimed_is_never_green_by_itself(tmp_path: Path) -> None:
    ended = check(write_profile(tmp_path, claims=[]), "--only", "VCD-DEC-2", "--json", tmp_path / "report.json")
    assert ended.returncode == 1, ended.stdout
    assert [one["verdict"] for one in load(tmp_path / "report.json")["results"]] == ["not-applicable"]
    assert "nothing was proven" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "VCD-DEC-1,VCD-XYZ-9"], "--only VCD-XYZ-9: no requirement of vcloud is called so"),
        (["--json", "no/report.json"], "cannot write no/report.json: there is no folder no"),
        (["--html", "."], ". is a folder: name a file"),
        (["--baseline", "no.yaml"], "no.yaml: cannot be read: No such file or directory"),
        (["--seed", "0"], "Invalid value for '--seed'"),
    ],
)
def test_a_mistake_in_the_call(tmp_path: Path, arguments: list[str], message: str) -> None:
    ended = check(write_profile(tmp_path), *arguments)
    assert ended.returncode == 2
    assert message in ended.stderr


def test_a_baseline_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "known.yaml").write_text("# mine\n")
    ended = check(write_profile(tmp_path), "--write-baseline", tmp_path / "known.yaml")
    assert ended.returncode == 2
    assert "not overwritten" in ended.stderr
    assert (tmp_path / "known.yaml").read_text() == "# mine\n"


def test_ctrl_c_gives_a_partial_report(tmp_path: Path) -> None:
    # It never gets ready, so that the run is still at its beginning.
    run = {"command": [sys.executable, "-c", "import time; time.sleep(600)"], "ready": {"within": 600}}
    command = [GATEPOST, "check", str(write_profile(tmp_path, run=run)), "--only", "VCD-DEC-1"]
    with (tmp_path / "output").open("w+") as output:
        process = subprocess.Popen(
            [*command, "--json", str(tmp_path / "report.json")],
            env=environment(GITHUB_STEP_SUMMARY="", TMPDIR=str(tmp_path)),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            until(lambda: any('"start"' in path.read_text() for path in tmp_path.glob("gatepost-check-*/events-*")), 60)
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
        finally:
            process.kill()
            process.wait()
    assert "incomplete: interrupted" in (tmp_path / "output").read_text()
    assert "Traceback" not in (tmp_path / "output").read_text()
    report = load(tmp_path / "report.json")
    assert (report["problem"], report["results"]) == ("interrupted", [])
    assert not list(tmp_path.glob("gatepost-check-*"))


def test_the_summary_of_a_github_job_is_appended(tmp_path: Path, failing: Run) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    ended = check(failing.profile, "--only", "VCD-DEC-2", GITHUB_STEP_SUMMARY=str(summary))
    assert ended.returncode == 1
    assert summary.read_text().startswith("before\n## ❌ acme ")


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_none_is_wanted(passing: Run, variable: str, value: str) -> None:
    ended = check(passing.profile, "--only", "VCD-DEC-1", FORCE_COLOR="", **{variable: value})
    assert ended.returncode == 0
    assert "\x1b" not in ended.stdout


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "def find_others(name, path=None, target=None):\n"
        "    return None if name in ('pytest_bdd', 'rich', 'docker') else find(name, path, target)\n"
        "PathFinder.find_spec = find_others\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    for command in (["check", "profile.yaml"], ["selftest"], ["requirements"]):
        ended = subprocess.run(
            [GATEPOST, *command],
            env=environment(PYTHONPATH=path),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 2, ended.stderr
        assert ended.stderr.splitlines()[-1] == (
            f"Error: gatepost {command[0]} needs the package pytest_bdd, which is not here: "
            "pip install 'gatepost[conformance]'"
        )
