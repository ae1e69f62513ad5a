"""The cloud's clock over the control API."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import Field

from gatepost.control import shapes
from gatepost.control.api import Answer, BadRequest, Body, Query, route
from gatepost.control.context import Control
from gatepost.control.journal import MOST_ENTRIES, cut_to
from gatepost.core.clock import MOST_FIRED, parse_rate

Span = Annotated[float, Field(ge=0, le=100 * 365 * 86_400, allow_inf_nan=False)]


class ClockQuery(Query):
    """How many of the waiting timers are told."""

    limit: Annotated[int, cut_to(MOST_ENTRIES), Field(ge=0)] = 100


class ClockRequest(Body):
    """`real`, `manual`, or a factor such as `x10`."""

    mode: str


class AdvanceRequest(Body):
    """By `seconds`, or `to` a moment. `within` (seconds) and `most` (timers) bound the way until idle."""

    seconds: Span | None = None
    to: Literal["next", "idle"] | None = None
    within: Span | None = None
    most: int = Field(MOST_FIRED, ge=1, le=1_000_000)


class WaitingTimer(Answer):
    at: str
    for_: str = Field(alias="for")
    id: str


class ClockAnswer(Answer):
    """`epoch` in seconds; of the `timers` that wait the next ones are told, in `waiting`."""

    now: str
    epoch: float
    mode: str
    timers: int
    next_due: str | None
    waiting: list[WaitingTimer]


class Advanced(ClockAnswer):
    """How many timers `fired` on the way."""

    fired: int


@route("GET", "/gatepost/clock", query=ClockQuery, answer=ClockAnswer, statuses=(400,))
def clock(control: Control, query: ClockQuery) -> Any:
    """What time it is in the cloud, and what is due next."""
    return shapes.clock(control.cloud.clock, query.limit)


@route("POST", "/gatepost/clock", body=ClockRequest, answer=ClockAnswer, statuses=(400,))
def set_clock(control: Control, body: ClockRequest) -> Any:
    """Change the clock's pace."""
    control.cloud.clock.set_rate(parse_rate(body.mode))
    return shapes.clock(control.cloud.clock)


@route("POST", "/gatepost/clock/advance", body=AdvanceRequest, answer=Advanced, statuses=(400,))
def advance(control: Control, body: AdvanceRequest) -> Any:
    """Move on; what falls due on the way happens, in order."""
    clock = control.cloud.clock
    if (body.seconds is None) == (body.to is None):
        raise BadRequest('give either `seconds`, or `to` as "next" or "idle"')
    if body.seconds is not None:
        fired = clock.advance(body.seconds)
    elif body.to == "next":
        fired = clock.advance_to_next()
    else:
        fired = clock.run_until_idle(math.inf if body.within is None else body.within, body.most)
    return {"fired": fired, **shapes.clock(clock)}
