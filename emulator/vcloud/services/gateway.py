"""Requests and responses on their way through the services that registered for them (reference, section 8.3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes
from uuid import uuid4

from gatepost.core import redaction
from gatepost.core.inventory import User
from gatepost.messaging.call import CallFailed, NoSuchExchange, Question, TimedOut
from gatepost.vcloud.dialect import VcloudDialect
from gatepost.vcloud.errors import ApiError, denied
from gatepost.vcloud.services import acl, messages
from gatepost.vcloud.services.messages import HttpMessage, MalformedReply, OtherId
from gatepost.vcloud.services.registry import REGISTRATION, Route

LONGEST_PATH = 2_048
"""Bytes; no filter looks at a longer one."""

PASSED_ON = "gatepost.passed_on"
"""Set in the environ of a request that the services have seen and let go on to the cloud."""


class Answer(NamedTuple):
    """A response that a service gave, or that came through one."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def routes_of(dialect: VcloudDialect, environ: dict[str, Any]) -> list[Route]:
    """The services that the request passes through, in that order."""
    if not dialect.services.request_routes or PASSED_ON in environ:
        return []
    paths = _paths(environ)
    return dialect.services.routes_for(paths) if len(paths[0]) <= LONGEST_PATH else []


def ask(dialect: VcloudDialect, routes: list[Route], user: User, environ: dict[str, Any]) -> Answer | None:
    """Send the request through the services. None: they let it go on to the cloud, as the environ has it now.

    Raises ApiError.
    """
    environ[PASSED_ON] = True
    with _reported(dialect, routes[0].name), dialect.calls.place():
        for route in routes:
            _authorize(dialect, route, user, environ["REQUEST_METHOD"], _paths(environ))
            id, path = str(uuid4()), environ.get("gatepost.path", environ["PATH_INFO"])
            credentials = dialect.settings.extensions_get_credentials
            message = messages.request_message(id, environ, path, credentials=credentials)
            reply = _exchange(dialect, route, user, message, "ProcessHttpRequest")
            if not reply.is_request:
                return _answer(reply)
            _apply(reply, environ)
    return None


def responders(dialect: VcloudDialect, environ: dict[str, Any], content_type: str) -> tuple[Route, ...]:
    """The services that may have to do with a response of the cloud's own; none where no one wants its type."""
    routes = dialect.services.response_routes
    if environ["PATH_INFO"].startswith(REGISTRATION) or not any(route.processes(content_type) for route in routes):
        return ()
    return routes


def process(dialect: VcloudDialect, routes: tuple[Route, ...], user: User, answer: Answer) -> Answer:
    """Send a response of the cloud's own through each service that registered for its type. Raises ApiError."""
    with _reported(dialect, routes[0].name), dialect.calls.place():
        for route in routes:
            if route.processes(_content_type(answer)):
                credentials = dialect.settings.extensions_get_credentials
                message = messages.response_message(str(uuid4()), *answer, credentials=credentials)
                answer = _answer(_exchange(dialect, route, user, message, "ProcessHttpResponse"))
    return answer


@contextmanager
def _reported(dialect: VcloudDialect, name: str) -> Iterator[None]:
    """Whatever goes wrong with the service of that name, as an Error. Raises ApiError."""
    settings = dialect.settings
    try:
        yield
    except TimedOut:
        text = f'The extension service "{name}" did not reply within {settings.extension_timeout:g} seconds.'
        raise _error(settings.extension_timeout_status, text) from None
    except NoSuchExchange as error:
        text = f'{error} on the broker; the operator of the extension service "{name}" has to declare it.'
        raise _error("500", text) from None
    except CallFailed as error:
        text = f'The extension service "{name}" cannot be asked now: {error}.'
        raise _error(settings.extension_unavailable_status, text) from None
    except MalformedReply as error:
        text = f'The extension service "{name}" sent a malformed reply: {error}.'
        raise _error(settings.extension_malformed_status, text) from None


_MINOR = {
    "500": "INTERNAL_SERVER_ERROR",
    "502": "BAD_GATEWAY",
    "503": "SERVICE_UNAVAILABLE",
    "504": "GATEWAY_TIMEOUT",
}


def _error(status: str, text: str) -> ApiError:
    return ApiError(int(status), _MINOR[status], text)


def _exchange(
    dialect: VcloudDialect, route: Route, user: User, message: dict[str, Any], message_type: str
) -> HttpMessage:
    """Ask one service. Raises ApiError."""
    with dialect.cloud.lock:
        context = messages.security_context(user, dialect.rights.of(user.role))
    body = json.dumps([message, context]).encode()
    question = Question(
        route.exchange,
        route.routing_key,
        message_type,
        body,
        messages.journalled(body),
        "vcloud",
        f"{user.name}@{user.org.name}",
    )
    timeout = dialect.settings.extension_timeout
    with _reported(dialect, route.name), dialect.calls.ask(question, timeout) as call:
        while True:
            reply = call.reply()
            try:
                return messages.read_reply(reply.body, message["id"], may_be_request=message["request"])
            except OtherId as error:
                reply.entry.note = f"dropped: {error}, the request's is {message['id']}"
            except MalformedReply as error:
                reply.entry.note = f"malformed: {error}"
                raise


def _authorize(dialect: VcloudDialect, route: Route, user: User, method: str, paths: tuple[str, ...]) -> None:
    """Raises ApiError where the service leaves it to the cloud who may, and the user may not."""
    if route.authorized:
        with dialect.cloud.lock:
            permitted = acl.permits(route.service, user, dialect.rights, method, paths)
        if not permitted:
            raise denied()


def _apply(reply: HttpMessage, environ: dict[str, Any]) -> None:
    """Make the request what a service made of it. Whose it is stays what it was, and so does what it left out."""
    if reply.method:
        environ["REQUEST_METHOD"] = reply.method.upper()
    if reply.uri:
        path, _, query = reply.uri.partition("?")
        path = unquote_to_bytes(path).decode("latin-1")
        environ["PATH_INFO"] = environ["gatepost.path"] = path
        environ["QUERY_STRING"] = query
    if reply.query is not None:
        environ["QUERY_STRING"] = reply.query
    for name, value in reply.headers:
        if name.lower() not in redaction.SECRET_HEADERS:
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    if reply.body is not None:
        environ["gatepost.body"] = reply.body


def _answer(reply: HttpMessage) -> Answer:
    return Answer(reply.status, reply.headers, reply.body or b"")


def _paths(environ: dict[str, Any]) -> tuple[str, ...]:
    """The path as it was asked for and as it is normally spelt, both decoded."""
    raw: str = environ.get("gatepost.path", environ["PATH_INFO"])
    spelt = dict.fromkeys((raw, environ["PATH_INFO"]))
    return tuple(path.encode("latin-1", "replace").decode("utf-8", "replace") for path in spelt)


def _content_type(answer: Answer) -> str:
    return next((value for name, value in answer.headers if name.lower() == "content-type"), "")
