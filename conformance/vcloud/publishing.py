"""Messages that the harness puts onto the cloud's exchanges itself: an event again, or one that no cloud would tell."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pika

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud.asks import Ask
from gatepost.conformance.verdict import HarnessError
from gatepost.core.events import EntityRef, Event
from gatepost.messaging.message import Form, Message
from gatepost.messaging.outbox import Pending
from gatepost.vcloud import notifications

CREATED = "blockingtask/create"

Change = Callable[[Message], Message]


def event_of(asked: Ask) -> Event:
    """The event that told of its hold."""
    world, task = asked.scene.cloud.world, asked.task
    with world.lock:
        for event in reversed(world.events.of_org(task.org)):
            if event.entity.id == asked.hold.id and event.type == CREATED:
                return event
    raise HarnessError("the event of a hold", f"none of {asked.name!r}")


def event_of_nothing(scene: Scene) -> Event:
    """One that tells of a blocking task that there never was."""
    world = scene.cloud.world
    with world.lock:
        user = world.inventory.find_user("alice", "acme")
    operation = "vdcInstantiateVapp"
    return Event(
        id=str(uuid4()),
        type=CREATED,
        at=scene.cloud.journal.now(),
        success=True,
        entity=EntityRef("blockingTask", str(uuid4()), operation),
        org=user.org.ref,
        user=user.ref,
        task=EntityRef("task", str(uuid4()), operation),
        task_owner=EntityRef("vapp", str(uuid4()), "nothing"),
    )


def publish(scene: Scene, event: Event, change: Change = lambda message: message) -> None:
    """Tell of it in every form, each on its exchange, past the cloud; `change` makes another message of it.

    Raises HarnessError where the broker takes none.
    """
    cloud = scene.cloud
    if cloud.amqp_tap is None:
        raise HarnessError("a broker", "there is none")
    target = cloud.amqp_tap.target
    parameters = pika.URLParameters(target.url(with_password=True))
    context = target.tls()
    parameters.ssl_options = pika.SSLOptions(context, target.host) if context is not None else None
    try:
        with pika.BlockingConnection(parameters) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for form in _forms(scene):
                message = change(notifications.render(Pending(event, form), cloud.url, cloud.settings))
                channel.basic_publish(
                    target.exchange_for(form), message.routing_key, message.body, _properties(message)
                )
    except pika.exceptions.AMQPError as error:
        raise HarnessError("a broker that takes a message", f"{type(error).__name__} {error}") from None


def _forms(scene: Scene) -> list[Form]:
    settings = scene.cloud.settings
    wanted = ((Form.XML, settings.notifications_xml), (Form.JSON, settings.notifications_json))
    return [form for form, is_wanted in wanted if is_wanted]


def _properties(message: Message) -> pika.BasicProperties:
    return pika.BasicProperties(
        content_type=message.content_type,
        content_encoding="UTF-8",
        headers=message.headers,
        delivery_mode=message.delivery_mode,
        message_id=message.message_id,
    )
