"""The journal of a scenario as a person reads it: who did what, when, in four lanes."""

from __future__ import annotations

import contextlib
import json
from xml.dom import minidom
from xml.parsers.expat import ExpatError

from gatepost.conformance.bench import CONNECTOR
from gatepost.conformance.report.model import Moment
from gatepost.conformance.scene import Scene
from gatepost.core.journal import Entry
from gatepost.core.tasks import Task

LANES = ("user", "cloud", "broker", "connector")

MOST = 80
"""Moments of one timeline."""

LONGEST = 4_000
"""Characters of one body."""

_QUIET = frozenset({"amqp.heartbeat", "amqp.confirm"})


def timeline(scene: Scene, nearest: tuple[Entry, ...]) -> tuple[list[Moment], int]:
    """What happened, and how many moments were left out: those about tasks that the failure is not about go first."""
    near = {entry.seq for entry in nearest}
    tasks = {entry.task for entry in nearest if entry.task is not None}
    entries = [entry for entry in scene.entries() if entry.kind not in _QUIET]
    every = len(entries)
    if every > MOST and tasks:
        entries = [e for e in entries if e.task in tasks or e.seq in near or e.fault is not None]
    entries = entries[-MOST:]
    asked = _tasks(scene, entries)
    start = min([entry.at for entry in entries] + [task.started_at for task in asked], default=0.0)
    who = CONNECTOR[scene.profile.dialect]
    told = [(entry.at, 1, entry.seq, _moment(entry, start, near, who)) for entry in entries]
    for task in asked:
        told.append((task.started_at, 0, 0, _asking(task, start)))
        if task.ended_at is not None:
            told.append((task.ended_at, 2, 0, _ending(task, start)))
    return [moment for *_, moment in sorted(told, key=lambda one: one[:3])], every - len(entries)


def _tasks(scene: Scene, entries: list[Entry]) -> list[Task]:
    """What users asked for, of what the entries are about."""
    ids = dict.fromkeys(entry.task for entry in entries if entry.task is not None)
    worlds = (scene.cloud.world, scene.cloud.abiquo.world)
    with scene.cloud.world.lock:
        found = [task for id in ids for world in worlds if (task := world.tasks.find(id)) is not None]
    return [task for task in found if _name(task) != CONNECTOR[scene.profile.dialect]]


def _name(task: Task) -> str:
    return f"{task.user.name}@{task.org.name}"


def _asking(task: Task, start: float) -> Moment:
    text = f"{_name(task)} asks for {task.operation} of '{task.owner.name}'"
    return Moment(seq=0, at=round(task.started_at - start, 3), lane="user", text=text, detail=f"task {task.id}")


def _ending(task: Task, start: float) -> Moment:
    assert task.ended_at is not None
    why = "" if task.error is None else f": {task.error.message}"
    text = f"the task of '{task.owner.name}' ends: {task.status}"
    detail = f"task {task.id}{why}"
    return Moment(seq=0, at=round(task.ended_at - start, 3), lane="cloud", text=text, detail=detail)


def _moment(entry: Entry, start: float, near: set[int], connector: str) -> Moment:
    lane, text = _told(entry, connector)
    if entry.note:
        text += f" ({entry.note})"
    return Moment(
        seq=entry.seq,
        at=round(entry.at - start, 3),
        lane=lane,
        text=text,
        detail=_detail(entry),
        injected=entry.fault is not None,
        near=entry.seq in near,
    )


def _told(entry: Entry, connector: str) -> tuple[str, str]:
    kind = entry.kind
    if kind.startswith("http."):
        who = "user" if entry.user not in (None, connector) else "connector"
        if kind == "http.response":
            return "cloud", f"{entry.status} to {entry.method} {entry.path}"
        return who, f"{entry.method} {entry.path}" if kind == "http.request" else f"{kind} {entry.method} {entry.path}"
    if kind.startswith("webhook."):
        lane = "cloud" if kind == "webhook.request" else "connector"
        return lane, f"{kind.replace('.', ' ')} {entry.path}" + (f" {entry.status}" if entry.status else "")
    subject = entry.path.partition("com.vmware.vcloud.event.")[2] or entry.path
    verb = kind.removeprefix("amqp.")
    tag = entry.headers.get("delivery-tag")
    number = f" #{tag}" if tag is not None else ""
    lane = "cloud" if verb in ("publish", "undelivered") else "broker" if entry.direction == "out" else "connector"
    form = " in JSON" if entry.body[:1] == b"{" else " in XML" if entry.body[:1] == b"<" else ""
    return lane, f"{verb}{number} {subject}".rstrip() + form


def _detail(entry: Entry) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in entry.headers.items())
    text = f"{headers}\n\n{_pretty(entry.body)}".strip()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n… {len(text) - LONGEST} more characters"


def _pretty(content: bytes) -> str:
    body = content.decode("utf-8", "replace")
    start = body.lstrip()[:1]
    if len(body) < 50_000 and "<!DOCTYPE" not in body:
        with contextlib.suppress(ExpatError, ValueError, RecursionError):
            if start == "<":
                return minidom.parseString(content).toprettyxml("  ")
            if start in ("{", "["):
                return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    return body
