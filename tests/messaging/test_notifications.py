"""What a connector hears, message by message and byte by byte (reference, sections 6.2 to 6.8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from lxml import etree

from gatepost import Gatepost
from tests.support.amqp import (
    NOTIFICATIONS,
    blocking_operations,
    blocking_task_of,
    events,
    notifications_settings,
)
from tests.support.client import VcloudClient, find_link
from tests.support.consumer import Consumer, Delivery
from tests.support.schemas import VMEXT
from tests.support.tenant import ask, the

Connect = Callable[..., VcloudClient]
EXCHANGE = "systemExchange"
X = f"{{{VMEXT}}}"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

REQUEST = [
    "vapp.create_request True",
    "vm.create_request True",
    "task.create.vdcInstantiateVapp True",
    "blockingtask.create.vdcInstantiateVapp True",
]
UNDONE = [
    "blockingtask.abort.vdcInstantiateVapp True",
    "vapp.modify True",
    "vm.delete True",
    "task.abort.vdcInstantiateVapp True",
]
DONE = [
    "task.start.vdcInstantiateVapp True",
    "vm.create True",
    "vapp.create True",
    "task.complete.vdcInstantiateVapp True",
]


class Scene:
    """A cloud with a broker, its user and its connector, and a queue that hears everything."""

    def __init__(self, cloud: Gatepost, consumer: Consumer, connect: Connect) -> None:
        self.cloud = cloud
        self.consumer = consumer
        self.alice = connect(cloud)
        self.connector = connect(cloud, "administrator@System")

    def hear(self, count: int) -> list[str]:
        return events(self.consumer.take(count))

    def asked(self, name: str = "web-01") -> tuple[str, str, str]:
        """A vApp that somebody asked for: its href, its task's, and the blocking task's, as the messages tell it."""
        vapp, task = ask(self.alice, name)
        messages = self.consumer.take(4)
        assert events(messages) == REQUEST
        return vapp, task, blocking_task_of(self.connector, messages[-1])

    def approved(self, name: str = "web-01") -> str:
        vapp, task, hold = self.asked(name)
        self.connector.resume(hold)
        self.alice.wait_task(task)
        self.consumer.take(5)
        return vapp

    def block(self, *operations: str) -> None:
        reply = self.connector.put(*blocking_operations(*operations))
        assert reply.status == 200, reply

    def nothing_more(self) -> None:
        """Nothing is under way: the next message is one that comes of a request made now."""
        self.connector.put(*notifications_settings(enabled=True))
        self.block("vdcInstantiateVapp")
        ask(self.alice, "the-last-one")
        assert self.hear(4) == REQUEST


@pytest.fixture
def scene(amqp_url: str, make_world: Callable[..., Gatepost], connect: Connect) -> Iterator[Scene]:
    with Consumer(amqp_url, EXCHANGE) as consumer:
        yield Scene(make_world(broker=amqp_url, clock="manual", settings={"work.scale": 0}), consumer, connect)


def test_approve(scene: Scene) -> None:
    _, _, hold = scene.asked()
    scene.connector.resume(hold)
    assert scene.hear(5) == ["blockingtask.resume.vdcInstantiateVapp True", *DONE]
    scene.nothing_more()


def test_abort(scene: Scene) -> None:
    _, _, hold = scene.asked()
    scene.connector.abort(hold)
    assert scene.hear(4) == UNDONE
    scene.nothing_more()


def test_fail(scene: Scene) -> None:
    _, _, hold = scene.asked()
    scene.connector.fail(hold)
    assert scene.hear(4) == [
        "blockingtask.fail.vdcInstantiateVapp True",
        "vm.create False",
        "vapp.create False",
        "task.fail.vdcInstantiateVapp False",
    ]
    scene.nothing_more()


def test_not_blocked(scene: Scene) -> None:
    scene.block()
    ask(scene.alice, "web-01")
    assert scene.hear(7) == [*REQUEST[:3], *DONE]
    scene.nothing_more()


def test_power_on(scene: Scene) -> None:
    vapp = scene.approved()
    scene.alice.post(find_link(scene.alice.get(vapp).xml, "power:powerOn"))
    messages = scene.consumer.take(3)
    assert events(messages) == [
        "vapp.deploy_request True",
        "task.create.vappDeploy True",
        "blockingtask.create.vappDeploy True",
    ]
    scene.connector.resume(blocking_task_of(scene.connector, messages[-1]))
    assert scene.hear(6) == [
        "blockingtask.resume.vappDeploy True",
        "task.start.vappDeploy True",
        "vm.deploy True",
        "vm.change_state True",
        "vapp.deploy True",
        "task.complete.vappDeploy True",
    ]
    scene.nothing_more()


def test_delete(scene: Scene) -> None:
    vapp = scene.approved()
    scene.alice.delete(vapp)
    messages = scene.consumer.take(3)
    assert events(messages) == [
        "vapp.delete_request True",
        "task.create.vdcDeleteVapp True",
        "blockingtask.create.vdcDeleteVapp True",
    ]
    scene.connector.resume(blocking_task_of(scene.connector, messages[-1]))
    assert scene.hear(5) == [
        "blockingtask.resume.vdcDeleteVapp True",
        "task.start.vdcDeleteVapp True",
        "vm.delete True",
        "vapp.delete True",
        "task.complete.vdcDeleteVapp True",
    ]
    scene.nothing_more()


def test_a_time_out_is_the_systems_decision(scene: Scene) -> None:
    scene.asked()
    scene.cloud.clock.advance(5 * 86_400)
    decided, *rest = scene.consumer.take(4)
    assert events([decided, *rest]) == UNDONE
    assert link(decided, "down").get("name") == "system"
    assert [link(message, "down").get("name") for message in rest] == ["alice"] * 3
    scene.nothing_more()


def test_a_time_out_can_approve(scene: Scene) -> None:
    settings = scene.connector.get("/api/admin/extension/settings/blockingTask").xml
    the(settings, "TimeoutAction").text = "resume"
    the(settings, "TimeoutInMilliseconds").text = "60000"
    scene.connector.put(settings.get("href", ""), etree.tostring(settings), settings.get("type"))
    scene.asked()
    scene.cloud.clock.advance(60)
    assert scene.hear(5) == ["blockingtask.resume.vdcInstantiateVapp True", *DONE]


def test_a_user_takes_the_request_back(scene: Scene) -> None:
    _, task, _ = scene.asked()
    reply = scene.alice.post(find_link(scene.alice.get(task).xml, "task:cancel"))
    assert reply.status == 204, reply
    messages = scene.consumer.take(4)
    assert events(messages) == UNDONE
    assert {link(message, "down").get("name") for message in messages} == {"alice"}
    scene.nothing_more()


def test_the_decision_carries_the_decider(scene: Scene) -> None:
    _, _, hold = scene.asked()
    scene.connector.resume(hold)
    names = [(link(message, "down").get("name"), link(message, "up").get("name")) for message in scene.consumer.take(5)]
    assert names == [("administrator", "acme"), *[("alice", "acme")] * 4]


def test_only_blocking_tasks_are_told_of_while_notifications_are_off(scene: Scene) -> None:
    scene.connector.put(*notifications_settings(enabled=False))
    _, task = ask(scene.alice, "web-01")
    [message] = scene.consumer.take(1)
    assert message.event == "blockingtask.create.vdcInstantiateVapp"
    scene.connector.abort(blocking_task_of(scene.connector, message))
    scene.alice.wait_task(task, until={"aborted"})
    assert scene.hear(1) == ["blockingtask.abort.vdcInstantiateVapp True"]
    scene.nothing_more()


def test_not_even_blocking_tasks_where_the_switch_covers_them(scene: Scene) -> None:
    scene.cloud.settings.update({"notifications.blocking_always": False})
    scene.connector.put(*notifications_settings(enabled=False))
    ask(scene.alice, "web-01")
    scene.nothing_more()


def test_notifications_settings_are_echoed(scene: Scene) -> None:
    for enabled in ("false", "true"):
        scene.connector.put(*notifications_settings(enabled=enabled == "true"))
        assert the(scene.connector.get(NOTIFICATIONS).xml, "EnableNotifications").text == enabled


# --- one message, byte by byte -------------------------------------------------------------------------------------


@pytest.fixture
def request_messages(scene: Scene) -> list[Delivery]:
    """What the request for a vApp named "Wäb <&> 01" is told with, and the approval after it."""
    _, _, hold = scene.asked("Wäb <&> 01")
    scene.connector.fail(hold)
    # The names of the first four are in the messages themselves, which `asked` has taken.
    return scene.consumer.take(4)


def link(message: Delivery, rel: str) -> etree._Element:
    [found] = [one for one in etree.fromstring(message.body).findall(X + "EntityLink") if one.get("rel") == rel]
    return found


def bare(element: etree._Element) -> str:
    """The UUID in an EntityLink's id."""
    kind, id = element.get("type", "").partition(":")[2], element.get("id", "")
    assert id.startswith(f"urn:vcloud:{kind}:"), id
    uuid = id.rpartition(":")[2]
    assert UUID.fullmatch(uuid), id
    return uuid


