"""The networks in a vApp (vCloud API reference, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence

from gatepost.core.inventory import NO_NETWORK, NetworkConfig, VApp, VAppNetwork, unplug
from gatepost.core.operations import ASK, WORK, Operation, Steps, Workflow
from gatepost.core.workflows.power import is_made, require
from gatepost.core.world import World


def connected(world: World, vapp: VApp, configs: Sequence[NetworkConfig]) -> list[VAppNetwork]:
    """The vApp's networks as they would be; those that keep their name keep their id and the addresses in use."""
    known = {network.name: network for network in vapp.networks}
    networks = []
    for config in configs:
        old = known.get(config.name)
        if old is None:
            networks.append(VAppNetwork(world.ids.uuid(), vapp, config))
        else:
            networks.append(VAppNetwork(old.id, vapp, config, old.addresses))
    return networks


def change_networks(vapp: VApp, configs: Sequence[NetworkConfig]) -> Workflow:
    def workflow(op: Operation) -> Steps:
        op.acts_on(vapp)
        require(vapp, is_made(vapp), "change the networks of", "It was never made; delete it.")
        op.tell("vapp/modify_request", vapp)
        after = plan_networks(op, vapp, configs)
        op.on_end("vapp/modify", vapp)
        yield ASK
        yield WORK
        connect(op, vapp, after)

    return workflow


def connect(op: Operation, vapp: VApp, networks: list[VAppNetwork]) -> None:
    """These are the vApp's networks from now on; cards in one that is gone are connected to none."""
    gone = {network.name for network in vapp.networks} - {network.name for network in networks}
    for vm in vapp.vms:
        for card in vm.hardware.nics.cards:
            if card.network in gone:
                unplug(vm, card)
                card.network, card.mode = NO_NETWORK, "NONE"
    op.world.inventory.set_networks(vapp, networks)


def plan_networks(op: Operation, vapp: VApp, configs: Sequence[NetworkConfig]) -> list[VAppNetwork]:
    """What the networks will be, with the events that the end will tell of the changes."""
    before = {network.id: network for network in vapp.networks}
    after = connected(op.world, vapp, configs)
    for network in after:
        old = before.pop(network.id, None)
        if old is None:
            op.on_end("network/create", network)
        elif old.config != network.config:
            op.on_end("network/modify", network)
    for gone in before.values():
        op.on_end("network/delete", gone)
    return after
