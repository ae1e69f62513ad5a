"""Servers of the harness that no connector has business with: they only remember who called, and with what."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from gatepost.serving.tls import issue_certificate

CREDENTIALS = ("authorization", "x-vcloud-authorization", "cookie", "x-vmware-vcloud-access-token")
SECONDS = 10.0
"""A caller that says nothing for so long is let go."""


@dataclass(frozen=True)
class Caught:
    """A request. `credentials` are the names of its headers that hold some."""

    method: str
    path: str
    credentials: tuple[str, ...]
    text: str


class Canary:
    """Listens on 127.0.0.1 for the length of a `with` block.

    It asks everybody for a password, or gives this answer.
    """

    def __init__(self, answer: str = "") -> None:
        self.caught: list[Caught] = []
        self.answer = answer
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return self._server.server_port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(canary: Canary) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = SECONDS

        def parse_request(self) -> bool:
            good = super().parse_request()
            if good:
                self._take()
            return False  # it is answered already, or could not be read

        def _take(self) -> None:
            length = self.headers.get("Content-Length", "")
            body = self.rfile.read(min(int(length), 1_000_000)) if length.isdecimal() else b""
            shown = tuple(name for name in CREDENTIALS if self.headers.get(name))
            text = f"{unquote(self.path)}\n{self.headers}\n{body.decode('utf-8', 'replace')}"
            canary.caught.append(Caught(self.command, self.path, shown, text))
            content = canary.answer.encode()
            self.send_response(200 if content else 401)
            self.send_header("WWW-Authenticate", 'Basic realm="vCloud"')
            self.send_header("Content-Type", "application/*+xml")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


class Impostor:
    """A server with a certificate of an authority of its own, for `host`. It remembers what became of each connection.

    It listens on 127.0.0.1 for the length of a `with` block.
    """

    def __init__(self, host: str, folder: Path) -> None:
        certificate = issue_certificate([host], folder)
        self.ca_file = certificate.ca
        self.refused = 0
        """Connections that were ended by the other side before it said anything."""
        self.told: list[bytes] = []
        """The beginnings of what was said to it."""
        self._context = certificate.context()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._listener.accept()
                threading.Thread(target=self._hear, args=(connection,), daemon=True).start()

    def _hear(self, connection: socket.socket) -> None:
        connection.settimeout(SECONDS)
        said = b""
        with (
            connection,
            contextlib.suppress(OSError),
            self._context.wrap_socket(connection, server_side=True) as speaking,
        ):
            said = speaking.recv(4096)
        if said:
            self.told.append(said)
        else:
            self.refused += 1
