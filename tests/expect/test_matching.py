"""What a condition fits and what it does not, and what can be said once the ring has dropped entries."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from gatepost import Gatepost
from gatepost.core.journal import Entry, Journal
from gatepost.expect import Like, NotSeen


def entry(path: str = "/api/x", kind: str = "http.request", **more: Any) -> Entry:
    """One that needs no client: what the check sees is the journal's alone."""
    given: dict[str, Any] = {"kind": kind, "direction": "in", "dialect": "vcloud", "at": 0.0, "method": "GET"}
    return Entry(**{**given, "path": path, **more})


def missed(cloud: Gatepost, **fields: Any) -> NotSeen:
    with pytest.raises(NotSeen) as caught:
        cloud.expect(within=0, **fields)
    return caught.value


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({"path": "/api/task/7"}, True),
        ({"path": "/api/task/7?page=1"}, True),
        ({"path": "/api/task/?"}, True),
        ({"path": "/api/*"}, True),
        ({"path": "/api"}, False),
        ({"path": "/api/task/[7]"}, False),
        ({"path": "/API/*"}, False),
        ({"kind": "http"}, True),
        ({"kind": "htt"}, False),
        ({"kind": "*.request"}, True),
        ({"status": 204}, True),
        ({"status": 200}, False),
        ({"headers": {"retry-AFTER": "?"}}, True),
        ({"headers": {"accept": "*"}}, False),
        ({"body": "[1, 2]"}, True),
        ({"body": "{*}"}, True),
        ({"body": "[2, 1]"}, False),
        ({"exchange": "*"}, False),
        ({"user": "*"}, False),
        ({"note": "*"}, False),
        ({"fault": 3}, True),
        ({"dialect": "abiquo"}, False),
    ],
)
def test_what_fits(cloud: Gatepost, fields: dict[str, Any], fits: bool) -> None:
    one = entry("/api/task/7?page=1", status=204, headers={"Retry-After": "5"}, body=b'{"ids": [1, 2]}', fault=3)
    cloud.journal.add(one)
    if fits:
        assert cloud.expect(within=0, **fields) == [one]
    else:
        [near] = missed(cloud, **fields).outcome.nearest
        assert (near.entry, len(near.differs)) == (one, 1)


def test_a_message_has_an_exchange_and_a_routing_key_and_no_path(cloud: Gatepost) -> None:
    one = cloud.journal.add(entry("a.b.c", "amqp.publish", method="systemExchange"))
    assert cloud.expect(within=0, exchange="system*", routing_key="*.b.*") == [one]
    assert missed(cloud, path="a.b.c").outcome.nearest[0].differs["path"].seen is None


def test_what_only_came_too_early_is_nearest(cloud: Gatepost) -> None:
    early = cloud.journal.add(entry("/api/org"))
    last = cloud.journal.add(entry("/api/orgs")).seq
    [nearest, *_] = missed(cloud, path="/api/org", after=last).outcome.nearest
    assert nearest.entry is early
    assert {name: (one.wanted, one.seen) for name, one in nearest.differs.items()} == {"seq": (f"behind {last}", 1)}
    with pytest.raises(NotSeen) as caught:
        cloud.expect(Like(path="/api/orgs"), Like(path="/api/org"), within=0)
    assert caught.value.outcome.nearest[0].entry is early


def test_what_the_ring_has_dropped_cannot_be_counted(cloud: Gatepost) -> None:
    cloud.journal.bound = 10_000
    for _ in range(40):
        cloud.journal.add(entry())
    first = cloud.journal.first
    assert first > 1
    error = missed(cloud, path="/api/none", at_most=0)
    assert "cannot be told" in str(error)
    assert error.outcome.lost == first - 1
    assert cloud.expect(path="/api/none", at_most=0, after=first - 1, within=0) == []
    assert cloud.expect(path="/api/x", within=0)[0].seq == first  # what is there is found all the same
    assert f"dropped {first - 1} entries" in str(missed(cloud, path="/api/none"))


def test_a_reset_drops_nothing(cloud: Gatepost) -> None:
    cloud.journal.add(entry())
    cloud.reset()
    assert cloud.expect(path="/api/x", at_most=0, within=0) == []


def test_what_never_pauses_does_not_keep_a_wait_from_ending() -> None:
    """The time is over although something else comes all the time."""
    journal = Journal(lambda: 0.0)
    ended = threading.Event()

    def chatter() -> None:
        while not ended.is_set():
            journal.add(entry())

    chattering = threading.Thread(target=chatter)
    chattering.start()
    began = time.monotonic()
    try:
        assert journal.find(0, lambda one: one.path == "/api/none", 1, wait=0.1) == []
    finally:
        ended.set()
        chattering.join()
    assert time.monotonic() - began < 30


def test_a_full_journal_is_searched_in_bounded_steps(cloud: Gatepost) -> None:
    """The nearest are sought among the newest, so that a failure does not cost more than the search itself."""
    journal = cloud.journal
    for number in range(11_000):
        journal.add(entry(f"/api/task/{number}"))
    nearest = missed(cloud, path="/api/tusk/9").outcome.nearest
    assert [one.entry.seq > 1_000 for one in nearest] == [True] * 3
