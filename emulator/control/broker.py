"""The embedded broker over the control API: what there is in it, and its levers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from gatepost.broker import Broker, CutPoint
from gatepost.control.api import Answer, Body, route
from gatepost.control.context import Control
from gatepost.core.errors import InvalidValue, NotFound

Lever = Literal[
    "cut",
    "duplicate-next",
    "delay-next",
    "reorder-next",
    "drop-next",
    "refuse-logins",
    "stop-heartbeats",
    "block-publishers",
    "pause",
    "reset",
]


class LeverRequest(Body):
    """`connection` and `at` are for `cut`, `seconds` for `delay-next` and
    `pause`, `on` (and `reason`) for the three that stay until they are switched off."""

    lever: Lever
    connection: int | None = None
    at: CutPoint = "now"
    seconds: Annotated[float, Field(ge=0, le=3_600, allow_inf_nan=False)] | None = None
    on: bool = True
    reason: Annotated[str, Field(min_length=1, max_length=200)] = "low on memory"


class Pulled(Answer):
    pulled: str


@route("GET", "/gatepost/broker", answer=dict[str, Any], statuses=(400,))
def show(control: Control) -> Any:
    """The embedded broker: connections, exchanges, bindings, queues with their consumers."""
    return embedded(control).overview()


@route("POST", "/gatepost/broker/levers", body=LeverRequest, answer=Pulled, statuses=(400, 404))
def pull_lever(control: Control, body: LeverRequest) -> Any:
    """Make it misbehave."""
    pull(control, body)
    return {"pulled": body.lever}


def embedded(control: Control) -> Broker:
    """Raises InvalidValue where another broker is in use, or none."""
    if control.broker is None:
        raise InvalidValue("the embedded broker is not in use: start with --broker embedded for this")
    return control.broker


def pull(control: Control, wanted: LeverRequest) -> None:
    """Raises InvalidValue for a lever that lacks what it needs, NotFound for a connection that is not there."""
    levers = embedded(control).levers
    match wanted.lever:
        case "cut":
            try:
                levers.cut(wanted.connection, wanted.at)
            except LookupError:
                raise NotFound("connection", str(wanted.connection)) from None
        case "duplicate-next":
            levers.duplicate_next()
        case "delay-next":
            levers.delay_next(_seconds(wanted))
        case "reorder-next":
            levers.reorder_next()
        case "drop-next":
            levers.drop_next()
        case "refuse-logins":
            levers.refuse_logins(wanted.on)
        case "stop-heartbeats":
            levers.stop_heartbeats(wanted.on)
        case "block-publishers":
            levers.block_publishers(wanted.on, wanted.reason)
        case "pause":
            levers.pause(_seconds(wanted))
        case "reset":
            levers.reset()


def _seconds(wanted: LeverRequest) -> float:
    if wanted.seconds is None:
        raise InvalidValue(f"{wanted.lever} needs `seconds`")
    return wanted.seconds
