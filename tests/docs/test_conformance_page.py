"""What the page on conformance says can be done, done in its order."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatepost.cli.check import check
from gatepost.conformance.baseline import load
from gatepost.conformance.report.words import MEANINGS
from gatepost.conformance.report.writing import RUN_FOLDER
from tests.support.process import environment

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "conformance.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_its_commands_do_what_it_says(tmp_path: Path) -> None:
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) >= 10
    installed = any(one.value == "gatepost_pytest" for one in entry_points(group="pytest11"))
    bin = Path(sys.executable).parent
    # A whole run takes minutes: where a command picks nothing, the environment does.
    variables = environment(GATEPOST_ONLY="VCD-DEC-1", GITHUB_STEP_SUMMARY="", PYTEST_ADDOPTS="-p no:cacheprovider")
    variables["PATH"] = f"{bin}:{variables['PATH']}"
    for line in commands:
        if line.startswith("pytest ") and not installed:
            continue
        command, _, comment = line.partition("  # exits with ")
        ended = subprocess.run(
            command, shell=True, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=240, check=False
        )
        assert ended.returncode == int(comment or 0), f"{line}\n{ended.stdout}\n{ended.stderr}"
    assert sorted(path.name for path in (tmp_path / "broken").iterdir()) == sorted(RUN_FOLDER)
    assert (tmp_path / "report.html").exists()


def test_its_workflow_calls_what_there_is() -> None:
    (workflow,) = (values for values in map(yaml.safe_load, blocks("yaml")) if isinstance(values, dict))
    steps: list[dict[str, Any]] = workflow["jobs"]["connector"]["steps"]
    (words,) = (shlex.split(step["run"]) for step in steps if "gatepost check" in step.get("run", ""))
    known = {name for parameter in check.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_its_baseline_is_one(tmp_path: Path) -> None:
    (text,) = (block for block in blocks("yaml") if block.startswith("- id"))
    (tmp_path / "known.yaml").write_text(text)
    assert len(load(tmp_path / "known.yaml")) == 1


def test_it_tells_every_verdict_and_every_file() -> None:
    rows = re.findall(r"^\| ([\w-]+) \| ", PAGE, re.MULTILINE)
    assert set(map(str, MEANINGS)) <= set(rows)
    for name in RUN_FOLDER:
        assert f"`{name}`" in PAGE
