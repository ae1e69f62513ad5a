"""One channel: messages published, messages delivered, and what is not settled yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from gatepost.broker import codec
from gatepost.broker.codec import Address, Basic
from gatepost.broker.codec import Channel as ChannelMethods
from gatepost.broker.content import Content
from gatepost.broker.errors import AmqpError, not_implemented, precondition_failed, resource
from gatepost.broker.message import REPLY_TO, USER_ID, Message
from gatepost.broker.observer import WireEvent
from gatepost.broker.queues import Consumer, Entry, Queue

if TYPE_CHECKING:
    from gatepost.broker.connection import Connection

REPLY_TO_QUEUE = "amq.rabbitmq.reply-to"

_NACK: int = Basic.Nack.INDEX
_REJECT: int = Basic.Reject.INDEX


class Channel:
    """One channel of a connection. `frame` raises AmqpError, for the connection to answer."""

    def __init__(self, connection: Connection, number: int) -> None:
        assert connection.vhost is not None
        self.connection = connection
        self.number = number
        self.vhost = connection.vhost
        self.hub = connection.hub
        self.state: Literal["new", "open", "closing"] = "new"
        self.index = 0
        """Class and method id of the method being handled."""
        self.last_queue = ""
        self.consumers: dict[str, Consumer] = {}
        self.prefetch = 0
        self.limit = 0
        """The prefetch of the whole channel, 0 for none; `volume` counts towards it."""
        self.volume = 0
        self.unacked: dict[int, Entry] = {}
        self.confirming = False
        self.reply_consumer: tuple[str, str] | None = None
        """Consumer tag and secret of the direct reply-to."""
        self._last_tag = 0
        self._published = self._confirmed_up_to = 0
        self._confirms: list[tuple[int, bool]] = []
        self._content = Content(self.hub.limits.message_bytes, connection.hold_unfinished)

    # ------------------------------------------------------------------ frames coming in

    def frame(self, kind: int, payload: bytes) -> None:
        content = self._content
        if kind != codec.METHOD:
            if content.address is None:
                codec.check_kind(kind, payload)
                self.index = 0
                raise AmqpError(505, "expected method frame, got non method frame instead")
            body = content.frame(kind, payload, keep=self.state == "open")
            if body is not None:
                self._complete(body)
            return
        self.index = index = codec.method_index(payload)
        if content.address is not None:
            # A client may stop in the middle of a message that was refused.
            if self.state != "closing":
                raise content.out_of_order()
            content.clear()
        if index == codec.PUBLISH:
            content.address = codec.decode_publish(payload)
            if self.state == "new":
                raise AmqpError(504, "expected 'channel.open'")
        elif index == codec.ACK and self.state == "open":
            self.ack(*codec.decode_ack(payload))
        else:
            self.connection.channel_method(self, codec.decode_method(payload))

    def _complete(self, body: bytes) -> None:
        address, properties = self._content.address, self._content.properties
        self._content.clear()
        if self.state == "open" and address is not None and properties is not None:
            self.index = codec.PUBLISH
            self._publish(address, properties, body)

    # ------------------------------------------------------------------ publishing

    def _publish(self, address: Address, properties: bytes, body: bytes) -> None:
        if self.hub.watched:
            tag = self._published + 1 if self.confirming else 0
            if self._watch("publish", tag=tag, address=address, properties=properties, body=body):
                return
        if address.immediate:
            raise not_implemented("immediate=true")
        exchange = self.vhost.exchange(address.exchange)
        if exchange.internal:
            what = resource("exchange", exchange.name, self.vhost.name)
            raise AmqpError(403, f"cannot publish to internal {what}")
        message = self._checked(Message(address, properties, body))
        queues = self.vhost.route(exchange, message)
        for queue in queues:
            if queue.full(len(body)):
                what = resource("queue", queue.name, self.vhost.name)
                raise precondition_failed(f"{what} is full; consume from it, purge it, or declare it with x-max-length")
        accepted = True
        message.shared = len(queues) > 1
        for queue in queues:
            accepted &= queue.publish(message)
        if not queues:
            if not address.exchange and address.routing_key.startswith(REPLY_TO_QUEUE):
                self.hub.deliver_reply(message)
            if address.mandatory:
                self._return(message)
        if self.confirming:
            self._confirm(accepted)

    def _checked(self, message: Message) -> Message:
        if message.has(USER_ID):
            claimed, actual = message.short(USER_ID), self.connection.user
            if claimed != actual:
                raise precondition_failed(f"user_id property set to '{claimed}' but authenticated user was '{actual}'")
        if message.has(REPLY_TO) and message.short(REPLY_TO) == REPLY_TO_QUEUE:
            if self.reply_consumer is None:
                raise precondition_failed("fast reply consumer does not exist")
            reply_to = codec.encode_short_string(f"{REPLY_TO_QUEUE}.{self.reply_consumer[1]}")
            keys = message.routing_keys
            message = message.with_parts(message.parts | {REPLY_TO: reply_to})
            message.routing_keys = keys
        return message

    def _return(self, message: Message) -> None:
        address = message.address
        if self.hub.watched:
            self._watch("return", address=address, properties=message.properties, body=message.body)
        method = Basic.Return(312, "NO_ROUTE", address.exchange, address.routing_key)
        self.send(method)
        self.connection.send(message.content(self.number, self.connection.frame_max))

    def _confirm(self, accepted: bool) -> None:
        self._published += 1
        confirms = self._confirms
        if not confirms:
            self.connection.confirms_pending(self)
        if confirms and confirms[-1][1] == accepted:
            confirms[-1] = (self._published, accepted)
        else:
            confirms.append((self._published, accepted))

    def send_confirms(self) -> None:
        """One ack for all since the last time, or as many as accepted and rejected messages take turns."""
        first = self._confirmed_up_to + 1
        for last, accepted in self._confirms:
            if self.hub.watched:
                self._watch("confirm", tag=last, multiple=last > first)
            index = codec.ACK if accepted else _NACK
            self.connection.send(codec.encode_ack(self.number, last, multiple=last > first, index=index))
            self._confirmed_up_to, first = last, last + 1
        self._confirms.clear()

    # ------------------------------------------------------------------ delivering

    def has_room(self) -> bool:
        return not self.connection.congested and (not self.limit or self.volume < self.limit)

    def deliver(self, consumer: Consumer, entry: Entry) -> None:
        self._last_tag = tag = self._last_tag + 1
        if not consumer.no_ack:
            self.unacked[tag] = entry
            if self.limit:
                self.volume += 1
        message, connection = entry.message, self.connection
        if self.hub.watched and self._watch(
            "deliver", tag=tag, queue=entry.queue.name, redelivered=entry.redelivered, address=message.address,
            consumer_tag=consumer.tag, properties=message.properties, body=message.body,
        ):  # fmt: skip
            return
        connection.send(
            codec.encode_deliver(self.number, consumer.prefix, tag, entry.redelivered, message.address.encoded)
            + message.content(self.number, connection.frame_max)
        )

    def deliver_reply(self, message: Message) -> None:
        """To the consumer of the direct reply-to; lost, like any reply, where the client does not read."""
        if self.reply_consumer is None or self.connection.congested:
            return
        self._last_tag += 1
        prefix = codec.deliver_prefix(self.reply_consumer[0])
        self.connection.send(
            codec.encode_deliver(self.number, prefix, self._last_tag, False, message.address.encoded)
            + message.content(self.number, self.connection.frame_max)
        )

    def hand_out(self, queue: Queue, entry: Entry, *, no_ack: bool) -> None:
        """Answer a `basic.get`."""
        self._last_tag += 1
        if not no_ack:
            self.unacked[self._last_tag] = entry
            queue.unacked += 1
        message = entry.message
        if self.hub.watched and self._watch(
            "get", tag=self._last_tag, queue=queue.name, redelivered=entry.redelivered, address=message.address,
            properties=message.properties, body=message.body,
        ):  # fmt: skip
            return
        address = message.address
        self.send(Basic.GetOk(self._last_tag, entry.redelivered, address.exchange, address.routing_key, len(queue)))
        self.connection.send(message.content(self.number, self.connection.frame_max))

    def lost(self, consumer: Consumer) -> None:
        """The queue of this consumer is gone."""
        self.consumers.pop(consumer.tag, None)
        if self.state == "open" and self.connection.capable("consumer_cancel_notify"):
            self.hub.after(lambda: self._tell_cancelled(consumer.tag))

    def _tell_cancelled(self, tag: str) -> None:
        if self.state == "open" and not self.connection.ended:
            self.send(Basic.Cancel(tag, True))

    def wake_consumers(self) -> None:
        """There may be room again."""
        for consumer in list(self.consumers.values()):
            if consumer.waiting and consumer.queue.wake(consumer):
                consumer.queue.run()

    # ------------------------------------------------------------------ settling

    def ack(self, tag: int, multiple: bool) -> None:
        if self.hub.watched and self._watch("ack", tag=tag, multiple=multiple):
            return
        entries = self._take(tag, multiple)
        was_full = self._release(entries)
        if len(entries) == 1:
            # Nearly all there is; grouping costs more than the rest.
            if entries[0].queue.settle(entries):
                entries[0].queue.run()
            if was_full:
                self.wake_consumers()
            return
        for queue, group in _by_queue(entries):
            if queue.settle(group):
                queue.run()
        if was_full:
            self.wake_consumers()

    def reject(self, tag: int, *, multiple: bool, requeue: bool) -> None:
        if self.hub.watched:
            kind: Literal["nack", "reject"] = "reject" if self.index == _REJECT else "nack"
            if self._watch(kind, tag=tag, multiple=multiple, requeue=requeue):
                return
        self.give_back(self._take(tag, multiple), requeue=requeue)

    def give_back(self, entries: list[Entry], *, requeue: bool) -> None:
        """Entries that this channel no longer has: back into their queues, or dead."""
        was_full = self._release(entries)
        for queue, group in _by_queue(entries):
            woken = queue.settle(group)
            if requeue:
                queue.requeue(group)
            elif not queue.deleted:
                self.vhost.dead_letter(queue, [entry.message for entry in group], "rejected")
            if woken:
                queue.run()
        if was_full:
            self.wake_consumers()

    def _take(self, tag: int, multiple: bool) -> list[Entry]:
        unacked = self.unacked
        if multiple and not tag:
            entries = list(unacked.values())
            unacked.clear()
            return entries
        if tag not in unacked:
            raise precondition_failed(f"unknown delivery tag {tag}")
        if not multiple:
            return [unacked.pop(tag)]
        tags = []
        for number in unacked:
            tags.append(number)
            if number == tag:
                break
        return [unacked.pop(number) for number in tags]

    def _release(self, entries: list[Entry]) -> bool:
        """Make room in the channel's own prefetch; whether it was full before."""
        if not self.limit:
            return False
        was_full = self.volume >= self.limit
        delivered = sum(entry.consumer is not None for entry in entries)
        self.volume = max(0, self.volume - delivered)
        return was_full and self.volume < self.limit

    # ------------------------------------------------------------------ the end

    def end(self) -> None:
        """Give up all consumers and give back what is not acknowledged. The connection forgets the channel."""
        if self._confirms and not self.connection.ended:
            self.send_confirms()
        self.state = "closing"
        self._content.drop_pieces()
        self.hub.forget_replies(self)
        consumers, self.consumers = list(self.consumers.values()), {}
        entries, self.unacked = list(self.unacked.values()), {}
        for consumer in consumers:
            consumer.queue.remove_consumer(consumer)
        for queue in {consumer.queue: None for consumer in consumers}:
            self.hub.unused(queue)
        self.give_back(entries, requeue=True)

    def send(self, method: codec.Method) -> None:
        self.connection.send(codec.encode_method(self.number, method))

    def close(self, error: AmqpError) -> None:
        """Tell the client why the channel ends; what it still sends is ignored until it agrees."""
        self.end()
        index = self.index if error.method is None else error.method
        self.send(ChannelMethods.Close(error.code, error.text, index >> 16, index & 0xFFFF))

    def _watch(
        self,
        kind: Literal["publish", "confirm", "return", "deliver", "get", "ack", "nack", "reject"],
        *,
        tag: int = 0,
        multiple: bool = False,
        requeue: bool = False,
        redelivered: bool = False,
        queue: str = "",
        consumer_tag: str = "",
        address: Address | None = None,
        properties: bytes = b"",
        body: bytes = b"",
    ) -> bool:
        """Tell the observers; whether the connection is cut at this point."""
        event = WireEvent(
            kind=kind, connection=self.connection.number, channel=self.number, tag=tag, multiple=multiple,
            requeue=requeue, redelivered=redelivered, queue=queue, consumer_tag=consumer_tag, properties=properties,
            exchange=address.exchange if address else "", routing_key=address.routing_key if address else "", body=body,
        )  # fmt: skip
        return self.hub.watch(event, self.connection)


def _by_queue(entries: Iterable[Entry]) -> list[tuple[Queue, list[Entry]]]:
    """As RabbitMQ takes them: queue by queue, consumer by consumer, in the order of their names."""
    groups: dict[tuple[str, int, str, int], list[Entry]] = {}
    for entry in entries:
        queue, consumer = entry.queue, entry.consumer
        # Each message fetched with `basic.get` stands for itself, in order, before all consumers. A queue of the same
        # name may have been deleted meanwhile.
        part = ("", entry.position) if consumer is None else (f"c{consumer.tag}", 0)
        groups.setdefault((queue.name, id(queue), *part), []).append(entry)
    return [(groups[key][0].queue, groups[key]) for key in sorted(groups)]
