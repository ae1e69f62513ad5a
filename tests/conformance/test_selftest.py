"""`gatepost selftest` as a process. Whether every defect is caught is another matter, and takes minutes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gatepost.conformance.connectors import defects
from tests.support.judging import load
from tests.support.process import gatepost

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]


def test_a_defect_is_caught_and_shown(tmp_path: Path) -> None:
    table, page = tmp_path / "matrix.json", tmp_path / "matrix.md"
    words = ("--jobs", "1", "--json", str(table), "--markdown", str(page))
    ended = gatepost("selftest", "fails-what-it-declines", *words, seconds=240, COLUMNS="120")
    assert ended.returncode == 0, ended.stdout
    assert "caught" in ended.stdout
    told = load(table)
    assert (told["good"], told["defects"], told["kills"], told["survivors"]) == (True, 1, 1, 0)
    (trial,) = told["trials"]
    assert trial["verdicts"]["VCD-DEC-2"] == "fail"
    assert trial["verdicts"]["VCD-DEC-1"] == "pass"
    for text in (ended.stdout, page.read_text()):
        assert re.search(r"^VCD-DEC-2 +X$", text, re.MULTILINE)
        assert re.search(r"^VCD-DEC-1 +·$", text, re.MULTILINE)
    assert "| 1 | `fails-what-it-declines` | Fails what it should abort. | VCD-DEC-2 | yes |" in page.read_text()


def test_the_list_runs_nothing() -> None:
    shown = gatepost("selftest", "--list", COLUMNS="300")
    assert shown.returncode == 0
    assert [one.name for one in defects.every() if one.name not in shown.stdout] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-defect"], "there is no defect no-such-defect; see gatepost selftest --list"),
        (["--shard", "3/2"], "'3/2' is no part such as 2/3"),
        (["--shard", "x"], "'x' is no part such as 2/3"),
        (["--json", "no/matrix.json"], "cannot write no/matrix.json: there is no folder no"),
    ],
)
def test_a_mistake_in_the_call(arguments: list[str], message: str) -> None:
    ended = gatepost("selftest", *arguments)
    assert ended.returncode == 2
    assert message in ended.stderr
