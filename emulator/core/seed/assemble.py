"""Independent disks and vApps as an inventory file has them, put together and plugged in."""

from __future__ import annotations

from collections.abc import Mapping

from gatepost.core.inventory import (
    BootOptions,
    Disk,
    HotAdd,
    Leases,
    Snapshot,
    StartupItem,
    Status,
    VApp,
    VAppNetwork,
    Vdc,
    Vm,
    network_of,
    plug_in,
)
from gatepost.core.seed import machines
from gatepost.core.seed import plan as plans
from gatepost.core.seed.attributes import metadata, products, sharing
from gatepost.core.seed.hardware import bus, guest, hardware
from gatepost.core.seed.places import Places, configs
from gatepost.core.workflows.leases import watch
from gatepost.core.workflows.power import follow
from gatepost.core.world import World

STATES = {
    "powered-on": Status.POWERED_ON,
    "powered-off": Status.POWERED_OFF,
    "suspended": Status.SUSPENDED,
}


class Assembler:
    """`everything` has the organizations by name."""

    def __init__(self, world: World, everything: Mapping[str, Places]) -> None:
        self._world = world
        self._everything = everything

    def add(self, places: Places, plan: plans.Organization) -> None:
        for disk in plan.disks:
            self._disk(places, disk, places.vdc(disk.vdc))
        for vapp in plan.vapps:
            self._vapp(places, vapp)

    def plug_in(self) -> None:
        """Give all network cards their addresses: first those that the file names, then the others."""
        cards = [(vm, card) for vm in self._world.inventory.vms.values() for card in vm.hardware.nics.cards]
        for vm, card in cards:
            network = network_of(vm.vapp, card.network)
            if network is not None and card.ip is not None:
                network.addresses.claim(card.ip)
        for vm, card in cards:
            if card.ip is None:
                plug_in(vm, card)

    def _disk(self, places: Places, plan: machines.IndependentDisk, vdc: Vdc) -> Disk:
        profile = places.profile(vdc, plan.storage_profile)
        disk = Disk(self._world.ids.uuid(), plan.name, vdc, places.owner(plan.owner), plan.size, profile, *bus(plan))
        disk.description, disk.status = plan.description, Status.RESOLVED
        disk.metadata = metadata(plan.metadata)
        self._world.inventory.add(disk)
        return disk

    def _vapp(self, places: Places, plan: machines.VApp) -> None:
        world, settings = self._world, self._world.settings
        owner = places.owner(plan.owner)
        vapp = VApp(world.ids.uuid(), plan.name, places.vdc(plan.vdc), owner, world.now(), plan.description)
        vapp.leases = Leases.of(
            settings.runtime_lease if plan.deployment_lease_s is None else plan.deployment_lease_s,
            settings.storage_lease if plan.storage_lease_s is None else plan.storage_lease_s,
        )
        vapp.maintenance, vapp.metadata = plan.maintenance, metadata(plan.metadata)
        vapp.sharing, vapp.products = sharing(places, plan.sharing), products(plan.products)
        world.inventory.add(vapp)
        own = configs(places.org, plan.networks)
        world.inventory.set_networks(vapp, [VAppNetwork(world.ids.uuid(), vapp, config) for config in own])
        for vm in plan.vms:
            self._vm(places, vapp, vm, first_network=own[0].name if own else None)
        follow(vapp)
        watch(world, vapp)

    def _vm(self, places: Places, vapp: VApp, plan: machines.Vm, first_network: str | None) -> None:
        world = self._world
        vm = Vm(world.ids.uuid(), plan.name, vapp, world.now(), plan.description, STATES[plan.state])
        vm.deployed = plan.state == "powered-on" if plan.deployed is None else plan.deployed
        vm.hardware, vm.guest = hardware(plan, first_network), guest(plan.guest)
        vm.needs_customization, vm.products = plan.needs_customization, products(plan.products)
        vm.hot_add = HotAdd(**plan.hot_add.model_dump())
        vm.boot = BootOptions(**plan.boot.model_dump())
        vm.metadata = metadata(plan.metadata)
        if plan.storage_profile is not None:
            vm.profile = places.profile(vapp.vdc, plan.storage_profile)
        if plan.startup is not None:
            vapp.startup[vm.name] = StartupItem(**plan.startup.model_dump())
        world.inventory.add(vm)
        for card in vm.hardware.nics.cards:
            card.mac = world.ids.mac()
        for part, disk in zip(vm.hardware.disks, plan.disks or (), strict=False):
            if disk.independent is not None:
                part.independent = self._disk(places, disk.independent, vapp.vdc)
                part.independent.attached_to = vm
        for inserted in plan.media:
            self._insert(places, vm, inserted)
        if plan.snapshot is not None:
            saved = plan.snapshot
            vm.snapshot = Snapshot(world.now(), hardware(saved), STATES[saved.state], saved.deployed, saved.powered_on)

    def _insert(self, places: Places, vm: Vm, plan: machines.InsertedMedia) -> None:
        there = places if plan.organization is None else self._everything[plan.organization]
        own = plan.vdc is None and plan.organization is None
        media = there.media(plan.name, vm.vapp.vdc if own else there.vdc(plan.vdc))
        vm.drives[media.image_type] = media
        media.inserted_in[vm.id] = vm
