"""A run and its results: what every report is made of, and the form of the JSON report."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pydantic import BaseModel, ConfigDict

from gatepost.conformance.verdict import Level, Verdict, counts_as_good


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Moment(_Part):
    """An entry of the journal in a timeline. `at` is in seconds from the scenario's start."""

    seq: int
    at: float
    lane: str
    text: str
    detail: str = ""
    injected: bool = False
    near: bool = False


class Failure(_Part):
    """Why a scenario did not pass, and the one command that shows it again."""

    expected: str
    seen: str
    timeline: list[Moment] = []
    left_out: int = 0
    output: str = ""
    replay: str = ""


class Result(_Part):
    """What came of one requirement."""

    id: str
    level: Level
    title: str
    text: str
    source: str
    needs: list[str]
    family: str
    dialect: str
    verdict: Verdict
    seconds: float
    failure: Failure | None = None

    @property
    def good(self) -> bool:
        return counts_as_good(self.verdict, self.level)


class Report(_Part):
    """A whole run. `set` is the version of the set of requirements; `problem` says why a run broke off."""

    gatepost: str
    set: str
    connector: str
    dialect: str
    claims: list[str]
    proven: list[str]
    seed: int
    started: str
    seconds: float
    results: list[Result]
    problem: str | None = None

    @property
    def counts(self) -> Counter[Verdict]:
        return Counter(result.verdict for result in self.results)

    @property
    def conformant(self) -> bool:
        """Some rule was kept, none that must be was broken, and nothing of the harness itself broke."""
        return self.problem is None and self.counts[Verdict.PASS] > 0 and all(result.good for result in self.results)

    @property
    def headline(self) -> str:
        if self.problem is not None:
            return f"incomplete: {self.problem}"
        named = ", ".join(self.proven) or "no claim"
        state = "conformant" if self.conformant else "NOT conformant"
        return f"{state} for {named} ({len(self.proven)} of {len(self.claims)} claims)"

    @property
    def exit_code(self) -> int:
        """0 conformant, 1 not, 3 the harness broke."""
        if self.conformant:
            return 0
        broken = [result for result in self.results if not result.good and result.verdict is not Verdict.ERROR]
        return 1 if broken else 3


def schema() -> dict[str, Any]:
    """The JSON schema of the JSON report."""
    return Report.model_json_schema(mode="serialization")
