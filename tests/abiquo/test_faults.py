"""What rules do to Abiquo's requests and to the calls of its webhook."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatepost import Gatepost
from gatepost.core.effects import (
    EFFECTS,
    HttpExpireSession,
    HttpStatus,
    Point,
    WebhookLate,
    WebhookMalformed,
    WebhookRefused,
    WebhookTwice,
)
from gatepost.core.faults import Match
from tests.abiquo.conftest import Users
from tests.support.abiquo_client import AbiquoClient, Connector, links_of


@pytest.mark.parametrize(
    ("status", "code"), [(401, "401-UNAUTHORIZED"), (404, "404-NOT-FOUND"), (503, "503-SERVICE-UNAVAILABLE")]
)
def test_a_status_comes_in_the_clouds_own_form(cloud: Gatepost, joe: AbiquoClient, status: int, code: str) -> None:
    cloud.faults.add(HttpStatus(status=status), Match(dialect="abiquo", path="/abiquo/api/login"))
    assert joe.get("login", may_fail=True).refusal == (status, code)


def test_one_users_requests_go_wrong_and_anothers_do_not(cloud: Gatepost, joe: AbiquoClient, users: Users) -> None:
    cloud.faults.add(HttpStatus(status=404), Match(user="manager"))
    assert joe.get("login").status == 200
    assert users("manager").get("login", may_fail=True).status == 404


def test_rules_match_paths_as_clients_see_them(make_world: Callable[..., Gatepost]) -> None:
    world = make_world(root="abiquo")
    world.faults.add(HttpStatus(status=404), Match(dialect="abiquo", path="/api/*"))
    with AbiquoClient(world) as joe:
        assert joe.get("login", may_fail=True).status == 404


def test_a_password_outlives_its_session(cloud: Gatepost, joe: AbiquoClient) -> None:
    cloud.faults.add(HttpExpireSession(), Match(nth=1))
    assert [joe.get("login").status for _ in range(2)] == [200, 200]


def notes(cloud: Gatepost) -> list[tuple[str, str | None]]:
    return [(one.kind, one.note) for one in cloud.journal.after(0) if one.kind.startswith("webhook.")]


def test_the_webhook_is_called_twice(cloud: Gatepost, joe: AbiquoClient, reviewed: Connector) -> None:
    cloud.faults.add(WebhookTwice())
    joe.deploy()
    assert reviewed.take(1).body == reviewed.take(2).body
    assert notes(cloud)[:3] == [
        ("webhook.request", None),
        ("webhook.response", None),
        ("webhook.request", "webhook.twice"),
    ]


def test_the_webhook_is_called_late(cloud: Gatepost, joe: AbiquoClient, reviewed: Connector) -> None:
    fault = cloud.faults.add(WebhookLate(seconds=0.1), Match(path="*/hook*", dialect="abiquo"))
    joe.deploy()
    assert reviewed.take().tasks
    assert fault.trigger.hits == 1


def test_a_webhook_that_is_refused_fails_the_request(cloud: Gatepost, joe: AbiquoClient, reviewed: Connector) -> None:
    cloud.faults.add(WebhookRefused())
    assert joe.post(links_of(joe.machine())["deploy"], may_fail=True).refusal == (500, "WKF-01")
    assert notes(cloud) == [("webhook.request", "webhook.refused"), ("webhook.failure", "Connection refused")]
    assert reviewed.messages == []


@pytest.mark.parametrize("how", ["cut-off", "not-utf8", "html", "empty"])
def test_the_webhooks_body_is_malformed(cloud: Gatepost, joe: AbiquoClient, reviewed: Connector, how: str) -> None:
    cloud.faults.add(WebhookMalformed.model_validate({"how": how}))
    joe.deploy()
    with pytest.raises(ValueError, match=r"(?i)codec|Expecting|Unterminated|delimiter"):
        reviewed.take().json  # noqa: B018  # a property that parses


def test_every_effect_on_webhooks_was_tried() -> None:
    tried = {WebhookTwice, WebhookLate, WebhookRefused, WebhookMalformed}
    assert {effect for effect in EFFECTS if effect.point is Point.WEBHOOK} == tried
