"""What a new world holds, as an inventory file says it: the plan of one, a world made from it, and a world's own plan.

What a file does not mention is as every first user meets it.
"""

from gatepost.core.seed.build import populate
from gatepost.core.seed.check import problems
from gatepost.core.seed.fields import PASSWORD, Name, Part, Password, Text, carried
from gatepost.core.seed.plan import BLOCKING_OPERATIONS, UserName, VcloudPlan, furnished
from gatepost.core.seed.problem import Path, Problem, missing, near, twice
from gatepost.core.seed.record import record

__all__ = [
    "BLOCKING_OPERATIONS",
    "PASSWORD",
    "Name",
    "Part",
    "Password",
    "Path",
    "Problem",
    "Text",
    "UserName",
    "VcloudPlan",
    "carried",
    "furnished",
    "missing",
    "near",
    "populate",
    "problems",
    "record",
    "twice",
]
