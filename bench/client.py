"""A client that costs little: requests are bytes made beforehand, answers are read by their Content-Length.

A comfortable client takes longer than the server under measurement, and would hide it.
"""

from __future__ import annotations

import base64
import re
import selectors
import socket
from typing import NamedTuple

VERSION = "5.5"
XML = f"application/*+xml;version={VERSION}"
_LENGTH = re.compile(rb"^content-length: *(\d+)", re.I | re.M)
_TOKEN = re.compile(rb"^x-vcloud-authorization: *(\S+)", re.I | re.M)
_READ = 1 << 16


class Answer(NamedTuple):
    status: int
    head: bytes
    body: bytes


class Connection:
    """One kept-alive connection to a server on this machine; `authorization` is sent with every request."""

    def __init__(
        self, port: int, authorization: str = "", accept: str = f"application/*+xml;version={VERSION}"
    ) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._common = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: {accept}\r\n{authorization}"

    def request(self, method: str, path: str, body: bytes = b"", content_type: str = "") -> bytes:
        """The bytes of a request. `path` may be an href."""
        path = path[path.index("/", 8) :] if path.startswith("http://") else path
        headers = f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n" if body else ""
        return f"{method} {path}{self._common}{headers}\r\n".encode() + body

    def send(self, request: bytes) -> None:
        self.socket.sendall(request)

    def receive(self) -> Answer:
        """Raises RuntimeError for anything but success."""
        data = self._more(b"")
        while (end := data.find(b"\r\n\r\n")) < 0:
            data = self._more(data)
        status, length = int(data[9:12]), _LENGTH.search(data, 0, end)
        total = end + 4 + (int(length[1]) if length else 0)
        while len(data) < total:
            data = self._more(data)
        answer = Answer(status, data[:end], data[end + 4 : total])
        if not 200 <= status < 300:
            raise RuntimeError(f"the server answered {status}: {answer.body.decode(errors='replace')[:500]}")
        return answer

    def ask(self, request: bytes) -> Answer:
        self.send(request)
        return self.receive()

    def close(self) -> None:
        self.socket.close()

    def _more(self, data: bytes) -> bytes:
        read = self.socket.recv(_READ)
        if not read:
            raise RuntimeError("the server closed the connection")
        return data + read


def log_in(port: int, user: str) -> str:
    """The header line of a fresh session, for `Connection`."""
    basic = base64.b64encode(f"{user}:gatepost".encode()).decode()
    connection = Connection(port, f"Authorization: Basic {basic}\r\n")
    answer = connection.ask(connection.request("POST", "/api/sessions"))
    connection.close()
    token = _TOKEN.search(answer.head)
    assert token is not None
    return f"x-vcloud-authorization: {token[1].decode()}\r\n"


def pump(connections: list[Connection], request: bytes, total: int) -> None:
    """Send a request `total` times, one at a time on each connection."""
    with selectors.DefaultSelector() as ready:
        for connection in connections:
            ready.register(connection.socket, selectors.EVENT_READ, connection)
        left = total
        for connection in connections[:total]:
            connection.send(request)
            left -= 1
        answered = 0
        while answered < total:
            for key, _ in ready.select():
                connection = key.data
                connection.receive()
                answered += 1
                if left:
                    connection.send(request)
                    left -= 1
