"""What happened in the cloud, as immutable facts.

An event is taken under the lock with the state change that it tells of, so it copies every value that a message about
it will ever need: whoever renders it later must not look at objects that have moved on.
"""

from __future__ import annotations

from typing import NamedTuple


class EntityRef(NamedTuple):
    """Which object: the word for its type (``vapp``, ``blockingTask``), its bare UUID, its name."""

    kind: str
    id: str
    name: str


class Event(NamedTuple):
    """One fact. `type` is the path below the dialect's prefix (``vapp/create_request``), `at` epoch seconds.

    `task` and `task_owner` stand only on events of tasks and of blocking tasks. `service` is the namespace of the
    outside service that told of it, whose types have no prefix; it is empty for the cloud's own events.
    """

    id: str
    type: str
    at: float
    success: bool
    entity: EntityRef
    org: EntityRef
    user: EntityRef
    task: EntityRef | None = None
    task_owner: EntityRef | None = None
    service: str = ""
