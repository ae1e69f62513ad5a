"""What both servers make of requests."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

import pytest

from tests.serving.conftest import Serving
from tests.support.raw_http import TEXT, Parked, Seen, connect, exchange, get, hello, request, respond, until

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def environ_of(serving: Serving, data: bytes) -> WSGIEnvironment:
    app = Seen()
    with serving(app) as server:
        exchange(server, data)
    return app.environs[0]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/urn%3Avcloud%3Avm:1", "/urn:vcloud:vm:1"),
        ("/a%2Fb", "/a/b"),
        ("/caf%C3%A9%FF", "/caf\xc3\xa9\xff"),
        ("//double//", "//double//"),
        ("/a/../b/./c", "/a/../b/./c"),
        ("/a;b=c", "/a;b=c"),
        ("/" + "x" * 9000, "/" + "x" * 9000),
        ("http://elsewhere:99/absolute", "/absolute"),
    ],
)
def test_path_info_is_decoded_once_and_not_normalised(serving: Serving, target: str, path: str) -> None:
    assert environ_of(serving, request(target))["PATH_INFO"] == path


def test_options_of_the_server_itself(serving: Serving) -> None:
    assert environ_of(serving, request("*", "OPTIONS"))["PATH_INFO"] == "*"


def test_the_query_stays_raw(serving: Serving) -> None:
    assert environ_of(serving, request("/?a=%20b?c&d"))["QUERY_STRING"] == "a=%20b?c&d"


def test_headers(serving: Serving) -> None:
    lines = ("X-A: 1", "X-A: 2", "Cookie: a=1", "Cookie: b=2", "Content-Type: t/x")
    environ = environ_of(serving, request("/", "GET", *lines))
    assert (environ["HTTP_X_A"], environ["HTTP_COOKIE"], environ["CONTENT_TYPE"]) == ("1,2", "a=1;b=2", "t/x")
    assert environ["HTTP_HOST"] == "h"


def test_an_old_client(serving: Serving) -> None:
    environ = environ_of(serving, b"GET / HTTP/1.0\r\n\r\n")
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.0"
    assert "HTTP_HOST" not in environ


def test_the_environment_of_the_process_stays_out(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPOST_CONTROL_TOKEN", "a secret")
    assert "a secret" not in environ_of(serving, request()).values()


def test_the_wsgi_referee_finds_nothing(serving: Serving) -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.input"].read(3)
        return respond(headers=[TEXT], body=[b"fine"])(environ, start_response)

    with serving(validator(app)) as server:
        assert exchange(server, request("/", "POST", "Content-Length: 3", body=b"abc")).endswith(b"fine\r\n0\r\n\r\n")


# --- bodies

READS: dict[str, tuple[Callable[[Any], object], object]] = {
    "read()": (lambda stream: stream.read(), b"ab\ncd\nef"),
    "read(-1)": (lambda stream: stream.read(-1), b"ab\ncd\nef"),
    "read(n), read()": (lambda stream: (stream.read(4), stream.read(), stream.read()), (b"ab\nc", b"d\nef", b"")),
    "read(more)": (lambda stream: stream.read(999), b"ab\ncd\nef"),
    "readline()": (lambda stream: (stream.readline(), stream.readline(1), stream.read()), (b"ab\n", b"c", b"d\nef")),
    "lines": (list, [b"ab\n", b"cd\n", b"ef"]),
}
CHUNKED = b"3\r\nab\n\r\n5\r\ncd\nef\r\n0\r\n\r\n"


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
@pytest.mark.parametrize("how", READS)
def test_a_body_reads_like_a_file_and_ends(serving: Serving, how: str, chunked: bool) -> None:
    read, expected = READS[how]
    app = Seen(read)
    line = "Transfer-Encoding: chunked" if chunked else "Content-Length: 8"
    with serving(app) as server:
        exchange(server, request("/", "POST", line, body=CHUNKED if chunked else b"ab\ncd\nef"))
    assert app.bodies == [expected]


def test_a_large_body_arrives_whole(serving: Serving) -> None:
    app, body = Seen(), os.urandom(3 << 20)
    with serving(app) as server:
        exchange(server, request("/", "PUT", f"Content-Length: {len(body)}", body=body))
    assert app.bodies == [body]


def test_a_request_whose_client_left_in_the_middle_never_reaches_the_application(serving: Serving) -> None:
    app = Seen()
    with (
        serving(app) as server,
        connect(server, request("/", "POST", "Content-Length: 10", body=b"1234")) as connection,
        connection.makefile("rb") as answer,
    ):
        connection.shutdown(socket.SHUT_WR)
        assert b" 200 " not in answer.read()
    assert app.environs == []


def test_a_body_that_breaks_off_in_the_application_is_not_its_fault(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    app = Seen()
    with (
        serving(app) as server,
        connect(server, request("/", "POST", f"Content-Length: {2 << 20}", body=b"1234")) as connection,
        connection.makefile("rb") as answer,
    ):
        connection.shutdown(socket.SHUT_WR)
        answer.read()
    assert caplog.records == []


def test_a_limited_read_takes_no_more_than_that_of_any_body(serving: Serving) -> None:
    body = b"x" * (3 << 20)
    chunked = b"".join(b"%x\r\n%b\r\n" % (1 << 20, body[: 1 << 20]) for _ in range(3)) + b"0\r\n\r\n"
    app = Seen(lambda stream: len(stream.read((1 << 20) + 1)))
    with serving(app) as server:
        for line, sent in ((f"Content-Length: {len(body)}", body), ("Transfer-Encoding: chunked", chunked)):
            answer = exchange(server, request("/", "POST", line, body=sent))
            assert answer.startswith(b"HTTP/1.1 200 ")
    assert app.bodies == [(1 << 20) + 1] * 2


def test_a_large_body_that_breaks_off_is_an_error_and_not_a_short_body(serving: Serving) -> None:
    def read(stream: Any) -> None:
        with pytest.raises(ConnectionError, match="not sent"):
            stream.read()

    app = Seen(read)
    with serving(app) as server:
        connect(server, request("/", "POST", f"Content-Length: {2 << 20}", body=b"1234")).close()
        assert until(lambda: len(app.bodies) == 1)


def test_expect_100_continue(serving: Serving) -> None:
    app = Seen()
    with serving(app) as server:
        lines = ("Expect: 100-continue", "Content-Length: 4")
        with connect(server, request("/", "POST", *lines)) as connection, connection.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"
            connection.sendall(b"body")
            answer.read()
    assert app.bodies == [b"body"]


def test_a_body_that_nobody_reads_does_not_disturb_the_next_request(serving: Serving) -> None:
    with serving(hello) as server:
        answer = exchange(server, request("/", "POST", "Content-Length: 4", body=b"GET ", keep=True) + request())
    assert answer.count(b"HTTP/1.1 200 OK") == 2


# --- crowds and crooks


def test_128_requests_may_park(serving: Serving) -> None:
    app = Parked()
    with serving(app) as server:
        parked = [connect(server, request("/park")) for _ in range(127)]
        assert all(app.arrived.acquire(timeout=60) for _ in parked)
        assert get(server) == (200, b"hello")
        app.release.set()
        for connection in parked:
            connection.recv(12)
            connection.close()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x00\x00hello, TLS\r\n\r\n", b"400"),
        (b"GET /\r\n\r\n", b"400"),
        (b"GET /\x00 HTTP/1.1\r\nHost: h\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: a\r\n folded\r\n\r\n", b"400"),
        (b"GET / HTTP/3.7\r\n\r\n", b"400"),
        (request("/", "POST", "Content-Length: five", body=b"hello"), b"400"),
        (request("/", "POST", "Content-Length: -5", body=b"hello"), b"400"),
        (request("/", "POST", "Content-Length: 5", "Content-Length: 6", body=b"hello"), b"400"),
        (request("/", "POST", "Content-Length: " + "9" * 30, body=b"hello"), b"400"),
        (request("/" + "x" * 70_000), b"414"),
        (request("/", "GET", *(f"X-{number}: 1" for number in range(150))), b"431"),
        (request("/", "GET", "X: " + "x" * 2_000_000), b"431"),
    ],
    ids=lambda value: value[:40] if isinstance(value, bytes) and len(value) > 3 else None,
)
def test_nonsense_is_refused_and_the_next_client_served(
    serving: Serving, data: bytes, status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(hello) as server:
        try:
            answer = exchange(server, data)
        except ConnectionError:  # refused before all of it was sent, and the answer may be lost with it
            answer = b"HTTP/1.1 " + status
        assert answer.startswith(b"HTTP/1.1 " + status)
        assert get(server) == (200, b"hello")
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_slow_clients_hold_nobody_up(serving: Serving) -> None:
    with serving(hello) as server:
        slow = [connect(server, b"GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ") for _ in range(150)]
        assert get(server) == (200, b"hello")
        for connection in slow:
            connection.close()
