"""The sections of a VM other than its hardware, each in the VM's body and alone (reference, sections 3.2 and 3.4)."""

from __future__ import annotations

from lxml import etree

from gatepost.core import workflows
from gatepost.core.clock import iso
from gatepost.core.inventory import Machine, TemplateVm, Vm, machines_of
from gatepost.core.workflows import Part
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import MACHINE_VIEW, OVF, PREFIXED_VIEW, VCLOUD, V, vcloud_type
from gatepost.vcloud.represent import guests, hardware
from gatepost.vcloud.represent.hardware import Machinery
from gatepost.vcloud.represent.links import link, reference, storage_profile
from gatepost.vcloud.xmlio import Element, root, sub

NETWORKS = vcloud_type("networkConnectionSection")
RUNTIME = vcloud_type("runtimeInfoSection")
SNAPSHOTS = vcloud_type("snapshotSection")
CAPABILITIES = vcloud_type("vmCapabilitiesSection")
BOOT = vcloud_type("bootOptionsSection")
SPEC = vcloud_type("vmSpecSection")

TOOLS = "8389"
"""Version of the VMware Tools that every guest runs."""

_ADAPTERS = {
    ("5", ""): "1",
    ("6", "buslogic"): "2",
    ("6", "lsilogic"): "3",
    ("6", "lsilogicsas"): "4",
    ("6", "VirtualSCSI"): "5",
    ("20", ""): "6",
}
"""How VmSpecSection numbers the controllers, by bus and kind."""
ADAPTERS = {number: bus for bus, number in _ADAPTERS.items()}


def free_for(vm: Vm, part: Part) -> bool:
    """Whether a change of this would not be refused now."""
    return workflows.is_free(vm) and workflows.editable(vm, part)


def href_of(call: Call, vm: Vm | TemplateVm) -> str:
    """VMs of templates have a place of their own."""
    return call.entity_href("vm", vm.id) if isinstance(vm, Vm) else call.href(f"/api/vAppTemplate/vm-{vm.id}")


def machinery(call: Call, vm: Vm | TemplateVm) -> Machinery:
    href = href_of(call, vm)
    if isinstance(vm, TemplateVm):
        return Machinery(href, vm.name, vm.hardware, {})
    parts = {"cpu": Part.CPU, "memory": Part.MEMORY, "disks": Part.DISKS, "networkCards": Part.CARDS}
    edits = {name for name, part in parts.items() if free_for(vm, part)}
    if "disks" in edits:
        edits.add("section")
    return Machinery(href, vm.name, vm.hardware, vm.drives, frozenset(edits))


def fill_vm(call: Call, element: Element, vm: Vm) -> None:
    """All sections, in the order in which real servers send them."""
    fill_template_vm(call, element, vm)
    href = href_of(call, vm)
    runtime(element, href)
    if call.traits.snapshots:
        snapshots(element, href, vm)
    if call.traits.vm_spec:
        _spec(call, element, href, vm)


def fill_template_vm(call: Call, element: Element, vm: Vm | TemplateVm) -> None:
    """The sections that a VM has in a template, too."""
    href = href_of(call, vm)
    hardware.section(call, element, machinery(call, vm))
    operating_system(element, href, vm)
    networks(call, element, href, vm)
    customization(call, element, href, vm)


def operating_system(parent: Element | None, href: str, vm: Vm | TemplateVm) -> Element:
    own, system = href + "/operatingSystemSection/", vm.hardware.guest_os
    attributes = guests.system_attributes(own, system)
    element = _section(parent, f"{{{OVF}}}OperatingSystemSection", attributes)
    guests.fill_system(element, own, system, can_edit=isinstance(vm, Vm) and free_for(vm, Part.SYSTEM))
    return element


def networks(call: Call, parent: Element | None, href: str, vm: Vm | TemplateVm) -> Element:
    own, nics = href + "/networkConnectionSection/", vm.hardware.nics
    element = _section(parent, V + "NetworkConnectionSection", {"type": NETWORKS, "href": own})
    sub(element, f"{{{OVF}}}Info", "Specifies the available VM network connections")
    if nics.cards:
        sub(element, V + "PrimaryNetworkConnectionIndex", str(nics.primary))
    for card in nics.cards:
        connection = sub(element, V + "NetworkConnection", network=card.network, needsCustomization="false")
        sub(connection, V + "NetworkConnectionIndex", str(card.index))
        if card.ip is not None:
            sub(connection, V + "IpAddress", card.ip)
        sub(connection, V + "IsConnected", "true" if card.connected else "false")
        sub(connection, V + "MACAddress", card.mac)
        sub(connection, V + "IpAddressAllocationMode", card.mode)
        if call.traits.adapter_types:
            sub(connection, V + "NetworkAdapterType", card.adapter)
    if isinstance(vm, Vm) and free_for(vm, Part.CARDS):
        link(element, "edit", own, NETWORKS)
    return element


