"""Whose something is, and who may use it: changed at once, without a task (reference, section 3.2)."""

from __future__ import annotations

from gatepost.core.entities import Requester, require_free
from gatepost.core.inventory import Catalog, Disk, Media, Sharing, User, VApp, VAppTemplate
from gatepost.core.world import World


def share(world: World, shared: VApp | Catalog, sharing: Sharing, by: Requester) -> None:
    """Raises BusyEntity."""
    require_free(shared)
    shared.sharing = sharing
    world.emit(f"{shared.kind}/modify", shared.ref, shared.org, by)


def change_owner(world: World, owned: VApp | VAppTemplate | Media | Disk | Catalog, owner: User, by: Requester) -> None:
    """Raises BusyEntity."""
    require_free(owned)
    owned.owner = owner
    kind = "vappTemplate" if isinstance(owned, VAppTemplate) else owned.kind
    world.emit(f"{kind}/modify", owned.ref, owned.org, by)


def maintain(world: World, vapp: VApp, on: bool, by: Requester) -> None:
    """Enter or exit maintenance mode. Raises BusyEntity."""
    require_free(vapp)
    vapp.maintenance = on
    world.emit("vapp/modify", vapp.ref, vapp.org, by)
