"""Machines in an inventory file: hardware, guests, templates, vApps."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gatepost.core.inventory import GUEST_SYSTEMS
from gatepost.core.seed.fields import Address, Count, Name, Part, Reference, Text
from gatepost.core.seed.networks import VAppNetwork

Megabytes = Annotated[int, Field(ge=1, le=62 << 20)]
Bytes = Annotated[int, Field(ge=1, le=62 << 40)]
Cpus = Annotated[int, Field(ge=1, le=128)]
BusType = Literal["5", "6", "20"]
"""IDE, SCSI, SATA."""

BusSubType = Literal["lsilogic", "lsilogicsas", "buslogic", "VirtualSCSI", ""]


def _known_guest(word: str) -> str:
    if word not in GUESTS:
        raise ValueError(f"one of {', '.join(GUESTS)} is expected")
    return word


GUESTS = {system.word: system for system in GUEST_SYSTEMS}
GuestWord = Annotated[str, AfterValidator(_known_guest), Field(json_schema_extra={"enum": [*GUESTS]})]
Level = Literal["ReadOnly", "Change", "FullControl"]
State = Literal["powered-on", "powered-off", "suspended"]


class Metadatum(Part):
    """An entry of metadata; `type` is an XSD type of the vCloud API."""

    key: Annotated[str, Field(max_length=256, pattern=r"^[^/]*[^/\s][^/]*$")]
    value: Text
    type: Literal["MetadataStringValue", "MetadataNumberValue", "MetadataBooleanValue", "MetadataDateTimeValue"] = (
        "MetadataStringValue"
    )
    domain: Literal["GENERAL", "SYSTEM"] = "GENERAL"
    visibility: Literal["READWRITE", "PRIVATE", "READONLY"] = "READWRITE"


class Share(Part):
    user: Reference
    access: Level = "ReadOnly"


class Sharing(Part):
    """What everyone in the organization may do, if anything, and what single users may."""

    everyone: Level | None = None
    users: list[Share] = []


class IndependentDisk(Part):
    """A disk of its own; `size` is bytes. One that is attached stands among its VM's disks."""

    name: Name
    size: Bytes
    vdc: Reference | None = Field(default=None, description="the first of the organization, unless named")
    owner: Reference | None = None
    storage_profile: Reference | None = None
    bus_type: BusType = "6"
    bus_sub_type: BusSubType | None = Field(default=None, description="lsilogic on SCSI, none elsewhere")
    description: Text = ""
    metadata: list[Metadatum] = []


class AttachedDisk(Part):
    """A disk of a machine: one of its own of `size_mb`, or an `independent` one."""

    size_mb: Megabytes | None = Field(default=None, description="8192, unless the disk is an independent one")
    independent: IndependentDisk | None = None
    instance: Count | None = None
    unit: Annotated[int, Field(ge=0, le=63)] | None = None
    bus_type: BusType = "6"
    bus_sub_type: BusSubType | None = Field(default=None, description="lsilogic on SCSI, none elsewhere")


class Nic(Part):
    """A network card; `network` is the name of a network of the vApp or the organization, or `none`."""

    network: Reference = "none"
    index: Annotated[int, Field(ge=0, le=9)] | None = Field(default=None, description="its place in the list")
    ip: Address | None = None
    mode: Literal["POOL", "DHCP", "MANUAL", "NONE"] | None = Field(
        default=None, description="POOL, or NONE without a network"
    )
    connected: bool = True
    adapter: Literal["VLANCE", "E1000", "E1000E", "VMXNET", "VMXNET2", "VMXNET3", "FLEXIBLE"] = "VMXNET3"


class Hardware(Part):
    """What a machine is made of. Without a list of disks it has one."""

    cpus: Cpus = 1
    cores_per_socket: Cpus = 1
    memory_mb: Annotated[int, Field(ge=4, le=6 << 20)] = 1024
    hardware_version: Annotated[str, Field(pattern=r"^vmx-\d\d$")] = "vmx-08"
    guest_os: GuestWord = "otherLinux64Guest"
    disks: Annotated[list[AttachedDisk], Field(max_length=60)] | None = None


class Cabled(Hardware):
    """Hardware with network cards; without a list of them it has one, in the first network of its vApp."""

    nics: Annotated[list[Nic], Field(max_length=10)] | None = None
    primary_nic: Annotated[int, Field(ge=0, le=9)] = 0


class ImportableVm(Hardware):
    """A machine that vSphere has; `moref` is its managed object reference."""

    moref: Name
    name: Name


class Guest(Part):
    """Guest customization, in the words of GuestCustomizationSection."""

    enabled: bool = True
    change_sid: bool = False
    join_domain: bool = False
    use_org_settings: bool = False
    domain_name: Text = ""
    domain_user: Text = ""
    domain_password: Text = ""
    machine_ou: Text = ""
    admin_password_enabled: bool = True
    admin_password_auto: bool = True
    admin_password: Text = ""
    auto_logon: bool = False
    auto_logon_count: Annotated[int, Field(ge=0, le=100)] = 0
    reset_password: bool = False
    script: Text = ""
    computer_name: Text = ""


