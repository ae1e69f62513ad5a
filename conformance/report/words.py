"""What every report says in the same words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from gatepost.conformance.report.model import Report, Result
from gatepost.conformance.verdict import Level, Verdict

MEANINGS = {
    Verdict.PASS: "reached, and as required",
    Verdict.FAIL: "reached, and a MUST broken",
    Verdict.WEAK: "reached, and a SHOULD broken: shown, and no failure",
    Verdict.UNREACHED: "the point under test never came, so nothing is known; of a MUST it counts as a failure",
    Verdict.NOT_APPLICABLE: "the profile does not claim what this is about",
    Verdict.ERROR: "the harness or its set-up broke; says nothing about the connector",
}

GLYPHS = {
    Verdict.PASS: "✓",
    Verdict.FAIL: "✗",
    Verdict.WEAK: "!",
    Verdict.UNREACHED: "?",
    Verdict.NOT_APPLICABLE: "–",
    Verdict.ERROR: "⚠",
}

LEVELS = {Level.MUST: "M", Level.SHOULD: "S", Level.MAY: "m"}

WORST_FIRST = (
    Verdict.FAIL,
    Verdict.UNREACHED,
    Verdict.ERROR,
    Verdict.WEAK,
    Verdict.NOT_APPLICABLE,
    Verdict.PASS,
)


def families(results: Iterable[Result]) -> dict[str, list[Result]]:
    """The results by family, in their order."""
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(result.family, []).append(result)
    return found


def troubled(report: Report) -> list[Result]:
    """What did not pass although it applies: what breaks the run first, then the known, then the weak."""

    def weight(result: Result) -> tuple[bool, bool, int]:
        return result.accepted, result.good, WORST_FIRST.index(result.verdict)

    found = [one for one in report.results if one.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)]
    return sorted(found, key=weight)


def summary(counts: Counter[Verdict]) -> str:
    """`12 pass, 1 fail`: the worst last, what there is none of left out."""
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in reversed(WORST_FIRST) if counts[verdict])


def state(report: Report) -> str:
    """A word or two, for a badge: never `conformant` for a part of the set."""
    if report.problem is not None:
        return "incomplete"
    new = [result for result in report.broken if not result.accepted]
    if report.baseline and not new:
        return "baseline untrue"
    if new or not report.succeeded:
        judged = [result for result in new if result.verdict is not Verdict.ERROR]
        return f"{len(judged)} broken" if judged else "not proven"
    if known := len(report.broken):
        return f"{known} known failure" + ("s" if known > 1 else "")
    if not report.whole:
        return f"{len(report.results)} of {report.requirements} judged"
    weak = len(troubled(report))
    return "conformant" + (f", {weak} weak" if weak else "")
