"""API versions: which there are, and everything in which they differ (reference, sections 1.4, 2 and 4)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

KNOWN = (
    *("2.0", "2.2", "2.3", "2.4", "2.6", "2.7", "2.8", "2.9", "3.0", "3.1", "3.2", "3.4", "3.6", "3.8", "3.10"),
    *("4.0", "4.2", "4.4", "4.5", "4.6", "4.7", "5.0", "5.1", "5.2", "5.3", "5.4", "6.0", "6.1"),
)


@dataclass(frozen=True, slots=True)
class Traits:
    """What one version does its own way."""

    version: str
    only_xml: bool
    scheduler_jobs: bool
    creation_timestamps: bool
    job_id_names_task: bool
    empty_appliances: bool
    last_tasks: str
    named_events: bool
    busy_reconfigure: str


@cache
def traits(version: str) -> Traits:
    """Of any version, also one that nobody knows: it is taken for the newest that is not newer."""
    number = _number(version)
    return Traits(
        version=version,
        only_xml=number < (3, 0),
        scheduler_jobs=number > (2, 0),
        creation_timestamps=number >= (3, 0),
        job_id_names_task=number >= (3, 0),
        empty_appliances=number >= (3, 0),
        last_tasks="lastTasks" if number < (3, 0) else "expands",
        named_events=number >= (4, 7),
        busy_reconfigure="VM-13" if number < (3, 0) else "VM-10",
    )


def _number(version: str) -> tuple[int, ...]:
    parts = version.split(".")[:3]
    return tuple(int(part) if part.isascii() and part.isdecimal() and len(part) < 9 else 0 for part in parts)
