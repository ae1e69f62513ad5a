"""The journal over the control API, and waiting checks on it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from flask import request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from gatepost.control import guard, shapes
from gatepost.control.api import Answer, BadRequest, Body, Query, route
from gatepost.control.context import Control
from gatepost.core.journal import Entry
from gatepost.expect import Like, Outcome, expect, parse_like
from gatepost.expect.like import Difference

LONGEST_WAIT = 60
"""Seconds of a long poll; more than that is cut down to it."""

MOST_ENTRIES = 1_000
"""Entries of one answer."""


def cut_to(most: int) -> BeforeValidator:
    """Numbers above are cut down, not refused."""

    def cut(value: object) -> object:
        try:
            number = float(value)  # type: ignore[arg-type]  # what is no number is refused by the field
        except (TypeError, ValueError):
            return value
        return most if number > most else value

    return BeforeValidator(cut)


Wait = Annotated[float, cut_to(LONGEST_WAIT), Field(ge=0, allow_inf_nan=False)]
After = Annotated[int, cut_to(2**53), Field(ge=0)]


class JournalQuery(Query):
    """Which entries: those behind `after`; with none there, wait up to `wait` seconds for one."""

    after: After = 0
    limit: Annotated[int, cut_to(MOST_ENTRIES), Field(ge=0)] = 200
    wait: Wait = 0.0
    kind: str | None = None
    task: str | None = None
    dialect: str | None = None


class JournalEntry(Answer):
    """What crossed a wire. AMQP entries have `exchange` and `routing_key`, others `method`, `path` and `status`; a body
    that is no UTF-8 stands in `body_base64`."""

    seq: int
    at: str
    kind: str
    direction: Literal["in", "out"]
    dialect: str
    exchange: str = ""
    routing_key: str = ""
    method: str = ""
    path: str = ""
    status: int | None = None
    user: str | None
    task: str | None
    answers: int | None
    note: str | None
    fault: int | None
    headers: dict[str, Any]
    body: str = ""
    body_base64: str = ""


class Entries(Answer):
    """Ask on with `after` = `next`. `dropped` counts what the ring has lost."""

    entries: list[JournalEntry]
    next: int
    last: int
    dropped: int


class NearEntry(Answer):
    """An entry that is not as wanted, and each field in which it differs; in `seq` one that came too early."""

    entry: JournalEntry
    differs: dict[str, Difference]


class Found(Answer):
    """What was expected is there. `last` is the newest number that was looked at; `lost` are entries behind `after`
    that the ring had dropped before."""

    found: Literal[True]
    entries: list[JournalEntry]
    last: int
    lost: int


class Missed(Answer):
    """What was expected is not there; `entries` are those that are."""

    error: str
    found: Literal[False]
    entries: list[JournalEntry]
    nearest: list[NearEntry]
    last: int
    lost: int


class ExpectQuery(BaseModel):
    """The fields of an entry, and `header.NAME`; `at_least` and `at_most` so many, within so many seconds."""

    # Names of headers are anybody's choice; what is no field of an entry either is refused with the condition.
    model_config = ConfigDict(extra="allow")

    kind: str | None = None
    direction: str | None = None
    dialect: str | None = None
    method: str | None = None
    path: str | None = None
    exchange: str | None = None
    routing_key: str | None = None
    status: int | None = None
    user: str | None = None
    task: str | None = None
    note: str | None = None
    fault: int | None = None
    body: str | None = None
    at_least: Annotated[int, Field(ge=0, le=100_000)] = 1
    at_most: Annotated[int, Field(ge=0, le=100_000)] | None = None
    within: Wait = 0.0
    after: After = 0


Condition = Annotated[dict[str, Any], WithJsonSchema(Like.model_json_schema())]
"""A Like that is read by `parse_like`, whose errors tell more."""


class ExpectBody(Body):
    """Conditions; with several of them, an entry for each in this order."""

    entries: Annotated[list[Condition], Field(min_length=1, max_length=100)]
    at_least: Annotated[int, Field(ge=0, le=100_000)] = 1
    at_most: Annotated[int, Field(ge=0, le=100_000)] | None = None
    within: Wait = 0.0
    after: After = 0


@route("GET", "/gatepost/journal", query=JournalQuery, answer=Entries, statuses=(400, 503))
def journal(control: Control, query: JournalQuery) -> Any:
    """What crossed a wire, oldest first; a long poll with `wait`."""

    def wanted(entry: Entry) -> bool:
        return (
            (query.dialect is None or entry.dialect == query.dialect)
            and (query.task is None or entry.task == query.task)
            and (query.kind is None or entry.kind == query.kind or entry.kind.startswith(query.kind + "."))
        )

    kept = control.cloud.journal
    before = kept.last
    with _poll(control, query.wait):
        entries = kept.find(query.after, wanted, query.limit or 1, query.wait)
    return {
        "entries": [shapes.entry(entry) for entry in entries],
        "next": entries[-1].seq if entries else before,
        "last": kept.last,
        "dropped": kept.dropped,
    }


@route("GET", "/gatepost/expect", query=ExpectQuery, answer=Found, statuses=(400, 404, 503), missed=Missed)
def expect_one(control: Control, query: ExpectQuery) -> Any:
    """Whether there is, or will be in time, an entry like this; else the nearest three, and how they differ."""
    fields = query.model_dump(exclude_unset=True, exclude={"at_least", "at_most", "within", "after"})
    return _expect(control, [parse_like(fields)], query)


@route("POST", "/gatepost/expect", body=ExpectBody, answer=Found, statuses=(400, 404, 503), missed=Missed)
def expect_several(control: Control, body: ExpectBody) -> Any:
    """The same for several entries in order, or for a condition too long for a URL."""
    return _expect(control, [parse_like(fields) for fields in body.entries], body)


def _expect(control: Control, likes: list[Like], wanted: ExpectQuery | ExpectBody) -> Any:
    if wanted.at_most is not None and wanted.at_most < wanted.at_least and "at_least" in wanted.model_fields_set:
        raise BadRequest("at_most: must not be less than at_least")
    if len(likes) > 1 and {"at_least", "at_most"} & wanted.model_fields_set:
        raise BadRequest("at_least, at_most: are for one condition; several mean one entry each, in order")
    at_least = wanted.at_least if wanted.at_most is None else min(wanted.at_least, wanted.at_most)
    with _poll(control, wanted.within):
        outcome = expect(
            control.cloud.journal,
            likes,
            at_least=at_least,
            at_most=wanted.at_most,
            after=wanted.after,
            within=wanted.within,
        )
    if not outcome.found:
        raise guard.Refused(404, outcome.why, _missed(outcome))
    return {"found": True, **_told(outcome)}


def _missed(outcome: Outcome) -> dict[str, Any]:
    nearest = [
        {"entry": shapes.entry(one.entry), "differs": {name: d.model_dump() for name, d in one.differs.items()}}
        for one in outcome.nearest
    ]
    return {"found": False, "nearest": nearest, **_told(outcome)}


def _told(outcome: Outcome) -> dict[str, Any]:
    entries = [shapes.entry(entry) for entry in outcome.entries[:MOST_ENTRIES]]
    return {"entries": entries, "last": outcome.last, "lost": outcome.lost}


@contextlib.contextmanager
def _poll(control: Control, wait: float) -> Iterator[None]:
    """A place among those who wait, if this one does. Raises Refused."""
    if wait and not control.polls.acquire(blocking=False):
        raise guard.Refused(
            503, f"Too many long polls wait already; ask {request.path} again without waiting, or later."
        )
    try:
        yield
    finally:
        if wait:
            control.polls.release()
