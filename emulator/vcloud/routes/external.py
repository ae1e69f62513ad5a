"""What extension services tell of their work: tasks in an organization's list, and events (reference, section 4.1)."""

from __future__ import annotations

from typing import NamedTuple

from lxml import etree

from gatepost.core import reported
from gatepost.core.errors import TaskEnded
from gatepost.core.reported import Report, Reported
from gatepost.core.tasks import Task, TaskError, TaskStatus
from gatepost.vcloud import references, xmlio
from gatepost.vcloud.errors import bad_request
from gatepost.vcloud.http import Call, Reply, Who, route
from gatepost.vcloud.names import SERVICE_NAMESPACE, USER_VIEW, V
from gatepost.vcloud.represent import tasks as represent
from gatepost.vcloud.routes import find
from gatepost.vcloud.xmlio import Element

OPERATION = "jobCustom"
"""The name of an operation that the service has not named."""

LONGEST_OPERATION = 64
"""Bytes: it ends routing keys, of which AMQP carries 255."""

LONGEST_NAME = 128
LONGEST_TEXT = 2_000
MOST_XML = 8_192
"""Bytes of Params, and of Result."""

MOST_PROPERTIES = 100

_STATUSES = {status.value for status in TaskStatus}
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


class Told(NamedTuple):
    """A Task element as a service sends it. What is None was not said."""

    status: TaskStatus
    operation: str | None
    text: str | None
    progress: int | None
    details: str | None
    error: TaskError | None
    params: bytes | None
    result: bytes | None


