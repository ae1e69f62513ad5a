"""What the HTTP server promises, and every behaviour of the pinned granian that it relies on."""

from __future__ import annotations

import errno
import http.client
import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

import pytest

from gatepost import server as server_module
from gatepost.server import Certificate, HttpServer, issue_certificate

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="reads /proc, which Linux has")

TEXT = ("Content-Type", "text/plain")


def hello(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [TEXT, ("Content-Length", "5")])
    return [b"hello"]


@contextmanager
def serving(app: WSGIApplication, **options: Any) -> Iterator[HttpServer]:
    server = HttpServer(app, **options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Seen:
    """An application that keeps the environ, and the body as `read` reads it."""

    def __init__(self, read: Callable[[Any], object] = lambda stream: stream.read()) -> None:
        self._read = read
        self.environs: list[WSGIEnvironment] = []
        self.bodies: list[object] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.environs.append(environ)
        self.bodies.append(self._read(environ["wsgi.input"]))
        return hello(environ, start_response)


class Parked:
    """An application whose requests to /park wait for `release`, and which says when one has arrived."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.arrived = threading.Semaphore(0)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/park":
            self.arrived.release()
            self.release.wait(30)
        return hello(environ, start_response)


def connect(server: HttpServer, data: bytes = b"") -> socket.socket:
    connection = socket.create_connection((server.host, server.port), timeout=10)
    connection.sendall(data)
    return connection


def exchange(server: HttpServer, data: bytes) -> bytes:
    """Send bytes and return all that comes back until the server closes, as the last of the requests should ask."""
    with connect(server, data) as connection, connection.makefile("rb") as answer:
        return answer.read()


def request(
    target: str = "/", method: str = "GET", *lines: str, body: bytes = b"", version: str = "1.1", keep: bool = False
) -> bytes:
    """One request as bytes. Only with `keep` may another follow on the same connection."""
    head = [f"{method} {target} HTTP/{version}", "Host: h", *lines, *([] if keep else ["Connection: close"])]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def get(server: HttpServer, path: str = "/") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def respond(
    status: str = "200 OK", headers: Iterable[tuple[str, str]] = (), body: Iterable[bytes] = ()
) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, list(headers))
        return body

    return app


def tasks() -> set[str]:
    return set(os.listdir("/proc/self/task"))


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


# --- life and death ------------------------------------------------------------------------------------------------


def test_a_taken_port_is_an_error_before_anything_starts() -> None:
    first = HttpServer(hello)
    with pytest.raises(OSError) as caught:  # noqa: PT011  the errno below is the message
        HttpServer(hello, port=first.port)
    first.stop()
    assert caught.value.errno == errno.EADDRINUSE


def test_the_port_is_free_again_when_stop_returns() -> None:
    with serving(hello) as server:
        get(server)
    with serving(hello, port=server.port) as again:
        assert get(again) == (200, b"hello")


def test_a_server_that_never_started_gives_its_port_back() -> None:
    server = HttpServer(hello)
    server.stop()
    HttpServer(hello, port=server.port).stop()


def test_ipv6() -> None:
    try:
        server = HttpServer(hello, "::1")
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    server.start()
    try:
        assert server.url == f"http://[::1]:{server.port}"
        assert get(server) == (200, b"hello")
    finally:
        server.stop()


def test_starting_twice_is_refused() -> None:
    with serving(hello) as server, pytest.raises(RuntimeError, match="make a new HttpServer"):
        server.start()


def test_stop_twice_is_once() -> None:
    with serving(hello) as server:
        assert server.stop() == 0
        assert server.stop() == 0


@needs_proc
def test_stop_leaves_no_thread_and_no_descriptor() -> None:
    with serving(hello) as first:  # which opens two descriptors for the life of the process
        get(first)
    threads, files = tasks(), descriptors()
    with serving(hello) as server:
        get(server)
    assert until(lambda: tasks() <= threads)
    assert descriptors() == files


@needs_proc
def test_an_environ_that_is_kept_keeps_no_thread() -> None:
    threads, app = tasks(), Seen()
    with serving(app) as server:
        exchange(server, request("/", "POST", "Transfer-Encoding: chunked", body=CHUNKED))
    assert until(lambda: tasks() <= threads)


@needs_proc
def test_fifty_lives_leak_nothing() -> None:
    def live() -> None:
        with serving(hello) as server:
            get(server)

    def resident_bytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

    for _ in range(5):
        live()
    threads, files, memory = tasks(), descriptors(), resident_bytes()
    for _ in range(50):
        live()
    assert until(lambda: tasks() <= threads)
    assert descriptors() == files
    assert resident_bytes() - memory < 4 << 20


def test_a_thread_that_logged_is_forgotten() -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        assert threading.current_thread().daemon
        return hello(environ, start_response)

    before = threading.enumerate()
    with serving(app) as server:
        get(server)
    assert threading.enumerate() == before


def test_servers_side_by_side_keep_to_themselves() -> None:
    servers = [HttpServer(respond(body=[str(number).encode()])) for number in range(5)]
    for server in servers:
        server.start()
    try:
        assert [get(server)[1] for server in servers] == [b"0", b"1", b"2", b"3", b"4"]
        servers[0].stop()
        assert get(servers[1])[1] == b"1"
    finally:
        for server in servers:
            server.stop()


def test_idle_connections_do_not_delay_stop() -> None:
    with serving(hello) as server:
        kept = http.client.HTTPConnection(server.host, server.port, timeout=10)
        kept.request("GET", "/")
        kept.getresponse().read()
        silent = [connect(server) for _ in range(20)]
        began = time.monotonic()
        server.stop()
        took = time.monotonic() - began
    for connection in silent:
        connection.close()
    kept.close()
    assert took < server_module.GRACE_SECONDS / 2


def test_a_request_in_flight_is_answered_while_stop_waits() -> None:
    app = Parked()
    with serving(app) as server:
        connection = connect(server, request("/park"))
        app.arrived.acquire(timeout=10)
        left: list[int] = []
        stopping = threading.Thread(target=lambda: left.append(server.stop()))
        stopping.start()
        assert until(lambda: refuses(server))
        app.release.set()
        with connection, connection.makefile("rb") as answer:
            assert answer.read().endswith(b"hello")
        stopping.join()
    assert left == [0]


def refuses(server: HttpServer) -> bool:
    try:
        connect(server).close()
    except ConnectionError:
        return True
    return False


@needs_proc
def test_stop_leaves_a_parked_request_behind_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server_module, "GRACE_SECONDS", 0.05)
    threads, app = tasks(), Parked()
    with serving(app) as server, connect(server, request("/park")):
        app.arrived.acquire(timeout=10)
        assert server.stop() == 1
        assert "1 requests did not end: GET '/park'" in caplog.text
        app.release.set()
        assert until(lambda: tasks() <= threads)


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\nHo", request("/", "POST", "Content-Length: 10", body=b"1234"), request("/stream")],
    ids=["half a header", "half a body", "an endless response"],
)
@needs_proc
def test_stop_cuts_what_will_not_end(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "GRACE_SECONDS", 0.05)
    never = threading.Event()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [TEXT])
        while not never.wait(0.005):
            yield b"more"

    threads = tasks()
    with serving(app) as server, connect(server, data):
        assert server.stop() == 0
        assert until(lambda: tasks() <= threads)


def test_signal_handlers_are_left_alone() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with serving(hello) as server:
        get(server)
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_the_interpreter_may_end_without_stop() -> None:
    script = (
        "import sys, urllib.request\n"
        "from gatepost.server import HttpServer\n"
        "def app(environ, start):\n"
        "    start('200 OK', [])\n"
        "    return [b'x']\n"
        "server = HttpServer(app)\n"
        "server.start()\n"
        "urllib.request.urlopen(server.url).read()\n"
        "sys.exit(7)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (7, b"")


# --- the environ ---------------------------------------------------------------------------------------------------


def environ_of(data: bytes) -> WSGIEnvironment:
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
def test_path_info_is_decoded_once_and_not_normalised(target: str, path: str) -> None:
    assert environ_of(request(target))["PATH_INFO"] == path


def test_options_of_the_server_itself() -> None:
    assert environ_of(request("*", "OPTIONS"))["PATH_INFO"] == "*"


def test_the_query_stays_raw() -> None:
    assert environ_of(request("/?a=%20b?c&d"))["QUERY_STRING"] == "a=%20b?c&d"


def test_headers() -> None:
    environ = environ_of(request("/", "GET", "X-A: 1", "X-A: 2", "Cookie: a=1", "Cookie: b=2", "Content-Type: t/x"))
    assert (environ["HTTP_X_A"], environ["HTTP_COOKIE"], environ["CONTENT_TYPE"]) == ("1,2", "a=1;b=2", "t/x")
    assert environ["HTTP_HOST"] == "h"


def test_an_old_client() -> None:
    environ = environ_of(b"GET / HTTP/1.0\r\n\r\n")
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.0"
    assert "HTTP_HOST" not in environ


def test_the_environment_of_the_process_stays_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPOST_CONTROL_TOKEN", "a secret")
    assert "a secret" not in environ_of(request()).values()


def test_the_wsgi_referee_finds_nothing() -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.input"].read(3)
        return respond(headers=[TEXT], body=[b"fine"])(environ, start_response)

    with serving(validator(app)) as server:
        assert exchange(server, request("/", "POST", "Content-Length: 3", body=b"abc")).endswith(b"fine\r\n0\r\n\r\n")


# --- request bodies ------------------------------------------------------------------------------------------------

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
def test_a_body_reads_like_a_file_and_ends(how: str, chunked: bool) -> None:
    read, expected = READS[how]
    app = Seen(read)
    line = "Transfer-Encoding: chunked" if chunked else "Content-Length: 8"
    with serving(app) as server:
        exchange(server, request("/", "POST", line, body=CHUNKED if chunked else b"ab\ncd\nef"))
    assert app.bodies == [expected]


def test_a_large_body_arrives_whole() -> None:
    app, body = Seen(), os.urandom(3 << 20)
    with serving(app) as server:
        exchange(server, request("/", "PUT", f"Content-Length: {len(body)}", body=body))
    assert app.bodies == [body]


def test_a_request_whose_client_left_in_the_middle_never_reaches_the_application() -> None:
    app = Seen()
    with serving(app) as server:
        connect(server, request("/", "POST", "Content-Length: 10", body=b"1234")).close()
        assert server.stop() == 0
    assert app.environs == []


def test_a_large_body_that_breaks_off_is_an_error_and_not_a_short_body() -> None:
    def read(stream: Any) -> None:
        with pytest.raises(ConnectionError, match="not sent"):
            stream.read()

    app = Seen(read)
    with serving(app) as server:
        connect(server, request("/", "POST", f"Content-Length: {2 << 20}", body=b"1234")).close()
        assert until(lambda: len(app.bodies) == 1)


def test_expect_100_continue() -> None:
    app = Seen()
    with serving(app) as server:
        lines = ("Expect: 100-continue", "Content-Length: 4")
        with connect(server, request("/", "POST", *lines)) as connection, connection.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"
            connection.sendall(b"body")
            answer.read()
    assert app.bodies == [b"body"]


def test_a_body_that_nobody_reads_does_not_disturb_the_next_request() -> None:
    with serving(hello) as server:
        answer = exchange(server, request("/", "POST", "Content-Length: 4", body=b"GET ", keep=True) + request())
    assert answer.count(b"HTTP/1.1 200 OK") == 2


# --- responses -----------------------------------------------------------------------------------------------------


def test_pipelined_requests_are_answered_in_order() -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return respond(body=[environ["PATH_INFO"].encode()])(environ, start_response)

    with serving(app) as server:
        answer = exchange(server, request("/1", keep=True) + request("/2", keep=True) + request("/3"))
    assert [line[:2] for line in answer.split(b"\r\n\r\n")[1:]] == [b"/1", b"/2", b"/3"]


def test_head_has_the_headers_of_get_and_no_body() -> None:
    with serving(hello) as server:
        answer = exchange(server, request("/", "HEAD"))
    assert b"content-length: 5\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_a_status_without_body_has_no_length_either(status: str) -> None:
    with serving(respond(status)) as server:
        answer = exchange(server, request())
    assert answer.startswith(f"HTTP/1.1 {status}\r\n".encode())
    assert b"content-length" not in answer
    assert answer.endswith(b"\r\n\r\n")


def test_the_application_may_name_the_server_and_the_date() -> None:
    with serving(respond(headers=[("Server", "vcd"), ("Date", "Thu, 01 Jan 2015 00:00:00 GMT")])) as server:
        head = exchange(server, request()).lower()
    assert (head.count(b"server:"), head.count(b"date:")) == (1, 1)
    assert b"server: vcd\r\n" in head


@pytest.mark.parametrize(
    ("keep", "header", "answers"),
    [(False, "X", 1), (True, "Connection", 1), (True, "X", 2)],
    ids=["the client asks", "the application asks", "nobody asks"],
)
def test_a_connection_is_kept_until_somebody_asks(keep: bool, header: str, answers: int) -> None:
    with serving(respond(headers=[(header, "close"), ("Content-Length", "0")])) as server:
        assert exchange(server, request("/", keep=keep) + request()).count(b"200 OK") == answers


def test_an_old_client_may_keep_its_connection() -> None:
    with serving(hello) as server:
        first = request("/", "GET", "Connection: keep-alive", version="1.0", keep=True)
        answer = exchange(server, first + request(version="1.0"))
    assert answer.count(b"HTTP/1.0 200 OK") == 2


def test_text_beyond_ascii_in_a_header_leaves_as_the_bytes_that_wsgi_means() -> None:
    with serving(respond(headers=[("X-Name", "caf\u00e9".encode().decode("latin-1"))])) as server:
        assert b"x-name: caf\xc3\xa9\r\n" in exchange(server, request())


@pytest.mark.parametrize(
    "app",
    [
        respond(headers=[("X", "a\r\nInjected: yes")]),
        respond(headers=[("X", "caf\xe9")]),
        respond(headers=[("X Y", "a")]),
        respond(headers=[("", "a")]),
        respond(headers=[("Content-Length", "five")], body=[b"hello"]),
        respond("99 Too Low"),
        respond("1000 Too High"),
        respond("101 Switching"),
        respond(headers=[(f"X-{number}", "") for number in range(40_000)]),
        lambda environ, start_response: [b"no start_response"],
        respond(body=["text"]),  # type: ignore[list-item]  # the mistake is the point
    ],
)
def test_an_application_that_breaks_the_rules_gets_500_and_does_not_kill_the_process(
    app: WSGIApplication, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(app) as server:
        answers = [exchange(server, request()) for _ in range(2)]
    assert [answer.split(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 500 Internal Server Error"] * 2
    assert b"Injected" not in answers[0]
    assert "GET '/' failed" in caplog.text


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, KeyboardInterrupt])
def test_what_an_application_raises_is_logged_and_not_told(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raise error("inside")

    with serving(app) as server:
        answer = exchange(server, request())
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.endswith(b"\r\n\r\n")
    assert "inside" in caplog.text


@pytest.mark.parametrize("length", ["1", "9"])
def test_a_wrong_content_length_never_spills_into_the_next_response(length: str) -> None:
    with serving(respond(headers=[("Content-Length", length)], body=[b"hello"])) as server:
        answer = exchange(server, request(keep=True) + request())
    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")[1:]]
    assert all(body == b"h" for body in bodies) if length == "1" else len(bodies) <= 1


def test_headers_are_final_with_the_first_byte() -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        yield b""
        try:
            raise RuntimeError("late")
        except RuntimeError:
            start_response("418 I'm a teapot", [], sys.exc_info())
        yield b"short and stout"

    with serving(app) as server:
        assert get(server) == (418, b"short and stout")


def test_headers_that_have_left_are_not_replaced(caplog: pytest.LogCaptureFixture) -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        yield b"begun"
        try:
            raise RuntimeError("too late")
        except RuntimeError:
            start_response("500 Oops", [], sys.exc_info())

    with serving(app) as server:
        assert get(server) == (200, b"begun")
    assert "too late" in caplog.text


def test_write_comes_before_the_body() -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])(b"written, ")
        return [b"returned"]

    with serving(app) as server:
        assert get(server) == (200, b"written, returned")


class Closing:
    """A body in pieces that says when it was closed."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def close(self) -> None:
        self.closed.set()


@pytest.mark.parametrize("headers", [[], [("Content-Length", "2")], [("Content-Length", "9")]])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_body_is_closed(method: str, headers: list[tuple[str, str]]) -> None:
    body = Closing([b"a", b"b"])
    with serving(respond(headers=headers, body=body)) as server:
        exchange(server, request("/", method))
        assert body.closed.wait(10)


def test_a_stream_arrives_piece_by_piece() -> None:
    more = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"first"
        more.wait(10)
        yield b"second"

    with (
        serving(respond(body=pieces())) as server,
        connect(server, request()) as connection,
        connection.makefile("rb") as answer,
    ):
        while answer.readline() != b"\r\n":
            pass
        assert answer.read(10) == b"5\r\nfirst\r\n"
        more.set()
        assert b"second" in answer.read()


def test_a_client_that_goes_away_ends_the_stream() -> None:
    never = threading.Event()

    def pieces() -> Iterator[bytes]:
        while not never.wait(0.005):
            yield b"data: more\n\n"

    body = Closing(pieces())
    with serving(respond(body=body)) as server:
        with connect(server, request()) as connection:
            connection.recv(10)
        assert body.closed.wait(10)


def test_a_stream_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"begun"
        raise RuntimeError("in the middle")

    with serving(respond(body=pieces())) as server:
        answer = exchange(server, request())
    assert b"in the middle" not in answer
    assert "in the middle" in caplog.text


# --- crowds and crooks ---------------------------------------------------------------------------------------------


def test_a_request_beyond_the_threads_waits_for_one() -> None:
    app = Parked()
    with serving(app, threads=2) as server:
        parked = [connect(server, request("/park")) for _ in range(2)]
        assert all(app.arrived.acquire(timeout=10) for _ in parked)
        with connect(server, request()) as third, third.makefile("rb") as answer:
            third.settimeout(0.1)
            with pytest.raises(TimeoutError):
                answer.readline()
            app.release.set()
        for connection in parked:
            assert connection.recv(12) == b"HTTP/1.1 200"
            connection.close()
        assert get(server) == (200, b"hello")


def test_as_many_requests_park_as_there_are_threads() -> None:
    app = Parked()
    with serving(app, threads=128) as server:
        parked = [connect(server, request("/park")) for _ in range(127)]
        assert all(app.arrived.acquire(timeout=10) for _ in parked)
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
    data: bytes, status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(hello) as server:
        try:
            answer = exchange(server, data)
        except ConnectionError:  # refused before all of it was sent, and the answer may be lost with it
            answer = b"HTTP/1.1 " + status
        assert answer.startswith(b"HTTP/1.1 " + status)
        assert get(server) == (200, b"hello")
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_slow_clients_hold_nobody_up() -> None:
    with serving(hello, threads=2) as server:
        slow = [connect(server, b"GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ") for _ in range(100)]
        assert get(server) == (200, b"hello")
        for connection in slow:
            connection.close()


def test_a_connection_that_takes_too_long_over_its_headers_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HEADER_SECONDS", 0.1)
    with serving(hello) as server, connect(server, b"GET / HTTP/1.1\r\nHo") as connection:
        assert connection.recv(1) == b""


# --- TLS -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return issue_certificate(["127.0.0.1", "localhost"], tmp_path_factory.mktemp("tls") / "made")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_with_the_authority_trusted(certificate: Certificate, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cafile=str(certificate.ca))
    context.minimum_version = context.maximum_version = version
    app = Seen()
    with serving(app, certificate=certificate) as server:
        assert server.url == f"https://127.0.0.1:{server.port}"
        silent = connect(server)
        connection = http.client.HTTPSConnection(server.host, server.port, context=context, timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"hello"
        connection.close()
        silent.close()
    assert app.environs[0]["wsgi.url_scheme"] == "https"


def test_only_the_owner_may_read_the_key(certificate: Certificate) -> None:
    assert certificate.key.stat().st_mode & 0o777 == 0o600


def test_a_certificate_can_be_issued_again(certificate: Certificate) -> None:
    old = certificate.cert.read_bytes()
    again = issue_certificate(["127.0.0.1", "localhost"], certificate.cert.parent)
    assert again.cert.read_bytes() != old


def test_a_broken_certificate_is_an_error_and_not_the_end_of_the_process(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing of use")
    with pytest.raises(ssl.SSLError):
        HttpServer(hello, certificate=Certificate(broken, broken, broken))
