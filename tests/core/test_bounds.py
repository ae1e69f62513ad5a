"""What has ended does not pile up: it is bounded by number and by age."""

from __future__ import annotations

import gc

import pytest

from gatepost.core import workflows
from gatepost.core.errors import NotFound
from gatepost.core.holds import KEEP_HANDLED, Decision, Hold
from gatepost.core.inventory import VApp
from gatepost.core.operations import Operation
from gatepost.core.tasks import EXPIRES_AFTER, KEEP_FINISHED, Task, TaskStatus
from tests.support.engine import INSTANTIATE, Engine, Plan, by_task, hold_of

BLOCKED, FREE = "vappReset", "vappReboot"
RETENTION = 600.0


@pytest.fixture
def engine() -> Engine:
    """A cloud whose work takes no time, with nothing but the operation `vappReset` blocked."""
    engine = Engine(work__scale=0.0)
    engine.block(BLOCKED, timeout=EXPIRES_AFTER * 2, default=Decision.FAIL)
    return engine


def reset(engine: Engine, vapp: VApp, operation: str = FREE) -> Task:
    return engine.ask(operation, workflows.power(vapp, workflows.RESET))


def fail(engine: Engine, vapp: VApp) -> Task:
    task = reset(engine, vapp, BLOCKED)
    engine.decide(task, Decision.FAIL)
    return task


# Tasks


def test_an_organization_keeps_its_newest_finished_tasks(engine: Engine) -> None:
    ours = engine.vapp("web", on=True)
    theirs = engine.vapp("web", on=True, login="bob@globex", vdc="globex-vdc")
    waiting = reset(engine, engine.vapp("waits", on=True), BLOCKED)
    foreign = reset(engine, theirs)
    tasks = [reset(engine, ours) for _ in range(KEEP_FINISHED + 100)]
    kept = engine.world.tasks.of_org(ours.org)
    assert kept == [waiting, *tasks[100:]]
    assert engine.world.tasks.get(foreign.id) is foreign
    for gone in tasks[:100]:
        with pytest.raises(NotFound):
            engine.world.tasks.get(gone.id)
    del tasks, kept, gone
    gc.collect()
    alive = [thing for thing in gc.get_objects() if isinstance(thing, Task) and thing.org is ours.org]
    assert len(alive) == KEEP_FINISHED + 1
    operations = [thing for thing in gc.get_objects() if isinstance(thing, Operation) and thing.world is engine.world]
    assert [operation.task for operation in operations] == [waiting]


def test_an_open_task_is_kept_whatever_its_age(engine: Engine) -> None:
    task = reset(engine, engine.vapp("web", on=True), BLOCKED)
    engine.clock.advance(EXPIRES_AFTER + 1.0)
    assert engine.world.tasks.get(task.id) is task
    assert task in engine.world.tasks.of_org(task.org)


def test_a_finished_task_is_gone_after_ninety_days(engine: Engine) -> None:
    vapp = engine.vapp("web", on=True)
    task = reset(engine, vapp)
    assert EXPIRES_AFTER == 90 * 86_400
    engine.clock.advance(EXPIRES_AFTER - 1.0)
    later = reset(engine, vapp)
    assert engine.world.tasks.get(task.id) is task
    engine.clock.advance(1.0)
    with pytest.raises(NotFound):
        engine.world.tasks.get(task.id)
    assert engine.world.tasks.of_org(vapp.org) == [later]


def test_a_task_that_ends_after_its_expiry_is_gone_at_once(engine: Engine) -> None:
    vapp = engine.vapp("web", on=True)
    task = reset(engine, vapp, BLOCKED)
    engine.clock.advance(EXPIRES_AFTER * 2)
    assert task.status is TaskStatus.ERROR
    assert vapp.failed_tasks == ()
    assert engine.world.tasks.of_org(vapp.org) == []
    assert by_task(engine.events)[task.id] == Plan("power", vapp).story(task)


# The failed tasks that an object shows


