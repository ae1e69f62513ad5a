"""Tasks and events that extension services tell of (reference, sections 4.1, 4.2 and 6.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from lxml import etree

from gatepost import Gatepost
from gatepost.core import reported
from tests.support.amqp import events
from tests.support.bodies import ADMIN
from tests.support.client import Reply, VcloudClient, find_link
from tests.support.consumer import Consumer, Delivery
from tests.support.house import House, id_of
from tests.support.refusals import refused
from tests.support.schemas import VCLOUD
from tests.support.tenant import ask, find_places, href_of, the

Connect = Callable[..., VcloudClient]
TASK_TYPE = "application/vnd.vmware.vcloud.task+xml"
SERVICE = "org.example.backup"


def task_body(status: str, inside: str = "", **attributes: Any) -> str:
    values = {"name": "task", "status": status, "serviceNamespace": SERVICE, **attributes}
    spelled = " ".join(f"{name}={quoteattr(str(value))}" for name, value in values.items() if value is not None)
    return f'<Task xmlns="{VCLOUD}" {spelled}>{inside}</Task>'


def event_body(inside: str = "", **attributes: Any) -> str:
    values = {"type": "backup/done", "serviceNamespace": SERVICE, "success": "true", **attributes}
    spelled = " ".join(f"{name}={quoteattr(str(value))}" for name, value in values.items() if value is not None)
    return f'<Event xmlns="{VCLOUD}" {spelled}>{inside}</Event>'


class Service:
    """An extension service at work for acme, and what a queue that is bound to everything hears of it."""

    def __init__(self, cloud: Gatepost, connect: Connect, consumer: Consumer | None = None) -> None:
        self.cloud = cloud
        self.consumer = consumer
        self.admin = connect(cloud, ADMIN)
        self.alice = connect(cloud)
        org = find_link(self.alice.get("/api/session").xml, "down", "application/vnd.vmware.vcloud.org+xml")
        self.org = self.admin.get(org).xml
        admin_org = self.admin.get(find_link(self.org, "alternate")).xml
        self.tasks, self.events = find_link(admin_org, "task:create", TASK_TYPE), find_link(admin_org, "event:create")

    def post(self, status: str, inside: str = "", **attributes: Any) -> Reply:
        return self.admin.post(self.tasks, task_body(status, inside, **attributes), TASK_TYPE)

    def put(self, task: str, status: str, inside: str = "", **attributes: Any) -> Reply:
        return self.admin.put(task, task_body(status, inside, **attributes), TASK_TYPE)

    def created(self, status: str, inside: str = "", **attributes: Any) -> etree._Element:
        reply = self.post(status, inside, **attributes)
        assert reply.status == 200, reply
        return reply.xml

    def hear(self, count: int) -> list[Delivery]:
        assert self.consumer is not None
        return self.consumer.take(count)


@pytest.fixture
def service(cloud: Gatepost, connect: Connect) -> Service:
    return Service(cloud, connect)


@pytest.fixture
def heard(amqp_url: str, make_world: Callable[..., Gatepost], connect: Connect) -> Iterator[Service]:
    with Consumer(amqp_url, "systemExchange") as consumer:
        yield Service(make_world(broker=amqp_url, clock="manual"), connect, consumer)


# --- tasks -----------------------------------------------------------------------------------------------------------


def test_a_task_is_as_the_service_tells_it(service: Service) -> None:
    session = service.alice.get("/api/session").xml
    inside = (
        f'<Owner href="{href_of(service.org)}" name="other" type="x"/>'
        f'<User href="{service.cloud.url}/api/admin/user/{session.get("userId", "")[-36:]}"/>'
        '<Progress>10</Progress><Params><a xmlns="urn:x" b="1">c</a></Params><Details>half way</Details>'
        '<Result><ResultContent xmlns:y="urn:y"><y:d/></ResultContent></Result>'
    )
    task = service.created("running", inside, operation="Backing up", operationName="backup")
    again = service.alice.get(href_of(task))
    assert again.status == 200
    for one in (task, again.xml):
        assert (one.get("status"), one.get("serviceNamespace"), one.get("name")) == ("running", SERVICE, "task")
        assert (one.get("operation"), one.get("operationName")) == ("Backing up", "backup")
        assert (the(one, "Owner").get("name"), the(one, "Owner").get("href")) == ("acme", href_of(service.org))
        assert the(one, "User").get("name") == "alice"
        assert the(one, "Organization").get("name") == "acme"
        assert (the(one, "Progress").text, the(one, "Details").text) == ("10", "half way")
        content = the(one, "Params")[0]
        assert (content.tag, dict(content.attrib), content.text) == ("{urn:x}a", {"b": "1"}, "c")
        assert one.find("{*}Result") is None  # of 13.0
    service.admin.login(ADMIN, version="33.0")
    assert the(service.admin.get(href_of(task)).xml, "Result/ResultContent")[0].tag == "{urn:y}d"
    listed = service.alice.get(service.tasks).xml
    assert [one.get("id") for one in listed.iter("{*}Task")] == [task.get("id")]


def test_a_task_of_which_little_is_told(service: Service) -> None:
    task = service.created("queued")
    assert task.get("operationName") == "jobCustom"
    assert task.get("operation") == f"External processing Organization acme({id_of(href_of(service.org))})"
    assert the(task, "User").get("name") == "administrator"
    assert the(task, "Owner").get("name") == "acme"
    assert (task.get("endTime"), the(task, "Progress").text) == (None, "0")
    ended = service.put(href_of(task), "success").xml
    assert ended.get("operation", "").startswith("External processing finished Organization acme(")
    assert the(ended, "Progress").text == "100"
    assert ended.get("endTime")


@pytest.mark.parametrize("by", ["href", "id"])
def test_its_owner_may_be_any_object(service: Service, by: str) -> None:
    vapp, _ = ask(service.alice, "web-01")
    spelled = f'href="{vapp}"' if by == "href" else f'href="https://elsewhere/x" id="urn:vcloud:vapp:{id_of(vapp)}"'
    owner = the(service.created("running", f"<Owner {spelled}/>"), "Owner")
    assert (owner.get("href"), owner.get("name")) == (vapp, "web-01")
    assert owner.get("type") == "application/vnd.vmware.vcloud.vApp+xml"


@pytest.mark.parametrize("href", ["https://service.example/api/backup/42?a=b%20c", "/api/backup/42", "urn:example:42"])
def test_its_owner_may_be_what_only_the_service_knows(service: Service, href: str) -> None:
    owner = f'<Owner href="{href}" type="application/vnd.example+xml" name="&lt;b&gt;"/>'
    shown = the(service.created("running", owner), "Owner")
    assert dict(shown.attrib) == {"href": href, "type": "application/vnd.example+xml", "name": "<b>"}


CREATED = ["task.create.backup True"]
STARTED = ["task.start.backup True"]
ENDS = {
    "success": ["task.complete.backup True"],
    "error": ["task.fail.backup False"],
    "canceled": ["task.abort.backup True"],
    "aborted": ["task.abort.backup True"],
}


@pytest.mark.parametrize("end", list(ENDS))
def test_each_step_is_told(heard: Service, end: str) -> None:
    vapp, _ = ask(heard.alice, "web-01")
    heard.hear(4)
    task = heard.created("queued", f'<Owner href="{vapp}"/>', operationName="backup")
    for status in ("preRunning", "running", "running", end):
        assert heard.put(href_of(task), status, "<Details>x</Details>").status == 200
    messages = heard.hear(3)
    assert events(messages) == [*CREATED, *STARTED, *ENDS[end]]
    for message in messages:
        links = {one.get("rel"): one.get("id") for one in etree.fromstring(message.body).iter("{*}EntityLink")}
        assert links["entity"] == links["task"] == task.get("id")
        assert links["task:owner"] == f"urn:vcloud:vapp:{id_of(vapp)}"
        assert links["up"] == heard.org.get("id")


@pytest.mark.parametrize("status", ["running", *ENDS])
def test_a_task_may_come_late(heard: Service, status: str) -> None:
    task = heard.created(status, operationName="backup")
    started = STARTED if status in ("running", "success") else []
    assert events(heard.hear(1 + len(started) + (status in ENDS))) == [*CREATED, *started, *ENDS.get(status, [])]
    assert (task.get("endTime") is not None) is (status in ENDS)


@pytest.mark.parametrize("end", ["error", "canceled", "aborted"])
def test_what_did_not_succeed_says_why(service: Service, end: str) -> None:
    task = service.created("running")
    told = '<Error message="disk &lt;full&gt;" majorErrorCode="507" minorErrorCode="FULL" stackTrace="secret"/>'
    error = the(service.put(href_of(task), end, told).xml, "Error")
    shown = {"message": "disk <full>", "majorErrorCode": "507", "minorErrorCode": "FULL"}
    assert dict(error.attrib) == shown
    assert dict(the(service.alice.get(href_of(task)).xml, "Error").attrib) == shown
    unsaid = the(service.put(href_of(service.created("running")), end).xml, "Error")
    assert (unsaid.get("message"), unsaid.get("majorErrorCode")) == (f"The task was ended as {end}.", "400")


def test_no_step_back_and_none_after_the_end(service: Service) -> None:
    task = href_of(service.created("running"))
    before = service.admin.get(task).body
    refused(service.put(task, "queued", "<Progress>50</Progress>"), 400)
    assert service.admin.get(task).body == before
    assert service.put(task, "success").status == 200
    ended = service.admin.get(task).body
    for status in ("running", "error", "aborted"):
        refused(service.put(task, status), 400, text="The task has already ended.")
    # A service that has not heard the answer says it again.
    again = service.put(task, "success", "<Details>more</Details>")
    assert (again.status, again.body) == (200, ended)


def test_a_users_cancel_is_told_to_the_service(heard: Service) -> None:
    task = href_of(heard.created("running", operationName="backup"))
    reply = heard.admin.post(find_link(heard.admin.get(task).xml, "task:cancel"))
    assert reply.status == 204, reply
    canceled = heard.admin.get(task).xml
    assert (canceled.get("cancelRequested"), canceled.get("status")) == ("true", "running")
    assert heard.put(task, "canceled").status == 200
    assert events(heard.hear(3)) == [*CREATED, *STARTED, *ENDS["canceled"]]
    assert heard.admin.get(task).xml.find("{*}Link[@rel='task:cancel']") is None


def test_a_cancel_that_ends_the_task(service: Service) -> None:
    service.cloud.settings.update({"tasks.external_cancel": "end"})
    session = service.alice.get("/api/session").xml
    user = f'<User href="/api/admin/user/{session.get("userId", "")[-36:]}"/>'
    task = href_of(service.created("running", user))
    assert service.alice.post(find_link(service.alice.get(task).xml, "task:cancel")).status == 204
    assert service.alice.get(task).xml.get("status") == "canceled"
    assert the(service.alice.get(task).xml, "Error").get("message") == "The task was canceled by alice."
    refused(service.put(task, "success"), 400, text="The task has already ended.")


def test_they_are_bounded(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reported, "MOST_OPEN", 2)
    first, _ = (service.created("running") for _ in range(2))
    message = refused(service.post("running"), 400)
    assert message == "There are 2 such tasks that have not ended. End some of them first."
    service.put(href_of(first), "success")
    service.created("running")


@pytest.mark.parametrize(
    ("field", "status", "inside", "attributes"),
    [
        ("status", "done", "", {}),
        ("status", "", "", {}),
        ("serviceNamespace", "running", "", {"serviceNamespace": None}),
        ("serviceNamespace", "running", "", {"serviceNamespace": ""}),
        ("serviceNamespace", "running", "", {"serviceNamespace": "com.vmware.vcloud"}),
        ("serviceNamespace", "running", "", {"serviceNamespace": "com.vmware.vcloud.mine"}),
        ("serviceNamespace", "running", "", {"serviceNamespace": "x" * 129}),
        ("operationName", "running", "", {"operationName": "\u00e4" * 33}),
        ("operation", "running", "", {"operation": "x" * 2_001}),
        ("Progress", "running", "<Progress>101</Progress>", {}),
        ("Progress", "running", "<Progress>half</Progress>", {}),
        ("Details", "running", f"<Details>{'x' * 2_001}</Details>", {}),
        ("Params", "running", f"<Params>{'x' * 8_193}</Params>", {}),
        ("Result", "running", f"<Result><ResultContent>{'x' * 8_193}</ResultContent></Result>", {}),
        ("majorErrorCode", "error", '<Error message="x" majorErrorCode="many" minorErrorCode="X"/>', {}),
        ("majorErrorCode", "error", '<Error message="x" majorErrorCode="9999999999" minorErrorCode="X"/>', {}),
        ("Owner", "running", "<Owner/>", {}),
        ("Owner", "running", '<Owner href="javascript:alert(1)"/>', {}),
        ("Owner", "running", f'<Owner href="/{"x" * 2_048}"/>', {}),
        ("User", "running", '<User href="/api/admin/user/nobody"/>', {}),
        ("User", "running", '<User href="/api/admin/user/c0ffee00-1111-4222-8333-444455556677"/>', {}),
    ],
)
def test_no_such_task(house: House, field: str, status: str, inside: str, attributes: dict[str, Any]) -> None:
    with house.unchanged():
        reply = house.admin.post(f"/api/tasksList/{house.org_id}", task_body(status, inside, **attributes))
        assert refused(reply, 400).startswith(f"validation error on field '{field}': ")


def test_the_clouds_own_tasks_are_not_the_services(house: House) -> None:
    with house.unchanged():
        for task in (house.held_task, house.off_task):
            text = "Only the task of an extension service can be updated."
            refused(house.admin.put(task, task_body("success")), 400, text=text)


def test_types_of_the_schema_language_are_left_out(service: Service) -> None:
    inside = (
        '<Params xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Mine"><a xsi:nil="true"/></Params>'
    )
    params = the(service.created("running", inside), "Params")
    assert (dict(params.attrib), dict(params[0].attrib)) == ({}, {})


# --- events ----------------------------------------------------------------------------------------------------------


def test_an_event_is_told(heard: Service) -> None:
    vapp, _ = ask(heard.alice, "web-01")
    heard.hear(4)
    inside = f'<Owner href="{vapp}"/><EventProperties><EventProperty name="a" value="b"/></EventProperties>'
    for success in ("true", "false"):
        reply = heard.admin.post(heard.events, event_body(inside, success=success, typeFull="Backed up"))
        assert (reply.status, reply.body) == (204, b"")
        [message] = heard.hear(1)
        user = message.properties.headers["notification.userUUID"]
        ids = f"{success}.{id_of(vapp)}.{id_of(href_of(heard.org))}.{user}"
        assert message.routing_key == f"{ids}.backup.done"
        headers = message.properties.headers
        assert (headers["notification.type"], headers["notification.entityType"]) == ("backup/done", "vapp")
        assert etree.fromstring(message.body).get("type") == "backup/done"


def test_an_event_without_an_owner_is_the_organizations(heard: Service) -> None:
    name = 'x"/&<>\u00e4'
    assert heard.admin.post(heard.events, event_body(type=name)).status == 204
    [message] = heard.hear(1)
    assert message.properties.headers["notification.entityUUID"] == id_of(href_of(heard.org))
    assert etree.fromstring(message.body).get("type") == name


def test_what_a_service_tells_can_be_asked_for(service: Service) -> None:
    task = service.created("running", operationName="backup")
    assert service.admin.post(service.events, event_body()).status == 204
    [record] = service.alice.get("/api/query?type=task").xml.findall("{*}TaskRecord")
    assert (record.get("name"), record.get("serviceNamespace")) == ("backup", SERVICE)
    assert record.get("href") == href_of(task)
    *_, told = service.alice.get("/api/query?type=event").xml.findall("{*}EventRecord")
    assert (told.get("eventType"), told.get("serviceNamespace")) == ("backup/done", SERVICE)


def test_events_of_services_are_no_blocking_tasks(heard: Service) -> None:
    heard.admin.put(
        "/api/admin/extension/settings/notifications",
        '<NotificationsSettings xmlns="http://www.vmware.com/vcloud/extension/v1.5">'
        "<EnableNotifications>false</EnableNotifications></NotificationsSettings>",
    )
    assert heard.admin.post(heard.events, event_body(type="blockingtask/create")).status == 204
    ask(heard.alice, "web-01")
    assert events(heard.hear(1)) == ["blockingtask.create.vdcInstantiateVapp True"]


@pytest.mark.parametrize(
    ("field", "inside", "attributes"),
    [
        ("type", "", {"type": None}),
        ("type", "", {"type": ""}),
        ("type", "", {"type": "x" * 129}),
        ("type", "", {"type": "com/vmware/vcloud/event/vapp/create"}),
        ("serviceNamespace", "", {"serviceNamespace": None}),
        ("serviceNamespace", "", {"serviceNamespace": "com.vmware.vcloud.event"}),
        ("success", "", {"success": "perhaps"}),
        ("typeFull", "", {"typeFull": "x" * 2_001}),
        ("User", '<User href="/api/admin/user/nobody"/>', {}),
        ("EventProperty", '<EventProperties><EventProperty name="a"/></EventProperties>', {}),
        ("EventProperties", f"<EventProperties>{'<EventProperty/>' * 101}</EventProperties>", {}),
    ],
)
def test_no_such_event(house: House, field: str, inside: str, attributes: dict[str, Any]) -> None:
    reply = house.admin.post(f"/api/admin/org/{house.org_id}/events", event_body(inside, **attributes))
    assert refused(reply, 400).startswith(f"validation error on field '{field}': ")


# --- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["alice@acme", "orgadmin@acme", "bob@globex"])
def test_only_system_administrators_may(house: House, user: str) -> None:
    somebody = house.client(user)
    with house.unchanged():
        assert somebody.post(f"/api/tasksList/{house.org_id}", task_body("running")).status == 403
        assert somebody.put(house.held_task, task_body("running")).status == 403
        assert somebody.post(f"/api/admin/org/{house.org_id}/events", event_body()).status == 403


def test_the_links_are_the_system_administrators_and_of_5_1(house: House) -> None:
    for user, version, shown in ((ADMIN, "1.5", 0), (ADMIN, "5.1", 2), ("orgadmin@acme", "5.5", 0)):
        org = house.client(user, version).get(f"/api/admin/org/{house.org_id}").xml
        found = [link for link in org.findall("{*}Link") if link.get("rel") in ("task:create", "event:create")]
        assert len(found) == shown, (user, version)


def test_other_organizations_see_nothing(service: Service, connect: Connect) -> None:
    task = href_of(service.created("running"))
    bob = connect(service.cloud, "bob@globex")
    assert bob.get(task).status == 403
    assert find_places(bob)
