"""pyvcloud meets blocking tasks: alice asks, and an administrator's pyvcloud resumes, aborts and fails."""

from __future__ import annotations

import threading
from typing import Any

from pyvcloud.vcd.client import E_VMEXT, QueryResultFormat, RelationType, TaskStatus
from pyvcloud.vcd.task import Task
from pyvcloud.vcd.utils import task_to_dict
from pyvcloud.vcd.vapp import VApp

from tests.foreign.flows.pyvcloud_client import POLL_SECONDS, done, log_in, places
from tests.foreign.flows.telling import arguments, refusal, step

OPERATION_PARAMS = "application/vnd.vmware.admin.blockingTaskOperationParams+xml"
OPERATIONS = "application/vnd.vmware.admin.taskOperationList+xml"


class StillPolling(Exception):
    """pyvcloud asks on after the task has ended."""


def main() -> None:
    where = arguments(__doc__)
    alice, admin = log_in(where, "alice@acme"), log_in(where, "administrator@System")
    block(admin, "vdcInstantiateVapp")
    _, vdc = places(alice)
    held = ask(alice, vdc, "held")
    with step("blocked") as tell:
        tell([held.get("status"), held.Tasks.Task[0].get("status")])
    with step("busy") as tell:
        tell(refusal(lambda: alice.delete_resource(held.get("href"))))
    with step("alice's tasks") as tell:
        tell([[one.get("name"), one.get("status")] for one in Task(alice).list_tasks()])
    with step("the provider's tasks") as tell:
        tell([[one.get("name"), one.get("status")] for one in Task(admin).list_tasks()])
    with step("records") as tell:
        tell(records(admin))
    with step("not for alice") as tell:
        tell(refusal(lambda: records(alice)))
    with step("resumed") as tell:
        tell(waits_while(alice, held, lambda: decide(admin, "resume", "Approved")))
    with step("there") as tell:
        tell(VApp(alice, href=held.get("href")).get_power_state())
    aborted(alice, admin, vdc)
    failed(alice, admin, vdc)
    cancelled(alice, vdc)
    external(alice, admin)


def block(admin: Any, *operations: str) -> None:
    body = E_VMEXT.BlockingTaskOperations(*(E_VMEXT.Operation(name) for name in operations))
    admin.put_resource(f"{admin.get_api_uri()}/admin/extension/settings/blockingTask/operations", body, OPERATIONS)


def ask(client: Any, vdc: Any, name: str) -> Any:
    return vdc.instantiate_vapp(name, "base-images", "centos", deploy=False, power_on=False)


def records(client: Any) -> list[dict[str, str]]:
    query = client.get_typed_query("blockingTask", query_result_format=QueryResultFormat.RECORDS)
    shown = ("status", "operationName", "ownerName", "originatingOrgName", "timeoutAction", "jobStatus")
    return [{name: record.get(name) for name in shown} for record in query.execute()]


def decide(admin: Any, action: str, message: str) -> None:
    query = admin.get_typed_query("blockingTask", query_result_format=QueryResultFormat.RECORDS)
    blocking_task = admin.get_resource(query.find_unique().get("href"))
    [href] = [
        link.get("href")
        for link in blocking_task["{http://www.vmware.com/vcloud/v1.5}Link"]
        if link.get("rel") == action
    ]
    admin.post_resource(href, E_VMEXT.BlockingTaskOperationParams(E_VMEXT.Message(message)), OPERATION_PARAMS)


def waits_while(client: Any, resource: Any, decision: Any) -> list[str]:
    """The first and the last status that pyvcloud's waiter saw, which began before the decision."""
    seen: list[str] = []
    began = threading.Event()

    def note(task: Any) -> None:
        seen.append(task.get("status"))
        began.set()

    def wait() -> None:
        client.get_task_monitor().wait_for_success(resource.Tasks.Task[0], poll_frequency=POLL_SECONDS, callback=note)

    waiter = threading.Thread(target=wait, daemon=True)
    waiter.start()
    if not began.wait(60):
        raise TimeoutError("the waiter did not begin")
    decision()
    waiter.join(10)
    if waiter.is_alive():
        raise TimeoutError(f"the waiter has not ended: {seen}")
    return [seen[0], seen[-1]]


