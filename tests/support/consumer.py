"""A consumer of notifications, as a connector has one: its own queue, bound to the cloud's exchange."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import pika

from tests.support import schemas

HEADERS = {
    "notification.type",
    "notification.entityType",
    "notification.entityUUID",
    "notification.orgUUID",
    "notification.userUUID",
    "notification.operationSuccess",
    "notification.timestamp",
}

LOGIN = "session.login"
JSON_MEMBERS = {"eventId", "type", "timestamp", "operationSuccess", "user", "org", "entity"}


@dataclass(frozen=True)
class Delivery:
    """One message as it came off the wire."""

    routing_key: str
    properties: pika.BasicProperties
    body: bytes

    @property
    def success(self) -> bool:
        return self.routing_key.startswith("true.")

    @property
    def event(self) -> str:
        """`vapp.create`, or `task.create.vdcInstantiateVapp`: the key behind the common prefix."""
        return self.routing_key.partition(".com.vmware.vcloud.event.")[2]


class Consumer:
    """Binds at once, so that no message after the constructor is missed. Logins are passed over, unless `logins`:
    tests count what they ask for, and do not ask to log in.

    Its queue goes with it. One that has a name is durable and stays, also across the broker's restarts, until `forget`.
    """

    def __init__(
        self,
        amqp_url: str,
        exchange: str,
        binding: str = "#",
        *,
        declare: bool = True,
        queue: str = "",
        arguments: dict[str, Any] | None = None,
        logins: bool = False,
    ) -> None:
        self._logins = logins
        self._connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
        self._channel = self._connection.channel()
        if declare:
            self._channel.exchange_declare(exchange, exchange_type="topic", durable=True)
        named = bool(queue)
        declared = self._channel.queue_declare(queue, durable=named, exclusive=not named, arguments=arguments)
        self._queue: str = declared.method.queue
        self._channel.queue_bind(self._queue, exchange, binding)

    def take(self, count: int, timeout: float = 60.0) -> list[Delivery]:
        """The next `count` messages, each held against the rules of every notification.

        Raises AssertionError when fewer come within `timeout` seconds.
        """
        taken: list[Delivery] = []
        if count:
            for method, properties, body in self._channel.consume(self._queue, inactivity_timeout=timeout):
                if method is None:
                    break
                self._channel.basic_ack(method.delivery_tag)
                delivery = _checked(Delivery(method.routing_key, properties, body))
                if self._logins or delivery.event != LOGIN:
                    taken.append(delivery)
                if len(taken) == count:
                    break
            self._channel.cancel()
        assert len(taken) == count, f"{len(taken)} of {count} messages came: {[one.event for one in taken]}"
        return taken

    def waiting(self) -> int:
        """Messages that are in the queue now."""
        count: int = self._channel.queue_declare(self._queue, passive=True).method.message_count
        return count

    def forget(self) -> None:
        """Remove the queue and all that waits in it."""
        self._channel.queue_delete(self._queue)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._connection.is_open:
            self._connection.close()


def _checked(delivery: Delivery) -> Delivery:
    headers: dict[str, Any] = delivery.properties.headers or {}
    assert set(headers) == HEADERS, headers
    assert headers["notification.operationSuccess"] is delivery.success
    text = delivery.body.decode("utf-8")
    if delivery.properties.content_type == "application/json":
        told = json.loads(text)
        assert set(told) - {"task", "taskOwner"} == JSON_MEMBERS, text
        assert ("task" in told) is ("taskOwner" in told), text
        return delivery
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>')
    if schemas.available():
        schemas.check(delivery.body, api_version="5.5")
    return delivery
