"""Whether the names in an inventory file stand for something: organizations and what they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gatepost.core.seed import machines
from gatepost.core.seed import plan as plans
from gatepost.core.seed.check_machines import MachineCheck
from gatepost.core.seed.networks import VAppNetwork
from gatepost.core.seed.problem import Path, Problem, missing, twice
from gatepost.core.seed.tenancy import Tenancy

SYSTEM = ("system", "System")
"""A user of the cloud's own, and its organization: names that nobody else can have."""

_VISIBILITIES = {"GENERAL": ("READWRITE",), "SYSTEM": ("PRIVATE", "READONLY")}


def problems(plan: plans.VcloudPlan) -> Iterator[Problem]:
    """Everything that is wrong with a plan, in no special order."""
    whole = plans.furnished(plan)
    yield from twice(("administrators",), "administrator", [one.name for one in plan.administrators])
    for place, one in enumerate(plan.administrators):
        if one.name == SYSTEM[0]:
            yield Problem(("administrators", place, "name"), "the user system is the cloud's own; choose another name")
    yield from twice(("provider_vdcs",), "provider vdc", [one.name for one in plan.provider_vdcs])
    orgs = whole.organizations or ()
    yield from twice(("organizations",), "organization", [org.name.lower() for org in orgs])
    yield from twice(("vsphere",), "server", [one.name for one in whole.vsphere or ()])
    for place, server in enumerate(whole.vsphere or ()):
        yield from twice(("vsphere", place, "vms"), "machine", [vm.moref for vm in server.vms], "moref")
        for number, vm in enumerate(server.vms):
            yield from MachineCheck().hardware(("vsphere", place, "vms", number), vm)
    tenancies = {org.name: Tenancy(org, whole) for org in orgs}
    for place, org in enumerate(orgs):
        if org.name.lower() == SYSTEM[1].lower():
            yield Problem(
                ("organizations", place, "name"),
                "the organization System is there always; its users are the administrators",
            )
        yield from _OrganizationCheck(("organizations", place), tenancies[org.name], tenancies).run()


