"""The Task element and the list of an organization's tasks (reference, sections 4.1, 4.2 and 4.5)."""

from __future__ import annotations

from gatepost.core.clock import iso
from gatepost.core.entities import Entity
from gatepost.core.inventory import Organization
from gatepost.core.tasks import Task
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import (
    KIND_WORDS,
    OPERATION_WORDS,
    SERVICE_NAMESPACE,
    USER_VIEW,
    V,
    admin_type,
    vcloud_type,
)
from gatepost.vcloud.represent.links import link, reference
from gatepost.vcloud.xmlio import Element, parse, root, sub

TASK_TYPE = vcloud_type("task")


def task(call: Call, task: Task) -> Element:
    element = root(V + "Task", USER_VIEW, **_attributes(call, task))
    _fill(call, element, task)
    return element


def tasks_of(call: Call, parent: Element, entity: Entity, created_by: Task | None = None) -> None:
    """The `Tasks` of an object: the running one that is about it, and those that failed since the last."""
    running = (entity.busy,) if entity.busy is not None and entity.busy.owner.id == entity.id else ()
    listed = (*entity.failed_tasks, *running) if created_by is None else (created_by,)
    if listed:
        tasks = sub(parent, V + "Tasks")
        for one in listed:
            _fill(call, sub(tasks, V + "Task", **_attributes(call, one)), one)


def add_task(call: Call, parent: Element, task: Task) -> None:
    _fill(call, sub(parent, V + "Task", **_attributes(call, task)), task)


def tasks_list(call: Call, org: Organization) -> Element:
    return root(
        V + "TasksList",
        USER_VIEW,
        name="Tasks Lists",
        type=vcloud_type("tasksList"),
        href=call.href(f"/api/tasksList/{org.id}"),
    )


def _attributes(call: Call, task: Task) -> dict[str, str | None]:
    return {
        "status": task.status.value,
        "startTime": iso(task.started_at),
        "serviceNamespace": service_of(task) if call.traits.task_service else None,
        "operationName": task.operation,
        "operation": _operation_text(task),
        "expiryTime": iso(task.expires_at),
        "endTime": None if task.ended_at is None else iso(task.ended_at),
        "cancelRequested": ("true" if task.cancel_requested else "false") if call.traits.task_service else None,
        "name": "task",
        "id": f"urn:vcloud:task:{task.id}",
        "type": TASK_TYPE,
        "href": call.entity_href("task", task.id),
    }


def _fill(call: Call, element: Element, task: Task) -> None:
    href = call.entity_href("task", task.id)
    if call.world.may_cancel(task, call.user):
        link(element, "task:cancel", href + "/action/cancel")
    hold = task.hold
    if hold is not None and hold.active and call.user.is_sysadmin:
        link(element, "down", call.entity_href("blockingTask", hold.id), admin_type("blockingTask"))
    report = task.report
    if report is not None and report.owner is not None:
        sub(element, V + "Owner", **{name: text or None for name, text in report.owner._asdict().items()})
    else:
        reference(call, element, V + "Owner", task.owner)
    if task.error is not None:
        sub(
            element,
            V + "Error",
            minorErrorCode=task.error.minor_code,
            message=task.error.message,
            majorErrorCode=task.error.major_code,
        )
    reference(call, element, V + "User", task.user.ref)
    reference(call, element, V + "Organization", task.user.org.ref)
    sub(element, V + "Progress", str(task.progress))
    if report is not None and report.params:
        element.append(parse(report.params))
    if call.traits.task_service:
        sub(element, V + "Details", task.details)
    if report is not None and report.result and call.traits.task_result:
        element.append(parse(report.result))


def service_of(task: Task) -> str:
    return SERVICE_NAMESPACE if task.report is None else task.report.service


def _operation_text(task: Task) -> str:
    if task.report is not None and task.report.text:
        return task.report.text
    words = OPERATION_WORDS["jobCustom" if task.report is not None else task.operation]
    verb = words.finished if task.status.ended else words.running
    name = task.owner.name if words.with_name else ""
    return f"{verb} {KIND_WORDS[task.owner.kind]} {name}({task.owner.id})"
