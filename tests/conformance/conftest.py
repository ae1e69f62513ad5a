"""Runs that several tests look at."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import judging


@dataclass(frozen=True)
class Run:
    """What a run has left: its end, and the folder of its reports."""

    process: subprocess.CompletedProcess[str]
    folder: Path
    profile: Path

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    @property
    def report(self) -> Any:
        return judging.load(self.folder / "report.json")


@pytest.fixture(scope="session")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two requirements judged, of which one fails: of a connector with a hostile name that tells its secrets."""
    return _run(tmp_path_factory.mktemp("failing"), judging.write_talkative_profile)


@pytest.fixture(scope="session")
def passing(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return _run(tmp_path_factory.mktemp("passing"), judging.write_profile)


def _run(folder: Path, write: Any) -> Run:
    profile = write(folder)
    reports = folder / "reports"
    arguments = ("--only", "VCD-DEC-1,VCD-DEC-2", "--seed", "7", "--report", reports)
    return Run(judging.check(profile, *arguments), reports, profile)
