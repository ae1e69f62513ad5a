"""The three steps of OAuth 1.0a (reference, section 1.2)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from gatepost.abiquo.errors import ApiError, bad_query
from gatepost.abiquo.http import Call, Reply, route, unauthorized
from gatepost.abiquo.oauth import OAuthRefused, Signed

_FORM = "application/x-www-form-urlencoded"


@route("POST", "/oauth/request_token", login=False)
def request_token(call: Call) -> Reply:
    return _signed(call, call.state.oauth.request_token)


@route("POST", "/oauth/access_token", login=False)
def access_token(call: Call) -> Reply:
    return _signed(call, call.state.oauth.access_token)


@route("GET", "/oauth/authorize")
def authorize(call: Call) -> Reply:
    """The user's login is his consent. Clients take what follows `oauth_verifier=` up to the end."""
    if call.session is None:
        raise ApiError(403, "403-FORBIDDEN", "An application cannot authorize another one")
    try:
        token = call.state.oauth.authorize(call.query("oauth_token") or "", call.caller)
    except OAuthRefused as refused:
        raise bad_query("oauth_token", str(refused)) from None
    to = call.href("oauth/authorize") if token.callback == "oob" else token.callback
    found = urlencode({"oauth_token": token.token, "oauth_verifier": token.verifier})
    return Reply(302, headers={"Location": f"{to}{'&' if '?' in to else '?'}{found}"})


def _signed(call: Call, step: Callable[[Signed], str]) -> Reply:
    problem = ""
    for signed in call.signed():
        try:
            return Reply(200, text=step(signed), media_type=_FORM)
        except OAuthRefused as refused:
            problem = str(refused)
    raise unauthorized(problem)
