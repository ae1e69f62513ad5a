"""What exists in the cloud, with its indexes.

Plain objects and dictionaries; every look-up by id is O(1). Who may change them, and when, is the operations' affair.
"""

from gatepost.core.inventory.cabling import NO_NETWORK, network_of, plug_in, unplug
from gatepost.core.inventory.guests import (
    GUEST_SYSTEMS,
    BootOptions,
    GuestCustomization,
    GuestSystem,
    HotAdd,
    ProductProperty,
    ProductSection,
)
from gatepost.core.inventory.index import Inventory, Resource
from gatepost.core.inventory.leases import Lease, Leases
from gatepost.core.inventory.library import Catalog, CatalogItem, Disk, Media, TemplateVm, VAppTemplate
from gatepost.core.inventory.machines import (
    HardDisk,
    Hardware,
    Machine,
    MetadataKey,
    Metadatum,
    Snapshot,
    Status,
    VApp,
    Vm,
    machines_of,
)
from gatepost.core.inventory.networks import IpScope, Network, NetworkConfig, Nic, Nics, VAppNetwork
from gatepost.core.inventory.sections import StartupItem
from gatepost.core.inventory.sharing import AccessLevel, Sharing
from gatepost.core.inventory.tenants import Organization, ProviderVdc, Role, StorageProfile, User, Vdc
from gatepost.core.inventory.uploads import Upload, UploadFile
from gatepost.core.inventory.vsphere import ImportableVm, VimServer

__all__ = [
    "GUEST_SYSTEMS",
    "NO_NETWORK",
    "AccessLevel",
    "BootOptions",
    "Catalog",
    "CatalogItem",
    "Disk",
    "GuestCustomization",
    "GuestSystem",
    "HardDisk",
    "Hardware",
    "HotAdd",
    "ImportableVm",
    "Inventory",
    "IpScope",
    "Lease",
    "Leases",
    "Machine",
    "Media",
    "MetadataKey",
    "Metadatum",
    "Network",
    "NetworkConfig",
    "Nic",
    "Nics",
    "Organization",
    "ProductProperty",
    "ProductSection",
    "ProviderVdc",
    "Resource",
    "Role",
    "Sharing",
    "Snapshot",
    "StartupItem",
    "Status",
    "StorageProfile",
    "TemplateVm",
    "Upload",
    "UploadFile",
    "User",
    "VApp",
    "VAppNetwork",
    "VAppTemplate",
    "Vdc",
    "VimServer",
    "Vm",
    "machines_of",
    "network_of",
    "plug_in",
    "unplug",
]
