"""The clock: three paces, timers that fire in order at their moments, and jumps in time."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from math import inf, log2, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.core.clock import LATEST, Clock, InvalidRate, InvalidStep, Timer, parse_rate

STEADY = settings(deadline=None, derandomize=True, database=None)
"""The same verdict in every run, on any machine."""

DAY = 86_400.0
PATIENCE = 60.0
"""Seconds of real time that anything here may take at most."""

MakeClock = Callable[..., Clock]


@pytest.fixture
def make_clock() -> Iterator[MakeClock]:
    """Clocks by their rate, running unless `start=False`; all are stopped after the test."""
    made: list[Clock] = []

    def make(rate: float, *, start: bool = True) -> Clock:
        made.append(Clock(threading.RLock(), rate))
        if start:
            made[-1].start()
        return made[-1]

    yield make
    for clock in made:
        clock.stop()


def clock_threads() -> int:
    return sum(thread.name == "gatepost-clock" for thread in threading.enumerate())


# Pace


def test_the_real_clock_keeps_wall_time(make_clock: MakeClock) -> None:
    assert make_clock(1.0).now() == pytest.approx(time.time(), abs=1.0)


def test_a_manual_clock_stands_still(make_clock: MakeClock) -> None:
    clock = make_clock(0.0)
    before = clock.now()
    threading.Event().wait(0.01)
    assert clock.now() == before


def test_a_scaled_clock_runs_faster(make_clock: MakeClock) -> None:
    clock = make_clock(1_000.0)
    fired = threading.Event()
    began = time.monotonic()
    clock.call_later(60.0, fired.set)
    assert fired.wait(PATIENCE)
    assert time.monotonic() - began >= 0.06


@pytest.mark.parametrize(("text", "rate"), [("real", 1.0), ("manual", 0.0), ("x10", 10.0), ("x0.5", 0.5)])
def test_a_pace_has_a_name(text: str, rate: float, make_clock: MakeClock) -> None:
    assert parse_rate(text) == rate
    assert make_clock(rate, start=False).mode == text


@pytest.mark.parametrize("text", ["", "x", "x0", "x-1", "10", "xinf", "x1e3", "x1234567", "Real", "x١"])
def test_what_is_no_pace_is_refused(text: str) -> None:
    with pytest.raises(InvalidRate):
        parse_rate(text)


@pytest.mark.parametrize("rate", [-1.0, nan, inf])
def test_an_impossible_rate_is_refused(rate: float, make_clock: MakeClock) -> None:
    clock = make_clock(0.0, start=False)
    with pytest.raises(ValueError, match="backwards"):
        clock.set_rate(rate)
    with pytest.raises(ValueError, match="backwards"):
        Clock(threading.RLock(), rate)


def test_a_change_of_pace_wakes_what_waits(make_clock: MakeClock) -> None:
    clock = make_clock(0.0)
    fired = threading.Event()
    clock.call_later(60.0, fired.set)
    clock.set_rate(100_000.0)
    assert fired.wait(PATIENCE)
    assert clock.mode == "x100000"


def test_a_change_of_pace_leaves_the_time_as_it_is(make_clock: MakeClock) -> None:
    clock = make_clock(0.0)
    clock.advance(DAY)
    before = clock.now()
    clock.set_rate(1.0)
    clock.set_rate(0.0)
    assert before <= clock.now() < before + 1.0


def test_time_never_goes_back_whoever_looks(make_clock: MakeClock) -> None:
    clock = make_clock(1.0)
    backwards: list[float] = []
    done = threading.Event()

    def look() -> None:
        last = clock.now()
        while not done.is_set():
            now = clock.now()
            if now < last:
                backwards.append(last - now)
            last = now

    watchers = [threading.Thread(target=look) for _ in range(2)]
    for watcher in watchers:
        watcher.start()
    for step in range(2_000):
        clock.set_rate((1.0, 1_000_000.0, 0.0)[step % 3])
        clock.advance(0.001)
        clock.call_later(0.0001, lambda: None)
    done.set()
    for watcher in watchers:
        watcher.join()
    assert backwards == []


# Timers on a running clock


@pytest.mark.parametrize("rate", [1.0, 100.0])
def test_a_running_clock_fires_by_itself_in_order(rate: float, make_clock: MakeClock) -> None:
    clock = make_clock(rate)
    fired: list[int] = []
    last = threading.Event()
    clock.call_later(0.03 * rate, last.set)
    clock.call_later(0.02 * rate, lambda: fired.append(2))
    clock.call_later(0.01 * rate, lambda: fired.append(1))
    assert last.wait(PATIENCE)
    assert fired == [1, 2]
    assert clock.timers() == 0


def test_an_earlier_timer_is_not_kept_waiting_by_a_later_one(make_clock: MakeClock) -> None:
    clock = make_clock(1.0)
    fired = threading.Event()
    clock.call_later(30 * DAY, lambda: None)
    clock.call_later(0.01, fired.set)
    assert fired.wait(PATIENCE)
    assert clock.timers() == 1


def test_a_canceled_head_delays_nothing(make_clock: MakeClock) -> None:
    clock = make_clock(1.0)
    fired = threading.Event()
    head = clock.call_later(0.01, lambda: None)
    clock.call_later(0.02, fired.set)
    head.cancel()
    assert fired.wait(PATIENCE)


def test_after_a_jump_the_next_timer_comes_at_its_new_moment(make_clock: MakeClock) -> None:
    clock = make_clock(1.0)
    fired = threading.Event()
    clock.call_later(3_600.0, fired.set)
    # The clock's thread must be asleep already for the test to mean something; it does not fail if it is not.
    threading.Event().wait(0.05)
    clock.advance(3_599.9)
    assert fired.wait(PATIENCE)


def test_a_callback_runs_under_the_lock(make_clock: MakeClock) -> None:
    lock = threading.RLock()
    clock = Clock(lock, 1.0)
    clock.start()
    fired = threading.Event()
    with lock:
        clock.call_later(0.0, fired.set)
        assert not fired.wait(0.02)
    assert fired.wait(PATIENCE)
    clock.stop()


def test_a_callback_that_fails_does_not_stop_the_clock(make_clock: MakeClock, caplog: pytest.LogCaptureFixture) -> None:
    clock = make_clock(1.0)
    fired = threading.Event()

    def fail() -> None:
        raise RuntimeError("no use")

    with caplog.at_level(logging.ERROR):
        clock.call_later(0.0, fail)
        clock.call_later(0.001, fired.set)
        assert fired.wait(PATIENCE)
    assert "the clock goes on" in caplog.text


def test_stop_ends_the_thread_and_start_begins_anew(make_clock: MakeClock) -> None:
    running = clock_threads()
    clock = make_clock(1.0)
    assert clock_threads() == running + 1
    clock.start()
    assert clock_threads() == running + 1
    clock.call_later(DAY, lambda: None)
    clock.stop()
    clock.stop()
    assert clock_threads() == running
    fired = threading.Event()
    clock.call_later(0.0, fired.set)
    clock.start()
    assert fired.wait(PATIENCE)


# Jumps


@pytest.mark.parametrize("start", [True, False])
@pytest.mark.parametrize("rate", [0.0, 1.0, 10.0])
def test_an_advance_fires_what_falls_due_on_the_way(rate: float, start: bool, make_clock: MakeClock) -> None:
    clock = make_clock(rate, start=start)
    began = clock.now()
    fired: list[tuple[str, float]] = []

    def fire(name: str) -> None:
        fired.append((name, clock.now() - began))

    for name, days in (("third", 3.0), ("first", 1.0), ("never", 30.0), ("second", 2.0)):
        clock.call_later(days * DAY, partial(fire, name))
    assert clock.advance(5 * DAY) == 3
    assert [name for name, _ in fired] == ["first", "second", "third"]
    assert [at for _, at in fired] == pytest.approx([DAY, 2 * DAY, 3 * DAY], abs=PATIENCE * max(rate, 1.0))
    assert clock.now() - began == pytest.approx(5 * DAY, abs=PATIENCE * max(rate, 1.0))
    assert clock.timers() == 1
    due = clock.next_due()
    assert due is not None
    assert due - began == pytest.approx(30 * DAY, abs=PATIENCE * max(rate, 1.0))


@STEADY
@given(st.lists(st.floats(0.0, 1e7), min_size=1, max_size=20))
def test_on_a_manual_clock_every_timer_sees_its_very_moment(delays: list[float]) -> None:
    clock = Clock(threading.RLock(), 0.0)
    wanted: list[float] = []
    seen: list[float] = []

    def fire(following: list[float]) -> None:
        seen.append(clock.now())
        if following:
            chain(following)

    def chain(following: list[float]) -> None:
        wanted.append(clock.now() + following[0])
        clock.call_at(wanted[-1], lambda: fire(following[1:]))

    chain(delays)
    assert clock.advance(sum(delays) + 1.0) == len(delays)
    assert seen == wanted


def test_timers_of_one_moment_fire_in_the_order_in_which_they_were_set(make_clock: MakeClock) -> None:
    clock = make_clock(0.0)
    moment = clock.now() + 1.0
    fired: list[int] = []
    for number in range(100):
        clock.call_at(moment, partial(fired.append, number))
    clock.advance(1.0)
    assert fired == list(range(100))


@STEADY
@given(st.lists(st.floats(0.001, 1e9), min_size=1, max_size=20))
def test_step_by_step_every_timer_fires_once_at_its_moment(delays: list[float]) -> None:
    clock = Clock(threading.RLock(), rate=0)
    seen: list[tuple[float, float]] = []
    for when in (clock.now() + delay for delay in delays):
        clock.call_at(when, lambda when=when: seen.append((when, clock.now())))  # type: ignore[misc]  # mypy and defaults
    assert [timer.when for timer in clock.waiting()] == sorted(timer.when for timer in clock.waiting())
    while clock.advance_to_next():
        pass
    assert [when for when, _ in seen] == [now for _, now in seen]
    assert len(seen) == len(delays)


def test_a_run_until_idle_ends_although_work_calls_for_more_work(make_clock: MakeClock) -> None:
    clock = make_clock(0.0, start=False)

    def again() -> None:
        clock.call_later(1.0, again)

    again()
    assert clock.run_until_idle(most=50) == 50
    assert clock.run_until_idle(within=10.5) == 10


def test_an_advance_by_nothing_fires_what_is_due(make_clock: MakeClock) -> None:
    clock = make_clock(0.0)
    fired = threading.Event()
    clock.call_later(0.0, fired.set)
    assert clock.advance(0.0) == 1
    assert fired.is_set()


@pytest.mark.parametrize("seconds", [-1.0, -1e-9, nan])
def test_no_step_leads_back(seconds: float, make_clock: MakeClock) -> None:
    clock = make_clock(0.0)
    before = clock.now()
    with pytest.raises(InvalidStep, match="0 seconds or more"):
        clock.advance(seconds)
    assert clock.now() == before


@pytest.mark.parametrize("seconds", [inf, 1e300, LATEST])
def test_no_step_leads_out_of_the_calendar(seconds: float, make_clock: MakeClock) -> None:
    clock = make_clock(0.0)
    before = clock.now()
    with pytest.raises(InvalidStep, match="smaller step"):
        clock.advance(seconds)
    assert clock.now() == before
    clock.advance(LATEST - before - 1.0)


def test_steps_of_several_threads_add_up(make_clock: MakeClock) -> None:
    clock = make_clock(0.0)
    began = clock.now()
    moments: list[float] = []
    for second in range(1, 801):
        clock.call_at(began + second, lambda: moments.append(clock.now() - began))
    together = threading.Barrier(8)
    counts: list[int] = []

    def advance() -> None:
        together.wait()
        counts.append(sum(clock.advance(1.0) for _ in range(100)))

    threads = [threading.Thread(target=advance) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now() == began + 800.0
    assert sum(counts) == 800
    assert moments == [float(second) for second in range(1, 801)]


def test_a_callback_may_advance_the_clock_itself(make_clock: MakeClock) -> None:
    clock = make_clock(0.0)
    began = clock.now()
    counts: list[int] = []
    clock.call_later(1.0, lambda: counts.append(clock.advance(10.0)))
    assert clock.advance(5.0) == 1
    assert clock.now() == began + 15.0
    assert counts == [0]


def test_whoever_holds_the_lock_may_advance_while_another_does(make_clock: MakeClock) -> None:
    lock = threading.RLock()
    clock = Clock(lock, 0.0)
    midway, go_on = threading.Event(), threading.Event()

    clock.call_later(1.0, midway.set)
    for _ in range(1_000):
        clock.call_later(2.0, lambda: None)

    def under_the_lock() -> None:
        midway.wait(PATIENCE)
        with lock:
            clock.advance(10.0)
        go_on.set()

    other = threading.Thread(target=under_the_lock, daemon=True)
    other.start()
    clock.advance(10.0)
    assert go_on.wait(PATIENCE)
    assert clock.timers() == 0


# What waits


def test_a_canceled_timer_never_fires(make_clock: MakeClock) -> None:
    clock = make_clock(0.0)
    timer = clock.call_later(1.0, lambda: pytest.fail("it fired"))
    assert timer.pending
    timer.cancel()
    timer.cancel()
    assert not timer.pending
    assert clock.timers() == 0
    assert clock.next_due() is None
    assert clock.advance(2.0) == 0


def test_a_timer_may_cancel_another_of_the_same_moment(make_clock: MakeClock) -> None:
    clock = make_clock(0.0)
    moment = clock.now() + 1.0
    later: list[Timer] = []
    clock.call_at(moment, lambda: later[0].cancel())
    later.append(clock.call_at(moment, lambda: pytest.fail("it fired")))
    assert clock.advance(1.0) == 1
    assert clock.timers() == 0


def test_clear_forgets_everything(make_clock: MakeClock) -> None:
    clock = make_clock(0.0)
    timers = [clock.call_later(1.0, lambda: pytest.fail("it fired")) for _ in range(10)]
    clock.clear()
    assert clock.timers() == 0
    for timer in timers:
        timer.cancel()
    assert clock.timers() == 0
    clock.call_later(1.0, lambda: None)
    assert (clock.timers(), clock.advance(2.0)) == (1, 1)


def test_canceled_timers_do_not_pile_up(make_clock: MakeClock) -> None:
    clock = make_clock(0.0)
    kept = clock.call_later(DAY, lambda: None)
    for _ in range(100_000):
        clock.call_later(5 * DAY, lambda: None).cancel()
    assert clock.timers() == 1
    assert kept.pending
    gc.collect()
    assert sum(isinstance(thing, Timer) and thing._clock is clock for thing in gc.get_objects()) < 200


def test_the_count_is_right_whoever_cancels(make_clock: MakeClock) -> None:
    clock = make_clock(0.0)
    together = threading.Barrier(4)

    def set_and_cancel() -> None:
        together.wait()
        for number in range(1_000):
            timer = clock.call_later(1.0 + number % 3, lambda: None)
            if number % 10:
                timer.cancel()

    threads = [threading.Thread(target=set_and_cancel) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.timers() == 400
    assert clock.advance(10.0) == 400
    assert clock.timers() == 0


class Moment(float):
    """A moment that counts how often it is compared with another."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Moment.compared += 1
        return super().__eq__(other)

    def __lt__(self, other: float) -> bool:
        Moment.compared += 1
        return super().__lt__(other)

    __hash__ = float.__hash__


def test_a_timer_costs_no_more_than_the_logarithm_of_their_number(make_clock: MakeClock) -> None:
    clock = make_clock(0.0)
    count = 20_000
    began = clock.now()
    Moment.compared = 0
    for number in range(count):
        clock.call_at(Moment(began + number * 7_919 % count), lambda: None)
    assert clock.advance(count) == count
    # Both to put in and to take out, and two comparisons for each level of the heap.
    assert Moment.compared / count < 8 * log2(count)
