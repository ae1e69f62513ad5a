"""Holds of both dialects, decisions about them, and users who ask for something."""

from __future__ import annotations

import heapq
from operator import itemgetter
from typing import Annotated, Any, Literal

from pydantic import Field

from gatepost.control import abiquo, shapes
from gatepost.control.api import Answer, Body, Query, require_text, route
from gatepost.control.context import Control
from gatepost.control.requests import OperationRequest, perform
from gatepost.core.holds import Decision, Hold


class HoldsQuery(Query):
    """How many, the oldest first."""

    limit: Annotated[int, Field(ge=0)] = 1_000


class DecisionRequest(Body):
    """How a hold ends, and what its user reads."""

    decision: Decision
    message: str = Field("", max_length=32_768)


class Ref(Answer):
    type: str
    id: str
    name: str


class HoldAnswer(Answer):
    """`deadline` and `default` are what happens when nobody decides."""

    id: str
    dialect: Literal["vcloud", "abiquo"]
    operation: str
    task: str
    owner: Ref
    org: str
    user: str
    created: str
    deadline: str | None
    default: str
    decision: str | None


class Holds(Answer):
    holds: list[HoldAnswer]
    count: int


class Decided(HoldAnswer):
    """`applied` is false when the same decision had been taken before."""

    applied: bool


class TaskAnswer(Answer):
    """`hold` is the open one; `tasks` are all that came of one request, in Abiquo."""

    task: str
    dialect: Literal["vcloud", "abiquo"]
    operation: str
    status: str
    ended: bool
    success: bool
    owner: Ref
    user: str
    details: str
    error: str | None
    hold: str | None
    href: str | None
    tasks: list[str] | None = None


def open_holds(control: Control) -> tuple[list[tuple[str, Hold]], int]:
    """Of both dialects, oldest first, with their dialects; and how many there are."""
    with control.cloud.lock:
        mine, others = control.cloud.world.holds.active(), control.abiquo.world.holds.active()
    every = heapq.merge(
        ((hold.created_at, "vcloud", hold) for hold in mine),
        ((hold.created_at, "abiquo", hold) for hold in others),
        key=itemgetter(0),
    )
    return [(dialect, hold) for _, dialect, hold in every], len(mine) + len(others)


def end(control: Control, id: str, decision: Decision, message: str) -> dict[str, Any]:
    """Decide, as the cloud's own administrator. Raises CloudError."""
    world = control.cloud.world
    with world.lock:
        if (other := control.abiquo.world.holds.find(id)) is not None:
            return abiquo.decide(control.abiquo, other, decision, message)
        hold = world.holds.get(id)
        administrator = world.inventory.find_user("administrator", world.inventory.system_org.name)
        applied = world.decide(hold, decision, message, administrator)
        return {"applied": applied, **shapes.hold(hold)}


def ask(control: Control, wanted: OperationRequest) -> dict[str, Any]:
    """A user asks; the task. Raises CloudError and Refused."""
    if "@" not in wanted.user:
        return abiquo.perform(control.abiquo, wanted)
    return task_of(control, perform(control.cloud.world, wanted).id)


def task_of(control: Control, id: str) -> dict[str, Any]:
    """A task as it is now. Raises NotFound."""
    with control.cloud.lock:
        if (other := control.abiquo.world.tasks.find(id)) is not None:
            return abiquo.task(control.abiquo, other)
        task = control.cloud.world.tasks.get(id)
        return {**shapes.task(task), "href": control.vcloud_href(f"/api/task/{task.id}")}


@route("GET", "/gatepost/holds", query=HoldsQuery, answer=Holds, statuses=(400,))
def holds(control: Control, query: HoldsQuery) -> Any:
    """What is held now, oldest first."""
    every, count = open_holds(control)
    listed = every[: query.limit]
    return {
        "holds": [
            abiquo.held(control.abiquo, hold) if dialect == "abiquo" else shapes.hold(hold) for dialect, hold in listed
        ],
        "count": count,
    }


@route("POST", "/gatepost/holds/<id>/decision", body=DecisionRequest, answer=Decided, statuses=(400, 404, 409))
def decide(control: Control, id: str, body: DecisionRequest) -> Any:
    """End a hold, as an administrator."""
    require_text(body.message)
    return end(control, id, body.decision, body.message)


@route(
    "POST", "/gatepost/operations", body=OperationRequest, answer=TaskAnswer, statuses=(400, 403, 404, 409, 424, 503)
)
def request_operation(control: Control, body: OperationRequest) -> Any:
    """Make a user ask for something; the task that came of it."""
    require_text(body.name, body.description)
    return ask(control, body)


@route("GET", "/gatepost/operations/<id>", answer=TaskAnswer, statuses=(404,))
def operation(control: Control, id: str) -> Any:
    """A task as it is now."""
    return task_of(control, id)
