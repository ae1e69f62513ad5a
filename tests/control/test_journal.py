"""The journal over HTTP: what is in it, paging, filters, and the long poll."""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from gatepost import Gatepost
from tests.support.client import VcloudClient
from tests.support.control import Answer, ControlClient
from tests.support.house import id_of
from tests.support.tenant import ask
from tests.support.waiting import until

MakeWorld = Callable[..., Gatepost]
Connect = Callable[..., VcloudClient]
Control = Callable[..., ControlClient]


@pytest.fixture
def cloud(make_world: MakeWorld) -> Gatepost:
    """A world that tells no events, whose messages would stand in the journal at their own time."""
    return make_world(clock="manual", settings={"notifications.xml": False, "notifications.json": False})


def look(api: ControlClient, **query: str | float) -> Answer:
    return api.get("/journal", query=query)


def entries(api: ControlClient, **query: str | float) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = look(api, **query).json["entries"]
    return found


# --- what is in it ---------------------------------------------------------------------------------------------------


def test_a_request_and_its_response(cloud: Gatepost, api: ControlClient, connect: Connect) -> None:
    alice = connect(cloud)
    after = api.get("/journal").json["last"]
    reply = alice.get("/api/org?x=y", headers={"X-Mine": "1"})
    asked, answered = entries(api, after=after)
    assert (asked["kind"], asked["direction"], asked["dialect"]) == ("http.request", "in", "vcloud")
    assert (asked["method"], asked["path"], asked["status"]) == ("GET", "/api/org?x=y", None)
    assert (asked["user"], asked["headers"]["x-mine"], asked["body"]) == ("alice@acme", "1", "")
    assert (answered["kind"], answered["direction"]) == ("http.response", "out")
    assert (answered["status"], answered["answers"], answered["user"]) == (200, asked["seq"], "alice@acme")
    assert answered["body"].encode() == reply.body
    assert answered["headers"]["X-VMWARE-VCLOUD-REQUEST-ID"] == reply.headers["x-vmware-vcloud-request-id"]
    assert answered["at"] == asked["at"] == api.get("/clock").json["now"]


def test_refusals_are_witnessed_too(cloud: Gatepost, api: ControlClient, connect: Connect) -> None:
    alice = connect(cloud)
    after = api.get("/journal").json["last"]
    for path in ("/api/nothing", "/api/org/x", "/api/org/%C3%BC"):
        alice.get(path)
    alice.get("/api/org", anonymous=True)
    seen = [(one["path"], one["status"]) for one in entries(api, after=after, kind="http.response")]
    assert seen == [("/api/nothing", 404), ("/api/org/x", 400), ("/api/org/\u00fc", 400), ("/api/org", 401)]


def test_bodies_that_are_no_text(cloud: Gatepost, api: ControlClient, connect: Connect) -> None:
    connect(cloud).post("/api/task/x/action/cancel", b"\xff\x00\xfe")
    bodies = [one.get("body_base64") for one in entries(api, kind="http.request")]
    assert bodies[-1] == "/wD+"


def test_own_traffic_is_not_witnessed(api: ControlClient) -> None:
    for _ in range(3):
        api.get("/info")
    assert entries(api) == []


def test_the_numbers_go_on_after_a_reset(cloud: Gatepost, api: ControlClient, connect: Connect) -> None:
    connect(cloud)
    last = api.get("/journal").json["last"]
    api.post("/reset")
    assert api.get("/journal").json["last"] == last
    connect(cloud)
    assert entries(api)[0]["seq"] == last + 1


def test_messages_without_a_broker_are_witnessed_as_undelivered(
    make_world: MakeWorld, control: Control, connect: Connect
) -> None:
    world = make_world(clock="manual")
    api = control(world)
    alice = connect(world)
    assert look(api, kind="amqp", wait=10).json["entries"]
    _, task = ask(alice, "web-01")
    until(lambda: len(entries(api, kind="amqp.undelivered")) == 10)
    everything = entries(api, kind="amqp.undelivered")
    for exchange in ("systemExchange", "vcd.notifications20"):
        told = [one for one in everything if one["exchange"] == exchange]
        assert [one["routing_key"].partition("event.")[2] for one in told] == [
            "session.login",
            "vapp.create_request",
            "vm.create_request",
            "task.create.vdcInstantiateVapp",
            "blockingtask.create.vdcInstantiateVapp",
        ]
        assert [one["task"] for one in told[3:]] == [id_of(task)] * 2


# --- pages and filters -----------------------------------------------------------------------------------------------


def test_pages_hold_every_entry_once(cloud: Gatepost, api: ControlClient, connect: Connect) -> None:
    alice = connect(cloud)
    for _ in range(10):
        alice.get("/api/org")
    everything = [one["seq"] for one in entries(api)]
    paged: list[int] = []
    after = 0
    while page := look(api, after=after, limit=3).json["entries"]:
        assert len(page) <= 3
        paged += [one["seq"] for one in page]
        after = page[-1]["seq"]
    assert paged == everything == list(range(1, 23))


def test_next_leads_on(cloud: Gatepost, api: ControlClient, connect: Connect) -> None:
    alice = connect(cloud)
    first = look(api, limit=1).json
    assert first["next"] == first["entries"][0]["seq"]
    last = api.get("/journal").json
    assert last["next"] == last["last"]
    alice.get("/api/org")
    assert [one["path"] for one in entries(api, after=last["next"])] == ["/api/org"] * 2
    nothing = look(api, after=api.get("/journal").json["last"]).json
    assert nothing["entries"] == []
    assert nothing["next"] == nothing["last"]


