"""The pytest plugin behind the suite: options, the bench and the scene, and verdicts in place of outcomes."""

from __future__ import annotations

import itertools
import json
import random
import shlex
import signal
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

from gatepost.conformance import abiquo, catalogue, lifeline, steps, vcloud
from gatepost.conformance.bench import PASSWORD, Bench
from gatepost.conformance.catalogue import Requirement
from gatepost.conformance.launch import CannotOpen, CannotStart
from gatepost.conformance.profile import InvalidProfile, Profile, load
from gatepost.conformance.redaction import harmless, readable, secrets_of
from gatepost.conformance.report.model import Failure, Result
from gatepost.conformance.scene import Scene
from gatepost.conformance.timeline import timeline
from gatepost.conformance.verdict import Judgement, Unreached, Verdict, counts_as_good, verdict_of
from gatepost.core.journal import Entry

pytest_plugins = [f"{steps.__name__}.{module.name}" for module in iter_modules(steps.__path__)]
# Steps import each other, and pytest warns of a plugin that was imported before it heard of it.
pytest.register_assert_rewrite(*pytest_plugins)

_SETTLE_REST = {"vcloud": vcloud.settle_rest, "abiquo": abiquo.settle_rest}
"""What leaves nothing of a scenario behind that could disturb another one."""

KEPT_OUTPUT = 4_000
"""Characters of a connector's output in a report: the last ones."""

RESULT_KEY = "gatepost_result"
"""Where a test's report carries its result, so that it also comes from a process of pytest-xdist."""

_SEED = "gatepost_seed"
_RESULT = pytest.StashKey[Result]()
_BEGAN = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gatepost", "conformance of a connector")
    group.addoption("--connector", metavar="PROFILE", help="profile of the connector to judge")
    group.addoption(
        "--only", default="", metavar="IDS", help="requirements by id, separated by commas; * stands for any"
    )
    group.addoption("--conformance-seed", type=int, metavar="N", help="the same inputs again")
    group.addoption("--conformance-broker", default="embedded", metavar="URL", help="AMQP URL of another broker")
    group.addoption("--shard", default="1/1", metavar="I/N", help="of N parts of the set, the I-th")
    group.addoption("--conformance-lifeline", type=int, metavar="FD", help="end when the other side of it ends")
    group.addoption("--conformance-report", metavar="DIR", help="write every form of the report into this folder")
    group.addoption("--conformance-events", metavar="PATH", help="write what happens there, a JSON object a line")


class Judge:
    """One run: its profile, its bench, and the results so far."""

    def __init__(self, config: pytest.Config) -> None:
        self.path = Path(config.getoption("--connector"))
        self.profile = _profile(self.path)
        given = getattr(config, "workerinput", {}).get(_SEED, config.getoption("--conformance-seed"))
        self.seed: int = random.SystemRandom().randrange(1, 2**31) if given is None else given
        self.broker: str = config.getoption("--conformance-broker")
        self.only = tuple(word.strip() for word in config.getoption("--only").split(",") if word.strip())
        self.shard = _shard(config.getoption("--shard"))
        events = config.getoption("--conformance-events")
        self._events = open(events, "a", encoding="utf-8", buffering=1) if events else None  # noqa: SIM115  until `close`
        self.numbers = itertools.count(1)
        self.bench: Bench | None = None
        self.started_once = False

    def scene(self) -> Scene:
        if self.bench is None:
            try:
                self.bench = Bench(self.profile, self.seed, self.path.resolve().parent, self.broker)
            except CannotOpen as error:
                self.tell("cannot-open", text=str(error))
                raise
            self.bench.open()
        return Scene(self.bench, lambda: next(self.numbers))

    def refresh(self) -> None:
        """Have the next scenario begin with a cloud and a connector of its own, where the harness can start one."""
        if self.profile.run.attach is None:
            self.leave_bench()

    def leave_bench(self) -> None:
        if self.bench is not None:
            self.bench.close()
            self.bench = None

    def harmless(self, text: str) -> str:
        """The text as a report may hold it."""
        known = [PASSWORD, *secrets_of(self.profile, None if self.bench is None else self.bench.placeholders())]
        return harmless(text, known)

    def tell(self, event: str, **values: Any) -> None:
        if self._events is not None:
            self._events.write(json.dumps({"event": event, **values}) + "\n")

    def close(self) -> None:
        self.leave_bench()
        if self._events is not None:
            self._events.close()


