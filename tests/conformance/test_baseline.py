"""The list of known failures: what it forgives, and when it is itself the failure."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gatepost.conformance.baseline import InvalidBaseline, apply, load
from gatepost.conformance.report.model import Report
from tests.conformance.conftest import Run
from tests.support.judging import check
from tests.support.judging import load as load_json

pytestmark = [pytest.mark.xdist_group("conformance-runs"), pytest.mark.timeout(300), pytest.mark.slow]

TODAY = date(2026, 6, 15)


def listed(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "known.yaml"
    path.write_text(text)
    return path


def test_a_known_failure_does_not_fail_the_run(failing: Run, tmp_path: Path) -> None:
    known = listed(tmp_path, "- {id: VCD-DEC-2, reason: the vendor mends it, expires: 2999-12-31}\n")
    ended = check(failing.profile, "--only", "VCD-DEC-1,VCD-DEC-2", "--baseline", known, "--report", tmp_path / "out")
    assert ended.returncode == 0, ended.stdout
    assert "NOT conformant" in ended.stdout
    assert "1 known failure, none new" in ended.stdout
    (told,) = [one for one in load_json(tmp_path / "out" / "report.json")["results"] if one["known"]]
    assert (told["verdict"], told["known"]["reason"]) == ("fail", "the vendor mends it")
    assert "known until 2999-12-31" in (tmp_path / "out" / "report.html").read_text()


def test_a_listed_one_that_passes_fails_the_run(passing: Run, tmp_path: Path) -> None:
    known = listed(tmp_path, "- {id: VCD-DEC-1, reason: it was broken, expires: 2999-12-31}\n")
    ended = check(passing.profile, "--only", "VCD-DEC-1", "--baseline", known)
    assert ended.returncode == 1
    assert "VCD-DEC-1 passes now: take it out" in ended.stdout


@pytest.mark.parametrize(
    ("entry", "problem", "code"),
    [
        ("{id: VCD-DEC-2, reason: r, expires: 2026-06-15}", None, 0),
        ("{id: VCD-DEC-2, reason: r, expires: 2026-06-14}", "VCD-DEC-2 was to be mended by 2026-06-14 (r)", 1),
        ("{id: VCD-DEC-1, reason: r, expires: 2026-06-15}", "VCD-DEC-1 passes now: take it out", 1),
        ("{id: VCD-DEC-99, reason: r, expires: 2026-06-15}", "VCD-DEC-99 is no requirement of vcloud", 1),
        ("{id: ABQ-DEC-1, reason: r, expires: 2026-06-15}", "ABQ-DEC-1 is no requirement of vcloud", 1),
    ],
)
def test_an_entry(failing: Run, tmp_path: Path, entry: str, problem: str | None, code: int) -> None:
    report = apply(Report.model_validate(failing.report), load(listed(tmp_path, f"- {entry}\n")), TODAY)
    assert report.exit_code == code
    assert len(report.baseline) == (problem is not None)
    if problem is not None:
        assert report.baseline[0].startswith(problem)


def test_one_that_was_not_run_says_nothing(failing: Run, tmp_path: Path) -> None:
    report = Report.model_validate(failing.report)
    part = report.model_copy(update={"results": [one for one in report.results if one.id == "VCD-DEC-1"]})
    entries = load(listed(tmp_path, "- {id: VCD-DEC-2, reason: r, expires: 2026-06-15}\n"))
    assert apply(part, entries, TODAY).baseline == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "known.yaml:1: is no YAML"),
        ("a: b", "must be a list of entries, each with id, reason and expires"),
        ("- VCD-DEC-1", "entry 1 must have id, reason and expires"),
        ("- {id: VCD-DEC-1, expires: 2026-01-01}", "entry 1 (VCD-DEC-1): reason: Field required"),
        ("- {id: VCD-DEC-1, reason: '', expires: 2026-01-01}", "entry 1 (VCD-DEC-1): reason: String should have"),
        ("- {id: VCD-DEC-1, reason: r, expires: soon}", "entry 1 (VCD-DEC-1): expires: "),
        ("- {id: A, reason: r, expires: 2026-01-01, why: x}", "entry 1 (A): why: is not known; there are id, reason"),
        ("- &a {id: A, reason: r, expires: 2026-01-01}\n- *a", "A is listed twice"),
    ],
)
def test_a_list_with_a_mistake(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidBaseline) as caught:
        load(listed(tmp_path, text))
    assert message in str(caught.value)


def test_a_written_list_is_one(failing: Run, tmp_path: Path) -> None:
    new = tmp_path / "known.yaml"
    first = check(failing.profile, "--only", "VCD-DEC-2", "--write-baseline", new)
    assert first.returncode == 1
    assert [entry.id for entry in load(new)] == ["VCD-DEC-2"]
