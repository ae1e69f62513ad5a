"""Requests that go to an extension service over a broker, and the replies."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

from gatepost import Gatepost
from tests.support.client import VcloudClient
from tests.support.query import records
from tests.support.refusals import DENIED, FORBIDDEN, refused
from tests.support.services import (
    SERVICES,
    Offer,
    entries,
    ok,
    reply,
    silence,
)
from tests.support.tenant import href_of

Connect = Callable[..., VcloudClient]
JSON = "application/json;version=33.0"


# --- there and back --------------------------------------------------------------------------------------------------


def test_a_request_and_its_reply(cloud: Gatepost, offer: Offer, alice: VcloudClient) -> None:
    extension = offer(lambda request: reply(201, b'{"ticket": 42}\n', Content_Type="application/json", X_Number=7))
    token = alice.login().headers["x-vcloud-authorization"]
    answer = alice.post(
        "/api/backup/a%20b/?full=1&x=%2F", b"\x00\xff", "application/octet-stream", accept=JSON, foreign=True
    )
    assert (answer.status, answer.body) == (201, b'{"ticket": 42}\n')
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-number"] == "7"
    assert answer.headers["content-length"] == "15"
    assert answer.headers.get_list("x-vcloud-authorization") == [token]

    [[message, context, properties]] = extension.requests
    headers = message.pop("headers")
    ports = (message.pop("remotePort"), message.pop("localPort"))
    assert message == {
        "id": message["id"],
        "method": "POST",
        "requestUri": "/api/backup/a%20b/",
        "queryString": "full=1&x=%2F",
        "protocol": "HTTP/1.1",
        "scheme": "http",
        "remoteAddr": "127.0.0.1",
        "localAddr": "127.0.0.1",
        "body": "AP8=",
        "request": True,
        "statusCode": 0,
    }
    assert ports == (ports[0], cloud.port)
    assert ports[0] > 0
    # As a public extension looks for them.
    assert headers["Accept"] == JSON
    assert headers["x-vcloud-authorization"] == token
    assert (headers["Content-Type"], headers["Content-Length"]) == ("application/octet-stream", "2")

    assert properties.content_type == "application/json"
    assert properties.headers == {"messageType": "ProcessHttpRequest", "replyToExchange": "vcd.replyExchange"}
    assert properties.reply_to.startswith("vcd.replyQueue.")
    assert properties.correlation_id

    user = next(one for one in cloud.world.inventory.users.values() if one.name == "alice")
    assert context["user"] == f"urn:vcloud:user:{user.id}"
    assert context["org"] == f"urn:vcloud:org:{user.org.id}"


def test_the_rights_in_the_security_context_are_those_of_the_role(
    offer: Offer, alice: VcloudClient, admin: VcloudClient
) -> None:
    extension = offer(ok)
    for client in (alice, admin):
        assert client.get("/api/backup", foreign=True).status == 200
    first, second = (request.context["rights"] for request in extension.requests)
    roles = admin.get("/api/admin").xml.iterfind("{*}RoleReferences/{*}RoleReference")
    shown = {}
    for role in roles:
        listed = admin.get(role.get("href", "")).xml.iterfind("{*}RightReferences/{*}RightReference")
        ids = [one.get("href", "").rpartition("/")[2] for one in listed]
        shown[role.get("name")] = [f"urn:vcloud:right:{id}" for id in ids]
    assert (first, second) == (shown["vApp User"], shown["System Administrator"])
    assert 0 < len(first) < len(second)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_any_method(offer: Offer, alice: VcloudClient, method: str) -> None:
    extension = offer(lambda request: reply(200, request.message["method"].encode() + request.body))
    assert alice.request(method, "/api/backup/1", b"x", foreign=True).body == method.encode() + b"x"
    assert alice.request("HEAD", "/api/backup/1", foreign=True).headers["content-length"] == "4"
    assert [request.message["method"] for request in extension.requests] == [method, "HEAD"]


def test_a_reply_without_a_body_and_one_that_is_no_success(offer: Offer, alice: VcloudClient) -> None:
    answers = {"/api/backup/gone": {"statusCode": 204}, "/api/backup/busy": reply(429, b"later", Retry_After=3)}
    offer(lambda request: answers[request.message["requestUri"]])
    gone, busy = (alice.get(path, foreign=True) for path in answers)
    assert (gone.status, gone.body) == (204, b"")
    assert "content-type" not in gone.headers
    assert (busy.status, busy.body, busy.headers["retry-after"]) == (429, b"later", "3")


def test_headers_that_belong_to_the_connection_are_the_clouds_own(offer: Offer, alice: VcloudClient) -> None:
    offer(lambda request: reply(200, b"four", Transfer_Encoding="chunked", Content_Length=9_999, Connection="close"))
    for _ in range(2):  # the second over the same connection
        answer = alice.get("/api/backup", foreign=True)
        assert (answer.body, answer.headers["content-length"]) == (b"four", "4")
        assert "transfer-encoding" not in answer.headers


def test_an_operation_of_the_clouds_own_can_be_taken_over(
    cloud: Gatepost, offer: Offer, admin: VcloudClient, alice: VcloudClient
) -> None:
    before = alice.get("/api/org").body
    extension = offer(lambda request: reply(200, b"mine"), pattern="/api/org")
    assert alice.get("/api/org/", foreign=True).body == b"mine"
    assert extension.requests[0].message["requestUri"] == "/api/org/"
    service = href_of(records(admin.get(SERVICES + "/query"))[0])
    changed = admin.get(service).body.replace(b"Enabled>true", b"Enabled>false", 1)
    assert admin.put(service, changed).status == 200
    assert alice.get("/api/org").body == before


def test_the_registration_itself_cannot_be_taken_over(offer: Offer, admin: VcloudClient) -> None:
    extension = offer(silence, pattern="/.*")
    assert admin.get(SERVICES).status == 200
    assert admin.get(href_of(records(admin.get(SERVICES + "/query"))[0])).status == 200
    assert extension.requests == []


def test_only_who_is_logged_in_is_served(offer: Offer, alice: VcloudClient) -> None:
    extension = offer(ok)
    assert alice.get("/api/backup", foreign=True).status == 200
    assert alice.get("/api/backup", anonymous=True).status == 401
    refused(alice.get("/api/backup", headers={"x-vcloud-authorization": "x"}), 403, FORBIDDEN, "Access is forbidden")
    refused(alice.get("/api/backup", accept=""), 406, "NOT_ACCEPTABLE")
    refused(alice.post("/api/backup", b"x" * (1024 * 1024 + 1)), 413, "REQUEST_ENTITY_TOO_LARGE")
    refused(alice.get("/api/backups-not/" + "x" * 3_000), 404, "NOT_FOUND")
    assert len(extension.requests) == 1


def test_credentials_can_be_kept_from_services(cloud: Gatepost, offer: Offer, alice: VcloudClient) -> None:
    cloud.settings.update({"extensibility.forward_credentials": False})
    extension = offer(ok)
    alice.get("/api/backup", headers={"Cookie": "vcloud-token=x", "Authorization": "Basic x"}, foreign=True)
    assert not {"x-vcloud-authorization", "Cookie", "Authorization"} & set(extension.requests[0].message["headers"])


# --- who may ---------------------------------------------------------------------------------------------------------


def test_a_service_that_leaves_it_to_the_cloud_who_may(
    offer: Offer, alice: VcloudClient, admin: VcloudClient, connect: Connect, cloud: Gatepost
) -> None:
    acme = next(org.id for org in cloud.world.inventory.orgs.values() if org.name == "acme")
    rule = (
        f'<AclRule name="acme"><OrganizationAccess><Access>Entity</Access><Entity href="/api/admin/org/{acme}"/>'
        "</OrganizationAccess><PrincipalAccess><Access>Shared</Access></PrincipalAccess></AclRule>"
    )
    inside = (
        '<ResourceClasses><ResourceClass name="backup"><ResourceClassActions><ResourceClassAction name="read">'
        f"<HttpMethod>GET</HttpMethod><UrlPattern>/backup/.*</UrlPattern><AclRules>{rule}</AclRules>"
        "</ResourceClassAction></ResourceClassActions></ResourceClass></ResourceClasses>"
    )
    extension = offer(ok, AuthorizationEnabled="true", inside=inside)
    assert alice.get("/api/backup/1", foreign=True).status == 200
    assert alice.request("HEAD", "/api/backup/1", foreign=True).status == 200
    assert admin.delete("/api/backup/1", foreign=True).status == 200
    for client, method in ((alice, "DELETE"), (connect(cloud, "bob@globex"), "GET")):
        refused(client.request(method, "/api/backup/1"), 403, FORBIDDEN, DENIED)
    assert len(extension.requests) == 3


# --- the journal -----------------------------------------------------------------------------------------------------


def test_the_journal_tells_of_both_messages_and_keeps_no_secret(
    cloud: Gatepost, offer: Offer, alice: VcloudClient
) -> None:
    secret = "s3cret-of-alice"
    offer(lambda request: reply(200, b'{"password": "%s"}' % secret.encode(), Set_Cookie=f"a={secret}", X_Note="kept"))
    answer = alice.post(
        f"/api/backup?token={secret}",
        f"<Login><Password>{secret}</Password><Kept/></Login>",
        headers={"Authorization": f"Basic {secret}", "Cookie": f"vcloud-token={secret}", "X-Note": "kept"},
        foreign=True,
    )
    assert secret.encode() in answer.body
    [published] = [one for one in entries(cloud, "amqp.publish") if "messageType" in one.headers]
    [delivered] = entries(cloud, "amqp.deliver")
    assert delivered.answers == published.seq
    assert published.user == delivered.user == "alice@acme"
    assert published.headers["messageType"] == "ProcessHttpRequest"
    message = json.loads(published.body)[0]
    assert base64.b64decode(message["body"]) == b"<Login><Password>[redacted]</Password><Kept/></Login>"
    assert (message["headers"]["X-Note"], message["headers"]["Authorization"]) == ("kept", "Basic [redacted]")
    assert json.loads(delivered.body)["headers"]["X-Note"] == "kept"
    token = alice.login().headers["x-vcloud-authorization"]
    for entry in cloud.journal.after(0):
        shown = repr((entry.path, dict(entry.headers), entry.body)).encode()
        assert all(hidden not in shown for hidden in forms_of(secret) + forms_of(token)), entry


def forms_of(secret: str) -> list[bytes]:
    """A text as it is, and as it may show in Base64, at any offset."""
    hidden = [base64.b64encode(b"\0" * shift + secret.encode())[4:-4] for shift in range(3)]
    return [secret.encode(), *hidden]


def test_a_malformed_reply_keeps_no_secret_either(cloud: Gatepost, offer: Offer, alice: VcloudClient) -> None:
    secret = base64.b64encode(b"<Password>s3cret</Password>").decode()
    offer(lambda request: f'{{"statusCode": 200, "body": "{secret}", "headers": {{"Set-Cookie": "s3cret'.encode())
    refused(alice.get("/api/backup", expect_5xx=True), 500, "INTERNAL_SERVER_ERROR")
    [delivered] = entries(cloud, "amqp.deliver")
    assert b'"statusCode": 200' in delivered.body
    assert not any(hidden in delivered.body for hidden in (secret.encode(), b"s3cret"))
