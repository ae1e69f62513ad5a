"""One connection to a broker: how it is made, and how it is left without waiting for a broker that is silent.

Everything here happens on the messaging thread's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any, TypeVar

from pika.exceptions import ChannelClosedByBroker

from gatepost.messaging.adapter import Amqp
from gatepost.messaging.target import AmqpTarget

Result = TypeVar("Result")

CONNECT_SECONDS = 5.0
"""How long a broker may take over all of it, from its name's look-up to the open channel."""

GOODBYE_SECONDS = 0.5
"""How long it may take over the end of a connection before the socket is simply closed."""

HEARTBEAT_SECONDS = 30

NOT_FOUND = 404
"""Reply code of a broker for what is not there."""

MOST_ATTEMPTS = 3
"""At a queue of replies that goes while it is opened."""

_UNUSED_MS = 60_000
"""After that a queue of replies goes away, if its cloud and the broker ended at the same time."""


class BrokerConnection:
    """`lost` is done as soon as the connection cannot be used any more; its result says why."""

    def __init__(self, target: AmqpTarget) -> None:
        self._target = target
        self._loop = asyncio.get_running_loop()
        self._amqp: Amqp | None = None
        self._gone = asyncio.Event()
        self.lost: asyncio.Future[Exception] = self._loop.create_future()

    async def open(self) -> None:
        """Connect and log in. Raises OSError, and what pika raises."""
        opened: asyncio.Future[None] = self._loop.create_future()
        parameters = self._target.parameters(heartbeat=HEARTBEAT_SECONDS)
        self._amqp = await self._connect(lambda: Amqp(parameters, lambda amqp: _settle(opened, None), self._on_end))
        await self._answer(opened)

    async def _connect(self, make: Callable[[], Amqp]) -> Amqp:
        """Try the addresses of the host one after the other. Raises what the last one raised."""
        host, port, context = self._target.host, self._target.port, self._target.tls()
        problem = OSError("the host has no address")
        for *_, address in await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                _, amqp = await self._loop.create_connection(
                    make, str(address[0]), port, ssl=context, server_hostname=host if context else None
                )
            except OSError as error:
                problem = error
            else:
                return amqp
        raise problem

    async def ensure_exchange(self, exchange: str) -> None:
        """See to it that the exchange is there. Raises what pika raises.

        It is looked for, not declared: the operator's own may have any type. An absent one is made, a durable topic.
        """
        if exchange:  # AMQP's nameless default exchange is always there
            # A refusal closes the channel, so it must not be the one that publishes.
            (await self._channel_at(exchange, "topic")).close()

    async def open_channel(self, on_confirm: Callable[[Any], None]) -> Any:
        """A channel that publishes with confirms. Raises what pika raises."""
        channel = await self._new_channel()
        await self._call(channel, channel.confirm_delivery, on_confirm)
        channel.add_on_close_callback(lambda channel, error: self.fail(error))
        return channel

    async def channel_to(self, exchange: str) -> Any:
        """A channel on which that exchange is there. Raises what pika raises."""
        channel = await self._new_channel()
        await self._call(channel, channel.exchange_declare, exchange, passive=True)
        return channel

    async def open_replies(self, exchange: str, queue: str, on_message: Callable[..., None]) -> Any:
        """A channel that consumes a queue of our own, bound to the exchange by its name. Raises what pika raises.

        The queue ends with its consumer. It is not exclusive: a broker that has not noticed the end of an earlier
        connection would refuse the new one. But when it notices that between our declaration and our consumer, the
        queue goes with the earlier one, and is made anew.
        """
        for _ in range(MOST_ATTEMPTS - 1):
            try:
                return await self._consume(exchange, queue, on_message)
            except ChannelClosedByBroker as error:
                if error.reply_code != NOT_FOUND:
                    raise
        return await self._consume(exchange, queue, on_message)

    async def _consume(self, exchange: str, queue: str, on_message: Callable[..., None]) -> Any:
        channel = await self._channel_at(exchange, "direct")
        arguments = {"x-expires": _UNUSED_MS}
        await self._call(channel, channel.queue_declare, queue, durable=True, auto_delete=True, arguments=arguments)
        await self._call(channel, channel.queue_bind, queue, exchange, queue)
        await self._call(channel, channel.basic_consume, queue, on_message, auto_ack=True)
        return channel

    def on_blocked(self, tell: Callable[[str | None], None]) -> None:
        """Have `tell` called with the broker's reason when it stops reading, and with None when it goes on."""
        assert self._amqp is not None
        self._amqp.add_on_connection_blocked_callback(lambda amqp, frame: tell(str(frame.method.reason)))
        self._amqp.add_on_connection_unblocked_callback(lambda amqp, frame: tell(None))

    def corked(self) -> contextlib.AbstractContextManager[None]:
        """Everything written in the block leaves at its end, at once."""
        assert self._amqp is not None
        return self._amqp.corked()

    def fail(self, error: Exception) -> None:
        """Give the connection up; it is still to be closed."""
        _settle(self.lost, error)

    async def close(self) -> None:
        """Say goodbye; the socket is closed afterwards whether or not the broker answers."""
        amqp = self._amqp
        if amqp is None or self._gone.is_set():
            return
        if not amqp.is_closing:
            amqp.close()
        try:
            await self._wait_until_gone()
        finally:
            if not self._gone.is_set():
                amqp.abort()
                await self._wait_until_gone()

    async def _wait_until_gone(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._gone.wait()

    async def _channel_at(self, exchange: str, exchange_type: str) -> Any:
        """A channel on which the exchange is there: looked for, and only if it is absent made, durable."""
        channel = await self._new_channel()
        try:
            await self._call(channel, channel.exchange_declare, exchange, passive=True)
        except ChannelClosedByBroker as error:
            if error.reply_code != NOT_FOUND or exchange.startswith("amq."):
                raise
            channel = await self._new_channel()
            await self._call(channel, channel.exchange_declare, exchange, exchange_type=exchange_type, durable=True)
        return channel

    async def _new_channel(self) -> Any:
        assert self._amqp is not None
        opened: asyncio.Future[None] = self._loop.create_future()
        channel = self._amqp.channel(on_open_callback=lambda channel: _settle(opened, None))
        await self._answer(opened)
        return channel

    async def _call(self, channel: Any, method: Callable[..., Any], *arguments: Any, **options: Any) -> None:
        """Call a method of a channel and wait for the broker's answer. Raises why the broker closed the channel."""
        answered: asyncio.Future[Exception | None] = self._loop.create_future()
        channel.add_on_close_callback(lambda channel, error: _settle(answered, error))
        method(*arguments, callback=lambda frame: _settle(answered, None), **options)
        error = await self._answer(answered)
        if error is not None:
            raise error

    async def _answer(self, wanted: asyncio.Future[Result]) -> Result:
        """The result, unless the connection ends first. Raises why it ended."""
        waits: set[asyncio.Future[Any]] = {wanted, self.lost}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if wanted.done():
            return wanted.result()
        raise self.lost.result()

    def _on_end(self, amqp: Amqp, error: Exception) -> None:
        self._gone.set()
        self.fail(error)


def _settle(future: asyncio.Future[Result], result: Result) -> None:
    if not future.done():
        future.set_result(result)
