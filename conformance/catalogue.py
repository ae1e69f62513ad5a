"""The requirements, as the features tell them: the one place where they are written."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from pytest_bdd.feature import get_features
from pytest_bdd.parser import ScenarioTemplate

from gatepost.conformance.verdict import Level

SET = "1"
"""The version of the set of requirements, which a report names."""

_NEEDS = "needs."
_MARK = "gatepost_requirement"


@dataclass(frozen=True)
class Requirement:
    """One rule. `needs` are the claims without which it is not applicable, `source` the document and its section."""

    id: str
    level: Level
    title: str
    text: str
    source: str
    needs: tuple[str, ...]
    family: str
    dialect: str
    slow: bool = False
    """Whether it takes seconds of wall time when all is well, and so is to be started first."""

    @property
    def group(self) -> str:
        """Its letters: VCD-DEC of VCD-DEC-1."""
        return self.id.rpartition("-")[0]


def folder() -> Path:
    with as_file(files("gatepost.features")) as path:
        return path


@cache
def requirements() -> tuple[Requirement, ...]:
    """All, in the order of the features. Raises ValueError for a scenario that is no requirement."""
    found = [
        of_scenario(scenario) for feature in get_features([str(folder())]) for scenario in feature.scenarios.values()
    ]
    return tuple(sorted(found, key=lambda one: (one.dialect != "vcloud", one.dialect)))


def of_scenario(scenario: ScenarioTemplate) -> Requirement:
    """Raises ValueError where an id, a level or a source is missing."""
    tags = scenario.tags
    ids = [tag for tag in tags if "-" in tag and tag == tag.upper()]
    levels = [level for level in Level if level.value in tags]
    text, _, source = " ".join(scenario.description.split()).partition("Source: ")
    if len(ids) != 1 or len(levels) != 1 or not source or not text:
        where = f"{scenario.feature.filename}:{scenario.line_number}"
        raise ValueError(f"{where}: a scenario needs one id, one level, a text and a line 'Source: …'")
    return Requirement(
        id=ids[0],
        level=levels[0],
        title=scenario.name,
        text=text.strip(),
        source=source.strip(),
        needs=tuple(sorted(tag.removeprefix(_NEEDS) for tag in tags if tag.startswith(_NEEDS))),
        family=scenario.feature.name,
        dialect=Path(scenario.feature.filename).parent.name,
        slow="slow" in tags,
    )


def of_test(item: Any) -> Requirement | None:
    """The requirement that a collected test judges; None for a test that is none of ours."""
    return by_id().get(getattr(getattr(item, "obj", None), _MARK, ""))


def mark(tag: str, function: Any) -> None:
    """Remember on the test function of a scenario which requirement it judges."""
    if tag in by_id():
        setattr(function, _MARK, tag)


@cache
def by_id() -> dict[str, Requirement]:
    return {one.id: one for one in requirements()}


def chosen(requirement: Requirement, patterns: tuple[str, ...]) -> bool:
    """Whether one of the patterns names it: its id, that without the part behind the dot, or one with `*`; with none,
    all are chosen."""
    names = (requirement.id, requirement.id.partition(".")[0])
    return not patterns or any(fnmatchcase(name, pattern.upper()) for pattern in patterns for name in names)
