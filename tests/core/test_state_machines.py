"""The state machines of tasks and holds, each as the reference draws it (sections 4.3 and 5.4)."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.core.errors import HoldClosed, InvalidValue
from gatepost.core.holds import Decision, Hold
from gatepost.core.tasks import IllegalMove, Move, Task, TaskStatus
from gatepost.core.world import LONGEST_TIMEOUT
from tests.support.engine import INSTANTIATE, Engine, hold_of

STEADY = settings(deadline=None, derandomize=True, database=None)
"""The same verdict in every run, on any machine."""

Q, P, R = TaskStatus.QUEUED, TaskStatus.PRE_RUNNING, TaskStatus.RUNNING
DRAWN = {
    (Q, Move.START): R,
    (Q, Move.HOLD): P,
    (P, Move.START): R,
    (R, Move.SUCCEED): TaskStatus.SUCCESS,
    **{(status, Move.FAIL): TaskStatus.ERROR for status in (Q, P, R)},
    **{(status, Move.CANCEL): TaskStatus.CANCELED for status in (Q, P, R)},
    **{(status, Move.ABORT): TaskStatus.ABORTED for status in (Q, P)},
}
WAYS: dict[TaskStatus, tuple[Move, ...]] = {
    Q: (),
    P: (Move.HOLD,),
    R: (Move.START,),
    TaskStatus.SUCCESS: (Move.START, Move.SUCCEED),
    TaskStatus.ERROR: (Move.FAIL,),
    TaskStatus.CANCELED: (Move.CANCEL,),
    TaskStatus.ABORTED: (Move.ABORT,),
}


def a_task(moves: Iterable[Move] = ()) -> Task:
    user = Engine().user()
    task = Task("id", INSTANTIATE, user.ref, user.org, user, at=1.0)
    for move in moves:
        task.move(move, at=2.0)
    return task


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("status", TaskStatus)
def test_a_task_moves_as_drawn_and_no_other_way(status: TaskStatus, move: Move) -> None:
    task = a_task(WAYS[status])
    assert task.status is status
    if (status, move) in DRAWN:
        task.move(move, at=3.0)
        assert task.status is DRAWN[status, move]
        assert task.ended_at == (3.0 if task.status.ended else None)
    else:
        with pytest.raises(IllegalMove, match=f"that is {status} cannot {move.value}"):
            task.move(move, at=3.0)
        assert task.status is status


def test_nothing_writes_a_status_past_the_state_machine() -> None:
    with pytest.raises(AttributeError):
        a_task().status = TaskStatus.SUCCESS  # type: ignore[misc]  # that it cannot be set is the point


@STEADY
@given(st.lists(st.sampled_from(Decision), min_size=1, max_size=6))
def test_of_a_hold_the_first_decision_counts(decisions: list[Decision]) -> None:
    task = a_task([Move.HOLD])
    hold = Hold("id", task, created_at=1.0, deadline=2.0, default=Decision.ABORT)
    assert hold.active
    assert hold.close(decisions[0], task.user, at=1.5)
    for decision in decisions[1:]:
        if decision is decisions[0]:
            assert not hold.close(decision, task.user, at=3.0)
        else:
            with pytest.raises(HoldClosed):
                hold.close(decision, task.user, at=3.0)
    assert (hold.active, hold.decision, hold.closed_at) == (False, decisions[0], 1.5)


@pytest.mark.parametrize("seconds", [-0.001, LONGEST_TIMEOUT + 1.0, float("inf"), float("nan")])
def test_no_time_out_leaves_the_calendar(seconds: float) -> None:
    engine = Engine()
    engine.block(INSTANTIATE)
    hold = hold_of(engine.instantiate("web"))
    deadline, timers = hold.deadline, engine.clock.timers()
    with pytest.raises(InvalidValue):
        engine.world.extend(hold, "wait", seconds)
    assert (hold.deadline, engine.clock.timers(), hold.task.details) == (deadline, timers, "Pending processing...")


@pytest.mark.parametrize("seconds", [0.0, 0.001, LONGEST_TIMEOUT])
def test_a_hold_lasts_as_long_as_it_was_extended(seconds: float) -> None:
    engine = Engine()
    engine.block(INSTANTIATE, timeout=60.0)
    hold = hold_of(engine.instantiate("web"))
    engine.clock.advance(30.0)
    engine.world.extend(hold, "wait", seconds)
    assert hold.deadline == engine.clock.now() + seconds
    engine.clock.advance(seconds)
    assert hold.decision is Decision.ABORT
    assert hold.decided_by is engine.world.inventory.system_user


def test_a_change_of_the_settings_moves_no_hold_that_is_open() -> None:
    engine = Engine()
    engine.block(INSTANTIATE, timeout=60.0, default=Decision.ABORT)
    hold = hold_of(engine.instantiate("web"))
    engine.block(timeout=5.0, default=Decision.RESUME)
    engine.clock.advance(59.0)
    assert hold.active
    engine.clock.advance(1.0)
    assert hold.decision is Decision.ABORT


def test_updating_the_progress_reads_the_default_action_anew() -> None:
    engine = Engine()
    engine.block(INSTANTIATE, timeout=60.0, default=Decision.ABORT)
    hold = hold_of(engine.instantiate("web"))
    engine.block(timeout=5.0, default=Decision.FAIL)
    engine.world.extend(hold, "wait", None)
    assert hold.deadline == engine.clock.now() + 60.0
    engine.clock.advance(60.0)
    assert hold.decision is Decision.FAIL
