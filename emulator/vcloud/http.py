"""One vCloud request: version, session, body; and its answer. Every route of the dialect is registered here."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import wraps
from random import getrandbits
from types import MappingProxyType
from typing import Any, NamedTuple

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import MapAdapter

from gatepost.core.errors import CloudError
from gatepost.core.ids import is_uuid, spell
from gatepost.core.inventory import User
from gatepost.core.journal import Entry
from gatepost.core.world import World
from gatepost.vcloud import xmlio
from gatepost.vcloud.dialect import ENVIRON_KEY, VcloudDialect
from gatepost.vcloud.errors import ApiError, bad_id, denied, error_element, from_cloud
from gatepost.vcloud.names import PATHS, vcloud_type
from gatepost.vcloud.services import gateway
from gatepost.vcloud.services import links as service_links
from gatepost.vcloud.sessions import Session
from gatepost.vcloud.versions import Traits, negotiate, not_acceptable, traits
from gatepost.vcloud.xmlio import Element

log = logging.getLogger(__name__)

blueprint = Blueprint("vcloud", __name__)

ERROR_TYPE = vcloud_type("error").lower()
TOKEN_HEADER = "x-vcloud-authorization"

LOGIN_REJECTED = {"WWW-Authenticate": 'BASIC realm="vCloud"', "Content-Type": "text/plain; charset=utf-8"}

BODY_LIMIT = 1024 * 1024
"""Bytes of a request body; the edge reads no more."""

# What a body may call itself besides the exact type: clients are careless here, and real servers let them.
_FOREIGN_TYPES = ("application/json", "text/html", "text/plain", "multipart/", "image/", "application/x-www-form")


class Who(Enum):
    """Whom a route serves."""

    ANYBODY = "without login"
    LOGGED_IN = "every user"
    SYSTEM = "system administrators"


class Reply(NamedTuple):
    """What a handler answers: an element to serialize, or `body` as it is."""

    status: int
    element: Element | None = None
    media_type: str = "application/*+xml"
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""


class Call:
    """One request. Handlers read `user`, `traits` and `body()` and never touch Flask."""

    __slots__ = ("dialect", "entry", "environ", "request_id", "session", "started", "traits", "world")

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.dialect: VcloudDialect = environ[ENVIRON_KEY]
        self.world: World = self.dialect.cloud.world
        self.entry: Entry = environ["gatepost.entry"]
        # Needs no secrecy; `uuid4` asks the system each time and lets go of the interpreter's lock for it.
        self.request_id = spell(getrandbits(128))
        self.started = time.perf_counter()
        self.traits: Traits = traits(self.dialect.settings.versions[-1])
        self.session: Session | None = None

    @property
    def user(self) -> User:
        if self.session is None:
            raise denied()
        return self.session.user

    def header(self, name: str) -> str | None:
        """A request header; `name` as the WSGI environ spells it, without `HTTP_`."""
        value: str | None = self.environ.get("HTTP_" + name)
        return value

    def href(self, path: str) -> str:
        return self.dialect.public_url + path

    def entity_href(self, kind: str, id: str) -> str:
        return self.dialect.public_url + PATHS[kind] + id

    def concerns(self, task_id: str) -> None:
        """The request is about this task; the journal says so."""
        self.entry.task = task_id

    @property
    def has_body(self) -> bool:
        return bool(self.environ["gatepost.body"])

    def body(self, *tags: str) -> Element:
        """The parsed request body, whose root must be one of `tags`. Raises ApiError and Malformed."""
        document = self.document()
        xmlio.expect(document, *tags)
        return document

    def document(self) -> Element:
        """The parsed request body, whatever its root. Raises ApiError and Malformed."""
        content_type = self.environ.get("CONTENT_TYPE") or ""
        media_type, _, parameters = content_type.partition(";")
        media_type = media_type.strip().lower()
        foreign = media_type.startswith(_FOREIGN_TYPES) or media_type.endswith("+json")
        if foreign and self.dialect.settings.foreign_content_type == "refuse":
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"The content type {media_type} is not supported.")
        _, _, charset = parameters.lower().partition("charset=")
        charset = charset.partition(";")[0].strip(' "')
        return xmlio.parse(self.environ["gatepost.body"], charset)

    def negotiate(self) -> None:
        """Find the API version. Raises ApiError."""
        accept = self.header("ACCEPT") or ""
        spoken = self.dialect.settings.versions
        chosen = negotiate(accept, spoken)
        if chosen is None:
            raise ApiError(406, "NOT_ACCEPTABLE", not_acceptable(accept, spoken))
        self.traits = chosen
        self.require_whole_body()

    def require_whole_body(self) -> None:
        """Raises ApiError when there was more of it than is read."""
        if self.environ["gatepost.too_large"]:
            raise ApiError(413, "REQUEST_ENTITY_TOO_LARGE", f"The request body is larger than {BODY_LIMIT} bytes.")

    def authenticate(self) -> None:
        """Find the session. Raises ApiError as the table of section 0.6 says for each version."""
        token = self._token()
        if token is None:
            text = "This operation requires authentication. Log in and send the token."
            raise ApiError(401, "UNAUTHORIZED", "" if self.traits.missing_token_is_bare else text)
        with self.world.lock:
            self.session = self.dialect.sessions.find(token, self.dialect.settings.session_idle)
        if self.session is None:
            if self.traits.bad_token_is_forbidden and self.dialect.settings.expired_token_old == "403":
                raise ApiError(403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN", "Access is forbidden")
            raise ApiError(401, "UNAUTHORIZED", "The session token is not known or has expired. Log in again.")
        self.entry.user = f"{self.session.user.name}@{self.session.user.org.name}"

    def _token(self) -> str | None:
        token = self.header("X_VCLOUD_AUTHORIZATION")
        if token is not None:
            return token
        scheme, _, bearer = (self.header("AUTHORIZATION") or "").partition(" ")
        if scheme.lower() == "bearer":
            return bearer.strip()
        for cookie in (self.header("COOKIE") or "").split(";"):
            name, _, value = cookie.strip().partition("=")
            if name == "vcloud-token":
                return value
        return None


Handler = Callable[..., Reply]


def route(method: str, rule: str, who: Who = Who.LOGGED_IN, *, negotiated: bool = True) -> Callable[[Handler], Handler]:
    """Serve `method rule` by a function that takes a Call and the rule's parameters."""

    def register(handler: Handler) -> Handler:
        @wraps(handler)
        def view(**parameters: str) -> Response:
            environ = request.environ
            call = Call(environ)
            try:
                if negotiated:
                    call.negotiate()
                if who is not Who.ANYBODY:
                    call.authenticate()
                    theirs = _extended(call)
                    if theirs is not None:
                        return theirs
                    if who is Who.SYSTEM and not call.user.is_sysadmin:
                        raise denied()
                response = _answer(call, handler(call, **parameters))
            except ApiError as error:
                response = refuse(call, error)
            except CloudError as error:
                response = refuse(call, from_cloud(error, call.traits))
            return _processed(call, response)

        blueprint.add_url_rule(
            rule,
            endpoint=f"{method} {rule}".replace(".", "_"),
            view_func=view,
            methods=[method],
            provide_automatic_options=False,
        )
        return handler

    return register


