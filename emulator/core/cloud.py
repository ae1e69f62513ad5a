"""The cloud: the world that is current, and what outlives it — lock, clock, settings, journal."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from gatepost.core.clock import Clock
from gatepost.core.events import Event
from gatepost.core.inventory import Inventory
from gatepost.core.journal import Journal
from gatepost.core.seed import VcloudPlan, furnished, populate
from gatepost.core.workflows import leases
from gatepost.core.world import World
from gatepost.settings import Settings, parse

log = logging.getLogger(__name__)


class Cloud:
    """One emulated installation. `rate` is the clock's: 1 real, 0 manual, 10 ten times as fast. Every world begins as
    `plan` has it, in which `problems` found none.
    """

    def __init__(
        self, settings: Settings | None = None, seed: int = 1, rate: float = 1.0, plan: VcloudPlan | None = None
    ) -> None:
        self.lock = threading.RLock()
        self.settings = settings or parse({})
        self.seed = seed
        self.clock = Clock(self.lock, rate)
        self.journal = Journal(self.clock.now)
        self._plan = furnished(plan or VcloudPlan())
        self._listeners: list[Callable[[Event], None]] = []
        self.world = self._new_world()

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Hear of every event from now on, under the lock, in order. Listeners must not block."""
        self._listeners.append(listener)

    def reset(self) -> None:
        """Begin anew from the same seed: objects, tasks, holds and the journal. The clock never goes back."""
        with self.lock:
            self.world.close()
            self.journal.clear()
            self.world = self._new_world()

    def _new_world(self) -> World:
        world = World(self.lock, self.clock, self.settings, self.seed, Inventory())
        populate(world, self._plan)
        world.on_event = self._tell
        return world

    def _tell(self, event: Event) -> None:
        leases.heed(self.world, event)
        for listener in self._listeners:
            # The state has changed already; an operation cut short here would keep its locks for ever.
            try:
                listener(event)
            except Exception:
                log.exception("a listener failed to take the event %s", event.type)
