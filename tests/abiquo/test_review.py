"""Requests that a connector reviews: what it is told, what it may decide, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from gatepost import Gatepost
from tests.abiquo.conftest import Users
from tests.support.abiquo_client import VENDOR, AbiquoClient, Connector, links_of

STEP = 0.2


def finish(cloud: Gatepost) -> None:
    cloud.clock.advance(5)


def on_root(client: AbiquoClient, message: dict[str, Any], rel: str) -> str:
    """As connectors do: the API's base, a slash, and the link of the message."""
    return f"{client.root}/{links_of(message)[rel]}"


def test_a_deploy_that_is_approved(
    cloud: Gatepost, joe: AbiquoClient, approver: AbiquoClient, reviewed: Connector
) -> None:
    machine = joe.machine()
    task = joe.deploy()
    message = reviewed.take()
    [told] = message.tasks
    assert message.path == "/hook?who=me"
    assert message.headers["content-type"] == f"{VENDOR}task+json; version=6.1"
    assert "transfer-encoding" not in message.headers
    assert "authorization" not in message.headers
    path = f"{links_of(machine)['edit'].removeprefix(joe.root + '/')}"
    here = f"{path}/tasks/{told['taskId']}"
    user = links_of(joe.get("login").json)["edit"].removeprefix(joe.root + "/")
    assert links_of(told) == {
        "self": here,
        "parent": path,
        "cancel": f"{here}/action/cancel",
        "continue": f"{here}/action/continue",
        "target": path,
        "user": user,
    }
    assert (told["state"], told["type"], told["ownerId"]) == ("QUEUEING", "DEPLOY", str(machine["id"]))
    assert [job["type"] for job in told["jobs"]["collection"]] == ["SCHEDULE", "CONFIGURE", "POWER_ON"]
    assert (joe.state(task), joe.machine()["state"]) == ("QUEUEING", "LOCKED")
    decided = approver.post(
        on_root(approver, told, "continue"), "approved by ops", headers={"Content-Type": "text/plain"}
    )
    assert decided.status == 204
    seen = [joe.get(task).json]
    while seen[-1]["state"] not in ("FINISHED_SUCCESSFULLY", "FINISHED_UNSUCCESSFULLY"):
        cloud.clock.advance(STEP)
        seen.append(joe.get(task).json)
    assert [(one["state"], [job["state"] for job in one["jobs"]["collection"]]) for one in seen] == [
        ("PENDING", ["PENDING", "PENDING", "PENDING"]),
        ("STARTED", ["STARTED", "PENDING", "PENDING"]),
        ("STARTED", ["DONE", "STARTED", "PENDING"]),
        ("STARTED", ["DONE", "DONE", "STARTED"]),
        ("FINISHED_SUCCESSFULLY", ["DONE", "DONE", "DONE"]),
    ]
    assert joe.machine()["state"] == "ON"
    assert "continue" not in links_of(seen[0])
    events = approver.get("events?has=DEPLOY").json["collection"]
    assert [(event["action"], event["severity"]) for event in events] == [
        ("DEPLOY_CONTINUE", "INFO"),
        ("WORKFLOW_DEPLOY_SEND", "INFO"),
    ]
    assert "approved by ops" in events[0]["message"]


def test_a_cancelled_deploy_leaves_the_machine_as_it_was(
    cloud: Gatepost, joe: AbiquoClient, reviewed: Connector
) -> None:
    """By its own user, who needs no privilege of review for that."""
    task = joe.deploy()
    links = links_of(joe.get(task).json)
    assert "cancel" in links
    assert "continue" not in links
    assert joe.post(links["cancel"]).status == 204
    shown = joe.get(task).json
    assert shown["state"] == "CANCELLED"
    assert {job["state"] for job in shown["jobs"]["collection"]} == {"PENDING"}
    assert list(links_of(shown)) == ["self", "parent", "user", "virtualmachine"]
    assert joe.machine()["state"] == "NOT_ALLOCATED"
    assert joe.deploy() != task


