"""With GATEPOST_STRICT=1, as in CI, a skipped test fails: a machine made for the tests has no reason to skip one.

A skip that no machine of this kind could help says so: ``pytest.skip(NOT_HERE + "needs Windows")``.
"""

import os
from collections.abc import Generator
from typing import TypeVar

import pytest

NOT_HERE = "not for this machine: "

AnyReport = TypeVar("AnyReport", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return fail_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return fail_if_skipped((yield))


def is_on() -> bool:
    return os.environ.get("GATEPOST_STRICT", "0") not in {"", "0"}


def fail_if_skipped(report: AnyReport) -> AnyReport:
    if not is_on() or not report.skipped or hasattr(report, "wasxfail"):
        return report
    _, _, message = report.longrepr if isinstance(report.longrepr, tuple) else ("", 0, str(report.longrepr))
    reason = message.removeprefix("Skipped: ")
    if not reason.startswith(NOT_HERE):
        report.outcome = "failed"
        report.longrepr = (
            f"Skipped under GATEPOST_STRICT=1: {reason}\n"
            f"Install what the test needs, unset GATEPOST_STRICT, or start the reason with {NOT_HERE!r}."
        )
    return report
