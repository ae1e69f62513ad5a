"""A run and its results: what every report is made of, and the form of the JSON report."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

from gatepost.conformance.verdict import Level, Verdict, counts_as_good


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Moment(_Part):
    """An entry of the journal in a timeline, or what a user asked for and what came of it, whose `seq` is 0. `at` is in
    seconds from the first of them."""

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


class Known(_Part):
    """Why a failure is expected, and the last day on which it is."""

    reason: str
    expires: date


class Result(_Part):
    """What came of one requirement. `known` stands where the baseline lists it and it was not kept."""

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
    known: Known | None = None

    @property
    def group(self) -> str:
        """Its letters: VCD-DEC of VCD-DEC-1."""
        return self.id.rpartition("-")[0]

    @property
    def good(self) -> bool:
        """Whether a connector with this result can be conformant."""
        return counts_as_good(self.verdict, self.level)

    @property
    def accepted(self) -> bool:
        """Whether a run with this result can succeed: it is good, or known."""
        return self.good or (self.known is not None and self.verdict is not Verdict.ERROR)


class Report(_Part):
    """A whole run. `set` is the version of the set of requirements and `planned` how many of its `requirements` were
    to be judged; `problem` says why a run broke off, and `baseline` what is wrong with the list of known failures.
    `unproven` are claims that some requirement tested and found wanting.
    """

    gatepost: str
    set: str
    requirements: int
    planned: int
    connector: str
    dialect: str
    claims: list[str]
    proven: list[str]
    unproven: list[str] = []
    seed: int
    started: str
    seconds: float
    results: list[Result]
    baseline: list[str] = []
    problem: str | None = None

    @property
    def counts(self) -> Counter[Verdict]:
        return Counter(result.verdict for result in self.results)

    @property
    def broken(self) -> list[Result]:
        """What keeps the connector from being conformant, known or not."""
        return [result for result in self.results if not result.good]

    @property
    def whole(self) -> bool:
        """Whether the whole set was to be judged, and was."""
        return self.problem is None and len(self.results) == self.requirements

    @property
    def conformant(self) -> bool:
        """Some rule was kept, every claim that was tested is proven, nothing that must be was broken, and nothing of
        the harness itself broke."""
        kept = self.problem is None and self.counts[Verdict.PASS] > 0
        return kept and not self.unproven and not self.broken

    @property
    def succeeded(self) -> bool:
        """It is conformant but for known failures, and the list of these is true."""
        known = [result for result in self.results if result.known is not None]
        excused = {claim for result in known for claim in result.needs}
        return (
            self.problem is None
            and not self.baseline
            and (self.counts[Verdict.PASS] > 0 or bool(known))
            and excused.issuperset(self.unproven)
            and all(result.accepted for result in self.results)
        )

    @property
    def headline(self) -> str:
        if self.problem is not None:
            return f"incomplete: {self.problem.partition(chr(10))[0].rstrip(':')}"
        if self.conformant:
            text = f"conformant for {', '.join(self.proven) or 'no claim'} ({self._of_claims})"
        else:
            reasons = [_number(len(self.broken), "requirement") + " broken"] if self.broken else []
            reasons += [f"{', '.join(self.unproven)} not proven"] if self.unproven and not self.broken else []
            text = f"NOT conformant: {' and '.join(reasons) or 'nothing was proven'} ({self._of_claims} proven)"
        if not self.whole:
            text += f"; {len(self.results)} of {self.requirements} requirements judged"
        return text + self._of_the_baseline

    @property
    def _of_claims(self) -> str:
        return f"{len(self.proven)} of {_number(len(self.claims), 'claim')}"

    @property
    def _of_the_baseline(self) -> str:
        known = sum(result.known is not None for result in self.broken)
        new = len(self.broken) - known
        text = f"; {_number(known, 'known failure')}, {new or 'none'} new" if known else ""
        return text + ("; the list of known failures is no longer true" if self.baseline else "")

    @property
    def exit_code(self) -> int:
        """0 conformant, 1 not, 3 the harness broke."""
        if self.succeeded:
            return 0
        errors = any(map(_is_error, self.results))
        others = self.baseline or not all(result.accepted for result in self.results if not _is_error(result))
        return 3 if errors and not others else 1


def _is_error(result: Result) -> bool:
    return result.verdict is Verdict.ERROR


def _number(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def schema() -> dict[str, Any]:
    """The JSON schema of the JSON report."""
    return Report.model_json_schema(mode="serialization")
