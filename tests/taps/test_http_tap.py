"""The HTTP tap: invisible unless a rule or a crash point says otherwise."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from gatepost import Gatepost
from gatepost.core.effects import (
    EFFECTS,
    HttpHang,
    HttpHeaderCase,
    HttpMalform,
    HttpReset,
    HttpTrickle,
    HttpTruncate,
    Point,
)
from gatepost.core.faults import Faults, Match
from gatepost.core.journal import Journal
from gatepost.serving.threaded import ThreadedServer
from gatepost.taps import HttpTap
from tests.support.client import VcloudClient
from tests.support.raw_http import Seen, request, respond
from tests.support.tenant import ask
from tests.support.waiting import until

MakeWorld = Callable[..., Gatepost]
Connect = Callable[..., VcloudClient]

VERSIONS = "/api/versions"
ACCEPT = {"Accept": "application/*+xml;version=5.5"}
CANCEL = Match(method="POST", path="*/action/cancel")


def get(world: Gatepost, path: str = VERSIONS, timeout: float = 60.0) -> httpx.Response:
    return httpx.get(world.url + path, trust_env=False, timeout=timeout)


def noted(world: Gatepost, kind: str) -> list[str | None]:
    return [entry.note for entry in world.journal.after(0) if entry.kind == kind]


# --- nothing is to be seen of it -------------------------------------------------------------------------------------


@contextmanager
def bare_tap(app: object) -> Iterator[tuple[HttpTap, ThreadedServer]]:
    server = ThreadedServer(app)  # type: ignore[arg-type]  # any WSGI application
    tap = HttpTap(server.url, Journal(time.time), Faults(1, time.time))
    server.start()
    tap.start()
    try:
        yield tap, server
    finally:
        tap.stop()
        server.stop()


def talk(port: int, data: bytes) -> bytes:
    """Send bytes, and all that comes back until the connection closes; the date left out."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection, connection.makefile("rb") as answer:
        connection.sendall(data)
        lines = answer.read().split(b"\r\n")
        return b"\r\n".join(line for line in lines if not line.lower().startswith(b"date:"))


@pytest.mark.parametrize(
    "data",
    [
        request(),
        request(keep=True) + request("/b", "POST", "Content-Length: 3", body=b"abc"),
        request("/", "HEAD"),
        request("/", "GET", version="1.0"),
        request("/", "POST", "Transfer-Encoding: chunked", body=b"4\r\nwiki\r\n5;x=y\r\npedia\r\n0\r\n\r\n"),
        request("/", "POST", "Expect: 100-continue", "Content-Length: 3", body=b"abc"),
        request("/", "POST", "Content-Length: 200000", body=b"x" * 200_000),
        request("/", "POST", "Content-Length: x"),
        request("/", "GET", "X-UPPER: 1", "x-lower: 2"),
        b"no http at all\r\n\r\n",
        b"GET / HTTP/1.1\r\nbroken header\r\nConnection: close\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nConnection: close\r\n\r\n",
    ],
)
def test_every_byte_is_passed_on(data: bytes) -> None:
    with bare_tap(Seen()) as (tap, server):
        assert talk(tap.port, data) == talk(server.port, data)


@pytest.mark.parametrize(
    "app",
    [
        respond(body=[b"a" * 100_000, b"b" * 100_000]),
        respond(headers=[("Content-Length", "5")], body=[b"he", b"llo"]),
        respond("204 No Content"),
        respond("304 Not Modified"),
        respond(headers=[("X-One", "1"), ("x-one", "2")], body=[b""]),
    ],
)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_every_answer_is_passed_on(app: object, version: str) -> None:
    with bare_tap(app) as (tap, server):
        data = request(keep=True, version=version) + request(version=version)
        assert talk(tap.port, data) == talk(server.port, data)


def test_it_streams_what_it_does_not_keep() -> None:
    arrived = threading.Event()

    def app(environ: object, start_response: Callable[..., object]) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"first"
        arrived.wait(60)
        yield b"second"

    with bare_tap(app) as (tap, _):
        connection = http.client.HTTPConnection("127.0.0.1", tap.port, timeout=60)
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.read(5) == b"first"
        arrived.set()
        assert response.read() == b"second"
        connection.close()


