"""How long a vApp may run and be kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepost.core.clock import Timer


@dataclass(slots=True, eq=False)
class Lease:
    """A right for `seconds`, 0 for ever. `expires` (epoch seconds) stands while it runs."""

    seconds: int = 0
    expires: float | None = None
    timer: Timer | None = None

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.expires = self.timer = None


@dataclass(slots=True, eq=False)
class Leases:
    """`deployment` runs while a vApp is deployed, `storage` while it is not; `expired` when the latter has run out."""

    deployment: Lease
    storage: Lease
    expired: bool = False

    @classmethod
    def of(cls, deployment: int, storage: int) -> Leases:
        return cls(Lease(deployment), Lease(storage))
