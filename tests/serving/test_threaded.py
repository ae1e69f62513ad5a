"""What only the threaded server promises: to leave nothing behind, however often and wherever it stops."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from gatepost import serving
from gatepost.serving.threaded import ThreadedServer
from gatepost.serving.tls import Certificate
from tests.support.raw_http import TEXT, Parked, connect, exchange, get, hello, refuses, request, respond, until

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def descriptors() -> int:
    return len(os.listdir("/dev/fd"))


@contextmanager
def nothing_left() -> Iterator[None]:
    threads, files = threading.enumerate(), descriptors()
    yield
    assert threading.enumerate() == threads
    assert descriptors() == files


@contextmanager
def busy_processor(processes: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(processes):
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(process.kill)
        yield


@pytest.mark.timeout(300)  # on a machine that is overloaded already
def test_300_lives_on_a_busy_machine_leave_nothing() -> None:
    with busy_processor(2), nothing_left():
        for _ in range(300):
            server = ThreadedServer(hello)
            server.start()
            with connect(server), connect(server, b"GET /half") as half, connect(server, request(keep=True)) as kept:
                assert kept.recv(12) == b"HTTP/1.1 200"
                half.sendall(b" HTTP/1.1\r\n")
                assert server.stop() == 0


def test_the_port_is_free_again_when_stop_returns() -> None:
    first = ThreadedServer(hello)
    first.start()
    get(first)
    first.stop()
    again = ThreadedServer(hello, port=first.port)
    again.start()
    assert get(again) == (200, b"hello")
    again.stop()


@pytest.fixture
def long_grace(monkeypatch: pytest.MonkeyPatch) -> float:
    """Long enough to tell a stop that waits from one that is slow, on any machine. Seconds."""
    monkeypatch.setattr(serving, "GRACE_SECONDS", 60)
    return 60


def test_idle_connections_do_not_delay_stop(certificate: Certificate, long_grace: float) -> None:
    with nothing_left(), ExitStack() as stack:
        for server in (ThreadedServer(hello), ThreadedServer(hello, certificate=certificate)):
            server.start()
            for _ in range(20):
                stack.enter_context(connect(server))
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < long_grace / 2


def test_an_idle_client_with_tls_does_not_delay_stop(certificate: Certificate, long_grace: float) -> None:
    server = ThreadedServer(hello, certificate=certificate)
    server.start()
    context = ssl.create_default_context(cafile=str(certificate.ca))
    kept = http.client.HTTPSConnection(server.host, server.port, context=context, timeout=60)
    for _ in range(2):
        kept.request("GET", "/")
        assert kept.getresponse().read() == b"hello"
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < long_grace / 2
    kept.close()


def test_a_request_that_ends_after_stop_gave_up_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "GRACE_SECONDS", 0.05)
    app = Parked()
    threads, files = threading.enumerate(), descriptors()
    server = ThreadedServer(app)
    server.start()
    with connect(server, request("/park")):
        app.arrived.acquire(timeout=60)
        assert server.stop() == 1
        app.release.set()
    assert until(lambda: threading.enumerate() == threads and descriptors() == files)


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\nHo", request("/", "POST", "Content-Length: 10", body=b"1234"), request("/stream")],
    ids=["half a header", "half a body", "an endless response"],
)
def test_stop_cuts_what_will_not_end(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "GRACE_SECONDS", 0.05)
    never = threading.Event()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [TEXT])
        while not never.wait(0.005):
            yield b"more"

    with nothing_left():
        server = ThreadedServer(app)
        server.start()
        with connect(server, data):
            assert server.stop() == 0


def test_the_response_that_stop_waited_for_is_the_last_on_its_connection() -> None:
    app = Parked()
    server = ThreadedServer(app)
    server.start()
    with connect(server, request("/park", keep=True) + request()) as connection, connection.makefile("rb") as answer:
        app.arrived.acquire(timeout=60)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert until(lambda: refuses(server))
        app.release.set()
        assert answer.read().count(b"hello") == 1
    stopping.join()


def test_servers_side_by_side_keep_to_themselves() -> None:
    servers = [ThreadedServer(respond(body=[str(number).encode()])) for number in range(5)]
    for server in servers:
        server.start()
    assert [get(server)[1] for server in servers] == [b"0", b"1", b"2", b"3", b"4"]
    servers[0].stop()
    assert get(servers[1])[1] == b"1"
    for server in servers:
        server.stop()


def test_a_connection_that_takes_too_long_over_its_headers_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HEADER_SECONDS", 0.1)
    server = ThreadedServer(hello)
    server.start()
    with connect(server, b"GET / HTTP/1.1\r\nHo") as connection:
        assert connection.recv(1) == b""
    server.stop()


def test_the_answer_to_a_large_body_that_nobody_reads_arrives() -> None:
    server = ThreadedServer(hello)
    server.start()
    body = b"x" * (300 << 10)
    answer = exchange(
        server, request("/", "POST", "Transfer-Encoding: chunked", body=b"4b000\r\n%b\r\n0\r\n\r\n" % body)
    )
    server.stop()
    assert answer.endswith(b"hello")


@pytest.mark.parametrize("body", [b"zz\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"3\r\nab", b"3;" + b"x" * 9000])
def test_broken_chunks_are_refused(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.input"].read()
        return hello(environ, start_response)

    server = ThreadedServer(app)
    server.start()
    with (
        connect(server, request("/", "POST", "Transfer-Encoding: chunked", body=body)) as connection,
        connection.makefile("rb") as answer,
    ):
        connection.shutdown(socket.SHUT_WR)
        assert answer.read().startswith(b"HTTP/1.1 400 ")
    server.stop()
    assert caplog.records == []


def test_the_interpreter_may_end_without_stop() -> None:
    script = (
        "import sys, urllib.request\n"
        "from gatepost.serving.threaded import ThreadedServer\n"
        "def app(environ, start):\n"
        "    start('200 OK', [])\n"
        "    return [b'x']\n"
        "server = ThreadedServer(app)\n"
        "server.start()\n"
        "urllib.request.urlopen(server.url).read()\n"
        "sys.exit(7)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (7, b"")
