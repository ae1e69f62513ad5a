"""What a vApp is beside its machines: leases, networks, order of start, owner, sharing, maintenance, room to run in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatepost import Gatepost
from tests.support.client import VcloudClient, find_link
from tests.support.tenant import href_of, the
from tests.support.yard import Yard, task_of

Connect = Callable[..., VcloudClient]

INFO = "<ovf:Info>x</ovf:Info>"


@pytest.fixture
def yard(make_world: Callable[..., Gatepost], connect: Connect) -> Yard:
    return Yard(make_world(clock="manual", settings={"work.scale": 0}), connect)


def lease(yard: Yard, deployment: int, storage: int) -> None:
    inside = (
        f"{INFO}<DeploymentLeaseInSeconds>{deployment}</DeploymentLeaseInSeconds>"
        f"<StorageLeaseInSeconds>{storage}</StorageLeaseInSeconds>"
    )
    task = task_of(yard.put(yard.vapp + "/leaseSettingsSection/", "LeaseSettingsSection", inside))
    assert (task.get("operationName"), task.get("status")) == ("vdcUpdateVapp", "success")


@pytest.mark.parametrize(("setting", "status"), [("suspend", "3"), ("powerOff", "8")])
def test_a_vapp_stops_when_its_lease_runs_out(yard: Yard, setting: str, status: str) -> None:
    yard.cloud.settings.update({"lease.at_runtime_expiry": setting})
    lease(yard, 3600, 0)
    assert "vapp/lease_expiration_changed" in yard.told()
    yard.alice.post(yard.vapp + "/power/action/powerOn")
    section = the(yard.alice.get(yard.vapp).xml, "LeaseSettingsSection")
    assert the(section, "DeploymentLeaseExpiration").text
    yard.cloud.clock.advance(3599)
    assert yard.alice.get(yard.vapp).xml.get("status") == "4"
    yard.told()
    yard.cloud.clock.advance(1)
    vapp = yard.alice.get(yard.vapp).xml
    assert (vapp.get("status"), vapp.get("deployed")) == (status, "false")
    assert yard.told()[:2] == ["vapp/runtime_lease_expiry", "vapp/undeploy_request"]


def test_a_lease_that_is_renewed_begins_anew(yard: Yard) -> None:
    lease(yard, 3600, 0)
    yard.alice.post(yard.vapp + "/power/action/powerOn")
    yard.cloud.clock.advance(3000)
    lease(yard, 3600, 0)
    yard.cloud.clock.advance(3000)
    assert yard.alice.get(yard.vapp).xml.get("status") == "4"


def test_a_vapp_can_be_deleted_when_it_was_kept_for_too_long(yard: Yard) -> None:
    yard.cloud.settings.update({"lease.at_storage_expiry": "delete"})
    lease(yard, 0, 60)
    yard.cloud.clock.advance(59)
    assert yard.alice.get(yard.vapp).status == 200
    yard.cloud.clock.advance(1)
    assert yard.alice.get(yard.vapp).status == 403


def test_a_busy_vapp_stops_when_it_is_free_again(yard: Yard) -> None:
    lease(yard, 60, 0)
    yard.alice.post(yard.vapp + "/power/action/powerOn")
    yard.block("vdcUpdateVapp")
    task = task_of(yard.put(yard.vapp, 'VApp name="other"'))
    yard.cloud.clock.advance(3600)
    assert yard.alice.get(yard.vapp).xml.get("status") == "4"
    yard.admin.resume(yard.hold_of(task))
    yard.cloud.clock.advance(60)
    assert yard.alice.get(yard.vapp).xml.get("status") == "3"


def test_networks_of_a_vapp(yard: Yard) -> None:
    vdc = yard.alice.get(yard.vdc).xml
    parent = href_of(the(vdc, "AvailableNetworks/Network"))
    scope = (
        "<IpScopes><IpScope><IsInherited>false</IsInherited><Gateway>10.0.0.1</Gateway><Netmask>255.0.0.0</Netmask>"
        "<IpRanges><IpRange><StartAddress>10.0.0.2</StartAddress><EndAddress>10.0.0.9</EndAddress></IpRange></IpRanges>"
        "</IpScope></IpScopes>"
    )
    inside = (
        f'{INFO}<NetworkConfig networkName="inner"><Configuration>{scope}'
        "<FenceMode>isolated</FenceMode></Configuration></NetworkConfig>"
        f'<NetworkConfig networkName="outer"><Configuration><ParentNetwork href="{parent}"/>'
        "<FenceMode>bridged</FenceMode></Configuration></NetworkConfig>"
    )
    yard.told()
    task = task_of(yard.put(yard.vapp + "/networkConfigSection/", "NetworkConfigSection", inside))
    assert (task.get("operationName"), task.get("status")) == ("vdcUpdateVappNetworkSection", "success")
    assert [type for type in yard.told() if type.startswith("network/")] == [
        "network/create",
        "network/create",
        "network/delete",
    ]
    vapp = yard.alice.get(yard.vapp).xml
    listed = vapp.findall("{*}NetworkConfigSection/{*}NetworkConfig")
    assert [one.get("networkName") for one in listed] == ["inner", "outer"]
    assert the(listed[1], "Configuration/ParentNetwork").get("name") == "acme-net"
    own = yard.alice.get(find_link(vapp, "down", "application/vnd.vmware.vcloud.vAppNetwork+xml", "inner")).xml
    assert the(own, "Configuration/IpScopes/IpScope/Gateway").text == "10.0.0.1"
    # The card was in the network that is gone.
    connection = the(vapp, "Children/Vm/NetworkConnectionSection/NetworkConnection")
    assert connection.get("network") == "none"


def test_the_order_of_start(yard: Yard) -> None:
    path = yard.vapp + "/startupSection/"
    body = (
        '<StartupSection xmlns="http://schemas.dmtf.org/ovf/envelope/1" '
        'xmlns:o="http://schemas.dmtf.org/ovf/envelope/1"><Info>x</Info>'
        '<Item o:id="centos-vm" o:order="3" o:startDelay="5"/><Item o:id="nobody" o:order="1"/></StartupSection>'
    )
    assert task_of(yard.alice.put(path, body)).get("operationName") == "vdcUpdateVapp"
    items = yard.alice.get(path).xml.findall("{*}Item")
    assert [dict(item.attrib).values() for item in items] != []
    namespace = "{http://schemas.dmtf.org/ovf/envelope/1}"
    assert [(item.get(namespace + "id"), item.get(namespace + "order")) for item in items] == [("centos-vm", "3")]


def test_sharing_and_owner(yard: Yard, connect: Connect) -> None:
    orgadmin = connect(yard.cloud, "orgadmin@acme")
    other = href_of(the(orgadmin.get(yard.catalog).xml, "Owner/User"))
    inside = (
        "<IsSharedToEveryone>true</IsSharedToEveryone><EveryoneAccessLevel>ReadOnly</EveryoneAccessLevel>"
        f'<AccessSettings><AccessSetting><Subject href="{other}"/>'
        "<AccessLevel>FullControl</AccessLevel></AccessSetting></AccessSettings>"
    )
    vapp = yard.alice.get(yard.vapp).xml
    action = find_link(vapp, "controlAccess", "application/vnd.vmware.vcloud.controlAccess+xml")
    shared = yard.post(action, "ControlAccessParams", inside)
    assert shared.status == 200
    read = yard.alice.get(find_link(vapp, "down", "application/vnd.vmware.vcloud.controlAccess+xml"))
    assert read.body == shared.body
    assert the(read.xml, "AccessSettings/AccessSetting/Subject").get("name") == "orgadmin"
    assert yard.put(yard.vapp + "/owner", "Owner", f'<User href="{other}"/>').status == 204
    assert the(yard.alice.get(yard.vapp).xml, "Owner/User").get("name") == "orgadmin"
    assert yard.put(yard.vapp + "/owner", "Owner", f'<User href="{other}"/>').status == 403  # no longer alice's to give


def test_in_maintenance_only_administrators_change_a_vapp(yard: Yard) -> None:
    assert yard.alice.post(yard.vapp + "/action/enterMaintenanceMode").status == 403
    assert yard.admin.post(find_link(yard.admin.get(yard.vapp).xml, "enterMaintenanceMode")).status == 204
    shown = yard.alice.get(yard.vapp).xml
    assert the(shown, "InMaintenanceMode").text == "true"
    assert {link.get("rel") for link in shown.findall("{*}Link")} == {"up", "down"}
    vms = [the(client.get(yard.vapp).xml, "Children/Vm") for client in (yard.admin, yard.alice)]
    assert [vm.find("{*}Link[@rel='remove']") is not None for vm in vms] == [True, False]
    for path in (yard.vapp, yard.vm):
        refused = yard.alice.post(path + "/power/action/powerOn")
        assert (refused.status, refused.xml.get("minorErrorCode")) == (400, "BAD_REQUEST")
    assert yard.admin.post(yard.vapp + "/power/action/powerOn").status == 202
    assert yard.admin.post(yard.vapp + "/action/exitMaintenanceMode").status == 204
    assert yard.alice.post(yard.vapp + "/power/action/powerOff").status == 202


@pytest.mark.parametrize("at", ["request", "task"])
def test_there_is_only_so_much_room(yard: Yard, at: str) -> None:
    yard.cloud.settings.update({"vdc.memory_mb": 1536, "vdc.insufficient": at})
    yard.alice.post(yard.vapp + "/power/action/powerOn")
    memory = the(yard.alice.get(yard.vdc).xml, "ComputeCapacity/Memory")
    assert (the(memory, "Limit").text, the(memory, "Used").text) == ("1536", "1024")
    clone = yard.post(
        yard.vdc + "/action/cloneVApp", 'CloneVAppParams name="too-much"', f'<Source href="{yard.vapp}"/>'
    )
    text = "There are insufficient CPU or memory resources to complete the operation."
    if at == "request":
        assert (clone.status, clone.xml.get("message")) == (400, text)
    else:
        error = the(yard.alice.get(href_of(task_of(clone))).xml, "Error")
        assert (error.get("minorErrorCode"), error.get("message")) == ("BAD_REQUEST", text)


def test_the_quota_of_vms(yard: Yard) -> None:
    yard.cloud.settings.update({"vdc.vm_quota": 1})
    clone = yard.post(yard.vdc + "/action/cloneVApp", 'CloneVAppParams name="x"', f'<Source href="{yard.vapp}"/>')
    assert clone.status == 400
    assert "quota" in clone.xml.get("message", "")


def test_a_recomposed_vapp(yard: Yard) -> None:
    inside = (
        f'<SourcedItem><Source href="{yard.vm}"/><VmGeneralParams><Name>second</Name></VmGeneralParams></SourcedItem>'
        f'<CreateItem name="third"/><DeleteItem href="{yard.vm}"/>'
    )
    reply = yard.post(yard.vapp + "/action/recomposeVApp", "RecomposeVAppParams", inside)
    assert task_of(reply).get("operationName") == "vdcRecomposeVapp"
    vapp = yard.alice.get(yard.vapp).xml
    assert [vm.get("name") for vm in the(vapp, "Children")] == ["second", "third"]
    assert [vm.get("status") for vm in the(vapp, "Children")] == ["4", "4"]  # deploy and powerOn are true by default
    assert vapp.get("status") == "4"


def test_a_vm_moves_to_another_vapp(yard: Yard) -> None:
    inside = f'<SourcedItem sourceDelete="true"><Source href="{yard.vm}"/></SourcedItem>'
    reply = yard.post(yard.vdc + "/action/composeVApp", 'ComposeVAppParams name="new" powerOn="false"', inside)
    assert task_of(reply).get("operationName") == "vdcComposeVapp"
    old = yard.alice.get(yard.vapp).xml
    assert (old.get("status"), old.find("{*}Children")) == ("1", None)
    assert len(the(yard.alice.get(href_of(reply.xml)).xml, "Children")) == 1
