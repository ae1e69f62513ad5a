"""Calls over one connection: where the messages go out, and where the replies come in (vCloud reference, 6.2 and 8.3).

Everything here happens on the messaging thread's event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pika
from pika.exceptions import ChannelClosedByBroker

from gatepost.core.journal import Entry, Journal
from gatepost.messaging.call import BrokerAway, Call, NoSuchExchange
from gatepost.messaging.connection import NOT_FOUND, BrokerConnection
from gatepost.messaging.reasons import reason

Delivered = Callable[[Any, pika.BasicProperties, bytes], None]


class CallLine:
    """`deliver` takes each reply; `lost` is told when replies cannot be received any more.

    The channel of the replies is opened with the first call, so that a broker that forbids the queue harms no cloud
    that calls nobody. Each message has a channel of its own: one that is for an exchange that is not there closes it.
    """

    def __init__(
        self,
        connection: BrokerConnection,
        names: tuple[str, str],
        journal: Journal,
        deliver: Delivered,
        lost: Callable[[str], None],
    ) -> None:
        self._connection = connection
        self._exchange, self._queue = names
        self._journal = journal
        self._deliver = deliver
        self._lost = lost
        self._listening: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()

    def send(self, call: Call) -> None:
        task = asyncio.ensure_future(self._send(call))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    def close(self) -> None:
        """Stop what is under way; the connection is another's."""
        for task in (*self._sending, *((self._listening,) if self._listening is not None else ())):
            task.cancel()

    async def _send(self, call: Call) -> None:
        try:
            if self._listening is None:
                self._listening = asyncio.ensure_future(self._listen())
            # Whoever waits with us is not to be cancelled with us.
            await asyncio.shield(self._listening)
        except Exception as error:  # whatever pika or the broker makes of it
            self._listening = None
            call.fail(BrokerAway(f"Replies cannot be received: {reason(error)}"))
            return
        try:
            channel = await self._connection.channel_to(call.question.exchange)
            if not call.ended:
                self._publish(channel, call)
            if channel.is_open:
                channel.close()
        except ChannelClosedByBroker as error:
            call.fail(_refusal(call, error))
        except Exception as error:  # as above
            call.fail(BrokerAway(reason(error)))

    async def _listen(self) -> None:
        channel = await self._connection.open_replies(self._exchange, self._queue, self._on_message)
        channel.add_on_close_callback(lambda channel, error: self._on_deaf(reason(error)))
        channel.add_on_cancel_callback(lambda frame: self._on_deaf("the queue of the replies was deleted"))

    def _on_deaf(self, why: str) -> None:
        """The next call opens the channel anew."""
        if self._listening is not None:
            self._listening = None
            self._lost(f"Replies cannot be received any more: {why}")

    def _on_message(self, channel: Any, method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        self._deliver(method, properties, body)

    def _publish(self, channel: Any, call: Call) -> None:
        question = call.question
        headers = {"messageType": question.message_type, "replyToExchange": self._exchange}
        call.asked = self._journal.add(
            Entry(
                kind="amqp.publish",
                direction="out",
                dialect=question.dialect,
                at=self._journal.now(),
                method=question.exchange,
                path=question.routing_key,
                user=question.user,
                headers={**headers, "correlation-id": call.id, "reply-to": self._queue},
                body=question.kept,
            )
        )
        channel.add_on_close_callback(lambda channel, error: self._on_refused(call, error))
        properties = pika.BasicProperties(
            content_type="application/json",
            content_encoding="UTF-8",
            headers=headers,
            delivery_mode=2,
            correlation_id=call.id,
            reply_to=self._queue,
        )
        with self._connection.corked():
            channel.basic_publish(question.exchange, question.routing_key, question.body, properties)

    def _on_refused(self, call: Call, error: Exception) -> None:
        """The exchange has gone between the look at it and the message."""
        if isinstance(error, ChannelClosedByBroker):
            call.fail(_refusal(call, error))


def _refusal(call: Call, error: ChannelClosedByBroker) -> BrokerAway | NoSuchExchange:
    if error.reply_code == NOT_FOUND:
        return NoSuchExchange(f'The exchange "{call.question.exchange}" does not exist')
    return BrokerAway(reason(error))
