"""Blocking tasks, their list and their settings (reference, sections 5.2, 5.3 and 5.5)."""

from __future__ import annotations

from collections.abc import Iterable

from gatepost.core.clock import iso
from gatepost.core.holds import Decision, Hold
from gatepost.core.world import Blocking
from gatepost.settings import Settings
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import BLOCKABLE, ENTITY_TYPES, EXTENSION_VIEW, V, X, admin_type, vcloud_type
from gatepost.vcloud.represent.links import link, reference
from gatepost.vcloud.xmlio import Element, root, sub

BLOCKING_TASK = admin_type("blockingTask")
PARAMS = admin_type("blockingTaskOperationParams")
# The word Operation stands in this media type though not in the element's name.
PROGRESS_PARAMS = admin_type("blockingTaskUpdateProgressOperationParams")
SETTINGS = admin_type("blockingTaskSettings")
OPERATIONS = admin_type("taskOperationList")

LIST_PATH = "/api/admin/extension/blockingTasks"
SETTINGS_PATH = "/api/admin/extension/settings/blockingTask"


def blocking_task(call: Call, hold: Hold) -> Element:
    task = hold.task
    href = call.entity_href("blockingTask", hold.id)
    element = root(
        X + "BlockingTask",
        EXTENSION_VIEW,
        status=status_word(hold, call.dialect.settings),
        timeoutDate=iso(hold.deadline),
        timeoutAction=hold.default.value,
        createdTime=iso(hold.created_at),
        name=task.operation,
        id=f"urn:vcloud:blockingTask:{hold.id}",
        type=BLOCKING_TASK,
        href=href,
    )
    if hold.active:
        for action in ("resume", "abort", "fail"):
            link(element, action, f"{href}/action/{action}", PARAMS)
        link(element, "updateProgress", f"{href}/action/updateProgress", PROGRESS_PARAMS)
    link(element, "up", call.entity_href("task", task.id), vcloud_type("task"))
    org = task.org
    sub(
        element,
        V + "Organization",
        type=admin_type("organization"),
        name=org.name,
        href=call.href(f"/api/admin/org/{org.id}"),
    )
    reference(call, element, V + "User", task.user.ref)
    owner = task.owner
    sub(
        element,
        V + "TaskOwner",
        type=ENTITY_TYPES[owner.kind],
        name="",
        href=call.entity_href(owner.kind, owner.id),
    )
    return element


def references(call: Call, holds: list[Hold]) -> Element:
    # The sample of the list has the slash at the end.
    href = call.href(LIST_PATH + "/")
    element = root(X + "BlockingTaskReferences", EXTENSION_VIEW, type=admin_type("blockingTaskList"), href=href)
    link(element, "up", call.href("/api/admin/extension"), admin_type("vmwExtension"))
    for hold in holds:
        # Id and operation of a hold never change, so this needs no lock.
        sub(
            element,
            V + "Reference",
            type=BLOCKING_TASK,
            name=hold.task.operation,
            href=call.entity_href("blockingTask", hold.id),
        )
    return element


def settings(call: Call, blocking: Blocking) -> Element:
    href = call.href(SETTINGS_PATH)
    element = root(X + "BlockingTaskSettings", EXTENSION_VIEW, type=SETTINGS, href=href)
    fill_settings(call, element, blocking)
    return element


def fill_settings(call: Call, element: Element, blocking: Blocking) -> None:
    href = call.href(SETTINGS_PATH)
    link(element, "edit", href, SETTINGS)
    link(element, "down", href + "/operations", OPERATIONS)
    if call.traits.all_task_operations:
        link(element, "down:allTaskOperations", href + "/operations/all", OPERATIONS)
    sub(element, X + "TimeoutAction", blocking.default.value)
    listed = sub(element, X + "BlockingTaskOperations", type=OPERATIONS, href=href + "/operations")
    _fill_operations(call, listed, blocking.operations)
    sub(element, X + "TimeoutInMilliseconds", str(round(blocking.timeout * 1000)))


def operations(call: Call, blocking: Blocking) -> Element:
    href = call.href(SETTINGS_PATH + "/operations")
    element = root(X + "BlockingTaskOperations", EXTENSION_VIEW, type=OPERATIONS, href=href)
    link(element, "edit", href, OPERATIONS)
    link(element, "up", call.href(SETTINGS_PATH), SETTINGS)
    _fill_operations(call, element, blocking.operations)
    return element


def all_operations(call: Call) -> Element:
    """Everything that can be enabled. No document says where servers have this; they link to it."""
    href = call.href(SETTINGS_PATH + "/operations/all")
    element = root(X + "BlockingTaskOperations", EXTENSION_VIEW, type=OPERATIONS, href=href)
    link(element, "up", call.href(SETTINGS_PATH), SETTINGS)
    _fill_operations(call, element, BLOCKABLE)
    return element


def _fill_operations(call: Call, element: Element, names: Iterable[str]) -> None:
    for name in sorted(names):
        if call.traits.operation_categories:
            entry = sub(element, V + "TaskOperationType")
            sub(entry, V + "Category", BLOCKABLE[name])
            sub(entry, V + "Operation", name)
        else:
            sub(element, V + "Operation", name)


def status_word(hold: Hold, settings: Settings) -> str:
    """The status that the API shows of a blocking task (reference, section 5.3)."""
    match hold.decision:
        case None:
            return "active"
        case Decision.RESUME:
            return settings.status_resumed
        case Decision.ABORT:
            return settings.status_aborted
        case Decision.FAIL:
            return settings.status_failed
