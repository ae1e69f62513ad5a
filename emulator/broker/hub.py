"""What all connections of one broker share. Lives in the broker's thread."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from gatepost.broker.levers import CutPoint, Levers, Switchboard
from gatepost.broker.limits import Limits
from gatepost.broker.message import Message
from gatepost.broker.observer import Observer, WireEvent
from gatepost.broker.queues import Queue
from gatepost.broker.vhost import VirtualHost

if TYPE_CHECKING:
    from gatepost.broker.channel import Channel
    from gatepost.broker.connection import Connection

log = logging.getLogger(__name__)

_CUT_POINTS: dict[str, CutPoint] = {
    "publish": "publish",
    "deliver": "deliver",
    "get": "deliver",
    "ack": "ack",
    "nack": "ack",
    "reject": "ack",
}


class Hub:
    """The virtual hosts and connections of one broker, its timers, and the output that waits to be flushed."""

    def __init__(
        self,
        board: Switchboard,
        users: dict[str, str],
        vhosts: Iterable[str],
        limits: Limits,
        observers: list[Observer],
    ) -> None:
        self.levers = Levers(board)
        self.users = users
        self.limits = limits
        self.observers = observers
        self.vhosts = {name: VirtualHost(name, limits, self.levers, self) for name in vhosts}
        self.connections: dict[int, Connection] = {}
        self.blocked_reason: str | None = None
        self.watched = bool(observers)
        """Whether anyone is to be asked at each publish, delivery and acknowledgement."""
        self.dirty: list[Connection] = []
        """Connections with output to flush."""
        self._last_number = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self.afterwards: list[Callable[[], None]] = []
        """What is to be done when the current method has been answered."""
        self._wakes: dict[Queue, asyncio.TimerHandle] = {}
        self._expiries: dict[Queue, asyncio.TimerHandle] = {}
        self._replies: dict[str, Channel] = {}

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        assert self._loop is not None
        return self._loop

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def next_number(self) -> int:
        self._last_number += 1
        return self._last_number

    # ------------------------------------------------------------------ output

    def flush(self) -> None:
        """Send what every connection has to say; called at the end of each turn of the loop that did something."""
        self.run_afterwards()
        while self.dirty:
            dirty, self.dirty = self.dirty, []
            for connection in dirty:
                try:
                    connection.flush()
                except Exception:
                    # The others must not wait for ever for what one cannot send.
                    log.exception("connection %s (%s)", connection.number, connection.peer)
                    connection.cut()

    def after(self, action: Callable[[], None]) -> None:
        """Do it when the current method has been answered."""
        self.afterwards.append(action)

    def run_afterwards(self) -> None:
        if self.afterwards:
            afterwards, self.afterwards = self.afterwards, []
            for action in afterwards:
                action()

    # ------------------------------------------------------------------ time

    def time(self) -> float:
        return self.loop.time()

    def soon(self, action: Callable[[], None]) -> None:
        self.loop.call_soon(self._and_flush, action)

    def later(self, seconds: float, action: Callable[[], None]) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, self._and_flush, action)

    def _and_flush(self, action: Callable[[], None]) -> None:
        try:
            action()
        finally:
            self.flush()

    def wake_at(self, queue: Queue, when: float) -> None:
        timer = self._wakes.get(queue)
        if timer is not None:
            if timer.when() <= when:
                return
            timer.cancel()
        self._wakes[queue] = self.loop.call_at(when, self._and_flush, lambda: self._wake(queue))

    def _wake(self, queue: Queue) -> None:
        del self._wakes[queue]
        if not queue.deleted:
            queue.drop_expired()

    def used(self, queue: Queue) -> None:
        """Declared or fetched from: its x-expires begins anew."""
        if queue.expires is None or queue.deleted:
            return
        timer = self._expiries.pop(queue, None)
        if timer is not None:
            timer.cancel()
        self._expiries[queue] = self.later(queue.expires / 1000, lambda: self._expire(queue))

    def _expire(self, queue: Queue) -> None:
        self._expiries.pop(queue, None)
        if not queue.deleted and not queue.consumers:
            self.remove_queue(queue)

    def unused(self, queue: Queue) -> None:
        """A consumer went: the queue may go with its last."""
        if queue.deleted or queue.consumers:
            return
        if queue.auto_delete:
            self.remove_queue(queue)
        else:
            self.used(queue)

    def remove_queue(self, queue: Queue) -> None:
        queue.vhost.remove_queue(queue)

    def forget(self, queue: Queue) -> None:
        for timers in (self._wakes, self._expiries):
            timer = timers.pop(queue, None)
            if timer is not None:
                timer.cancel()

    # ------------------------------------------------------------------ direct reply-to

    def new_reply_token(self, channel: Channel) -> str:
        token = secrets.token_urlsafe(24)
        self._replies[token] = channel
        return token

    def forget_replies(self, channel: Channel) -> None:
        if channel.reply_consumer is not None:
            self._replies.pop(channel.reply_consumer[1], None)
            channel.reply_consumer = None

    def is_reply_queue(self, name: str) -> bool:
        token = name.removeprefix("amq.rabbitmq.reply-to")
        return not token or token[1:] in self._replies

    def deliver_reply(self, message: Message) -> None:
        token = message.address.routing_key.removeprefix("amq.rabbitmq.reply-to.")
        channel = self._replies.get(token)
        if channel is not None:
            channel.deliver_reply(message)

    # ------------------------------------------------------------------ levers and observers

    def rewatch(self) -> None:
        self.watched = bool(self.observers or self.levers.cuts)

    def watch(self, event: WireEvent, connection: Connection) -> bool:
        """Tell the observers of an event; whether it came to a point where its connection is cut."""
        for observer in self.observers:
            try:
                observer(event)
            except Exception:
                log.exception("an observer of the broker failed at a %s", event.kind)
        point = _CUT_POINTS.get(event.kind)
        if point is None or not self.levers.takes_cut(point, connection.number):
            return False
        connection.cut()
        return True

    def set_blocked(self, reason: str | None) -> None:
        self.blocked_reason = reason
        if reason is None:
            for connection in list(self.connections.values()):
                connection.unblock()

    def cut_now(self, number: int | None) -> None:
        """Raises LookupError for a connection that is not there."""
        if number is not None and number not in self.connections:
            there = ", ".join(map(str, self.connections)) or "none"
            raise LookupError(f"there is no connection {number}; open are: {there}")
        for connection in list(self.connections.values()):
            if number is None or connection.number == number:
                connection.cut()

    def close_connections(self, number: int | None) -> None:
        """One that is there no longer needs no closing."""
        for connection in list(self.connections.values()):
            if number is None or connection.number == number:
                connection.shut_down()

    def close_all(self) -> None:
        """Say goodbye to everyone."""
        for connection in list(self.connections.values()):
            with contextlib.suppress(Exception):
                connection.shut_down()
        for timer in [*self._wakes.values(), *self._expiries.values()]:
            timer.cancel()
        self._wakes.clear()
        self._expiries.clear()
