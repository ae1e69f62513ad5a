"""A queue: what waits, who consumes, what is not acknowledged yet."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gatepost.broker import tables
from gatepost.broker.tables import Table

if TYPE_CHECKING:
    from gatepost.broker.channel import Channel
    from gatepost.broker.message import Message
    from gatepost.broker.vhost import VirtualHost

_BATCH = 500
"""Deliveries of one queue in a row, before others get their turn."""


_ENTRY_COST = 700
"""Bytes that a waiting message takes beside its body."""


class Entry:
    """A message in one queue. Times are the loop's."""

    __slots__ = ("consumer", "expires_at", "message", "position", "queue", "redelivered", "ruled")

    def __init__(self, queue: Queue, message: Message, position: int, expires_at: float | None) -> None:
        self.queue = queue
        self.message = message
        self.position = position
        self.expires_at = expires_at
        self.redelivered = False
        self.consumer: Consumer | None = None
        """Who has it unacknowledged; None also for what was fetched with `basic.get`."""
        self.ruled = False
        """A rule has put it back, and is not asked a second time."""


class Consumer:
    """One `basic.consume`. `waiting` consumers have no room and stand outside the round."""

    __slots__ = (
        "channel", "exclusive", "no_ack", "prefetch", "prefix", "queue", "tag", "unacked", "waiting",
    )  # fmt: skip

    def __init__(
        self, channel: Channel, queue: Queue, tag: str, prefix: bytes, *, no_ack: bool, exclusive: bool, prefetch: int
    ) -> None:
        self.channel = channel
        self.queue = queue
        self.tag = tag
        self.prefix = prefix
        self.no_ack = no_ack
        self.exclusive = exclusive
        self.prefetch = prefetch
        self.unacked = 0
        self.waiting = False

    def has_room(self) -> bool:
        if self.prefetch and self.unacked >= self.prefetch and not self.no_ack:
            return False
        return self.channel.has_room()


