"""What a new world holds, as the Abiquo part of an inventory file says it; the default is reference, section 10."""

from gatepost.abiquo.seed.build import ENABLED, ENDPOINT, WORKFLOW_PROPERTIES, populate
from gatepost.abiquo.seed.check import problems
from gatepost.abiquo.seed.plan import AbiquoPlan, password_of, public_password
from gatepost.abiquo.seed.record import record

__all__ = [
    "ENABLED",
    "ENDPOINT",
    "WORKFLOW_PROPERTIES",
    "AbiquoPlan",
    "password_of",
    "populate",
    "problems",
    "public_password",
    "record",
]
