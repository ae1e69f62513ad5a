"""What comes too late, twice, or while something else is under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gatepost import Gatepost
from tests.support.client import Reply, VcloudClient, operation_params, update_progress_params
from tests.support.house import House, id_of
from tests.support.refusals import DENIED, FORBIDDEN, no_access, refused
from tests.support.tenant import href_of, the

Connect = Callable[..., VcloudClient]

ACTIONS = ("resume", "abort", "fail")
RETENTION = 600
NOT_ACTIVE = "The blocking task is not active"


@pytest.fixture
def own(cloud: Gatepost) -> Iterator[House]:
    """A house of the test's own, which it may change."""
    with House(cloud) as one:
        yield one


def decide(house: House, action: str, message: str = "x") -> Reply:
    return house.admin.post(f"{house.hold}/action/{action}", operation_params(message))


def progress(house: House, milliseconds: int | None = None) -> Reply:
    return house.admin.post(f"{house.hold}/action/updateProgress", update_progress_params("x", milliseconds))


def later_calls_say(house: House, taken: str) -> None:
    """What section 5.4's table of second calls says after the decision `taken`: and nothing happens by any."""
    with house.unchanged():
        assert decide(house, taken, "again").status == 204
        for other in set(ACTIONS) - {taken}:
            refused(decide(house, other), 400, "BAD_REQUEST", NOT_ACTIVE)
        refused(progress(house, 600_000), 400, "BAD_REQUEST", NOT_ACTIVE)


# --- decisions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("taken", ACTIONS)
def test_a_second_decision(own: House, taken: str) -> None:
    assert decide(own, taken).status == 204
    later_calls_say(own, taken)
    own.world.clock.advance(1)
    later_calls_say(own, taken)


@pytest.mark.parametrize("default", ACTIONS)
def test_a_decision_after_the_time_out(own: House, default: str) -> None:
    body = (
        f'<BlockingTaskSettings xmlns="http://www.vmware.com/vcloud/extension/v1.5"><TimeoutAction>{default}'
        "</TimeoutAction><BlockingTaskOperations/><TimeoutInMilliseconds>1</TimeoutInMilliseconds>"
        "</BlockingTaskSettings>"
    )
    assert own.admin.put("/api/admin/extension/settings/blockingTask", body).status == 200
    assert progress(own, 1_000).status == 200  # reads the default action anew
    own.world.clock.advance(1)
    later_calls_say(own, default)


def test_a_decision_after_a_cancel(own: House) -> None:
    assert own.alice.post(own.held_task + "/action/cancel").status == 204
    later_calls_say(own, "abort")
    assert own.alice.get(own.held_task).xml.get("status") == "canceled"


@pytest.mark.parametrize("taken", ACTIONS)
def test_a_decision_when_it_can_no_longer_be_read(own: House, taken: str) -> None:
    decide(own, taken)
    own.world.clock.advance(RETENTION)
    assert own.admin.get(own.hold).status == 200
    own.world.clock.advance(1)
    gone = no_access("blockingTask", id_of(own.hold))
    with own.unchanged():
        refused(own.admin.get(own.hold), 403, FORBIDDEN, gone)
        for action in ACTIONS:
            refused(decide(own, action), 403, FORBIDDEN, gone)
        refused(progress(own), 403, FORBIDDEN, gone)
        refused(own.admin.get(f"/api/entity/urn:vcloud:blockingTask:{id_of(own.hold)}"), 403, FORBIDDEN, gone)


def test_a_decided_blocking_task_shows_no_action(own: House) -> None:
    decide(own, "fail")
    links = own.admin.get(own.hold).xml.findall("{*}Link")
    assert [link.get("rel") for link in links] == ["up"]


def test_progress_that_is_refused_does_not_move_the_deadline(own: House) -> None:
    before = own.admin.get(own.hold).xml.get("timeoutDate")
    refused(progress(own, -1), 400)
    refused(progress(own, 10**18), 400)
    assert own.admin.get(own.hold).xml.get("timeoutDate") == before


# --- cancel ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("taken", [*ACTIONS, "cancel"])
def test_what_has_ended_cannot_be_canceled(own: House, taken: str) -> None:
    if taken == "cancel":
        own.alice.post(own.held_task + "/action/cancel")
    else:
        decide(own, taken)
    own.world.clock.advance(1)
    with own.unchanged():
        for client in (own.alice, own.admin):
            refused(client.post(own.held_task + "/action/cancel"), 400)


