"""Leases: what happens when a vApp has run, or was kept, for as long as it may (vCloud API reference, section 3.4)."""

from __future__ import annotations

from functools import partial

from gatepost.core.entities import busy_with
from gatepost.core.events import Event
from gatepost.core.inventory import Lease, VApp
from gatepost.core.workflows.power import can_undeploy, undeploy
from gatepost.core.workflows.vapps import can_delete, delete
from gatepost.core.world import World

RETRY = 60.0
"""Seconds until an expired lease is tried again on a vApp that was busy."""


def heed(world: World, event: Event) -> None:
    """A task that has succeeded may have deployed a vApp, or undeployed it."""
    if event.type != "task/complete" or event.task_owner is None:
        return
    owner = event.task_owner
    vm = world.inventory.vms.get(owner.id)
    vapp = world.inventory.vapps.get(owner.id) if vm is None else vm.vapp
    if vapp is not None:
        watch(world, vapp)


def watch(world: World, vapp: VApp, *, anew: bool = False) -> None:
    """Have the leases run as the vApp's state says; `anew` from this moment."""
    leases = vapp.leases
    _run(world, vapp, leases.deployment, vapp.deployed, anew)
    _run(world, vapp, leases.storage, not vapp.deployed, anew)
    if vapp.deployed or anew:
        leases.expired = False


def _run(world: World, vapp: VApp, lease: Lease, runs: bool, anew: bool) -> None:
    if not runs or not lease.seconds:
        lease.stop()
    elif lease.timer is None or anew:
        lease.stop()
        lease.expires = world.now() + lease.seconds
        lease.timer = world.clock.call_at(lease.expires, partial(_over, world, vapp, lease), world)


def _over(world: World, vapp: VApp, lease: Lease) -> None:
    if busy_with(vapp) is not None:
        lease.timer = world.clock.call_later(RETRY, partial(_over, world, vapp, lease), world)
    elif lease is vapp.leases.deployment:
        _stop(world, vapp)
    else:
        _let_go(world, vapp)


def _stop(world: World, vapp: VApp) -> None:
    world.emit("vapp/runtime_lease_expiry", vapp.ref, vapp.org, world.inventory.system_user)
    if can_undeploy(vapp):
        suspend = world.settings.runtime_expiry == "suspend"
        operation = "vappUndeploySuspend" if suspend else "vappUndeployPowerOff"
        world.request(operation, world.inventory.system_user, undeploy(vapp, suspend=suspend))


def _let_go(world: World, vapp: VApp) -> None:
    vapp.leases.expired = True
    if world.settings.storage_expiry == "delete" and can_delete(vapp):
        world.request("vdcDeleteVapp", world.inventory.system_user, delete(vapp))
