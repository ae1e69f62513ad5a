"""A reset: nothing of the old world reaches the new one, whatever was going on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress

import pytest

from gatepost.core import workflows
from gatepost.core.errors import CloudError, HoldClosed, NotFound
from gatepost.core.holds import Decision
from gatepost.core.inventory import Inventory
from gatepost.core.journal import Entry
from gatepost.core.tasks import Task, TaskStatus
from gatepost.core.world import World
from tests.support.engine import INSTANTIATE, Engine, Plan, Together, check, hold_of


@pytest.fixture
def engine() -> Engine:
    """A world with a request that waits for a decision, `held`, and one at work, `working`."""
    engine = Engine()
    engine.block(INSTANTIATE)
    engine.instantiate("held", "two-tier")
    engine.block()
    engine.instantiate("working")
    engine.block(INSTANTIATE)
    return engine


def tasks_of(engine: Engine) -> tuple[Task, Task]:
    held, working = engine.world.tasks.of_org(engine.user().org)
    return held, working


def assert_new(engine: Engine) -> None:
    """The world is as it was when the cloud began."""
    fresh = Engine()
    assert _ids(engine.world.inventory) == _ids(fresh.world.inventory)
    assert engine.world.holds.active() == engine.world.holds.handled() == []
    assert engine.world.tasks.of_org(engine.user().org) == []
    assert engine.world.blocking == fresh.world.blocking
    assert engine.clock.timers() == 0
    assert engine.events == []
    task, same = engine.instantiate("web"), fresh.instantiate("web")
    assert (task.id, task.owner, hold_of(task).id) == (same.id, same.owner, hold_of(same).id)
    assert [event.id for event in engine.events] == [event.id for event in fresh.events]


def _ids(inventory: Inventory) -> list[list[str]]:
    kinds = (inventory.orgs, inventory.users, inventory.vdcs, inventory.templates, inventory.vapps, inventory.vms)
    return [sorted(kind) for kind in kinds]


def test_reset_begins_anew_from_the_seed(engine: Engine) -> None:
    engine.cloud.reset()
    engine.events.clear()
    assert_new(engine)


def test_reset_forgets_what_the_clock_was_to_do(engine: Engine) -> None:
    engine.cloud.reset()
    engine.events.clear()
    assert engine.clock.advance(1e8) == 0
    assert_new(engine)


def test_the_clock_never_goes_back(engine: Engine) -> None:
    engine.clock.advance(1e6)
    before = engine.clock.now()
    engine.cloud.reset()
    assert engine.clock.now() == engine.world.now() == before


def test_the_journal_is_empty_and_its_numbers_go_on(engine: Engine) -> None:
    for _ in range(3):
        engine.cloud.journal.add(Entry("test", "in", "", 0.0))
    engine.cloud.reset()
    assert [*engine.cloud.journal.after(0)] == []
    assert engine.cloud.journal.add(Entry("test", "in", "", 0.0)).seq == 4


ACTS: dict[str, Callable[[World, Task, Task], object]] = {
    "resume": lambda world, held, _: world.decide(hold_of(held), Decision.RESUME, "", held.user),
    "abort": lambda world, held, _: world.decide(hold_of(held), Decision.ABORT, "", held.user),
    "fail": lambda world, held, _: world.decide(hold_of(held), Decision.FAIL, "", held.user),
    "extend": lambda world, held, _: world.extend(hold_of(held), "wait", 5.0),
    "cancel what waits": lambda world, held, _: world.cancel(held, held.user),
    "cancel what works": lambda world, _, working: world.cancel(working, working.user),
    "ask, unblocked": lambda world, held, _: _ask(world, held, "vappReset"),
    "ask, blocked": lambda world, held, _: _ask(world, held, INSTANTIATE),
}


def _ask(world: World, task: Task, operation: str) -> object:
    vdc = next(vdc for vdc in world.inventory.vdcs.values() if vdc.org is task.org)
    template = next(iter(vdc.templates.values()))
    user = world.inventory.users[task.user.ref.id]
    workflow = workflows.instantiate(vdc, template, "late", "", user, deploy=False, power_on=False)
    return world.request(operation, task.user, workflow)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_who_still_acts_in_the_old_world_is_alone_there(
    act: Callable[[World, Task, Task], object], engine: Engine
) -> None:
    old, (held, working) = engine.world, tasks_of(engine)
    engine.cloud.reset()
    engine.events.clear()
    act(old, held, working)
    assert engine.clock.timers() == 0
    assert engine.clock.advance(1e8) == 0
    assert_new(engine)


def test_the_holds_of_the_old_world_are_unknown_in_the_new_one(engine: Engine) -> None:
    hold = hold_of(tasks_of(engine)[0])
    engine.cloud.reset()
    with pytest.raises(NotFound):
        engine.world.holds.get(hold.id)
    with pytest.raises(NotFound):
        engine.world.tasks.get(hold.task.id)


def test_reset_while_threads_decide() -> None:
    engine = Engine()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for decision in Decision:
            _reset_while_threads_decide(engine, decision)
    finally:
        sys.setswitchinterval(interval)


def _reset_while_threads_decide(engine: Engine, decision: Decision) -> None:
    engine.block(INSTANTIATE, timeout=0.1)
    old = engine.world
    tasks = [engine.instantiate(f"vapp-{number}") for number in range(100)]
    after: list[int] = []
    together = Together()

    def decide() -> None:
        for task in tasks:
            with suppress(HoldClosed):
                old.decide(hold_of(task), decision, "", task.user)

    def ask() -> None:
        for number in range(100):
            with suppress(CloudError):
                _ask(old, tasks[number], INSTANTIATE)

    def reset() -> None:
        engine.clock.advance(0.5)
        with engine.cloud.lock:
            engine.cloud.reset()
            after.append(len(engine.events))

    for job in (decide, decide, ask, lambda: engine.clock.advance(0.2), reset):
        together.add(job)
    together.run()
    assert len(engine.events) == after[0]
    assert engine.clock.timers() == 0
    engine.events.clear()
    plans: dict[Task, Plan] = {}
    engine.block()
    task = engine.instantiate("vapp-1")
    plans[task] = Plan("instantiate", engine.world.inventory.vapps[task.owner.id])
    check(engine, plans)
    engine.clock.advance(1.0)
    check(engine, plans)
    assert task.status is TaskStatus.SUCCESS
    engine.cloud.reset()
    engine.events.clear()
