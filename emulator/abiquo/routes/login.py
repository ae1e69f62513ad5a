"""Login, logout and version (reference, section 1.3)."""

from __future__ import annotations

from gatepost.abiquo.http import Call, Reply, route
from gatepost.abiquo.negotiation import parse
from gatepost.abiquo.represent.people import user

_PICTURE = """\
   _   _    _
  /_\\ | |__(_)__ _ _  _ ___
 / _ \\| '_ \\ / _` | || / _ \\
/_/ \\_\\_.__/_\\__, |\\_,_\\___/
                |_|   {version}
"""


@route("GET", "/login", produces=("user", "login"))
def login(call: Call) -> Reply:
    with_privileges = "privileges" in (call.query("expand") or "").split(",")
    return Reply(200, user(call.view, call.caller.user, privileges=with_privileges))


@route("POST", "/logout")
def logout(call: Call) -> Reply:
    if call.session is not None:
        call.state.sessions.close(call.session)
        call.session = None
    return Reply(204)


@route("GET", "/version", login=False, locked=False)
def version(call: Call) -> Reply:
    """Plain text for who asks for it; a picture for everybody else, as the real server has it."""
    number = f"{call.dialect.settings.abiquo_version}.0"
    asked = any(one.essence == "text/plain" for one in parse(call.accept))
    return Reply(200, text=number if asked else _PICTURE.format(version=number))
