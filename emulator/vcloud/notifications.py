"""Events as vCloud notifications: routing key, headers, bodies in XML and JSON (reference, sections 6.3 to 6.6)."""

from __future__ import annotations

import json

from gatepost.core.clock import iso
from gatepost.core.events import EntityRef, Event
from gatepost.messaging.message import Form, HeaderValue, Message
from gatepost.messaging.outbox import Pending
from gatepost.settings import Settings
from gatepost.vcloud.names import EVENT_PREFIX, VCLOUD, VMEXT
from gatepost.vcloud.xmlio import attribute

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def render(pending: Pending, public_url: str, settings: Settings) -> Message:
    """A message about an event. Nothing of the world is looked at: the event holds all that is told."""
    event, is_xml = pending.event, pending.form is Form.XML
    return Message(
        routing_key=routing_key(event),
        headers=headers(event),
        body=body(event, public_url) if is_xml else json_body(event),
        content_type="application/xml" if is_xml else "application/json",
        message_id=event.id if settings.message_id else None,
        delivery_mode=settings.delivery_mode,
        dialect="vcloud",
        task=event.task.id if event.task is not None else None,
    )


def routing_key(event: Event) -> str:
    """`<success>.<entity>.<org>.<user>.com.vmware.vcloud.event.<object>.<event>[.<operation>]`."""
    success = "true" if event.success else "false"
    words = f"{success}.{event.entity.id}.{event.org.id}.{event.user.id}.{type_of(event).replace('/', '.')}"
    # Entities of tasks and blocking tasks are named after their operation.
    return f"{words}.{event.entity.name}" if event.task is not None else words


def headers(event: Event) -> dict[str, HeaderValue]:
    return {
        "notification.type": type_of(event),
        "notification.entityType": event.entity.kind,
        "notification.entityUUID": event.entity.id,
        "notification.orgUUID": event.org.id,
        "notification.userUUID": event.user.id,
        "notification.operationSuccess": event.success,
        "notification.timestamp": iso(event.at),
    }


def body(event: Event, public_url: str) -> bytes:
    """Written as text, since its form never varies: building it with lxml took half of the publisher's time."""
    lines = [
        f'{DECLARATION}<vmext:Notification xmlns:vmext="{VMEXT}" xmlns:vcloud="{VCLOUD}"'
        f' type="{attribute(type_of(event))}" eventId="{event.id}">'
        # Declared by the extension schema, unlike every other Link.
        f'<vmext:Link rel="entityResolver" href="{attribute(public_url)}/api/entity/"/>',
        _entity_link("entity", event.entity),
        _entity_link("down", event.user),
        _entity_link("up", event.org),
    ]
    if event.task is not None:
        lines.append(_entity_link("task", event.task))
    if event.task_owner is not None:
        lines.append(_entity_link("task:owner", event.task_owner, with_name=False))
    success = "true" if event.success else "false"
    lines.append(
        f"<vmext:Timestamp>{iso(event.at)}</vmext:Timestamp>"
        f"<vmext:OperationSuccess>{success}</vmext:OperationSuccess></vmext:Notification>"
    )
    return "".join(lines).encode()


def json_body(event: Event) -> bytes:
    told: dict[str, str | bool] = {
        "eventId": event.id,
        "type": type_of(event),
        "timestamp": iso(event.at),
        "operationSuccess": event.success,
        "user": _urn(event.user),
        "org": _urn(event.org),
        "entity": _urn(event.entity),
    }
    if event.task is not None:
        told["task"] = _urn(event.task)
    if event.task_owner is not None:
        told["taskOwner"] = _urn(event.task_owner)
    return json.dumps(told).encode()


def type_of(event: Event) -> str:
    """Those of outside services are told as they are."""
    return event.type if event.service else EVENT_PREFIX + event.type


def _urn(target: EntityRef) -> str:
    return f"urn:vcloud:{target.kind}:{target.id}"


def _entity_link(rel: str, target: EntityRef, *, with_name: bool = True) -> str:
    kind, id, name = target
    shown = f' name="{attribute(name)}"' if with_name else ""
    return f'<vmext:EntityLink rel="{rel}" type="vcloud:{kind}"{shown} id="urn:vcloud:{kind}:{id}"/>'
