"""The Flask application: the blueprints of all dialects, and what happens where no route matches."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import NullSession, SessionInterface
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, MapAdapter

from gatepost.abiquo import http as abiquo
from gatepost.abiquo import routes as abiquo_routes
from gatepost.control import routes as control
from gatepost.vcloud import http as vcloud
from gatepost.vcloud import routes as vcloud_routes
from gatepost.vcloud.errors import ApiError

__all__ = ["abiquo_routes", "create_app", "vcloud_routes"]


class _App(Flask):
    """Flask without what no route here uses, which would cost a tenth of every request."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Routes do not depend on the host, so it is not looked at; hrefs begin with the configured public URL."""
        if request is None:
            return super().create_url_adapter(request)
        return MapAdapter(self.url_map, "localhost", "/", "", "http", request.path, request.method)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """All views are plain functions; Flask would inspect them at each call."""
        return func


class _Id(BaseConverter):
    """What stands for `<id>` in a rule: no word that other rules have in its place, or their wrong methods were its."""

    part_isolating = True
    regex = r"(?!(?:authorizationcheck|localizationbundles|query)$)[^/]+"


class _NoSession(SessionInterface):
    """Flask's own sessions are not in use: the dialects have theirs."""

    def open_session(self, app: Flask, request: Request) -> None:
        return None

    def make_null_session(self, app: Flask) -> NullSession:
        return _NULL_SESSION


_NULL_SESSION = NullSession()


@cache
def create_app() -> Flask:
    """The one application of this process; which world a request is for stands in its WSGI environ."""
    app = _App("gatepost", static_folder=None)
    app.session_interface = _NoSession()
    app.url_map.converters["default"] = _Id
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.register_blueprint(vcloud.blueprint)
    app.register_blueprint(abiquo.blueprint)
    app.register_blueprint(control.blueprint)
    app.register_error_handler(HTTPException, _no_route)
    app.register_error_handler(Exception, _failed)
    return app


def _no_route(error: HTTPException) -> Response:
    status = error.code or 500
    allow = dict(error.get_headers(request.environ)).get("Allow")
    headers = {"Allow": allow} if allow else {}
    if _is_abiquo():
        return abiquo.no_route(abiquo.Call(request.environ), status, headers)
    if not _is_vcloud():
        return control.refuse(status, f"There is no {request.method} {request.path}.", headers)
    theirs = vcloud.unrouted(request.environ)
    if theirs is not None:
        return theirs
    call = vcloud.Call(request.environ)
    try:
        call.negotiate()
    except ApiError as refused:
        if refused.status != 406:
            return vcloud.refuse(call, refused)
    minor = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(status, "BAD_REQUEST")
    texts = {404: "The URL is not part of the API.", 405: "The resource does not support this method."}
    message = texts.get(status, "The request cannot be understood.")
    return vcloud.refuse(call, ApiError(status, minor, message, headers))


def _failed(error: Exception) -> Response:
    if _is_vcloud():
        return vcloud.internal_error(vcloud.Call(request.environ))
    if _is_abiquo():
        return abiquo.internal_error(abiquo.Call(request.environ))
    return control.internal_error()


def _is_abiquo() -> bool:
    return request.path.startswith("/abiquo/")


def _is_vcloud() -> bool:
    return request.path.startswith(("/api", "/cloudapi", "/transfer"))
