"""Enterprises, their users, and the users' applications (reference, sections 1.2, 3.2 and 3.3)."""

from __future__ import annotations

from gatepost.abiquo import paths
from gatepost.abiquo.body import Body
from gatepost.abiquo.document import Collection, Link
from gatepost.abiquo.errors import ApiError, denied, invalid, missing
from gatepost.abiquo.http import Call, Reply, route
from gatepost.abiquo.inventory import Application, Enterprise, Role, User
from gatepost.abiquo.represent import people as represent
from gatepost.abiquo.routes import find
from gatepost.abiquo.routes.paging import Keys, page

READERS = (
    *("USERS_VIEW", "USERS_MANAGE_ENTERPRISE", "USERS_MANAGE_OTHER_ENTERPRISES", "ENTERPRISE_ENUMERATE"),
    "ENTERPRISE_ADMINISTER_ALL",
)
_USER_KEYS: Keys = {
    "name": lambda user: f"{user.name_} {user.surname} {user.nick}".lower(),
    "nick": lambda user: user.nick.lower(),
    "surname": lambda user: user.surname.lower(),
    "email": lambda user: user.email.lower(),
    "id": lambda user: int(user.id),
}


@route("GET", "/admin/enterprises", *READERS, produces=("enterprises",), locked=False)
def enterprises(call: Call) -> Reply:
    def seen() -> list[Enterprise]:
        return [one for one in call.inventory.enterprises.values() if call.caller.sees(one)]

    return Reply(200, page(call, "enterprises", "admin/enterprises", seen, represent.enterprise))


@route("GET", "/admin/enterprises/<enterprise>", produces=("enterprise",))
def get_enterprise(call: Call, enterprise: str) -> Reply:
    return Reply(200, represent.enterprise(call.view, find.enterprise(call, enterprise)))


@route(
    "POST",
    "/admin/enterprises",
    "USERS_MANAGE_OTHER_ENTERPRISES",
    produces=("enterprise",),
    consumes=("enterprise",),
    root="enterprise",
)
def add_enterprise(call: Call) -> Reply:
    made = Enterprise(call.inventory.new_id(), "")
    _fill(call, made, call.body)
    call.inventory.enterprises[made.id] = made
    return Reply(201, represent.enterprise(call.view, made), headers={"Location": call.href(paths.enterprise(made))})


@route(
    "PUT",
    "/admin/enterprises/<enterprise>",
    "USERS_MANAGE_ENTERPRISE",
    produces=("enterprise",),
    consumes=("enterprise",),
    root="enterprise",
)
def put_enterprise(call: Call, enterprise: str) -> Reply:
    one = find.enterprise(call, enterprise)
    _fill(call, one, call.body)
    return Reply(200, represent.enterprise(call.view, one))


def _fill(call: Call, one: Enterprise, body: Body) -> None:
    """A full replacement, all of it or nothing. Raises ApiError."""
    name = body.required("name")
    if any(other.name == name and other is not one for other in call.inventory.enterprises.values()):
        raise ApiError(409, "409-CONFLICT", f"There is an enterprise '{name}' already")
    workflow = body.boolean("workflow")
    restricted, two_factor = body.boolean("isReservationRestricted"), body.boolean("twoFactorAuthenticationMandatory")
    limits = {long: body.number(long if long in body else short, 0) for long, short in represent.LIMITS.items()}
    was, one.name, one.workflow = one.workflow, name, workflow
    one.restricted_reservation, one.two_factor, one.limits = restricted, two_factor, limits
    if workflow != was:
        call.state.events.tell(
            "ENTERPRISE",
            "ENABLE_WORKFLOW" if workflow else "DISABLE_WORKFLOW",
            name=name,
            path=paths.enterprise(one),
            kind="enterprise",
            enterprise=one,
            user=call.caller.user,
            message=f"Workflow {'enabled' if workflow else 'disabled'} for enterprise '{name}'",
        )


@route(
    "GET",
    "/admin/enterprises/<enterprise>/users",
    produces=("users", "userswithroles", "links"),
    locked=False,
)
def users(call: Call, enterprise: str) -> Reply:
    """A 2013 connector sends `*/*`, parses XML, and depends on the nested roles."""
    for name in ("connected", "activated"):
        if call.query(name) not in (None, "", "true", "false"):
            raise invalid(name, "true or false is expected")

    def seen() -> list[User]:
        of = None if enterprise == "_" else find.enterprise(call, enterprise)
        every = call.inventory.users.values() if of is None else of.users.values()
        may_view = call.caller.may("USERS_VIEW", "USERS_MANAGE_USERS")
        visible = [
            one
            for one in every
            if one is call.caller.user or (may_view and (call.caller.sees(one.enterprise) or of is not None))
        ]
        active = call.query("activated")
        return [one for one in visible if not active or one.active is (active == "true")]

    path, kind = f"admin/enterprises/{enterprise}/users", call.chosen.kind
    if kind == "users" and call.view.xml and not _names_users(call):
        kind = "userswithroles"
    if kind == "links":
        with call.world.lock:
            links = [Link("user", paths.user(one), "user", one.nick) for one in seen()]
        return Reply(200, Collection("links", [], links), "links")
    filters = ("connected", "activated")
    if kind == "userswithroles":
        found = page(call, "usersWithRoles", path, seen, represent.user_with_role, _USER_KEYS, filters=filters)
        return Reply(200, found, "userswithroles")
    return Reply(200, page(call, "users", path, seen, represent.user, _USER_KEYS, filters=filters))


def _names_users(call: Call) -> bool:
    return "vnd.abiquo.users" in call.accept.lower()


