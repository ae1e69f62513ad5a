"""The kill matrix: requirements × defective connectors, to read, for machines, and as a page of the documentation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gatepost import __version__
from gatepost.conformance import catalogue
from gatepost.conformance.catalogue import Requirement
from gatepost.conformance.report.listing import DIALECTS
from gatepost.conformance.report.summary import plain
from gatepost.conformance.selftest import KILLED, QUIET, Trial
from gatepost.conformance.verdict import Verdict

SIGNS = {
    "X": "breaks it, and was caught",
    "!": "breaks it, and was NOT caught",
    "m": "may break it, and did",
    "·": "passes, as it should",
    "-": "not applicable",
    "F": "was blamed for it WRONGLY",
}
"""What a cell of the matrix means; an empty one was not run."""


@dataclass(frozen=True)
class Proof:
    """What a selftest has shown. `bare` are requirements that no defect breaks; seconds are wall time."""

    trials: tuple[Trial, ...]
    bare: tuple[str, ...]
    seconds: float

    @property
    def good(self) -> bool:
        return not self.bare and all(trial.good for trial in self.trials)

    @property
    def defective(self) -> list[Trial]:
        """The trials of defects, by dialect and name."""
        found = [trial for trial in self.trials if trial.defect is not None]
        return sorted(found, key=lambda one: (one.dialect != "vcloud", one.dialect, one.name))

    @property
    def size(self) -> dict[str, int]:
        cells = [sign for trial in self.defective for sign in signs(trial).values()]
        dialects = {trial.dialect for trial in self.trials}
        return {
            "requirements": sum(one.dialect in dialects for one in catalogue.requirements()),
            "defects": len(self.defective),
            "cells": len(cells),
            "kills": cells.count("X"),
            "survivors": cells.count("!"),
            "false_positives": sum(len(trial.false_positives) for trial in self.trials),
        }

    @property
    def sentence(self) -> str:
        size = self.size
        return (
            f"{size['requirements']} requirements × {size['defects']} defective connectors: {size['kills']} kills, "
            f"{size['survivors']} survivors, {size['false_positives']} false positives, "
            f"{len(self.bare)} requirements without a defect"
        )


def signs(trial: Trial) -> dict[str, str]:
    """The cell of each requirement that was run, or should have been."""
    breaks = frozenset[str]() if trial.defect is None else trial.defect.breaks
    verdicts = {result.id: result.verdict for result in trial.results}
    wrong = set(trial.false_positives)
    found = {id: "!" for id in breaks if id not in verdicts}
    for id, verdict in verdicts.items():
        if id in breaks:
            found[id] = "X" if verdict in KILLED else "!"
        elif verdict is Verdict.NOT_APPLICABLE:
            found[id] = "-"
        else:
            found[id] = "F" if id in wrong else "·" if verdict in QUIET else "m"
    return found


def as_json(proof: Proof) -> str:
    told = {
        "gatepost": __version__,
        "set": catalogue.SET,
        **proof.size,
        "good": proof.good,
        "without_defect": list(proof.bare),
        "seconds": round(proof.seconds, 1),
        "trials": [
            {
                "name": trial.name,
                "dialect": trial.dialect,
                "sentence": "" if trial.defect is None else trial.defect.sentence,
                "breaks": [] if trial.defect is None else sorted(trial.defect.breaks),
                "may": [] if trial.defect is None else sorted(trial.defect.may),
                "verdicts": {result.id: result.verdict.value for result in trial.results},
                "survived": trial.survived,
                "false_positives": trial.false_positives,
                "problem": trial.problem,
            }
            for trial in sorted(proof.trials, key=lambda one: (one.dialect, one.defect is not None, one.name))
        ],
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def as_markdown(proof: Proof) -> str:
    lines = [
        "# The kill matrix",
        "",
        f"{proof.sentence}. Requirements {catalogue.SET}, {proof.seconds / 60:.0f} minutes.",
        "",
        "Each defective connector is the reference connector of its cloud with one function patched. What it breaks "
        "was written down by hand before any run. `gatepost selftest` judges them all and prints this; how it works "
        "stands in [conformance.md](conformance.md#how-the-harness-proves-itself).",
    ]
    for dialect in dict.fromkeys(trial.dialect for trial in proof.defective):
        trials = [trial for trial in proof.defective if trial.dialect == dialect]
        ids = {id for trial in trials for id in signs(trial)}
        rules = [one for one in catalogue.requirements() if one.id in ids]
        lines += ["", f"## {DIALECTS.get(dialect, dialect)}", "", "```", *grid(rules, trials), "```", ""]
        lines += [f"`{sign}` {meaning}; " for sign, meaning in SIGNS.items()]
        lines[-1] = lines[-1].removesuffix("; ") + ". An empty cell was not run."
        lines += ["", "| | connector | its defect | breaks | caught |", "|---|---|---|---|---|"]
        for number, trial in enumerate(trials, 1):
            assert trial.defect is not None
            caught = "yes" if trial.good else "**no**"
            breaks = ", ".join(sorted(trial.defect.breaks))
            lines.append(f"| {number} | `{trial.name}` | {plain(trial.defect.sentence)} | {breaks} | {caught} |")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def grid(rules: Sequence[Requirement], trials: Sequence[Trial]) -> Iterator[str]:
    """Lines of plain text: a row for each requirement, a column for each defect, numbered from 1."""
    width = max((len(one.id) for one in rules), default=0)
    digits = len(str(len(trials)))
    for place in range(digits):
        numbers = (str(number).rjust(digits)[place] for number in range(1, len(trials) + 1))
        yield f"{'':{width}}  {''.join(numbers)}".rstrip()
    columns = [signs(trial) for trial in trials]
    for one in rules:
        yield f"{one.id:{width}}  {''.join(column.get(one.id, ' ') for column in columns)}".rstrip()
