"""What injected faults look like in this dialect: who asks, sessions that end, refusals of its own form."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Response

from gatepost.core.events import EntityRef
from gatepost.vcloud.errors import ApiError, no_access
from gatepost.vcloud.http import Call, refuse

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_MINOR = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "ACCESS_TO_RESOURCE_IS_FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    409: "CONFLICT",
    415: "UNSUPPORTED_MEDIA_TYPE",
}
_OUTAGES = {
    500: "Unable to perform this action. Contact your cloud administrator.",
    501: "The server does not support this.",
    503: "The server is temporarily unable to service the request.",
    504: "The request timed out.",
}


def user_of(environ: WSGIEnvironment) -> str | None:
    """Who asks, as the session says."""
    call = _call(environ)
    try:
        call.authenticate()
    except ApiError:
        return None
    return call.entry.user


def end_session(environ: WSGIEnvironment) -> None:
    """From now on the request's token is that of an expired session."""
    call = _call(environ)
    try:
        call.authenticate()
    except ApiError:
        return
    if call.session is not None:
        with call.world.lock:
            call.dialect.sessions.close(call.session)


def refusal(environ: WSGIEnvironment, status: int, headers: Mapping[str, str], about: EntityRef | None) -> Response:
    """The Error of this status (reference, section 0.7). An absent object is a 403; the 5.1 guide has a 404 for it."""
    call = _call(environ)
    if about is not None:
        error = no_access(about.kind, about.id)
        error.status, error.minor = status, _MINOR[status]
    else:
        minor = _MINOR.get(status, "INTERNAL_SERVER_ERROR" if status >= 500 else "BAD_REQUEST")
        error = ApiError(status, minor, _OUTAGES.get(status, "The request was refused."), dict(headers))
    return refuse(call, error)


def _call(environ: dict[str, Any]) -> Call:
    """The request as the dialect's own handlers see it, in the newest version where it asks for none."""
    call = Call(environ)
    with contextlib.suppress(ApiError):
        call.negotiate()
    return call
