"""Blocking tasks over REST: what each decision leaves behind, time-outs, progress, settings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from gatepost import Gatepost
from tests.support.client import VcloudClient, find_link
from tests.support.tenant import ask, href_of, the

Connect = Callable[..., VcloudClient]

SETTINGS = "/api/admin/extension/settings/blockingTask"
LIST = "/api/admin/extension/blockingTasks"


class Held:
    """A vApp that alice asked for, and the administrator who decides."""

    def __init__(self, cloud: Gatepost, connect: Connect, name: str = "web-01") -> None:
        self.cloud = cloud
        self.alice, self.admin = connect(cloud), connect(cloud, "administrator@System")
        self.vapp, self.task = ask(self.alice, name)
        self.href = find_link(self.admin.get(self.task).xml, "down", "application/vnd.vmware.admin.blockingTask+xml")

    def finish(self) -> etree._Element:
        """Let simulated work pass; the task."""
        self.cloud.clock.advance(1)
        return self.alice.get(self.task).xml

    def pending(self) -> list[str]:
        return [href_of(one) for one in self.admin.get(LIST).xml.findall("{*}Reference")]


@pytest.fixture
def held(cloud: Gatepost, connect: Connect) -> Held:
    return Held(cloud, connect)


def test_it_is_listed_until_it_is_decided(held: Held) -> None:
    assert held.pending() == [held.href]
    held.admin.resume(held.href)
    assert held.pending() == []


def test_resume(held: Held) -> None:
    held.admin.resume(held.href, "Approved, change 4711")
    assert held.alice.get(held.task).xml.get("status") == "running"
    task = held.finish()
    assert (task.get("status"), the(task, "Progress").text) == ("success", "100")
    assert the(task, "Details").text == "Approved, change 4711"
    assert held.alice.get(held.vapp).xml.get("status") == "8"
    assert not held.alice.get(held.vapp).xml.findall("{*}Tasks")


def test_abort_removes_what_was_being_made(held: Held) -> None:
    vm = href_of(the(held.alice.get(held.vapp).xml, "Children/Vm"))
    held.admin.abort(held.href, "No budget")
    task = held.alice.get(held.task).xml
    assert task.get("status") == "aborted"
    assert task.get("endTime")
    assert the(task, "Error").get("message") == "No budget"
    assert [held.alice.get(one).status for one in (held.vapp, vm)] == [403, 403]
    org = find_link(held.alice.get("/api/session").xml, "down", "application/vnd.vmware.vcloud.org+xml")
    listed = held.alice.get(org.replace("/api/org/", "/api/tasksList/")).xml
    assert held.task in [href_of(one) for one in listed.findall("{*}Task")]


def test_fail_leaves_it_in_error_to_be_deleted(held: Held) -> None:
    held.admin.fail(held.href, "CMDB not reachable")
    task = held.alice.get(held.task).xml
    assert task.get("status") == "error"
    error = the(task, "Error")
    assert (error.get("message"), error.get("minorErrorCode")) == ("CMDB not reachable", "BAD_REQUEST")
    vapp = held.alice.get(held.vapp).xml
    assert vapp.get("status") == "-1"
    assert the(vapp, "Tasks/Task").get("href") == held.task
    assert held.alice.delete(find_link(vapp, "remove")).status == 202


def test_an_existing_object_is_left_as_it_was(held: Held) -> None:
    held.admin.resume(held.href)
    held.finish()
    for decide, status in (("abort", "aborted"), ("fail", "error")):
        reply = held.alice.post(find_link(held.alice.get(held.vapp).xml, "power:powerOn"))
        blocking = find_link(held.admin.get(reply.headers["location"]).xml, "down")
        getattr(held.admin, decide)(blocking, "not now")
        assert held.alice.get(reply.headers["location"]).xml.get("status") == status
        assert held.alice.get(held.vapp).xml.get("status") == "8"
    assert the(held.alice.get(held.vapp).xml, "Tasks/Task").get("status") == "error"


def test_a_user_takes_it_back(held: Held) -> None:
    cancel = find_link(held.alice.get(held.task).xml, "task:cancel")
    assert held.alice.post(cancel).status == 204
    task = held.alice.get(held.task).xml
    assert (task.get("status"), task.get("cancelRequested")) == ("canceled", "true")
    assert the(task, "Error").get("message")
    assert held.admin.get(held.href).xml.get("status") == "aborted"
    assert held.alice.get(held.vapp).status == 403


def test_after_five_days_the_default_action_is_taken(held: Held) -> None:
    held.cloud.clock.advance(432_000 - 1)
    assert held.admin.get(held.href).xml.get("status") == "active"
    held.cloud.clock.advance(1)
    assert held.admin.get(held.href).xml.get("status") == "aborted"
    task = held.alice.get(held.task).xml
    assert (task.get("status"), the(task, "Error").get("message")) == ("aborted", "Blocking task timed out")


def test_progress_moves_the_deadline_and_speaks_to_the_user(held: Held) -> None:
    held.cloud.clock.advance(432_000 - 1)
    reply = held.admin.update_progress(held.href, "Waiting for the second approver", 600_000)
    assert reply.status == 200
    assert the(held.alice.get(held.task).xml, "Details").text == "Waiting for the second approver"
    held.cloud.clock.advance(599)
    assert held.pending() == [held.href]
    held.cloud.clock.advance(1)
    assert held.pending() == []


def test_progress_without_a_value_leaves_the_deadline(held: Held) -> None:
    before = held.admin.get(held.href).xml.get("timeoutDate")
    held.cloud.clock.advance(60)
    assert held.admin.update_progress(held.href).xml.get("timeoutDate") == before


def settings_body(action: str, milliseconds: int, *operations: str) -> str:
    listed = "".join(f"<v:Operation>{name}</v:Operation>" for name in operations)
    return (
        '<BlockingTaskSettings xmlns="http://www.vmware.com/vcloud/extension/v1.5" '
        f'xmlns:v="http://www.vmware.com/vcloud/v1.5"><TimeoutAction>{action}</TimeoutAction>'
        f"<BlockingTaskOperations>{listed}</BlockingTaskOperations>"
        f"<TimeoutInMilliseconds>{milliseconds}</TimeoutInMilliseconds></BlockingTaskSettings>"
    )


def test_settings_hold_for_what_comes_and_not_for_what_is_held(held: Held, connect: Connect) -> None:
    body = settings_body("resume", 1_000, "vdcInstantiateVapp")
    # One SDK names the type of all extension settings.
    reply = held.admin.put(SETTINGS, body, "application/vnd.vmware.admin.extensionSettings+xml")
    assert reply.status == 200
    assert (the(reply.xml, "TimeoutAction").text, the(reply.xml, "TimeoutInMilliseconds").text) == ("resume", "1000")
    _, later = ask(held.alice, "later")
    held.cloud.clock.advance(2)
    assert held.alice.get(later).xml.get("status") == "success"
    assert held.admin.get(held.href).xml.get("timeoutAction") == "abort"
    assert held.pending() == [held.href]


def test_an_empty_list_of_operations_stops_all_blocking(held: Held) -> None:
    body = '<BlockingTaskOperations xmlns="http://www.vmware.com/vcloud/extension/v1.5"/>'
    assert held.admin.put(SETTINGS + "/operations", body).status == 200
    _, task = ask(held.alice, "free")
    assert held.alice.get(task).xml.get("status") == "running"


def test_operations_carry_categories_from_33_on(cloud: Gatepost, connect: Connect) -> None:
    admin = connect(cloud, "administrator@System", version="33.0")
    operations = admin.get(SETTINGS + "/operations").xml
    first = operations.findall("{*}TaskOperationType")[0]
    assert [etree.QName(child).localname for child in first] == ["Category", "Operation"]
    assert admin.put(SETTINGS + "/operations", etree.tostring(operations)).status == 200


def test_both_forms_of_progress_are_accepted(held: Held) -> None:
    body = (
        '<BlockingTaskOperationParams xmlns="http://www.vmware.com/vcloud/extension/v1.5" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="BlockingTaskUpdateProgressParamsType">'
        "<Message>hold on</Message></BlockingTaskOperationParams>"
    )
    assert held.admin.post(find_link(held.admin.get(held.href).xml, "updateProgress"), body).status == 200
