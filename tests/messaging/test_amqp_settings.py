"""The AMQP settings over the API: what is shown, what a change needs, and the test that really connects."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme

from gatepost import Gatepost
from tests.support.amqp import AMQP, amqp_settings
from tests.support.client import VcloudClient
from tests.support.consumer import Consumer
from tests.support.proxy import HOST, Proxy
from tests.support.tenant import ask, the
from tests.support.waiting import until

Connect = Callable[..., VcloudClient]
ANYWHERE = "amqp://guest:guest@127.0.0.1:5672/%2F"


@pytest.fixture
def administrator(cloud: Gatepost, connect: Connect) -> VcloudClient:
    return connect(cloud, "administrator@System")


def verdict(administrator: VcloudClient, amqp_url: str, **changes: Any) -> str | None:
    """What the action `test` says of a broker: None when it is well, else the message of the error."""
    path, body, content_type = amqp_settings(amqp_url, **changes)
    reply = administrator.post(f"{path}/action/test", body, content_type)
    assert reply.status == 200, reply
    if the(reply.xml, "Valid").text == "true":
        assert reply.xml.find("{*}error") is None
        return None
    assert the(reply.xml, "Valid").text == "false"
    error = the(reply.xml, "error")
    assert (error.get("majorErrorCode"), error.get("minorErrorCode")) == ("400", "BAD_REQUEST")
    return error.get("message")


@contextmanager
def answering(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """The URL of a server on which every connection is answered by a function; then it is closed."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # shut down
                return
            with connection:
                answer(connection)

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"amqp://guest:guest@{HOST}:{listener.getsockname()[1]}/%2F"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def silence(connection: socket.socket) -> None:
    """Read, and say nothing."""
    while connection.recv(1024):
        pass


def http(connection: socket.socket) -> None:
    connection.recv(1024)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def other_amqp(connection: socket.socket) -> None:
    """A broker of AMQP 1.0 answers a header that it does not know with its own, and hangs up."""
    connection.recv(8)
    connection.sendall(b"AMQP\x00\x01\x00\x00")


# --- action/test ---------------------------------------------------------------------------------------------------


def test_a_broker_that_lets_us_in(amqp_url: str, administrator: VcloudClient) -> None:
    assert verdict(administrator, amqp_url) is None


def test_the_test_changes_nothing(amqp_url: str, administrator: VcloudClient, cloud: Gatepost) -> None:
    before = administrator.get(AMQP).body
    assert verdict(administrator, amqp_url, Exchange="another") is None
    assert administrator.get(AMQP).body == before
    assert cloud.broker_state == "off"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Password": "wrong"}, "The broker refused user name or password"),
        ({"Username": "nobody"}, "The broker refused user name or password"),
        ({"VHost": "no-such-host"}, "The broker refused the virtual host"),
        ({"Host": ""}, "No AMQP host is given"),
        ({"UseSSL": "true"}, "What answers there does not speak TLS"),
        ({"UseSSL": "true", "SslAcceptAll": "true"}, "What answers there does not speak TLS"),
    ],
)
def test_what_a_broker_refuses(
    amqp_url: str, administrator: VcloudClient, changes: dict[str, str], message: str
) -> None:
    assert (verdict(administrator, amqp_url, **changes) or "").startswith(message)


def test_the_stored_password_is_not_used(amqp_url: str, make_world: Callable[..., Gatepost], connect: Connect) -> None:
    cloud = make_world(broker=amqp_url)
    until(lambda: cloud.broker_state == "connected")
    administrator = connect(cloud, "administrator@System")
    for omitted in (None, ""):
        assert verdict(administrator, amqp_url, Password=omitted) == "The broker refused user name or password"
    assert cloud.broker_state == "connected"


def test_a_closed_port(administrator: VcloudClient) -> None:
    with Proxy(ANYWHERE) as proxy:
        assert verdict(administrator, proxy.url) == "Connection refused"


@pytest.mark.parametrize("answer", [http, other_amqp])
def test_something_that_is_not_amqp(administrator: VcloudClient, answer: Callable[[socket.socket], object]) -> None:
    with answering(answer) as url:
        assert verdict(administrator, url) == "What answers there does not speak AMQP 0-9-1"


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a..b", "x" * 200, "ünïcode.invalid"])
def test_a_host_that_cannot_be_found(administrator: VcloudClient, host: str) -> None:
    assert verdict(administrator, ANYWHERE, Host=host)


def test_what_never_answers_is_given_up_after_some_seconds(administrator: VcloudClient) -> None:
    with answering(silence) as plain, answering(silence) as tls, ThreadPoolExecutor() as pool:
        began = time.monotonic()
        verdicts = [
            pool.submit(verdict, administrator, plain),
            pool.submit(verdict, administrator, tls, UseSSL="true"),
        ]
        assert [one.result() for one in verdicts] == ["The broker did not answer in time"] * 2
        assert time.monotonic() - began < 30


