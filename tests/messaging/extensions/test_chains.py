"""Several extension services for one request, the cloud behind them, and its own responses."""

from __future__ import annotations

import base64
from typing import Any

from gatepost import Gatepost
from tests.support.client import VcloudClient
from tests.support.refusals import refused
from tests.support.services import (
    Answer,
    Offer,
    Request,
    ok,
    reply,
    type_filter,
)

FAST = {"extensibility.timeout": 0.3}


# --- several services, and the cloud behind them ---------------------------------------------------------------------


def marking(mark: str) -> Answer:
    """Lets the request go on, with a mark in a header of its own and at the end of its query."""

    def answer(request: Request) -> dict[str, Any]:
        message = request.message
        query = (message["queryString"] or "") + mark
        return {"request": True, "queryString": query, "headers": {**message["headers"], "X-Mark": query}}

    return answer


def test_services_are_asked_by_priority_until_one_responds(offer: Offer, alice: VcloudClient) -> None:
    last = offer(lambda request: reply(200, b"the end"), name="last", Priority=1)
    never = offer(ok, name="never", Priority=0)
    first = offer(marking("a"), name="first", Priority=100)
    second = offer(marking("b"), name="second")
    assert alice.get("/api/backup?", foreign=True).body == b"the end"
    [seen] = last.requests
    assert (seen.message["queryString"], seen.message["headers"]["X-Mark"]) == ("ab", "ab")
    assert [len(one.requests) for one in (first, second, never)] == [1, 1, 0]


def test_a_request_that_goes_on_to_the_cloud(cloud: Gatepost, offer: Offer, alice: VcloudClient) -> None:
    plain = alice.get("/api/org")
    extension = offer(lambda request: {"isRequest": True}, pattern="/api/org")
    assert alice.get("/api/org").body == plain.body
    assert len(extension.requests) == 1


def test_a_request_that_goes_on_as_another(offer: Offer, alice: VcloudClient, admin: VcloudClient) -> None:
    changes: dict[str, dict[str, Any]] = {
        "/api/backup/org": {"requestUri": "/api/org"},
        "/api/backup/nowhere": {"requestUri": "/api/nowhere"},
        "/api/backup/control": {"requestUri": "/gatepost/info"},
        "/api/backup/method": {"requestUri": "/api/org", "method": "delete"},
        "/api/backup/user": {
            "requestUri": "/api/session",
            "headers": {"x-vcloud-authorization": "other", "Accept": "application/*+xml;version=5.1"},
        },
        "/api/org": {"requestUri": "/api/nowhere"},
    }
    offer(lambda request: {"request": True, **changes[request.message["requestUri"]]}, pattern="/api/(backup/.*|org)")
    assert alice.get("/api/backup/org").xml.find("{*}Org") is not None
    for path in ("/api/backup/nowhere", "/api/backup/control", "/api/org"):
        refused(alice.get(path), 404, "NOT_FOUND")
    assert alice.get("/api/backup/method").status in (404, 405)
    # Whose request it is, no service can change.
    session = alice.get("/api/backup/user", accept="application/*+xml;version=5.1, application/*+xml;version=5.5")
    assert (session.xml.get("user"), session.headers["content-type"].rpartition("=")[2]) == ("alice", "5.1")


def test_a_body_that_goes_on_as_another(offer: Offer, admin: VcloudClient) -> None:
    body = (
        b'<NotificationsSettings xmlns="http://www.vmware.com/vcloud/extension/v1.5">'
        b"<EnableNotifications>false</EnableNotifications></NotificationsSettings>"
    )
    path = "/api/admin/extension/settings/notifications"
    offer(lambda request: {"request": True, "body": base64.b64encode(body).decode()}, pattern=path)
    assert b">false<" in admin.put(path, body.replace(b"false", b"true")).body


# --- responses of the cloud's own ------------------------------------------------------------------------------------

ORG_LIST = "application/vnd.vmware.vcloud.orgList+xml"


def test_responses_of_a_type_pass_through(offer: Offer, alice: VcloudClient) -> None:
    plain = alice.get("/api/org")
    inside = f"<ApiFilters>{type_filter(ORG_LIST)}</ApiFilters>"

    def annotate(request: Request) -> dict[str, Any]:
        changed = reply(200, request.body.replace(b"</OrgList>", b"<!-- seen --></OrgList>"))
        return changed | {"headers": request.message["headers"]}

    extension = offer(annotate, pattern="", inside=inside)
    answer = alice.get("/api/org", foreign=True)
    assert answer.body == plain.body.replace(b"</OrgList>", b"<!-- seen --></OrgList>")
    assert answer.headers["content-type"] == plain.headers["content-type"]
    assert answer.headers["content-length"] == str(len(answer.body))
    assert len(answer.headers.get_list("x-vmware-vcloud-request-id")) == 1
    [[message, context, properties]] = extension.requests
    assert (properties.headers or {})["messageType"] == "ProcessHttpResponse"
    assert (message["statusCode"], message["request"]) == (200, False)
    assert set(context) == {"user", "org", "rights"}
    # Others do not.
    assert alice.get("/api/session").status == 200
    assert len(extension.requests) == 1


def test_several_process_a_response_by_priority(offer: Offer, alice: VcloudClient) -> None:
    def appending(mark: bytes) -> Answer:
        return lambda request: reply(200, request.body + mark, Content_Type=ORG_LIST + ";version=5.5")

    filters = f"<ApiFilters>{type_filter(ORG_LIST.lower())}</ApiFilters>"
    versioned = f"<ApiFilters>{type_filter(ORG_LIST + '; version=5.5')}</ApiFilters>"
    offer(appending(b"2"), name="second", pattern="", inside=filters)
    offer(appending(b"1"), name="first", pattern="", inside=versioned, Priority=60)
    assert alice.get("/api/org", foreign=True).body.endswith(b"</OrgList>12")


def test_a_response_that_cannot_be_processed(cloud: Gatepost, offer: Offer, alice: VcloudClient) -> None:
    cloud.settings.update(FAST)
    inside = (
        f"<ApiFilters>{type_filter(ORG_LIST)}{type_filter('application/vnd.vmware.vcloud.session+xml')}</ApiFilters>"
    )
    answers: list[Any] = [None, reply() | {"request": True}]
    offer(lambda request: answers.pop(0), pattern="", inside=inside)
    refused(alice.get("/api/org", expect_5xx=True), 504, "GATEWAY_TIMEOUT")
    refused(alice.get("/api/org", expect_5xx=True), 500, "INTERNAL_SERVER_ERROR")
    # A login has no user yet whom the service could be told of.
    alice.login()
