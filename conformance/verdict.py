"""Verdicts, and the exceptions by which the steps of a scenario reach them."""

from __future__ import annotations

from enum import StrEnum

from gatepost.core.journal import Entry


class Verdict(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    WEAK = "weak"
    UNREACHED = "unreached"
    NOT_APPLICABLE = "not-applicable"
    ERROR = "error"


class Level(StrEnum):
    MUST = "must"
    SHOULD = "should"
    MAY = "may"


class Judgement(Exception):
    """What ends a scenario before its end. `nearest` are the entries of the journal that come closest."""

    def __init__(self, expected: str, seen: str, *nearest: Entry) -> None:
        super().__init__(f"expected: {expected}\nseen: {seen}")
        self.expected = expected
        self.seen = seen
        self.nearest = nearest


class Broken(Judgement):
    """The point was reached, and the rule is broken."""


class Unreached(Judgement):
    """The point under test never came, so nothing is known."""


class NotApplicable(Judgement):
    """The profile does not claim what this is about."""


class HarnessError(Judgement):
    """The harness or its set-up broke."""


def verdict_of(error: BaseException | None, level: Level) -> Verdict:
    if error is None:
        return Verdict.PASS
    if isinstance(error, Broken):
        return Verdict.FAIL if level is Level.MUST else Verdict.WEAK
    if isinstance(error, Unreached):
        return Verdict.UNREACHED
    if isinstance(error, NotApplicable):
        return Verdict.NOT_APPLICABLE
    return Verdict.ERROR


def counts_as_good(verdict: Verdict, level: Level) -> bool:
    """Whether a connector with this verdict can be conformant."""
    if verdict is Verdict.UNREACHED:
        return level is not Level.MUST
    return verdict in (Verdict.PASS, Verdict.WEAK, Verdict.NOT_APPLICABLE)
