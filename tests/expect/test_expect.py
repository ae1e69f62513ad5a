"""Waiting checks, in Python and over the control API."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from gatepost import Gatepost
from gatepost.core.effects import HttpDelay
from gatepost.core.faults import Match
from gatepost.core.journal import Entry, Journal
from gatepost.expect import InvalidLike, Like, NotSeen, expect, parse_like
from tests.support.client import VcloudClient

MakeWorld = Callable[..., Gatepost]
Connect = Callable[..., VcloudClient]


@pytest.fixture
def cloud(make_world: MakeWorld) -> Gatepost:
    return make_world(broker=None)


def look(cloud: Gatepost, method: str = "GET", **options: Any) -> httpx.Response:
    return httpx.request(method, f"{cloud.url}/gatepost/expect", timeout=60, trust_env=False, **options)


def test_what_is_there_is_found_at_once(cloud: Gatepost) -> None:
    request = cloud.request("instantiate", name="web")
    [told, *_] = cloud.expect(kind="amqp.undelivered", routing_key="*.blockingtask.create.*", exchange="systemExchange")
    assert told.task == request.task


def test_what_comes_later_is_waited_for(cloud: Gatepost, connect: Connect) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(cloud.expect, kind="http.response", path="/api/org", status=200, within=60)
        connect(cloud).get("/api/org")
        [entry] = waiting.result(60)
    assert entry.user == "alice@acme"


def test_user_and_task_of_a_request_count_although_they_are_known_only_later(cloud: Gatepost, connect: Connect) -> None:
    alice = connect(cloud)
    cloud.faults.add(HttpDelay(seconds=0.3), Match(path="/api/org"))
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(alice.get, "/api/org")
        [entry] = cloud.expect(kind="http.request", path="/api/org", user="alice@acme", within=60)
        assert asked.result(60).status == 200
    assert entry.user == "alice@acme"


def test_several_in_order(cloud: Gatepost) -> None:
    cloud.request("instantiate", name="web").hold.resume()
    created, resumed = Like(routing_key="*blockingtask.create*"), Like(routing_key="*blockingtask.resume*")
    first, second = cloud.expect(created, resumed)
    assert first.seq < second.seq
    with pytest.raises(NotSeen, match=r"expected one like routing_key=\*blockingtask.create\* behind #\d+, 2 of 2"):
        cloud.expect(resumed, created, within=0)


def test_so_many(cloud: Gatepost) -> None:
    for number in range(3):
        cloud.request("instantiate", name=f"web-{number}")
    like = Like(routing_key="*blockingtask.create*", exchange="systemExchange")
    assert len(cloud.expect(like, at_least=3)) == 3
    assert len(cloud.expect(like, at_least=3, at_most=3, within=0.01)) == 3
    with pytest.raises(NotSeen, match=r"expected 4 like .*, and there are 3"):
        cloud.expect(like, at_least=4, within=0.01)
    with pytest.raises(NotSeen, match=r"expected at most 2 like .*, and there are 3"):
        cloud.expect(like, at_most=2, within=60)
    assert cloud.expect(like, after=cloud.journal.last, at_most=0, within=0.01) == []


def test_the_nearest_and_how_they_differ(cloud: Gatepost, connect: Connect) -> None:
    connect(cloud).get("/api/org")
    with pytest.raises(NotSeen) as caught:
        cloud.expect(kind="http.response", path="/api/org", status=403, within=0)
    [nearest, *others] = caught.value.outcome.nearest
    assert len(others) == 2
    assert nearest.entry.path == "/api/org"
    assert {name: (one.wanted, one.seen) for name, one in nearest.differs.items()} == {"status": (403, 200)}
    assert "status is 200, not 403" in str(caught.value)


def test_the_nearest_is_the_most_similar(cloud: Gatepost) -> None:
    cloud.request("instantiate", name="web").hold.resume()
    cloud.expect(routing_key="*.task.complete.*")
    with pytest.raises(NotSeen) as caught:
        cloud.expect(routing_key="*.blockingtask.abort.*", within=0)
    assert "blockingtask" in caught.value.outcome.nearest[0].entry.path


def test_it_ends_with_the_cloud(make_world: MakeWorld) -> None:
    cloud = make_world(broker=None)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(cloud.expect, kind="never", within=600)
        began = time.monotonic()
        cloud.stop()
        with pytest.raises(NotSeen):
            waiting.result(60)
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "name at least one field"),
        ({"knd": "x"}, "knd: .*; there are kind, direction"),
        ({"status": "many"}, "status: "),
        ({"kind": ""}, "kind: "),
        ({"headers": 3}, "headers: "),
        (3, "valid dictionary"),
    ],
)
def test_conditions_that_are_none(fields: Any, problem: str) -> None:
    with pytest.raises(InvalidLike, match=problem):
        parse_like(fields)


def test_headers_are_found_whatever_their_case() -> None:
    journal = Journal(lambda: 0.0)
    journal.add(Entry("http.request", "in", "vcloud", 0.0, headers={"X-Thing": "one"}, body="größer".encode()))
    assert expect(journal, [parse_like({"header.x-thing": "o*"})]).found
    assert expect(journal, [parse_like({"body": "röß"})]).found
    assert not expect(journal, [parse_like({"header.x-other": "o*"})]).found


# --- over the control API --------------------------------------------------------------------------------------------


def test_over_http(cloud: Gatepost) -> None:
    cloud.request("instantiate", name="web")
    found = look(cloud, params={"routing_key": "*blockingtask.create*", "at_least": 1})
    assert (found.status_code, found.json()["found"]) == (200, True)
    assert found.json()["entries"][0]["routing_key"].endswith("blockingtask.create.vdcInstantiateVapp")
    missed = look(cloud, params={"routing_key": "*blockingtask.abort*", "within": 0.01})
    answer = missed.json()
    assert (missed.status_code, answer["found"], len(answer["nearest"])) == (404, False, 3)
    assert answer["nearest"][0]["differs"]["routing_key"]["wanted"] == "*blockingtask.abort*"
    both = [{"routing_key": "*task.create*"}, {"routing_key": "*blockingtask.create*"}]
    assert look(cloud, "POST", json={"entries": both}).json()["found"] is True


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({}, "name at least one field"),
        ({"kind": "x", "within": "soon"}, "within: "),
        ({"kind": "x", "knid": "y"}, "knid: "),
        ({"kind": "x", "at_most": 1, "at_least": 2}, "at_most: must not be less than at_least"),
        ({"kind": ["x", "y"]}, "kind: give it once"),
    ],
)
def test_queries_that_are_refused(cloud: Gatepost, query: dict[str, Any], problem: str) -> None:
    answer = look(cloud, params=query)
    assert (answer.status_code, problem in answer.json()["error"]) == (400, True), answer.text


def test_several_are_for_one_each(cloud: Gatepost) -> None:
    answer = look(cloud, "POST", json={"entries": [{"kind": "x"}, {"kind": "y"}], "at_least": 2})
    assert (answer.status_code, "one entry each" in answer.json()["error"]) == (400, True)