def test_a_stop_does_not_wait_for_a_test(make_world: Callable[..., Gatepost], connect: Connect) -> None:
    cloud = make_world()
    administrator = connect(cloud, "administrator@System")
    heard = threading.Event()

    def notice(connection: socket.socket) -> None:
        heard.set()
        silence(connection)

    with answering(notice) as url, ThreadPoolExecutor() as pool:
        answer = pool.submit(verdict, administrator, url)
        assert heard.wait(60)
        cloud.stop()
        assert answer.result() == "The cloud is stopping"


# --- TLS -----------------------------------------------------------------------------------------------------------


def test_a_certificate_that_is_not_trusted(tls_broker: tuple[str, trustme.CA], administrator: VcloudClient) -> None:
    url, _ = tls_broker
    message = "The broker's certificate is not trusted: "
    assert (verdict(administrator, url, UseSSL="true") or "").startswith(message)
    assert verdict(administrator, url, UseSSL="true", SslAcceptAll="true") is None


def test_plain_amqp_to_a_port_that_speaks_tls(tls_broker: tuple[str, trustme.CA], administrator: VcloudClient) -> None:
    url, _ = tls_broker
    assert verdict(administrator, url) == "What answers there does not speak AMQP 0-9-1"


def test_notifications_over_tls(
    tls_broker: tuple[str, trustme.CA],
    amqp_url: str,
    make_world: Callable[..., Gatepost],
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    url, authority = tls_broker
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    # Where OpenSSL looks for the authorities that a machine trusts.
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with Consumer(amqp_url, "systemExchange") as consumer:
        ask(connect(make_world(broker=url)), "web-01")
        assert consumer.take(4)[0].event == "vapp.create_request"


# --- reading and changing ------------------------------------------------------------------------------------------


def shown(administrator: VcloudClient) -> dict[str, str | None]:
    return {
        name: the(administrator.get(AMQP).xml, f"Amqp{name}").text
        for name in ("Host", "Port", "Username", "Password", "Exchange", "VHost", "UseSSL", "SslAcceptAll", "Prefix")
    }


def test_before_any_configuration(administrator: VcloudClient) -> None:
    assert shown(administrator) == {
        "Host": None,
        "Port": "5672",
        "Username": "guest",
        "Password": None,
        "Exchange": "systemExchange",
        "VHost": "/",
        "UseSSL": "false",
        "SslAcceptAll": "false",
        "Prefix": "vcd",
    }


def test_the_broker_that_it_was_started_with(
    amqp_url: str, make_world: Callable[..., Gatepost], connect: Connect
) -> None:
    administrator = connect(make_world(broker=amqp_url), "administrator@System")
    port = str(urlsplit(amqp_url).port)
    values = shown(administrator)
    assert (values["Host"], values["Port"], values["VHost"], values["Password"]) == (HOST, port, "/", None)


def test_a_change_is_echoed_without_its_password(administrator: VcloudClient) -> None:
    reply = administrator.put(*amqp_settings(ANYWHERE, Host="", Password="s3cret", VHost="tenants", Prefix="p"))
    assert reply.status == 200, reply
    assert b"s3cret" not in reply.body
    assert reply.body == administrator.get(AMQP).body
    values = shown(administrator)
    assert (values["VHost"], values["Prefix"], values["Password"]) == ("tenants", "p", None)


def test_a_change_without_the_optional_values_keeps_them(
    amqp_url: str, make_world: Callable[..., Gatepost], connect: Connect
) -> None:
    cloud = make_world(broker=amqp_url)
    administrator = connect(cloud, "administrator@System")
    administrator.put(*amqp_settings(amqp_url, Prefix="mine", SslAcceptAll="true"))
    # What the PHP sample sends, and the password as the GET shows it.
    for password in (None, ""):
        reply = administrator.put(*amqp_settings(amqp_url, Password=password, Prefix=None, SslAcceptAll=None))
        assert reply.status == 200, reply
        until(lambda: cloud.broker_state == "connected")
    values = shown(administrator)
    assert (values["Prefix"], values["SslAcceptAll"]) == ("mine", "true")


@pytest.mark.parametrize(
    "changes",
    [
        {"Port": 0},
        {"Port": 65_536},
        {"Port": "many"},
        {"Port": None},
        {"Host": None},
        {"Exchange": None},
        {"VHost": None},
        {"Username": None},
        {"UseSSL": None},
        {"UseSSL": "perhaps"},
        {"Exchange": "x" * 256},
        {"VHost": "ä" * 128},
    ],
)
def test_settings_that_cannot_be(administrator: VcloudClient, changes: dict[str, Any]) -> None:
    before = administrator.get(AMQP).body
    path, body, content_type = amqp_settings(ANYWHERE, **changes)
    for reply in (
        administrator.put(path, body, content_type),
        administrator.post(f"{path}/action/test", body, content_type),
    ):
        assert reply.status == 400, reply
    assert administrator.get(AMQP).body == before


def test_only_the_system_administrator_may(cloud: Gatepost, connect: Connect) -> None:
    path, body, content_type = amqp_settings(ANYWHERE)
    for user in ("alice@acme", "orgadmin@acme"):
        somebody = connect(cloud, user)
        replies = (
            somebody.get(path),
            somebody.put(path, body, content_type),
            somebody.post(f"{path}/action/test", body, content_type),
        )
        assert [reply.status for reply in replies] == [403] * 3
