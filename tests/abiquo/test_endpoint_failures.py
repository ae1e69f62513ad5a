"""Endpoints that fail, and connectors that decide before they do, in every order.

What was decided stays decided; what was not goes back to what it was, and nothing stays held or locked.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from gatepost import Gatepost
from tests.support.abiquo_client import AbiquoClient, Connector, Message, connector, links_of, switch_on
from tests.support.waiting import until

FAST = {"abiquo.webhook_read_timeout": 0.25, "abiquo.webhook_connect_timeout": 0.25}
WKF = (500, "WKF-01")

Serve = Callable[[Callable[[Message], int | None]], Connector]


@pytest.fixture
def serve(cloud: Gatepost) -> Iterator[Serve]:
    """Start a connector with this way to answer, and switch workflow on for it."""
    with ExitStack() as stack:

        def start(answer: Callable[[Message], int | None]) -> Connector:
            made = stack.enter_context(connector(lambda one, message: answer(message)))
            switch_on(cloud, made.url + "/hook")
            return made

        yield start


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """Ends the wait of connectors that hang."""
    event = threading.Event()
    yield event
    event.set()


def endings(released: threading.Event) -> dict[str, Callable[[], int | None]]:
    """How a connector answers after it has decided, or not."""

    def hang() -> int:
        released.wait(60)
        return 204

    return {"500": lambda: 500, "404": lambda: 404, "redirect": lambda: 302, "drops": lambda: None, "hangs": hang}


@pytest.mark.parametrize("ending", ["500", "404", "redirect", "drops", "hangs"])
@pytest.mark.parametrize("decision", ["continue", "cancel", None])
def test_a_decision_inside_the_handler_outlives_its_failure(
    cloud: Gatepost,
    serve: Serve,
    released: threading.Event,
    joe: AbiquoClient,
    approver: AbiquoClient,
    decision: str | None,
    ending: str,
) -> None:
    if ending == "hangs":  # a busy machine needs some time for the decision before it
        cloud.settings.update({"abiquo.webhook_read_timeout": 0.25 if decision is None else 1.5})
    end = endings(released)[ending]

    def answer(message: Message) -> int | None:
        if decision is not None:
            assert approver.post(f"{approver.root}/{links_of(message.json)[decision]}").status == 204
        return end()

    made = serve(answer)
    machine = joe.machine()
    asked = joe.post(links_of(machine)["deploy"], may_fail=True)
    task = f"{joe.root}/{links_of(made.take().json)['self']}"
    if decision is None:
        assert asked.refusal == WKF
        assert joe.get(task).refusal == (404, "TASK-1")
        assert joe.machine()["state"] == "NOT_ALLOCATED"
    else:
        assert (asked.status, asked.links()["status"]) == (202, task)
        cloud.clock.advance(5)
        expected = {"continue": ("FINISHED_SUCCESSFULLY", "ON"), "cancel": ("CANCELLED", "NOT_ALLOCATED")}
        assert (joe.state(task), joe.machine()["state"]) == expected[decision]
    assert approver_sees_nothing(cloud)
    assert [event["severity"] for event in joe.get("events?has=WORKFLOW_DEPLOY_SEND").json["collection"]] == [
        "ERROR",
        "INFO",
    ]
    assert len(made.messages) == 1, "no retry, and no redirect followed"


def approver_sees_nothing(cloud: Gatepost) -> bool:
    with AbiquoClient(cloud, "manager") as manager:
        return manager.pending() == [] and len(cloud.abiquo.world.holds) == 0


def test_of_a_batch_only_what_was_not_decided_goes_back(
    cloud: Gatepost, serve: Serve, joe: AbiquoClient, approver: AbiquoClient
) -> None:
    def answer(message: Message) -> int:
        approver.post(f"{approver.root}/{links_of(message.tasks[0])['continue']}")
        return 500

    appliance = links_of(joe.machine())["virtualappliance"]
    joe.post(f"{appliance}/virtualmachines", {"label": "third"}, kind="virtualmachine")
    made = serve(answer)
    accepted = joe.post(f"{appliance}/action/deploy")
    assert (accepted.status, len(accepted.json["links"])) == (202, 1)
    cloud.clock.advance(5)
    assert joe.state(accepted.links()["status"]) == "FINISHED_SUCCESSFULLY"
    assert [joe.machine(label)["state"] for label in ("web", "third")] == ["ON", "NOT_ALLOCATED"]
    gone = f"{joe.root}/{links_of(made.messages[0].tasks[1])['self']}"
    assert joe.get(gone).refusal == (404, "TASK-1")
    assert approver_sees_nothing(cloud)


@pytest.mark.parametrize(
    "url", ["", "ftp://127.0.0.1/", "http://", "http://[::1", "nonsense", "http://127.0.0.1:99999/"]
)
def test_an_endpoint_that_is_none(cloud: Gatepost, joe: AbiquoClient, url: str) -> None:
    """Enabling without an endpoint makes requests fail."""
    switch_on(cloud, url)
    assert joe.post(links_of(joe.machine())["deploy"], may_fail=True).refusal == WKF
    assert joe.machine()["state"] == "NOT_ALLOCATED"


def test_a_port_on_which_nobody_listens_or_accepts(cloud: Gatepost, joe: AbiquoClient) -> None:
    cloud.settings.update({**FAST, "abiquo.webhook_fail_status": 503})
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        switch_on(cloud, f"http://127.0.0.1:{port}/")
        # It accepts in the kernel, and answers never.
        assert joe.post(links_of(joe.machine())["deploy"], may_fail=True).refusal == (503, "WKF-01")
    assert joe.post(links_of(joe.machine())["deploy"], may_fail=True).refusal == (503, "WKF-01")
    assert joe.machine()["state"] == "NOT_ALLOCATED"


def test_a_decision_after_the_time_out_comes_too_late(
    cloud: Gatepost, serve: Serve, released: threading.Event, joe: AbiquoClient, approver: AbiquoClient
) -> None:
    cloud.settings.update(FAST)
    made = serve(lambda message: 204 if released.wait(60) else 500)
    assert joe.post(links_of(joe.machine())["deploy"], may_fail=True).refusal == WKF
    late = approver.post(f"{approver.root}/{links_of(made.take().json)['continue']}")
    assert late.refusal == (404, "TASK-1")
    [event] = joe.get("events?has=FIND").json["collection"]
    assert (event["entity"], event["errorCode"]) == ("TASK", "TASK-1")
    assert joe.machine()["state"] == "NOT_ALLOCATED"


def test_the_cloud_serves_while_the_connector_thinks(
    cloud: Gatepost, serve: Serve, released: threading.Event, joe: AbiquoClient, approver: AbiquoClient
) -> None:
    made = serve(lambda message: 204 if released.wait(60) else 500)
    deploy = links_of(joe.machine())["deploy"]
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(joe.post, deploy)
        task = f"{approver.root}/{links_of(made.take().json)['self']}"
        assert approver.state(task) == "QUEUEING"
        with AbiquoClient(cloud, "manager") as manager:
            assert manager.post(deploy).refusal == (409, "VM-7")
        assert approver.post(f"{task}/action/continue").status == 204
        cloud.clock.advance(5)
        assert approver.state(task) == "FINISHED_SUCCESSFULLY"
        assert not asked.done()
        released.set()
        assert asked.result().status == 202


def test_an_answer_that_trickles_or_never_ends(cloud: Gatepost, joe: AbiquoClient) -> None:
    cloud.settings.update(FAST)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        switch_on(cloud, f"http://127.0.0.1:{listener.getsockname()[1]}/")

        def trickle() -> None:
            client, _ = listener.accept()
            with client:
                client.sendall(b"HTTP/1.1 200 OK\r\nX-More: ")
                try:
                    while True:
                        client.sendall(b"x")
                        client.settimeout(0.02)
                        try:
                            if not client.recv(65536):
                                return
                        except TimeoutError:
                            pass
                except OSError:
                    return

        with ThreadPoolExecutor() as pool:
            done = pool.submit(trickle)
            assert joe.post(links_of(joe.machine())["deploy"], may_fail=True).refusal == WKF
            done.result(60)


def test_in_asynchronous_mode_the_user_does_not_wait(
    cloud: Gatepost, serve: Serve, released: threading.Event, joe: AbiquoClient, approver: AbiquoClient
) -> None:
    cloud.settings.update({"abiquo.webhook_mode": "async"})
    statuses = iter((204, 500))
    serve(lambda message: next(statuses) if released.wait(60) else 500)
    good = joe.deploy()
    assert joe.state(good) == "QUEUEING"
    released.set()
    approver.post(f"{good}/action/continue")
    cloud.clock.advance(5)
    assert joe.state(good) == "FINISHED_SUCCESSFULLY"
    bad = joe.post(links_of(joe.machine())["undeploy"]).links()["status"]
    until(lambda: joe.state(bad) == "ABORTED")
    assert joe.machine()["state"] == "ON"
    assert approver_sees_nothing(cloud)


def test_two_deciders_and_a_failure_at_once(
    cloud: Gatepost, serve: Serve, joe: AbiquoClient, approver: AbiquoClient
) -> None:
    """Whoever wins, exactly one ends it, and everybody is told the same."""
    barrier = threading.Barrier(3)

    def answer(message: Message) -> int:
        barrier.wait(60)
        return 500

    made = serve(answer)
    machine = links_of(joe.machine())

    def decide(number: int, verb: str) -> int:
        with AbiquoClient(cloud, "connector") as client:
            path = links_of(made.take(number).json)[verb]
            barrier.wait(60)
            return client.post(f"{client.root}/{path}").status

    for number in range(1, 9):
        with ThreadPoolExecutor() as pool:
            deciders = [pool.submit(decide, number, verb) for verb in ("continue", "cancel")]
            asked = pool.submit(joe.post, machine["deploy"], may_fail=True)
            decided = [one.result() for one in deciders]
            status = asked.result().status
        cloud.clock.advance(5)
        assert decided.count(204) <= 1
        assert (status == 202) is (204 in decided), (status, decided)
        on = joe.machine()["state"] == "ON"
        assert on is (decided[0] == 204)
        if on:
            cloud.settings.update({"abiquo.webhook_mode": "async"})
            switch_off(cloud)
            joe.post(machine["undeploy"])
            cloud.clock.advance(5)
            cloud.settings.update({"abiquo.webhook_mode": "sync"})
            switch_on(cloud, made.url)
    assert approver_sees_nothing(cloud)


def switch_off(cloud: Gatepost) -> None:
    with AbiquoClient(cloud, "admin") as admin:
        admin.post("config/properties", {"name": "client.main.workflowEnabled", "value": "0"}, kind="systemproperty")


def test_a_reset_in_the_middle_leaves_nothing(
    cloud: Gatepost, serve: Serve, released: threading.Event, joe: AbiquoClient
) -> None:
    made = serve(lambda message: 204 if released.wait(60) else 500)
    deploy = links_of(joe.machine())["deploy"]
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(joe.post, deploy, may_fail=True)
        made.take()
        cloud.reset()
        assert joe.machine()["state"] == "NOT_ALLOCATED"
        released.set()
        assert asked.result().status in (202, 500)
    assert joe.machine()["state"] == "NOT_ALLOCATED"
    assert joe.state(joe.deploy()) == "PENDING"
