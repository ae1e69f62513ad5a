"""One Abiquo request: login, privileges, type, body; and its answer. Every route of the dialect is registered here."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote

from flask import Blueprint, Response, request

from gatepost.abiquo import body, negotiation
from gatepost.abiquo.body import Body
from gatepost.abiquo.dialect import ENVIRON_KEY, AbiquoDialect, State
from gatepost.abiquo.document import Collection, Document, Writer
from gatepost.abiquo.errors import ApiError, bad_query, bad_request, from_cloud
from gatepost.abiquo.inventory import Caller, Inventory
from gatepost.abiquo.negotiation import VENDOR, Chosen
from gatepost.abiquo.oauth import OAuthRefused, Signed
from gatepost.abiquo.sessions import Session, log_in, may_log_in
from gatepost.abiquo.versions import KNOWN, traits
from gatepost.abiquo.view import View
from gatepost.core.errors import CloudError
from gatepost.core.journal import Entry
from gatepost.core.world import World

log = logging.getLogger(__name__)

blueprint = Blueprint("abiquo", __name__)

ROOT = "/abiquo/api"
"""Where the routes stand in the application; the edge brings requests here wherever clients see the API."""

BODY_LIMIT = 1024 * 1024
_CHALLENGE = MappingProxyType({"WWW-Authenticate": 'Basic realm="Abiquo API"'})
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Reply(NamedTuple):
    """What a handler answers: a document, or `text` as it is. `kind` names its type where the resource has several."""

    status: int
    document: Document | Collection | None = None
    kind: str | None = None
    headers: Mapping[str, str] = _NOTHING
    text: str | None = None
    media_type: str = "text/plain;charset=UTF-8"


class Call:
    """One request. Handlers read `caller`, `view`, `query` and `body`, and never touch Flask."""

    __slots__ = ("_caller", "_query", "body", "chosen", "dialect", "entry", "environ", "session", "state")

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.dialect: AbiquoDialect = environ[ENVIRON_KEY]
        self.state: State = self.dialect.state
        self.entry: Entry = environ["gatepost.entry"]
        self.session: Session | None = None
        self.body = Body({})
        self._caller: Caller | None = None
        self._query: dict[str, list[str]] | None = None
        settings = self.dialect.settings
        # Also an answer to a header that will be refused has a format.
        self.chosen: Chosen = negotiation.fallback(self.accept, settings.abiquo_format, settings.abiquo_version)
        if self.chosen.version not in KNOWN and settings.abiquo_version_check == "strict":
            self.chosen = Chosen(None, self.chosen.format, settings.abiquo_version)

    @property
    def world(self) -> World[Inventory]:
        return self.state.world

    @property
    def inventory(self) -> Inventory:
        return self.state.inventory

    @property
    def accept(self) -> str:
        value: str = self.environ.get("HTTP_ACCEPT") or ""
        return value

    @property
    def content_type(self) -> str:
        value: str = self.environ.get("CONTENT_TYPE") or ""
        return value

    @property
    def content(self) -> bytes:
        value: bytes = self.environ["gatepost.body"]
        return value

    @property
    def caller(self) -> Caller:
        if self._caller is None:
            raise unauthorized()
        return self._caller

    @property
    def view(self) -> View:
        chosen = self.chosen
        return View(chosen.format, traits(chosen.version), self.dialect.settings, self.state.inventory, self._caller)

    def href(self, path: str) -> str:
        return f"{self.dialect.api_url}/{path}"

    def query(self, name: str) -> str | None:
        """The last value of a query parameter."""
        if self._query is None:
            text: str = self.environ.get("QUERY_STRING") or ""
            try:
                self._query = parse_qs(text, keep_blank_values=True, max_num_fields=100)
            except ValueError:
                raise bad_query("*", "there are too many") from None
        return self._query.get(name, [None])[-1]

    def number(self, name: str, default: int) -> int:
        """A query parameter that counts something. Raises ApiError (400)."""
        text = self.query(name)
        if not text:
            return default
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise bad_query(name, "a whole number of at least 0 is expected")
        return int(text)

    def concerns(self, task_id: str) -> None:
        """The request is about this task; the journal says so."""
        self.entry.task = task_id

    def authenticate(self) -> None:
        """Find out who calls. Raises ApiError (401)."""
        scheme, _, credentials = (self.environ.get("HTTP_AUTHORIZATION") or "").partition(" ")
        lifetime = self.dialect.settings.abiquo_session
        match scheme.lower():
            case "oauth":
                self._caller = self._by_signature()
            case "basic":
                with self.world.lock:
                    user = log_in(self.inventory, credentials)
                    self.session = self.state.sessions.of(user, lifetime) if user is not None else None
            case "token":
                self._take(credentials.strip(), lifetime)
            case "":
                self._take(self._cookie(), lifetime)
        if self._caller is None:
            if self.session is None:
                raise unauthorized()
            self._caller = Caller(self.session.user, self.session.user.role.privileges)
        self.entry.user = self._caller.user.nick

    def _take(self, token: str | None, lifetime: float) -> None:
        with self.world.lock:
            session = self.state.sessions.find(token, lifetime) if token else None
            self.session = session if session is not None and may_log_in(session.user) else None

    def _cookie(self) -> str | None:
        for cookie in (self.environ.get("HTTP_COOKIE") or "").split(";"):
            name, _, value = cookie.strip().partition("=")
            if name == "auth":
                return str(value)
        return None

    def _by_signature(self) -> Caller:
        problem = ""
        for signed in self.signed():
            try:
                with self.world.lock:
                    return self.state.oauth.caller(signed)
            except OAuthRefused as refused:
                problem = str(refused)
        raise unauthorized(problem)

    def signed(self) -> Iterable[Signed]:
        """The request as its client may have signed it: at the address that it used, or at the public one."""
        environ = self.environ
        path = quote(environ["gatepost.asked"].encode("latin-1"), safe="/:@!$&'()*+,;=~-._")
        query = environ.get("QUERY_STRING") or ""
        target = f"{path}?{query}" if query else path
        headers = {"Authorization": environ.get("HTTP_AUTHORIZATION") or "", "Content-Type": self.content_type}
        text = self.content.decode("latin-1")
        method = environ["REQUEST_METHOD"]
        bases = [f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST') or ''}", self.dialect.public_url]
        for base in dict.fromkeys(bases):
            yield Signed(base + target, method, text, headers)

    def require(self, privileges: tuple[str, ...]) -> None:
        """Any one of them will do. Raises ApiError (403)."""
        if privileges and not self.caller.may(*privileges):
            raise ApiError(403, "403-FORBIDDEN", "The user does not have a privilege that this resource needs")

    def negotiate(self, produces: tuple[str, ...]) -> None:
        """Raises ApiError (406, 413)."""
        settings = self.dialect.settings
        strict = settings.abiquo_version_check == "strict"
        if produces:
            self.chosen = negotiation.choose(
                self.accept, produces, settings.abiquo_format, settings.abiquo_version, strict=strict
            )
        if self.environ["gatepost.too_large"]:
            raise ApiError(413, "400-BAD-REQUEST", f"The request body is larger than {BODY_LIMIT} bytes")

    def read(self, kinds: tuple[str, ...], root: str) -> None:
        """Parse the body. Raises ApiError (400, 415)."""
        settings = self.dialect.settings
        strict = settings.abiquo_version_check == "strict"
        format = negotiation.body_format(self.content_type, kinds, settings.abiquo_format, strict=strict)
        self.body = body.read(self.content, format, root)


Handler = Callable[..., Reply]


def route(
    method: str,
    rule: str,
    *privileges: str,
    produces: tuple[str, ...] = (),
    consumes: tuple[str, ...] = (),
    root: str = "",
    login: bool = True,
    locked: bool = True,
) -> Callable[[Handler], Handler]:
    """Serve `method rule` by a function that takes a Call and the rule's parameters, under the world's lock.

    Who calls needs any one of the `privileges`. A body is read, before, where the route `consumes` one; `root` is its
    element in XML. A handler that is not `locked` takes the lock itself.
    """

    def register(handler: Handler) -> Handler:
        def view(**parameters: str) -> Response:
            call = Call(request.environ)
            try:
                if login:
                    call.authenticate()
                    call.require(privileges)
                call.negotiate(produces)
                if consumes:
                    call.read(consumes, root)
                with call.world.lock if locked else contextlib.nullcontext():
                    reply = handler(call, **parameters)
                return _answer(call, reply, produces)
            except ApiError as error:
                return refuse(call, error)
            except CloudError as error:
                return refuse(call, from_cloud(error))

        blueprint.add_url_rule(
            ROOT + rule,
            endpoint=f"{method} {rule}".replace(".", "_"),
            view_func=view,
            methods=[method],
            provide_automatic_options=False,
        )
        return handler

    return register


def refuse(call: Call, error: ApiError) -> Response:
    """The answer to a request that failed."""
    item = Document("error", {"code": error.code, "message": error.message})
    return _respond(
        call, error.status, _written(call, Collection("errors", [item])), _type(call, "error"), error.headers
    )


def internal_error(call: Call) -> Response:
    """The answer to a bug of ours; the traceback goes to the log, never to the wire."""
    log.exception("a request failed")
    return refuse(call, ApiError(500, "500-INTERNAL-SERVER-ERROR", "This is a bug in Gatepost; its log tells more"))


def unauthorized(problem: str = "") -> ApiError:
    more = f": {problem}" if problem else ""
    return ApiError(401, "401-UNAUTHORIZED", f"This request requires HTTP authentication{more}", _CHALLENGE)


def no_route(call: Call, status: int, allow: Mapping[str, str]) -> Response:
    """What no route of ours serves."""
    if status == 405:
        return refuse(call, ApiError(405, "405-METHOD-NOT-ALLOWED", "The resource does not support the method", allow))
    if status != 404:
        return refuse(call, bad_request("The request cannot be understood"))
    if call.dialect.settings.abiquo_unknown_path == "403":
        return refuse(call, ApiError(403, "403-FORBIDDEN", "Access to the URL is denied"))
    return refuse(call, ApiError(404, "404-NOT-FOUND", "The requested resource does not exist"))


def _answer(call: Call, reply: Reply, produces: tuple[str, ...]) -> Response:
    if reply.text is not None:
        return _respond(call, reply.status, reply.text.encode("utf-8", "replace"), reply.media_type, reply.headers)
    if reply.document is None:
        return _respond(call, reply.status, b"", "", reply.headers)
    kind = reply.kind or call.chosen.kind or (produces[0] if produces else "")
    return _respond(call, reply.status, _written(call, reply.document), _type(call, kind), reply.headers)


def _written(call: Call, document: Document | Collection) -> bytes:
    return Writer(call.chosen.format, call.dialect.api_url + "/").write(document)


def _type(call: Call, kind: str) -> str:
    return f"{VENDOR}{kind}+{call.chosen.format}; version={call.chosen.version}"


def _respond(call: Call, status: int, content: bytes, media_type: str, headers: Mapping[str, str]) -> Response:
    out = list(headers.items())
    if media_type:
        out.append(("Content-Type", media_type))
    if call.session is not None:
        out += call.session.headers(call.dialect.path, call.dialect.settings.abiquo_session)
    if status != 204:
        out.append(("Content-Length", str(len(content))))
    return _Complete(content, status, out)


class _Complete(Response):
    """A response whose headers are complete: Werkzeug need not copy and correct them."""

    default_mimetype = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response(self.status, self.headers.to_wsgi_list())
        return self.response  # type: ignore[return-value]  # made of bytes, so it is a list of bytes
