"""Every route of the control API: who imports this has them all."""

from gatepost.control import about, broker, clock, faults, holds, inventory, journal, openapi, variation
from gatepost.control.api import blueprint, internal_error, refuse

__all__ = [
    "about",
    "blueprint",
    "broker",
    "clock",
    "faults",
    "holds",
    "internal_error",
    "inventory",
    "journal",
    "openapi",
    "refuse",
    "variation",
]
