"""The AMQP publisher: one thread that empties the outbox onto a broker, with pipelined confirms.

Everything about the connection happens on the messaging thread's event loop. Other threads only wake it. A broker that
is away is tried again with growing pauses; what it has not confirmed goes out first when it is back, in the old order.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any, Literal, TypeVar

import pika
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.exceptions import AMQPError, ChannelClosedByBroker

from gatepost.core.events import Event
from gatepost.core.journal import Entry, Journal
from gatepost.messaging.message import Message
from gatepost.messaging.outbox import Outbox
from gatepost.messaging.reasons import reason
from gatepost.messaging.target import AmqpTarget

log = logging.getLogger(__name__)

Result = TypeVar("Result")
State = Literal["off", "waiting", "connected"]

CONNECT_TIMEOUT = 5.0
HEARTBEAT = 30
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two attempts to connect, doubling from the first to the longest."""

_IN_FLIGHT = 2_000
_BATCH = 100
_NOT_FOUND = 404


class Publisher:
    """Publishes the outbox. `render` makes the message of an event; `journal` sees every one before it leaves."""

    def __init__(self, journal: Journal, render: Callable[[Event], Message], target: AmqpTarget) -> None:
        self.outbox = Outbox()
        self._journal = journal
        self._render = render
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="gatepost-messaging", daemon=True)
        self._wake = asyncio.Event()
        self._wake_sent = False
        self._reconfigured = False
        self._stopping = False
        self._state: State = "waiting" if target.configured else "off"
        self.problem: str | None = None
        self._session: _Session | None = None

    @property
    def state(self) -> State:
        """`off`: no broker is configured; `waiting`: it cannot be reached now; `connected`."""
        return self._state

    @property
    def target(self) -> AmqpTarget:
        return self._target

    @property
    def _interrupted(self) -> bool:
        return self._stopping or self._reconfigured

    def start(self) -> None:
        self._thread.start()

    def stop(self, grace: float = 1.0) -> None:
        """Close the connection and end the thread; what is still to be confirmed gets `grace` seconds."""
        if not self._thread.is_alive():
            self._loop.close()
            return
        self._loop.call_soon_threadsafe(self._begin_stop, grace)
        self._thread.join()
        self._loop.close()

    def put(self, event: Event) -> None:
        """Hand over an event; called under the cloud's lock, so it only stores and wakes."""
        self.outbox.put(event)
        self._wake_up()

    def configure(self, target: AmqpTarget) -> None:
        """Publish there from now on; the backlog goes there too."""
        self._loop.call_soon_threadsafe(self._reconfigure, target)

    def _wake_up(self) -> None:
        # One wake-up for a burst of events: each costs a system call and a turn of the interpreter's lock.
        if not self._wake_sent:
            self._wake_sent = True
            self._loop.call_soon_threadsafe(self._wake.set)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main())

    def _begin_stop(self, grace: float) -> None:
        self._stopping = True
        self._wake.set()
        if self._session is not None:
            self._session.stop_after(grace)

    def _reconfigure(self, target: AmqpTarget) -> None:
        self._target = target
        self._reconfigured = True
        self._wake.set()
        if self._session is not None:
            self._session.close()

    async def _main(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping:
            self._reconfigured = False
            target = self._target
            if not target.configured:
                await self._without_broker()
                continue
            self._session = _Session(self, target, self._loop)
            try:
                await self._session.open()
                pause = FIRST_PAUSE
                self._enter("connected", None)
                log.info("connected to the broker %s", target.url(with_password=False))
                await self._session.publish()
            except (AMQPError, OSError, TimeoutError, ValueError) as error:
                self._lost(target, error)
            finally:
                self._session.close()
                await self._session.closed()
                self._session = None
                self.outbox.take_back()
            if not self._interrupted:
                await self._rest(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    def _lost(self, target: AmqpTarget, error: BaseException) -> None:
        if self._interrupted:
            return
        problem = reason(error)
        if self.problem != problem:
            log.warning("broker %s: %s; trying again", target.url(with_password=False), problem)
        self._enter("waiting", problem)

    def _enter(self, state: State, problem: str | None) -> None:
        self._state = state
        self.problem = problem

    async def _without_broker(self) -> None:
        self._enter("off", None)
        while not self._interrupted:
            self._reset_wake()
            for event in self.outbox.clear():
                self._record("amqp.undelivered", self._render(event))
            await self._wake.wait()

    async def _rest(self, seconds: float) -> None:
        """Sleep, but not through a stop or new settings; events alone do not end the pause."""
        deadline = self._loop.time() + seconds
        while not self._interrupted and (left := deadline - self._loop.time()) > 0:
            self._reset_wake()
            try:
                await asyncio.wait_for(self._wake.wait(), left)
            except TimeoutError:
                return

    def _reset_wake(self) -> None:
        self._wake.clear()
        self._wake_sent = False

    def _record(self, kind: str, message: Message) -> Entry:
        return self._journal.add(
            Entry(
                kind=kind,
                direction="out",
                dialect=message.dialect,
                at=self._journal.now(),
                method=self._target.exchange,
                path=message.routing_key,
                task=message.task,
                headers=message.headers,
                body=message.body,
            )
        )


class _Session:
    """One connection to one broker, from the first byte to the last."""

    def __init__(self, publisher: Publisher, target: AmqpTarget, loop: asyncio.AbstractEventLoop) -> None:
        self._publisher = publisher
        self._target = target
        self._loop = loop
        self._connection: AsyncioConnection | None = None
        self._channel: Any = None
        self._lost: asyncio.Future[BaseException] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()
        self._tag = 0
        self._published: dict[int, int] = {}
        self._blocked = False
        self._stop_at: float | None = None

    async def open(self) -> None:
        """Connect, open a confirming channel, see to the exchange. Raises what pika raises."""
        opened: asyncio.Future[None] = self._loop.create_future()
        parameters = self._target.parameters(timeout=CONNECT_TIMEOUT, heartbeat=HEARTBEAT)
        self._connection = AsyncioConnection(
            parameters,
            on_open_callback=lambda connection: _settle(opened, None),
            on_open_error_callback=lambda connection, error: self._fail(error),
            on_close_callback=lambda connection, error: self._fail(error),
            custom_ioloop=self._loop,
        )
        await self._or_lost(opened)
        self._connection.add_on_connection_blocked_callback(lambda *_: self._set_blocked(True))
        self._connection.add_on_connection_unblocked_callback(lambda *_: self._set_blocked(False))
        await self._open_channel()
        await self._find_exchange()
        confirming: asyncio.Future[None] = self._loop.create_future()
        self._channel.confirm_delivery(self._on_confirm, callback=lambda frame: _settle(confirming, None))
        await self._or_lost(confirming)

    async def publish(self) -> None:
        """Empty the outbox until the connection ends. Raises why it ended."""
        publisher = self._publisher
        while not self._lost.done():
            publisher._reset_wake()
            more = self._publish_some()
            if self._may_stop():
                return
            if more:
                await asyncio.sleep(0)
            elif not self._lost.done():
                await self._until_woken()
        raise self._lost.result()

    def close(self) -> None:
        connection = self._connection
        if connection is not None and not (connection.is_closing or connection.is_closed):
            connection.close()
        elif connection is None:
            _settle(self._gone, None)
        self._publisher._wake.set()

    async def closed(self) -> None:
        """Wait until the socket is gone; not for ever, when the broker does not answer the goodbye."""
        try:
            await asyncio.wait_for(self._gone, 1.0)
        except TimeoutError:
            log.warning("the broker did not answer the end of the connection")

    def stop_after(self, grace: float) -> None:
        self._stop_at = self._loop.time() + grace
        self._publisher._wake.set()

    def _may_stop(self) -> bool:
        if self._stop_at is None:
            return False
        return not len(self._publisher.outbox) or self._loop.time() >= self._stop_at

    async def _until_woken(self) -> None:
        """Wait for work, or for the end of the connection, or of the patience at a stop."""
        left = None if self._stop_at is None else self._stop_at - self._loop.time()
        # What ends the connection wakes as well: see `_fail`.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._publisher._wake.wait(), left)

    def _publish_some(self) -> bool:
        """Send a batch; True when there is more to send at once."""
        publisher, channel = self._publisher, self._channel
        for _ in range(_BATCH):
            if self._blocked or len(self._published) >= _IN_FLIGHT or self._lost.done() or not channel.is_open:
                return False
            event = publisher.outbox.take(self._tag + 1)
            if event is None:
                return False
            self._tag += 1
            message = publisher._render(event)
            self._published[self._tag] = publisher._record("amqp.publish", message).seq
            channel.basic_publish(self._target.exchange, message.routing_key, message.body, _properties(message))
        return True

    def _on_confirm(self, frame: Any) -> None:
        method = frame.method
        tag, multiple = method.delivery_tag, method.multiple
        if isinstance(method, pika.spec.Basic.Nack):
            # Sending it again on this connection would overtake its own task's later messages.
            self._fail(ConnectionError("the broker refused a message"))
            return
        publisher = self._publisher
        publisher.outbox.confirm(tag, multiple=multiple)
        done = [one for one in self._published if one <= tag] if multiple else [tag]
        seqs = [self._published.pop(one) for one in done if one in self._published]
        if seqs:
            publisher._journal.add(
                Entry(
                    kind="amqp.confirm",
                    direction="in",
                    dialect="vcloud",
                    at=publisher._journal.now(),
                    method=self._target.exchange,
                    headers={"delivery-tag": tag, "multiple": multiple},
                    answers=seqs[-1],
                )
            )
        publisher._wake.set()

    async def _open_channel(self) -> None:
        opened: asyncio.Future[None] = self._loop.create_future()
        assert self._connection is not None
        self._channel = self._connection.channel(on_open_callback=lambda channel: _settle(opened, None))
        self._channel.add_on_close_callback(self._on_channel_closed)
        await self._or_lost(opened)

    async def _find_exchange(self) -> None:
        """Look without declaring: the operator's exchange may have any type. Only an absent one is made, as a topic."""
        name = self._target.exchange
        if not name or name.startswith("amq."):
            return
        if await self._declare(passive=True):
            return
        await self._open_channel()
        await self._declare(passive=False)

    async def _declare(self, *, passive: bool) -> bool:
        answered: asyncio.Future[bool] = self._loop.create_future()
        if passive:
            self._channel.add_on_close_callback(lambda channel, error: _settle(answered, False))
        self._channel.exchange_declare(
            self._target.exchange,
            exchange_type="topic",
            durable=True,
            passive=passive,
            callback=lambda frame: _settle(answered, True),
        )
        return await self._or_lost(answered)

    async def _or_lost(self, wanted: asyncio.Future[Result]) -> Result:
        waits: set[asyncio.Future[Any]] = {wanted, self._lost}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if wanted.done():
            return wanted.result()
        raise self._lost.result()

    def _on_channel_closed(self, channel: Any, error: BaseException) -> None:
        looking = channel is self._channel and not self._tag and isinstance(error, ChannelClosedByBroker)
        if looking and isinstance(error, ChannelClosedByBroker) and error.reply_code == _NOT_FOUND:
            return
        self._fail(error)

    def _fail(self, error: BaseException) -> None:
        _settle(self._lost, error)
        connection = self._connection
        if connection is None or connection.is_closed:
            _settle(self._gone, None)
        self._publisher._wake.set()

    def _set_blocked(self, blocked: bool) -> None:
        self._blocked = blocked
        if blocked:
            log.warning("the broker blocks publishers; messages wait")
        self._publisher._wake.set()


def _settle(future: asyncio.Future[Result], result: Result) -> None:
    if not future.done():
        future.set_result(result)


def _properties(message: Message) -> pika.BasicProperties:
    return pika.BasicProperties(
        content_type=message.content_type,
        content_encoding="UTF-8",
        headers=message.headers,
        delivery_mode=message.delivery_mode,
        message_id=message.message_id,
    )
