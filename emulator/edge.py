"""The HTTP edge of one world: normal paths, bounded bodies, and the journal's entries for what comes and goes.

One Flask app serves every world of a process; this WSGI layer is what each world has of its own, and hands its world on
in the environ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from gatepost.core import redaction
from gatepost.core.journal import Entry, Journal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_DRAINED = 8 * 1024 * 1024
"""Bytes of a body beyond the limit that are still taken off the wire, unkept: a client that is in the middle of sending
when the connection closes would see that instead of the answer."""

_SLASHES = re.compile("/{2,}")
_UNJOURNALLED = ("/gatepost", "/console")


class Edge:
    """A WSGI application around `app`; `context` is put into every request's environ."""

    def __init__(self, app: WSGIApplication, journal: Journal, context: dict[str, object], body_limit: int) -> None:
        self._app = app
        self._journal = journal
        self._context = context
        self._body_limit = body_limit

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ.update(self._context)
        path: str = environ["PATH_INFO"]
        if "//" in path or (path.endswith("/") and path != "/"):
            path = environ["PATH_INFO"] = _SLASHES.sub("/", path).rstrip("/") or "/"
        self._read_body(environ)
        if path.startswith(_UNJOURNALLED):
            return self._app(environ, start_response)
        return self._journalled(environ, path, start_response)

    def _journalled(self, environ: WSGIEnvironment, path: str, start_response: StartResponse) -> Iterable[bytes]:
        journal = self._journal
        entry = Entry(
            kind="http.request",
            direction="in",
            dialect=_dialect(path),
            at=journal.now(),
            method=environ["REQUEST_METHOD"],
            path=_target(environ, path),
            headers=_request_headers(environ),
            body=redaction.body(environ["gatepost.body"]),
        )
        journal.add(entry)
        environ["gatepost.entry"] = entry
        answer: list[Any] = []
        content = self._run(environ, lambda *args: _remember(answer, args))
        status, headers = answer[0], answer[1]
        journal.add(
            Entry(
                kind="http.response",
                direction="out",
                dialect=entry.dialect,
                at=journal.now(),
                method=entry.method,
                path=entry.path,
                status=int(status[:3]),
                user=entry.user,
                task=entry.task,
                headers=_response_headers(headers),
                body=redaction.body(content),
                answers=entry.seq,
            )
        )
        start_response(status, headers)
        return [content]

    def _run(self, environ: WSGIEnvironment, start: Callable[..., Any]) -> bytes:
        parts = self._app(environ, start)
        try:
            return b"".join(parts)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()

    def _read_body(self, environ: WSGIEnvironment) -> None:
        """Read at most the limit and one byte: more than that is never kept, whoever sends it."""
        body = b""
        if environ.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in environ:
            body = environ["wsgi.input"].read(self._body_limit + 1)
        if len(body) > self._body_limit:
            left = _DRAINED
            while left > 0 and (part := environ["wsgi.input"].read(min(left, 1 << 16))):
                left -= len(part)
        environ["gatepost.too_large"] = len(body) > self._body_limit
        environ["gatepost.body"] = body[: self._body_limit]


def _remember(answer: list[Any], args: tuple[Any, ...]) -> None:
    answer[:] = args[:2]


def _target(environ: WSGIEnvironment, path: str) -> str:
    """Path and query as they may be kept."""
    if not path.isascii():
        # WSGI spells the bytes of a path as latin-1.
        path = path.encode("latin-1", "replace").decode(errors="replace")
    query: str = environ.get("QUERY_STRING") or ""
    return f"{path}?{redaction.body(query.encode(errors='replace')).decode(errors='replace')}" if query else path


def _dialect(path: str) -> str:
    return "vcloud" if path.startswith(("/api", "/cloudapi")) else ""


def _request_headers(environ: WSGIEnvironment) -> dict[str, str]:
    headers = {redaction.header_name(key): value for key, value in environ.items() if key[:5] == "HTTP_"}
    for name in redaction.SECRET_HEADERS.intersection(headers):
        headers[name] = redaction.header_value(name, headers[name])
    if content_type := environ.get("CONTENT_TYPE"):
        headers["content-type"] = content_type
    return headers


def _response_headers(headers: list[tuple[str, str]]) -> dict[str, str]:
    return {name: redaction.REDACTED if redaction.is_secret_header(name.lower()) else value for name, value in headers}
