"""Records of what goes on: tasks, blocking tasks, events."""

from __future__ import annotations

from typing import NamedTuple

from gatepost.core.events import EntityRef, Event
from gatepost.core.holds import Hold
from gatepost.core.tasks import Task
from gatepost.settings import Settings
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import SERVICE_NAMESPACE
from gatepost.vcloud.notifications import type_of
from gatepost.vcloud.query.records import Attribute, RecordType, Who, flag, moment, number, of_orgs, reference, text
from gatepost.vcloud.represent.blocking import status_word
from gatepost.vcloud.represent.tasks import service_of

CELL = "gatepost"
"""The cell that runs all tasks."""

PRODUCT_VERSION = "10.0.0"
"""The vendor's release that first spoke the newest API version here, 33.0."""


class Pending(NamedTuple):
    """A hold, with the settings that name its status."""

    hold: Hold
    settings: Settings


def _pending(call: Call) -> list[Pending]:
    with call.world.lock:
        holds = call.world.holds.active()
        if call.dialect.settings.hold_listing == "recent":
            holds = [*call.world.holds.handled(), *holds]
    return [Pending(hold, call.dialect.settings) for hold in holds]


def _tasks(call: Call) -> list[Task]:
    return of_orgs(call.world.tasks.of_org)(call)


def _all_events(call: Call) -> list[Event]:
    return of_orgs(call.world.events.of_org)(call)


def _events(call: Call) -> list[Event]:
    """Without those of blocking tasks, of which only system administrators know."""
    events = _all_events(call)
    return events if call.user.is_sysadmin else [event for event in events if event.entity.kind != "blockingTask"]


def _event(event: Event) -> EntityRef:
    return EntityRef("event", event.id, event.type)


_TASK: tuple[Attribute[Task], ...] = (
    reference("org", lambda task: task.org.ref),
    text("orgName", lambda task: task.org.name),
    text("name", lambda task: task.operation),
    moment("startDate", lambda task: task.started_at),
    moment("endDate", lambda task: task.ended_at),
    text("status", lambda task: task.status.value),
    number("progress", lambda task: task.progress, since="9.0"),
    text("ownerName", lambda task: task.user.name),
    reference("object", lambda task: task.owner),
    text("objectType", lambda task: task.owner.kind),
    text("objectName", lambda task: task.owner.name),
    text("serviceNamespace", service_of, since="5.1"),
)

_EVENT: tuple[Attribute[Event], ...] = (
    text("eventType", type_of),
    moment("timeStamp", lambda event: event.at),
    number("eventStatus", lambda event: int(event.success)),
    text("userName", lambda event: event.user.name),
    text("orgName", lambda event: event.org.name),
    text("entityType", lambda event: event.entity.kind),
    text("entityName", lambda event: event.entity.name),
    text("serviceNamespace", lambda event: event.service or SERVICE_NAMESPACE, since="5.1"),
    reference("entity", lambda event: event.entity),
)

TYPES = (
    RecordType[Task](
        "task",
        "TaskRecord",
        "TaskReference",
        Who.EVERYBODY,
        _tasks,
        lambda task: task.ref,
        _TASK,
    ),
    RecordType[Task](
        "adminTask",
        "AdminTaskRecord",
        "TaskReference",
        Who.SYSTEM,
        _tasks,
        lambda task: task.ref,
        (
            *_TASK,
            reference("owner", lambda task: task.user.ref),
            text("cellName", lambda task: CELL),
            flag("hasOwner", lambda task: True, since="5.1"),
        ),
    ),
    RecordType[Pending](
        "blockingTask",
        "BlockingTaskRecord",
        "BlockingTaskReference",
        Who.SYSTEM,
        _pending,
        lambda pending: pending.hold.ref,
        (
            text("status", lambda pending: status_word(pending.hold, pending.settings)),
            text("operationName", lambda pending: pending.hold.task.operation),
            # Unlike a task's, this owner is the object that the operation is about.
            reference("owner", lambda pending: pending.hold.task.owner),
            text("ownerName", lambda pending: pending.hold.task.owner.name),
            reference("originatingOrg", lambda pending: pending.hold.task.org.ref),
            text("originatingOrgName", lambda pending: pending.hold.task.org.name),
            moment("creationDate", lambda pending: pending.hold.created_at),
            moment("expirationTime", lambda pending: pending.hold.deadline),
            text("timeoutAction", lambda pending: pending.hold.default.value),
            reference("task", lambda pending: pending.hold.task.ref),
            text("jobStatus", lambda pending: pending.hold.task.status.value),
            flag("hasOwner", lambda pending: True, since="5.1"),
        ),
    ),
    # Events cannot be read anywhere else, so they have neither a reference nor an href.
    RecordType[Event](
        "event",
        "EventRecord",
        None,
        Who.EVERYBODY,
        _events,
        _event,
        _EVENT,
        lambda event: None,
    ),
    RecordType[Event](
        "adminEvent",
        "AdminEventRecord",
        None,
        Who.SYSTEM,
        _all_events,
        _event,
        (
            *_EVENT,
            text("eventId", lambda event: event.id),
            text("productVersion", lambda event: PRODUCT_VERSION),
            reference("org", lambda event: event.org),
        ),
        lambda event: None,
        since="5.1",
    ),
)