def test_each_kind_of_operation_and_what_is_never_reviewed(
    cloud: Gatepost, joe: AbiquoClient, approver: AbiquoClient, reviewed: Connector
) -> None:
    db = joe.machine("db")
    links = links_of(db)
    reconfigured = joe.put(links["edit"], {**db, "cpu": 4, "ram": 2048}, kind="virtualmachine")
    assert reconfigured.status == 202
    assert [job["type"] for job in reviewed.take(1).json["jobs"]["collection"]] == [
        "UPDATE_RESOURCES",
        "RECONFIGURE",
        "REGISTER_VM",
    ]
    approver.post(on_root(approver, reviewed.take(1).json, "continue"))
    assert joe.machine("db")["cpu"] == 1
    finish(cloud)
    assert (joe.machine("db")["cpu"], joe.machine("db")["state"]) == (4, "OFF")
    powered = joe.put(links["state"], {"state": "ON"}, kind="virtualmachinestate")
    assert (powered.status, joe.state(powered.links()["status"])) == (202, "PENDING")
    finish(cloud)
    assert joe.post(links["reset"]).status == 202
    finish(cloud)
    assert len(reviewed.messages) == 1
    assert joe.post(links["undeploy"]).status == 202
    undeploy = reviewed.take(2).json
    assert [job["type"] for job in undeploy["jobs"]["collection"]] == ["POWER_OFF", "DECONFIGURE", "FREE_RESOURCES"]
    approver.post(on_root(approver, undeploy, "cancel"))
    assert joe.machine("db")["state"] == "ON"
    assert joe.delete(links["edit"]).status == 202
    approver.post(on_root(approver, reviewed.take(3).json, "continue"))
    finish(cloud)
    assert joe.get(links["edit"]).refusal == (404, "VM-1")
    assert joe.post(links_of(joe.machine())["undeploy"]).status == 204
    assert joe.put(links_of(joe.machine())["edit"], {**joe.machine(), "cpu": 2}, kind="virtualmachine").status == 204
    assert (joe.machine()["cpu"], len(reviewed.messages)) == (2, 3)


def test_an_appliance_asks_once_for_all_of_its_machines(
    cloud: Gatepost, joe: AbiquoClient, approver: AbiquoClient, reviewed: Connector
) -> None:
    appliance = links_of(joe.machine())["virtualappliance"]
    made = joe.post(f"{appliance}/virtualmachines", {"label": "third"}, kind="virtualmachine")
    assert made.status == 201
    accepted = joe.post(f"{appliance}/action/deploy")
    assert (accepted.status, [link["rel"] for link in accepted.json["links"]]) == (202, ["status"] * 2)
    assert "entity" not in accepted.json
    message = reviewed.take()
    assert message.headers["content-type"].startswith(f"{VENDOR}tasks+json")
    assert message.json["links"] == []
    assert joe.get(f"{appliance}/state").json["power"] == "LOCKED"
    first, second = message.tasks
    approver.post(on_root(approver, first, "cancel"))
    approver.post(on_root(approver, second, "continue"))
    finish(cloud)
    assert [joe.machine(label)["state"] for label in ("web", "third", "db")] == ["NOT_ALLOCATED", "ON", "OFF"]
    assert [event["action"] for event in approver.get("events?has=BATCH").json["collection"]] == [
        "WORKFLOW_DEPLOY_BATCH"
    ]
    assert len(reviewed.messages) == 1
    last = joe.get(f"{appliance}?expand=last_task").json["expands"]["collection"]
    assert {task["state"] for task in last} == {"CANCELLED", "FINISHED_SUCCESSFULLY"}