class Queue:
    """One queue. Whoever changes it from outside calls `run` afterwards, unless the method says that it does."""

    def __init__(
        self,
        vhost: VirtualHost,
        name: str,
        *,
        durable: bool,
        auto_delete: bool,
        owner: object | None,
        arguments: Table,
    ) -> None:
        self.vhost = vhost
        self.name = name
        self.durable = durable
        self.auto_delete = auto_delete
        self.owner = owner
        """The connection that alone may use it, or None."""
        self.arguments = arguments
        self.ttl = _number(arguments, "x-message-ttl")
        self.expires = _number(arguments, "x-expires")
        self.dead_letter_exchange = tables.text(arguments, "x-dead-letter-exchange")
        self.dead_letter_key = tables.text(arguments, "x-dead-letter-routing-key")
        self.max_length = _number(arguments, "x-max-length")
        self.max_bytes = _number(arguments, "x-max-length-bytes")
        self.overflow = tables.text(arguments, "x-overflow") or "drop-head"
        self.consumers: dict[Consumer, None] = {}
        self.unacked = 0
        self.deleted = False
        self._bounded = self.max_length is not None or self.max_bytes is not None
        self._round: deque[Consumer] = deque()
        self._fresh: deque[Entry] = deque()
        self._returned: list[tuple[int, int, Entry]] = []
        """A heap by position: what came back stands where it stood."""
        self._tie = 0
        self._next_position = 0
        self._bytes = 0
        self._expiring = 0
        self._run_again = False

    # ------------------------------------------------------------------ what waits

    def __len__(self) -> int:
        return len(self._fresh) + len(self._returned)

    @property
    def bytes_ready(self) -> int:
        return self._bytes

    def full(self, size: int) -> bool:
        """Whether `size` more bytes would be more than the broker keeps in one queue."""
        limits, count = self.vhost.limits, len(self)
        return count >= limits.queue_messages or self._bytes + size + count * _ENTRY_COST > limits.queue_bytes

    def would_overflow(self, size: int) -> bool:
        return self._bounded and self._over(len(self) + 1, self._bytes + size)

    def _over(self, messages: int, size: int) -> bool:
        too_many = self.max_length is not None and messages > self.max_length
        return too_many or (self.max_bytes is not None and size > self.max_bytes)

    def publish(self, message: Message) -> bool:
        """Take a message in and deliver what can be delivered; False where the queue rejects it."""
        if self._bounded and self.overflow != "drop-head" and self.would_overflow(len(message.body)):
            if self.overflow == "reject-publish-dlx":
                self.vhost.dead_letter(self, [message], "maxlen")
            return False
        entry = Entry(self, message, self._next_position, self._expiry(message))
        self._next_position += 1
        self._fresh.append(entry)
        self._bytes += len(message.body)
        if entry.expires_at is not None:
            self._expiring += 1
        if self._round:
            # With nothing before it a message goes straight to a consumer, also one that has no time to wait.
            self.run(expire=len(self) > 1)
        if self._bounded:
            self._drop_head()
        if self._expiring:
            self.drop_expired()
        return True

    def _expiry(self, message: Message) -> float | None:
        ttl = message.expiration
        if self.ttl is not None:
            ttl = self.ttl if ttl is None else min(ttl, self.ttl)
        return None if ttl is None else self.vhost.clock.time() + ttl / 1000

    def head(self) -> Entry | None:
        if self._returned and (not self._fresh or self._returned[0][0] < self._fresh[0].position):
            return self._returned[0][2]
        return self._fresh[0] if self._fresh else None

    def pop(self) -> Entry:
        """Take the head off. Raises IndexError when nothing waits."""
        returned = self._returned
        if returned and (not self._fresh or returned[0][0] < self._fresh[0].position):
            entry = heapq.heappop(returned)[2]
        else:
            entry = self._fresh.popleft()
        self._bytes -= len(entry.message.body)
        if entry.expires_at is not None:
            self._expiring -= 1
        return entry

    def put_back(self, entry: Entry) -> None:
        """Let an entry stand again where it stood."""
        self._tie += 1
        heapq.heappush(self._returned, (entry.position, self._tie, entry))
        self._bytes += len(entry.message.body)
        if entry.expires_at is not None:
            self._expiring += 1

    def double(self, entry: Entry) -> Entry:
        """Let a copy of `entry` wait right behind it; returns the copy."""
        copy = Entry(self, entry.message, entry.position, entry.expires_at)
        self.put_back(copy)
        return copy

    def get(self) -> Entry | None:
        """For `basic.get`."""
        if self._expiring:
            self.drop_expired()
        entry = self.pop() if len(self) else None
        if entry is not None and self._expiring:
            self.drop_expired()
        return entry

    def purge(self) -> int:
        if self._expiring:
            self.drop_expired()
        count = len(self)
        self._fresh.clear()
        self._returned.clear()
        self._bytes = self._expiring = 0
        return count

    def drop_expired(self) -> None:
        """Drop or dead-letter what is due at the head; RabbitMQ too looks no further."""
        now = self.vhost.clock.time()
        due: list[Message] = []
        while (head := self.head()) is not None and head.expires_at is not None:
            if head.expires_at > now:
                self.vhost.clock.wake_at(self, head.expires_at)
                break
            due.append(self.pop().message)
        if due:
            self.vhost.dead_letter(self, due, "expired")

    def _drop_head(self) -> None:
        if self.overflow != "drop-head":
            return
        while len(self) and self._over(len(self), self._bytes):
            self.vhost.dead_letter(self, [self.pop().message], "maxlen")

    # ------------------------------------------------------------------ who consumes

    def add_consumer(self, consumer: Consumer) -> None:
        self.consumers[consumer] = None
        self._round.append(consumer)
        self.run()

    def remove_consumer(self, consumer: Consumer) -> None:
        """Without seeing to auto-delete: the caller does."""
        if self.consumers.pop(consumer, self) is None and not consumer.waiting:
            self._round.remove(consumer)

    def wake(self, consumer: Consumer) -> bool:
        """Take a waiting consumer that has room again into the round; whether `run` may have work."""
        if not consumer.waiting or consumer not in self.consumers or not consumer.has_room():
            return False
        consumer.waiting = False
        self._round.append(consumer)
        return True

    def run(self, *, expire: bool = True) -> None:
        """Deliver, in turn, as long as there are messages and consumers with room."""
        round_, fresh, returned, levers = self._round, self._fresh, self._returned, self.vhost.levers
        left = _BATCH
        while round_ and (fresh or returned):
            if expire and self._expiring:
                # Dead letters may come back to this very queue.
                self.drop_expired()
                if not round_ or not (fresh or returned):
                    return
            consumer = round_[0]
            if not consumer.has_room():
                consumer.waiting = True
                round_.popleft()
                continue
            if not left:
                self._later()
                return
            left -= 1
            entry = self.pop()
            if levers.armed and not levers.let_pass(entry):
                continue
            if len(round_) > 1:
                round_.rotate(-1)
            self._hand_over(entry, consumer)

    def _hand_over(self, entry: Entry, consumer: Consumer) -> None:
        if not consumer.no_ack:
            entry.consumer = consumer
            consumer.unacked += 1
            self.unacked += 1
        consumer.channel.deliver(consumer, entry)

    def _later(self) -> None:
        if not self._run_again:
            self._run_again = True
            self.vhost.clock.soon(self._resume)

    def _resume(self) -> None:
        self._run_again = False
        if not self.deleted:
            self.run()

    # ------------------------------------------------------------------ what is not acknowledged

    def settle(self, entries: Iterable[Entry]) -> bool:
        """These are no longer unacknowledged; whether a consumer got room, so that `run` may have work."""
        woken = False
        for entry in entries:
            self.unacked -= 1
            consumer = entry.consumer
            if consumer is not None:
                consumer.unacked -= 1
                if consumer.waiting and self.wake(consumer):
                    woken = True
        return woken

    def requeue(self, entries: Iterable[Entry]) -> None:
        """Settled entries wait again, and are delivered to who has room."""
        if self.deleted:
            return
        for entry in entries:
            entry.redelivered = True
            entry.consumer = None
            self.put_back(entry)
        if self._bounded:
            self._drop_head()
        if self._expiring:
            self.drop_expired()
        self.run()


def _number(arguments: Table, name: str) -> int | None:
    kind, value = arguments.get(name, ("V", None))
    return int(value) if kind in tables.INTEGERS else None
