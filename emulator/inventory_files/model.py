"""An inventory file as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from pydantic import Field

from gatepost.abiquo.seed import AbiquoPlan
from gatepost.abiquo.seed import problems as abiquo_problems
from gatepost.core.seed import Part, Problem, VcloudPlan, missing
from gatepost.core.seed import problems as vcloud_problems
from gatepost.settings import Settings, parse
from gatepost.vcloud.names import BLOCKABLE


class InventoryFile(Part):
    """An inventory of Gatepost: what a new cloud holds. What is not mentioned is as it is out of the box."""

    settings: Settings = Field(
        default_factory=lambda: parse({}), description="by their dotted keys; --set goes before them"
    )
    vcloud: VcloudPlan = VcloudPlan()
    abiquo: AbiquoPlan = AbiquoPlan()


def problems(file: InventoryFile) -> Iterator[Problem]:
    """What is wrong beyond the form of the parts."""
    for place, name in enumerate(file.vcloud.blocking.operations):
        if name not in BLOCKABLE:
            yield missing(("vcloud", "blocking", "operations", place), "operation that can block", name, BLOCKABLE)
    parts = (("vcloud", vcloud_problems(file.vcloud)), ("abiquo", abiquo_problems(file.abiquo)))
    yield from chain.from_iterable(
        (Problem((dialect, *path), text) for path, text in found) for dialect, found in parts
    )
