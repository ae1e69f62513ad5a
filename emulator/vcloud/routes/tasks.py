"""Tasks: read, listed, canceled (reference, section 4.1)."""

from __future__ import annotations

from gatepost.core.operations import Workflow
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.names import vcloud_type
from gatepost.vcloud.represent import tasks as represent
from gatepost.vcloud.routes import find


def accepted(call: Call, operation: str, workflow: Workflow) -> Reply:
    """Start an operation on an existing object: 202 with its Task. The caller holds the lock."""
    task = call.world.request(operation, call.user, workflow)
    call.concerns(task.id)
    headers = {"Location": call.entity_href("task", task.id)}
    return Reply(202, represent.task(call, task), represent.TASK_TYPE, headers)


@route("GET", "/api/task/<id>")
def get(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, represent.task(call, find.task(call, id)), represent.TASK_TYPE)


@route("POST", "/api/task/<id>/action/cancel")
def cancel(call: Call, id: str) -> Reply:
    with call.world.lock:
        call.world.cancel(find.task(call, id), call.user)
    return Reply(204)


@route("GET", "/api/tasksList/<id>")
def tasks_list(call: Call, id: str) -> Reply:
    with call.world.lock:
        org = find.org(call, id)
        tasks = call.world.tasks.of_org(org)
    element = represent.tasks_list(call, org)
    for task in tasks:
        # One short hold of the lock for each, so that a list of thousands stops nobody.
        with call.world.lock:
            represent.add_task(call, element, task)
    return Reply(200, element, vcloud_type("tasksList"))
