"""A VM by itself: its sections, and all that changes it (reference, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from gatepost.core import workflows
from gatepost.core.inventory import TemplateVm, Vm
from gatepost.core.workflows import VmChanges
from gatepost.vcloud import xmlio
from gatepost.vcloud.errors import bad_request
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.names import OVF, V
from gatepost.vcloud.read import guests as read_guests
from gatepost.vcloud.read import hardware as read_hardware
from gatepost.vcloud.read import networks as read_networks
from gatepost.vcloud.read import vms as read
from gatepost.vcloud.represent import guests, hardware, sections
from gatepost.vcloud.routes import find
from gatepost.vcloud.routes.tasks import accepted
from gatepost.vcloud.xmlio import Element

UPDATE = "vappUpdateVm"

Read = Callable[[Element], VmChanges]


def change(call: Call, id: str, read: Read, *tags: str) -> Reply:
    """Answer a request that changes a VM by its body, whose root must be one of `tags`."""
    with call.world.lock:
        find.vm(call, id)
    # Bodies are read without the lock: a large one would stop everybody.
    changes = read(call.body(*tags))
    with call.world.lock:
        return accepted(call, UPDATE, workflows.update_vm(find.vm(call, id), changes))


def rename(call: Call, id: str) -> Reply:
    return change(call, id, read.naming, V + "Vm")


def change_products(call: Call, id: str) -> Reply:
    return change(call, id, lambda body: VmChanges(products=read_guests.products(body)), V + "ProductSectionList")


@route("POST", "/api/vApp/<id>/action/reconfigureVm")
def reconfigure(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.vm(call, id)
    document = call.body(V + "Vm")
    changes, profile = read.whole(document), read.profile_href(document)
    with call.world.lock:
        vm = find.vm(call, id)
        if profile is not None:
            changes = replace(changes, profile=find.storage_profile(call, vm.vapp.vdc, profile))
        return accepted(call, UPDATE, workflows.update_vm(vm, changes))


@route("POST", "/api/vApp/<id>/action/bootOptions")
def boot_options(call: Call, id: str) -> Reply:
    return change(call, id, lambda body: VmChanges(boot=read_guests.boot_options(body)), V + "BootOptions")


@route("POST", "/api/vApp/<id>/action/upgradeHardwareVersion")
def upgrade(call: Call, id: str) -> Reply:
    with call.world.lock:
        return accepted(call, "vappUpgradeHwVersion", workflows.upgrade_hardware(find.vm(call, id)))


@route("POST", "/api/vApp/<id>/action/customizeAtNextPowerOn")
def customize(call: Call, id: str) -> Reply:
    with call.world.lock:
        workflows.customize_at_next_power_on(find.vm(call, id))
    return Reply(204)


@route("GET", "/api/vApp/<id>/question")
def question(call: Call, id: str) -> Reply:
    """A simulated VM never asks anything."""
    with call.world.lock:
        find.vm(call, id)
    return Reply(204)


@route("POST", "/api/vApp/<id>/question/action/answer")
def answer(call: Call, id: str) -> Reply:
    with call.world.lock:
        vm = find.vm(call, id)
    document = call.body(V + "VmQuestionAnswer")
    for tag in ("ChoiceId", "QuestionId"):
        if xmlio.text_of(document, tag) is None:
            raise xmlio.invalid(tag, "the element is required")
    raise bad_request(f'VM "{vm.name}" has asked nothing. Wait until its status is 5.')


class Section(NamedTuple):
    """A section that has a URL of its own: how it is shown and, unless it is read only, what a PUT of it says."""

    path: str
    media_type: str
    show: Callable[[Call, str, Vm], Element]
    tag: str = ""
    read: Read | None = None


class SharedSection(NamedTuple):
    """One that VMs of templates have as well, where it can only be read."""

    path: str
    media_type: str
    show: Callable[[Call, str, Vm | TemplateVm], Element]
    tag: str
    read: Read


SHARED = (
    SharedSection(
        "networkConnectionSection",
        sections.NETWORKS,
        lambda call, href, vm: sections.networks(call, None, href, vm),
        V + "NetworkConnectionSection",
        lambda body: VmChanges(cabling=read_networks.connections(body)),
    ),
    SharedSection(
        "guestCustomizationSection",
        guests.GUEST,
        lambda call, href, vm: sections.customization(call, None, href, vm),
        V + "GuestCustomizationSection",
        lambda body: VmChanges(guest=read_guests.customization(body)),
    ),
    SharedSection(
        "operatingSystemSection",
        guests.SYSTEM,
        lambda call, href, vm: sections.operating_system(None, href, vm),
        f"{{{OVF}}}OperatingSystemSection",
        lambda body: VmChanges(system=read_guests.operating_system(body)),
    ),
    SharedSection(
        "virtualHardwareSection",
        hardware.SECTION,
        lambda call, href, vm: hardware.section_alone(call, sections.machinery(call, vm)),
        f"{{{OVF}}}VirtualHardwareSection",
        lambda body: VmChanges(**read_hardware.section(body)),
    ),
)
OWN = (
    Section("runtimeInfoSection", sections.RUNTIME, lambda call, href, vm: sections.runtime(None, href)),
    Section("bootOptions", sections.BOOT, lambda call, href, vm: sections.boot_options(None, href, vm)),
    Section(
        "vmCapabilities",
        sections.CAPABILITIES,
        lambda call, href, vm: sections.capabilities(None, href, vm),
        V + "VmCapabilities",
        lambda body: VmChanges(hot_add=read_guests.hot_add(body)),
    ),
)

_ITEM_TAGS = (V + "Item", f"{{{OVF}}}Item")
_PARTS: dict[str, tuple[Read, tuple[str, ...]]] = {
    "cpu": (lambda body: VmChanges(**read_hardware.cpu(body)), _ITEM_TAGS),
    "memory": (lambda body: VmChanges(**read_hardware.memory(body)), _ITEM_TAGS),
    "disks": (
        lambda body: VmChanges(disks=read_hardware.disks(read_hardware.items_of(body))),
        (V + "RasdItemsList",),
    ),
    "networkCards": (
        lambda body: VmChanges(cabling=read_hardware.cards(read_hardware.items_of(body))),
        (V + "RasdItemsList",),
    ),
}
"""What can be changed of the hardware by itself."""


def _section_routes(section: Section | SharedSection) -> None:
    path = f"/api/vApp/<id>/{section.path}"

    @route("GET", path)
    def get(call: Call, id: str) -> Reply:
        with call.world.lock:
            vm = find.vm(call, id)
            return Reply(200, section.show(call, sections.href_of(call, vm), vm), section.media_type)

    if section.read is not None:
        _put(path, section.read, section.tag)


def _template_routes(section: SharedSection) -> None:
    @route("GET", f"/api/vAppTemplate/<id>/{section.path}")
    def get(call: Call, id: str) -> Reply:
        with call.world.lock:
            vm = find.template_vm(call, id)
            return Reply(200, section.show(call, sections.href_of(call, vm), vm), section.media_type)


def _part_routes(name: str) -> None:
    @route("GET", f"/api/vApp/<id>/virtualHardwareSection/{name}")
    def get(call: Call, id: str) -> Reply:
        with call.world.lock:
            element = hardware.part(call, sections.machinery(call, find.vm(call, id)), name)
            return Reply(200, element, hardware.PARTS[name])

    @route("GET", f"/api/vAppTemplate/<id>/virtualHardwareSection/{name}")
    def get_of_template(call: Call, id: str) -> Reply:
        with call.world.lock:
            element = hardware.part(call, sections.machinery(call, find.template_vm(call, id)), name)
            return Reply(200, element, hardware.PARTS[name])

    if name in _PARTS:
        read, tags = _PARTS[name]
        _put(f"/api/vApp/<id>/virtualHardwareSection/{name}", read, *tags)


def _put(path: str, read: Read, *tags: str) -> None:
    @route("PUT", path)
    def put(call: Call, id: str) -> Reply:
        return change(call, id, read, *tags)


for _section in (*SHARED, *OWN):
    _section_routes(_section)
for _shared in SHARED:
    _template_routes(_shared)
for _name in hardware.PARTS:
    _part_routes(_name)
