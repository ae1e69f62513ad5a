"""What runs in a VM and how it starts: operating systems, guest customization, boot options, product sections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class GuestSystem(NamedTuple):
    """An operating system: CIM's number for its kind, vSphere's word for it, and its name."""

    number: int
    word: str
    name: str


GUEST_SYSTEMS = tuple(
    GuestSystem(*one)
    for one in (
        (1, "otherGuest", "Other (32-bit)"),
        (102, "otherGuest64", "Other (64-bit)"),
        (36, "otherLinuxGuest", "Other Linux (32-bit)"),
        (101, "otherLinux64Guest", "Other Linux (64-bit)"),
        (107, "centos64Guest", "CentOS 4/5/6/7 (64-bit)"),
        (107, "centos8_64Guest", "CentOS 8 (64-bit)"),
        (96, "debian8_64Guest", "Debian GNU/Linux 8 (64-bit)"),
        (96, "debian10_64Guest", "Debian GNU/Linux 10 (64-bit)"),
        (80, "rhel7_64Guest", "Red Hat Enterprise Linux 7 (64-bit)"),
        (85, "sles12_64Guest", "SUSE Linux Enterprise 12 (64-bit)"),
        (93, "ubuntuGuest", "Ubuntu Linux (32-bit)"),
        (94, "ubuntu64Guest", "Ubuntu Linux (64-bit)"),
        (103, "windows7Server64Guest", "Microsoft Windows Server 2008 R2 (64-bit)"),
        (112, "windows8Server64Guest", "Microsoft Windows Server 2012 (64-bit)"),
        (112, "windows9Server64Guest", "Microsoft Windows Server 2016 (64-bit)"),
    )
)
"""Those that a VM can be told to run."""

OTHER_LINUX = GUEST_SYSTEMS[3]


@dataclass(frozen=True, slots=True)
class GuestCustomization:
    """How the guest is made its own; an empty `computer_name` stands for one made from the VM's name."""

    enabled: bool = True
    change_sid: bool = False
    join_domain: bool = False
    use_org_settings: bool = False
    domain_name: str = ""
    domain_user: str = ""
    domain_password: str = ""
    machine_ou: str = ""
    admin_password_enabled: bool = True
    admin_password_auto: bool = True
    admin_password: str = ""
    auto_logon: bool = False
    auto_logon_count: int = 0
    reset_password: bool = False
    script: str = ""
    computer_name: str = ""


@dataclass(frozen=True, slots=True)
class HotAdd:
    """What can be given to a VM that runs."""

    memory: bool = False
    cpu: bool = False


@dataclass(frozen=True, slots=True)
class BootOptions:
    delay_ms: int = 0
    enter_bios: bool = False


class ProductProperty(NamedTuple):
    key: str
    value: str
    type: str = "string"
    user_configurable: bool = True
    label: str = ""
    description: str = ""


class ProductSection(NamedTuple):
    """A section of an OVF descriptor that names a product, and the values that its guest can read."""

    info: str
    product: str = ""
    vendor: str = ""
    version: str = ""
    full_version: str = ""
    properties: tuple[ProductProperty, ...] = ()
