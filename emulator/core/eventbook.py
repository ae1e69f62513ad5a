"""The events that can be asked for: what happened lately in each organization (vCloud API reference, section 9).

Cloud state, kept for the cloud's own lists; what went out over a wire stands in the journal.
"""

from __future__ import annotations

from collections import deque

from gatepost.core.entities import Tenant
from gatepost.core.events import Event

KEEP_EVENTS = 10_000
"""Events that an organization keeps; older ones are gone."""


class EventBook:
    """The newest events of each organization, or other tenant. The caller holds the lock."""

    def __init__(self, keep: int = KEEP_EVENTS) -> None:
        self._keep = keep
        self._of_org: dict[str, deque[Event]] = {}

    def add(self, event: Event) -> None:
        events = self._of_org.get(event.org.id)
        if events is None:
            events = self._of_org[event.org.id] = deque(maxlen=self._keep)
        events.append(event)

    def of_org(self, org: Tenant) -> list[Event]:
        """Oldest first."""
        return list(self._of_org.get(org.id, ()))
