"""`gatepost check`: one run, told while it goes on and afterwards in every form that was asked for."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from gatepost import __version__
from gatepost.conformance import baseline, catalogue
from gatepost.conformance.bench import PASSWORD
from gatepost.conformance.launch import CannotOpen, CannotStart
from gatepost.conformance.profile import Profile
from gatepost.conformance.redaction import harmless, readable, secrets_of
from gatepost.conformance.report.model import Report, Result
from gatepost.conformance.report.terminal import Terminal
from gatepost.conformance.running import Event, SuiteBroke, Wanted, run
from gatepost.conformance.verdict import Verdict

HARNESS_ERROR = 3
CANNOT_START = 4


def any_seed() -> int:
    return random.SystemRandom().randrange(1, 2**31)


def check(
    profile: Profile, wanted: Wanted, terminal: Terminal, known: list[baseline.Entry] | None = None
) -> tuple[Report, int]:
    """The report and the exit code. Ctrl-C and a connector that does not start give a partial report; `known` are the
    failures of the baseline.
    """
    started = datetime.now(UTC)
    results: list[Result] = []

    def hear(event: Event) -> None:
        if event["event"] == "result":
            results.append(Result.model_validate(event["result"]))
        terminal.hear(event, results)

    planned = planned_for(profile, wanted.only)
    wanted = (
        replace(wanted, jobs=max(1, min(wanted.jobs, len(planned))))
        if profile.run.attach is None
        else replace(wanted, jobs=1)
    )
    problem, code = None, None
    with terminal.watching(len(planned)), _no_container_left(profile):
        try:
            run(wanted, hear)
        except CannotStart as error:
            problem, code = f"the connector could not be started: {error}", CANNOT_START
        except CannotOpen as error:
            problem, code = str(error), HARNESS_ERROR
        except SuiteBroke as error:
            problem, code = f"the harness broke:\n{error}", 3
        except KeyboardInterrupt:
            problem, code = "interrupted", 130
    report = report_of(profile, results, planned, wanted.seed, started, problem)
    if known is not None:
        report = baseline.apply(report, known)
    return report, report.exit_code if code is None else code


def report_of(
    profile: Profile,
    results: list[Result],
    planned: list[catalogue.Requirement],
    seed: int,
    started: datetime,
    problem: str | None = None,
) -> Report:
    order = [one.id for one in planned]
    shown, lacking = proven(profile, results)
    return Report(
        gatepost=__version__,
        set=catalogue.SET,
        requirements=len(planned_for(profile, ())),
        planned=len(planned),
        connector=readable(profile.name),
        dialect=profile.dialect,
        claims=sorted(profile.claims),
        proven=shown,
        unproven=lacking,
        seed=seed,
        started=started.isoformat(timespec="seconds"),
        seconds=round((datetime.now(UTC) - started).total_seconds(), 1),
        results=sorted(results, key=lambda one: order.index(one.id)),
        problem=None if problem is None else harmless(problem, [PASSWORD, *secrets_of(profile)]),
    )


@contextmanager
def _no_container_left(profile: Profile) -> Iterator[None]:
    try:
        yield
    finally:
        if profile.run.image is not None:
            from gatepost.conformance.container import remove_left_behind

            remove_left_behind()


def planned_for(profile: Profile, only: tuple[str, ...]) -> list[catalogue.Requirement]:
    """What is going to be judged."""
    every = catalogue.requirements()
    return [one for one in every if one.dialect == profile.dialect and catalogue.chosen(one, only)]


def proven(profile: Profile, results: list[Result]) -> tuple[list[str], list[str]]:
    """The claims that some requirement tested and none found wanting, and those that were tested and not proven."""
    shown: list[str] = []
    lacking: list[str] = []
    for claim in sorted(profile.claims):
        verdicts = [one.verdict for one in results if claim in one.needs and one.verdict is not Verdict.NOT_APPLICABLE]
        if verdicts:
            good = Verdict.PASS in verdicts and {Verdict.PASS, Verdict.WEAK}.issuperset(verdicts)
            (shown if good else lacking).append(claim)
    return shown, lacking
