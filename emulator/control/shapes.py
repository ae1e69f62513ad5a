"""The engine's objects as JSON."""

from __future__ import annotations

import base64
import math
from typing import Any

from gatepost.core.clock import Clock, iso
from gatepost.core.events import EntityRef
from gatepost.core.faults import Fault
from gatepost.core.holds import Hold
from gatepost.core.journal import Entry
from gatepost.core.tasks import Task, TaskStatus


def entry(entry: Entry) -> dict[str, Any]:
    """An entry of the journal. A body that is no UTF-8 stands in `body_base64`."""
    shape: dict[str, Any] = {
        "seq": entry.seq,
        "at": iso(entry.at),
        "kind": entry.kind,
        "direction": entry.direction,
        "dialect": entry.dialect,
    }
    if entry.kind.startswith("amqp."):
        shape |= {"exchange": entry.method, "routing_key": entry.path}
    else:
        shape |= {"method": entry.method, "path": entry.path, "status": entry.status}
    shape |= {
        "user": entry.user,
        "task": entry.task,
        "answers": entry.answers,
        "note": entry.note,
        "fault": entry.fault,
        "headers": dict(entry.headers),
    }
    try:
        return shape | {"body": entry.body.decode()}
    except UnicodeDecodeError:
        return shape | {"body_base64": base64.b64encode(entry.body).decode()}


def hold(hold: Hold, dialect: str = "vcloud") -> dict[str, Any]:
    task = hold.task
    return {
        "id": hold.id,
        "dialect": dialect,
        "operation": task.operation,
        "task": task.id,
        "owner": _ref(task.owner),
        "org": task.org.name,
        "user": f"{task.user.name}@{task.user.org.name}",
        "created": iso(hold.created_at),
        "deadline": iso(hold.deadline) if hold.deadline < math.inf else None,
        "default": hold.default.value,
        "decision": hold.decision.value if hold.decision is not None else None,
    }


def task(task: Task, dialect: str = "vcloud") -> dict[str, Any]:
    return {
        "task": task.id,
        "dialect": dialect,
        "operation": task.operation,
        "status": task.status.value,
        "ended": task.status.ended,
        "success": task.status is TaskStatus.SUCCESS,
        "owner": _ref(task.owner),
        "user": f"{task.user.name}@{task.user.org.name}",
        "details": task.details,
        "error": task.error.message if task.error is not None else None,
        "hold": task.hold.id if task.hold is not None and task.hold.active else None,
    }


def fault(fault: Fault) -> dict[str, Any]:
    return {
        "id": fault.id,
        "effect": fault.effect.model_dump(mode="json"),
        "match": fault.rule.match.model_dump(mode="json", exclude_defaults=True),
        "matched": fault.trigger.matched,
        "hits": fault.trigger.hits,
    }


def clock(clock: Clock, limit: int = 100) -> dict[str, Any]:
    now, due, waiting = clock.now(), clock.next_due(), clock.waiting(limit)
    return {
        "now": iso(now),
        "epoch": now,
        "mode": clock.mode,
        "timers": clock.timers(),
        "next_due": iso(due) if due is not None else None,
        "waiting": [{"at": iso(timer.when), "for": timer.purpose, "id": timer.about} for timer in waiting],
    }


def _ref(ref: EntityRef) -> dict[str, str]:
    return {"type": ref.kind, "id": ref.id, "name": ref.name}
