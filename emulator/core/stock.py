"""What a world holds, as a type: an inventory of one cloud or of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypeVar

from gatepost.core.entities import Stock

if TYPE_CHECKING:
    from gatepost.core.inventory import Inventory

Kept = TypeVar("Kept", bound=Stock, default="Inventory")
"""`World` and `Operation` without brackets are of the cloud whose inventory stands beside the engine."""
