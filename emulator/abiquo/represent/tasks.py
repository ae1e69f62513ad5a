"""Tasks and their jobs (reference, sections 4 and 5.4), and the answer to what was accepted (3.6)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from gatepost.abiquo import paths
from gatepost.abiquo.document import Collection, Described, Document, Link
from gatepost.abiquo.inventory import VirtualMachine
from gatepost.abiquo.tasks import Job, Record
from gatepost.abiquo.view import View

_ACCEPTED = "You can keep track of the progress in the link"


class Shown(Enum):
    """Where a task is shown, which decides its links (reference, section 4.6)."""

    RESOURCE = "as a resource"
    ENTERPRISE_LIST = "in the pending list of an enterprise"
    USER_LIST = "in the pending list of a user"
    MESSAGE = "in the workflow message"


def task(view: View, record: Record, shown: Shown = Shown.RESOURCE) -> Document:
    zero = shown is Shown.MESSAGE and view.settings.abiquo_webhook_timestamp == "zero"
    created, updated = (0, 0) if zero else (int(record.task.started_at), int(record.updated))
    fields = {
        "taskId": record.id,
        "ownerId": record.machine.id,
        "userId": record.user.id,
        "type": record.type,
        "state": record.state,
        "creationTimestamp": created if view.traits.creation_timestamps else None,
        "timestamp": updated,
        "jobs": Collection("jobs", [_job(view, record, job, zero=zero) for job in record.jobs]),
    }
    links = _resource_links(view, record) if shown is Shown.RESOURCE else _listed_links(view, record, shown)
    return Document("task", fields, links)


def tasks_of(view: View, machine: VirtualMachine) -> Collection:
    """All of a machine, newest first."""
    here = paths.machine(machine)
    items = [task(view, record) for record in reversed(machine.tasks.values())]
    return Collection("tasks", items, [Link("self", f"{here}/tasks"), Link("parent", here)])


def accepted(view: View, record: Record) -> Document:
    if view.xml:
        return Document("acceptedrequest", {"message": Described(_ACCEPTED)}, [_status(view, record)])
    return Document("acceptedrequest", {"entity": _ACCEPTED}, [_status(view, record)])


def accepted_all(view: View, records: Sequence[Record]) -> Document:
    """For an appliance: a link for each task, none where no machine needed work."""
    return Document("acceptedrequest", {}, [_status(view, record) for record in records])


def _status(view: View, record: Record) -> Link:
    return Link("status", paths.task(record), "task" if view.settings.abiquo_status_link_type else None)


def _job(view: View, record: Record, job: Job, *, zero: bool) -> Document:
    words = job.type.replace("_", " ").lower()
    fields = {
        "id": f"{record.id}.{job.id}" if view.traits.job_id_names_task else job.id,
        "parentTaskId": record.id,
        "type": job.type,
        "state": job.state,
        "rollbackState": "UNKNOWN",
        "description": f"{record.type.replace('_', ' ').capitalize()} task's {words} on virtual machine"
        f" with id {record.machine.id}",
        "creationTimestamp": (0 if zero else int(job.created)) if view.traits.creation_timestamps else None,
        "timestamp": 0 if zero else int(job.updated),
    }
    return Document("job", fields)


def _resource_links(view: View, record: Record) -> list[Link]:
    here, machine = paths.task(record), record.machine
    return [
        Link("self", here),
        Link("parent", f"{paths.machine(machine)}/tasks"),
        *_decisions(view, record),
        *([Link("acknowledge", f"{here}/action/ack")] if record.state == "FINISHED_UNSUCCESSFULLY" else []),
        Link("user", paths.user(record.user), "user", record.user.nick),
        Link("virtualmachine", paths.machine(machine), "virtualmachine", machine.name),
    ]


def _listed_links(view: View, record: Record, shown: Shown) -> list[Link]:
    machine = paths.machine(record.machine)
    bare = shown is Shown.USER_LIST
    user = paths.user(record.user)
    return [
        Link("self", paths.task(record)),
        Link("parent", machine),
        *_decisions(view, record),
        Link("target", machine),
        Link("user", user) if bare else Link("user", user, "user", record.user.nick),
    ]


def _decisions(view: View, record: Record) -> list[Link]:
    """Links only where their use would be allowed; the workflow message has both."""
    if not record.queued:
        return []
    here, caller = paths.task(record), view.caller
    links = []
    overrides = caller is None or caller.overrides(record.machine.org)
    if overrides or (caller is not None and caller.user is record.user):
        links.append(Link("cancel", f"{here}/action/cancel"))
    if overrides:
        links.append(Link("continue", f"{here}/action/continue"))
    return links
