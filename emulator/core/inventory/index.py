"""Everything that exists in a world, by its id."""

from __future__ import annotations

from typing import Any

from gatepost.core.entities import Entity
from gatepost.core.errors import DuplicateName, NotFound
from gatepost.core.inventory.cabling import unplug
from gatepost.core.inventory.library import Catalog, CatalogItem, Disk, Media, TemplateVm, VAppTemplate
from gatepost.core.inventory.machines import VApp, Vm
from gatepost.core.inventory.networks import Network, VAppNetwork
from gatepost.core.inventory.tenants import Organization, ProviderVdc, Role, StorageProfile, User, Vdc
from gatepost.core.inventory.uploads import Upload
from gatepost.core.inventory.vsphere import VimServer

Resource = VApp | Vm | VAppTemplate | Media | Disk | Catalog
"""What users make and operations lock."""

_KIND_WORDS = {"vapp": "vApp", "vapptemplate": "vApp template", "media": "media file"}


class Inventory:
    """Every object by its id; each look-up costs the same however many there are."""

    def __init__(self) -> None:
        self.orgs: dict[str, Organization] = {}
        self.roles: dict[Role, str] = {}
        self.users: dict[str, User] = {}
        self.provider_vdcs: dict[str, ProviderVdc] = {}
        self.vdcs: dict[str, Vdc] = {}
        self.storage_profiles: dict[str, StorageProfile] = {}
        self.networks: dict[str, Network] = {}
        self.vapp_networks: dict[str, VAppNetwork] = {}
        self.catalogs: dict[str, Catalog] = {}
        self.catalog_items: dict[str, CatalogItem] = {}
        self.templates: dict[str, VAppTemplate] = {}
        self.template_vms: dict[str, TemplateVm] = {}
        self.media: dict[str, Media] = {}
        self.disks: dict[str, Disk] = {}
        self.vapps: dict[str, VApp] = {}
        self.vms: dict[str, Vm] = {}
        self.uploads: dict[str, Upload] = {}
        self.vim_servers: dict[str, VimServer] = {}
        self.system_org: Organization
        self.system_user: User

    @property
    def administrator(self) -> User:
        """Who acts where nobody has logged in: the first system administrator, or with none left the cloud itself."""
        people = self.system_org.users.values()
        return next((user for user in people if user.password is not None), self.system_user)

    def find_user(self, name: str, org_name: str) -> User:
        """The user by the names that people type; organizations are compared without case. Raises NotFound."""
        for org in self.orgs.values():
            if org.name.lower() == org_name.lower():
                for user in org.users.values():
                    if user.name == name:
                        return user
        raise NotFound("user", f"{name}@{org_name}")

    def remove_user(self, user: User) -> None:
        """Let nobody log in as this user any more; what he made stays."""
        del self.users[user.id]
        del user.org.users[user.id]

    def entity(self, id: str) -> Entity | None:
        """What a task can be about, by its id."""
        kinds: tuple[dict[str, Any], ...] = (
            self.vapps,
            self.vms,
            self.templates,
            self.media,
            self.disks,
            self.catalogs,
            self.catalog_items,
            self.vdcs,
            self.orgs,
        )
        return next((kind[id] for kind in kinds if id in kind), None)

    def add(self, one: Resource) -> None:
        """Put a new object where it belongs. Raises DuplicateName, and then nothing has changed."""
        match one:
            case VApp():
                self._take_name(one.vdc, one.kind, one.name)
                one.vdc.vapps[one.id] = self.vapps[one.id] = one
            case Vm():
                one.vapp.vms.append(one)
                self.vms[one.id] = one
            case VAppTemplate():
                self._take_name(one.vdc, one.kind, one.name)
                one.vdc.templates[one.id] = self.templates[one.id] = one
                self.template_vms.update((vm.id, vm) for vm in one.vms)
            case Media():
                self._take_name(one.vdc, one.kind, one.name)
                one.vdc.media[one.id] = self.media[one.id] = one
            case Disk():
                one.vdc.disks[one.id] = self.disks[one.id] = one
            case Catalog():
                self._require_free_catalog(one, one.name)
                one.org.catalogs[one.id] = self.catalogs[one.id] = one

    def remove(self, one: Resource) -> None:
        """Take an object with its parts out of the world; taking out what is gone already changes nothing."""
        match one:
            case VApp():
                self._remove_vapp(one)
            case Vm():
                if self.vms.pop(one.id, None) is not None:
                    self._let_go(one)
                    one.vapp.vms.remove(one)
            case VAppTemplate():
                self._remove_template(one)
            case Media():
                if self.media.pop(one.id, None) is not None:
                    del one.vdc.media[one.id]
                    one.vdc.taken_names.discard((one.kind, one.name))
                    self._remove_item(one.item)
                    if one.upload is not None:
                        self.uploads.pop(one.upload.id, None)
            case Disk():
                if self.disks.pop(one.id, None) is not None:
                    del one.vdc.disks[one.id]
            case Catalog():
                if self.catalogs.pop(one.id, None) is not None:
                    del one.org.catalogs[one.id]

    def rename(self, one: VApp | VAppTemplate | Media, name: str) -> None:
        """Give another name, one that is free. Raises DuplicateName."""
        if name == one.name:
            return
        self._take_name(one.vdc, one.kind, name)
        one.vdc.taken_names.discard((one.kind, one.name))
        one.name = name

    def require_free_name(self, one: VApp | VAppTemplate | Media, name: str) -> None:
        """Raises DuplicateName where another of its kind in its datacenter has the name."""
        if (one.kind, name) in one.vdc.taken_names:
            raise _taken(one.vdc, one.kind, name)

    def rename_catalog(self, catalog: Catalog, name: str) -> None:
        """Raises DuplicateName."""
        self._require_free_catalog(catalog, name)
        catalog.name = name

    def set_networks(self, vapp: VApp, networks: list[VAppNetwork]) -> None:
        """These are the vApp's networks from now on."""
        for network in vapp.networks:
            self.vapp_networks.pop(network.id, None)
        vapp.networks = networks
        self.vapp_networks.update((network.id, network) for network in networks)

    def add_item(self, item: CatalogItem) -> None:
        """List a template or media file in its catalog. Raises DuplicateName."""
        self.require_free_item(item.catalog, item.name)
        item.catalog.items[item.id] = self.catalog_items[item.id] = item
        item.entity.item = item

    def require_free_item(self, catalog: Catalog, name: str) -> None:
        """Raises DuplicateName where the catalog has such an item."""
        if any(other.name == name for other in catalog.items.values()):
            raise DuplicateName(f'The name "{name}" is already taken in catalog "{catalog.name}".')

    def remove_item(self, item: CatalogItem) -> None:
        """List it no longer; what it stood for stays."""
        self._remove_item(item)
        item.entity.item = None

    def _require_free_catalog(self, catalog: Catalog, name: str) -> None:
        if any(other.name == name for other in catalog.org.catalogs.values() if other is not catalog):
            raise DuplicateName(f'The name "{name}" is already taken by a catalog of "{catalog.org.name}".')

    def _take_name(self, vdc: Vdc, kind: str, name: str) -> None:
        if (kind, name) in vdc.taken_names:
            raise _taken(vdc, kind, name)
        vdc.taken_names.add((kind, name))

    def _remove_vapp(self, vapp: VApp) -> None:
        if self.vapps.pop(vapp.id, None) is None:
            return
        for vm in vapp.vms:
            if self.vms.pop(vm.id, None) is not None:
                self._let_go(vm)
        self.set_networks(vapp, [])
        for lease in (vapp.leases.deployment, vapp.leases.storage):
            lease.stop()
        del vapp.vdc.vapps[vapp.id]
        vapp.vdc.taken_names.discard((vapp.kind, vapp.name))

    def _let_go(self, vm: Vm) -> None:
        """What a VM leaves to others when it goes: its addresses, its media, its independent disks."""
        for card in vm.hardware.nics.cards:
            unplug(vm, card)
        for inserted in vm.drives.values():
            inserted.inserted_in.pop(vm.id, None)
        for disk in vm.hardware.disks:
            if disk.independent is not None:
                disk.independent.attached_to = None

    def _remove_template(self, template: VAppTemplate) -> None:
        if self.templates.pop(template.id, None) is None:
            return
        for vm in template.vms:
            self.template_vms.pop(vm.id, None)
        del template.vdc.templates[template.id]
        template.vdc.taken_names.discard((template.kind, template.name))
        self._remove_item(template.item)

    def _remove_item(self, item: CatalogItem | None) -> None:
        if item is not None and self.catalog_items.pop(item.id, None) is not None:
            del item.catalog.items[item.id]


def _taken(vdc: Vdc, kind: str, name: str) -> DuplicateName:
    return DuplicateName(f'The name "{name}" is already taken by a {_KIND_WORDS[kind]} in vdc "{vdc.name}".')
