"""The table of rules: which one decides, how often, and the same again from the same seed."""

from __future__ import annotations

import timeit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.core.effects import EFFECTS, HttpDelay, HttpHang, HttpStatus, MessageDrop, Point
from gatepost.core.faults import Faults, InvalidRule, Match, Seen, parse_rule

STEADY = settings(deadline=None, derandomize=True, database=None)
GET = Seen(dialect="vcloud", method="GET", path="/api/task/1")
BUSY = HttpStatus(status=503)


class Table(Faults):
    """One with every point, on a clock that is set by hand."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(seed, lambda: self.time)
        self.time = 1_000.0
        for point in Point:
            self.serve(point)

    def hits(self, times: int, seen: Seen = GET, user: str | None = None) -> list[int | None]:
        """The rule that decided each time."""
        found = [self.hit(Point.HTTP, seen, lambda: user) for _ in range(times)]
        return [None if fault is None else fault.id for fault in found]


def test_the_first_rule_that_hits_decides_and_those_behind_it_count_nothing() -> None:
    table = Table()
    table.add(BUSY, Match(nth=2))
    behind = table.add(HttpDelay(seconds=1))
    assert table.hits(3) == [2, 1, 2]
    assert behind.trigger.matched == 2


def test_after_its_count_a_rule_rests() -> None:
    table = Table()
    table.add(BUSY, Match(count=2))
    assert table.hits(3) == [1, 1, None]


def test_a_rule_holds_between_two_moments_of_the_clock() -> None:
    table = Table()
    table.add(BUSY, Match(after=1_010, until=1_020))
    found = []
    for table.time in (1_009.9, 1_010, 1_019.9, 1_020):
        found += table.hits(1)
    assert found == [None, 1, 1, None]


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        (Match(), True),
        (Match(method="GET", path="/api/task/*", dialect="vcloud"), True),
        (Match(path="*/1"), True),
        (Match(path="/api/task"), False),
        (Match(path="/API/TASK/1"), False),
        (Match(method="POST"), False),
        (Match(user="alice@*"), True),
        (Match(user="bob@*"), False),
        (Match(user="*"), True),
    ],
)
def test_a_rule_is_for_what_it_names(match: Match, hit: bool) -> None:
    table = Table()
    table.add(BUSY, match)
    assert table.hits(1, user="alice@acme") == [1 if hit else None]


def test_nobody_is_asked_who_it_is_unless_a_rule_wants_to_know() -> None:
    table = Table()
    table.add(BUSY)
    assert table.hit(Point.HTTP, GET, lambda: pytest.fail("asked")) is not None


@STEADY
@given(st.integers(0, 2**32), st.floats(0.1, 0.9), st.lists(st.booleans(), max_size=60))
def test_the_same_seed_and_the_same_matches_give_the_same_hits(seed: int, chance: float, matches: list[bool]) -> None:
    def run(others: bool) -> list[list[int | None]]:
        table = Table(seed)
        table.add(BUSY, Match(method="GET", probability=chance))
        found = []
        for match in matches:
            if match:
                found.append(table.hits(1))
            elif others:
                table.hits(1, Seen(method="POST"))
        return found

    assert run(others=True) == run(others=False)


def test_chances_come_out_as_often_as_they_should() -> None:
    table = Table(7)
    table.add(BUSY, Match(probability=0.25))
    assert 400 < sum(one is not None for one in table.hits(2_000)) < 600


def test_a_cleared_table_begins_anew() -> None:
    table = Table()
    table.add(BUSY, Match(probability=0.5))
    before = table.hits(50)
    table.clear()
    assert table.hits(1) == [None]
    table.add(BUSY, Match(probability=0.5))
    assert table.hits(50) == before


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({}, "effect"),
        ({"effect": {"kind": "http.explode"}}, "http.explode"),
        ({"effect": {"kind": "http.status"}}, "status"),
        ({"effect": {"kind": "http.status", "status": 99}}, "status"),
        ({"effect": {"kind": "http.status", "status": 503, "headers": {"a b": "c"}}}, "headers"),
        ({"effect": {"kind": "http.status", "status": 503, "headers": {"a": "b\r\nc: d"}}}, "headers"),
        ({"effect": {"kind": "http.status", "status": 503, "headers": {"Content-Length": "5"}}}, "Content-Length"),
        ({"effect": {"kind": "http.status", "status": 503, "body": "\ud800"}}, "body"),
        ({"effect": {"kind": "http.delay", "seconds": -1}}, "seconds"),
        ({"effect": {"kind": "http.delay", "seconds": 1e400}}, "seconds"),
        ({"effect": {"kind": "message.drop"}, "match": {"path": "/api"}}, "match.path"),
        ({"effect": {"kind": "http.delay", "seconds": 1}, "match": {"event": "task/create"}}, "match.event"),
        ({"effect": {"kind": "message.drop"}, "match": {"nth": 0}}, "match.nth"),
        ({"effect": {"kind": "message.drop"}, "match": {"probability": 0}}, "match.probability"),
        ({"effect": {"kind": "message.drop"}, "match": {"until": "tomorrow"}}, "match.until"),
        ({"effect": {"kind": "message.drop"}, "match": {"until": "2026-01-31T12:00:00"}}, "offset"),
        ({"effect": {"kind": "message.drop"}, "match": {"weather": "bad"}}, "match.weather"),
        ({"effect": {"kind": "message.drop"}, "when": "now"}, "when"),
        ([], "dictionary"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_the_name_of_its_field(rule: object, told: str) -> None:
    with pytest.raises(InvalidRule, match=told):
        parse_rule(rule)


def test_moments_are_told_in_seconds_or_as_iso_8601() -> None:
    rule = parse_rule({"effect": {"kind": "message.drop"}, "match": {"after": 5, "until": "1970-01-01T01:00:10+01:00"}})
    assert (rule.match.after, rule.match.until) == (5.0, 10.0)


def test_a_rule_for_a_point_that_is_not_there_is_refused_with_the_way_to_it() -> None:
    table = Faults(1, lambda: 0.0)
    with pytest.raises(InvalidRule, match="--tap"):
        table.add(HttpHang())
    table.serve(Point.HTTP_TAP)
    assert table.add(HttpHang()).id == 1


def test_the_table_is_bounded() -> None:
    table = Table()
    for _ in range(1_000):
        table.add(MessageDrop())
    with pytest.raises(InvalidRule, match="1000"):
        table.add(MessageDrop())
    assert table.remove(500)
    assert not table.remove(500)
    assert len(table) == 999


def test_every_effect_says_what_it_does() -> None:
    kinds = [effect.model_fields["kind"].default for effect in EFFECTS]
    assert len(kinds) == len(set(kinds))
    assert all(effect.__doc__ for effect in EFFECTS)


def test_an_empty_table_costs_a_request_next_to_nothing() -> None:
    table = Table()
    look = timeit.repeat(lambda: table.at[Point.HTTP] or table.hit(Point.HTTP, GET), number=10_000, repeat=5)
    assert min(look) / 10_000 < 5e-6
