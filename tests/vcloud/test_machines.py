"""vApps and VMs: the states they go through, and the links that are shown in each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from gatepost import Gatepost
from tests.support.client import VcloudClient, find_link
from tests.support.tenant import ask, the

Connect = Callable[..., VcloudClient]
Made = tuple[VcloudClient, str]

ON = {"power:powerOff", "power:suspend", "power:shutdown", "power:reboot", "power:reset", "undeploy", "snapshot:create"}
OFF = {"power:powerOn", "deploy", "remove", "snapshot:create"}
ALWAYS = {"up", "down", "recompose", "edit", "controlAccess"}


@pytest.fixture
def made(make_world: Callable[..., Gatepost], connect: Connect) -> Made:
    """Alice in a world where nothing blocks and work takes no time, and the href of a vApp of hers that is off."""
    cloud = make_world(clock="manual", settings={"work.scale": 0})
    cloud.world.blocking.operations = frozenset()
    alice = connect(cloud)
    href, _ = ask(alice, "web-01")
    return alice, href


def rels(element: etree._Element) -> set[str]:
    return {link.get("rel", "") for link in element.findall("{*}Link")} - ALWAYS


def states(alice: VcloudClient, href: str) -> list[tuple[str | None, str | None]]:
    """(status, deployed) of the vApp and of its VM."""
    vapp = alice.get(href).xml
    vm = the(vapp, "Children/Vm")
    return [(one.get("status"), one.get("deployed")) for one in (vapp, vm)]


def press(alice: VcloudClient, href: str, rel: str, body: str | None = None) -> etree._Element:
    """Follow a link of an object; the task that answers."""
    reply = alice.post(find_link(alice.get(href).xml, rel), body)
    assert reply.status == 202, reply
    return reply.xml


def test_a_vapp_goes_through_its_life_by_its_links(made: Made) -> None:
    alice, href = made
    assert states(alice, href) == [("8", "false")] * 2
    assert rels(alice.get(href).xml) == OFF
    press(alice, href, "power:powerOn")
    assert states(alice, href) == [("4", "true")] * 2
    assert rels(alice.get(href).xml) == ON
    press(alice, href, "power:suspend")
    assert states(alice, href) == [("3", "true")] * 2
    assert rels(alice.get(href).xml) == {"power:powerOn", "discardState", "undeploy", "snapshot:create"}
    press(alice, href, "power:powerOn")
    press(alice, href, "undeploy")
    assert states(alice, href) == [("8", "false")] * 2
    task = alice.delete(find_link(alice.get(href).xml, "remove"))
    assert task.status == 202
    assert alice.get(href).status == 403


def test_operations_and_their_texts(made: Made) -> None:
    alice, href = made
    id = href.rpartition("vapp-")[2]
    for rel, name, text in (
        ("deploy", "vappDeploy", f"Running Virtual Application web-01({id})"),
        ("power:reset", "vappReset", f"Reset Virtual Application ({id})"),
        ("power:reboot", "vappReboot", f"Rebooted Virtual Application web-01({id})"),
        ("power:shutdown", "vappShutdownGuest", f"Shut Down Virtual Application web-01({id})"),
        ("undeploy", "vappUndeployPowerOff", f"Stopped Virtual Application web-01({id})"),
    ):
        task = press(alice, href, rel)
        assert (task.get("operationName"), task.get("operation")) == (name, text)
        assert task.get("status") == "success"


@pytest.mark.parametrize(
    ("action", "operation", "status"),
    [
        ("powerOff", "vappUndeployPowerOff", "8"),
        ("suspend", "vappUndeploySuspend", "3"),
        (None, "vappUndeployPowerOff", "8"),
    ],
)
def test_undeploy_as_asked(made: Made, action: str | None, operation: str, status: str) -> None:
    alice, href = made
    press(alice, href, "power:powerOn")
    element = "" if action is None else f"<UndeployPowerAction>{action}</UndeployPowerAction>"
    body = f'<UndeployVAppParams xmlns="http://www.vmware.com/vcloud/v1.5">{element}</UndeployVAppParams>'
    assert press(alice, href, "undeploy", body).get("operationName") == operation
    assert states(alice, href) == [(status, "false")] * 2


def test_deploying_without_power_leaves_it_off(made: Made) -> None:
    alice, href = made
    body = '<DeployVAppParams xmlns="http://www.vmware.com/vcloud/v1.5" powerOn="false"/>'
    press(alice, href, "deploy", body)
    assert states(alice, href) == [("8", "true")] * 2


def test_one_vm_of_a_vapp_can_be_started(made: Made) -> None:
    alice, href = made
    vm = the(alice.get(href).xml, "Children/Vm").get("href", "")
    task = press(alice, vm, "power:powerOn")
    assert task.get("operation", "").startswith("Running Virtual Machine centos-vm(")
    assert states(alice, href) == [("4", "true")] * 2
    assert press(alice, vm, "power:reboot").get("operationName") == "vappRebootGuest"


def test_deployed_and_powered_on_at_once_is_one_task(made: Made, connect: Connect) -> None:
    alice, _ = made
    href, _ = ask(alice, "both", deploy="true", powerOn="true")
    assert states(alice, href) == [("4", "true")] * 2


def test_owner_and_metadata_can_be_read(made: Made) -> None:
    alice, href = made
    links = {
        link.get("type"): link.get("href", "")
        for link in alice.get(href).xml.findall("{*}Link")
        if link.get("rel") == "down"
    }
    owner = alice.get(links["application/vnd.vmware.vcloud.owner+xml"]).xml
    assert the(owner, "User").get("name") == "alice"
    assert alice.get(links["application/vnd.vmware.vcloud.metadata+xml"]).status == 200


def test_what_is_held_shows_no_action_but_its_task(cloud: Gatepost, connect: Connect) -> None:
    alice = connect(cloud)
    href, task = ask(alice, "held")
    vapp = alice.get(href).xml
    assert vapp.get("status") == "0"
    assert rels(vapp) == set()
    assert the(vapp, "Tasks/Task").get("href") == task
    assert the(the(vapp, "Tasks/Task"), "Details").text == "Pending processing..."