def test_properties(request_messages: list[Delivery]) -> None:
    for message in request_messages:
        properties = message.properties
        assert (properties.content_type, properties.content_encoding) == ("application/xml", "UTF-8")
        assert properties.delivery_mode == 2
        assert properties.message_id == etree.fromstring(message.body).get("eventId")
    assert len({message.properties.message_id for message in request_messages}) == len(request_messages)


def test_properties_that_can_be_chosen(amqp_url: str, make_world: Callable[..., Gatepost], connect: Connect) -> None:
    with Consumer(amqp_url, EXCHANGE) as consumer:
        choice = {"notifications.message_id": False, "notifications.delivery_mode": 1}
        cloud = make_world(broker=amqp_url, settings=choice)
        ask(connect(cloud), "web-01")
        for message in consumer.take(4):
            assert (message.properties.message_id, message.properties.delivery_mode) == (None, 1)


def test_headers(request_messages: list[Delivery]) -> None:
    for message in request_messages:
        body = etree.fromstring(message.body)
        entity = link(message, "entity")
        assert message.properties.headers == {
            "notification.type": body.get("type"),
            "notification.entityType": entity.get("type", "").removeprefix("vcloud:"),
            "notification.entityUUID": bare(entity),
            "notification.orgUUID": bare(link(message, "up")),
            "notification.userUUID": bare(link(message, "down")),
            "notification.operationSuccess": message.success,
            "notification.timestamp": the(body, "Timestamp").text,
        }
    types = [message.properties.headers["notification.entityType"] for message in request_messages]
    assert types == ["blockingTask", "vm", "vapp", "task"]
    # A boolean of AMQP, not a number or a text.
    successes = [message.properties.headers["notification.operationSuccess"] for message in request_messages]
    assert [(type(success), success) for success in successes] == [(bool, True), *[(bool, False)] * 3]


