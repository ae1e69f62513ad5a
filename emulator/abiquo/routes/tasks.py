"""Tasks, what a connector does with them, and the lists of those that wait (reference, sections 4.1 and 6)."""

from __future__ import annotations

from gatepost.abiquo import paths, review
from gatepost.abiquo.document import Collection, Link
from gatepost.abiquo.errors import denied, wrong_state
from gatepost.abiquo.http import Call, Reply, route
from gatepost.abiquo.inventory import Enterprise, User
from gatepost.abiquo.negotiation import parse
from gatepost.abiquo.privileges import TASK_READERS
from gatepost.abiquo.represent import tasks as represent
from gatepost.abiquo.represent.tasks import Shown
from gatepost.abiquo.routes import find
from gatepost.abiquo.routes.machines import MACHINE
from gatepost.abiquo.routes.paging import LIMIT
from gatepost.core.holds import Decision
from gatepost.core.text import is_text

TASK = MACHINE + "/tasks/<task>"
_TEXTS = frozenset({"text/plain", "text/xml"})
MOST_CHARACTERS = 4_096
"""Of a message that is kept with a task; more is cut off."""


@route("GET", MACHINE + "/tasks", *TASK_READERS, produces=("tasks",))
def machine_tasks(call: Call, vdc: str, appliance: str, machine: str) -> Reply:
    return Reply(200, represent.tasks_of(call.view, find.machine(call, vdc, appliance, machine)))


@route("GET", TASK, *TASK_READERS, produces=("task", "taskextended"))
def get_task(call: Call, vdc: str, appliance: str, machine: str, task: str) -> Reply:
    return Reply(200, represent.task(call.view, find.task(call, vdc, appliance, machine, task)))


@route("POST", TASK + "/action/continue")
def continue_task(call: Call, vdc: str, appliance: str, machine: str, task: str) -> Reply:
    return _decide(call, (vdc, appliance, machine, task), Decision.RESUME)


@route("POST", TASK + "/action/cancel")
def cancel_task(call: Call, vdc: str, appliance: str, machine: str, task: str) -> Reply:
    return _decide(call, (vdc, appliance, machine, task), Decision.ABORT)


def _decide(call: Call, path: tuple[str, str, str, str], decision: Decision) -> Reply:
    """A task that is not there is an event too: its connector may have come too late."""
    machine = find.machine(call, *path[:3])
    if path[3] not in machine.tasks:
        call.state.events.tell(
            "TASK",
            "FIND",
            name=machine.name,
            path=paths.machine(machine),
            kind="virtualmachine",
            enterprise=machine.org,
            user=call.caller.user,
            message=f"A task of virtual machine '{machine.label}' was not found",
            error=("TASK-1", "The requested task does not exist"),
        )
    review.decide(call.state, find.task(call, *path), decision, _word(call), call.caller)
    return Reply(204)


@route("POST", TASK + "/action/ack")
def acknowledge(call: Call, vdc: str, appliance: str, machine: str, task: str) -> Reply:
    record = find.task(call, vdc, appliance, machine, task)
    call.require(TASK_READERS)
    if record.state != "FINISHED_UNSUCCESSFULLY":
        raise wrong_state()
    record.acknowledged, record.updated = True, call.world.now()
    return Reply(204)


def of_enterprise(call: Call, enterprise: str) -> Reply:
    with call.world.lock:
        one = call.inventory.enterprise(enterprise)
        if not call.caller.overrides(one):
            raise denied()
    return _pending(call, one, paths.enterprise(one), Shown.ENTERPRISE_LIST)


def of_user(call: Call, enterprise: str, user: str) -> Reply:
    with call.world.lock:
        of = None if enterprise == "_" else call.inventory.enterprise(enterprise)
        one = call.inventory.user_in(of, user)
        if one is not call.caller.user and not call.caller.overrides(one.enterprise):
            raise denied()
    return _pending(call, one, paths.user(one), Shown.USER_LIST)


_ENTERPRISE = "/admin/enterprises/<enterprise>"
for _spelling in ("pendingtasks", "pendingTasks"):  # the manual spells it in several ways
    route("GET", f"{_ENTERPRISE}/action/{_spelling}", produces=("tasks",), locked=False)(of_enterprise)
    for _users in ("users", "user"):
        route("GET", f"{_ENTERPRISE}/{_users}/<user>/action/{_spelling}", produces=("tasks",), locked=False)(of_user)


def _pending(call: Call, of: Enterprise | User, parent: str, shown: Shown) -> Reply:
    """What waits, newest first. Its links repeat no query."""
    start, limit = call.number("startwith", 0), call.number("limit", LIMIT) or None
    has, queue, view = (call.query("has") or "").lower(), call.state.queue, call.view
    with call.world.lock:
        total = queue.count(of)
        records = list(queue.newest(of, 0, None) if has else queue.newest(of, start, limit))
    if has:
        records = [record for record in records if has in record.user.nick.lower()]
        total, records = len(records), records[start : None if limit is None else start + limit]
    items = []
    for record in records:
        with call.world.lock:
            items.append(represent.task(view, record, shown))
    links = [] if has and not total else [Link("self", f"{parent}/action/pendingtasks"), Link("parent", parent)]
    return Reply(200, Collection("tasks", items, links, total))


def _word(call: Call) -> str:
    """The message of a body that is text; any other body is ignored."""
    if parse(call.content_type)[0].essence not in _TEXTS:
        return ""
    text = call.content.decode("utf-8", "replace")[:MOST_CHARACTERS]
    return text if is_text(text) else "".join(character for character in text if is_text(character))