def unrouted(environ: dict[str, Any]) -> Response | None:
    """What extension services answer to a request that no route takes; None where it is not for them."""
    call = Call(environ)
    if not gateway.routes_of(call.dialect, environ):
        return None
    try:
        call.negotiate()
        call.authenticate()
        return _extended(call)
    except ApiError as error:
        return refuse(call, error)
    except HTTPException:  # they let it go on
        return None


def refuse(call: Call, error: ApiError) -> Response:
    """The answer to a request that failed."""
    if error.status == 401 and not error.message:
        return _respond(call, 401, b"", "", LOGIN_REJECTED)
    message = error.message
    if call.traits.messages_carry_request_id and error.minor != "NOT_ACCEPTABLE":
        message = f"[ {call.request_id} ] {message}"
    element = error_element(error.status, error.minor, message)
    return _respond(call, error.status, xmlio.serialize(element), ERROR_TYPE, error.headers)


def internal_error(call: Call) -> Response:
    """The answer to a bug of ours; the traceback goes to the log, never to the wire."""
    log.exception("a request failed")
    message = f"[ {call.request_id} ] Unable to perform this action. Contact your cloud administrator."
    element = error_element(500, "INTERNAL_SERVER_ERROR", message)
    return _respond(call, 500, xmlio.serialize(element), ERROR_TYPE, {})