class _OrganizationCheck:
    def __init__(self, path: Path, tenancy: Tenancy, everything: dict[str, Tenancy]) -> None:
        self._path = path
        self._tenancy = tenancy
        self._org = tenancy.org
        self._machines = MachineCheck(tenancy, everything)

    def run(self) -> Iterator[Problem]:
        org, path = self._org, self._path
        for key, kind, parts in (
            ("users", "user", org.users),
            ("vdcs", "vdc", org.vdcs),
            ("networks", "network", org.networks),
            ("catalogs", "catalog", org.catalogs),
        ):
            yield from twice((*path, key), kind, [part.name for part in parts or ()])
        yield from metadata((*path, "metadata"), org.metadata)
        for place, network in enumerate(org.networks or ()):
            if network.name == "none":
                yield Problem((*path, "networks", place, "name"), "a network cannot be called none")
        for place, vdc in enumerate(org.vdcs or ()):
            yield from self._vdc((*path, "vdcs", place), vdc)
        for place, catalog in enumerate(org.catalogs or ()):
            here = (*path, "catalogs", place)
            yield from self._owner(here, catalog.owner)
            yield from self._sharing((*here, "sharing"), catalog.sharing)
            yield from metadata((*here, "metadata"), catalog.metadata)
        yield from self._library()
        for place, disk in enumerate(org.disks):
            yield from self._disk((*path, "disks", place), disk)
        for place, vapp in enumerate(org.vapps):
            yield from self._vapp((*path, "vapps", place), vapp)

    def _vdc(self, path: Path, vdc: plans.Vdc) -> Iterator[Problem]:
        providers = self._tenancy.providers
        if vdc.provider is not None and vdc.provider not in providers:
            yield missing((*path, "provider"), "provider vdc", vdc.provider, providers)
        yield from twice(
            (*path, "storage_profiles"), "storage profile", [profile.name for profile in vdc.storage_profiles]
        )
        yield from metadata((*path, "metadata"), vdc.metadata)

    def _library(self) -> Iterator[Problem]:
        """Templates and media; in a datacenter each kind has names of its own, and in a catalog all have."""
        listed: set[tuple[str | None, str]] = set()
        parts: list[tuple[str, Sequence[machines.Template | machines.Media]]] = [
            ("templates", self._org.templates or ()),
            ("media", self._org.media),
        ]
        for key, entities in parts:
            taken: set[tuple[str | None, str]] = set()
            for place, one in enumerate(entities):
                path = (*self._path, key, place)
                yield from self._place(path, one.vdc, one.name, taken)
                yield from self._owner(path, one.owner)
                yield from metadata((*path, "metadata"), one.metadata)
                yield from metadata((*path, "item", "metadata"), one.item.metadata)
                yield from self._listing(path, one, listed)
                if isinstance(one, machines.Template):
                    yield from self._networks(path, one.networks)
                    yield from twice((*path, "vms"), "VM", [vm.name for vm in one.vms])
                    for number, vm in enumerate(one.vms):
                        yield from self._machines.template_vm((*path, "vms", number), vm)

    def _listing(
        self, path: Path, one: machines.Template | machines.Media, listed: set[tuple[str | None, str]]
    ) -> Iterator[Problem]:
        catalogs = self._tenancy.catalogs
        if one.catalog is not None and one.catalog not in catalogs:
            yield missing((*path, "catalog"), "catalog", one.catalog, catalogs)
        catalog = one.catalog or next(iter(catalogs), None)
        if catalog is None or not one.listed:
            return
        name = one.item.name or one.name
        if (catalog, name) in listed:
            yield Problem((*path, "name"), f"the catalog {catalog!r} lists something of the name {name!r} already")
        listed.add((catalog, name))

    def _disk(self, path: Path, disk: machines.IndependentDisk) -> Iterator[Problem]:
        yield from self._place(path, disk.vdc)
        yield from self._machines.independent(path, disk, self._tenancy.vdc(disk.vdc))

    def _vapp(self, path: Path, vapp: machines.VApp) -> Iterator[Problem]:
        yield from self._place(path, vapp.vdc, vapp.name, self._tenancy.vapp_names)
        yield from self._owner(path, vapp.owner)
        yield from self._networks(path, vapp.networks)
        yield from self._sharing((*path, "sharing"), vapp.sharing)
        yield from metadata((*path, "metadata"), vapp.metadata)
        yield from twice((*path, "vms"), "VM", [vm.name for vm in vapp.vms])
        for place, vm in enumerate(vapp.vms):
            yield from metadata((*path, "vms", place, "metadata"), vm.metadata)
            yield from self._machines.vm((*path, "vms", place), vapp, vm)

    def _place(
        self, path: Path, vdc: str | None, name: str = "", taken: set[tuple[str | None, str]] | None = None
    ) -> Iterator[Problem]:
        found = self._tenancy.vdc(vdc)
        if found is None:
            if vdc is None:
                yield Problem(path, "it needs a vdc, and the organization has none")
            else:
                yield missing((*path, "vdc"), "vdc", vdc, self._tenancy.vdcs)
        elif taken is not None:
            if (found.name, name) in taken:
                yield Problem((*path, "name"), f"the name {name!r} is taken in the vdc {found.name!r}")
            taken.add((found.name, name))

    def _owner(self, path: Path, owner: str | None) -> Iterator[Problem]:
        if owner is not None and not self._tenancy.has_user(owner):
            yield missing((*path, "owner"), "user", owner, self._tenancy.users)

    def _sharing(self, path: Path, sharing: machines.Sharing) -> Iterator[Problem]:
        yield from twice((*path, "users"), "share of", [one.user for one in sharing.users], "user")
        for place, one in enumerate(sharing.users):
            if not self._tenancy.has_user(one.user):
                yield missing((*path, "users", place, "user"), "user", one.user, self._tenancy.users)

    def _networks(self, path: Path, networks: Sequence[VAppNetwork] | None) -> Iterator[Problem]:
        path = (*path, "networks")
        yield from twice(path, "network", [network.name for network in networks or ()])
        for place, network in enumerate(networks or ()):
            if network.parent is not None and network.parent not in self._tenancy.networks:
                yield missing((*path, place, "parent"), "network", network.parent, self._tenancy.networks)
            if network.fence_mode == "bridged" and network.parent is None:
                yield Problem((*path, place), "a bridged network needs a parent")


def metadata(path: Path, entries: Sequence[machines.Metadatum]) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for place, one in enumerate(entries):
        if (one.domain, one.key) in seen:
            yield Problem((*path, place, "key"), f"there is another entry {one.key!r} before this one")
        seen.add((one.domain, one.key))
        allowed = _VISIBILITIES[one.domain]
        if one.visibility not in allowed:
            yield Problem(
                (*path, place), f"in the domain {one.domain} the visibility is {' or '.join(allowed)}; say which"
            )
