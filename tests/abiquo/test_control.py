"""The control API serves this dialect as it serves the other: holds, decisions, operations, reset."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gatepost import Gatepost
from tests.conftest import MakeWorld
from tests.support.abiquo_client import AbiquoClient, Connector, links_of
from tests.support.client import VcloudClient
from tests.support.control import ControlClient


@pytest.fixture
def cloud(make_world: MakeWorld, endpoint: Connector) -> Gatepost:
    """With workflow on from the start, as `--workflow-endpoint` has it."""
    return make_world(clock="manual", workflow_endpoint=endpoint.url)


@pytest.fixture
def api(cloud: Gatepost) -> Iterator[ControlClient]:
    with ControlClient(cloud) as one:
        yield one


def test_what_both_clouds_hold_and_decisions_about_it(
    cloud: Gatepost, api: ControlClient, joe: AbiquoClient, endpoint: Connector
) -> None:
    asked = api.post("/operations", {"operation": "instantiate", "name": "web-1"}).json
    task = api.post("/operations", {"operation": "deploy", "name": "web", "user": "joe"}).json
    assert (asked["dialect"], task["dialect"], task["status"]) == ("vcloud", "abiquo", "QUEUEING")
    held = api.get("/holds").json
    assert [(hold["dialect"], hold["operation"]) for hold in held["holds"]] == [
        ("vcloud", "vdcInstantiateVapp"),
        ("abiquo", "DEPLOY"),
    ]
    hold = held["holds"][1]
    assert (held["count"], hold["deadline"], hold["user"], hold["org"]) == (2, None, "joe@acme", "acme")
    assert hold["owner"]["name"] == task["owner"]["name"] == "web" == cloud.holds[1].name  # as operations name it
    path = f"/holds/{hold['id']}/decision"
    assert "abort" in api.post(path, {"decision": "fail"}).error
    assert api.post(path, {"decision": "resume", "message": "fine"}).json["applied"]
    assert api.post(path, {"decision": "resume"}).status == 409
    cloud.clock.advance(5)
    done = api.get(f"/operations/{task['task']}").json
    assert (done["status"], done["success"], done["hold"]) == ("FINISHED_SUCCESSFULLY", True, None)
    assert joe.state(done["href"]) == "FINISHED_SUCCESSFULLY"
    [event] = joe.get("events?has=DEPLOY_CONTINUE").json["collection"]
    assert (event["user"], "fine" in event["message"]) == ("SYSTEM", True)


def test_operations_that_cannot_be(api: ControlClient) -> None:
    for body, status, text in (
        ({"operation": "deploy", "name": "web", "user": "nobody"}, 400, "name@organization"),
        ({"operation": "dance", "name": "web", "user": "joe"}, 400, "there are deploy"),
        ({"operation": "deploy", "name": "none", "user": "joe"}, 404, "machine or appliance"),
        ({"operation": "deploy", "name": "db", "user": "joe"}, 400, "already deployed"),
        ({"operation": "undeploy", "name": "web", "user": "joe"}, 400, "not deployed"),
        ({"operation": "reset", "name": "shop", "user": "joe"}, 400, "appliance"),
        ({"operation": "deploy", "name": "web", "user": "admin"}, 404, "machine or appliance"),
    ):
        answer = api.post("/operations", body)
        assert (answer.status, text in answer.error) == (status, True), answer


def test_a_whole_appliance_and_a_reset(cloud: Gatepost, api: ControlClient, endpoint: Connector) -> None:
    tasks = api.post("/operations", {"operation": "undeploy", "name": "shop", "user": "joe"}).json["tasks"]
    assert len(tasks) == len(endpoint.take().tasks) == 1
    kinds = [entry["kind"] for entry in api.get("/journal", query={"kind": "webhook"}).json["entries"]]
    assert kinds == ["webhook.request", "webhook.response"]
    assert api.post("/reset").status == 200
    assert api.get("/holds").json["count"] == 0
    assert api.get(f"/operations/{tasks[0]}").status == 404
    with AbiquoClient(cloud) as joe:
        assert joe.machine("db")["state"] == "OFF"
        assert joe.deploy("web")
    assert len(endpoint.take(2).tasks) == 1


def test_the_two_clouds_share_a_clock_and_nothing_else(cloud: Gatepost, api: ControlClient, joe: AbiquoClient) -> None:
    """A reset of the one's timers would be the other's too; a user of the one is nobody in the other."""
    cloud.settings.update({"blockingTask.list": "active"})
    asked = api.post("/operations", {"operation": "instantiate", "name": "web-1"}).json
    task = joe.deploy()
    cloud.clock.advance(6 * 86_400)  # vCloud's holds time out after five days; Abiquo's wait for ever
    assert api.get(f"/operations/{asked['task']}").json["status"] == "aborted"
    assert joe.state(task) == "QUEUEING"
    with VcloudClient(cloud.url) as client:
        assert client.login_request("joe@acme", "gatepost", "5.5").status == 401
    with AbiquoClient(cloud, "alice") as alice:
        assert alice.get("login").status == 401
    assert links_of(joe.get(task).json)["self"] == task


def test_a_connector_that_fails_is_no_failure_of_ours(make_world: MakeWorld) -> None:
    with ControlClient(make_world(workflow_endpoint="http://127.0.0.1:1/")) as api:
        answer = api.post("/operations", {"operation": "deploy", "name": "web", "user": "joe"})
    assert (answer.status, answer.error.partition(":")[0]) == (424, "WKF-01")
