"""Transport, logins, negotiation and error documents, with the odd headers that real clients send."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
from lxml import etree

from gatepost import Gatepost
from tests.abiquo.conftest import Users
from tests.conftest import MakeWorld
from tests.support.abiquo_client import VENDOR, AbiquoClient, links_of

JSON, XML = "json", "xml"


def test_every_way_to_log_in(cloud: Gatepost, users: Users) -> None:
    first = users("joe").get("login")
    cookie = next(text for name, text in first.headers.multi_items() if name == "set-cookie" and "auth=" in text)
    token = cookie.partition(";")[0].partition("=")[2]
    assert "Path=/abiquo/api" in cookie
    assert "Expires=" in cookie
    assert first.headers["x-abiquo-token"] == token
    nobody = users(None)
    for headers in ({"Cookie": f"x=y; auth={token}"}, {"Authorization": f"Token {token}"}):
        assert nobody.get("login", headers=headers).json["nick"] == "joe"
    assert nobody.get("login?expand=privileges", headers=headers).json["privileges"]["collection"]
    assert nobody.post("logout", headers=headers).status == 204
    wrong = [
        {},
        headers,
        {"Cookie": "auth=x"},
        {"Authorization": "Basic !!"},
        {"Authorization": "Basic " + base64.b64encode(b"joe:wrong").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"SYSTEM:").decode()},
        {"Authorization": "Bearer x.y.z"},
        {"Authorization": "OAuth x"},
    ]
    for one in wrong:
        refused = nobody.get("login", headers=one)
        assert refused.refusal == (401, "401-UNAUTHORIZED")
        assert refused.headers["www-authenticate"].startswith("Basic realm=")
        assert "set-cookie" not in refused.headers


def test_a_token_expires(cloud: Gatepost, users: Users) -> None:
    token = users("joe").get("login").headers["x-abiquo-token"]
    headers = {"Authorization": f"Token {token}"}
    assert users(None).get("login", headers=headers).status == 200
    cloud.settings.update({"abiquo.session_s": 0})
    assert users(None).get("login", headers=headers).status == 401


@pytest.mark.parametrize(
    ("accept", "served"),
    [
        (None, (JSON, "6.1")),
        ("", (JSON, "6.1")),
        ("*/*", (JSON, "6.1")),
        ("*/*; version=6.1;", (JSON, "6.1")),
        (f"{VENDOR}virtualmachine+json; version=5.0;", (JSON, "5.0")),
        (f"{VENDOR}virtualmachine+xml;version=3.2", (XML, "3.2")),
        (f"{VENDOR}virtualmachine; version=3.10", (JSON, "3.10")),
        (f"{VENDOR}virtualmachine; version=2.6", (XML, "2.6")),
        (f"{VENDOR}virtualmachineflat+json", (JSON, "6.1")),
        (f"{VENDOR.upper()}VIRTUALMACHINE+JSON", (JSON, "6.1")),
        ("text/json,application/json", (JSON, "6.1")),
        ("application/xml", (XML, "6.1")),
        ("text/html, application/xml;q=0.9, */*;q=0.8", (XML, "6.1")),
        ("*/*; version=99.9", (JSON, "99.9")),
        (f"{VENDOR}virtualmachine+json; version=99.9", None),
        (f"{VENDOR}task+json", None),
        ("text/html", None),
        ("image/png, application/json;q=0", None),
    ],
)
def test_what_is_accepted(joe: AbiquoClient, accept: str | None, served: tuple[str, str] | None) -> None:
    reply = joe.get(links_of(joe.machine())["edit"], accept=accept)
    if served is None:
        assert reply.refusal == (406, "406-NOT-ACCEPTABLE")
        return
    assert reply.status == 200
    _, _, rest = reply.headers["content-type"].partition("+")
    assert rest == f"{served[0]}; version={served[1]}"


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        (f"{VENDOR}systemproperty+json; version=6.1", None),
        ("application/json", None),
        ("*/*; version=6.1;", None),
        ("", None),
        (f"{VENDOR}systemproperty+json; version=0.9", (415, "415-UNSUPPORTED-MEDIA-TYPE-VERSION")),
        (f"{VENDOR}task+json", (415, "415-UNSUPPORTED-MEDIA-TYPE")),
        ("text/html", (415, "415-UNSUPPORTED-MEDIA-TYPE")),
        (f"{VENDOR}systemproperty+xml", (400, "400-BAD-REQUEST")),
    ],
)
def test_what_a_body_may_call_itself(admin: AbiquoClient, kind: str, refusal: tuple[int, str] | None) -> None:
    reply = admin.post("config/properties", b'{"name": "a.b", "value": "1"}', headers={"Content-Type": kind})
    assert (reply.refusal if reply.status >= 400 else None) == refusal


def test_versions_that_nobody_checks_and_a_default_format(cloud: Gatepost, joe: AbiquoClient) -> None:
    cloud.settings.update({"abiquo.version_check": "off", "abiquo.default_format": "xml", "abiquo.api_version": "2.6"})
    machine = joe.get("cloud/virtualmachines", accept="*/*").xml
    assert machine.tag == "virtualMachines"
    assert machine.findtext("virtualMachine/hdInBytes")
    assert joe.get("login", accept=f"{VENDOR}user+json; version=99.9").type == f"{VENDOR}user+json"


@pytest.mark.parametrize("path", ["cloud//virtualmachines", "/cloud/virtualmachines/", "events?", "//login"])
def test_paths_as_connectors_join_them(joe: AbiquoClient, path: str) -> None:
    assert joe.get(path).status == 200


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", "nothing", (404, "404-NOT-FOUND")),
        ("DELETE", "login", (405, "405-METHOD-NOT-ALLOWED")),
        ("GET", "admin/enterprises/999", (404, "EN-0")),
        ("GET", "admin/enterprises/_/users/999", (404, "USER-3")),
        ("GET", "admin/roles/999", (404, "ROLE-0")),
        ("GET", "admin/scopes/999", (404, "SCOPE-1")),
        ("GET", "config/properties/999", (404, "SYSPROP-0")),
        ("GET", "cloud/virtualdatacenters/999", (404, "VDC-0")),
        ("GET", "cloud/virtualdatacenters/{vdc}/virtualappliances/999", (404, "VAPP-0")),
        ("GET", "{appliance}/virtualmachines/999", (404, "VM-1")),
        ("GET", "{machine}/tasks/999", (404, "TASK-1")),
        ("GET", "cloud/virtualmachines?limit=x", (400, "GEN-22")),
        ("GET", "cloud/virtualmachines?by=shoe", (400, "GEN-22")),
        ("PUT", "{machine}/state", (400, "400-BAD-REQUEST")),
    ],
)
def test_codes(cloud: Gatepost, admin: AbiquoClient, method: str, path: str, refusal: tuple[int, str]) -> None:
    machine = links_of(admin.machine())
    places = {
        "machine": machine["edit"].removeprefix(admin.root + "/"),
        "appliance": machine["virtualappliance"].removeprefix(admin.root + "/"),
        "vdc": machine["virtualdatacenter"].rpartition("/")[2],
    }
    filled = path.format(**places)
    for accept, kind in (("application/json", JSON), ("application/xml", XML)):
        reply = admin.request(method, filled, accept=accept)
        assert reply.refusal == refusal
        assert reply.type == f"{VENDOR}error+{kind}"
    if kind == XML:
        assert [child.tag for child in reply.xml[0]] == ["code", "message"]


def test_unknown_paths_may_be_closed(cloud: Gatepost, joe: AbiquoClient) -> None:
    cloud.settings.update({"abiquo.unknown_path": "403"})
    assert joe.get("nothing").refusal == (403, "403-FORBIDDEN")


def test_version_is_text_for_who_asks(users: Users) -> None:
    nobody = users(None)
    assert nobody.get("version", accept="text/plain").body == b"6.1.0"
    assert b"\n" in nobody.get("version").body


def test_abiquo_at_the_root(make_world: MakeWorld) -> None:
    """For clients that take only a host; vCloud moves aside."""
    cloud = make_world(clock="manual", root="abiquo")
    assert cloud.abiquo_url == f"{cloud.url}/api"
    with AbiquoClient(cloud, "joe") as joe:
        reply = joe.get("login")
        assert "Path=/api" in reply.headers["set-cookie"]
        assert reply.links()["edit"].startswith(f"{cloud.url}/api/admin/")
    versions = httpx.get(f"{cloud.url}/vcloud/api/versions", trust_env=False, timeout=60)
    assert f"{cloud.url}/vcloud/api/sessions" in versions.text
    assert cloud.info()["vcloud_api"] == f"{cloud.url}/vcloud/api"


def test_xml_documents_put_links_first_and_know_no_namespace(cloud: Gatepost, joe: AbiquoClient) -> None:
    """A whole round in XML, as clients of 2.x and 3.x make it."""
    accept = f"{VENDOR}virtualmachine+xml; version=3.2"
    machine = joe.get(links_of(joe.machine("db"))["edit"], accept=accept)
    document = machine.xml
    assert document.tag == "virtualMachine"
    assert document[0].tag == "link"
    tags = [child.tag for child in document]
    assert tags == sorted(tags, key=lambda tag: tag != "link"), "links stand first"
    cpu = document.find("cpu")
    assert cpu is not None
    cpu.text = "7"
    headers = {"Content-Type": f"{VENDOR}virtualmachine+xml"}
    edit = document.xpath("string(link[@rel='edit']/@href)")
    sent = joe.put(str(edit), etree.tostring(document), accept=f"{VENDOR}acceptedrequest+xml", headers=headers)
    assert sent.status == 202
    [link, message] = sent.xml
    assert (link.get("rel"), message.tag, message.text) == (
        "status",
        "message",
        "You can keep track of the progress in the link",
    )
    assert message.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "xs:string"
    cloud.clock.advance(5)
    task = joe.get(str(link.get("href")), accept=f"{VENDOR}task+xml").xml
    assert (task.tag, task.findtext("state")) == ("task", "FINISHED_SUCCESSFULLY")
    assert joe.machine("db")["cpu"] == 7


def test_secrets_stay_out_of_the_journal(cloud: Gatepost, users: Users, admin: AbiquoClient) -> None:
    token = admin.get("login").headers["x-abiquo-token"]
    users(None).get("login", headers={"Authorization": f"Token {token}"})
    login = links_of(admin.get("login").json)
    application = admin.post(login["applications"], {"name": "app"}, kind="application").json
    body: dict[str, Any] = {"nick": "new", "password": "hunter2", "links": [{"rel": "role", "href": login["role"]}]}
    admin.post(links_of(admin.get(login["enterprise"]).json)["users"], body, kind="user")
    kept = "\n".join(f"{entry.path} {entry.headers} {entry.body!r}" for entry in cloud.journal.after(0))
    assert "applications" in kept
    for secret in (token, application["apiSecret"], "hunter2", base64.b64encode(b"admin:xabiquo").decode()):
        assert secret not in kept
