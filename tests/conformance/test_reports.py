"""The forms of a report: each tells the truth, bears hostile names, and holds no secret."""

from __future__ import annotations

import base64
import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree

from gatepost.conformance.report.junit import junit
from gatepost.conformance.report.model import Failure, Known, Report, Result
from gatepost.conformance.report.words import state
from gatepost.conformance.verdict import Level, Verdict
from tests.conformance.conftest import Run
from tests.support.judging import HOSTILE, SECRET
from tests.support.process import gatepost

pytestmark = [pytest.mark.xdist_group("conformance-runs"), pytest.mark.timeout(300), pytest.mark.slow]


def result(id: str, verdict: Verdict, level: Level = Level.MUST, **more: Any) -> Result:
    if verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE):
        more.setdefault("failure", Failure(expected="this", seen="that"))
    values: dict[str, Any] = {"title": "A rule", "text": "It says.", "source": "A document, 1", "needs": []}
    values |= {"family": "A family", "dialect": "vcloud", "seconds": 1.5}
    return Result(id=id, verdict=verdict, level=level, **values | more)


def report(*results: Result, **more: Any) -> Report:
    values: dict[str, Any] = {"gatepost": "1", "set": "1", "requirements": len(results), "planned": len(results)}
    values |= {"connector": "acme", "dialect": "vcloud", "claims": ["abort"], "proven": [], "seed": 1}
    values |= {"started": "2026-01-02T03:04:05+00:00", "seconds": 2.0}
    return Report(results=list(results), **values | more)


# --- JSON ----------------------------------------------------------------------------------------------------------


def test_the_json_is_of_the_published_form(failing: Run, passing: Run) -> None:
    shown = gatepost("check", "--schema")
    assert shown.returncode == 0
    schema = json.loads(shown.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    for run in (failing, passing):
        jsonschema.validate(run.report, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**failing.report, "more": 1}, schema)


def test_a_failure_tells_why(failing: Run) -> None:
    told = next(one["failure"] for one in failing.report["results"] if one["id"] == "VCD-DEC-2")
    assert told["seen"] == "the connector took fail"
    lanes = [moment["lane"] for moment in told["timeline"]]
    assert {"user", "cloud", "broker", "connector"} == set(lanes)
    assert lanes[0] == "user"
    (near,) = [moment["text"] for moment in told["timeline"] if moment["near"]]
    assert near.startswith("POST /api/admin/extension/blockingTask/")
    assert near.endswith("/action/fail")


# --- what must not be in any of them -------------------------------------------------------------------------------


def test_no_report_holds_a_secret(failing: Run) -> None:
    output = next(one["failure"]["output"] for one in failing.report["results"] if one["failure"])
    assert "starting with" in output
    assert "someone:[redacted]@broker" in output
    for path in failing.folder.iterdir():
        text = path.read_text()
        for secret in (SECRET, "gatepost-2@", "'gatepost'", "password is 'gatepost"):
            assert secret not in text, f"{path.name} holds {secret}"
        assert base64.b64encode(b"administrator@System:gatepost").decode() not in text
    assert SECRET not in failing.process.stdout + failing.process.stderr


def test_no_report_holds_what_acts(failing: Run) -> None:
    assert "red" in next(one["failure"]["output"] for one in failing.report["results"] if one["failure"])
    for path in failing.folder.iterdir():
        text = path.read_text()
        assert not [letter for letter in text if ord(letter) < 32 and letter not in "\n\t"], path.name
        if path.suffix != ".json":
            assert HOSTILE not in text, path.name
            assert "<script>document.body" not in text, path.name
    assert HOSTILE in failing.report["connector"]


# --- JUnit ---------------------------------------------------------------------------------------------------------


def test_the_junit_xml_of_a_run(failing: Run) -> None:
    root = etree.fromstring(failing.read("junit.xml").encode())
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("2", "1", "0", "0")
    kept, broken = root.iter("testcase")
    assert (kept.get("classname"), kept.get("name")) == ("vcloud.VCD-DEC", "VCD-DEC-1 An approved request goes on")
    assert kept.find("failure") is None
    failure = broken.find("failure")
    assert failure is not None
    assert failure.get("message") == "fail: the connector took fail"
    assert "Source: " in str(failure.text)
    assert "gatepost check " in str(failure.text)


