"""The messages between the cloud and a service: HTTP in JSON, bodies in Base64 (reference, section 8.3)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from gatepost.core import redaction
from gatepost.core.inventory import User
from gatepost.core.text import is_text
from gatepost.messaging.calls import LARGEST_REPLY
from gatepost.vcloud.rights import Right

_MOST_HEADERS = 200
_PATH_CHARACTERS = "/:@!$&'()*+,;=~"
_BODY_MEMBER = re.compile(rb'"body"\s*:\s*"[^"]*"?')
# Behind a backslash any name can hide.
_SECRET_MEMBER = re.compile(rb'\\|"(?:' + "|".join(sorted(redaction.SECRET_HEADERS)).encode() + rb')"', re.I)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# Of one connection, not of the message (RFC 9110, section 7.6.1); and the length, which is counted.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "content-length",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class MalformedReply(ValueError):
    """A reply that cannot be understood; the text names the field."""


class OtherId(ValueError):
    """A reply that is about another message."""


class HttpMessage(NamedTuple):
    """A service's reply: a response, or, with `is_request`, the request as it is to go on. None is what it left out."""

    is_request: bool
    status: int
    headers: list[tuple[str, str]]
    body: bytes | None
    method: str | None
    uri: str | None
    query: str | None


def request_message(id: str, environ: Mapping[str, Any], path: str, *, credentials: bool) -> dict[str, Any]:
    """The request of a WSGI environ; `path` as it was asked for, in WSGI's spelling."""
    return {
        "id": id,
        "method": environ["REQUEST_METHOD"],
        "requestUri": quote(path.encode("latin-1", "replace"), safe=_PATH_CHARACTERS),
        "queryString": environ.get("QUERY_STRING") or None,
        "protocol": environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
        "scheme": environ["wsgi.url_scheme"],
        "remoteAddr": environ.get("REMOTE_ADDR", ""),
        "remotePort": int(environ.get("REMOTE_PORT") or 0),
        "localAddr": environ.get("SERVER_NAME", ""),
        "localPort": int(environ.get("SERVER_PORT") or 0),
        "headers": _headers(environ, credentials=credentials),
        "body": base64.b64encode(environ["gatepost.body"]).decode(),
        "request": True,
        "statusCode": 0,
    }


def response_message(
    id: str, status: int, headers: list[tuple[str, str]], body: bytes, *, credentials: bool
) -> dict[str, Any]:
    """A response of the cloud's own."""
    shown = {name: value for name, value in headers if credentials or name.lower() not in redaction.SECRET_HEADERS}
    return {
        "id": id,
        "headers": shown,
        "statusCode": status,
        "body": base64.b64encode(body).decode(),
        "request": False,
    }


def security_context(user: User, rights: list[Right]) -> dict[str, Any]:
    return {
        "user": f"urn:vcloud:user:{user.id}",
        "org": f"urn:vcloud:org:{user.org.id}",
        "rights": [f"urn:vcloud:right:{right.id}" for right in rights],
    }


def read_reply(content: bytes, id: str, *, may_be_request: bool) -> HttpMessage:
    """Raises MalformedReply, and OtherId for a reply to another message."""
    if len(content) > LARGEST_REPLY:
        raise MalformedReply(f"it is larger than {LARGEST_REPLY} bytes")
    try:
        reply = json.loads(content)
    except (ValueError, RecursionError):
        raise MalformedReply("it is no JSON") from None
    if not isinstance(reply, dict):
        raise MalformedReply("a JSON object is expected")
    if not isinstance(reply.get("id"), str):
        raise MalformedReply("id: the one of the request is expected")
    if reply["id"] != id:
        raise OtherId(f"its id is {reply['id'][:80]!r}")
    # The sources differ about how the name is spelt.
    is_request = reply.get("request", reply.get("isRequest", False)) is True
    if is_request and not may_be_request:
        raise MalformedReply("request: false is expected in a reply to a response")
    status = reply.get("statusCode", 0)
    if not is_request and (type(status) is not int or not 200 <= status <= 599):
        raise MalformedReply("statusCode: a number from 200 to 599 is expected")
    return HttpMessage(
        is_request,
        status,
        _read_headers(reply.get("headers")),
        _read_body(reply.get("body")),
        _text(reply, "method"),
        _text(reply, "requestUri"),
        _text(reply, "queryString"),
    )


