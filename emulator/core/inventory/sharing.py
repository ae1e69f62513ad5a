"""Who shares a vApp or a catalog, and how far (vCloud API reference, section 3.2: controlAccess)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepost.core.inventory.tenants import User


class AccessLevel(StrEnum):
    READ_ONLY = "ReadOnly"
    CHANGE = "Change"
    FULL_CONTROL = "FullControl"


@dataclass(frozen=True, slots=True)
class Sharing:
    """What everyone in the organization may do, if anything, and what single users may beside that."""

    everyone: AccessLevel | None = None
    users: tuple[tuple[User, AccessLevel], ...] = ()
