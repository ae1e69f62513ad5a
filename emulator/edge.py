"""The HTTP edge of one world: normal paths, bounded bodies, and the journal's entries for what comes and goes.

One Flask app serves every world of a process; this WSGI layer is what each world has of its own, and hands its world on
in the environ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from gatepost.core import redaction
from gatepost.core.journal import Entry, Journal
from gatepost.variation import Variation

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_DRAINED = 8 * 1024 * 1024
"""Bytes of a body beyond the limit that are still taken off the wire, unkept: a client that is in the middle of sending
when the connection closes would see that instead of the answer."""

UPLOADS = "/transfer/"
"""Below this path bodies may have any length: their route counts them, and lets go of each piece at once."""

_SLASHES = re.compile("/{2,}")
_UNJOURNALLED = ("/gatepost", "/console")


class Edge:
    """A WSGI application around `app`; `context` is put into every request's environ.

    `mounts` tells where clients see what stands elsewhere in the application: pairs of path prefixes, of which the
    first that fits counts. What leaves goes through the `variation`.
    """

    def __init__(
        self,
        app: WSGIApplication,
        journal: Journal,
        context: dict[str, object],
        body_limit: int,
        mounts: tuple[tuple[str, str], ...],
        variation: Variation,
    ) -> None:
        self._mounts = mounts
        self._variation = variation
        self._app = app
        self._journal = journal
        self._context = context
        self._body_limit = body_limit

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ.update(self._context)
        path: str = environ["PATH_INFO"]
        environ["gatepost.asked"] = path
        if "//" in path or (path.endswith("/") and path != "/"):
            environ["gatepost.path"] = path
            path = environ["PATH_INFO"] = _SLASHES.sub("/", path).rstrip("/") or "/"
        inside = self._inside(path)
        if inside != path:
            environ["PATH_INFO"] = inside
            environ.pop("gatepost.path", None)
        self._read_body(environ, inside)
        if inside.startswith(_UNJOURNALLED):
            return self._app(environ, start_response)
        return self._journalled(environ, path, start_response)

    def dialect_of(self, path: str) -> str:
        """Whose path it is, as clients see it; empty for nobody's."""
        return _dialect(self._inside(path))

    def _inside(self, path: str) -> str:
        if self._variation.moves:
            return self._variation.inside(self._mounted(self._variation.without_prefix(path)))
        return self._mounted(path)

    def _mounted(self, path: str) -> str:
        for outside, inside in self._mounts:
            if path.startswith(outside) and path[len(outside) :][:1] in ("", "/"):
                return inside + path[len(outside) :]
        return path

    def _journalled(self, environ: WSGIEnvironment, path: str, start_response: StartResponse) -> Iterable[bytes]:
        journal = self._journal
        upload = environ["PATH_INFO"].startswith(UPLOADS)
        entry = Entry(
            kind="http.request",
            direction="in",
            dialect=_dialect(environ["PATH_INFO"]),
            at=journal.now(),
            method=environ["REQUEST_METHOD"],
            path=_target(environ, path),
            headers=_request_headers(environ),
            body=b"" if upload else redaction.body(environ["gatepost.body"]),
            note=f"{len(environ['gatepost.body'])} bytes of a file, which are not kept" if upload else None,
        )
        journal.add(entry)
        environ["gatepost.entry"] = entry
        if self._variation.moves:
            self._translate(environ)
        answer: list[Any] = []
        start: Any = partial(_remember, answer)  # nothing here calls the `write` that it does not give
        parts = self._app(environ, start)
        streams = "gatepost.streams" in environ
        content = b"" if streams else _joined(parts)
        if environ["gatepost.too_large"]:
            _drain(environ)
        status, headers = answer[0], answer[1]
        if self._variation and not streams and entry.dialect and not upload:
            ours = "gatepost.theirs" not in environ and entry.note != "http.status"
            headers, content = self._variation.answer(entry.dialect, headers, content, ours=ours)
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
                note=entry.note if entry.fault is not None else None,
                fault=entry.fault,
            )
        )
        start_response(status, headers)
        return _Stream(parts, journal, entry) if streams else [content]

    def _translate(self, environ: WSGIEnvironment) -> None:
        """Let URLs in what the client sent be those inside."""
        environ["gatepost.body"] = self._variation.understood(environ["gatepost.body"])
        if query := environ.get("QUERY_STRING"):
            environ["QUERY_STRING"] = self._variation.understood(query.encode("latin-1", "replace")).decode("latin-1")

    def _read_body(self, environ: WSGIEnvironment, path: str) -> None:
        """Read at most the limit and one byte: more than that is never kept, whoever sends it."""
        body = b""
        if environ.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in environ:
            body = environ["wsgi.input"].read(self._body_limit + 1)
        environ["gatepost.too_large"] = len(body) > self._body_limit
        if environ["gatepost.too_large"] and not path.startswith(UPLOADS):
            _drain(environ)
            body = body[: self._body_limit]
        environ["gatepost.body"] = body


def _drain(environ: WSGIEnvironment) -> None:
    """Take what is left of a body off the wire, up to a bound."""
    left = _DRAINED
    while left > 0 and (part := environ["wsgi.input"].read(min(left, 1 << 16))):
        left -= len(part)


class _Stream:
    """A body without an end; each part of it is an entry of its own."""

    def __init__(self, parts: Iterable[bytes], journal: Journal, request: Entry) -> None:
        self._parts = parts
        self._journal = journal
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        request = self._request
        for part in self._parts:
            self._journal.add(
                Entry(
                    kind="http.stream",
                    direction="out",
                    dialect=request.dialect,
                    at=self._journal.now(),
                    method=request.method,
                    path=request.path,
                    user=request.user,
                    body=redaction.body(part),
                    answers=request.seq,
                )
            )
            yield part

    def close(self) -> None:
        _close(self._parts)


def _joined(parts: Iterable[bytes]) -> bytes:
    try:
        return b"".join(parts)
    finally:
        _close(parts)


def _close(parts: Iterable[bytes]) -> None:
    close = getattr(parts, "close", None)
    if close is not None:
        close()


def _remember(answer: list[Any], *args: Any) -> None:
    answer[:] = args[:2]


def _target(environ: WSGIEnvironment, path: str) -> str:
    """Path and query as they may be kept."""
    if not path.isascii():
        # WSGI spells the bytes of a path as latin-1.
        path = path.encode("latin-1", "replace").decode(errors="replace")
    query: str = environ.get("QUERY_STRING") or ""
    return f"{path}?{redaction.body(query.encode(errors='replace')).decode(errors='replace')}" if query else path


def _dialect(path: str) -> str:
    if path.startswith(("/api", "/cloudapi", UPLOADS)):
        return "vcloud"
    return "abiquo" if path.startswith("/abiquo/") else ""


def _request_headers(environ: WSGIEnvironment) -> dict[str, str]:
    headers = {redaction.header_name(key): value for key, value in environ.items() if key[:5] == "HTTP_"}
    for name in redaction.SECRET_HEADERS.intersection(headers):
        headers[name] = redaction.header_value(name, headers[name])
    if content_type := environ.get("CONTENT_TYPE"):
        headers["content-type"] = content_type
    return headers


def _response_headers(headers: list[tuple[str, str]]) -> dict[str, str]:
    kept = {name: redaction.REDACTED if redaction.is_secret_header(name.lower()) else value for name, value in headers}
    if "?" in (location := kept.get("Location", "")):
        kept["Location"] = redaction.body(location.encode(errors="replace")).decode(errors="replace")
    return kept
