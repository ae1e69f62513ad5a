"""Rules over the control API."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from gatepost import Gatepost
from tests.support.control import ControlClient

BUSY = {"effect": {"kind": "http.status", "status": 503}, "match": {"path": "/api/versions", "nth": 2}}


@pytest.fixture
def api(cloud: Gatepost, control: Callable[..., ControlClient]) -> ControlClient:
    return control(cloud)


def test_a_rule_is_made_hits_is_shown_and_goes(cloud: Gatepost, api: ControlClient) -> None:
    made = api.post("/faults", BUSY).json
    assert (made["id"], made["match"], made["hits"]) == (1, BUSY["match"], 0)
    statuses = [httpx.get(f"{cloud.url}/api/versions", trust_env=False, timeout=60).status_code for _ in range(3)]
    assert statuses == [200, 503, 200]
    assert [(one["matched"], one["hits"]) for one in api.get("/faults").json["faults"]] == [(3, 1)]
    faulty = [entry["kind"] for entry in api.get("/journal").json["entries"] if entry["fault"] == 1]
    assert faulty == ["http.request", "http.response"]
    assert api.request("DELETE", "/faults/1").json == {"removed": 1}
    assert api.request("DELETE", "/faults/1").status == 404
    assert api.get("/faults").json == {"faults": []}


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/faults"), ("POST", "/reset")])
def test_all_rules_go_at_once(api: ControlClient, method: str, path: str) -> None:
    api.post("/faults", BUSY)
    assert api.request(method, path).status == 200
    assert api.get("/faults").json == {"faults": []}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "JSON"),
        ([], "object"),
        ({"effect": {"kind": "http.status"}}, "status"),
        ({"effect": {"kind": "http.hang"}}, "--tap"),
        ({"effect": {"kind": "broker.drop"}}, "--broker embedded"),
        ({"effect": {"kind": "message.drop"}, "match": {"path": "/"}}, "match.path"),
    ],
)
def test_what_makes_no_sense_is_refused(api: ControlClient, body: object, told: str) -> None:
    answer = api.post("/faults", body)
    assert (answer.status, told in answer.error) == (400, True), answer.error


@pytest.mark.parametrize("id", ["0", "2", "x", "-1", "9" * 40, "\u0661"])
def test_there_is_no_such_rule(api: ControlClient, id: str) -> None:
    api.post("/faults", BUSY)
    assert api.request("DELETE", f"/faults/{id}").status == 404