_JUDGE = pytest.StashKey[Judge]()


def _profile(path: Path) -> Profile:
    try:
        return load(path)
    except InvalidProfile as error:
        raise pytest.UsageError(str(error)) from None


def _shard(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise pytest.UsageError(f"--shard {text}: is no part such as 2/3")
    return int(part), int(parts)


def pytest_configure(config: pytest.Config) -> None:
    if (descriptor := config.getoption("--conformance-lifeline")) is not None:
        lifeline.hold(descriptor)
    if config.getoption("--connector") is None:
        return
    judge = config.stash[_JUDGE] = Judge(config)
    folder = config.getoption("--conformance-report")
    if folder is not None and not hasattr(config, "workerinput"):
        from gatepost.conformance.gathering import Gathering

        config.pluginmanager.register(Gathering(judge.profile, judge.only, judge.seed, Path(folder)))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """The processes of pytest-xdist take over the seed."""
    judge = node.config.stash.get(_JUDGE, None)
    if judge is not None:
        node.workerinput[_SEED] = judge.seed


def pytest_unconfigure(config: pytest.Config) -> None:
    judge = config.stash.get(_JUDGE, None)
    if judge is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # this is the end already
        judge.close()


@pytest.hookimpl(tryfirst=True)
def pytest_bdd_apply_tag(tag: str, function: Any) -> bool:
    """Tags are read from the scenario, and need not be registered as marks."""
    catalogue.mark(tag, function)
    return True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    judge = config.stash.get(_JUDGE, None)
    if judge is None:
        return
    ours = [(item, catalogue.of_test(item)) for item in items]
    chosen = [
        (item, one)
        for item, one in ours
        if one is not None and one.dialect == judge.profile.dialect and catalogue.chosen(one, judge.only)
    ]
    chosen.sort(key=lambda pair: not pair[1].slow)  # the slow ones first, and shared out among the parts
    part, parts = judge.shard
    kept = [item for number, (item, _) in enumerate(chosen) if number % parts == part - 1]
    others = [item for item, one in ours if one is None]
    dropped = [item for item in items if item not in kept and item not in others]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
    items[:] = [*kept, *others]


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The stage of one scenario."""
    judge = request.config.stash.get(_JUDGE, None)
    if judge is None:
        pytest.fail("name the profile of a connector: --connector profile.yaml", pytrace=False)
    scene = judge.scene()
    request.node.stash[_SCENE] = scene
    yield scene
    scene.close()
    _SETTLE_REST[scene.profile.dialect](scene)


_SCENE = pytest.StashKey[Scene]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    judge, one = item.config.stash.get(_JUDGE, None), catalogue.of_test(item)
    if judge is None or one is None:
        return (yield)
    item.stash[_BEGAN] = time.monotonic()
    judge.tell("start", id=one.id, title=one.title)
    outcome = yield
    result = item.stash.get(_RESULT, None)
    if result is not None:
        judge.tell("result", result=result.model_dump(mode="json"))
        if result.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE):
            judge.refresh()  # one defect must not colour the next scenario
    return outcome


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    judge, one = item.config.stash.get(_JUDGE, None), catalogue.of_test(item)
    if judge is not None and one is not None:
        missing = [claim for claim in one.needs if claim not in judge.profile.claims]
        if missing:
            item.stash[_RESULT] = _result(item, one, Verdict.NOT_APPLICABLE, None)
            pytest.skip(f"needs the claim {missing[0]}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _take(item, call, report)
    if call.when == "teardown" and (result := item.stash.get(_RESULT, None)) is not None:
        report.__dict__[RESULT_KEY] = result.model_dump(mode="json")
    return report


def _take(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Make the result of what a test came to, and put its verdict into the report."""
    judge, one = item.config.stash.get(_JUDGE, None), catalogue.of_test(item)
    if judge is None or one is None or (_RESULT in item.stash and call.when != "teardown"):
        return
    error = call.excinfo.value if call.excinfo is not None else None
    if (error is None and call.when != "call") or isinstance(error, KeyboardInterrupt):
        return
    scene = item.stash.get(_SCENE, None)
    if isinstance(error, CannotStart):
        error = _not_started(item, judge, error)
    elif scene is not None and error is None and scene.cloud.journal.dropped > scene.dropped:
        error = Judgement("a whole journal", "it dropped entries, so nothing is certain")
    else:
        judge.started_once = True
    verdict = verdict_of(error, one.level)
    failure = None if error is None else _failure(judge, one, scene, error, report)
    item.stash[_RESULT] = _result(item, one, verdict, failure)
    _show(report, one, verdict, failure)


def _not_started(item: pytest.Item, judge: Judge, error: CannotStart) -> BaseException:
    if judge.started_once:
        return Unreached("the connector at work", str(error))
    text = judge.harmless(str(error))
    judge.tell("cannot-start", text=text)
    item.session.shouldstop = f"the connector could not be started: {text}"
    return Unreached("the connector at work", str(error))


def _result(item: pytest.Item, one: Requirement, verdict: Verdict, failure: Failure | None) -> Result:
    return Result(
        id=one.id,
        level=one.level,
        title=one.title,
        text=one.text,
        source=one.source,
        needs=list(one.needs),
        family=one.family,
        dialect=one.dialect,
        verdict=verdict,
        seconds=round(time.monotonic() - item.stash[_BEGAN], 3),
        failure=failure,
    )


def _failure(
    judge: Judge, one: Requirement, scene: Scene | None, error: BaseException, report: pytest.TestReport
) -> Failure:
    nearest: tuple[Entry, ...] = ()
    expected, seen = "the harness works", str(report.longrepr or error)
    if isinstance(error, Judgement):
        expected, seen, nearest = error.expected, error.seen, error.nearest
    moments, left_out = ([], 0) if scene is None else timeline(scene, nearest)
    connector = None if scene is None else scene.bench.connector
    return Failure(
        expected=readable(expected),
        seen=judge.harmless(seen),
        timeline=[
            one.model_copy(update={"text": readable(one.text), "detail": judge.harmless(one.detail)}) for one in moments
        ],
        left_out=left_out,
        output="" if connector is None else judge.harmless(connector.output)[-KEPT_OUTPUT:],
        replay=_replay(judge, one),
    )


def _replay(judge: Judge, one: Requirement) -> str:
    words = ["gatepost", "check", str(judge.path), "--only", one.id, "--seed", str(judge.seed)]
    if judge.broker != "embedded":
        # A password of its URL has no place in a report.
        words += ["--broker", "$GATEPOST_BROKER" if "@" in judge.broker else judge.broker]
    return " ".join(f'"{word}"' if word.startswith("$") else shlex.quote(word) for word in words)


def _show(report: pytest.TestReport, one: Requirement, verdict: Verdict, failure: Failure | None) -> None:
    """The verdict in place of pytest's own outcome."""
    if verdict is Verdict.NOT_APPLICABLE:
        report.outcome, report.longrepr = "skipped", (str(one.id), 0, "Skipped: the profile does not claim it")
    elif counts_as_good(verdict, one.level):
        report.outcome = "passed"
    else:
        report.outcome = "failed"
        if failure is not None and verdict is not Verdict.ERROR:
            report.longrepr = (
                f"{one.id} ({one.level}): {one.title}\n{one.text}\nSource: {one.source}\n\n"
                f"expected: {failure.expected}\nseen:     {failure.seen}\nreplay:   {failure.replay}"
            )
