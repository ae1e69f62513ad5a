"""Blocking tasks: the list, one of them, the four actions (reference, sections 5.1 to 5.4)."""

from __future__ import annotations

from gatepost.core.errors import InvalidValue
from gatepost.core.holds import Decision
from gatepost.core.world import require_timeout
from gatepost.vcloud import xmlio
from gatepost.vcloud.http import Call, Reply, Who, route
from gatepost.vcloud.names import X, admin_type
from gatepost.vcloud.represent import blocking as represent
from gatepost.vcloud.routes import find

BASE = "/api/admin/extension/blockingTask"


@route("GET", represent.LIST_PATH, Who.SYSTEM)
def listed(call: Call) -> Reply:
    with call.world.lock:
        holds = call.world.holds.active()
        if call.dialect.settings.hold_listing == "recent":
            holds = [*call.world.holds.handled(), *holds]
    return Reply(200, represent.references(call, holds), admin_type("blockingTaskList"))


@route("GET", BASE + "/<id>", Who.SYSTEM)
def get(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, represent.blocking_task(call, find.hold(call, id)), represent.BLOCKING_TASK)


def _action_route(decision: Decision) -> None:
    @route("POST", f"{BASE}/<id>/action/{decision.value}", Who.SYSTEM)
    def act(call: Call, id: str) -> Reply:
        with call.world.lock:
            hold = find.hold(call, id)
        params = call.body(X + "BlockingTaskOperationParams")
        call.world.decide(hold, decision, xmlio.text_of(params, "Message") or "", call.user)
        return Reply(204)


for _decision in Decision:
    _action_route(_decision)


@route("POST", BASE + "/<id>/action/updateProgress", Who.SYSTEM)
def update_progress(call: Call, id: str) -> Reply:
    with call.world.lock:
        hold = find.hold(call, id)
    # One SDK sends the other root, with xsi:type.
    params = call.body(X + "BlockingTaskUpdateProgressParams", X + "BlockingTaskOperationParams")
    message, timeout = xmlio.text_of(params, "Message") or "", _timeout(params)
    with call.world.lock:
        call.world.extend(hold, message, timeout)
        return Reply(200, represent.blocking_task(call, hold), represent.BLOCKING_TASK)


def _timeout(params: xmlio.Element) -> float | None:
    """Seconds, of `TimeoutValueInMilliseconds`."""
    text = xmlio.text_of(params, "TimeoutValueInMilliseconds")
    if text is None:
        return None
    return timeout_of(text, "TimeoutValueInMilliseconds")


def timeout_of(text: str, field: str) -> float:
    """Seconds, of a text in milliseconds. Raises Malformed for what is no time-out."""
    seconds = xmlio.long(text, field) / 1000
    try:
        require_timeout(seconds)
    except InvalidValue as error:
        raise xmlio.invalid(field, str(error)) from None
    return seconds
