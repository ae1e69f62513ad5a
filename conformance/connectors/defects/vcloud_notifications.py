"""Connectors that hear wrongly."""

from __future__ import annotations

import os
import re
from typing import Any

import pika

from gatepost.conformance.connectors import vcloud_reference as reference
from gatepost.conformance.connectors.defects import defect


def _rely_on_the_broker_alone() -> None:
    """The cloud's list would make good what is lost."""
    reference.Connector.look_through = lambda self: None  # type: ignore[method-assign]


@defect("vcloud", "Takes every event about a blocking task for a new one.", breaks="VCD-NOT-1.1")
def takes_every_event_for_a_new_task() -> None:
    right = reference.id_of

    def id_of(properties: pika.BasicProperties, body: bytes) -> str | None:
        id = right(properties, body)
        type, entity = reference.told_in_body(properties, body) if id is None else ("", "")
        return entity if "/blockingtask/" in type else id

    reference.id_of = id_of


@defect(
    "vcloud",
    "Keeps the messages that are not for it, and never acknowledges them.",
    breaks="VCD-NOT-1.2 VCD-NOT-11",
)
def never_acknowledges_what_is_not_for_it() -> None:
    reference.PREFETCH = 0  # or it would have its hands full of them soon, and hear of nothing any more
    right = reference.Connector.on_message

    def on_message(self: Any, connection: Any, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        type = (properties.headers or {}).get("notification.type", reference.CREATED)
        if type == reference.CREATED or not isinstance(type, str):
            right(self, connection, channel, method, properties, body)

    reference.Connector.on_message = on_message  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Dies of an event type that it does not know.",
    breaks="VCD-NOT-1.1 VCD-NOT-1.2",
)
def dies_of_an_unknown_type() -> None:
    known = ("create", "resume", "abort", "fail")
    right = reference.id_of

    def id_of(properties: pika.BasicProperties, body: bytes) -> str | None:
        type = (properties.headers or {}).get("notification.type", "")
        if isinstance(type, str) and type and type.rpartition("/")[2] not in known:
            raise RuntimeError(f"unknown event {type}")
        return right(properties, body)

    reference.id_of = id_of


@defect(
    "vcloud",
    "Acknowledges on receipt, and knows nothing of what it lost in a crash.",
    breaks="VCD-NOT-2.1 VCD-NOT-2.2 VCD-NOT-10 VCD-ROB-2.1 VCD-ROB-2.2 VCD-ROB-2.3",
    may="VCD-ROB-3.2",
)
def acknowledges_on_receipt() -> None:
    _rely_on_the_broker_alone()
    right = reference.Connector.on_message

    def on_message(self: Any, connection: Any, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        channel.basic_ack(method.delivery_tag)
        self.acknowledge = lambda *_: None
        right(self, connection, _Deaf(), method, properties, body)

    reference.Connector.on_message = on_message  # type: ignore[method-assign]


class _Deaf:
    """A channel whose messages are acknowledged already."""

    def basic_ack(self, tag: int) -> None:
        pass


@defect(
    "vcloud",
    "Acknowledges with the bit `multiple`, and so what it still works on.",
    breaks="VCD-NOT-2.2 VCD-NOT-10",
    may="VCD-NOT-2.1 VCD-ROB-3.2",
)
def acknowledges_what_came_before() -> None:
    _rely_on_the_broker_alone()

    def acknowledge(self: Any, connection: Any, channel: Any, tag: int) -> None:
        connection.add_callback_threadsafe(lambda: channel.basic_ack(tag, multiple=True))

    reference.Connector.acknowledge = acknowledge  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Dies where the cloud says that a task is gone.",
    breaks="VCD-NOT-3.1 VCD-NOT-9",
    may="VCD-NOT-8 VCD-TMO VCD-DEC-6 VCD-NOT-4",
)
def dies_where_a_task_is_gone() -> None:
    def handle(self: Any, id: str) -> None:
        try:
            self.decide(id)
        except reference.Gone as error:
            reference.log.error("%s", error)
            os._exit(1)

    reference.Decider.handle = handle  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Decides whenever it hears of a task, without a look at whether that is decided.",
    breaks="VCD-NOT-3.2 VCD-NOT-6.2",
    may="VCD-NOT-3.1 VCD-ROB-2.5 VCD-TMO VCD-LNK VCD-DEC-6",
)
def decides_whenever_it_hears() -> None:
    _rely_on_the_broker_alone()
    decisions: dict[str, reference.Held] = {}
    right = reference.Decider.look_up

    def look_up(self: Any, id: str) -> reference.Held | None:
        decisions[id] = decisions.get(id) or right(self, id)  # type: ignore[assignment]
        return decisions[id]

    reference.Decider.look_up = look_up  # type: ignore[method-assign]
    reference.Decider.remember = lambda self, id: None  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Ends its consumer at the first message that it cannot read.",
    breaks="VCD-NOT-4.1",
    may="VCD-NOT-4.2",
)
def ends_at_a_malformed_message() -> None:
    right = reference.Connector.on_message

    def on_message(self: Any, connection: Any, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        try:
            reference.told_in_body(properties, body)
        except ValueError:
            os._exit(1)
        right(self, connection, channel, method, properties, body)

    reference.Connector.on_message = on_message  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Puts what it cannot read back into the queue, from where it comes at once.",
    breaks="VCD-NOT-4.2",
    may="VCD-NOT-4.1",
)
def requeues_malformed_messages() -> None:
    right = reference.Connector.on_message

    def on_message(self: Any, connection: Any, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        try:
            reference.id_of(properties, body)
        except ValueError:
            channel.basic_nack(method.delivery_tag, requeue=True)
            return
        right(self, connection, channel, method, properties, body)

    reference.Connector.on_message = on_message  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Trusts the headers to be there.",
    breaks="VCD-NOT-4.1 VCD-NOT-4.2",
)
def trusts_the_headers() -> None:
    def id_of(properties: pika.BasicProperties, body: bytes) -> str | None:
        headers: Any = properties.headers
        return headers["notification.entityUUID"] if headers["notification.type"] == reference.CREATED else None

    reference.id_of = id_of


