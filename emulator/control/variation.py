"""`/gatepost/variation`: what varies (docs/variation.md)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, StrictBool

from gatepost.control.context import Control
from gatepost.control.routes import BadRequest, _body, route
from gatepost.variation import InvalidVariation


class VariationRequest(BaseModel):
    """Body of `PUT /gatepost/variation`: true for the default kinds, false for none, or names of kinds."""

    model_config = ConfigDict(extra="forbid")
    vary: StrictBool | list[str]


@route("GET", "/gatepost/variation")
def variation(control: Control) -> Any:
    return {"vary": sorted(map(str, control.variation())), "seed": control.cloud.seed}


@route("PUT", "/gatepost/variation")
def choose_variation(control: Control) -> Any:
    try:
        control.vary(_body(VariationRequest).vary)
    except InvalidVariation as error:
        raise BadRequest(str(error)) from None
    return variation(control)