def aborted(alice: Any, admin: Any, vdc: Any) -> None:
    held = ask(alice, vdc, "declined")
    task = held.Tasks.Task[0]
    decide(admin, "abort", "Out of budget")
    monitor = alice.get_task_monitor()
    with step("aborted") as tell:
        tell(refusal(lambda: monitor.wait_for_status(task, poll_frequency=POLL_SECONDS)))
    seen: list[str] = []

    def note(polled: Any) -> None:
        seen.append(polled.get("status"))
        if len(seen) == 3:
            raise StillPolling(" ".join(seen))

    with step("pyvcloud asks on") as tell:
        tell(refusal(lambda: monitor.wait_for_success(task, poll_frequency=POLL_SECONDS, callback=note)))
    with step("nothing left") as tell:
        tell(refusal(lambda: alice.get_resource(held.get("href"))))


def failed(alice: Any, admin: Any, vdc: Any) -> None:
    held = ask(alice, vdc, "broken")
    decide(admin, "fail", "CMDB not reachable")
    with step("failed") as tell:
        tell(refusal(lambda: done(alice, held.Tasks.Task[0])))
    with step("a ruin") as tell:
        tell(VApp(alice, href=held.get("href")).get_power_state())
    ruin = alice.get_resource(held.get("href"))
    with step("its tasks") as tell:
        tell([task.get("status") for task in ruin.Tasks.Task])
    with step("cleared") as tell:
        tell(done(alice, alice.delete_linked_resource(ruin, RelationType.REMOVE, None)))


def cancelled(alice: Any, vdc: Any) -> None:
    task = ask(alice, vdc, "withdrawn").Tasks.Task[0]
    with step("cancel") as tell:
        tell(alice.post_linked_resource(task, RelationType.TASK_CANCEL, None, None))
    ended = [TaskStatus.CANCELED]
    wait = {"fail_on_statuses": None, "expected_target_statuses": ended, "poll_frequency": POLL_SECONDS}
    with step("canceled") as tell:
        tell(alice.get_task_monitor().wait_for_status(task, **wait).Error.get("minorErrorCode"))
    with step("told") as tell:
        tell(task_keys(task_to_dict(alice.get_resource(task.get("href")))))


def task_keys(told: dict[str, Any]) -> dict[str, Any]:
    kept = ("name", "status", "operationName", "owner_type", "user", "organization", "cancelRequested")
    return {key: told.get(key) for key in kept}


def external(alice: Any, admin: Any) -> None:
    """A task that an extension service publishes in an organization."""
    org = admin.get_org_by_name("acme")
    user = alice.get_resource(f"{alice.get_api_uri()}/session")
    own = {
        "namespace": "com.example.ticketing",
        "operation": "Opening ticket 4711",
        "operation_name": "openTicket",
        "details": "waiting for the desk",
        "owner_href": org.get("href"),
        "owner_name": "acme",
        "owner_type": "application/vnd.vmware.vcloud.org+xml",
        "user_href": user_href(admin, user.get("userId")),
        "user_name": "alice",
    }
    tasks = Task(admin)
    with step("published") as tell:
        task = tasks.update("running", progress=10, org_href=org.get("href"), **own)
        tell(task.get("status"))
    with step("seen by alice") as tell:
        seen = alice.get_resource(task.get("href"))
        tell([seen.get(name) for name in ("status", "operationName", "serviceNamespace")])
    with step("finished") as tell:
        tell(tasks.update("success", progress=100, task_href=task.get("href"), **own).get("status"))
    with step("seen to end") as tell:
        tell(done(alice, task))


def user_href(admin: Any, urn: str) -> str:
    return f"{admin.get_api_uri()}/admin/user/{urn.rpartition(':')[2]}"


if __name__ == "__main__":
    main()