@route("GET", "/admin/enterprises/<enterprise>/users/<user>", produces=("user",))
def get_user(call: Call, enterprise: str, user: str) -> Reply:
    one = find.user(call, enterprise, user)
    if one is not call.caller.user and not call.caller.may("USERS_VIEW", "USERS_MANAGE_USERS"):
        raise denied()
    return Reply(200, represent.user(call.view, one))


@route(
    "POST",
    "/admin/enterprises/<enterprise>/users",
    "USERS_MANAGE_USERS",
    produces=("user",),
    consumes=("user",),
    root="user",
)
def add_user(call: Call, enterprise: str) -> Reply:
    body, of = call.body, find.enterprise(call, enterprise)
    role = find.role_of(call, body)
    if role is None:
        raise missing("links: role")
    _require_right_to_give(call, role)
    made = User(call.inventory.new_id(), "", body.required("password"), of, role)
    _fill_user(call, made, body)
    call.inventory.add_user(made)
    return Reply(201, represent.user(call.view, made), headers={"Location": call.href(paths.user(made))})


@route("PUT", "/admin/enterprises/<enterprise>/users/<user>", produces=("user",), consumes=("user",), root="user")
def put_user(call: Call, enterprise: str, user: str) -> Reply:
    body, one = call.body, find.user(call, enterprise, user)
    manages = call.caller.may("USERS_MANAGE_USERS")
    if one is not call.caller.user and not manages:
        raise denied()
    role = find.role_of(call, body)
    if role is not None and role is not one.role:
        _require_right_to_give(call, role)
    password = body.required("password") if "password" in body else one.password
    old = one.nick
    _fill_user(call, one, body)
    one.role, one.password = role or one.role, password
    if one.nick != old:
        del call.inventory.nicks[old]
        call.inventory.nicks[one.nick] = one
    return Reply(200, represent.user(call.view, one))


@route("DELETE", "/admin/enterprises/<enterprise>/users/<user>", "USERS_MANAGE_USERS")
def delete_user(call: Call, enterprise: str, user: str) -> Reply:
    one = find.user(call, enterprise, user)
    if one is call.caller.user:
        raise ApiError(409, "409-CONFLICT", "Users cannot delete themselves")
    for application in one.applications.values():
        call.state.oauth.forget(application)
    call.state.sessions.close_of(one)
    call.inventory.remove_user(one)
    return Reply(204)


def _require_right_to_give(call: Call, role: Role) -> None:
    """Who may not manage roles gives nobody more than the own privileges. Raises ApiError (403)."""
    caller = call.caller
    if not caller.may("USERS_MANAGE_ROLES") and not (
        caller.may("USERS_MANAGE_USERS") and role.privileges <= caller.privileges
    ):
        raise denied()


def _fill_user(call: Call, one: User, body: Body) -> None:
    """All of it or nothing. Raises ApiError."""
    nick = body.required("nick", 128)
    taken = call.inventory.nicks.get(nick)
    if ":" in nick:
        raise invalid("nick", "a colon cannot stand in it, since logins end there")
    if taken is not None and taken is not one:
        raise ApiError(409, "409-CONFLICT", f"There is a user '{nick}' already")
    texts = [body.text(name) for name in ("name", "surname", "email", "description")]
    locale = body.text("locale", one.locale)
    active, locked = body.boolean("active", one.active), body.boolean("locked", one.locked)
    one.nick, one.locale, one.active, one.locked = nick, locale, active, locked
    one.name_, one.surname, one.email, one.description = texts


@route("GET", "/admin/enterprises/<enterprise>/users/<user>/applications", produces=("applications",))
def applications(call: Call, enterprise: str, user: str) -> Reply:
    one = _own(call, enterprise, user)
    items = [represent.application(call.view, each) for each in one.applications.values()]
    return Reply(200, Collection("applications", items, [Link("self", f"{paths.user(one)}/applications")]))


@route(
    "POST",
    "/admin/enterprises/<enterprise>/users/<user>/applications",
    produces=("application",),
    consumes=("application",),
    root="application",
)
def add_application(call: Call, enterprise: str, user: str) -> Reply:
    one = _own(call, enterprise, user)
    if len(one.applications) >= _MOST_APPLICATIONS:
        raise ApiError(409, "409-CONFLICT", f"A user has at most {_MOST_APPLICATIONS} applications")
    name, description = call.body.required("name"), call.body.text("description")
    allowed = find.privileges_of(call, call.body)
    made = call.state.oauth.register(one, name, description, allowed)
    return Reply(201, represent.application(call.view, made), headers={"Location": call.href(paths.application(made))})


@route("GET", "/admin/enterprises/<enterprise>/users/<user>/applications/<id>", produces=("application",))
def application(call: Call, enterprise: str, user: str, id: str) -> Reply:
    return Reply(200, represent.application(call.view, _application(call, enterprise, user, id)))


@route("DELETE", "/admin/enterprises/<enterprise>/users/<user>/applications/<id>")
def delete_application(call: Call, enterprise: str, user: str, id: str) -> Reply:
    one = _application(call, enterprise, user, id)
    call.state.oauth.forget(one)
    del one.user.applications[one.id], call.inventory.applications[one.key]
    return Reply(204)


_MOST_APPLICATIONS = 100


def _application(call: Call, enterprise: str, user: str, id: str) -> Application:
    found = _own(call, enterprise, user).applications.get(id)
    if found is None:
        raise ApiError(404, "404-NOT-FOUND", "The requested application does not exist")
    return found


def _own(call: Call, enterprise: str, user: str) -> User:
    """Applications are their user's own affair."""
    one = find.user(call, enterprise, user)
    if one is not call.caller.user:
        raise denied()
    return one
