"""Events as vCloud notifications: routing key, headers, XML body (reference, sections 6.3 to 6.5)."""

from __future__ import annotations

from gatepost.core.clock import iso
from gatepost.core.events import EntityRef, Event
from gatepost.messaging.message import HeaderValue, Message
from gatepost.settings import Settings
from gatepost.vcloud.names import EVENT_PREFIX, EXTENSION_VIEW, X
from gatepost.vcloud.xmlio import Element, root, serialize, sub

_KEY_PREFIX = EVENT_PREFIX.replace("/", ".")


def render(event: Event, public_url: str, settings: Settings) -> Message:
    """The message of an event. Nothing of the world is looked at: the event holds all that is told."""
    return Message(
        routing_key=routing_key(event),
        headers=headers(event),
        body=serialize(body(event, public_url)),
        content_type="application/xml",
        message_id=event.id if settings.message_id else None,
        delivery_mode=settings.delivery_mode,
        dialect="vcloud",
        task=event.task.id if event.task is not None else None,
    )


def routing_key(event: Event) -> str:
    """`<success>.<entity>.<org>.<user>.com.vmware.vcloud.event.<object>.<event>[.<operation>]`."""
    success = "true" if event.success else "false"
    words = f"{success}.{event.entity.id}.{event.org.id}.{event.user.id}.{_KEY_PREFIX}{event.type.replace('/', '.')}"
    # Entities of tasks and blocking tasks are named after their operation.
    return f"{words}.{event.entity.name}" if event.task is not None else words


def headers(event: Event) -> dict[str, HeaderValue]:
    return {
        "notification.type": EVENT_PREFIX + event.type,
        "notification.entityType": event.entity.kind,
        "notification.entityUUID": event.entity.id,
        "notification.orgUUID": event.org.id,
        "notification.userUUID": event.user.id,
        "notification.operationSuccess": event.success,
        "notification.timestamp": iso(event.at),
    }


def body(event: Event, public_url: str) -> Element:
    element = root(X + "Notification", EXTENSION_VIEW, type=EVENT_PREFIX + event.type, eventId=event.id)
    # Declared by the extension schema, unlike every other Link.
    sub(element, X + "Link", rel="entityResolver", href=public_url + "/api/entity/")
    _entity_link(element, "entity", event.entity)
    _entity_link(element, "down", event.user)
    _entity_link(element, "up", event.org)
    if event.task is not None:
        _entity_link(element, "task", event.task)
    if event.task_owner is not None:
        _entity_link(element, "task:owner", event.task_owner, with_name=False)
    sub(element, X + "Timestamp", iso(event.at))
    sub(element, X + "OperationSuccess", "true" if event.success else "false")
    return element


def _entity_link(parent: Element, rel: str, target: EntityRef, *, with_name: bool = True) -> None:
    sub(
        parent,
        X + "EntityLink",
        rel=rel,
        type=f"vcloud:{target.kind}",
        name=target.name if with_name else None,
        id=f"urn:vcloud:{target.kind}:{target.id}",
    )
