"""What rules do to requests in the server, as a client of the vCloud API sees it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import httpx
import pytest

from gatepost import Gatepost
from gatepost.core.effects import HttpDelay, HttpExpireSession, HttpStatus
from gatepost.core.faults import Match
from tests.support.client import VcloudClient
from tests.support.tenant import ask
from tests.support.waiting import until

MakeWorld = Callable[..., Gatepost]
Connect = Callable[..., VcloudClient]


def test_a_status_comes_in_the_clouds_own_form_and_the_request_has_no_effect(cloud: Gatepost, connect: Connect) -> None:
    alice = connect(cloud)
    _, task = ask(alice, "web-01")
    busy = HttpStatus(status=503, headers={"Retry-After": "5"})
    fault = cloud.faults.add(busy, Match(method="POST", path="/api/task/*/action/cancel", nth=1))
    refused = alice.post(f"{task}/action/cancel", expect_5xx=True)
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    assert refused.xml.get("majorErrorCode") == "503"
    assert alice.get(task).xml.get("status") == "preRunning"
    assert alice.post(f"{task}/action/cancel").status == 204
    marked = [entry for entry in cloud.journal.after(0) if entry.fault == fault.id]
    assert [(entry.kind, entry.note) for entry in marked] == [
        ("http.request", "http.status"),
        ("http.response", "http.status"),
    ]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500, 502, 504, 599])
def test_every_status_has_an_error_of_its_own(cloud: Gatepost, connect: Connect, status: int) -> None:
    alice = connect(cloud)
    cloud.faults.add(HttpStatus(status=status))
    reply = alice.get("/api/org", expect_5xx=True)
    assert (reply.status, reply.xml.get("majorErrorCode")) == (status, str(status))


def test_a_body_that_is_given_comes_as_it_is(cloud: Gatepost) -> None:
    cloud.faults.add(HttpStatus(status=502, headers={"Content-Type": "text/html"}, body="<h1>Bad Gateway</h1>"))
    reply = httpx.get(f"{cloud.url}/api/versions", trust_env=False, timeout=60)
    assert (reply.status_code, reply.headers["content-type"], reply.text) == (502, "text/html", "<h1>Bad Gateway</h1>")


def test_one_users_requests_go_wrong_and_anothers_do_not(cloud: Gatepost, connect: Connect) -> None:
    alice, bob = connect(cloud), connect(cloud, "bob@globex")
    cloud.faults.add(HttpStatus(status=403), Match(user="bob@*"))
    assert (alice.get("/api/org").status, bob.get("/api/org").status) == (200, 403)


def test_a_session_expires_in_the_middle(cloud: Gatepost, connect: Connect) -> None:
    alice, modern = connect(cloud), connect(cloud, version="33.0")
    cloud.faults.add(HttpExpireSession(), Match(path="/api/org", count=2))
    assert (alice.get("/api/org").status, modern.get("/api/org").status) == (403, 401)
    assert alice.get("/api/session").status == 403
    alice.login()
    assert alice.get("/api/org").status == 200


def test_a_delay_takes_real_time_and_ends_with_the_world(make_world: MakeWorld) -> None:
    world = make_world()
    world.faults.add(HttpDelay(seconds=0.2), Match(path="/api/versions", nth=1))
    began = time.monotonic()
    assert httpx.get(f"{world.url}/api/versions", trust_env=False, timeout=60).status_code == 200
    assert time.monotonic() - began >= 0.2
    world.faults.add(HttpDelay(seconds=3_600))
    with httpx.Client(trust_env=False, timeout=60) as client:
        asking = threading.Thread(target=lambda: client.get(f"{world.url}/api/versions"))
        asking.start()
        until(lambda: any(entry.fault == 2 for entry in world.journal.after(0)))
        began = time.monotonic()
        world.stop()
        assert time.monotonic() - began < 30
        asking.join()


def test_the_control_api_is_never_faulty(cloud: Gatepost) -> None:
    cloud.faults.add(HttpStatus(status=500))
    assert httpx.get(f"{cloud.url}/gatepost/info", trust_env=False, timeout=60).status_code == 200


def test_a_reset_forgets_the_rules(cloud: Gatepost) -> None:
    cloud.faults.add(HttpStatus(status=500))
    cloud.reset()
    assert httpx.get(f"{cloud.url}/api/versions", trust_env=False, timeout=60).status_code == 200
    assert list(cloud.faults) == []
