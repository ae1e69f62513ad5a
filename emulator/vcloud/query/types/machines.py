"""Records of vApps and VMs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain
from typing import TypeVar

from gatepost.core.entities import busy_with
from gatepost.core.inventory import Organization, Status, TemplateVm, VApp, VAppTemplate, Vm
from gatepost.vcloud.query.records import (
    Attribute,
    RecordType,
    Who,
    flag,
    moment,
    number,
    of_orgs,
    reference,
    text,
    user_view,
)

STATUS_WORDS = {status: status.name for status in Status}

AnyVm = Vm | TemplateVm
T = TypeVar("T")

_DIGITS = re.compile("[0-9]+")


def itself(one: T) -> T:
    return one


def _vapps(org: Organization) -> Iterable[VApp]:
    return chain.from_iterable(vdc.vapps.values() for vdc in org.vdcs.values())


def _vms(org: Organization) -> Iterable[AnyVm]:
    for vdc in org.vdcs.values():
        yield from chain.from_iterable(template.vms for template in vdc.templates.values())
        yield from chain.from_iterable(vapp.vms for vapp in vdc.vapps.values())


def _container(vm: AnyVm) -> VApp | VAppTemplate:
    return vm.vapp if isinstance(vm, Vm) else vm.template


def _catalog_name(vm: AnyVm) -> str | None:
    item = None if isinstance(vm, Vm) else vm.template.item
    return None if item is None else item.catalog.name


def _is_busy(vm: AnyVm) -> bool:
    return (busy_with(vm) is not None) if isinstance(vm, Vm) else vm.template.busy is not None


def _network_name(vm: AnyVm) -> str | None:
    nics = vm.hardware.nics
    return next((nic.network for nic in nics.cards if nic.index == nics.primary), None)


def _ip_address(vm: AnyVm) -> str | None:
    nics = vm.hardware.nics
    return next((nic.ip for nic in nics.cards if nic.index == nics.primary), None)


def _hardware_version(vm: AnyVm) -> int | None:
    digits = _DIGITS.search(vm.hardware.version)
    return None if digits is None else int(digits[0])


def _vm_path(vm: AnyVm) -> str:
    return user_view(vm) if isinstance(vm, Vm) else f"/api/vAppTemplate/vm-{vm.id}"


_VAPP: tuple[Attribute[VApp], ...] = (
    text("name", lambda vapp: vapp.name),
    reference("vdc", lambda vapp: vapp.vdc),
    text("vdcName", lambda vapp: vapp.vdc.name),
    flag("isEnabled", lambda vapp: True),
    flag("isBusy", lambda vapp: busy_with(vapp) is not None),
    moment("creationDate", lambda vapp: vapp.created),
    text("status", lambda vapp: STATUS_WORDS[vapp.status]),
    text("ownerName", lambda vapp: vapp.owner.name),
    flag("isDeployed", lambda vapp: vapp.deployed),
    flag("isInMaintenanceMode", lambda vapp: False),
    flag("isExpired", lambda vapp: False, since="5.1"),
)
_SIZE_SINCE = "27.0"


def _vapp_size(since: str | None) -> tuple[Attribute[VApp], ...]:
    """What administrators have seen from the start, and everybody sees on recent servers."""
    return (
        number("numberOfVMs", lambda vapp: len(vapp.vms), since),
        number("numberOfCpus", lambda vapp: sum(vm.hardware.cpus for vm in vapp.vms), since),
        number("memoryAllocationMB", lambda vapp: sum(vm.hardware.memory_mb for vm in vapp.vms), since),
        number("storageKB", lambda vapp: sum(d.size_mb for vm in vapp.vms for d in vm.hardware.disks) * 1024, since),
    )


_VM: tuple[Attribute[AnyVm], ...] = (
    text("name", lambda vm: vm.name),
    reference("container", _container),
    text("containerName", lambda vm: _container(vm).name),
    reference("vdc", lambda vm: _container(vm).vdc),
    flag("isVAppTemplate", lambda vm: isinstance(vm, TemplateVm)),
    flag("isDeleted", lambda vm: False),
    text("guestOs", lambda vm: vm.hardware.guest_os.name),
    number("numberOfCpus", lambda vm: vm.hardware.cpus),
    number("memoryMB", lambda vm: vm.hardware.memory_mb),
    text("status", lambda vm: STATUS_WORDS[vm.status if isinstance(vm, Vm) else vm.template.status]),
    text("networkName", _network_name),
    flag("isDeployed", lambda vm: isinstance(vm, Vm) and vm.deployed),
    flag("isPublished", lambda vm: False),
    text("catalogName", _catalog_name),
    number("hardwareVersion", _hardware_version),
    text("storageProfileName", lambda vm: _container(vm).vdc.storage_profile.name, since="5.1"),
)

TYPES = (
    RecordType[VApp](
        "vApp",
        "VAppRecord",
        "VAppReference",
        Who.EVERYBODY,
        of_orgs(_vapps),
        itself,
        (*_VAPP, flag("isPublic", lambda vapp: False), *_vapp_size(_SIZE_SINCE)),
    ),
    RecordType[VApp](
        "adminVApp",
        "AdminVAppRecord",
        "VAppReference",
        Who.SYSTEM,
        of_orgs(_vapps),
        itself,
        (
            *_VAPP,
            reference("org", lambda vapp: vapp.org),
            flag("isVdcEnabled", lambda vapp: True),
            *_vapp_size(None),
        ),
    ),
    RecordType[AnyVm](
        "vm",
        "VMRecord",
        "VMReference",
        Who.EVERYBODY,
        of_orgs(_vms),
        itself,
        (
            *_VM,
            flag("isBusy", _is_busy),
            flag("isInMaintenanceMode", lambda vm: False),
            reference("owner", lambda vm: _container(vm).owner, since="5.7"),
            text("ownerName", lambda vm: _container(vm).owner.name, since="5.7"),
            text("ipAddress", _ip_address, since="5.7"),
        ),
        _vm_path,
    ),
    RecordType[AnyVm](
        "adminVM",
        "AdminVMRecord",
        "VMReference",
        Who.SYSTEM,
        of_orgs(_vms),
        itself,
        (*_VM, reference("org", lambda vm: vm.org), flag("isVdcEnabled", lambda vm: True)),
        _vm_path,
    ),
)
