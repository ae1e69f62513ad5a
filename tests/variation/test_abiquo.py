"""The Abiquo dialect varied: what its connector is told, and what its clients read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gatepost import Gatepost
from gatepost.messaging.webhook import Webhook
from gatepost.variation import Kind, Variation
from tests.conftest import MakeWorld
from tests.support import normal
from tests.support.abiquo_client import AbiquoClient, Connector, Message, connector, links_of, switch_on
from tests.variation.conftest import EVERYTHING

RELATIONS = {"self", "parent", "cancel", "continue", "target", "user"}


@contextmanager
def review(cloud: Gatepost) -> Iterator[Connector]:
    """Workflow is on; joe has asked for a deploy and for that of a whole appliance."""
    with connector() as endpoint, AbiquoClient(cloud, "joe") as joe:
        kinds = cloud.variation
        cloud.vary(False)
        switch_on(cloud, endpoint.url)
        cloud.vary(kinds)
        joe.deploy()
        endpoint.take()
        yield endpoint


def reviewed(make_world: MakeWorld, *kinds: str, **options: Any) -> Message:
    cloud = make_world(clock="manual", vary=kinds, **options)
    with review(cloud) as endpoint:
        return endpoint.take()


def jobs_of(task: dict[str, Any]) -> list[dict[str, Any]]:
    found = task["jobs"]["collection"]
    assert isinstance(found, list)
    return found


LOOKS: dict[str, Callable[[Message], object]] = {
    "links": lambda message: set(links_of(message.json)),
    "elements": lambda message: set(message.json),
    "jobs": lambda message: len(jobs_of(message.json)),
    "timestamps": lambda message: message.json["timestamp"] == 0,
    "ids": lambda message: jobs_of(message.json)[0]["id"].count("-"),
    "headers": lambda message: set(message.headers),
    "encoding": lambda message: b"\\/" in message.body,
}


@pytest.mark.parametrize("kind", LOOKS)
def test_each_kind_does_what_it_says_and_nothing_else(make_world: MakeWorld, kind: str) -> None:
    before, after = reviewed(make_world), reviewed(make_world, kind)
    assert {name for name, look in LOOKS.items() if look(before) != look(after)} == {kind}


def test_times_are_zero_everywhere_in_a_message(make_world: MakeWorld) -> None:
    task = reviewed(make_world, "timestamps").json
    times = [one[name] for one in (task, *jobs_of(task)) for name in ("timestamp", "creationTimestamp")]
    assert times == [0] * 8


@pytest.mark.parametrize("format", ["json", "xml"])
def test_a_message_with_everything(make_world: MakeWorld, format: str) -> None:
    """In both formats: what the connectors need is there, and the API knows the tasks and their jobs by these ids."""
    cloud = make_world(clock="manual", vary=True, settings={"abiquo.webhook_format": format})
    with review(cloud) as endpoint, AbiquoClient(cloud, "connector") as approver:
        message = endpoint.take()
        if format == "xml":
            root = etree.fromstring(message.body)
            links = {link.get("rel", ""): link.get("href", "") for link in root.findall("link")}
            ids = [element.text for element in root.findall("jobs/job/id")]
            times = {element.text for element in root.iter("timestamp")}
            assert (root.tag, root.findtext("state"), root[0].tag) == ("task", "QUEUEING", "link")
        else:
            task = message.json
            links, ids = links_of(task), [job["id"] for job in jobs_of(task)]
            times = {str(one["timestamp"]) for one in (task, *jobs_of(task))}
            assert task["state"] == "QUEUEING"
        assert links.keys() > RELATIONS
        assert not [href for href in links.values() if href.startswith(("/", "http"))]
        assert times == {"0"}
        assert len(ids) > 3
        assert len(ids) == len(set(ids))
        shown = approver.get(links["self"])
        assert [job["id"] for job in jobs_of(shown.json)] == ids
        assert shown.json["timestamp"] > 0
        word = approver.post(links["continue"], "yes", headers={"Content-Type": "text/plain"})
        assert word.status == 204


def test_the_further_jobs_end_with_the_task(make_world: MakeWorld) -> None:
    cloud = make_world(clock="manual", vary=["jobs"])
    with AbiquoClient(cloud, "joe") as joe:
        task = joe.deploy()
        assert {job["state"] for job in jobs_of(joe.get(task).json)} == {"PENDING"}
        cloud.clock.advance(5)
        jobs = jobs_of(joe.get(task).json)
    assert len(jobs) > 3
    assert {job["state"] for job in jobs} == {"DONE"}


@pytest.mark.parametrize("accept", ["json", "xml"])
def test_its_clients_read_no_attribute_that_is_not_in_the_reference(make_world: MakeWorld, accept: str) -> None:
    cloud = make_world(clock="manual")
    with AbiquoClient(cloud, "joe") as joe:
        task = joe.deploy()
        paths, wanted = ("login", "cloud/virtualmachines", "cloud/virtualdatacenters", task), f"application/{accept}"
        before = [joe.get(path, accept=wanted).body for path in paths]
        cloud.vary(EVERYTHING - {Kind.JOBS, Kind.IDS, Kind.ROOTS, Kind.CASE})
        after = [joe.get(path, accept=wanted).body for path in paths]
    for one, other in zip(before, after, strict=True):
        assert other != one
        if accept == "json":
            assert normal.abiquo(other) == normal.abiquo(one)
        else:
            assert normal.xml(other) == normal.xml(one)


def test_what_was_read_can_be_sent_back(make_world: MakeWorld) -> None:
    """As clients do that flip a switch in a document (reference, section 3.2)."""
    cloud = make_world(vary=True)
    with AbiquoClient(cloud, "admin") as admin:
        [acme] = admin.get("admin/enterprises?has=acme").json["collection"]
        assert len(acme["links"]) > len(normal.abiquo(json.dumps(acme).encode())["links"])
        changed = admin.put(links_of(acme)["edit"], {**acme, "workflow": True}, kind="enterprise")
        assert (changed.status, changed.json["workflow"]) == (200, True)


def test_empty_lists_stay_empty(make_world: MakeWorld) -> None:
    cloud = make_world(vary=True)
    with AbiquoClient(cloud, "manager") as manager:
        [acme] = manager.get("admin/enterprises?has=acme").json["collection"]
        listed = manager.get(f"{links_of(acme)['edit']}/action/pendingtasks?has=nobody").json
    assert listed == {"totalSize": 0, "links": [], "collection": []}


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**40), kinds=st.frozensets(st.sampled_from(Kind)), timestamp=st.integers(1, 2**31))
def test_the_same_seed_tells_the_same(seed: int, kinds: frozenset[Kind], timestamp: int) -> None:
    link = {"rel": "continue", "href": "cloud/virtualdatacenters/4/action/continue", "title": "häß"}
    told = {"taskId": "t", "timestamp": timestamp, "jobs": {"links": [], "collection": []}, "links": [link]}
    webhook = Webhook("", "abiquo", {"Content-Type": "a+json"}, json.dumps(told).encode(), None, 1.0, 1.0)

    def vary() -> list[Webhook]:
        variation = Variation(seed)
        variation.choose(kinds)
        return [variation.webhook(webhook) for _ in range(3)]

    assert vary() == vary()
    for one in vary():
        shown = json.loads(one.body)
        assert link in shown["links"]
        assert shown["timestamp"] == (0 if Kind.TIMESTAMPS in kinds else timestamp)
