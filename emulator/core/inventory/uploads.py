"""What a client is transferring into the cloud: files by name, counted and never kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepost.core.inventory.library import Media, VAppTemplate
    from gatepost.core.inventory.tenants import Organization

UNKNOWN = -1
"""The size of a file before anybody has told it, as the API shows it."""


@dataclass(slots=True, eq=False)
class UploadFile:
    """One file of an upload; sizes are bytes."""

    name: str
    size: int = UNKNOWN
    transferred: int = 0

    @property
    def is_whole(self) -> bool:
        return self.transferred == self.size


@dataclass(slots=True, eq=False)
class Upload:
    """The files that `target` is waiting for. `complete` is called once, when the last one is whole."""

    id: str
    target: VAppTemplate | Media
    complete: Callable[[], None]
    files: list[UploadFile] = field(default_factory=list)

    @property
    def org(self) -> Organization:
        return self.target.org

    @property
    def is_whole(self) -> bool:
        return all(file.is_whole for file in self.files)

    @property
    def percent(self) -> int:
        """How much of what is known to come has come."""
        size = sum(file.size for file in self.files if file.size > 0)
        return 100 * sum(file.transferred for file in self.files) // size if size else 0