def test_routing_key(request_messages: list[Delivery]) -> None:
    for message, event in zip(
        request_messages,
        ("blockingtask.fail.vdcInstantiateVapp", "vm.create", "vapp.create", "task.fail.vdcInstantiateVapp"),
        strict=True,
    ):
        assert message.routing_key.split(".") == [
            "true" if event.startswith("blockingtask") else "false",
            bare(link(message, "entity")),
            bare(link(message, "up")),
            bare(link(message, "down")),
            *("com", "vmware", "vcloud", "event"),
            *event.split("."),
        ]


def test_body_of_a_blocking_task(scene: Scene) -> None:
    vapp, task = ask(scene.alice, "web-01")
    message = scene.consumer.take(4)[-1]
    hold = message.properties.headers["notification.entityUUID"]
    org = the(scene.alice.get("/api/session").xml, "Link[@name='acme']").get("href", "").rpartition("/")[2]
    alice = the(scene.alice.get(task).xml, "User").get("href", "").rpartition("/")[2]
    vapp_id = vapp.rpartition("/vapp-")[2]
    task_id = task.rpartition("/")[2]
    body = etree.fromstring(message.body)
    assert (body.tag, dict(body.attrib)) == (
        X + "Notification",
        {"type": "com/vmware/vcloud/event/blockingtask/create", "eventId": message.properties.message_id},
    )
    operation = "vdcInstantiateVapp"
    moment = the(body, "Timestamp").text or ""
    assert [(one.tag, dict(one.attrib), one.text) for one in body] == [
        (X + "Link", {"rel": "entityResolver", "href": scene.cloud.url + "/api/entity/"}, None),
        *(
            (X + "EntityLink", attributes, None)
            for attributes in (
                {
                    "rel": "entity",
                    "type": "vcloud:blockingTask",
                    "name": operation,
                    "id": f"urn:vcloud:blockingTask:{hold}",
                },
                {"rel": "down", "type": "vcloud:user", "name": "alice", "id": f"urn:vcloud:user:{alice}"},
                {"rel": "up", "type": "vcloud:org", "name": "acme", "id": f"urn:vcloud:org:{org}"},
                {"rel": "task", "type": "vcloud:task", "name": operation, "id": f"urn:vcloud:task:{task_id}"},
                {"rel": "task:owner", "type": "vcloud:vapp", "id": f"urn:vcloud:vapp:{vapp_id}"},
            )
        ),
        (X + "Timestamp", {}, moment),
        (X + "OperationSuccess", {}, "true"),
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d", moment)
    told = datetime.fromisoformat(moment).timestamp()
    assert told == pytest.approx(scene.cloud.clock.now(), abs=0.001)


def test_body_of_a_vapp_holds_no_task(request_messages: list[Delivery]) -> None:
    body = etree.fromstring(request_messages[2].body)
    assert [one.get("rel") for one in body.iter(X + "EntityLink")] == ["entity", "down", "up"]
    assert link(request_messages[2], "entity").get("name") == "Wäb <&> 01"
    assert the(body, "OperationSuccess").text == "false"


def test_body_of_a_task(request_messages: list[Delivery]) -> None:
    message = request_messages[3]
    entity, task, owner = (link(message, rel) for rel in ("entity", "task", "task:owner"))
    assert entity.get("type") == "vcloud:task"
    assert (entity.get("name"), entity.get("id")) == (task.get("name"), task.get("id"))
    assert owner.get("id") == link(request_messages[2], "entity").get("id")
    assert owner.get("name") is None