@pytest.mark.parametrize(
    ("one", "element", "message"),
    [
        (result("X-1", Verdict.PASS), None, ""),
        (result("X-1", Verdict.FAIL), "failure", "fail: that"),
        (result("X-1", Verdict.WEAK, Level.SHOULD), "skipped", "weak, a SHOULD that does not count as a failure: that"),
        (result("X-1", Verdict.UNREACHED), "failure", "unreached: that"),
        (result("X-1", Verdict.UNREACHED, Level.SHOULD), "skipped", "unreached, a SHOULD that does not count"),
        (result("X-1", Verdict.NOT_APPLICABLE, needs=["abort"]), "skipped", "not-applicable: needs the claim abort"),
        (result("X-1", Verdict.ERROR), "error", "the harness broke: that"),
        (
            result("X-1", Verdict.FAIL, known=Known(reason="ticket 7", expires=date(2026, 2, 3))),
            "skipped",
            "known until 2026-02-03 (ticket 7): fail: that",
        ),
    ],
    ids=lambda value: f"{value.verdict}-{value.level}" if isinstance(value, Result) else "",
)
def test_a_verdict_in_junit_xml(one: Result, element: str | None, message: str) -> None:
    (case,) = etree.fromstring(junit(report(one)).encode()).iter("testcase")
    outcomes = [child for child in case if child.tag in ("failure", "error", "skipped")]
    assert [child.tag for child in outcomes] == ([element] if element else [])
    assert all(str(child.get("message")).startswith(message) for child in outcomes)
    verdicts = [one.get("value") for one in case.iter("property") if one.get("name") == "verdict"]
    assert verdicts == [one.verdict.value]


def test_what_broke_the_run_stands_in_junit_xml() -> None:
    root = etree.fromstring(junit(report(problem="no\x00 way", baseline=["X-1 passes now: take it out"])).encode())
    assert [(case.get("name"), case[0].tag) for case in root.iter("testcase")] == [
        ("entry 1", "failure"),
        ("the whole run", "error"),
    ]
    assert (root.get("failures"), root.get("errors")) == ("1", "1")


# --- headline, badge, exit code ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "code", "badge"),
    [
        (report(result("X-1", Verdict.PASS)), 0, "conformant"),
        (report(result("X-1", Verdict.PASS), requirements=5), 0, "1 of 5 judged"),
        (report(result("X-1", Verdict.PASS), result("X-2", Verdict.WEAK, Level.SHOULD)), 0, "conformant, 1 weak"),
        (report(result("X-1", Verdict.PASS), result("X-2", Verdict.FAIL)), 1, "1 broken"),
        (report(result("X-1", Verdict.PASS), result("X-2", Verdict.UNREACHED)), 1, "1 broken"),
        (report(result("X-1", Verdict.PASS), result("X-2", Verdict.ERROR)), 3, "not proven"),
        (report(result("X-1", Verdict.FAIL), result("X-2", Verdict.ERROR)), 1, "1 broken"),
        (report(result("X-1", Verdict.NOT_APPLICABLE)), 1, "not proven"),
        (report(), 1, "not proven"),
        (report(result("X-1", Verdict.PASS), unproven=["abort"]), 1, "not proven"),
        (report(result("X-1", Verdict.PASS), baseline=["X-1 passes now"]), 1, "baseline untrue"),
        (
            report(
                result("X-1", Verdict.PASS),
                result("X-2", Verdict.FAIL, known=Known(reason="r", expires=date(2026, 1, 1))),
            ),
            0,
            "1 known failure",
        ),
    ],
    ids=range(12),
)
def test_what_a_run_comes_to(told: Report, code: int, badge: str) -> None:
    assert told.exit_code == code
    assert state(told) == badge
    doubtful = "NOT" in told.headline or "no longer true" in told.headline
    assert doubtful == (code != 0 or "known" in badge)


def test_badges(failing: Run, passing: Run) -> None:
    for run, colour in ((failing, "red"), (passing, None)):
        endpoint = json.loads(run.read("badge.json"))
        assert endpoint["schemaVersion"] == 1
        assert endpoint["label"] == "gatepost vcloud"
        assert endpoint["color"] == colour or (colour is None and endpoint["color"] in ("brightgreen", "yellow"))
        picture = etree.fromstring(run.read("badge.svg").encode())
        assert picture.findtext("{*}title") == f"gatepost vcloud: {endpoint['message']}"


def test_a_badge_by_its_suffix(failing: Run, tmp_path: Path) -> None:
    from gatepost.conformance.report.writing import Places

    told = Report.model_validate(failing.report)
    for name, first in (("badge.svg", "<"), ("badge.json", "{")):
        Places(badge=tmp_path / name).write(told)
        assert (tmp_path / name).read_text()[0] == first