def test_a_server_that_is_away_is_a_bad_gateway() -> None:
    with bare_tap(Seen()) as (tap, server):
        server.stop()
        assert talk(tap.port, request()).startswith(b"HTTP/1.1 502 ")


def test_a_connection_outlives_the_one_behind_it() -> None:
    with bare_tap(Seen()) as (tap, _), httpx.Client(trust_env=False, timeout=60) as client:
        url = f"http://127.0.0.1:{tap.port}/"
        assert client.get(url, headers={"Connection": "keep-alive"}).status_code == 200
        assert client.get(url).status_code == 200


def test_a_whole_approval_goes_through_it(tapped: Gatepost, connect: Connect) -> None:
    _, task = ask(connect(tapped), "web-01")
    assert task.startswith(tapped.url)
    hold = httpx.get(f"{tapped.url}/gatepost/holds", trust_env=False, timeout=60).json()["holds"][0]["id"]
    decided = connect(tapped, "administrator@System").resume(f"{tapped.url}/api/admin/extension/blockingTask/{hold}")
    assert decided.status == 204
    tapped.clock.run_until_idle(within=60)
    assert connect(tapped).wait_task(task) is not None


def test_with_tls_it_is_the_tap_that_speaks_it(make_world: MakeWorld) -> None:
    world = make_world(taps=True, tls=True)
    context = ssl.create_default_context(cafile=str(world.ca_file))
    reply = httpx.get(world.url + VERSIONS, verify=context, trust_env=False, timeout=60)
    assert (reply.status_code, world.url[:5]) == (200, "https")


# --- rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("when", "status"), [("before", "preRunning"), ("after", "canceled")])
def test_a_reset_comes_before_or_after_the_effect(tapped: Gatepost, connect: Connect, when: str, status: str) -> None:
    alice = connect(tapped)
    _, task = ask(alice, "web-01")
    tapped.faults.add(HttpReset.model_validate({"when": when}), CANCEL)
    with pytest.raises(httpx.TransportError, match="reset"):
        alice.post(f"{task}/action/cancel")
    assert alice.get(task).xml.get("status") == status
    assert noted(tapped, "http.fault") == ["http.reset"]


def test_one_users_requests_are_reset(tapped: Gatepost, connect: Connect) -> None:
    alice, bob = connect(tapped), connect(tapped, "bob@globex", version="33.0")
    tapped.faults.add(HttpReset(), Match(user="bob@globex", dialect="vcloud"))
    assert alice.get("/api/org").status == 200
    with pytest.raises(httpx.TransportError):
        bob.get("/api/org")


def test_a_request_hangs_until_the_client_has_had_enough(tapped: Gatepost) -> None:
    tapped.faults.add(HttpHang(), Match(nth=1))
    with pytest.raises(httpx.ReadTimeout):
        get(tapped, timeout=0.2)
    assert get(tapped).status_code == 200


def test_a_hang_may_end_and_comes_after_the_effect(tapped: Gatepost, connect: Connect) -> None:
    alice = connect(tapped)
    _, task = ask(alice, "web-01")
    tapped.faults.add(HttpHang(when="after", seconds=0.1), CANCEL)
    with pytest.raises(httpx.RemoteProtocolError):
        alice.post(f"{task}/action/cancel")
    assert alice.get(task).xml.get("status") == "canceled"


@pytest.mark.parametrize("size", [None, 0, 10, 1_000_000])
def test_an_answer_breaks_off(tapped: Gatepost, size: int | None) -> None:
    whole = len(get(tapped).content)
    tapped.faults.add(HttpTruncate(bytes=size))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        get(tapped)
    assert whole > 20


