"""For whom a document is made: its format and version, and who asks. Representations know nothing else of a request."""

from __future__ import annotations

from dataclasses import dataclass

from gatepost.abiquo.inventory import Caller, Inventory
from gatepost.abiquo.negotiation import Format
from gatepost.abiquo.versions import Traits
from gatepost.settings import Settings


@dataclass(frozen=True, slots=True)
class View:
    """`caller` None is the workflow endpoint, which has no login."""

    format: Format
    traits: Traits
    settings: Settings
    inventory: Inventory
    caller: Caller | None

    @property
    def xml(self) -> bool:
        return self.format == "xml"
