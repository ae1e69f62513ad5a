"""Network cards and the networks they are plugged into: who has which address."""

from __future__ import annotations

from gatepost.core.errors import InvalidValue
from gatepost.core.inventory.machines import VApp, Vm
from gatepost.core.inventory.networks import Network, Nic, VAppNetwork

NO_NETWORK = "none"
"""What a card is connected to that is connected to nothing."""


def network_of(vapp: VApp, name: str) -> Network | VAppNetwork | None:
    """The network that gives a card in this vApp its address: a bridged one of the vApp stands for its parent."""
    for own in vapp.networks:
        if own.name == name:
            return own.parent if own.parent is not None and own.fence_mode == "bridged" else own
    return next((network for network in vapp.org.networks.values() if network.name == name), None)


def plug_in(vm: Vm, card: Nic) -> None:
    """Give the card an address as its mode has it; none where the pool is used up.

    Raises InvalidValue when an address that was chosen by hand belongs to another card.
    """
    network = network_of(vm.vapp, card.network)
    if network is None:
        return
    if card.mode == "POOL":
        card.ip = network.addresses.draw(network.scope)
    elif card.mode == "MANUAL" and card.ip is not None and not network.addresses.claim(card.ip):
        raise InvalidValue(f"The IP address {card.ip} is already in use in network {card.network}. Choose another one.")


def unplug(vm: Vm, card: Nic) -> None:
    """Give its address back."""
    network = network_of(vm.vapp, card.network)
    if network is not None and card.ip is not None:
        network.addresses.give_back(card.ip, network.scope)
    card.ip = None
