"""What the URL, the method or the Accept header does not allow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatepost import Gatepost
from tests.support.asking import accept, basic, routes
from tests.support.client import VcloudClient
from tests.support.house import PENDING, House, id_of
from tests.support.refusals import NOWHERE, refused

Connect = Callable[..., VcloudClient]

# --- URLs and methods ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.5", "5.5", "33.0"])
@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/nothing",
        "/api/org/x/y",
        "/api/entity",
        "/api/vApp",
        "/api/task",
        "/api/orgs",
        "/api/Org",
        "/api/org.json",
        "/api/admin/extension/blockingTask",
        f"/api/admin/extension/blockingTask/{NOWHERE}/action",
        f"/api/admin/extension/blockingTask/{NOWHERE}/action/approve",
        f"/api/admin/extension/blockingTask/{NOWHERE}/action/resume/x",
        "/api/v1.5/schema/master.xsd",
        "/cloudapi",
        "/cloudapi/1.0.0/nothing",
        "/api/%2e%2e/gatepost/info",
        "/api;x=1",
        "/api/\U0001f600",
        "/api/%00",
    ],
)
def test_a_url_that_is_not_part_of_the_api(house: House, path: str, version: str) -> None:
    refused(house.client("alice@acme", version).get(path), 404, "NOT_FOUND")
    refused(house.alice.get(path, anonymous=True, accept=""), 404, "NOT_FOUND")


def allowed_methods() -> dict[str, set[str]]:
    methods: dict[str, set[str]] = {}
    for method, path in routes():
        methods.setdefault(path, set()).update({method, "HEAD"} if method == "GET" else {method})
    return methods


@pytest.mark.parametrize("version", ["5.5", "33.0"])
def test_a_method_that_a_resource_does_not_have(house: House, version: str) -> None:
    client = house.client("administrator@System", version)
    for path, allowed in allowed_methods().items():
        assert "OPTIONS" not in allowed
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"} - allowed:
            reply = client.request(method, path)
            refused(reply, 405, "METHOD_NOT_ALLOWED")
            assert set(reply.headers["allow"].split(", ")) == allowed, f"{method} {path}"


def test_head_is_get_without_a_body(house: House) -> None:
    paths = [path for method, path in routes(id_of(house.hold)) if method == "GET" and "login" not in path]
    assert paths
    for path in paths:
        got, reply = house.admin.get(path), house.admin.request("HEAD", path)
        assert (reply.status, reply.body) == (got.status, b""), path
        for name in ("content-type", "content-length"):
            if "[ " not in got.body.decode():  # a request id changes nothing but the very bytes
                assert reply.headers.get(name) == got.headers.get(name), path


def test_nothing_overrides_the_method(house: House) -> None:
    with house.unchanged():
        for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
            refused(house.alice.post(house.off, headers={name: "DELETE"}), 405, "METHOD_NOT_ALLOWED")
            assert house.alice.get(house.off, headers={name: "DELETE"}).status == 200
        refused(house.alice.post(house.off + "?_method=DELETE", "_method=DELETE"), 405, "METHOD_NOT_ALLOWED")
        assert house.alice.get(house.off + "?_method=DELETE").status == 200


def test_slashes_do_not_count(house: House) -> None:
    for path in ("/api/org", "/api/session", "/api/versions", "/api/vApp/" + house.off.rpartition("/")[2]):
        plain = house.alice.get(path)
        assert plain.status == 200
        for spelled in (path + "/", path + "///", path.replace("/", "//"), "//" + path.lstrip("/") + "/"):
            # As a whole URL, since a client takes what begins with two slashes for a host.
            assert house.alice.get(house.world.url + spelled).body == plain.body, spelled


def test_a_urn_may_be_percent_encoded(house: House) -> None:
    urn = f"urn:vcloud:vapp:{id_of(house.off)}"
    plain = house.alice.get(f"/api/entity/{urn}")
    assert plain.status == 200
    for spelled in (urn.replace(":", "%3A"), urn.replace(":", "%3a"), urn.upper(), urn.replace("vapp", "%76app")):
        assert house.alice.get(f"/api/entity/{spelled}").body == plain.body
    refused(house.alice.get(f"/api/entity/{urn.replace(':', '%253A')}"), 400)


@pytest.mark.parametrize(
    "query", ["?", "?force=False&recursive=False", "?%00=%ff&a&&=&x=\U0001f600", "?" + "a=1&" * 900]
)
def test_a_query_where_none_is_meant_changes_nothing(house: House, query: str) -> None:
    for path in ("/api/org", house.off, house.held_task, house.hold, PENDING):
        assert house.admin.get(path + query).body == house.admin.get(path).body
    refused(house.alice.delete(house.on + query), 400)


# --- versions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "accept_header",
    [
        "",
        "*/*",
        "application/xml",
        "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
        "application/*+xml",
        "application/*+xml;version=",
        "application/*+xml;version=0.9",
        "application/*+xml;version=5",
        "application/*+xml;version=05.5",
        "application/*+xml;version=5.50",
        "application/*+xml;version=99.0",
        "application/*+xml;version=5.5.1",
        "application/*+xml;version=37.0.0-alpha",
        "application/*+xml;aversion=5.5",
        "version=5.5",
        ";version=5.5",
        "application/*+xml;version=" + "5" * 4_000,
        ",,,;;;,=,",
    ],
)
def test_no_version_or_an_unknown_one(house: House, accept_header: str) -> None:
    for path in ("/api/org", "/api/session", house.held_task):
        refused(house.alice.get(path, accept=accept_header), 406, "NOT_ACCEPTABLE")
    login = house.alice.post(
        "/api/sessions", anonymous=True, accept=accept_header, headers=basic("alice@acme:gatepost")
    )
    refused(login, 406, "NOT_ACCEPTABLE")


def test_without_a_version_nothing_is_done(house: House) -> None:
    with house.unchanged():
        refused(house.alice.delete(house.off, accept="*/*"), 406, "NOT_ACCEPTABLE")
        refused(house.admin.post(house.hold + "/action/resume", accept=""), 406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    ("spoken", "text"),
    [
        (["1.5", "5.1", "5.5"], "The request has invalid accept header. Supported API versions are: [1.5, 5.1, 5.5]"),
        (["5.5", "30.0"], "The request has invalid accept header. Supported API versions are: [5.5, 30.0]"),
        (
            ["5.5", "31.0"],
            "The request has invalid accept header: Unknown API version: 99.0. Supported API versions are: [5.5, 31.0]",
        ),
        (
            ["5.5", "32.0", "33.0"],
            "The request has invalid accept header: Invalid API version requested. "
            "Supported API versions are: [33.0, 32.0, 5.5] ([D] indicates deprecated versions)",
        ),
    ],
)
def test_the_text_of_a_406_by_the_servers_age(cloud: Gatepost, connect: Connect, spoken: list[str], text: str) -> None:
    alice = connect(cloud)
    cloud.settings.update({"vcloud.versions": spoken})
    refused(alice.get("/api/org", accept=accept("99.0")), 406, "NOT_ACCEPTABLE", text)


@pytest.mark.parametrize(
    ("accept_header", "version"),
    [
        ("application/vnd.vmware.vcloud.org+xml;version=5.1", "5.1"),
        ("application/*+xml; version=5.1", "5.1"),
        ("application/*+xml ;  version = 5.1", "5.1"),
        ('application/*+xml;version="5.1"', "5.1"),
        ("APPLICATION/*+XML;VERSION=5.1", "5.1"),
        ("application/*+xml;q=0.9;version=5.1;x=y", "5.1"),
        ("application/xml,application/*+xml;version=5.1", "5.1"),
        (
            "text/html , application/*+xml;version=99.0 , application/*+xml;version=5.1,application/*+xml;version=1.5",
            "5.1",
        ),
        ("application/json;version=33.0", "33.0"),
        ("application/*;version=29.0", "29.0"),
    ],
)
def test_the_first_known_version_of_a_list_is_spoken(house: House, accept_header: str, version: str) -> None:
    # An extra header, since the client's own rule about versions does not understand all of these spellings.
    reply = house.alice.get("/api/org", accept="", headers={"Accept": accept_header})
    assert reply.status == 200
    assert reply.headers["content-type"] == f"application/vnd.vmware.vcloud.orglist+xml;version={version}"


def test_the_modern_login_needs_a_modern_version(house: House) -> None:
    reply = house.alice.post(
        "/cloudapi/1.0.0/sessions", anonymous=True, accept=accept("29.0"), headers=basic("alice@acme:gatepost")
    )
    refused(reply, 406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize("accept_header", ["", "text/html", accept("99.0")])
def test_the_list_of_versions_ignores_accept(house: House, accept_header: str) -> None:
    assert house.alice.get("/api/versions", anonymous=True, accept=accept_header).status == 200
