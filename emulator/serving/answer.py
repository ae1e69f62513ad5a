"""How a response of the threaded server is written: HTTP/1.1 and 1.0, with a known length or in chunks."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from email.utils import formatdate
from http import HTTPStatus

from gatepost.serving.gateway import Headers


class Answer:
    """An `Exchange` over a socket. `keep` tells, afterwards, whether the connection can take another request."""

    def __init__(self, client: socket.socket, version: str, *, head_only: bool, keep: bool) -> None:
        self._client = client
        self._version = version
        self._head_only = head_only
        self._begun = False
        self.keep = keep

    def response_bytes(self, status: int, headers: Headers, body: bytes, /) -> None:
        if self._begun:
            self.keep = False
            return
        self._begun = True
        if status == 204:
            headers = [header for header in headers if header[0].lower() != "content-length"]
        elif not (self._head_only or status == 304 or _value(headers, "content-length") is not None):
            headers = [*headers, ("Content-Length", str(len(body)))]
        self._send(self._head(status, headers) + body)

    def response_iter(self, status: int, headers: Headers, body: Iterator[bytes], /) -> None:
        if self._begun:
            self.keep = False
            return
        self._begun = True
        length = _value(headers, "content-length")
        if length is not None:
            self._send_counted(self._head(status, headers), int(length), body)
        elif self._version == "HTTP/1.1":
            self._send_chunks(self._head(status, [*headers, ("Transfer-Encoding", "chunked")]), body)
        else:
            self.keep = False  # the end of the connection is the end of the body
            head = self._head(status, headers)
            for chunk in body:
                if not self._send(head + chunk):
                    return
                head = b""

    def _send_counted(self, head: bytes, left: int, body: Iterator[bytes]) -> None:
        """Never more than was promised; a client that got less learns it from the end of the connection."""
        for chunk in body:
            part = chunk[:left]
            left -= len(part)
            if not self._send(head + part):
                return
            head = b""
        if left:
            self.keep = False

    def _send_chunks(self, head: bytes, body: Iterator[bytes]) -> None:
        for chunk in body:
            part = b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunk else b""
            if not self._send(head + part):
                return
            head = b""
        self._send(head + b"0\r\n\r\n")

    def _head(self, status: int, headers: Headers) -> bytes:
        asked = _value(headers, "connection")
        if asked is not None and "close" in asked.lower():
            self.keep = False
        lines = [f"{self._version} {status} {_reason(status)}", *(f"{name}: {value}" for name, value in headers)]
        if asked is None and not self.keep:
            lines.append("Connection: close")
        elif asked is None and self._version == "HTTP/1.0":
            lines.append("Connection: keep-alive")
        if _value(headers, "date") is None:
            lines.append(f"Date: {formatdate(usegmt=True)}")
        return "\r\n".join([*lines, "", ""]).encode()

    def _send(self, data: bytes) -> bool:
        """False, and an end to the connection, when the client has gone."""
        try:
            self._client.sendall(data)
        except OSError:
            self.keep = False
            return False
        return True


def _value(headers: Headers, wanted: str) -> str | None:
    for name, value in headers:
        if name.lower() == wanted:
            return value
    return None


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
