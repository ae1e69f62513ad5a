"""HTTP spelt byte by byte, and applications that show what a server does."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from gatepost.serving import HttpServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TEXT = ("Content-Type", "text/plain")


def hello(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [TEXT, ("Content-Length", "5")])
    return [b"hello"]


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
            self.release.wait(60)
        return hello(environ, start_response)


def connect(server: HttpServer, data: bytes = b"") -> socket.socket:
    connection = socket.create_connection((server.host, server.port), timeout=60)
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
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
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


def until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def refuses(server: HttpServer) -> bool:
    """Whether the server takes no more connections."""
    try:
        connect(server).close()
    except ConnectionError:
        return True
    return False
