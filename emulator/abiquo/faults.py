"""What injected faults look like in this dialect: who asks, sessions that end, refusals of its own form."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response

from gatepost.abiquo.errors import ApiError
from gatepost.abiquo.http import Call, refuse, unauthorized
from gatepost.core.events import EntityRef

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def user_of(environ: WSGIEnvironment) -> str | None:
    """Who calls, by nick; None for a signed request, since a signature can be looked at only once."""
    if (environ.get("HTTP_AUTHORIZATION") or "").lower().startswith("oauth"):
        return None
    call = Call(environ)
    try:
        call.authenticate()
    except ApiError:
        return None
    return call.entry.user


def end_session(environ: WSGIEnvironment) -> None:
    """From now on the request's token is that of an expired session; who sends a password gets a new one."""
    if user_of(environ) is None:
        return
    call = Call(environ)
    call.authenticate()
    if call.session is not None:
        with call.world.lock:
            call.state.sessions.close(call.session)


def refusal(environ: WSGIEnvironment, status: int, headers: Mapping[str, str], about: EntityRef | None) -> Response:
    """The error document of this status (reference, section 1.5)."""
    if status == 401:
        error = unauthorized()
        return refuse(Call(environ), ApiError(401, error.code, error.message, {**error.headers, **headers}))
    try:
        name = HTTPStatus(status).phrase
    except ValueError:
        name = "Error"
    code = f"{status}-{name.upper().replace(' ', '-')}"
    message = name if about is None else f"The requested {about.kind} does not exist"
    return refuse(Call(environ), ApiError(status, code, message, headers))