def test_a_failed_task_stays_with_its_object_until_the_next(engine: Engine) -> None:
    vapp = engine.vapp("web", on=True)
    shown = [vapp.failed_tasks]
    failed = fail(engine, vapp)
    shown.append(vapp.failed_tasks)
    reset(engine, vapp, BLOCKED)
    shown.append(vapp.failed_tasks)
    assert shown == [(), (failed,), ()]


def test_an_object_shows_no_task_that_is_forgotten(engine: Engine) -> None:
    vapp, busy = engine.vapp("web", on=True), engine.vapp("busy", on=True)
    vm = engine.vapp("two", "two-tier", on=True).vms[0]
    fail(engine, vapp)
    other = engine.ask(BLOCKED, workflows.power(vm, workflows.RESET))
    engine.decide(other, Decision.FAIL)
    for _ in range(KEEP_FINISHED - 1):
        reset(engine, busy)
    assert (vapp.failed_tasks, vm.failed_tasks) == ((), (other,))
    reset(engine, busy)
    assert vm.failed_tasks == ()


def test_an_object_shows_no_task_that_has_expired(engine: Engine) -> None:
    vapp = engine.vapp("web", on=True)
    other = engine.vapp("other", on=True)
    fail(engine, vapp)
    for _ in range(3):
        reset(engine, other)
    engine.clock.advance(EXPIRES_AFTER)
    reset(engine, other)
    assert vapp.failed_tasks == ()


# Holds


def test_handled_holds_are_bounded_in_number(engine: Engine) -> None:
    vapp = engine.vapp("web", on=True)
    waiting = hold_of(reset(engine, engine.vapp("waits", on=True), BLOCKED))
    holds: list[Hold] = []
    for _ in range(KEEP_HANDLED + 100):
        task = reset(engine, vapp, BLOCKED)
        engine.decide(task, Decision.RESUME)
        holds.append(hold_of(task))
    assert engine.world.holds.handled() == holds[100:]
    assert engine.world.holds.active() == [waiting]
    assert engine.world.holds.get(holds[100].id) is holds[100]
    for gone in holds[:100]:
        with pytest.raises(NotFound):
            engine.world.holds.get(gone.id)
    assert engine.clock.timers() == 1


@pytest.mark.parametrize("decision", Decision)
def test_a_handled_hold_can_be_read_for_ten_minutes(decision: Decision, engine: Engine) -> None:
    task = reset(engine, engine.vapp("web", on=True), BLOCKED)
    engine.decide(task, decision)
    engine.clock.advance(RETENTION)
    assert engine.world.holds.get(hold_of(task).id) is hold_of(task)
    assert engine.world.holds.handled() == [hold_of(task)]
    engine.clock.advance(0.001)
    with pytest.raises(NotFound):
        engine.world.holds.get(hold_of(task).id)
    assert engine.world.holds.handled() == []


def test_the_time_to_read_a_handled_hold_counts_from_its_end(engine: Engine) -> None:
    task = reset(engine, engine.vapp("web", on=True), BLOCKED)
    engine.clock.advance(100 * RETENTION)
    engine.decide(task, Decision.ABORT)
    engine.clock.advance(RETENTION)
    assert engine.world.holds.get(hold_of(task).id) is hold_of(task)


def test_an_open_hold_can_be_read_for_ever(engine: Engine) -> None:
    hold = hold_of(reset(engine, engine.vapp("web", on=True), BLOCKED))
    engine.clock.advance(100 * RETENTION)
    assert engine.world.holds.get(hold.id) is hold


def test_holds_need_not_be_kept_at_all() -> None:
    # On the running clock, time passes between the decision and the look at its age.
    engine = Engine(rate=1_000.0, work__scale=0.0, blockingTask__retention_s=0.0)
    engine.block(INSTANTIATE)
    for number, decision in enumerate(Decision):
        seen = len(engine.events)
        task = engine.instantiate(f"vapp-{number}")
        vapp = engine.world.inventory.vapps[task.owner.id]
        engine.decide(task, decision)
        assert task.status.ended
        (told,) = by_task(engine.events[seen:]).values()
        assert told == Plan("instantiate", vapp).story(task)
        assert engine.clock.timers() == len(engine.world.holds) == 0
    assert engine.world.holds.handled() == []
