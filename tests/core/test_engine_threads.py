"""Many threads decide on the same holds at the same moment: one of them is heard, and everybody learns which."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from gatepost.core import workflows
from gatepost.core.errors import BusyEntity, DuplicateName, Forbidden, HoldClosed, TaskEnded
from gatepost.core.holds import Decision, Hold
from gatepost.core.tasks import Task, TaskStatus
from tests.support.engine import INSTANTIATE, Engine, Plan, Together, by_task, check, hold_of, vapp_names

HOLDS = 300

Answers = list[tuple[Hold, Decision, bool | None]]
"""What the deciders were told: True (heard), False (said before), None (another was faster)."""


@pytest.fixture(autouse=True)
def _nervous_threads() -> Iterator[None]:
    """Threads take turns often, so that races show."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def decider(engine: Engine, holds: list[Hold], decision: Decision, answers: Answers) -> Callable[[], None]:
    user = engine.administrator

    def decide() -> None:
        for hold in holds:
            try:
                answers.append((hold, decision, engine.world.decide(hold, decision, decision.value, user)))
            except HoldClosed:
                answers.append((hold, decision, None))

    return decide


def canceler(engine: Engine, tasks: list[Task]) -> Callable[[], None]:
    user = engine.user("orgadmin@acme")

    def cancel() -> None:
        for task in tasks:
            try:
                engine.world.cancel(task, user)
            except TaskEnded:
                continue

    return cancel


def extender(engine: Engine, holds: list[Hold]) -> Callable[[], None]:
    def extend() -> None:
        for number, hold in enumerate(holds):
            try:
                engine.world.extend(hold, "wait", 0.001 * (number % 50))
            except HoldClosed:
                continue

    return extend


def assert_one_was_heard(engine: Engine, holds: list[Hold], answers: Answers) -> None:
    ends = Counter(
        event.entity.id
        for event in engine.events
        if event.type.startswith("blockingtask/") and event.type != "blockingtask/create"
    )
    assert ends == {hold.id: 1 for hold in holds}
    heard = Counter(hold.id for hold, _, answer in answers if answer)
    for hold in holds:
        assert hold.decided_by is not None
        assert heard[hold.id] == (hold.decided_by.name == "administrator")
    for hold, decision, answer in answers:
        assert (hold.decision is decision) == (answer is not None)


def test_every_hold_ends_once_whoever_decides_cancels_extends_or_lets_it_time_out() -> None:
    engine = Engine()
    engine.block(INSTANTIATE, timeout=0.05)
    plans = {}
    for number in range(HOLDS):
        engine.world.blocking.default = list(Decision)[number % 3]
        task = engine.instantiate(f"vapp-{number}", "two-tier")
        plans[task] = Plan("instantiate", engine.world.inventory.vapps[task.owner.id])
    holds = [hold_of(task) for task in plans]
    answers: Answers = []
    together = Together()
    for decision in Decision:
        together.add(decider(engine, holds, decision, answers))
        together.add(decider(engine, holds[::-1], decision, answers))
    together.add(canceler(engine, [*plans]))
    together.add(extender(engine, holds))
    together.add(lambda: [engine.clock.advance(0.001) for _ in range(100)])
    together.run()
    assert_one_was_heard(engine, holds, answers)
    check(engine, plans)
    engine.clock.advance(10.0)
    check(engine, plans)
    assert all(task.status.ended for task in plans)
    assert engine.clock.timers() == 0
    assert len(answers) == 6 * HOLDS


def test_on_the_running_clock_time_outs_and_decisions_race() -> None:
    engine = Engine(rate=1.0, work__scale=0.01)
    engine.block(INSTANTIATE, timeout=0.03, default=Decision.RESUME)
    engine.clock.start()
    try:
        plans: dict[Task, Plan] = {}
        for number in range(HOLDS):
            with engine.cloud.lock:
                task = engine.instantiate(f"vapp-{number}")
                plans[task] = Plan("instantiate", engine.world.inventory.vapps[task.owner.id])
        holds = [hold_of(task) for task in plans]
        answers: Answers = []
        together = Together()
        for decision in Decision:
            together.add(decider(engine, holds, decision, answers))
        together.add(extender(engine, holds))
        together.run()
    finally:
        engine.clock.stop()
    check(engine, plans)
    engine.clock.advance(10.0)
    assert_one_was_heard(engine, holds, answers)
    check(engine, plans)
    assert all(task.status.ended for task in plans)


def test_of_many_who_want_the_same_name_one_gets_it() -> None:
    engine = Engine()
    made: list[Task] = []
    together = Together()

    def ask() -> None:
        for number in range(HOLDS):
            try:
                made.append(engine.instantiate(f"vapp-{number}"))
            except DuplicateName:
                continue

    for _ in range(8):
        together.add(ask)
    together.run()
    assert len(made) == len(vapp_names(engine.vdc())) == HOLDS
    in_order = engine.world.tasks.of_org(engine.user().org)
    assert set(in_order) == set(made)
    plans = {task: Plan("instantiate", engine.world.inventory.vapps[task.owner.id]) for task in in_order}
    engine.clock.advance(1.0)
    check(engine, plans)


def test_of_many_who_want_the_same_machine_one_gets_it() -> None:
    engine = Engine()
    vapp = engine.vapp("web", on=True)
    engine.events.clear()
    engine.block("vappReset", "vappPowerOff")
    tasks: list[Task] = []
    together = Together()

    def ask() -> None:
        for _ in range(50):
            try:
                tasks.append(engine.ask("vappReset", workflows.power(vapp, workflows.RESET)))
                engine.decide(tasks[-1], Decision.ABORT)
            except BusyEntity:
                continue

    for _ in range(4):
        together.add(ask)
    together.run()
    stories = by_task(engine.events)
    assert len(tasks) == len(stories) >= 50
    for task in tasks:
        assert stories[task.id] == Plan("power", vapp).story(task)
        assert task.status is TaskStatus.ABORTED
    assert vapp.busy is None


def test_a_hold_that_must_not_be_canceled_never_is() -> None:
    engine = Engine(blockingTask__cancel="refuse")
    engine.block(INSTANTIATE)
    tasks = [engine.instantiate(f"vapp-{number}") for number in range(50)]
    answers: Answers = []
    denied: list[Task] = []
    together = Together()

    def cancel() -> None:
        for task in tasks:
            try:
                engine.world.cancel(task, task.user)
            except Forbidden:
                denied.append(task)
            except TaskEnded:
                continue

    for _ in range(4):
        together.add(cancel)
    together.add(decider(engine, [hold_of(task) for task in tasks], Decision.RESUME, answers))
    together.run()
    assert [answer for _, _, answer in answers] == [True] * 50
    assert {hold_of(task).decided_by for task in tasks} == {engine.administrator}
    for told in by_task(engine.events).values():
        ends = [type for type, _, _ in told if type in ("blockingtask/resume", "blockingtask/abort")]
        assert ends == ["blockingtask/resume"]
