"""The rules that say what goes wrong, over the control API."""

from __future__ import annotations

from typing import Any

from gatepost.control import shapes
from gatepost.control.api import Answer, json_body, route
from gatepost.control.context import Control
from gatepost.core.errors import NotFound
from gatepost.core.faults import parse_rule


class FaultAnswer(Answer):
    """A rule, how often it `matched`, and how often it took effect."""

    id: int
    effect: dict[str, Any]
    match: dict[str, Any]
    matched: int
    hits: int


class FaultList(Answer):
    faults: list[FaultAnswer]


class Removed(Answer):
    removed: int


@route("GET", "/gatepost/faults", answer=FaultList)
def faults(control: Control) -> Any:
    """All rules, in their order."""
    return {"faults": [shapes.fault(fault) for fault in control.faults]}


@route("POST", "/gatepost/faults", answer=FaultAnswer, statuses=(400,))
def add_fault(control: Control) -> Any:
    """Add a rule: an effect, and what it is for."""
    return shapes.fault(control.faults.add_rule(parse_rule(json_body())))


@route("DELETE", "/gatepost/faults", answer=FaultList)
def clear_faults(control: Control) -> Any:
    """Take every rule away."""
    control.faults.clear()
    return {"faults": []}


@route("DELETE", "/gatepost/faults/<id>", answer=Removed, statuses=(404,))
def remove_fault(control: Control, id: str) -> Any:
    """Take one rule away."""
    if not (id.isascii() and id.isdecimal() and len(id) < 19 and control.faults.remove(int(id))):
        raise NotFound("fault", id)
    return {"removed": int(id)}
