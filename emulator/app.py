"""The Flask application: the blueprints of all dialects, and what happens where no route matches."""

from __future__ import annotations

from functools import cache

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from gatepost.control import routes as control
from gatepost.vcloud import http as vcloud
from gatepost.vcloud import routes as vcloud_routes
from gatepost.vcloud.errors import ApiError

__all__ = ["create_app", "vcloud_routes"]


@cache
def create_app() -> Flask:
    """The one application of this process; which world a request is for stands in its WSGI environ."""
    app = Flask("gatepost", static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.register_blueprint(vcloud.blueprint)
    app.register_blueprint(control.blueprint)
    app.register_error_handler(HTTPException, _no_route)
    app.register_error_handler(Exception, _failed)
    return app


def _no_route(error: HTTPException) -> Response:
    status = error.code or 500
    allow = dict(error.get_headers(request.environ)).get("Allow")
    headers = {"Allow": allow} if allow else {}
    if not _is_vcloud():
        return control.refuse(status, f"There is no {request.method} {request.path}.", headers)
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
    return control.internal_error()


def _is_vcloud() -> bool:
    return request.path.startswith(("/api", "/cloudapi"))
