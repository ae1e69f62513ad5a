"""The little that shows of the vSphere below: a server, and machines on it that can be imported."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from gatepost.core.inventory.machines import Hardware


@dataclass(slots=True, eq=False)
class ImportableVm:
    """A machine of the server's own inventory, by its managed object reference."""

    moref: str
    name: str
    hardware: Hardware = field(default_factory=Hardware)


@dataclass(slots=True, eq=False)
class VimServer:
    """A vCenter server; `vms` by their managed object references."""

    kind: ClassVar[str] = "vimserver"
    id: str
    name: str
    url: str
    vms: dict[str, ImportableVm] = field(default_factory=dict)