def test_filters(cloud: Gatepost, api: ControlClient, connect: Connect) -> None:
    alice = connect(cloud)
    _, one = ask(alice, "one")
    _, two = ask(alice, "two")
    alice.get(one)
    about = entries(api, task=id_of(one), kind="http.request")
    assert [entry["path"].rpartition("/")[2] for entry in about] == ["instantiateVAppTemplate", id_of(one)]
    assert {entry["task"] for entry in entries(api, task=id_of(two))} == {id_of(two)}
    assert {entry["kind"] for entry in entries(api, kind="http")} == {"http.request", "http.response"}
    assert {entry["kind"] for entry in entries(api, kind="http.response")} == {"http.response"}
    assert {entry["dialect"] for entry in entries(api, dialect="vcloud")} == {"vcloud"}
    for query in ({"dialect": "abiquo"}, {"kind": "htt"}, {"kind": "http."}, {"task": "x"}, {"kind": ""}):
        assert entries(api, **query) == [], query


@pytest.mark.parametrize("name", ["after", "limit", "wait"])
@pytest.mark.parametrize("value", ["-1", "x", "", "nan", "-inf", "1,5", "\u0661x"])
def test_no_number(api: ControlClient, name: str, value: str) -> None:
    answer = look(api, **{name: value})
    assert answer.status == 400
    assert name in answer.error


def test_numbers_that_are_cut_to_size(cloud: Gatepost, api: ControlClient, connect: Connect) -> None:
    connect(cloud)
    assert len(entries(api, limit="1e9")) == 2
    assert len(entries(api, limit="0")) == 1
    assert entries(api, after="1e30") == []


def test_the_ring_counts_what_it_drops(cloud: Gatepost, api: ControlClient, connect: Connect) -> None:
    alice = connect(cloud)
    cloud.journal.bound = 20_000
    for _ in range(40):
        alice.get("/api/org")
    answer = api.get("/journal").json
    assert answer["dropped"] > 0
    assert answer["entries"][0]["seq"] == answer["dropped"] + 1
    assert answer["entries"][-1]["seq"] == answer["last"] == 82


# --- the long poll ---------------------------------------------------------------------------------------------------


class Polls:
    """Long polls that wait, each on its own connection."""

    def __init__(self, world: Gatepost, stack: ExitStack) -> None:
        self._world = world
        self._stack = stack

    def send(self, query: str) -> socket.socket:
        connection = self._stack.enter_context(socket.create_connection(("127.0.0.1", self._world.port), timeout=60))
        connection.sendall(
            f"GET /gatepost/journal?{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        return connection

    def answer(self, connection: socket.socket) -> tuple[int, Any]:
        with connection.makefile("rb") as stream:
            head, _, body = stream.read().partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(body)


def answered(connections: list[socket.socket]) -> list[socket.socket]:
    """Those on which something has come."""
    return select.select(connections, [], [], 0)[0]


@pytest.fixture
def polls(cloud: Gatepost) -> Iterator[Polls]:
    with ExitStack() as stack:
        yield Polls(cloud, stack)


def test_a_long_poll_wakes_with_what_comes(cloud: Gatepost, api: ControlClient, connect: Connect, polls: Polls) -> None:
    alice = connect(cloud)
    last = api.get("/journal").json["last"]
    connection = polls.send(f"after={last}&wait=20&kind=http.response")
    started = time.monotonic()
    alice.get("/api/org")
    status, answer = polls.answer(connection)
    assert time.monotonic() - started < 30
    assert (status, [entry["path"] for entry in answer["entries"]]) == (200, ["/api/org"])


def test_a_long_poll_sleeps_through_what_it_does_not_want(
    cloud: Gatepost, api: ControlClient, connect: Connect, polls: Polls
) -> None:
    alice = connect(cloud)
    connection = polls.send("wait=20&kind=amqp")
    alice.get("/api/org")
    cloud.settings.update({"notifications.xml": True})
    ask(alice, "web-01")
    status, answer = polls.answer(connection)
    assert status == 200
    assert {entry["kind"] for entry in answer["entries"]} == {"amqp.undelivered"}


def test_a_long_poll_comes_to_an_end(api: ControlClient) -> None:
    started = time.monotonic()
    answer = look(api, wait=0.2)
    assert (answer.status, answer.json["entries"]) == (200, [])
    assert time.monotonic() - started >= 0.2


def test_a_long_poll_does_not_wait_when_there_is_something(
    cloud: Gatepost, api: ControlClient, connect: Connect
) -> None:
    connect(cloud)
    started = time.monotonic()
    assert len(entries(api, wait=20)) == 2
    assert time.monotonic() - started < 30


def test_the_cloud_stops_under_a_long_poll(make_world: MakeWorld, control: Control) -> None:
    world = make_world()
    with ExitStack() as stack:
        polls = Polls(world, stack)
        connection = polls.send("wait=50")
        control(world).get("/health")
        started = time.monotonic()
        world.stop()
        assert time.monotonic() - started < 30
        connection.close()


def test_only_so_many_long_polls_wait(cloud: Gatepost, api: ControlClient, connect: Connect, polls: Polls) -> None:
    """They park threads which the cloud's own clients need as well: what is too much is told so at once."""
    connections = [polls.send("wait=50&kind=amqp") for _ in range(70)]
    # A question that waits would take a place itself; that all places are taken shows in who is sent away.
    until(lambda: len(answered(connections)) == 6)
    refused = answered(connections)
    assert {polls.answer(connection)[0] for connection in refused} == {503}
    alice = connect(cloud)  # the cloud goes on serving
    assert look(api, kind="amqp").status == 200  # and so do questions that do not wait
    cloud.settings.update({"notifications.xml": True})
    ask(alice, "web-01")
    waiting = [connection for connection in connections if connection not in refused]
    assert {polls.answer(connection)[0] for connection in waiting} == {200}
    assert look(api, wait=0.01, kind="nothing").status == 200
