"""What both servers make of an application's responses."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.serving.conftest import Serving
from tests.support.raw_http import connect, exchange, get, hello, request, respond

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def test_pipelined_requests_are_answered_in_order(serving: Serving) -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return respond(body=[environ["PATH_INFO"].encode()])(environ, start_response)

    with serving(app) as server:
        answer = exchange(server, request("/1", keep=True) + request("/2", keep=True) + request("/3"))
    assert [line[:2] for line in answer.split(b"\r\n\r\n")[1:]] == [b"/1", b"/2", b"/3"]


def test_head_has_the_headers_of_get_and_no_body(serving: Serving) -> None:
    with serving(hello) as server:
        answer = exchange(server, request("/", "HEAD"))
    assert b"content-length: 5\r\n" in answer.lower()
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_a_status_without_body_has_no_length_either(serving: Serving, status: str) -> None:
    with serving(respond(status)) as server:
        answer = exchange(server, request())
    assert answer.startswith(f"HTTP/1.1 {status}\r\n".encode())
    assert b"content-length" not in answer.lower()
    assert answer.endswith(b"\r\n\r\n")


def test_the_application_may_name_the_server_and_the_date(serving: Serving) -> None:
    with serving(respond(headers=[("Server", "vcd"), ("Date", "Thu, 01 Jan 2015 00:00:00 GMT")])) as server:
        head = exchange(server, request()).lower()
    assert (head.count(b"server:"), head.count(b"date:")) == (1, 1)
    assert b"server: vcd\r\n" in head


@pytest.mark.parametrize(
    ("keep", "header", "answers"),
    [(False, "X", 1), (True, "Connection", 1), (True, "X", 2)],
    ids=["the client asks", "the application asks", "nobody asks"],
)
def test_a_connection_is_kept_until_somebody_asks(serving: Serving, keep: bool, header: str, answers: int) -> None:
    with serving(respond(headers=[(header, "close"), ("Content-Length", "0")])) as server:
        assert exchange(server, request("/", keep=keep) + request()).count(b"200 OK") == answers


def test_an_old_client_may_keep_its_connection(serving: Serving) -> None:
    with serving(hello) as server:
        first = request("/", "GET", "Connection: keep-alive", version="1.0", keep=True)
        answer = exchange(server, first + request(version="1.0"))
    assert answer.count(b"HTTP/1.0 200 OK") == 2


def test_text_beyond_ascii_in_a_header_leaves_as_the_bytes_that_wsgi_means(serving: Serving) -> None:
    with serving(respond(headers=[("X-Name", "caf\u00e9".encode().decode("latin-1"))])) as server:
        assert b"x-name: caf\xc3\xa9\r\n" in exchange(server, request()).lower()


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
    serving: Serving, app: WSGIApplication, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(app) as server:
        answers = [exchange(server, request()) for _ in range(2)]
    assert [answer.split(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 500 Internal Server Error"] * 2
    assert b"Injected" not in answers[0]
    assert "GET '/' failed" in caplog.text


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, KeyboardInterrupt])
def test_what_an_application_raises_is_logged_and_not_told(
    serving: Serving, error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raise error("inside")

    with serving(app) as server:
        answer = exchange(server, request())
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.endswith(b"\r\n\r\n")
    assert "inside" in caplog.text


@pytest.mark.parametrize("length", ["1", "9"])
def test_a_wrong_content_length_never_spills_into_the_next_response(serving: Serving, length: str) -> None:
    with serving(respond(headers=[("Content-Length", length)], body=[b"hello"])) as server:
        answer = exchange(server, request(keep=True) + request())
    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")[1:]]
    assert all(body == b"h" for body in bodies) if length == "1" else len(bodies) <= 1


def test_headers_are_final_with_the_first_byte(serving: Serving) -> None:
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


def test_headers_that_have_left_are_not_replaced(serving: Serving, caplog: pytest.LogCaptureFixture) -> None:
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


def test_write_comes_before_the_body(serving: Serving) -> None:
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
def test_every_body_is_closed(serving: Serving, method: str, headers: list[tuple[str, str]]) -> None:
    body = Closing([b"a", b"b"])
    with serving(respond(headers=headers, body=body)) as server:
        exchange(server, request("/", method))
        assert body.closed.wait(60)


def test_a_stream_arrives_piece_by_piece(serving: Serving) -> None:
    more = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"first"
        more.wait(60)
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


def test_a_client_that_goes_away_ends_the_stream(serving: Serving) -> None:
    never = threading.Event()

    def pieces() -> Iterator[bytes]:
        while not never.wait(0.005):
            yield b"data: more\n\n"

    body = Closing(pieces())
    with serving(respond(body=body)) as server:
        with connect(server, request()) as connection:
            connection.recv(10)
        assert body.closed.wait(60)


def test_a_stream_that_fails_is_logged(serving: Serving, caplog: pytest.LogCaptureFixture) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"begun"
        raise RuntimeError("in the middle")

    with serving(respond(body=pieces())) as server:
        answer = exchange(server, request())
    assert b"in the middle" not in answer
    assert "in the middle" in caplog.text