def test_nothing_is_held_unless_platform_and_tenant_want_it(
    cloud: Gatepost, admin: AbiquoClient, joe: AbiquoClient, reviewed: Connector
) -> None:
    [acme] = admin.get("admin/enterprises?has=acme").json["collection"]
    admin.put(links_of(acme)["edit"], {**acme, "workflow": False}, kind="enterprise")
    assert joe.state(joe.deploy()) == "PENDING"
    finish(cloud)
    admin.put(links_of(acme)["edit"], {**acme, "workflow": True}, kind="enterprise")
    [switch] = admin.get("config/properties?name=client.main.workflowEnabled").json["collection"]
    admin.put(links_of(switch)["edit"], {**switch, "value": "0"}, kind="systemproperty")
    assert joe.post(links_of(joe.machine())["undeploy"]).status == 202
    finish(cloud)
    assert reviewed.messages == []
    actions = [event["action"] for event in admin.get("events?has=ENTERPRISE").json["collection"]]
    assert actions == ["ENABLE_WORKFLOW", "DISABLE_WORKFLOW", "ENABLE_WORKFLOW"]


def test_switching_off_keeps_what_is_held(
    cloud: Gatepost, admin: AbiquoClient, reviewed: Connector, joe: AbiquoClient, approver: AbiquoClient
) -> None:
    task = joe.deploy()
    [switch] = admin.get("config/properties?name=client.main.workflowEnabled").json["collection"]
    admin.put(links_of(switch)["edit"], {**switch, "value": "0"}, kind="systemproperty")
    assert joe.state(task) == "QUEUEING"
    approver.post(on_root(approver, reviewed.take().json, "continue"))
    finish(cloud)
    assert joe.state(task) == "FINISHED_SUCCESSFULLY"


def test_who_may_decide(cloud: Gatepost, users: Users, admin: AbiquoClient, reviewed: Connector) -> None:
    """The manager for the own enterprise, whoever has the privilege and the enterprise in scope; nobody else."""
    joe = users("joe")
    task = joe.deploy()
    go, stop = f"{task}/action/continue", f"{task}/action/cancel"
    by_name = {one["name"]: one["links"] for one in admin.get("config/privileges").json["collection"]}
    override = {"rel": "privilege", "href": by_name["WORKFLOW_OVERRIDE"][0]["href"]}
    role = admin.post("admin/roles", {"name": "NEAR", "blocked": False, "links": [override]}, kind="role")
    roles = {one["name"]: one for one in admin.get("admin/roles").json["collection"]}
    [house] = admin.get("admin/enterprises?has=Abiquo").json["collection"]
    for nick, edit in (("near", links_of(role.json)["edit"]), ("eve", links_of(roles["USER"])["edit"])):
        body = {"nick": nick, "password": "gatepost", "links": [{"rel": "role", "href": edit}]}
        assert admin.post(links_of(house)["users"], body, kind="user").status == 201
    assert users("near").post(go).refusal == (403, "GEN-4")  # the role's scope does not reach acme
    assert users("eve").post(stop).refusal == (403, "GEN-4")
    assert joe.post(go).refusal == (403, "GEN-4")
    assert users(None).post(go).refusal == (401, "401-UNAUTHORIZED")
    assert users("joe", "wrong").post(stop).refusal == (401, "401-UNAUTHORIZED")
    assert joe.state(task) == "QUEUEING"
    assert users("manager").post(go).status == 204
    for again in (go, stop):
        assert users("manager").post(again).refusal == (409, "TASK-2")
    elsewhere = f"{links_of(joe.machine('db'))['edit']}/tasks/{task.rpartition('/')[2]}/action/continue"
    assert users("manager").post(elsewhere).refusal == (404, "TASK-1")


