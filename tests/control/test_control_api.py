"""The control API as docs/control-api.md tells it: info, reset, holds and decisions, operations, clock, settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gatepost import Gatepost, __version__
from gatepost.app import create_app
from gatepost.settings import Settings
from tests.support.abiquo_client import AbiquoClient
from tests.support.asking import accept
from tests.support.client import VcloudClient, find_link
from tests.support.control import ControlClient
from tests.support.house import BLOCKING_TASK, SETTINGS, id_of
from tests.support.tenant import ask, the

MakeWorld = Callable[..., Gatepost]
Connect = Callable[..., VcloudClient]
Control = Callable[..., ControlClient]

NOWHERE = "00000000-0000-4000-8000-000000000004"


def instantiate(api: ControlClient, name: str = "web-01", **more: object) -> dict[str, Any]:
    answer = api.post("/operations", {"operation": "instantiate", "name": name, **more})
    assert answer.status == 200, answer
    value: dict[str, Any] = answer.json
    return value


# --- health, info ----------------------------------------------------------------------------------------------------


def test_health(api: ControlClient) -> None:
    assert api.get("/health").json == {"status": "ok"}


def test_info_says_where_everything_is(cloud: Gatepost, api: ControlClient) -> None:
    info = api.get("/info").json
    assert info["version"] == __version__
    assert (info["cloud_url"], info["control_url"]) == (cloud.url, f"{cloud.url}/gatepost")
    assert (info["vcloud_api"], info["abiquo_api"]) == (f"{cloud.url}/api", f"{cloud.url}/abiquo/api")
    assert (info["broker"], info["amqp_url"], info["clock"], info["seed"]) == ("off", None, "manual", 1)
    users = {(account["dialect"], account["user"]) for account in info["accounts"]}
    assert users == {
        *(("vcloud", user) for user in ("administrator@System", "orgadmin@acme", "alice@acme", "bob@globex")),
        *(("abiquo", user) for user in ("admin", "manager", "joe", "connector")),
    }


def test_every_account_of_info_can_log_in(cloud: Gatepost, api: ControlClient, connect: Connect) -> None:
    for account in api.get("/info").json["accounts"]:
        if account["dialect"] == "vcloud":
            assert account["password"] == "gatepost"
            assert connect(cloud, account["user"]).get("/api/session").status == 200
        else:
            with AbiquoClient(cloud, account["user"], account["password"]) as client:
                assert client.get("login").json["nick"] == account["user"]


def test_info_tells_no_brokers_password_but_the_public_one(make_world: MakeWorld, control: Control) -> None:
    # Nothing listens on port 1: what counts here is only what is told.
    secret = control(make_world(broker="amqp://me:hunter2@127.0.0.1:1/my%2Fhost")).get("/info").json
    assert secret["amqp_url"] == "amqp://me@127.0.0.1:1/my%2Fhost"
    assert "hunter2" not in str(secret)
    public = control(make_world(broker="amqp://guest:guest@127.0.0.1:1")).get("/info").json
    assert public["amqp_url"] == "amqp://guest:guest@127.0.0.1:1/%2F"


# --- reset -----------------------------------------------------------------------------------------------------------


def test_reset_begins_anew(cloud: Gatepost, api: ControlClient, connect: Connect) -> None:
    alice, admin = connect(cloud), connect(cloud, "administrator@System")
    orgs = alice.get("/api/org").body
    first, task = ask(alice, "web-01")
    body = '<BlockingTaskOperations xmlns="http://www.vmware.com/vcloud/extension/v1.5"/>'
    assert admin.put(SETTINGS + "/blockingTask/operations", body).status == 200
    before = admin.get(SETTINGS).body
    api.patch("/settings", {"work.scale": 0, "vcloud.versions": ["5.5"]})
    moment = cloud.clock.now()

    assert api.post("/reset").status == 200

    assert cloud.clock.now() == moment
    assert api.get("/journal").json["entries"] == []
    assert api.get("/holds").json == {"holds": [], "count": 0}
    assert api.get("/settings").json["vcloud.versions"][0] == "1.5"
    assert api.get("/clock").json["timers"] == 0
    assert alice.get("/api/org").status == 403  # the old session
    again = connect(cloud)
    assert again.get("/api/org").body == orgs
    assert again.get(task).status == 403
    assert connect(cloud, "administrator@System").get(SETTINGS).body != before
    assert ask(again, "web-01")[0] == first  # the same seed, the same ids


def test_reset_keeps_the_settings_of_the_start(make_world: MakeWorld, control: Control) -> None:
    api = control(make_world(settings={"work.scale": 0.5}))
    api.patch("/settings", {"work.scale": 2})
    api.post("/reset")
    assert api.get("/settings").json["work.scale"] == 0.5


def test_the_seed_makes_the_ids(make_world: MakeWorld, control: Control) -> None:
    ids = [instantiate(control(make_world(seed=seed)))["owner"]["id"] for seed in (1, 1, 2)]
    assert ids[0] == ids[1]
    assert ids[0] != ids[2]


# --- holds and decisions ---------------------------------------------------------------------------------------------


def test_holds_are_listed_oldest_first(api: ControlClient) -> None:
    for name in ("one", "two", "three"):
        instantiate(api, name)
    listed = api.get("/holds").json
    assert listed["count"] == 3
    assert [hold["owner"]["name"] for hold in listed["holds"]] == ["one", "two", "three"]
    assert [hold["owner"]["name"] for hold in api.get("/holds", query={"limit": 2}).json["holds"]] == ["one", "two"]
    hold = listed["holds"][0]
    assert {name: hold[name] for name in ("dialect", "operation", "org", "user", "default", "decision")} == {
        "dialect": "vcloud",
        "operation": "vdcInstantiateVapp",
        "org": "acme",
        "user": "alice@acme",
        "default": "abort",
        "decision": None,
    }
    assert hold["created"] < hold["deadline"]


@pytest.mark.parametrize(("decision", "status"), [("resume", "running"), ("abort", "aborted"), ("fail", "error")])
def test_a_decision(api: ControlClient, decision: str, status: str) -> None:
    made = instantiate(api)
    answer = api.post(f"/holds/{made['hold']}/decision", {"decision": decision, "message": "so be it"})
    assert (answer.status, answer.json["applied"], answer.json["decision"]) == (200, True, decision)
    task = api.get(f"/operations/{made['task']}").json
    assert (task["status"], task["hold"]) == (status, None)
    assert "so be it" in (task["details"], task["error"])


def test_the_same_decision_again_and_another(api: ControlClient) -> None:
    made = instantiate(api)
    path = f"/holds/{made['hold']}/decision"
    assert api.post(path, {"decision": "abort", "message": "first"}).json["applied"] is True
    assert api.post(path, {"decision": "abort", "message": "second"}).json["applied"] is False
    conflict = api.post(path, {"decision": "resume"})
    assert (conflict.status, conflict.error) == (409, "The blocking task is not active")
    assert api.get(f"/operations/{made['task']}").json["error"] == "first"


def test_a_decision_shows_in_the_cloud_itself(cloud: Gatepost, api: ControlClient, connect: Connect) -> None:
    alice, admin = connect(cloud), connect(cloud, "administrator@System")
    _, task = ask(alice, "web-01")
    blocking = find_link(admin.get(task).xml, "down", BLOCKING_TASK)
    api.post(f"/holds/{id_of(blocking)}/decision", {"decision": "fail", "message": "<&>"})
    assert the(alice.get(task).xml, "Error").get("message") == "<&>"
    assert admin.get(blocking).xml.get("status") == "failed"


@pytest.mark.parametrize("id", [NOWHERE, "x", "%00", "%F0%9F%98%80", "a" * 3_000])
def test_a_decision_about_nothing(api: ControlClient, id: str) -> None:
    assert api.post(f"/holds/{id}/decision", {"decision": "resume"}).status == 404


def test_a_decision_that_has_been_forgotten(cloud: Gatepost, api: ControlClient) -> None:
    path = f"/holds/{instantiate(api)['hold']}/decision"
    api.post(path, {"decision": "resume"})
    cloud.clock.advance(601)
    assert api.post(path, {"decision": "resume"}).status == 404


BAD_JSON: list[object] = [
    None,
    b"",
    b"nonsense",
    b"{",
    b"\xff",
    b"[]",
    b"null",
    b'"resume"',
    b"[" * 100_000,
    b'{"decision": NaN}',
    b"9" * 5_000,
    b"<a/>",
]


@pytest.mark.parametrize(
    "body",
    [
        *BAD_JSON,
        {},
        {"decision": None},
        {"decision": "approve"},
        {"decision": "RESUME"},
        {"decision": 1},
        {"decision": ["resume"]},
        {"decision": "resume", "message": None},
        {"decision": "resume", "message": 1},
        {"decision": "resume", "message": "x" * 32_769},
        {"decision": "resume", "message": "\x00"},
        {"decision": "resume", "message": "\x1b[31m"},
        {"decision": "resume", "message": "\ud800"},
        {"decision": "resume", "message": "\uffff"},
        {"decision": "resume", "reason": "x"},
    ],
)
def test_no_decision(api: ControlClient, body: object) -> None:
    hold = instantiate(api)["hold"]
    answer = api.post(f"/holds/{hold}/decision", body)
    assert answer.status == 400, answer
    assert answer.error
    assert api.get("/holds").json["count"] == 1


# --- operations ------------------------------------------------------------------------------------------------------


def test_every_operation(make_world: MakeWorld, control: Control) -> None:
    world = make_world(clock="manual", settings={"work.scale": 0})
    world.world.blocking.operations = frozenset()
    api = control(world)
    made = instantiate(
        api, "web-01", template="two-tier", vdc="acme-vdc", description="x", power_on=False, deploy=False
    )
    assert (made["status"], made["ended"]) == ("success", True)
    for operation, name in (
        ("reconfigure", "vappUpdateVm"),
        ("deploy", "vappDeploy"),
        ("suspend", "vappSuspend"),
        ("power-on", "vappDeploy"),
        ("reset", "vappReset"),
        ("reboot", "vappReboot"),
        ("shutdown", "vappShutdownGuest"),
        ("power-on", "vappDeploy"),
        ("power-off", "vappPowerOff"),
        ("undeploy", "vappUndeployPowerOff"),
        ("delete", "vdcDeleteVapp"),
    ):
        answer = api.post("/operations", {"operation": operation, "name": "web-01"})
        assert (answer.status, answer.json["operation"], answer.json["status"]) == (200, name, "success"), answer
    assert api.post("/operations", {"operation": "delete", "name": "web-01"}).status == 404
    composed = api.post("/operations", {"operation": "compose", "name": "empty"})
    assert (composed.json["operation"], composed.json["status"]) == ("vdcComposeVapp", "success")
    assert api.post("/operations", {"operation": "reconfigure", "name": "empty"}).status == 404


def test_an_operation_waits_like_any_other(cloud: Gatepost, api: ControlClient, connect: Connect) -> None:
    made = instantiate(api, user="bob@globex")
    assert (made["status"], made["user"], made["ended"]) == ("preRunning", "bob@globex", False)
    task = connect(cloud, "bob@globex").get(made["href"]).xml
    assert task.get("status") == "preRunning"
    assert api.get(f"/operations/{made['task']}").json == made


def test_an_object_may_be_named_by_its_id(api: ControlClient) -> None:
    made = instantiate(api)
    api.post(f"/holds/{made['hold']}/decision", {"decision": "fail"})
    assert api.post("/operations", {"operation": "delete", "name": made["owner"]["id"]}).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        *((body, 400) for body in BAD_JSON),
        ({}, 400),
        ({"operation": "instantiate"}, 400),
        ({"operation": "explode", "name": "x"}, 400),
        ({"operation": "instantiate", "name": ""}, 400),
        ({"operation": "instantiate", "name": "  "}, 400),
        ({"operation": "instantiate", "name": "x" * 129}, 400),
        ({"operation": "instantiate", "name": "\x07"}, 400),
        ({"operation": "instantiate", "name": "\ud800"}, 400),
        ({"operation": "instantiate", "name": 5}, 400),
        ({"operation": "instantiate", "name": "x", "description": "\x00"}, 400),
        ({"operation": "instantiate", "name": "x", "description": "x" * 32_769}, 400),
        ({"operation": "instantiate", "name": "x", "deploy": "perhaps"}, 400),
        ({"operation": "instantiate", "name": "x", "color": "red"}, 400),
        ({"operation": "instantiate", "name": "x", "user": "alice"}, 400),
        ({"operation": "instantiate", "name": "x", "user": "nobody@acme"}, 404),
        ({"operation": "instantiate", "name": "x", "user": "alice@nowhere"}, 404),
        ({"operation": "instantiate", "name": "x", "user": "administrator@System"}, 404),
        ({"operation": "instantiate", "name": "x", "template": "nothing"}, 404),
        ({"operation": "instantiate", "name": "x", "vdc": "globex-vdc"}, 404),
        ({"operation": "delete", "name": "nothing"}, 404),
        ({"operation": "delete", "name": "held", "user": "bob@globex"}, 404),
        ({"operation": "instantiate", "name": "held"}, 400),
        ({"operation": "delete", "name": "held"}, 400),
    ],
)
def test_no_operation(cloud: Gatepost, api: ControlClient, body: object, status: int) -> None:
    instantiate(api, "held")
    answer = api.post("/operations", body)
    assert answer.status == status, answer
    assert answer.error
    assert len(cloud.world.inventory.vapps) == 1


@pytest.mark.parametrize("id", [NOWHERE, "x", "%00"])
def test_an_operation_that_nobody_asked_for(api: ControlClient, id: str) -> None:
    assert api.get(f"/operations/{id}").status == 404


# --- clock -----------------------------------------------------------------------------------------------------------


def test_the_clock_is_moved(api: ControlClient) -> None:
    made = instantiate(api)
    before = api.get("/clock").json
    assert (before["mode"], before["timers"]) == ("manual", 1)
    hold = api.get("/holds").json["holds"][0]
    assert before["next_due"] == hold["deadline"]
    after = api.post("/clock/advance", {"seconds": 432_000}).json
    assert (after["fired"], after["epoch"]) == (1, before["epoch"] + 432_000)
    assert api.get(f"/operations/{made['task']}").json["status"] == "aborted"
    assert api.get("/clock").json["next_due"] is None


def test_the_clock_tells_what_waits_and_goes_there(api: ControlClient) -> None:
    made = instantiate(api)
    hold = api.get("/holds").json["holds"][0]
    assert api.get("/clock").json["waiting"] == [
        {"at": hold["deadline"], "for": "time-out of a hold", "id": hold["id"]}
    ]
    assert api.get("/clock", query={"limit": 0}).json["waiting"] == []
    api.post(f"/holds/{hold['id']}/decision", {"decision": "resume"})
    work = api.get("/clock").json
    assert [(one["for"], one["id"]) for one in work["waiting"]] == [("work of a task", made["task"])]
    after = api.post("/clock/advance", {"to": "next"}).json
    assert (after["fired"], after["now"]) == (1, work["next_due"])


def test_the_clock_runs_until_nothing_is_left_within_reach(api: ControlClient) -> None:
    waiting, running = instantiate(api), instantiate(api, name="web-02")
    hold = next(hold for hold in api.get("/holds").json["holds"] if hold["task"] == running["task"])
    api.post(f"/holds/{hold['id']}/decision", {"decision": "resume"})
    assert api.post("/clock/advance", {"to": "idle", "within": 3_600}).json["timers"] == 1
    assert api.get(f"/operations/{running['task']}").json["ended"]
    assert not api.get(f"/operations/{waiting['task']}").json["ended"]
    assert api.post("/clock/advance", {"to": "idle"}).json["timers"] == 0
    assert api.get(f"/operations/{waiting['task']}").json["status"] == "aborted"
    assert api.post("/clock/advance", {"to": "next"}).json["fired"] == 0


def test_the_clock_does_not_go_backwards_by_a_reset(api: ControlClient) -> None:
    api.post("/clock/advance", {"seconds": 1_000})
    before = api.get("/clock").json["epoch"]
    api.post("/reset")
    assert api.get("/clock").json["epoch"] == before


@pytest.mark.parametrize("mode", ["real", "x10", "x0.5", "manual"])
def test_the_clock_changes_its_pace(api: ControlClient, mode: str) -> None:
    before = api.get("/clock").json["epoch"]
    assert api.post("/clock", {"mode": mode}).json["mode"] == mode
    after = api.get("/clock").json
    assert after["mode"] == mode
    assert (after["epoch"] > before) is (mode != "manual")


@pytest.mark.parametrize(
    "body",
    [
        *BAD_JSON,
        {},
        *({"mode": mode} for mode in ("", "x", "x0", "x-1", "x1e9", "xinf", "fast", "x" + "9" * 30, 1, None)),
    ],
)
def test_no_pace(api: ControlClient, body: object) -> None:
    assert api.post("/clock", body).status == 400
    assert api.get("/clock").json["mode"] == "manual"


@pytest.mark.parametrize(
    "body",
    [
        *BAD_JSON,
        {},
        *({"seconds": seconds} for seconds in (-1, -0.001, "soon", None, [1], 1e300, 10**400)),
        b'{"seconds": Infinity}',
        b'{"seconds": NaN}',
        b'{"seconds": 1e999}',
        {"seconds": 1, "minutes": 1},
        {"seconds": 1, "to": "next"},
        {"to": "tomorrow"},
        {"to": "idle", "most": 0},
    ],
)
def test_no_step(api: ControlClient, body: object) -> None:
    before = api.get("/clock").json["epoch"]
    assert api.post("/clock/advance", body).status == 400
    assert api.get("/clock").json["epoch"] == before


def test_the_clock_stays_within_the_calendar(cloud: Gatepost, api: ControlClient, connect: Connect) -> None:
    century = {"seconds": 100 * 365 * 86_400}
    steps = 0
    while (answer := api.post("/clock/advance", century)).status == 200:
        steps += 1
        assert steps < 100
    assert answer.status == 400
    assert answer.error
    # All that is dated still works at the end of time.
    made = instantiate(api)
    assert connect(cloud).get(made["href"]).status == 200
    assert api.get("/clock").status == api.get("/holds").status == api.get("/journal").status == 200


# --- settings --------------------------------------------------------------------------------------------------------


def test_settings_are_read_and_changed(cloud: Gatepost, api: ControlClient) -> None:
    before = api.get("/settings").json
    assert set(before) == {field.alias for field in Settings.model_fields.values()}
    after = api.patch("/settings", {"work.scale": 0, "blockingTask.list": "recent"})
    assert after.json == {**before, "work.scale": 0.0, "blockingTask.list": "recent"}
    assert api.get("/settings").json == after.json
    assert cloud.settings.work_scale == 0
    assert api.patch("/settings", {}).json == after.json


def test_a_change_holds_from_the_next_request_on(cloud: Gatepost, api: ControlClient, connect: Connect) -> None:
    alice = connect(cloud)
    api.patch("/settings", {"vcloud.versions": ["33.0", "5.5"], "blockingTask.pending_message": "Bitte warten"})
    listed = [one.text for one in alice.get("/api/versions").xml.iter("{*}Version")]
    assert listed == ["5.5", "33.0"]
    assert alice.get("/api/org", accept=accept("5.1")).status == 406
    assert the(alice.get(ask(alice, "x")[1]).xml, "Details").text == "Bitte warten"


@pytest.mark.parametrize(
    "values",
    [
        *BAD_JSON[:-1],
        {"nothing": 1},
        {"work_scale": 1},
        {"": 1},
        {"work.scale": "fast"},
        {"work.scale": -1},
        {"work.scale": None},
        {"work.scale": 1e300},
        {"work.scale": []},
        b'{"work.scale": Infinity}',
        b'{"work.scale": NaN}',
        {"session.idle_s": 1e12},
        {"vcloud.versions": []},
        {"vcloud.versions": "5.5"},
        {"vcloud.versions": ["5.5", "5.5"]},
        {"vcloud.versions": ["five"]},
        {"vcloud.versions": ["5"]},
        {"vcloud.versions": ["\u0665.\u0665"]},
        {"vcloud.versions": [5.5]},
        {"versions.content_type": ""},
        {"versions.content_type": "text/xml\r\nX-Evil: 1"},
        {"versions.content_type": "\u00e4"},
        {"http.expired_token_old": 403},
        {"http.foreign_content_type": "maybe"},
        {"blockingTask.pending_message": "\x00"},
        {"blockingTask.timeout_message": "\ud800"},
        {"blockingTask.status.resumed": 5},
        {"notifications.delivery_mode": 3},
        {"notifications.message_id": "perhaps"},
    ],
)
def test_no_settings(api: ControlClient, values: object) -> None:
    before = api.get("/settings").json
    answer = api.patch("/settings", values)
    assert answer.status == 400, answer
    assert answer.error
    # All or nothing: what would be right changes nothing either.
    if isinstance(values, dict):
        mixed = {"blockingTask.list": "recent", **values, "blockingTask.retention_s": 1}
        assert api.patch("/settings", mixed).status == 400
    assert api.get("/settings").json == before


# --- the form of refusals --------------------------------------------------------------------------------------------


def test_what_there_is_not(api: ControlClient) -> None:
    for path in ("", "/", "/nothing", "/holds/x", "/journal/x", "/holds/x/decision/y", "/%00"):
        assert api.get(path).status == 404, path


def test_a_method_that_there_is_not(api: ControlClient) -> None:
    rules: dict[str, set[str]] = {}
    for rule in create_app().url_map.iter_rules():
        if rule.endpoint.startswith("control."):
            rules.setdefault(rule.rule, set()).update(rule.methods or ())
    for path, allowed in rules.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - allowed:
            answer = api.request(method, path.removeprefix("/gatepost").replace("<id>", "x"))
            assert answer.status == 405
            assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 3 * 1024 * 1024])
def test_a_body_over_the_limit(api: ControlClient, size: int) -> None:
    assert api.post("/operations", b" " * size).status == 400