@defect(
    "vcloud",
    "Looks for `vmext:` and its links in the text of a message.",
    breaks="VCD-NOT-5.1",
    may="VCD-NOT-5 VCD-NOT-4",
)
def reads_messages_as_text() -> None:
    def id_of(properties: pika.BasicProperties, body: bytes) -> str | None:
        link = re.search(rb'<vmext:EntityLink rel="entity"[^>]* id="urn:vcloud:blockingTask:([^"]+)"', body)
        if b"event/blockingtask/create" not in body:
            return None
        if link is None:
            raise ValueError("no link to an entity")
        return link[1].decode()

    reference.id_of = id_of


@defect("vcloud", "Takes only messages with the headers that it knows.", breaks="VCD-NOT-5.2", may="VCD-NOT-4")
def refuses_unknown_headers() -> None:
    right = reference.id_of
    known = ("type", "entityType", "entityUUID", "orgUUID", "userUUID", "operationSuccess", "timestamp")

    def id_of(properties: pika.BasicProperties, body: bytes) -> str | None:
        if set(properties.headers or ()) != {f"notification.{name}" for name in known}:
            raise ValueError("unknown headers")
        return right(properties, body)

    reference.id_of = id_of


@defect("vcloud", "Tells XML by its first line, to the letter.", breaks="VCD-NOT-5.3", may="VCD-NOT-4 VCD-NOT-5")
def tells_xml_by_its_first_line() -> None:
    right = reference.id_of

    def id_of(properties: pika.BasicProperties, body: bytes) -> str | None:
        if not body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<vmext:Notification '):
            raise ValueError("no notification")
        return right(properties, body)

    reference.id_of = id_of


@defect(
    "vcloud",
    "Takes the first 403 or 404 for the end of a task.",
    breaks="VCD-NOT-8.1 VCD-NOT-8.2",
)
def takes_the_first_refusal_for_the_end() -> None:
    def read(self: Any, id: str) -> reference.Held | None:
        try:
            held: reference.Held | None = self.look_up(id)
        except reference.Gone:
            return None  # and so it is done with
        return held

    reference.Decider.read = read  # type: ignore[method-assign]


@defect("vcloud", "Takes a 404 for the end of a task, although it waits at a 403.", breaks="VCD-NOT-8.2")
def takes_a_404_for_the_end() -> None:
    right = reference.Decider.look_up

    def look_up(self: Any, id: str) -> reference.Held | None:
        try:
            return right(self, id)
        except reference.Gone as error:
            if str(error).endswith("404"):
                return None
            raise

    reference.Decider.look_up = look_up  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Asks for ever for a task that is gone.",
    breaks="VCD-NOT-9",
    may="VCD-NOT-4 VCD-NOT-1.2 VCD-NOT-3.1 VCD-TMO",
)
def asks_for_ever() -> None:
    right = reference.Decider.look_up

    def look_up(self: Any, id: str) -> reference.Held | None:
        while True:
            try:
                return right(self, id)
            except reference.Gone:
                self.stopping.wait(0.5)

    reference.Decider.look_up = look_up  # type: ignore[method-assign]