@route("POST", "/api/tasksList/<id>", Who.SYSTEM)
def create(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.org(call, id)
    body = call.body(V + "Task")
    service = _service(body)
    told = _read(body)
    with call.world.lock:
        org, user = find.org(call, id), references.user(call, body)
        owner, foreign = org.ref, None
        element = xmlio.child(body, "Owner")
        if element is not None:
            named = references.entity(call, element)
            if named is None:
                foreign = references.foreign(element, "Owner")
            owner = named or owner
        report = Report(service, owner=foreign, params=told.params or b"")
        task = reported.open_task(call.world, told.operation or OPERATION, owner, org, user, report=report)
        _apply(task, report, told)
        return _answer(call, task.task)


@route("PUT", "/api/task/<id>", Who.SYSTEM)
def update(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.task(call, id)
    told = _read(call.body(V + "Task"))
    with call.world.lock:
        task = find.task(call, id)
        if task.report is None:
            raise bad_request("Only the task of an extension service can be updated.")
        runner = task.runner
        if isinstance(runner, Reported):
            _apply(runner, task.report, told)
        elif told.status is not task.status:
            raise TaskEnded("The task has already ended.")
        return _answer(call, task)


@route("POST", "/api/admin/org/<id>/events", Who.SYSTEM)
def tell(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.org(call, id)
    body = call.body(V + "Event")
    service, type_ = _service(body), _attribute(body, "type", LONGEST_NAME, required=True) or ""
    if type_.startswith(SERVICE_NAMESPACE.replace(".", "/")):
        raise xmlio.invalid("type", "types that begin with com/vmware/vcloud are the cloud's own")
    success = xmlio.boolean(body.get("success"), "success", default=True)
    _attribute(body, "typeFull", LONGEST_TEXT)
    _check_properties(body)
    with call.world.lock:
        org, user = find.org(call, id), references.user(call, body)
        element = xmlio.child(body, "Owner")
        entity = references.entity(call, element) if element is not None else None
        call.world.emit(type_, entity or org.ref, org, user, success=success, service=service)
    return Reply(204)


def _answer(call: Call, task: Task) -> Reply:
    call.concerns(task.id)
    return Reply(200, represent.task(call, task), represent.TASK_TYPE)


def _apply(task: Reported, report: Report, told: Told) -> None:
    """Take over what is said, and then the status: whoever hears of that finds the rest. Raises CloudError."""
    task.require(told.status)
    if told.text is not None:
        report.text = told.text
    if told.progress is not None:
        task.task.progress = told.progress
    if told.details is not None:
        task.task.details = told.details
    if told.result is not None:
        report.result = told.result
    task.tell(told.status, told.error)


def _read(body: Element) -> Told:
    """Raises Malformed, naming the field."""
    status = body.get("status", "")
    if status not in _STATUSES:
        raise xmlio.invalid("status", f"one of {', '.join(TaskStatus)} is expected")
    operation = _attribute(body, "operationName", LONGEST_OPERATION)
    progress = xmlio.text_of(body, "Progress")
    percent = None if progress is None else xmlio.long(progress, "Progress")
    if percent is not None and not 0 <= percent <= 100:
        raise xmlio.invalid("Progress", "0 to 100 is expected")
    return Told(
        TaskStatus(status),
        operation,
        _attribute(body, "operation", LONGEST_TEXT),
        percent,
        xmlio.text_of(body, "Details", LONGEST_TEXT),
        _error(xmlio.child(body, "Error")),
        _kept("Params", xmlio.child(body, "Params")),
        _result(xmlio.child(body, "Result")),
    )


def _attribute(body: Element, name: str, most: int, *, required: bool = False) -> str | None:
    """An attribute of 1 to `most` bytes."""
    text = body.get(name)
    if text is None and not required:
        return None
    if not text or len(text.encode()) > most:
        raise xmlio.invalid(name, f"1 to {most} bytes are expected")
    return text


def _service(body: Element) -> str:
    service = _attribute(body, "serviceNamespace", LONGEST_NAME, required=True) or ""
    if service.startswith(SERVICE_NAMESPACE):
        raise xmlio.invalid("serviceNamespace", f"names that begin with {SERVICE_NAMESPACE} are the cloud's own")
    return service


def _error(element: Element | None) -> TaskError | None:
    if element is None:
        return None
    message, minor = element.get("message", ""), element.get("minorErrorCode", "")
    if len(message) > xmlio.TEXT_LIMIT or len(minor) > LONGEST_NAME:
        raise xmlio.invalid("Error", f"a message of at most {xmlio.TEXT_LIMIT} characters is expected")
    major = xmlio.long(element.get("majorErrorCode", "400"), "majorErrorCode")
    if not -(2**31) <= major < 2**31:
        raise xmlio.invalid("majorErrorCode", "a whole number of 32 bits is expected")
    return TaskError(message, minor or "BAD_REQUEST", major)


def _result(element: Element | None) -> bytes | None:
    """The schema has one child in it, and nothing else."""
    content = xmlio.child(element, "ResultContent") if element is not None else None
    if content is None:
        return None if element is None else b""
    result = xmlio.root(V + "Result", USER_VIEW)
    result.append(content)
    return _kept("Result", result)


def _kept(name: str, element: Element | None) -> bytes | None:
    """An element of any content as it can be shown again."""
    if element is None:
        return None
    element.tag = V + name
    for one in element.iter("*"):
        for attribute in [key for key in one.attrib if str(key).startswith(_XSI)]:
            del one.attrib[attribute]  # a type that no reader of ours can know
    content = etree.tostring(element, with_tail=False)
    if len(content) > MOST_XML:
        raise xmlio.invalid(name, f"at most {MOST_XML} bytes are expected")
    return content


def _check_properties(body: Element) -> None:
    """They are taken, but no message carries them."""
    properties = xmlio.child(body, "EventProperties")
    listed = xmlio.children(properties, "EventProperty") if properties is not None else []
    if len(listed) > MOST_PROPERTIES:
        raise xmlio.invalid("EventProperties", f"at most {MOST_PROPERTIES} are expected")
    for one in listed:
        if one.get("name") is None or one.get("value") is None:
            raise xmlio.invalid("EventProperty", "the attributes name and value are required")
