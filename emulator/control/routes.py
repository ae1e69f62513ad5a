"""The routes of the control API. Everything is JSON; errors are `{"error": "…"}`."""

from __future__ import annotations

import heapq
import json
import logging
import math
from collections.abc import Callable
from itertools import islice
from operator import itemgetter
from typing import Annotated, Any, Literal, TypeVar

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gatepost.control import abiquo, broker, guard, shapes
from gatepost.control.context import ENVIRON_KEY, Control
from gatepost.control.requests import OperationRequest, perform
from gatepost.core.clock import MOST_FIRED, InvalidRate, InvalidStep, parse_rate
from gatepost.core.errors import CloudError, Forbidden, HoldClosed, NotFound
from gatepost.core.faults import InvalidRule, parse_rule
from gatepost.core.holds import Decision
from gatepost.core.journal import Entry
from gatepost.core.text import is_text
from gatepost.settings import InvalidSetting

log = logging.getLogger(__name__)

blueprint = Blueprint("control", __name__)

LONGEST_WAIT = 60.0
"""Seconds of a long poll; more than that is cut down to it."""

MOST_ENTRIES = 1_000
"""Entries of one answer."""

Handler = Callable[..., Any]
Body = TypeVar("Body", bound=BaseModel)


class BadRequest(Exception):
    """A request that cannot be understood."""


Span = Annotated[float, Field(ge=0, le=100 * 365 * 86_400, allow_inf_nan=False)]


class DecisionRequest(BaseModel):
    """Body of `POST /gatepost/holds/{id}/decision`."""

    model_config = ConfigDict(extra="forbid")
    decision: Decision
    message: str = Field("", max_length=32_768)


class AdvanceRequest(BaseModel):
    """Body of `POST /gatepost/clock/advance`: by `seconds`, or `to` a moment. `within` (seconds) and `most` (timers)
    bound the way until idle."""

    model_config = ConfigDict(extra="forbid")
    seconds: Span | None = None
    to: Literal["next", "idle"] | None = None
    within: Span | None = None
    most: int = Field(MOST_FIRED, ge=1, le=1_000_000)


class ClockRequest(BaseModel):
    """Body of `POST /gatepost/clock`."""

    model_config = ConfigDict(extra="forbid")
    mode: str


def route(method: str, rule: str, *, guarded: bool = True) -> Callable[[Handler], Handler]:
    """Serve `method rule` by a function that takes the Control and returns what becomes JSON."""

    def register(handler: Handler) -> Handler:
        def view(**parameters: str) -> Response:
            control: Control = request.environ[ENVIRON_KEY]
            try:
                if guarded:
                    guard.check(control, request.headers)
                return _json(handler(control, **parameters))
            except guard.Refused as error:
                return refuse(error.status, str(error))
            except (BadRequest, InvalidSetting, InvalidRate, InvalidRule, InvalidStep) as error:
                return refuse(400, str(error))
            except CloudError as error:
                return refuse(_status_of(error), str(error))

        blueprint.add_url_rule(
            rule, endpoint=f"{method} {rule}", view_func=view, methods=[method], provide_automatic_options=False
        )
        return handler

    return register


@route("GET", "/gatepost/health", guarded=False)
def health(control: Control) -> Any:
    return {"status": "ok"}


@route("GET", "/gatepost/info")
def info(control: Control) -> Any:
    return control.info()


@route("GET", "/gatepost/inventory")
def inventory(control: Control) -> Any:
    return control.inventory()


@route("POST", "/gatepost/reset")
def reset(control: Control) -> Any:
    control.reset()
    return {"status": "reset"}


@route("GET", "/gatepost/journal")
def journal(control: Control) -> Any:
    arguments = request.args
    dialect, task, kind = arguments.get("dialect"), arguments.get("task"), arguments.get("kind")

    def wanted(entry: Entry) -> bool:
        return (
            (dialect is None or entry.dialect == dialect)
            and (task is None or entry.task == task)
            and (kind is None or entry.kind == kind or entry.kind.startswith(kind + "."))
        )

    kept = control.cloud.journal
    limit = int(_number("limit", 200, MOST_ENTRIES)) or 1
    before = kept.last
    after, wait = int(_number("after", 0, 2**53)), _number("wait", 0, LONGEST_WAIT)
    if wait and not control.polls.acquire(blocking=False):
        raise guard.Refused(503, "Too many long polls wait already; ask again without `wait`, or later.")
    try:
        entries = kept.find(after, wanted, limit, wait)
    finally:
        if wait:
            control.polls.release()
    return {
        "entries": [shapes.entry(entry) for entry in entries],
        "next": entries[-1].seq if entries else before,
        "last": kept.last,
        "dropped": kept.dropped,
    }


@route("GET", "/gatepost/holds")
def holds(control: Control) -> Any:
    limit = int(_number("limit", 1_000, 100_000))
    with control.cloud.lock:
        mine, others = control.cloud.world.holds.active(), control.abiquo.world.holds.active()
    every = heapq.merge(
        ((hold.created_at, "vcloud", hold) for hold in mine),
        ((hold.created_at, "abiquo", hold) for hold in others),
        key=itemgetter(0),
    )
    return {
        "holds": [shapes.hold(hold, dialect) for _, dialect, hold in islice(every, limit)],
        "count": len(mine) + len(others),
    }


