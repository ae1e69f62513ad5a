"""The whole way once, over real wires: a user asks, a connector hears of it, follows the links and decides."""

from __future__ import annotations

from collections.abc import Callable

from gatepost import Gatepost
from tests.support.client import VcloudClient, find_link
from tests.support.consumer import Consumer, Delivery
from tests.support.tenant import ask

Connect = Callable[..., VcloudClient]


def blocking_task_of(connector: VcloudClient, message: Delivery) -> str:
    """Resolve the entity of a notification, as a connector does."""
    urn = f"urn:vcloud:blockingTask:{message.properties.headers['notification.entityUUID']}"
    return find_link(connector.get(f"/api/entity/{urn}").xml, "alternate")


def events(messages: list[Delivery]) -> list[str]:
    return [f"{message.event} {message.success}" for message in messages]


REQUEST = [
    "vapp.create_request True",
    "vm.create_request True",
    "task.create.vdcInstantiateVapp True",
    "blockingtask.create.vdcInstantiateVapp True",
]


def test_approved(amqp_url: str, make_world: Callable[..., Gatepost], connect: Connect) -> None:
    exchange = "systemExchange"
    with Consumer(amqp_url, exchange) as consumer:
        cloud = make_world(broker=amqp_url)
        alice, connector = connect(cloud), connect(cloud, "administrator@System")
        vapp, task = ask(alice, "web-01")
        messages = consumer.take(4)
        assert events(messages) == REQUEST
        assert alice.get(task).xml.get("status") == "preRunning"
        assert connector.resume(blocking_task_of(connector, messages[-1]), "Approved, change 4711").status == 204
        alice.wait_task(task)
        assert events(consumer.take(5)) == [
            "blockingtask.resume.vdcInstantiateVapp True",
            "task.start.vdcInstantiateVapp True",
            "vm.create True",
            "vapp.create True",
            "task.complete.vdcInstantiateVapp True",
        ]
        assert alice.get(vapp).xml.get("status") == "8"
