"""The reports of a run that pytest was started for: `gatepost check` writes the same ones."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatepost.conformance.check import planned_for, report_of
from gatepost.conformance.plugin import RESULT_KEY
from gatepost.conformance.profile import Profile
from gatepost.conformance.report.model import Report, Result
from gatepost.conformance.report.writing import CannotWrite, Places


class Gathering:
    """A plugin that gathers results and writes them into `folder` at the end. Raises UsageError where it cannot."""

    def __init__(self, profile: Profile, only: tuple[str, ...], seed: int, folder: Path) -> None:
        self._profile, self._only, self._seed = profile, only, seed
        self._places = Places(folder=folder)
        self._results: list[Result] = []
        self._started = datetime.now(UTC)
        self._told = ""
        try:
            self._places.check()
        except CannotWrite as error:
            raise pytest.UsageError(str(error)) from None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if (values := report.__dict__.get(RESULT_KEY)) is not None:
            self._results.append(Result.model_validate(values))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        report = self._report(session, exitstatus)
        try:
            self._places.write(report)
            self._told = f"{report.headline}\nreports are in {self._places.folder}"
        except CannotWrite as error:
            self._told = str(error)
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("conformance")
        terminalreporter.write_line(self._told)

    def _report(self, session: pytest.Session, exitstatus: int) -> Report:
        problem = None
        if isinstance(session.shouldstop, str):
            problem = session.shouldstop
        elif exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            problem = f"pytest ended by {pytest.ExitCode(exitstatus).name.replace('_', ' ').lower()}"
        planned = planned_for(self._profile, self._only)
        return report_of(self._profile, self._results, planned, self._seed, self._started, problem)
