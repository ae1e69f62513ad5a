"""`/gatepost/inventory`: what exists (docs/inventory.md)."""

from __future__ import annotations

from typing import Any

from gatepost.control.api import route
from gatepost.control.context import Control


@route("GET", "/gatepost/inventory", answer=dict[str, Any])
def inventory(control: Control) -> Any:
    """What exists now, as an inventory file says it: `gatepost inventory --schema` prints its JSON schema."""
    return control.inventory()
