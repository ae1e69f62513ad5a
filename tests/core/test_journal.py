"""The journal: a bounded ring with consecutive numbers, in which one can wait for what is to come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.core.journal import BOUND, Entry, Journal
from tests.support.engine import Together

STEADY = settings(deadline=None, derandomize=True, database=None)
"""The same verdict in every run, on any machine."""

PATIENCE = 60.0
"""Seconds that a wait may take before the test fails."""

KIB = 1024


def entry(kind: str = "http.request", size: int = 0, **more: object) -> Entry:
    return Entry(kind, "in", "vcloud", 0.0, body=b"x" * size, **more)  # type: ignore[arg-type]  # any of Entry's fields


def journal(bound: int = BOUND) -> Journal:
    return Journal(lambda: 0.0, bound)


def anything(_: Entry) -> bool:
    return True


def seqs(entries: list[Entry]) -> list[int]:
    return [one.seq for one in entries]


def waiting(kept: Journal, *, after: int = 0, wanted: Callable[[Entry], bool] = anything) -> list[list[Entry]]:
    """Start a thread that waits in the journal; what it finds is put into the list once the wait is over."""
    found: list[list[Entry]] = []
    entered = threading.Event()

    def wait() -> None:
        entered.set()
        found.append(kept.find(after, wanted, 10, wait=PATIENCE))

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    assert entered.wait(PATIENCE)
    return found


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.001)


# Numbers


def test_entries_are_numbered_from_one() -> None:
    kept = journal()
    assert kept.last == 0
    assert [kept.add(entry()).seq for _ in range(3)] == [1, 2, 3]
    assert kept.last == 3
    assert seqs([*kept.after(0)]) == [1, 2, 3]
    assert seqs([*kept.after(2)]) == [3]
    assert seqs([*kept.after(99)]) == []


def test_clear_forgets_all_but_the_numbers() -> None:
    kept = journal(4 * KIB)
    for _ in range(10):
        kept.add(entry(size=KIB))
    assert kept.dropped > 0
    kept.clear()
    assert (kept.last, kept.dropped, [*kept.after(0)]) == (10, 0, [])
    assert kept.add(entry()).seq == 11
    assert seqs(kept.find(0, anything, 10)) == [11]


# The bound


@STEADY
@given(st.lists(st.integers(0, 3_000), max_size=60))
def test_the_ring_is_bounded_and_counts_what_it_drops(sizes: list[int]) -> None:
    kept = journal(8 * KIB)
    for size in sizes:
        kept.add(entry(size=size))
        held = [*kept.after(0)]
        assert seqs(held) == list(range(kept.dropped + 1, kept.last + 1))
        assert sum(one.size() for one in held) <= 8 * KIB
        assert len(held) + kept.dropped == kept.last
    if sizes:
        assert kept.last == len(sizes)


def test_nothing_is_dropped_too_early() -> None:
    kept = journal(10 * entry(size=KIB).size())
    for _ in range(10):
        kept.add(entry(size=KIB))
    assert kept.dropped == 0
    kept.add(entry(size=KIB))
    assert kept.dropped == 1


def test_an_entry_that_is_larger_than_the_bound_is_kept_until_the_next() -> None:
    kept = journal(KIB)
    kept.add(entry(size=1_000 * KIB))
    assert seqs([*kept.after(0)]) == [1]
    kept.add(entry())
    assert (seqs([*kept.after(0)]), kept.dropped) == ([2], 1)


@pytest.mark.parametrize(
    "one",
    [
        entry(size=100 * KIB),
        entry(path="/api/" + "x" * 100 * KIB),
        entry(headers={"x-large": "x" * 100 * KIB}),
        entry(headers={f"x-{number}": True for number in range(100 * KIB // 64)}),
    ],
    ids=["body", "path", "header", "headers"],
)
def test_everything_that_is_large_counts(one: Entry) -> None:
    assert one.size() >= 100 * KIB


# Searching


def test_find_takes_what_is_wanted_up_to_the_limit() -> None:
    kept = journal()
    for number in range(10):
        kept.add(entry(kind="even" if number % 2 == 0 else "odd"))

    def odd(one: Entry) -> bool:
        return one.kind == "odd"

    assert seqs(kept.find(0, odd, 3)) == [2, 4, 6]
    assert seqs(kept.find(6, odd, 3)) == [8, 10]
    assert seqs(kept.find(10, odd, 3)) == []


@pytest.mark.timeout(10)
@pytest.mark.parametrize("wait", [0.0, 0.01])
def test_find_ends_when_everything_it_may_look_at_is_gone(wait: float) -> None:
    kept = journal()
    kept.add(entry())
    kept.clear()
    assert kept.find(0, anything, 10, wait) == []


@pytest.mark.timeout(10)
@pytest.mark.parametrize("wait", [0.0, 0.01])
def test_find_ends_when_nothing_is_wanted(wait: float) -> None:
    kept = journal(4 * KIB)
    for _ in range(10):
        kept.add(entry(size=KIB))
    assert kept.find(0, lambda _: False, 10, wait) == []


def test_find_looks_at_every_entry_once_while_it_waits() -> None:
    kept = journal()
    kept.add(entry())
    looked: list[int] = []

    def wanted(one: Entry) -> bool:
        looked.append(one.seq)
        return one.kind == "wanted"

    found = waiting(kept, wanted=wanted)
    until(lambda: looked)
    kept.add(entry())
    until(lambda: len(looked) == 2)
    kept.add(entry("wanted"))
    until(lambda: found)
    assert looked == [1, 2, 3]


# Waiting


def test_a_wait_ends_at_once_when_the_entry_comes() -> None:
    kept = journal()
    found = waiting(kept)
    kept.add(entry())
    began = time.monotonic()
    until(lambda: found)
    assert time.monotonic() - began < PATIENCE / 2
    assert seqs(found[0]) == [1]


def test_a_wait_for_a_number_to_come_skips_the_others() -> None:
    kept = journal()
    found = waiting(kept, after=2)
    for _ in range(3):
        kept.add(entry())
    until(lambda: found)
    assert seqs(found[0]) == [3]


def test_a_wait_goes_on_after_a_clear() -> None:
    kept = journal()
    kept.add(entry())
    found = waiting(kept, wanted=lambda one: one.kind == "wanted")
    kept.clear()
    kept.add(entry("wanted"))
    until(lambda: found)
    assert seqs(found[0]) == [2]


def test_a_wait_ends_at_its_time() -> None:
    began = time.monotonic()
    assert journal().find(0, anything, 10, wait=0.02) == []
    assert 0.02 <= time.monotonic() - began < PATIENCE


def test_close_lets_go_whoever_waits() -> None:
    kept = journal()
    found = [waiting(kept) for _ in range(5)]
    kept.close()
    until(lambda: all(found))
    assert found == [[[]]] * 5
    assert kept.find(0, anything, 10, wait=PATIENCE) == []
    kept.add(entry())
    assert seqs(kept.find(0, anything, 10, wait=PATIENCE)) == [1]


# Threads


def test_entries_of_many_threads_are_all_there_in_one_order() -> None:
    kept = journal()
    read: list[int] = []
    together = Together()

    def write(writer: int) -> Callable[[], None]:
        def run() -> None:
            for number in range(500):
                kept.add(entry(kind=str(writer), path=str(number)))

        return run

    def follow() -> None:
        while len(read) < 2_000:
            found = kept.find(read[-1] if read else 0, anything, 7, wait=PATIENCE)
            assert found, "the entries dried up"
            read.extend(seqs(found))

    for writer in range(4):
        together.add(write(writer))
    together.add(follow)
    together.run()
    assert read == list(range(1, 2_001))
    for writer in range(4):
        own = [one.path for one in kept.after(0) if one.kind == str(writer)]
        assert own == [str(number) for number in range(500)]


def test_the_bound_holds_while_others_read() -> None:
    kept = journal(16 * KIB)
    together = Together()
    done = threading.Event()

    def write() -> None:
        for _ in range(1_000):
            kept.add(entry(size=KIB))
        done.set()

    def read() -> None:
        while not done.is_set():
            found = seqs(kept.find(0, anything, 1_000))
            assert found == sorted(set(found))

    together.add(write)
    together.add(read)
    together.run()
    assert len([*kept.after(0)]) + kept.dropped == 1_000
