"""`gatepost check`: one run, told while it goes on and afterwards in every form that was asked for."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from datetime import UTC, datetime

from gatepost import __version__
from gatepost.conformance import catalogue
from gatepost.conformance.launch import CannotOpen, CannotStart
from gatepost.conformance.profile import Profile
from gatepost.conformance.report.model import Report, Result
from gatepost.conformance.report.terminal import Terminal
from gatepost.conformance.running import Event, SuiteBroke, Wanted, run
from gatepost.conformance.verdict import Verdict

HARNESS_ERROR = 3
CANNOT_START = 4


def any_seed() -> int:
    return random.SystemRandom().randrange(1, 2**31)


def check(profile: Profile, wanted: Wanted, terminal: Terminal) -> tuple[Report, int]:
    """The report and the exit code. Ctrl-C and a connector that does not start give a partial report."""
    began, started = time.monotonic(), datetime.now(UTC)
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
    with terminal.watching(len(planned)):
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
    order = [one.id for one in planned]
    report = Report(
        gatepost=__version__,
        set=catalogue.SET,
        connector=profile.name,
        dialect=profile.dialect,
        claims=sorted(profile.claims),
        proven=proven(profile, results),
        seed=wanted.seed,
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - began, 1),
        results=sorted(results, key=lambda one: order.index(one.id)),
        problem=problem,
    )
    return report, report.exit_code if code is None else code


def planned_for(profile: Profile, only: tuple[str, ...]) -> list[catalogue.Requirement]:
    """What is going to be judged."""
    every = catalogue.requirements()
    return [one for one in every if one.dialect == profile.dialect and catalogue.chosen(one, only)]


def proven(profile: Profile, results: list[Result]) -> list[str]:
    """The claims that some requirement tested, and none found wanting."""
    claims = []
    for claim in sorted(profile.claims):
        about = [result for result in results if claim in result.needs]
        passed = any(result.verdict is Verdict.PASS for result in about)
        if passed and all(result.verdict in (Verdict.PASS, Verdict.WEAK) for result in about):
            claims.append(claim)
    return claims
