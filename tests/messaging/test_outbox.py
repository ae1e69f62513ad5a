"""The outbox: order is kept, nothing below the bound is lost, and the bound holds."""

from __future__ import annotations

import logging
import tracemalloc
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gatepost.core.events import EntityRef, Event
from gatepost.messaging.message import Form
from gatepost.messaging.outbox import Outbox, Pending, cost

ORG = EntityRef("org", "1f0c3f6e-7d3b-4c55-9a0e-5d1c0a7b2e11", "acme")
USER = EntityRef("user", "5b7d9c52-1f53-4d0f-8a0c-2f7b4c9d1e22", "alice")


def event(number: int, name: str = "web-01") -> Event:
    entity = EntityRef("vapp", "c0ffee00-1111-4222-8333-444455556677", name)
    return Event(str(number), "vapp/create", 0.0, True, entity, ORG, USER)


def drain(outbox: Outbox) -> list[str]:
    taken: list[str] = []
    while (one := outbox.drop()) is not None:
        taken.append(one.event.id)
    return taken


ONE_COST = cost(Pending(event(0), Form.XML))


def test_first_in_first_out() -> None:
    outbox = Outbox()
    for number in range(5):
        outbox.put(event(number), [Form.XML])
    assert drain(outbox) == ["0", "1", "2", "3", "4"]
    assert outbox.take(1) is None


def test_the_bound_in_messages_loses_the_oldest_and_counts_them() -> None:
    outbox = Outbox(most_messages=10)
    for number in range(1_000):
        outbox.put(event(number), [Form.XML])
    assert (len(outbox), outbox.lost) == (10, 990)
    assert drain(outbox) == [str(number) for number in range(990, 1_000)]


def test_the_bound_in_bytes_loses_the_oldest() -> None:
    outbox = Outbox(most_bytes=10 * ONE_COST)
    for number in range(100):
        outbox.put(event(number), [Form.XML])
    assert (len(outbox), outbox.lost) == (10, 90)
    # A long name costs what it takes up in the message.
    outbox.put(event(100, name="x" * ONE_COST), [Form.XML])
    assert len(outbox) < 10
    assert drain(outbox)[-1] == "100"


@pytest.mark.parametrize("how", ["confirmed", "dropped", "cleared", "lost"])
def test_what_has_gone_takes_no_room(how: str) -> None:
    outbox = Outbox(most_bytes=10 * ONE_COST)
    for number in range(10):
        outbox.put(event(number), [Form.XML])
    if how == "confirmed":
        for tag in range(1, 11):
            outbox.take(tag)
        outbox.confirm(10, multiple=True)
    elif how == "dropped":
        drain(outbox)
    elif how == "cleared":
        outbox.take(1)
        outbox.clear()
    else:
        outbox.put(event(10, name="x" * 10 * ONE_COST), [Form.XML])
    lost = outbox.lost
    for number in range(10):
        outbox.put(event(number), [Form.XML])
    assert (len(outbox), outbox.lost) == (10, lost)


def test_what_is_under_way_counts_but_is_not_lost() -> None:
    outbox = Outbox(most_messages=3)
    for number in range(3):
        outbox.put(event(number), [Form.XML])
    outbox.take(1)
    outbox.take(2)
    outbox.put(event(3), [Form.XML])
    assert (len(outbox), outbox.lost) == (3, 1)
    outbox.take_back()
    assert drain(outbox) == ["0", "1", "3"]


def test_a_loss_is_logged_but_not_each_one(caplog: pytest.LogCaptureFixture) -> None:
    outbox = Outbox(most_messages=1)
    with caplog.at_level(logging.ERROR):
        for number in range(1_000):
            outbox.put(event(number), [Form.XML])
    assert [record.getMessage() for record in caplog.records] == [
        "the outbox is full: 1 messages lost so far; is the broker away?"
    ]


def test_memory_is_bounded() -> None:
    outbox = Outbox(most_messages=100)
    for number in range(100):
        outbox.put(event(number), [Form.XML])
    tracemalloc.start()
    try:
        for number in range(10_000):
            outbox.put(event(number), [Form.XML])
            if outbox.take(number) is not None and number % 100 == 99:
                outbox.take_back()
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 100 * ONE_COST


Sent = tuple[int, Form]


def sent(pending: Pending | None) -> Sent | None:
    return None if pending is None else (int(pending.event.id), pending.form)


class Deliveries(RuleBasedStateMachine):
    """Below the bound, against the plain model: what waits, and what is under way by its tag."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox()
        self.numbers = count()
        self.tag = 0
        self.waiting: list[Sent] = []
        self.under_way: dict[int, Sent] = {}
        self.refused: dict[int, Sent] = {}
        self.confirmed = 0

    @rule(forms=st.lists(st.sampled_from(Form), max_size=3, unique=True))
    def put(self, forms: list[Form]) -> None:
        number = next(self.numbers)
        self.outbox.put(event(number), forms)
        self.waiting += [(number, form) for form in forms]

    @rule(times=st.integers(1, 5))
    def take(self, times: int) -> None:
        for _ in range(times):
            assert sent(self.outbox.take(self.tag + 1)) == (self.waiting[0] if self.waiting else None)
            if self.waiting:
                self.tag += 1
                self.under_way[self.tag] = self.waiting.pop(0)

    @precondition(lambda self: self.tag in self.under_way)
    @rule()
    def put_back(self) -> None:
        self.outbox.put_back(self.tag)
        self.waiting.insert(0, self.under_way.pop(self.tag))
        self.tag -= 1

    @precondition(lambda self: self.tag)
    @rule(data=st.data(), multiple=st.booleans())
    def confirm(self, data: st.DataObject, multiple: bool) -> None:
        tag = data.draw(st.integers(1, self.tag), label="tag")
        tags = [one for one in self.under_way if one <= tag] if multiple else [tag]
        expected = [self.under_way.pop(one) for one in tags if one in self.under_way]
        assert list(map(sent, self.outbox.confirm(tag, multiple=multiple))) == expected
        self.confirmed += len(expected)

    @precondition(lambda self: self.tag)
    @rule(data=st.data(), multiple=st.booleans())
    def refuse(self, data: st.DataObject, multiple: bool) -> None:
        """What is answered later does not confirm it."""
        tag = data.draw(st.integers(1, self.tag), label="tag")
        self.outbox.refuse(tag, multiple=multiple)
        tags = [one for one in self.under_way if one <= tag] if multiple else [tag]
        self.refused |= {one: self.under_way.pop(one) for one in tags if one in self.under_way}

    @rule()
    def take_back(self) -> None:
        """The connection is lost; a new one counts its tags from one."""
        self.outbox.take_back()
        self.waiting = self.left()
        self.under_way.clear()
        self.refused.clear()
        self.tag = 0

    def left(self) -> list[Sent]:
        return [*(sent for _, sent in sorted({**self.under_way, **self.refused}.items())), *self.waiting]

    @rule()
    def drop(self) -> None:
        assert sent(self.outbox.drop()) == (self.waiting.pop(0) if self.waiting else None)

    @invariant()
    def nothing_is_lost(self) -> None:
        assert len(self.outbox) == len(self.left())
        assert (self.outbox.lost, self.outbox.confirmed) == (0, self.confirmed)
        # What was put first never comes after what was put later.
        order = [number for number, _ in self.left()]
        assert order == sorted(order)

    def teardown(self) -> None:
        self.outbox.take_back()
        left = self.left()
        assert [sent(self.outbox.drop()) for _ in left] == left
        assert self.outbox.drop() is None


Deliveries.TestCase.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
TestDeliveries = Deliveries.TestCase