@route("POST", "/gatepost/holds/<id>/decision")
def decide(control: Control, id: str) -> Any:
    body = _body(DecisionRequest)
    _require_text(body.message)
    world = control.cloud.world
    with world.lock:
        if (other := control.abiquo.world.holds.find(id)) is not None:
            return abiquo.decide(control.abiquo, other, body.decision, body.message)
        hold = world.holds.get(id)
        applied = world.decide(hold, body.decision, body.message, world.inventory.administrator)
        return {"applied": applied, **shapes.hold(hold)}


@route("POST", "/gatepost/operations")
def request_operation(control: Control) -> Any:
    body = _body(OperationRequest)
    _require_text(body.name, body.description)
    if "@" not in body.user:
        return abiquo.perform(control.abiquo, body)
    return _task(control, perform(control.cloud.world, body).id)


@route("GET", "/gatepost/operations/<id>")
def operation(control: Control, id: str) -> Any:
    return _task(control, id)


@route("GET", "/gatepost/clock")
def clock(control: Control) -> Any:
    return shapes.clock(control.cloud.clock, int(_number("limit", 100, MOST_ENTRIES)))


@route("POST", "/gatepost/clock")
def set_clock(control: Control) -> Any:
    control.cloud.clock.set_rate(parse_rate(_body(ClockRequest).mode))
    return shapes.clock(control.cloud.clock)


@route("POST", "/gatepost/clock/advance")
def advance(control: Control) -> Any:
    body, clock = _body(AdvanceRequest), control.cloud.clock
    if (body.seconds is None) == (body.to is None):
        raise BadRequest('give either `seconds`, or `to` as "next" or "idle"')
    if body.seconds is not None:
        fired = clock.advance(body.seconds)
    elif body.to == "next":
        fired = clock.advance_to_next()
    else:
        fired = clock.run_until_idle(math.inf if body.within is None else body.within, body.most)
    return {"fired": fired, **shapes.clock(clock)}


@route("GET", "/gatepost/broker")
def broker_overview(control: Control) -> Any:
    return broker.overview(control)


@route("POST", "/gatepost/broker/levers")
def pull_lever(control: Control) -> Any:
    body = _body(broker.LeverRequest)
    broker.pull(control, body)
    return {"pulled": body.lever}


@route("GET", "/gatepost/faults")
def faults(control: Control) -> Any:
    return {"faults": [shapes.fault(fault) for fault in control.faults]}


@route("POST", "/gatepost/faults")
def add_fault(control: Control) -> Any:
    return shapes.fault(control.faults.add_rule(parse_rule(_json_body())))


@route("DELETE", "/gatepost/faults")
def clear_faults(control: Control) -> Any:
    control.faults.clear()
    return {"faults": []}


@route("DELETE", "/gatepost/faults/<id>")
def remove_fault(control: Control, id: str) -> Any:
    if not (id.isascii() and id.isdecimal() and len(id) < 19 and control.faults.remove(int(id))):
        raise NotFound("fault", id)
    return {"removed": int(id)}


@route("GET", "/gatepost/settings")
def settings(control: Control) -> Any:
    return control.cloud.settings.dotted()


@route("PATCH", "/gatepost/settings")
def change_settings(control: Control) -> Any:
    values = _json_body()
    with control.cloud.lock:
        control.cloud.settings.update(values)
        return control.cloud.settings.dotted()


def refuse(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    response = _json({"error": message}, status)
    response.headers.update(headers or {})
    return response


def internal_error() -> Response:
    """The answer to a bug of ours; the traceback goes to the log."""
    log.exception("a control request failed")
    return refuse(500, "This is a bug in Gatepost; its log holds the traceback.")


def _task(control: Control, id: str) -> dict[str, Any]:
    with control.cloud.lock:
        if (other := control.abiquo.world.tasks.find(id)) is not None:
            return abiquo.task(control.abiquo, other)
        task = control.cloud.world.tasks.get(id)
        return {**shapes.task(task), "href": control.vcloud_href(f"/api/task/{task.id}")}


def _status_of(error: CloudError) -> int:
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, HoldClosed):
        return 409
    return 403 if isinstance(error, Forbidden) else 400


def _json(value: Any, status: int = 200) -> Response:
    return Response(
        json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"), status, mimetype="application/json"
    )


def _json_body() -> dict[str, Any]:
    if request.environ["gatepost.too_large"]:
        raise BadRequest("the request body is too large")
    try:
        value = json.loads(request.environ["gatepost.body"])
    except (ValueError, RecursionError):
        raise BadRequest("the request body must be JSON") from None
    if not isinstance(value, dict):
        raise BadRequest("the request body must be a JSON object")
    return value


def _body(model: type[Body]) -> Body:
    try:
        return model.model_validate(_json_body())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise BadRequest(f"{field}: {first['msg']}" if field else first["msg"]) from None


def _require_text(*texts: str) -> None:
    """XML cannot hold every character that JSON can, and these texts end up in XML."""
    for text in texts:
        if not is_text(text):
            raise BadRequest("a text holds a character that XML does not allow")


def _number(name: str, default: float, most: float) -> float:
    text = request.args.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        raise BadRequest(f"{name} must be a number") from None
    if not value >= 0:
        raise BadRequest(f"{name} must not be negative")
    return min(value, most)