def checked_id(text: str, prefix: str = "") -> str:
    """The bare UUID of a path segment such as `vapp-U`. Raises ApiError (400)."""
    id = text.removeprefix(prefix).lower()
    if (prefix and not text.startswith(prefix)) or not is_uuid(id):
        raise bad_id()
    return id


def _extended(call: Call) -> Response | None:
    """What extension services make of the request; None where it is not for them. Raises ApiError, HTTPException."""
    routes = gateway.routes_of(call.dialect, call.environ)
    if not routes:
        return None
    answer = gateway.ask(call.dialect, routes, call.user, call.environ)
    if answer is not None:
        return _theirs(call, answer)
    environ = call.environ  # which the services may have changed
    adapter = MapAdapter(
        current_app.url_map, "localhost", "/", "", "http", environ["PATH_INFO"], environ["REQUEST_METHOD"]
    )
    endpoint, parameters = adapter.match()
    if not endpoint.startswith(f"{blueprint.name}."):
        raise NotFound
    view: Callable[..., Any] = current_app.view_functions[endpoint]
    response: Response = view(**parameters)
    return response


def _processed(call: Call, response: Response) -> Response:
    """The response, through the extension services that registered for its type."""
    if not call.dialect.services.response_routes or call.session is None:
        return response
    routes = gateway.responders(call.dialect, call.environ, response.headers.get("Content-Type", ""))
    if not routes:
        return response
    ours = gateway.Answer(response.status_code, response.headers.to_wsgi_list(), response.get_data())
    try:
        return _theirs(call, gateway.process(call.dialect, routes, call.user, ours))
    except ApiError as error:
        return refuse(call, error)


def _theirs(call: Call, answer: gateway.Answer) -> Response:
    """The response of an extension service, with the headers that every response has."""
    call.environ["gatepost.theirs"] = True
    headers = [
        *((name, value) for name, value in answer.headers if name.lower() not in _OWN_HEADERS),
        (TOKEN_HEADER, call.session.token if call.session is not None else ""),
        ("X-VMWARE-VCLOUD-REQUEST-EXECUTION-TIME", _milliseconds(call)),
        ("X-VMWARE-VCLOUD-REQUEST-ID", call.request_id),
    ]
    if answer.status not in (204, 304):
        headers.append(("Content-Length", str(len(answer.body))))
    return _Answer(answer.body, answer.status, headers)


_OWN_HEADERS = frozenset(
    {
        TOKEN_HEADER,
        "content-length",
        "x-vmware-vcloud-request-execution-time",
        "x-vmware-vcloud-request-id",
    }
)


def _milliseconds(call: Call) -> str:
    return str(round((time.perf_counter() - call.started) * 1000))


def _answer(call: Call, reply: Reply) -> Response:
    services = call.dialect.services
    if services.links and reply.element is not None:
        base, external_ids = call.href("/api"), call.traits.external_resource_ids
        service_links.add(reply.element, services.links, base, external_ids=external_ids)
    body = reply.body if reply.element is None else xmlio.serialize(reply.element)
    headers = dict(reply.headers)
    headers["X-VMWARE-VCLOUD-REQUEST-EXECUTION-TIME"] = _milliseconds(call)
    if call.session is not None and TOKEN_HEADER not in headers:
        headers[TOKEN_HEADER] = call.session.token
    return _respond(call, reply.status, body, reply.media_type.lower(), headers)


def _respond(call: Call, status: int, body: bytes, media_type: str, headers: dict[str, str]) -> Response:
    out = list(headers.items())
    if "Content-Type" not in headers:
        out.append(("Content-Type", f"{media_type};version={call.traits.version}"))
    out.append(("X-VMWARE-VCLOUD-REQUEST-ID", call.request_id))
    out.append(("Vary", "Accept-Encoding"))
    if status != 204:
        out.append(("Content-Length", str(len(body))))
    return _Answer(body, status, out)


class _Answer(Response):
    """A response whose headers are complete: Werkzeug need not copy and correct them."""

    default_mimetype = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response(self.status, self.headers.to_wsgi_list())
        return self.response  # type: ignore[return-value]  # made of bytes, so it is a list of bytes