def customization(call: Call, parent: Element | None, href: str, vm: Vm | TemplateVm) -> Element:
    own = href + "/guestCustomizationSection/"
    element = _section(parent, V + "GuestCustomizationSection", {"type": guests.GUEST, "href": own})
    can_edit = isinstance(vm, Vm) and free_for(vm, Part.GUEST)
    guests.fill_customization(call, element, own, vm.id, vm.name, vm.guest, can_edit=can_edit)
    return element


def runtime(parent: Element | None, href: str) -> Element:
    attributes = {V + "type": RUNTIME, V + "href": href + "/runtimeInfoSection"}
    element = _section(parent, V + "RuntimeInfoSection", attributes)
    sub(element, f"{{{OVF}}}Info", "Specifies Runtime info")
    sub(element, V + "VMWareTools", version=TOOLS)
    return element


def snapshots(parent: Element | None, href: str, machine: Machine) -> Element:
    """Of a vApp, as if those of its VMs were one."""
    element = _section(parent, V + "SnapshotSection", {"type": SNAPSHOTS, "href": href + "/snapshotSection"})
    sub(element, f"{{{OVF}}}Info", "Snapshot information section")
    taken = [vm.snapshot for vm in machines_of(machine) if vm.snapshot is not None]
    if taken:
        size = sum(disk.size_mb << 20 for one in taken for disk in one.hardware.disks)
        on = "true" if any(one.powered_on for one in taken) else "false"
        sub(element, V + "Snapshot", poweredOn=on, created=iso(max(one.created for one in taken)), size=size)
    return element


def capabilities(parent: Element | None, href: str, vm: Vm) -> Element:
    own = href + "/vmCapabilities/"
    element = _section(parent, V + "VmCapabilities", {"type": CAPABILITIES, "href": own})
    if free_for(vm, Part.CAPABILITIES):
        link(element, "edit", own, CAPABILITIES)
    sub(element, V + "MemoryHotAddEnabled", "true" if vm.hot_add.memory else "false")
    sub(element, V + "CpuHotAddEnabled", "true" if vm.hot_add.cpu else "false")
    return element


def boot_options(parent: Element | None, href: str, vm: Vm) -> Element:
    element = _section(parent, V + "BootOptions", {"type": BOOT, "href": href + "/bootOptions"})
    sub(element, V + "BootDelay", str(vm.boot.delay_ms))
    sub(element, V + "EnterBIOSSetup", "true" if vm.boot.enter_bios else "false")
    return element


def products(call: Call, vm: Vm) -> Element:
    href = call.entity_href("vm", vm.id)
    own = href + "/productSections/"
    element = root(V + "ProductSectionList", MACHINE_VIEW, type=guests.PRODUCTS, href=own)
    link(element, "up", href, vcloud_type("vm"))
    if free_for(vm, Part.PRODUCTS):
        link(element, "edit", own, guests.PRODUCTS)
    for product in vm.products:
        guests.product_section(element, product)
    return element


def _spec(call: Call, parent: Element, href: str, vm: Vm) -> None:
    """The same once more, as recent clients read it."""
    own, made = href + "/vmSpecSection/", vm.hardware
    attributes = {V + "type": SPEC, V + "href": own, "Modified": "false"}
    element = _section(parent, V + "VmSpecSection", attributes)
    sub(element, f"{{{OVF}}}Info", "The configuration parameters for this VM")
    sub(element, V + "OsType", made.guest_os.word)
    sub(element, V + "NumCpus", str(made.cpus))
    sub(element, V + "NumCoresPerSocket", str(made.cores_per_socket))
    sub(sub(element, V + "MemoryResourceMb"), V + "Configured", str(made.memory_mb))
    disks = sub(element, V + "DiskSection")
    for disk in made.disks:
        settings = sub(disks, V + "DiskSettings")
        for tag, text in (
            ("DiskId", str(disk.instance)),
            ("SizeMb", str(disk.size_mb)),
            ("UnitNumber", str(disk.unit)),
            ("BusNumber", "0"),
            ("AdapterType", _ADAPTERS.get((disk.bus_type, disk.bus_sub_type), "3")),
            ("ThinProvisioned", "true"),
        ):
            sub(settings, V + tag, text)
        if disk.independent is not None:
            reference(call, settings, V + "Disk", disk.independent.ref)
        storage_profile(call, settings, (disk.independent or vm).storage_profile)
        sub(settings, V + "overrideVmDefault", "false")
    sub(element, V + "HardwareVersion", made.version)
    sub(element, V + "VmToolsVersion", TOOLS)


def _section(parent: Element | None, tag: str, attributes: dict[str, str]) -> Element:
    if tag.startswith(V):
        return root(tag, MACHINE_VIEW, **attributes) if parent is None else sub(parent, tag, **attributes)
    # Its attributes need the prefix, its name does not.
    if parent is None:
        return root(tag, PREFIXED_VIEW, **attributes)
    return etree.SubElement(parent, tag, attributes, {"vcloud": VCLOUD})
