"""How messages leave over one connection: in order, many under way at once, each kept until the broker confirms it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pika

from gatepost.core.journal import Entry, Journal
from gatepost.messaging.connection import CONNECT_SECONDS, BrokerConnection
from gatepost.messaging.message import Form, Message
from gatepost.messaging.outbox import Outbox, Pending
from gatepost.messaging.target import AmqpTarget

IN_FLIGHT = 2_000
"""Messages that may wait for their confirm at the same time."""

_BATCH = 100
"""Messages sent before the event loop may look at anything else."""


class Sender:
    """Empties the outbox onto one connection. `journal` sees every message before it leaves."""

    def __init__(
        self,
        connection: BrokerConnection,
        target: AmqpTarget,
        outbox: Outbox,
        journal: Journal,
        wake: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._target = target
        self._outbox = outbox
        self._journal = journal
        self._wake = wake
        self._channel: Any = None
        self._tag = 0
        self._in_flight: dict[int, Entry] = {}
        self._blocked = False
        self._ready: set[str] = set()
        self._missing: str | None = None
        self.confirmed = False

    async def open(self, forms: Iterable[Form]) -> None:
        """Get ready to send messages in these forms. Raises what pika raises."""
        for exchange in (self._target.exchange, *map(self._target.exchange_for, forms)):
            await self._make_ready(exchange)
        self._channel = await self._connection.open_channel(self._on_confirm)
        self._connection.lost.add_done_callback(lambda lost: self._wake())

    def block(self, blocked: bool) -> None:
        """Send nothing while the broker does not want it."""
        self._blocked = blocked
        self._wake()

    async def send_some(self, render: Callable[[Pending], Message]) -> bool:
        """Send a batch; True when there is more to send at once. Raises why the connection ended."""
        with self._connection.corked():
            more = self._send_batch(render)
        if self._missing is not None:
            # A form that was switched on since the connection was opened.
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._make_ready(self._missing)
            self._missing = None
        return more

    async def _make_ready(self, exchange: str) -> None:
        if exchange not in self._ready:
            await self._connection.ensure_exchange(exchange)
            self._ready.add(exchange)

    def _send_batch(self, render: Callable[[Pending], Message]) -> bool:
        for _ in range(_BATCH):
            if self._connection.lost.done():
                raise self._connection.lost.result()
            if self._blocked or len(self._in_flight) >= IN_FLIGHT or not self._channel.is_open:
                return False
            pending = self._outbox.take(self._tag + 1)
            if pending is None:
                return False
            exchange = self._target.exchange_for(pending.form)
            if exchange not in self._ready:
                self._outbox.put_back(self._tag + 1)
                self._missing = exchange
                return True
            self._tag += 1
            message = render(pending)
            published = entry("amqp.publish", exchange, message, self._journal.now())
            self._in_flight[self._tag] = self._journal.add(published)
            self._channel.basic_publish(exchange, message.routing_key, message.body, _properties(message))
        return True

    def _on_confirm(self, frame: Any) -> None:
        method = frame.method
        refused = isinstance(method, pika.spec.Basic.Nack)
        if refused:
            self._outbox.refuse(method.delivery_tag, multiple=method.multiple)
        else:
            self._outbox.confirm(method.delivery_tag, multiple=method.multiple)
            self.confirmed = True
        for published in self._answered(method.delivery_tag, multiple=method.multiple):
            self._journal.add(
                Entry(
                    kind="amqp.refuse" if refused else "amqp.confirm",
                    direction="in",
                    dialect=published.dialect,
                    at=self._journal.now(),
                    method=published.method,
                    path=published.path,
                    task=published.task,
                    headers={"delivery-tag": method.delivery_tag, "multiple": method.multiple},
                    answers=published.seq,
                )
            )
        if refused:
            # Sent again over this connection it would be overtaken by what its own task told after it.
            self._connection.fail(ConnectionError("The broker refused a message"))
        self._wake()

    def _answered(self, tag: int, *, multiple: bool) -> list[Entry]:
        """What the broker's answer is about; with `multiple`, everything up to the tag."""
        if not multiple:
            published = self._in_flight.pop(tag, None)
            return [] if published is None else [published]
        done: list[Entry] = []
        while self._in_flight and (first := next(iter(self._in_flight))) <= tag:
            done.append(self._in_flight.pop(first))
        return done


def entry(kind: str, exchange: str, message: Message, at: float) -> Entry:
    """A message as the journal tells of it; `at` is the cloud's clock."""
    return Entry(
        kind=kind,
        direction="out",
        dialect=message.dialect,
        at=at,
        method=exchange,
        path=message.routing_key,
        task=message.task,
        headers=message.headers,
        body=message.body,
        note=message.note,
        fault=message.fault,
    )


def _properties(message: Message) -> pika.BasicProperties:
    return pika.BasicProperties(
        content_type=message.content_type,
        content_encoding="UTF-8",
        headers=message.headers,
        delivery_mode=message.delivery_mode,
        message_id=message.message_id,
    )
