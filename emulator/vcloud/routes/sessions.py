"""Versions, both logins, the session (reference, section 1)."""

from __future__ import annotations

import json

from gatepost.core.inventory import User
from gatepost.vcloud import sessions as tokens
from gatepost.vcloud.errors import ApiError, denied
from gatepost.vcloud.http import TOKEN_HEADER, Call, Reply, Who, route
from gatepost.vcloud.names import vcloud_type
from gatepost.vcloud.represent import orgs
from gatepost.vcloud.represent import session as represent
from gatepost.vcloud.routes.browse import visible_orgs

SESSION_TYPE = vcloud_type("session")


class LoginRejected(ApiError):
    """A wrong user or password: 401 with an empty body, as every version answers."""

    def __init__(self) -> None:
        super().__init__(401, "UNAUTHORIZED", "")


@route("GET", "/api/versions", Who.ANYBODY, negotiated=False)
def versions(call: Call) -> Reply:
    headers = {"Content-Type": call.dialect.settings.versions_content_type}
    return Reply(200, represent.versions(call), headers=headers)


@route("POST", "/api/sessions", Who.ANYBODY)
def log_in(call: Call) -> Reply:
    user, headers = _open(call, jwt=call.traits.cloudapi)
    return Reply(200, represent.session(call, user), SESSION_TYPE, headers)


@route("GET", "/api/login", Who.ANYBODY)
@route("POST", "/api/login", Who.ANYBODY)
def log_in_old(call: Call) -> Reply:
    """The form of 0.9 and 1.0, which answers with the organizations."""
    _, headers = _open(call, jwt=False)
    with call.world.lock:
        return Reply(200, orgs.org_list(call, visible_orgs(call)), vcloud_type("orgList"), headers)


@route("GET", "/api/session")
def current(call: Call) -> Reply:
    return Reply(200, represent.session(call, call.user), SESSION_TYPE)


@route("DELETE", "/api/session")
@route("DELETE", "/api/sessions")
def log_out(call: Call) -> Reply:
    with call.world.lock:
        if call.session is not None:
            call.dialect.sessions.close(call.session)
    return Reply(204)


@route("POST", "/cloudapi/1.0.0/sessions", Who.ANYBODY)
def log_in_tenant(call: Call) -> Reply:
    return _modern(call, provider=False)


@route("POST", "/cloudapi/1.0.0/sessions/provider", Who.ANYBODY)
def log_in_provider(call: Call) -> Reply:
    return _modern(call, provider=True)


def _modern(call: Call, *, provider: bool) -> Reply:
    if not call.traits.cloudapi:
        raise ApiError(406, "NOT_ACCEPTABLE", "The cloudapi needs API version 30.0 or later.")
    user, headers = _open(call, jwt=True, provider=provider)
    headers["Content-Type"] = f"application/json;version={call.traits.version}"
    body = {
        "id": f"urn:vcloud:session:{call.request_id}",
        "site": {"name": represent.LOCATION, "id": None},
        "user": {"name": user.name, "id": f"urn:vcloud:user:{user.id}"},
        "org": {"name": user.org.name, "id": f"urn:vcloud:org:{user.org.id}"},
        "operatingOrg": {"name": user.org.name, "id": f"urn:vcloud:org:{user.org.id}"},
        "location": represent.LOCATION,
        "roles": [user.role.value],
        "roleRefs": [{"name": user.role.value, "id": f"urn:vcloud:role:{call.world.inventory.roles[user.role]}"}],
        "sessionIdleTimeoutMinutes": round(call.dialect.settings.session_idle / 60),
    }
    return Reply(200, None, headers=headers, body=json.dumps(body).encode())


def _open(call: Call, *, jwt: bool, provider: bool | None = None) -> tuple[User, dict[str, str]]:
    with call.world.lock:
        user = tokens.log_in(call.world, call.header("AUTHORIZATION") or "")
        if user is None:
            raise LoginRejected
        if provider is not None and provider is not user.org.is_system:
            raise denied()
        session = call.dialect.sessions.open(user, jwt=jwt)
        call.world.emit("session/login", user.ref, user.org, user)
    call.entry.user = f"{user.name}@{user.org.name}"
    headers = {
        TOKEN_HEADER: session.token,
        "Set-Cookie": f"vcloud-token={session.token}; Secure; Path=/",
    }
    if jwt:
        headers["X-VMWARE-VCLOUD-ACCESS-TOKEN"] = session.token
        headers["X-VMWARE-VCLOUD-TOKEN-TYPE"] = "Bearer"
    return user, headers
