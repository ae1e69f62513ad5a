"""The catalogue and the defects belong together: no requirement without a proof, no proof without a requirement."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase

import pytest

from gatepost.conformance import catalogue
from gatepost.conformance.connectors import defects
from gatepost.conformance.profile import CLAIMS
from tests.support.process import gatepost

RULES = catalogue.requirements()
IDS = [one.id for one in RULES]


def test_each_id_is_one_rule() -> None:
    assert sorted(set(IDS)) == sorted(IDS)
    assert [id for id in IDS if re.fullmatch(r"(VCD|ABQ)-[A-Z]{3}-\d+(\.\d+)?", id) is None] == []


@pytest.mark.parametrize("one", RULES, ids=IDS)
def test_a_requirement_is_whole(one: catalogue.Requirement) -> None:
    assert one.id.startswith({"vcloud": "VCD-", "abiquo": "ABQ-"}[one.dialect])
    assert len(one.text) > 20
    assert one.text.endswith((".", "?", '"', ")"))
    assert len(one.source) > 5
    assert not one.title.endswith(".")
    assert set(one.needs) <= set(CLAIMS[one.dialect]), "a claim that no profile can make"


@pytest.mark.parametrize("one", RULES, ids=IDS)
def test_a_requirement_is_broken_by_a_defect(one: catalogue.Requirement) -> None:
    assert [defect.name for defect in defects.every() if one.id in defect.breaks and defect.dialect == one.dialect]


@pytest.mark.parametrize("one", defects.every(), ids=lambda one: one.name)
def test_a_defect_is_whole(one: defects.Defect) -> None:
    of_dialect = [rule.id for rule in RULES if rule.dialect == one.dialect]
    assert one.breaks
    assert one.breaks <= set(of_dialect)
    assert [word for word in one.may if not any(_names(word, id) for id in of_dialect)] == []
    assert not one.breaks & one.may
    assert one.sentence[0].isupper()
    assert one.sentence.endswith(".")


def _names(word: str, id: str) -> bool:
    """What stands in `may` is an id, the beginning of one, or a pattern."""
    return fnmatchcase(id, word) or id.startswith((f"{word}.", f"{word}-"))


@pytest.mark.parametrize("family", ["VCD-DEC", "VCD-NOT", "VCD-SES", "VCD-ROB", "ABQ-DEC", "ABQ-HOK"])
def test_no_two_families_share_an_id(family: str) -> None:
    assert len({one.family for one in RULES if one.group == family}) <= 1


@pytest.mark.parametrize("dialect", sorted({one.dialect for one in RULES}))
def test_canaries_are_requirements(dialect: str) -> None:
    canaries = defects.CANARIES[dialect]
    assert len(canaries) == 8
    for canary in canaries:
        assert [one.id for one in RULES if catalogue.chosen(one, (canary,))], f"{canary} is no requirement"


def test_the_command_shows_them_all() -> None:
    shown = gatepost("requirements", COLUMNS="200")
    assert shown.returncode == 0
    assert [id for id in IDS if id not in shown.stdout] == []


def test_the_command_as_json() -> None:
    shown = gatepost("requirements", "--json", "--dialect", "vcloud", "VCD-DEC-*")
    assert shown.returncode == 0
    listed = json.loads(shown.stdout)
    assert listed["set"] == catalogue.SET
    assert [one["id"] for one in listed["requirements"]] == [id for id in IDS if id.startswith("VCD-DEC-")]
    first = listed["requirements"][0]
    assert (first["id"], first["level"], first["dialect"]) == ("VCD-DEC-1", "must", "vcloud")
    assert first["defects"]


def test_the_command_tells_more_of_one() -> None:
    shown = gatepost("requirements", "VCD-DEC-2", COLUMNS="200")
    assert "To fail it would tell the user that something broke" in shown.stdout
    assert "fails-what-it-declines" in shown.stdout


def test_no_such_requirement() -> None:
    ended = gatepost("requirements", "VCD-XYZ-1")
    assert ended.returncode == 2
    assert "no requirement is called VCD-XYZ-1" in ended.stderr