@pytest.mark.parametrize("how", ["cut-off", "not-utf8", "html", "empty"])
def test_an_answer_is_malformed_in_a_right_frame(tapped: Gatepost, how: str) -> None:
    good = get(tapped)
    tapped.faults.add(HttpMalform.model_validate({"how": how}))
    with httpx.Client(trust_env=False, timeout=60) as client:
        replies = [client.get(tapped.url + VERSIONS) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [200, 200]
    assert good.content not in (reply.content for reply in replies)
    assert (replies[0].headers["content-type"] == "text/html") is (how == "html")


def test_an_answer_trickles(tapped: Gatepost) -> None:
    whole = get(tapped)
    tapped.faults.add(HttpTrickle(bytes=500, pause=0.01))
    began = time.monotonic()
    assert get(tapped).content == whole.content
    assert time.monotonic() - began > len(whole.content) / 500 * 0.01


@pytest.mark.parametrize("case", ["upper", "lower", "swapped"])
def test_header_names_come_in_other_letters(tapped: Gatepost, case: str) -> None:
    names = [name for name, _ in get(tapped).headers.raw]
    tapped.faults.add(HttpHeaderCase.model_validate({"case": case}))
    change = {"upper": bytes.upper, "lower": bytes.lower, "swapped": bytes.swapcase}[case]
    assert [name for name, _ in get(tapped).headers.raw] == [change(name) for name in names]


def test_the_control_api_is_never_faulty(tapped: Gatepost) -> None:
    tapped.faults.add(HttpReset())
    assert get(tapped, "/gatepost/info").status_code == 200


# --- crash points ----------------------------------------------------------------------------------------------------


class Asking(threading.Thread):
    """A request in a thread of its own; `failed` tells what became of it."""

    def __init__(self, ask: Callable[[], object]) -> None:
        super().__init__()
        self._ask = ask
        self.failed: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self._ask()
        except httpx.TransportError as error:
            self.failed = error


@pytest.mark.parametrize(("at", "held_at"), [("request", "preRunning"), ("effect", "canceled")])
@pytest.mark.parametrize("dropped", [False, True])
def test_a_request_is_held_before_or_after_its_effect(
    tapped: Gatepost, connect: Connect, at: str, held_at: str, dropped: bool
) -> None:
    alice, other = connect(tapped), connect(tapped)
    _, task = ask(alice, "web-01")
    assert tapped.http_tap is not None
    called: list[object] = []
    point = tapped.http_tap.hold("effect" if at == "effect" else "request", CANCEL, called.append)
    asking = Asking(lambda: alice.post(f"{task}/action/cancel"))
    assert point.wait()
    assert called == [point]
    assert other.get(task).xml.get("status") == held_at
    assert asking.is_alive()
    point.drop() if dropped else point.release()
    asking.join()
    assert (asking.failed is not None) is dropped
    assert other.get(task).xml.get("status") == (held_at if dropped else "canceled")
    assert noted(tapped, "http.held") == [at]


def test_a_client_may_die_at_a_crash_point(tapped: Gatepost, connect: Connect) -> None:
    alice = connect(tapped)
    _, task = ask(alice, "web-01")
    assert tapped.http_tap is not None
    point = tapped.http_tap.hold("request", CANCEL)
    login = httpx.post(
        f"{tapped.url}/api/sessions", auth=("alice@acme", "gatepost"), headers=ACCEPT, trust_env=False, timeout=60
    )
    token = login.headers["x-vcloud-authorization"]
    path = task.removeprefix(tapped.url)
    dying = socket.create_connection(("127.0.0.1", tapped.port))
    lines = (f"x-vcloud-authorization: {token}", "Accept: application/*+xml;version=5.5", "Content-Length: 0")
    dying.sendall(request(f"{path}/action/cancel", "POST", *lines))
    assert point.wait()
    dying.close()
    point.release()
    until(lambda: alice.get(task).xml.get("status") == "canceled")


def test_what_is_held_or_hangs_ends_with_the_world(make_world: MakeWorld) -> None:
    world = make_world(taps=True)
    world.faults.add(HttpHang(), Match(method="GET"))
    assert world.http_tap is not None
    point = world.http_tap.hold("request", Match(method="POST"))
    hanging = Asking(lambda: get(world))
    held = Asking(lambda: httpx.post(f"{world.url}/api/sessions", trust_env=False, timeout=60))
    until(lambda: noted(world, "http.fault"))
    assert point.wait()
    before = {thread.name for thread in threading.enumerate()}
    began = time.monotonic()
    world.stop()
    assert time.monotonic() - began < 30
    for asking in (hanging, held):
        asking.join()
        assert asking.failed is not None
    point.release()
    after = {thread.name for thread in threading.enumerate()}
    assert "gatepost-http-tap" in before - after


def test_every_effect_of_the_tap_was_tried() -> None:
    tried = {HttpHang, HttpReset, HttpTruncate, HttpMalform, HttpTrickle, HttpHeaderCase}
    assert {effect for effect in EFFECTS if effect.point is Point.HTTP_TAP} == tried