def journalled(content: bytes) -> bytes:
    """A message, in an array or alone, as it may be kept: without the secrets of its headers, query and body."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return redaction.body(_legible(content))
    first = document[0] if isinstance(document, list) and document else document
    if isinstance(first, dict):
        first.update(_without_secrets(first))
    return redaction.body(json.dumps(document).encode())


def _legible(content: bytes) -> bytes:
    """As much of something that is no JSON as cannot hide a secret."""
    redacted = redaction.REDACTED.encode()
    shown = _BODY_MEMBER.sub(b'"body": "' + redacted + b'"', content)
    secret = _SECRET_MEMBER.search(shown)
    return shown if secret is None else shown[: secret.start()] + redacted


def _without_secrets(message: dict[str, Any]) -> dict[str, Any]:
    clean: dict[str, Any] = {}
    headers, query, body = (message.get(name) for name in ("headers", "queryString", "body"))
    if isinstance(headers, dict):
        clean["headers"] = {
            name: redaction.header_value(name.lower(), value if isinstance(value, str) else json.dumps(value))
            for name, value in headers.items()
        }
    if isinstance(query, str):
        clean["queryString"] = redaction.query(query)
    if isinstance(body, str):
        try:
            clean["body"] = base64.b64encode(redaction.body(base64.b64decode(body))).decode()
        except (binascii.Error, ValueError):
            clean["body"] = redaction.REDACTED
    return clean


def _headers(environ: Mapping[str, Any], *, credentials: bool) -> dict[str, str]:
    """The headers of a request. WSGI has lost how the client wrote their names; services look for these spellings."""
    headers = {redaction.header_name(key): value for key, value in environ.items() if key.startswith("HTTP_")}
    headers |= {name: environ[key] for key, name in _UNPREFIXED.items() if environ.get(key)}
    return {
        name if name.startswith("x-vcloud-") else name.title(): _decoded(value)
        for name, value in headers.items()
        if credentials or name not in redaction.SECRET_HEADERS
    }


def _decoded(value: str) -> str:
    """WSGI spells bytes as latin-1."""
    return value.encode("latin-1", "replace").decode("utf-8", "replace")


_UNPREFIXED = {"CONTENT_TYPE": "content-type", "CONTENT_LENGTH": "content-length"}


def _read_headers(value: Any) -> list[tuple[str, str]]:
    if value is None:
        return []
    if not isinstance(value, dict) or len(value) > _MOST_HEADERS:
        raise MalformedReply(f"headers: an object of at most {_MOST_HEADERS} names is expected")
    found = []
    for name, content in value.items():
        text = content if isinstance(content, str) else json.dumps(content)
        if type(content) not in (str, int, float, bool) or _CONTROLS.search(text) or not _HEADER_NAME.fullmatch(name):
            raise MalformedReply(f"headers: {name[:80]!r} is no header with a text or a number")
        if name.lower() not in _HOP_BY_HOP:
            # WSGI spells bytes as latin-1.
            found.append((name, text.encode("utf-8", "replace").decode("latin-1")))
    return found


def _read_body(value: Any) -> bytes | None:
    if value is None:
        return None
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (AttributeError, binascii.Error, ValueError):
        raise MalformedReply("body: Base64 is expected") from None


def _text(reply: dict[str, Any], name: str) -> str | None:
    value = reply.get(name)
    if value is not None and (not isinstance(value, str) or not is_text(value)):
        raise MalformedReply(f"{name}: a text is expected")
    return value
