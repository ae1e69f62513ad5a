"""Defective connectors: each is its reference with one defect, which is named in a sentence.

What a defect `breaks`, and what it `may` break, is written by hand before any run: whatever else fails is a false
positive of the harness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

Patch = Callable[[], None]

CANARIES = {
    "vcloud": (
        *("VCD-DEC-1", "VCD-DEC-2", "VCD-DEC-6", "VCD-LNK-3"),
        *("VCD-NOT-1", "VCD-NOT-3", "VCD-SES-1", "VCD-TMO-5"),
    ),
    "abiquo": (
        *("ABQ-DEC-1", "ABQ-DEC-2", "ABQ-DEC-3", "ABQ-HOK-1.1"),
        *("ABQ-HOK-3.1", "ABQ-LNK-1.2", "ABQ-RAC-1.1", "ABQ-AUT-1.1"),
    ),
}
"""Requirements that every defect is run against as well, since most defects must not break them."""


@dataclass(frozen=True)
class Defect:
    """`patch` changes the reference in this process."""

    name: str
    dialect: str
    sentence: str
    breaks: frozenset[str]
    may: frozenset[str]
    patch: Patch

    @property
    def may_single(self) -> frozenset[str]:
        """What stands in `may` without a pattern."""
        return frozenset(id for id in self.may if not set("*[?").intersection(id))


_KNOWN: dict[str, Defect] = {}


def defect(dialect: str, sentence: str, *, breaks: str, may: str = "") -> Callable[[Patch], Patch]:
    """Enter a patch under its function's name. `breaks` and `may` hold ids of requirements, separated by blanks.

    `may` can hold patterns such as `VCD-NOT-*` as well: those ids are borne, but not run for this defect alone.
    """

    def register(patch: Patch) -> Patch:
        name = patch.__name__.replace("_", "-")
        if name in _KNOWN:
            raise ValueError(f"there are two defects {name}")
        _KNOWN[name] = Defect(name, dialect, sentence, frozenset(breaks.split()), frozenset(may.split()), patch)
        return patch

    return register


@cache
def every() -> tuple[Defect, ...]:
    """All defects, by dialect and name."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return tuple(sorted(_KNOWN.values(), key=lambda one: (one.dialect != "vcloud", one.dialect, one.name)))
