"""A VM by itself: what is shown of it, and changing it, whoever is asked before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lxml import etree

from gatepost import Gatepost
from tests.support.client import Reply, find_link
from tests.support.house import House
from tests.support.machines import cards, disks, item, quantity
from tests.support.refusals import refused
from tests.support.schemas import OVF, RASD, VCLOUD
from tests.support.tenant import href_of, the

SNAPSHOT = "application/vnd.vmware.vcloud.createSnapshotParams+xml"
UPDATED = {"resume": ("success", "2"), "abort": ("aborted", "1"), "fail": ("error", "1"), "cancel": ("canceled", "1")}


@pytest.fixture
def own(cloud: Gatepost) -> Iterator[House]:
    """A house that the test may change; in it only what the test says blocks."""
    with House(cloud) as one:
        cloud.world.blocking.operations = frozenset()
        yield one


def cpus(number: int) -> str:
    return f'<Item xmlns="{VCLOUD}"><VirtualQuantity xmlns="{RASD}">{number}</VirtualQuantity></Item>'


def done(own: House, reply: Reply, status: str = "success") -> etree._Element:
    """The task of a request, after its work."""
    assert reply.status == 202, reply
    own.world.clock.advance(1)
    task = own.alice.get(reply.xml.get("href", "")).xml
    assert task.get("status") == status, etree.tostring(task)
    return task


@pytest.mark.parametrize("decision", UPDATED)
def test_a_change_waits_for_its_decision(own: House, decision: str) -> None:
    own.world.world.blocking.operations = frozenset({"vappUpdateVm"})
    reply = own.alice.put(own.off_vm + "/virtualHardwareSection/cpu", cpus(2))
    assert (reply.status, reply.xml.get("operationName")) == (202, "vappUpdateVm")
    assert reply.xml.get("operation", "").startswith("Updating Virtual Machine centos-vm(")
    task = reply.xml.get("href", "")
    vm = own.alice.get(own.off_vm).xml
    assert quantity(vm, "3") == "1"
    assert {link.get("rel") for link in vm.iter("{*}Link")} - {"up", "down", "task:cancel"} == set()
    for busy in (own.off_vm + "/virtualHardwareSection/cpu", own.off_vm):
        refused(own.alice.put(busy, cpus(4) if busy.endswith("cpu") else f'<Vm xmlns="{VCLOUD}"/>'), 400, "BUSY_ENTITY")
    if decision == "cancel":
        assert own.alice.post(task + "/action/cancel").status == 204
    else:
        getattr(own.admin, decision)(own.hold_of(task))
    own.world.clock.advance(1)
    vm = own.alice.get(own.off_vm).xml
    assert (own.alice.get(task).xml.get("status"), quantity(vm, "3")) == UPDATED[decision]
    assert find_link(vm, "reconfigureVm", "application/vnd.vmware.vcloud.vm+xml")


@pytest.mark.parametrize("version", ["5.1", "5.5", "9.0", "33.0"])
def test_a_client_may_send_back_all_that_it_read(own: House, version: str) -> None:
    alice = own.client("alice@acme", version)
    for vm in (own.off_vm, own.on_vm):
        before = alice.get(vm)
        href = find_link(before.xml, "reconfigureVm", "application/vnd.vmware.vcloud.vm+xml")
        done(own, alice.post(href, before.body))
        assert alice.get(vm).body == before.body


def test_reconfiguring_all_at_once(own: House) -> None:
    vm = own.alice.get(own.off_vm).xml
    vm.set("name", "renamed")
    the(vm, "Description").text = "said anew"
    item(vm, "3").find(f"{{{RASD}}}VirtualQuantity").text = "4"  # type: ignore[union-attr]  # it has one
    item(vm, "4").find(f"{{{RASD}}}VirtualQuantity").text = "2048"  # type: ignore[union-attr]  # it has one
    more = etree.SubElement(the(vm, "NetworkConnectionSection"), f"{{{VCLOUD}}}NetworkConnection", network="none")
    for tag, text in (("NetworkConnectionIndex", "1"), ("IsConnected", "false"), ("IpAddressAllocationMode", "NONE")):
        etree.SubElement(more, f"{{{VCLOUD}}}{tag}").text = text
    the(vm, "GuestCustomizationSection/ComputerName").text = "host-7"
    the(vm, "OperatingSystemSection").set("{http://www.vmware.com/schema/ovf}osType", "ubuntu64Guest")
    done(own, own.alice.post(own.off_vm + "/action/reconfigureVm", etree.tostring(vm)))
    vm = own.alice.get(own.off_vm).xml
    assert (vm.get("name"), the(vm, "Description").text) == ("renamed", "said anew")
    assert (quantity(vm, "3"), quantity(vm, "4")) == ("4", "2048")
    assert [card["network"] for card in cards(vm)] == ["acme-net", "none"]
    assert the(vm, "GuestCustomizationSection/ComputerName").text == "host-7"
    assert the(vm, "OperatingSystemSection/Description").text == "Ubuntu Linux (64-bit)"


SECTIONS = {
    "virtualHardwareSection/cpu": cpus(2),
    "virtualHardwareSection/memory": cpus(2048),
    "virtualHardwareSection/disks": f'<RasdItemsList xmlns="{VCLOUD}"/>',
    "networkConnectionSection": f'<NetworkConnectionSection xmlns="{VCLOUD}"/>',
    "guestCustomizationSection": f'<GuestCustomizationSection xmlns="{VCLOUD}"><ComputerName>a</ComputerName>'
    "</GuestCustomizationSection>",
    "operatingSystemSection": f'<OperatingSystemSection xmlns="{OVF}"><Description>Other (64-bit)</Description>'
    "</OperatingSystemSection>",
    "vmCapabilities": f'<VmCapabilities xmlns="{VCLOUD}"><CpuHotAddEnabled>true</CpuHotAddEnabled></VmCapabilities>',
    "productSections": f'<ProductSectionList xmlns="{VCLOUD}"><ProductSection xmlns="{OVF}"><Info>x</Info>'
    "</ProductSection></ProductSectionList>",
}


def editable(own: House, vm: str) -> set[str]:
    """The sections that the links of a VM and of its sections say can be changed."""
    documents = [own.alice.get(vm).xml, own.alice.get(vm + "/productSections").xml]
    links = [link for document in documents for link in document.iter(f"{{{VCLOUD}}}Link")]
    hrefs = {link.get("href", "").rstrip("/") for link in links if link.get("rel") == "edit"}
    return {path for path in SECTIONS if own.world.url + vm + "/" + path in hrefs}


def test_links_say_what_can_be_changed(own: House) -> None:
    """And what they do not say is refused."""
    done(own, own.alice.post(own.on + "/power/action/suspend"))
    suspended = own.on_vm
    assert (editable(own, own.off_vm), editable(own, suspended)) == (set(SECTIONS), set())
    for path, body in SECTIONS.items():
        refused(own.alice.put(f"{suspended}/{path}", body), 400)
    done(own, own.alice.post(own.on + "/power/action/powerOn"))
    changeable = {"virtualHardwareSection/disks", "networkConnectionSection", "guestCustomizationSection"}
    assert editable(own, own.on_vm) == changeable | {"productSections"}
    for path in SECTIONS.keys() - editable(own, own.on_vm):
        refused(own.alice.put(f"{own.on_vm}/{path}", SECTIONS[path]), 400)
    for path, body in SECTIONS.items():
        done(own, own.alice.put(f"{own.off_vm}/{path}", body))


def test_cpus_can_be_added_to_a_vm_that_runs_if_that_was_enabled(own: House) -> None:
    done(own, own.alice.put(own.off_vm + "/vmCapabilities", SECTIONS["vmCapabilities"]))
    done(own, own.alice.post(own.off_vm + "/power/action/powerOn"))
    done(own, own.alice.put(own.off_vm + "/virtualHardwareSection/cpu", cpus(4)))
    assert quantity(own.alice.get(own.off_vm).xml, "3") == "4"
    refused(own.alice.put(own.off_vm + "/virtualHardwareSection/cpu", cpus(2)), 400)


def disk(capacity: str, instance: str = "2000", quantity: str = "") -> str:
    return (
        f'<Item><r:HostResource v:capacity="{capacity}"/><r:InstanceID>{instance}</r:InstanceID>'
        f"<r:ResourceType>17</r:ResourceType><r:VirtualQuantity>{quantity}</r:VirtualQuantity></Item>"
    )


def disk_list(*items: str) -> str:
    return f'<RasdItemsList xmlns="{VCLOUD}" xmlns:v="{VCLOUD}" xmlns:r="{RASD}">{"".join(items)}</RasdItemsList>'


def card(index: str, mode: str, ip: str = "", network: str = "acme-net") -> str:
    return (
        f'<NetworkConnection network="{network}"><NetworkConnectionIndex>{index}</NetworkConnectionIndex>'
        f"<IpAddress>{ip}</IpAddress><IsConnected>true</IsConnected>"
        f"<IpAddressAllocationMode>{mode}</IpAddressAllocationMode></NetworkConnection>"
    )


def connections(*listed: str) -> str:
    return f'<NetworkConnectionSection xmlns="{VCLOUD}">{"".join(listed)}</NetworkConnectionSection>'


def test_disks_grow_come_and_go(own: House) -> None:
    href = own.off_vm + "/virtualHardwareSection/disks"
    done(own, own.alice.put(href, disk_list(disk("9000"), disk("100", "7"))))
    assert disks(own.alice.get(own.off_vm).xml) == [("2000", "9000"), ("2001", "100")]
    done(own, own.alice.put(href, disk_list(disk("100", "2001"))))
    assert disks(own.alice.get(own.off_vm).xml) == [("2001", "100")]


@pytest.mark.parametrize(
    ("capacity", "quantity", "size"),
    [("8192", 16 << 30, "16384"), ("9000", 8 << 30, "9000"), ("8192", (8 << 30) + 1, "8193")],
)
def test_the_size_of_a_disk_that_was_changed_counts(own: House, capacity: str, quantity: int, size: str) -> None:
    """An item says it twice: `capacity` in MB, and VirtualQuantity in bytes, which is all that pyvcloud changes."""
    done(
        own,
        own.alice.put(own.off_vm + "/virtualHardwareSection/disks", disk_list(disk(capacity, "2000", str(quantity)))),
    )
    assert disks(own.alice.get(own.off_vm).xml) == [("2000", size)]


def test_each_disk_names_its_storage_profile(own: House) -> None:
    vm = own.client("alice@acme", "33.0").get(own.off_vm).xml
    [settings] = the(vm, "VmSpecSection/DiskSection")
    assert dict(the(settings, "StorageProfile").attrib) == dict(the(vm, "StorageProfile").attrib)


def test_a_vm_is_deleted(own: House) -> None:
    refused(own.alice.delete(own.on_vm), 400)
    assert "remove" not in {link.get("rel") for link in own.alice.get(own.on_vm).xml.iter("{*}Link")}
    own.world.world.blocking.operations = frozenset({"vdcRecomposeVapp"})
    task = own.alice.delete(find_link(own.alice.get(own.off_vm).xml, "remove")).xml
    assert (task.get("operationName"), href_of(the(task, "Owner"))) == ("vdcRecomposeVapp", own.world.url + own.off)
    assert own.alice.get(own.off_vm).status == 200
    assert own.admin.resume(own.hold_of(href_of(task))).status == 204
    own.world.clock.advance(1)
    assert own.alice.get(own.off_vm).status == 403
    vapp = own.alice.get(own.off).xml
    assert (vapp.get("status"), vapp.find("{*}Children")) == ("1", None)


def test_addresses_are_nobody_elses(own: House) -> None:
    both = [cards(own.alice.get(vm).xml)[0] for vm in (own.off_vm, own.on_vm)]
    for name in ("MACAddress", "IpAddress"):
        assert len({one[name] for one in both}) == 2, name
    section = own.off_vm + "/networkConnectionSection"
    taken = both[1]["IpAddress"] or ""
    message = refused(own.alice.put(section, connections(card("0", "MANUAL", taken))), 400)
    assert message == f"validation error on field 'IpAddress': {taken} is already in use"
    done(own, own.alice.put(section, connections(card("0", "MANUAL", "192.168.100.99"), card("1", "POOL"))))
    first, second = cards(own.alice.get(own.off_vm).xml)
    assert (first["MACAddress"], first["IpAddress"]) == (both[0]["MACAddress"], "192.168.100.99")
    assert second["IpAddress"] == both[0]["IpAddress"]  # which the first card gave back


WRONG = [
    ("virtualHardwareSection/cpu", cpus(0), "VirtualQuantity"),
    ("virtualHardwareSection/cpu", cpus(2).replace(">2<", "> two <"), "VirtualQuantity"),
    ("virtualHardwareSection/memory", cpus(5), "VirtualQuantity"),
    ("virtualHardwareSection/disks", disk_list(disk("8000")), "capacity"),
    ("virtualHardwareSection/disks", disk_list(disk("")), "capacity"),
    ("virtualHardwareSection/disks", disk_list(disk("8192", quantity="much")), "VirtualQuantity"),
    ("virtualHardwareSection/disks", disk_list(disk("8192", quantity="1")), "VirtualQuantity"),
    ("virtualHardwareSection/disks", disk_list(disk("9000"), disk("9001")), "InstanceID"),
    ("networkConnectionSection", connections(card("x", "POOL")), "NetworkConnectionIndex"),
    ("networkConnectionSection", connections(card("0", "POOL"), card("0", "POOL")), "NetworkConnectionIndex"),
    ("networkConnectionSection", connections(card("0", "ANY")), "IpAddressAllocationMode"),
    ("networkConnectionSection", connections(card("0", "MANUAL")), "IpAddress"),
    ("networkConnectionSection", connections(card("0", "MANUAL", "1.2.3.456")), "IpAddress"),
    ("networkConnectionSection", connections(card("0", "POOL", network="globex-net")), "network"),
    ("guestCustomizationSection", SECTIONS["guestCustomizationSection"].replace(">a<", ">a b<"), "ComputerName"),
    ("operatingSystemSection", SECTIONS["operatingSystemSection"].replace("Other", "Some"), "Description"),
    ("vmCapabilities", SECTIONS["vmCapabilities"].replace(">true<", ">yes<"), "CpuHotAddEnabled"),
]


@pytest.mark.parametrize(("path", "body", "field"), WRONG)
def test_what_cannot_be_names_its_field(own: House, path: str, body: str, field: str) -> None:
    before = own.alice.get(own.off_vm).body
    assert f"validation error on field '{field}'" in refused(own.alice.put(f"{own.off_vm}/{path}", body), 400)
    assert own.alice.get(own.off_vm).body == before


@pytest.mark.parametrize("whole", [False, True])
def test_a_snapshot_brings_back_hardware_and_power(own: House, whole: bool) -> None:
    target = own.on if whole else own.on_vm
    create = f'<CreateSnapshotParams xmlns="{VCLOUD}" memory="true"/>'
    href = find_link(
        own.alice.get(target).xml, "snapshot:create", "application/vnd.vmware.vcloud.createSnapshotParams+xml"
    )
    done(own, own.alice.post(href, create))
    for machine in (own.on_vm, own.on):
        section = the(own.alice.get(machine).xml, "SnapshotSection")
        assert the(section, "Snapshot").get("poweredOn") == "true"
        assert the(own.alice.get(href_of(section)).xml, "Snapshot").get("size") == str(8192 << 20)
    done(own, own.alice.post(own.on + "/action/undeploy"))
    done(own, own.alice.put(own.on_vm + "/virtualHardwareSection/cpu", cpus(8)))
    done(own, own.alice.post(find_link(own.alice.get(target).xml, "snapshot:revertToCurrent")))
    vm = own.alice.get(own.on_vm).xml
    assert (vm.get("status"), vm.get("deployed"), quantity(vm, "3")) == ("4", "true", "1")
    assert own.alice.get(own.on).xml.get("status") == "4"
    done(own, own.alice.post(find_link(own.alice.get(target).xml, "snapshot:removeAll")))
    document = own.alice.get(target).xml
    assert document.find("{*}SnapshotSection/{*}Snapshot") is None
    assert {link.get("rel") for link in document.iter("{*}Link")}.isdisjoint({"snapshot:removeAll"})
    refused(own.alice.post(target + "/action/revertToCurrentSnapshot"), 400)


def test_customization_and_upgrade(own: House) -> None:
    vm = own.alice.get(own.off_vm).xml
    done(own, own.alice.post(find_link(vm, "upgrade")))
    assert own.alice.post(find_link(vm, "customizeAtNextPowerOn")).status == 204
    vm = own.alice.get(own.off_vm).xml
    assert (vm.get("needsCustomization"), vm.find("{*}Link[@rel='upgrade']")) == ("true", None)
    done(own, own.alice.post(find_link(vm, "power:powerOn")))
    assert own.alice.get(own.off_vm).xml.get("needsCustomization") == "false"


@pytest.mark.parametrize(
    ("operation", "method", "path"),
    [
        ("vappUpgradeHwVersion", "POST", "/action/upgradeHardwareVersion"),
        ("vappCreateSnapshot", "POST", "/action/createSnapshot"),
    ],
)
def test_each_operation_waits_under_its_own_name(own: House, operation: str, method: str, path: str) -> None:
    own.world.world.blocking.operations = frozenset({operation})
    task = own.alice.request(method, own.off_vm + path).xml
    assert (task.get("operationName"), task.get("status")) == (operation, "preRunning")