def test_the_lists_of_what_waits(cloud: Gatepost, users: Users, reviewed: Connector) -> None:
    joe, manager = users("joe"), users("manager")
    first = joe.deploy("web")
    db = manager.machine("db")
    manager.put(links_of(db)["edit"], {**db, "cpu": 2}, kind="virtualmachine")
    login = links_of(manager.get("login").json)
    path = f"{login['enterprise']}/action/pendingtasks"
    listed = manager.get(path).json
    assert (listed["totalSize"], links_of(listed)) == (2, {"self": path, "parent": login["enterprise"]})
    assert [task["type"] for task in listed["collection"]] == ["RECONFIGURE", "DEPLOY"]
    assert list(links_of(listed["collection"][1])) == ["self", "parent", "cancel", "continue", "target", "user"]
    page = manager.get(f"{path}?startwith=1&limit=1").json
    assert (page["totalSize"], [task["type"] for task in page["collection"]]) == (2, ["DEPLOY"])
    assert manager.get(f"{path}?has=jo").json["totalSize"] == 1
    assert manager.get(f"{path}?has=nobody").json == {"totalSize": 0, "links": [], "collection": []}
    assert manager.get(path.replace("pendingtasks", "pendingTasks")).json["totalSize"] == 2
    assert joe.get(path).refusal == (403, "GEN-4")
    mine = joe.get(links_of(joe.get("login").json)["pendingtasks"]).json
    [task] = mine["collection"]
    assert links_of(task)["self"] == first
    assert "continue" not in links_of(task)
    [user] = [link for link in task["links"] if link["rel"] == "user"]
    assert set(user) == {"rel", "href"}
    joe.post(links_of(task)["cancel"])
    assert joe.get(links_of(joe.get("login").json)["pendingtasks"]).json["totalSize"] == 0


@pytest.mark.parametrize(
    ("job", "states"),
    [("SCHEDULE", ["FAILED", "PENDING", "PENDING"]), ("POWER_ON", ["DONE", "DONE", "FAILED"])],
)
def test_a_job_that_fails(cloud: Gatepost, joe: AbiquoClient, job: str, states: list[str]) -> None:
    cloud.settings.update({"abiquo.fail_job": job})
    task = joe.deploy()
    finish(cloud)
    shown = joe.get(task).json
    assert (shown["state"], [one["state"] for one in shown["jobs"]["collection"]]) == (
        "FINISHED_UNSUCCESSFULLY",
        states,
    )
    assert joe.machine()["state"] == "NOT_ALLOCATED"
    acknowledge = links_of(shown)["acknowledge"]
    assert joe.post(acknowledge).status == 204
    assert joe.state(task) == "ACK_ERROR"
    assert joe.post(acknowledge).refusal == (409, "TASK-2")
    cloud.settings.update({"abiquo.fail_job": "none"})
    again = joe.deploy()
    finish(cloud)
    assert joe.state(again) == "FINISHED_SUCCESSFULLY"


@pytest.mark.parametrize(
    ("wrap", "format", "root"),
    [("auto", "xml", "task"), ("always", "xml", "tasks"), ("legacy2x", "json", "tasks"), ("always", "json", "tasks")],
)
def test_the_messages_forms(
    cloud: Gatepost, joe: AbiquoClient, reviewed: Connector, wrap: str, format: str, root: str
) -> None:
    cloud.settings.update(
        {"abiquo.webhook_wrap": wrap, "abiquo.webhook_format": format, "abiquo.webhook_timestamp": "zero"}
    )
    joe.deploy()
    message = reviewed.take()
    assert message.headers["content-type"] == f"{VENDOR}{root}+{format}; version=6.1"
    if format == "json":
        [told] = message.json["collection"]
        assert (told["timestamp"], links_of(told)["target"].partition("/")[0]) == (0, "cloud")
        return
    from lxml import etree

    document = etree.fromstring(message.body)
    assert document.tag == root
    task = document if root == "task" else document.find("task")
    assert task is not None
    assert task.find("jobs/job/type") is not None
    assert task[0].tag == "link"
    assert (task.findtext("timestamp"), task.findtext("state")) == ("0", "QUEUEING")
    hrefs = {link.get("rel"): link.get("href") for link in task.iterfind("link")}
    assert hrefs["continue"] == f"{hrefs['target']}/tasks/{task.findtext('taskId')}/action/continue"
