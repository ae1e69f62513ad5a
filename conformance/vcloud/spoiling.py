"""Messages that are none, or not the ones that they seem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud.asks import ask
from gatepost.conformance.vcloud.publishing import CREATED, event_of_nothing, publish
from gatepost.core.effects import MessageMalform, MessageSpoilt
from gatepost.messaging.message import Message

ODD = "there-is-no-such-id"


def malformed_messages(scene: Scene) -> Iterator[tuple[str, str]]:
    """Has one sent each time it is asked for: what is wrong with it, and the id in its routing key."""
    for how in get_args(MessageSpoilt):
        fault = scene.fault(MessageMalform(how=how), event=CREATED)
        asked = ask(scene, "resume")
        scene.cloud.faults.remove(fault.id)
        yield how, asked.hold.id
    for what, change in _ODDITIES.items():
        event = event_of_nothing(scene)
        publish(scene, event, change)
        yield what, event.entity.id


def _with_a_wrong_id(message: Message) -> Message:
    id = str(message.headers["notification.entityUUID"])
    headers = {**message.headers, "notification.entityUUID": ODD}
    return message._replace(headers=headers, body=message.body.replace(id.encode(), ODD.encode()))


def _of_nothing(message: Message) -> Message:
    return message._replace(headers={}, body=b"")


def _of_noise(message: Message) -> Message:
    return message._replace(headers={}, body=bytes(range(256)) * 8)


_ODDITIES: dict[str, Callable[[Message], Message]] = {
    "an id that is none": _with_a_wrong_id,
    "neither headers nor a body": _of_nothing,
    "noise": _of_noise,
}
