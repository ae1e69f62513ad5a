"""Who may not, and what is not there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatepost import Gatepost
from tests.support.asking import accept, basic, routes
from tests.support.client import Reply, VcloudClient
from tests.support.house import House, id_of
from tests.support.refusals import (
    BAD_ID,
    DENIED,
    FORBIDDEN,
    NOWHERE,
    no_access,
    refused,
    wrong_collection,
)

Connect = Callable[..., VcloudClient]

OLD = ("1.5", "5.1", "5.5")
NEW = ("5.6", "29.0", "33.0")


# --- login and session -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.5", "5.5", "5.6", "33.0"])
@pytest.mark.parametrize(
    "headers",
    [
        basic("alice@acme:wrong"),
        basic("alice@acme:"),
        basic("alice@acme:gatepost "),
        basic("alice@globex:gatepost"),
        basic("Alice@acme:gatepost"),
        basic("nobody@acme:gatepost"),
        basic("alice@nowhere:gatepost"),
        basic("system@System:"),
        basic("system@System:None"),
        basic("alice:gatepost"),
        basic("alice@acme"),
        basic(b"alice@acme:\xff\xfe"),
        {"Authorization": "Basic alice@acme:gatepost"},
        {"Authorization": "Basic"},
        {"Authorization": "Basic \u00e9".encode("latin-1")},
        {"Authorization": "Bearer alice"},
        {"Authorization": 'SIGN token="H4sIAAAA",org="acme"'},
        {},
    ],
)
def test_a_wrong_login_is_a_bare_401(house: House, version: str, headers: dict[str, str | bytes]) -> None:
    paths = ["/api/sessions", "/api/login"]
    if version == "33.0":
        paths += ["/cloudapi/1.0.0/sessions", "/cloudapi/1.0.0/sessions/provider"]
    for path in paths:
        reply = house.alice.post(path, anonymous=True, accept=accept(version), headers=headers)
        assert is_bare_401(reply), reply


def is_bare_401(reply: Reply) -> bool:
    headers = reply.headers
    return (
        (reply.status, reply.body) == (401, b"")
        and headers.get("content-length") == "0"
        and headers.get("www-authenticate") == 'BASIC realm="vCloud"'
        and headers.get("content-type") == "text/plain; charset=utf-8"
        and "x-vcloud-authorization" not in headers
    )


@pytest.mark.parametrize("version", [*OLD, *NEW])
def test_without_a_token(house: House, version: str) -> None:
    reply = house.alice.get("/api/org", anonymous=True, accept=accept(version))
    if version in OLD:
        assert is_bare_401(reply), reply
    else:
        refused(reply, 401, "UNAUTHORIZED")


@pytest.mark.parametrize("version", ["5.5", "33.0"])
def test_no_route_but_the_public_ones_serves_without_a_token(house: House, version: str) -> None:
    with house.unchanged():
        served = {
            path
            for method, path in routes(id_of(house.hold))
            if house.alice.request(method, path, anonymous=True, accept=accept(version)).status not in (401, 406)
        }
    assert served == {"/api/versions"}  # a login answers 401 itself, and the modern one 406 to an old version


CARRIERS: list[Callable[[str], dict[str, str]]] = [
    lambda token: {"x-vcloud-authorization": token},
    lambda token: {"Authorization": f"Bearer {token}".strip()},
    lambda token: {"Cookie": f"a=b; vcloud-token={token}"},
]


def refused_token(reply: Reply, version: str) -> None:
    if version in OLD:
        refused(reply, 403, FORBIDDEN, "Access is forbidden")
    else:
        refused(reply, 401, "UNAUTHORIZED")


@pytest.mark.parametrize("version", [*OLD, *NEW])
@pytest.mark.parametrize("token", ["", "no-such-token", "gatepost", "x" * 4_000, "a.b.c"])
def test_a_blank_or_unknown_token(house: House, version: str, token: str) -> None:
    for carrier in CARRIERS:
        headers: dict[str, str | bytes] = {name: value.encode() for name, value in carrier(token).items()}
        reply = house.alice.get("/api/org", anonymous=True, accept=accept(version), headers=headers)
        refused_token(reply, version)


@pytest.mark.parametrize("version", [*OLD, *NEW])
def test_an_expired_token(cloud: Gatepost, connect: Connect, version: str) -> None:
    alice = connect(cloud, version=version)
    cloud.settings.update({"session.idle_s": 0})
    refused_token(alice.get("/api/org"), version)
    cloud.settings.update({"session.idle_s": 1_800})
    refused_token(alice.get("/api/org"), version)  # it does not come back to life


def test_an_expired_token_can_be_a_401_in_old_versions_too(cloud: Gatepost, connect: Connect) -> None:
    alice = connect(cloud)
    cloud.settings.update({"session.idle_s": 0, "http.expired_token_old": "401"})
    refused(alice.get("/api/org"), 401, "UNAUTHORIZED")


def test_a_session_does_not_follow_the_simulated_clock(cloud: Gatepost, connect: Connect) -> None:
    alice = connect(cloud)
    cloud.clock.advance(365 * 86_400)
    assert alice.get("/api/org").status == 200


@pytest.mark.parametrize("version", ["5.5", "33.0"])
def test_a_token_is_dead_after_logout(cloud: Gatepost, connect: Connect, version: str) -> None:
    alice, other = connect(cloud, version=version), connect(cloud, version=version)
    assert alice.delete("/api/session").status == 204
    refused_token(alice.get("/api/org"), version)
    assert other.get("/api/org").status == 200


def test_a_token_is_dead_after_a_reset(cloud: Gatepost, connect: Connect) -> None:
    alice = connect(cloud)
    cloud.reset()
    refused_token(alice.get("/api/org"), "5.5")


def test_each_login_kind_is_for_its_own_users(house: House) -> None:
    for path, user in (("sessions", "administrator@System"), ("sessions/provider", "alice@acme")):
        reply = house.alice.post(
            f"/cloudapi/1.0.0/{path}", anonymous=True, accept=accept("33.0"), headers=basic(f"{user}:gatepost")
        )
        refused(reply, 403, FORBIDDEN, DENIED)


# --- rights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["5.5", "33.0"])
@pytest.mark.parametrize("user", ["alice@acme", "orgadmin@acme"])
def test_tenants_are_kept_out_of_the_extension_api(house: House, user: str, version: str) -> None:
    tenant = house.client(user, version)
    with house.unchanged():
        for method, path in routes(id_of(house.hold)):
            if path.startswith(("/api/admin/extension", "/api/admin/providervdc")):
                refused(tenant.request(method, path), 403, FORBIDDEN, DENIED)


def test_the_administrators_view_is_for_administrators(house: House) -> None:
    org = find_org(house.alice)
    own = house.orgadmin.get(f"/api/admin/org/{id_of(org)}").xml
    user = own.findall("{*}Users/{*}UserReference")[0].get("href", "")
    for path in ("/api/admin", f"/api/admin/org/{id_of(org)}", user, f"/api/admin/vdc/{id_of(house.vdc)}"):
        assert house.orgadmin.get(path).status == 200
        refused(house.alice.get(path), 403, FORBIDDEN, DENIED)


def test_an_organizations_administrator_is_none_elsewhere(house: House) -> None:
    org, bob = find_org(house.bob), house.admin.get(f"/api/admin/org/{id_of(find_org(house.bob))}").xml
    user = bob.findall("{*}Users/{*}UserReference")[0].get("href", "")
    refused(house.orgadmin.get(f"/api/admin/org/{id_of(org)}"), 403, FORBIDDEN, no_access("org", id_of(org)))
    refused(house.orgadmin.get(user), 403, FORBIDDEN, no_access("user", id_of(user)))


def find_org(client: VcloudClient) -> str:
    org = client.get("/api/org").xml.find("{*}Org")
    assert org is not None
    return org.get("href", "")


def test_what_belongs_to_another_organization_is_as_if_it_were_not(house: House) -> None:
    org = find_org(house.alice)
    catalog = house.alice.get(org).xml.find("{*}Link[@type='application/vnd.vmware.vcloud.catalog+xml']")
    assert catalog is not None
    others = [
        ("org", org),
        ("org", f"/api/tasksList/{id_of(org)}"),
        ("vdc", house.vdc),
        ("vapptemplate", house.template),
        ("vapp", house.held),
        ("vm", house.held_vm),
        ("task", house.held_task),
        ("catalog", catalog.get("href", "")),
    ]
    for kind, path in others:
        refused(house.bob.get(path), 403, FORBIDDEN, no_access(kind, id_of(path)))
        urn = f"urn:vcloud:{kind}:{id_of(path)}"
        refused(house.bob.get(f"/api/entity/{urn}"), 403, FORBIDDEN, no_access(kind, id_of(path)))


def test_nobody_acts_on_what_belongs_to_another_organization(house: House) -> None:
    requests = [
        ("DELETE", house.off, "vapp"),
        ("POST", house.off + "/power/action/powerOn", "vapp"),
        ("POST", house.off + "/action/deploy", "vapp"),
        ("POST", house.on + "/action/undeploy", "vapp"),
        ("POST", house.on_vm + "/power/action/reboot", "vm"),
        ("POST", house.held_task + "/action/cancel", "task"),
        ("POST", house.vdc + "/action/instantiateVAppTemplate", "vdc"),
    ]
    with house.unchanged():
        for method, path, kind in requests:
            refused(house.bob.request(method, path), 403, FORBIDDEN, no_access(kind, id_of(path)))


def test_a_blocking_task_resolves_for_system_administrators_only(house: House) -> None:
    path = f"/api/entity/urn:vcloud:blockingTask:{id_of(house.hold)}"
    assert house.admin.get(path).status == 200
    refused(house.orgadmin.get(path), 403, FORBIDDEN, DENIED)


# --- ids -------------------------------------------------------------------------------------------------------------

PLACES = [
    ("org", "/api/org/{}"),
    ("org", "/api/tasksList/{}"),
    ("org", "/api/admin/org/{}"),
    ("vdc", "/api/vdc/{}"),
    ("vdc", "/api/admin/vdc/{}"),
    ("catalog", "/api/catalog/{}"),
    ("catalog", "/api/admin/catalog/{}"),
    ("catalogitem", "/api/catalogItem/{}"),
    ("network", "/api/network/{}"),
    ("vapptemplate", "/api/vAppTemplate/vappTemplate-{}"),
    ("vm", "/api/vAppTemplate/vm-{}"),
    ("vapp", "/api/vApp/vapp-{}"),
    ("vm", "/api/vApp/vm-{}"),
    ("user", "/api/admin/user/{}"),
    ("role", "/api/admin/role/{}"),
    ("providervdc", "/api/admin/providervdc/{}"),
    ("task", "/api/task/{}"),
    ("blockingTask", "/api/admin/extension/blockingTask/{}"),
]


@pytest.mark.parametrize("version", ["1.5", "33.0"])
@pytest.mark.parametrize(("kind", "path"), PLACES)
def test_an_id_that_nothing_has(house: House, kind: str, path: str, version: str) -> None:
    reply = house.client("administrator@System", version).get(path.format(NOWHERE))
    refused(reply, 403, FORBIDDEN, no_access(kind))


NO_IDS = [
    "1",
    "x",
    "25",
    "-",
    NOWHERE[:-1],
    NOWHERE + "0",
    NOWHERE.replace("-", ""),
    "{" + NOWHERE + "}",
    " " + NOWHERE,
]
NO_IDS += [
    "%00",
    "%ff",
    "\u00fc",
    "\U0001f600",
    "%0a" + NOWHERE,
    NOWHERE + "%0a",
    "..",
    "%2e%2e",
    "*",
    "'%20or%201=1",
    "a" * 3_000,
]


@pytest.mark.parametrize(("kind", "path"), PLACES)
def test_an_id_that_is_none(house: House, kind: str, path: str) -> None:
    for id in NO_IDS:
        if not (path.endswith("/{}") and id in ("..", "%2e%2e")):
            refused(house.admin.get(path.format(id)), 400, "BAD_REQUEST", BAD_ID)


@pytest.mark.parametrize("path", ["/api/vApp/{}", "/api/vAppTemplate/{}"])
def test_an_id_without_the_prefix_of_its_collection(house: House, path: str) -> None:
    id = id_of(house.off)
    for segment in (id, f"vapp{id}", f"vAPP-{id}", f"vapp--{id}", f"x-{id}", "vapp-", f"vapp-vapp-{id}"):
        refused(house.alice.get(path.format(segment)), 400, "BAD_REQUEST", BAD_ID)


@pytest.mark.parametrize(("kind", "path"), [place for place in PLACES if place[0] not in ("role", "providervdc")])
def test_an_id_of_something_else(house: House, kind: str, path: str) -> None:
    other = house.held_task if kind != "task" else house.hold
    refused(house.admin.get(path.format(id_of(other))), 400, "BAD_REQUEST", wrong_collection(kind))
    other = house.off if kind != "vapp" else house.vdc
    refused(house.admin.get(path.format(id_of(other))), 400, "BAD_REQUEST", wrong_collection(kind))


def test_an_id_of_something_else_is_no_hint_at_what_one_may_not_see(house: House) -> None:
    refused(house.bob.get(f"/api/vApp/vapp-{id_of(house.held_task)}"), 403, FORBIDDEN)
    refused(house.alice.get(f"/api/vApp/vapp-{id_of(house.hold)}"), 403, FORBIDDEN)


def test_upper_case_is_the_same_id(house: House) -> None:
    assert house.alice.get(f"/api/vApp/vapp-{id_of(house.off).upper()}").status == 200


@pytest.mark.parametrize(
    "urn",
    [
        NOWHERE,
        "urn:vcloud:vapp",
        "urn:vcloud:vapp:25",
        f"urn:vcloud::{NOWHERE}",
        f"urn:vcloud:nothing:{NOWHERE}",
        f"urn:other:vapp:{NOWHERE}",
        f"vcloud:vapp:{NOWHERE}",
        f"urn:vcloud:vapp:{NOWHERE}:x",
        f"urn:vcloud:vapp:vapp-{NOWHERE}",
        "%00",
        "\U0001f600",
    ],
)
def test_no_urn(house: House, urn: str) -> None:
    for path in (f"/api/entity/{urn}", f"/cloudapi/1.0.0/entity/{urn}"):
        refused(house.client("alice@acme", "33.0").get(path), 400)


@pytest.mark.parametrize("kind", sorted({kind for kind, _ in PLACES} - {"role", "providervdc"}))
def test_a_urn_that_nothing_has(house: House, kind: str) -> None:
    refused(house.admin.get(f"/api/entity/urn:vcloud:{kind}:{NOWHERE}"), 403, FORBIDDEN, no_access(kind))