def test_a_colleague_may_not_cancel(own: House) -> None:
    task = own.orgadmin.post(own.off + "/power/action/powerOn").headers["location"]
    with own.unchanged():
        refused(own.alice.post(task + "/action/cancel"), 403, FORBIDDEN, DENIED)
    assert "task:cancel" not in {link.get("rel") for link in own.alice.get(task).xml.findall("{*}Link")}
    assert own.orgadmin.post(own.held_task + "/action/cancel").status == 204


def test_a_blocked_task_may_be_made_uncancelable(own: House) -> None:
    own.world.settings.update({"blockingTask.cancel": "refuse"})
    with own.unchanged():
        refused(own.alice.post(own.held_task + "/action/cancel"), 403, FORBIDDEN)
    assert "task:cancel" not in {link.get("rel") for link in own.alice.get(own.held_task).xml.findall("{*}Link")}


# --- names and states ------------------------------------------------------------------------------------------------


def test_a_name_that_is_taken(own: House) -> None:
    with own.unchanged():
        for name in ("held", "off"):
            refused(own.alice.instantiate(own.vdc, own.template, name), 400, "DUPLICATE_NAME")
    decide(own, "abort")
    assert own.alice.instantiate(own.vdc, own.template, "held").status == 201


POWER = ("powerOn", "powerOff", "reset", "reboot", "suspend", "shutdown")


def requests(path: str) -> list[tuple[str, str]]:
    """Everything that would change a vApp or a VM."""
    actions = [f"/power/action/{name}" for name in POWER]
    actions += ["/action/deploy", "/action/undeploy", "/action/discardSuspendedState"]
    return [*(("POST", path + action) for action in actions), *([("DELETE", path)] if "/vapp-" in path else [])]


def test_what_is_being_made_is_busy(house: House) -> None:
    with house.unchanged():
        for path, name in ((house.held, "held"), (house.held_vm, "centos-vm")):
            for method, url in requests(path):
                text = f"The entity {name} is busy completing an operation."
                refused(house.alice.request(method, url), 400, "BUSY_ENTITY", text)


def test_a_vapp_under_way_makes_its_vms_busy(own: House) -> None:
    assert own.alice.post(own.off + "/power/action/powerOn").status == 202
    with own.unchanged():
        for path in (own.off, own.off_vm):
            for method, url in requests(path):
                refused(own.alice.request(method, url), 400, "BUSY_ENTITY")


def test_a_vm_under_way_makes_its_vapp_busy(own: House) -> None:
    assert own.alice.post(own.on_vm + "/action/undeploy").status == 202
    with own.unchanged():
        for path in (own.on, own.on_vm):
            for method, url in requests(path):
                refused(own.alice.request(method, url), 400, "BUSY_ENTITY")


def test_what_is_under_way_is_busy_until_its_work_is_done(own: House) -> None:
    decide(own, "resume")
    refused(own.alice.delete(own.held), 400, "BUSY_ENTITY")
    own.world.clock.advance(1)
    assert own.alice.delete(own.held).status == 202


OFF = {"powerOn", "deploy", "DELETE"}
ON = {"powerOff", "reset", "reboot", "suspend", "shutdown", "undeploy"}


@pytest.mark.parametrize("thing", ["off", "off_vm", "on", "on_vm"])
def test_a_state_that_does_not_allow_it(house: House, thing: str) -> None:
    path: str = getattr(house, thing)
    allowed = OFF if thing.startswith("off") else ON
    with house.unchanged():
        for method, url in requests(path):
            if not {method, url.rpartition("/")[2]} & allowed:
                message = refused(house.alice.request(method, url), 400)
                assert message.startswith("Cannot "), url


def test_what_could_not_be_made_can_only_be_deleted(own: House) -> None:
    decide(own, "fail")
    with own.unchanged():
        for path in (own.held, own.held_vm):
            for method, url in requests(path):
                if method != "DELETE":
                    refused(own.alice.request(method, url), 400, "BAD_REQUEST")
    assert own.alice.delete(own.held).status == 202


def test_what_is_gone_is_gone_for_all(own: House) -> None:
    task = own.alice.delete(own.off).headers["location"]
    own.admin.resume(own.hold_of(task))
    own.world.clock.advance(1)
    assert the(own.alice.get(task).xml, "Owner").get("href", "").endswith(own.off)
    with own.unchanged():
        for path, kind in ((own.off, "vapp"), (own.off_vm, "vm")):
            for method, url in [("GET", path), *requests(path)]:
                refused(own.admin.request(method, url), 403, FORBIDDEN, no_access(kind, id_of(path)))
    listed = own.alice.get(own.vdc).xml.findall("{*}ResourceEntities/{*}ResourceEntity")
    assert own.off not in {href_of(one).removeprefix(own.world.url) for one in listed}
