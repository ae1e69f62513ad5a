"""`/gatepost/variation`: what varies (docs/variation.md)."""

from __future__ import annotations

from typing import Any

from pydantic import StrictBool

from gatepost.control.api import Answer, BadRequest, Body, route
from gatepost.control.context import Control
from gatepost.variation import InvalidVariation


class VariationRequest(Body):
    """True for the default kinds, false for none, or names of kinds."""

    vary: StrictBool | list[str]


class VariationAnswer(Answer):
    """The kinds that vary, and the seed that says how."""

    vary: list[str]
    seed: int


@route("GET", "/gatepost/variation", answer=VariationAnswer)
def variation(control: Control) -> Any:
    """What varies now."""
    return {"vary": sorted(map(str, control.variation())), "seed": control.cloud.seed}


@route("PUT", "/gatepost/variation", body=VariationRequest, answer=VariationAnswer, statuses=(400,))
def choose_variation(control: Control, body: VariationRequest) -> Any:
    """Vary this and nothing else from now on."""
    try:
        control.vary(body.vary)
    except InvalidVariation as error:
        raise BadRequest(str(error)) from None
    return variation(control)
