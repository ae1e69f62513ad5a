"""Objects that the API does not show yet, although a message has told of them."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from gatepost.core.effects import MessageOvertake
from gatepost.core.events import EntityRef
from gatepost.core.ids import UUID_PATTERN

MOST_VEILS = 10_000


@dataclass(slots=True)
class Veil:
    """Requests for `entity` get `status`, `reads` times (None: always) before the moment `until`."""

    entity: EntityRef
    fault: int
    status: int
    until: float
    reads: int | None


class Veils:
    """What is hidden, by id. Safe for all threads. `now` is the cloud's clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._veils: OrderedDict[str, Veil] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._veils)

    def hide(self, entity: EntityRef, fault: int, effect: MessageOvertake) -> None:
        until = math.inf if effect.seconds is None else self._now() + effect.seconds
        with self._lock:
            self._veils[entity.id] = Veil(entity, fault, effect.status, until, effect.reads)
            while len(self._veils) > MOST_VEILS:
                self._veils.popitem(last=False)

    def over(self, path: str) -> Veil | None:
        """What hides the object of a request, if anything does; counts as a read."""
        now = self._now()
        with self._lock:
            for id in UUID_PATTERN.findall(path):
                veil = self._veils.get(id)
                if veil is None:
                    continue
                if veil.until <= now or veil.reads == 0:
                    del self._veils[id]
                    continue
                if veil.reads is not None:
                    veil.reads -= 1
                return veil
        return None

    def clear(self) -> None:
        with self._lock:
            self._veils.clear()
