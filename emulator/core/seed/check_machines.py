"""Whether the machines in an inventory file could have been made: places of disks, addresses, media, power."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gatepost.core.errors import InvalidValue
from gatepost.core.inventory import NO_NETWORK
from gatepost.core.seed import machines
from gatepost.core.seed import plan as plans
from gatepost.core.seed.hardware import layout
from gatepost.core.seed.problem import Path, Problem, missing, twice
from gatepost.core.seed.tenancy import Tenancy


class MachineCheck:
    """Of one organization's machines, or without one of vSphere's."""

    def __init__(self, tenancy: Tenancy | None = None, everything: Mapping[str, Tenancy] | None = None) -> None:
        self._tenancy = tenancy
        self._everything = everything or {}
        self._taken: dict[tuple[str, str], Path] = {}

    def hardware(self, path: Path, plan: machines.Hardware, *, attaches: bool = False) -> Iterator[Problem]:
        """`attaches` where there can be independent disks."""
        for place, disk in enumerate(plan.disks or ()):
            here = (*path, "disks", place)
            if disk.independent is not None and not attaches:
                yield Problem((*here, "independent"), "only a VM of a vApp, without a snapshot, has independent disks")
            if disk.independent is not None and disk.size_mb is not None:
                yield Problem((*here, "size_mb"), "an independent disk has a size of its own")
        try:
            disks = layout(plan.disks)
        except InvalidValue:
            yield Problem((*path, "disks"), "a controller has no room for so many disks; choose another bus_type")
            return
        instances: set[int] = set()
        units: set[tuple[str, str, int]] = set()
        for place, made in enumerate(disks):
            here = (*path, "disks", place)
            if made.instance in instances:
                yield Problem((*here, "instance"), f"another disk has the instance {made.instance}")
            if (made.bus_type, made.bus_sub_type, made.unit) in units:
                yield Problem((*here, "unit"), f"another disk has the unit {made.unit} of that controller")
            instances.add(made.instance)
            units.add((made.bus_type, made.bus_sub_type, made.unit))

    def template_vm(self, path: Path, plan: machines.TemplateVm) -> Iterator[Problem]:
        yield from self.hardware(path, plan)
        yield from _cards(path, plan)

    def independent(self, path: Path, disk: machines.IndependentDisk, vdc: plans.Vdc | None) -> Iterator[Problem]:
        tenancy = self._tenancy
        if tenancy is not None and disk.owner is not None and not tenancy.has_user(disk.owner):
            yield missing((*path, "owner"), "user", disk.owner, tenancy.users)
        if vdc is not None and disk.storage_profile is not None:
            yield from _profile(path, disk.storage_profile, vdc)

    def vm(self, path: Path, vapp: machines.VApp, plan: machines.Vm) -> Iterator[Problem]:
        """A VM of a vApp of the organization."""
        yield from self.hardware(path, plan, attaches=plan.snapshot is None)
        yield from _cards(path, plan)
        if plan.state == "powered-on" and plan.deployed is False:
            yield Problem((*path, "deployed"), "a VM that is powered on is deployed")
        tenancy = self._tenancy
        assert tenancy is not None
        vdc = tenancy.vdc(vapp.vdc)
        if vdc is not None and plan.storage_profile is not None:
            yield from _profile(path, plan.storage_profile, vdc)
        for place, disk in enumerate(plan.disks or ()):
            if disk.independent is not None:
                here = (*path, "disks", place, "independent")
                yield from self.independent(here, disk.independent, vdc)
                if disk.independent.vdc is not None:
                    yield Problem((*here, "vdc"), "a disk that is attached is in its vApp's vdc: leave this out")
        if plan.snapshot is not None:
            yield from self.hardware((*path, "snapshot"), plan.snapshot)
        yield from self._drives(path, vapp, plan)
        yield from self._plugs(path, tenancy, vapp, plan)

    def _drives(self, path: Path, vapp: machines.VApp, plan: machines.Vm) -> Iterator[Problem]:
        kinds: set[str] = set()
        for place, inserted in enumerate(plan.media):
            here = (*path, "media", place)
            name = inserted.organization
            tenancy = self._tenancy if name is None else self._everything.get(name)
            if tenancy is None:
                yield missing((*here, "organization"), "organization", name or "", self._everything)
                continue
            own = inserted.vdc is None and name is None
            vdc = tenancy.vdc(vapp.vdc if own else inserted.vdc)
            there = {one.name: one for one in tenancy.org.media if tenancy.vdc(one.vdc) is vdc}
            if vdc is None and inserted.vdc is not None:
                yield missing((*here, "vdc"), "vdc", inserted.vdc, tenancy.vdcs)
            elif inserted.name not in there:
                yield missing((*here, "name"), "media file", inserted.name, there)
            elif there[inserted.name].image_type in kinds:
                yield Problem(here, f"the VM's drive for {there[inserted.name].image_type} images holds one already")
            else:
                kinds.add(there[inserted.name].image_type)

    def _plugs(self, path: Path, tenancy: Tenancy, vapp: machines.VApp, plan: machines.Vm) -> Iterator[Problem]:
        """Cards are in networks that are there, and no two of them have one address."""
        parents = {one.name: one for one in vapp.networks or ()}
        for place, card in enumerate(plan.nics or ()):
            here = (*path, "nics", place)
            if card.network == NO_NETWORK:
                continue
            own = parents.get(card.network)
            if own is None and card.network not in tenancy.networks:
                yield missing((*here, "network"), "network", card.network, {*parents, *tenancy.networks})
            if card.mode == "MANUAL" and not card.ip:
                yield Problem(here, "the mode MANUAL needs an ip")
            if not card.ip:
                continue
            bridged = own is not None and own.parent is not None and own.fence_mode in (None, "bridged")
            network = card.network if own is None else own.parent if bridged else None
            where = f"network {network}" if network is not None else f"vApp {path[:-2]} {card.network}"
            if (where, card.ip) in self._taken:
                yield Problem((*here, "ip"), f"the address {card.ip} belongs to another network card")
            self._taken[where, card.ip] = here


def _profile(path: Path, name: str, vdc: plans.Vdc) -> Iterator[Problem]:
    names = {profile.name for profile in vdc.storage_profiles}
    if name not in names:
        yield missing((*path, "storage_profile"), "storage profile", name, names)


def _cards(path: Path, plan: machines.Cabled) -> Iterator[Problem]:
    if plan.nics is None:
        return
    indexes = [place if card.index is None else card.index for place, card in enumerate(plan.nics)]
    yield from twice((*path, "nics"), "network card of the index", map(str, indexes), "index")
    if indexes and plan.primary_nic not in indexes:
        yield Problem((*path, "primary_nic"), f"no network card has the index {plan.primary_nic}")
