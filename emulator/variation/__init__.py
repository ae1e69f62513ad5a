"""What any correct cloud may do and careless connectors do not survive, by kind and by seed (docs/variation.md)."""

from gatepost.variation.kinds import DEFAULT, Chosen, InvalidVariation, Kind, parse
from gatepost.variation.variation import Variation

__all__ = ["DEFAULT", "Chosen", "InvalidVariation", "Kind", "Variation", "parse"]
