"""Who may use the control API: no foreign web page by any trick, and beyond this machine only who holds the token."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from gatepost import Gatepost
from gatepost.app import create_app
from tests.support.client import VcloudClient
from tests.support.control import ControlClient

MakeWorld = Callable[..., Gatepost]
Control = Callable[..., ControlClient]

TOKEN = "Tr0ub4dor&3"


def guarded() -> Iterator[tuple[str, str]]:
    """Every route but health, behind /gatepost."""
    for rule in create_app().url_map.iter_rules():
        if rule.endpoint.startswith("control.") and rule.rule != "/gatepost/health":
            for method in sorted((rule.methods or set()) - {"HEAD"}):
                yield method, rule.rule.removeprefix("/gatepost").replace("<id>", "x")


def refusals(client: ControlClient, headers: dict[str, str]) -> dict[int, int]:
    """How often each status came, when everything guarded was asked for."""
    statuses = [client.request(method, path, headers).status for method, path in guarded()]
    assert statuses
    return {status: statuses.count(status) for status in set(statuses)}


# --- without a token: the Host header --------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LocalHost", "localhost:8080", "[::1]:1"])
def test_hosts_of_this_machine(cloud: Gatepost, api: ControlClient, host: str) -> None:
    assert api.get("/info", {"Host": host}).status == 200


FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:80",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil.example:localhost",
    "localhost@evil.example",
    "localhost.",
    "0.0.0.0",
    "127.0.0.2",
    "2130706433",
    "[::ffff:127.0.0.1]",
    "[::2]",
    "[",
    "]",
    "[::1",
    "::1",
    ":",
    "",
]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_name_that_was_made_to_lead_here(api: ControlClient, host: str) -> None:
    assert set(refusals(api, {"Host": host})) == {403}


def test_what_is_refused_is_not_done(cloud: Gatepost, api: ControlClient) -> None:
    last = cloud.clock.now()
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        api.post("/clock/advance", {"seconds": 1}, headers)
        api.patch("/settings", {"work.scale": 7}, headers)
        api.post("/operations", {"operation": "instantiate", "name": "x"}, headers)
    assert (cloud.clock.now(), cloud.settings.work_scale, len(cloud.world.inventory.vapps)) == (last, 1.0, 0)


def test_the_refusal_names_the_way_out(api: ControlClient) -> None:
    error = api.get("/info", {"Host": "build-7.lan"}).error
    assert "build-7.lan" in error
    assert "--allowed-host" in error


def test_an_allowed_host(make_world: MakeWorld, control: Control) -> None:
    client = control(make_world(allowed_hosts=("Build-7.lan",)))
    assert client.get("/info", {"Host": "build-7.LAN:80"}).status == 200
    assert client.get("/info", {"Host": "127.0.0.1"}).status == 200
    assert client.get("/info", {"Host": "build-8.lan"}).status == 403


def test_health_is_for_everybody(api: ControlClient) -> None:
    for headers in ({"Host": "evil.example"}, {"Origin": "null"}, {"Authorization": "Bearer wrong"}):
        assert api.get("/health", headers).json == {"status": "ok"}


# --- the Origin header -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_pages_of_our_own(cloud: Gatepost, api: ControlClient, host: str) -> None:
    own = f"{host}:{cloud.port}"
    assert api.get("/info", {"Host": own, "Origin": f"http://{own}"}).status == 200


FOREIGN_ORIGINS = [
    "null",
    "NULL",
    "http://evil.example",
    "https://evil.example:{port}",
    "http://localhost",
    "http://localhost:1",
    "http://127.0.0.1",
    "http://localhost:{port}.evil.example",
    "http://localhost:{port}@evil.example",
    "http://evil.example#localhost:{port}",
    "http://evil.example/localhost:{port}",
    "localhost:{port}",
    "file://",
    "http://[",
    "http://[::1",
    "://",
    "x",
]


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_pages_of_others(cloud: Gatepost, api: ControlClient, origin: str) -> None:
    headers = {"Host": f"localhost:{cloud.port}", "Origin": origin.format(port=cloud.port)}
    assert set(refusals(api, headers)) == {403}


def test_a_page_that_had_its_own_name_lead_here(cloud: Gatepost, api: ControlClient) -> None:
    evil = f"evil.example:{cloud.port}"
    assert set(refusals(api, {"Host": evil, "Origin": f"http://{evil}"})) == {403}


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD"])
def test_no_preflight_is_granted(cloud: Gatepost, method: str) -> None:
    with socket.create_connection(("127.0.0.1", cloud.port)) as connection:
        connection.sendall(
            f"{method} /gatepost/reset HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n"
            "Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n".encode()
        )
        answer = connection.makefile("rb").read().lower()
    assert answer.startswith(b"http/1.1 405")
    assert b"access-control" not in answer


# --- the token -------------------------------------------------------------------------------------------------------


@pytest.fixture
def tokened(make_world: MakeWorld) -> Gatepost:
    return make_world(clock="manual", control_token=TOKEN)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
def test_the_token(tokened: Gatepost, control: Control, scheme: str) -> None:
    assert control(tokened).get("/info", {"Authorization": f"{scheme} {TOKEN}"}).status == 200


WRONG_AUTHORIZATIONS = [
    {},
    {"Authorization": ""},
    {"Authorization": TOKEN},
    {"Authorization": "Bearer"},
    {"Authorization": f"Bearer {TOKEN[:-1]}"},
    {"Authorization": f"Bearer {TOKEN}x"},
    {"Authorization": f"Bearer {TOKEN.lower()}"},
    {"Authorization": f"Bearer {TOKEN} {TOKEN}"},
    {"Authorization": f"Basic {TOKEN}"},
    {"Authorization": "Bearer " + "x" * 8_000},
    {"X-Authorization": f"Bearer {TOKEN}"},
    {"Cookie": f"token={TOKEN}; control-token={TOKEN}"},
    {"x-vcloud-authorization": TOKEN},
]


@pytest.mark.parametrize("headers", WRONG_AUTHORIZATIONS)
def test_without_the_right_token(tokened: Gatepost, control: Control, headers: dict[str, str]) -> None:
    client = control(tokened)
    assert set(refusals(client, headers)) == {401}
    assert client.get("/health", headers).status == 200
    assert client.get(f"/info?token={TOKEN}&control_token={TOKEN}", headers).status == 401


def test_the_refusal_does_not_tell_the_token(tokened: Gatepost, control: Control) -> None:
    error = control(tokened).get("/info", {"Authorization": f"Bearer {TOKEN[:-1]}"}).error
    assert TOKEN[:-1] not in error
    assert "Authorization: Bearer" in error


def test_the_token_stands_for_any_host_but_for_no_other_page(tokened: Gatepost, control: Control) -> None:
    client = control(tokened, headers={"Authorization": f"Bearer {TOKEN}"})
    assert client.get("/info", {"Host": "any.example"}).status == 200
    assert set(refusals(client, {"Host": "any.example", "Origin": "http://evil.example"})) == {403}


@pytest.mark.parametrize("token", ["", " ", "a b", "\t", "caf\u00e9", "x\n"])
def test_a_token_that_no_header_can_carry(token: str) -> None:
    with pytest.raises(ValueError, match="control token"):
        Gatepost(control_token=token)


# --- beyond this machine ---------------------------------------------------------------------------------------------


def test_listening_everywhere_without_a_token(
    make_world: MakeWorld, control: Control, connect: Callable[..., VcloudClient]
) -> None:
    world = make_world(host="0.0.0.0")
    client = control(world)
    for host in ("127.0.0.1", "localhost", "0.0.0.0", "192.0.2.7"):
        assert set(refusals(client, {"Host": host})) == {403}
    assert "--control-token" in client.get("/info").error
    assert client.get("/health").status == 200
    assert connect(world).get("/api/org").status == 200  # the cloud itself is served


def test_listening_everywhere_with_a_token(make_world: MakeWorld, control: Control) -> None:
    client = control(make_world(host="0.0.0.0", control_token=TOKEN))
    assert client.get("/info", {"Authorization": f"Bearer {TOKEN}", "Host": "192.0.2.7"}).status == 200
    assert set(refusals(client, {})) == {401}


def test_ipv6(make_world: MakeWorld, control: Control, connect: Callable[..., VcloudClient]) -> None:
    try:
        world = make_world(host="::1")
    except OSError:
        pytest.skip("not for this machine: it has no IPv6")
    assert world.url == f"http://[::1]:{world.port}"
    client = control(world, host="[::1]")
    assert client.get("/info").status == 200
    assert client.get("/info", {"Host": "[::2]"}).status == 403
    assert connect(world).get("/api/org").status == 200
