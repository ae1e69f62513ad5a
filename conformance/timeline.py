"""The journal of a scenario as a person reads it: who did what, when, in four lanes."""

from __future__ import annotations

import contextlib
from xml.dom import minidom
from xml.parsers.expat import ExpatError

from gatepost.conformance.bench import CONNECTOR
from gatepost.conformance.report.model import Moment
from gatepost.conformance.scene import Scene
from gatepost.core.journal import Entry

MOST = 80
"""Moments of one timeline."""

LONGEST = 2_000
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
    start = entries[0].at if entries else 0.0
    who = CONNECTOR[scene.profile.dialect]
    return [_moment(entry, start, near, who) for entry in entries], every - len(entries)


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
    return lane, f"{verb}{number} {subject}".rstrip()


def _detail(entry: Entry) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in entry.headers.items())
    body = entry.body.decode("utf-8", "replace")
    if body.lstrip().startswith("<") and len(body) < 50_000 and "<!DOCTYPE" not in body:
        with contextlib.suppress(ExpatError, ValueError):
            body = minidom.parseString(entry.body).toprettyxml("  ")
    return f"{headers}\n\n{body}".strip()[:LONGEST]