class TemplateVm(Cabled):
    name: Name
    guest: Guest = Guest()


class HotAdd(Part):
    """What can be given to a VM that runs."""

    memory: bool = False
    cpu: bool = False


class Boot(Part):
    delay_ms: Annotated[int, Field(ge=0, le=10_000)] = 0
    enter_bios: bool = False


class Startup(Part):
    """When and how a VM starts and stops with its vApp; delays are seconds."""

    order: Annotated[int, Field(ge=0, le=65_535)] = 0
    start_action: Literal["powerOn", "none"] = "powerOn"
    start_delay: Annotated[int, Field(ge=0, le=65_535)] = 0
    stop_action: Literal["powerOff", "guestShutdown", "none"] = "powerOff"
    stop_delay: Annotated[int, Field(ge=0, le=65_535)] = 0


class Property(Part):
    key: Text
    value: Text
    type: Text = "string"
    user_configurable: bool = True
    label: Text = ""
    description: Text = ""


class Product(Part):
    """A product section of an OVF descriptor."""

    info: Text
    product: Text = ""
    vendor: Text = ""
    version: Text = ""
    full_version: Text = ""
    properties: list[Property] = []


class Snapshot(Hardware):
    """The state that a revert brings back."""

    state: State = "powered-off"
    deployed: bool = False
    powered_on: bool = Field(default=False, description="whether the VM ran; it comes back on only with its memory")


class InsertedMedia(Part):
    """A media file in a VM's drive, by its name and the datacenter it is in."""

    name: Reference
    vdc: Reference | None = Field(default=None, description="the vApp's own, unless named")
    organization: Reference | None = Field(default=None, description="the vApp's own, unless named")


class Vm(Cabled):
    name: Name
    description: Text = ""
    state: State = "powered-off"
    deployed: bool | None = Field(default=None, description="true while it is powered on, else false unless said")
    storage_profile: Reference | None = None
    guest: Guest = Guest()
    needs_customization: bool = False
    hot_add: HotAdd = HotAdd()
    boot: Boot = Boot()
    startup: Startup | None = None
    products: list[Product] = []
    media: list[InsertedMedia] = []
    snapshot: Snapshot | None = None
    metadata: list[Metadatum] = []


class VApp(Part):
    """A vApp; it is on as soon as one of its VMs is. Leases that are not mentioned are the settings' own."""

    name: Name
    vdc: Reference | None = Field(default=None, description="the first of the organization, unless named")
    owner: Reference | None = Field(default=None, description="the first user of the organization, unless named")
    description: Text = ""
    networks: list[VAppNetwork] | None = Field(default=None, description="bridged to the first of the organization")
    vms: list[Vm] = []
    deployment_lease_s: Count | None = None
    storage_lease_s: Count | None = None
    maintenance: bool = False
    sharing: Sharing = Sharing()
    products: list[Product] = []
    metadata: list[Metadatum] = []


class CatalogItem(Part):
    """How a catalog lists a template or media file, where that differs from its own name and description."""

    name: Name | None = None
    description: Text | None = None
    metadata: list[Metadatum] = []


class Template(Part):
    """A vApp template, listed in the first catalog of the organization unless another is named."""

    name: Name
    vdc: Reference | None = Field(default=None, description="the first of the organization, unless named")
    listed: bool = Field(default=True, description="whether a catalog lists it")
    catalog: Reference | None = Field(default=None, description="the first of the organization, unless named")
    item: CatalogItem = CatalogItem()
    owner: Reference | None = Field(default=None, description="the first user of the organization, unless named")
    description: Text = ""
    networks: list[VAppNetwork] | None = Field(default=None, description="bridged to the first of the organization")
    vms: list[TemplateVm] = []
    gold_master: bool = False
    customized: bool = True
    downloadable: bool = False
    storage_lease_s: Count = 0
    metadata: list[Metadatum] = []


class Media(Part):
    """A media file of `size` bytes, listed in the first catalog of the organization unless another is named."""

    name: Name
    size: Annotated[int, Field(ge=0, le=2**53)] = 1 << 20
    image_type: Literal["iso", "floppy"] = "iso"
    vdc: Reference | None = Field(default=None, description="the first of the organization, unless named")
    listed: bool = Field(default=True, description="whether a catalog lists it")
    catalog: Reference | None = Field(default=None, description="the first of the organization, unless named")
    item: CatalogItem = CatalogItem()
    owner: Reference | None = Field(default=None, description="the first user of the organization, unless named")
    description: Text = ""
    metadata: list[Metadatum] = []
