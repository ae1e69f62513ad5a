"""Runs a list of AMQP methods against a broker and writes down, step by step, all that came back.

What comes back depends on the broker alone, not on its timing: after each step everything has settled, and a channel
consumes from one queue only, since RabbitMQ's queues are processes whose deliveries come interleaved as they happen to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pika import spec

from tests.support.amqp_client import Channel, Connection, Message, RefusedError
from tests.support.amqp_wire import Cut

QUEUES = ("q1", "q2", "q3")
EXCHANGES = {"direct": "direct", "topic": "topic", "fanout": "fanout"}

# What moves no message, so that nothing has to settle after it, unless it closes the channel.
STILL = {"queue", "exchange", "bind", "unbind", "bind_exchange", "confirm", "delete_exchange"}

# Which queue each channel consumes from, if it does.
CONSUMED = {1: "q1", 2: "q1", 3: "q2"}


@dataclass(frozen=True)
class Step:
    """A method on a channel. Names in `fields` are short; `tag_at` picks one of the open delivery tags."""

    channel: int
    verb: str
    fields: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Step({self.channel}, {self.verb!r}, {self.fields!r})"


class Script:
    """One run on one broker; `token` makes its names fresh, and is taken out of all that is written down."""

    def __init__(self, url: str, token: str) -> None:
        self._token = token
        self._connection = Connection(url)
        self._url = url
        self._channels: dict[int, Channel] = {}
        self._open_tags: dict[int, list[int]] = {}
        self._published = 0
        # Queues that were declared and not deleted, in a fixed order; and whether one hands its dead to others.
        self._alive: dict[str, None] = {}
        self._dead_letters = False

    def run(self, steps: list[Step]) -> list[Any]:
        """The transcript: for each step its reply or refusal, and then what came on each channel."""
        transcript: list[Any] = []
        try:
            # One by one, since what was written down before an error counts too.
            transcript.extend(map(self._step, steps))
            transcript.append(self._drain())
        except RefusedError as error:
            # The connection is closed; what it held goes back at a time of the broker's own choice. So this is the end.
            transcript.append(self._show(error.refusal))
        except Cut:
            transcript.append("cut")
        finally:
            self._clean_up()
        return transcript

    def _step(self, step: Step) -> list[Any]:
        channel = self._channels.get(step.channel)
        if channel is None:
            channel = self._channels[step.channel] = self._connection.channel(step.channel)
            self._open_tags[step.channel] = []
        try:
            reply = getattr(self, f"_{step.verb}")(channel, **step.fields)
        except RefusedError as error:
            self._lost(channel, error)
            reply = self._show(error.refusal)
        else:
            if step.verb in STILL:
                return [step.verb, reply]
        return [step.verb, reply, *self._settle()]

    def _settle(self) -> list[Any]:
        """What came unasked on each channel."""
        channels = sorted(self._channels.items())
        refusals = {number: self._guarded(channel, channel.round_trip) for number, channel in channels}
        self._wait_for_queues()
        came = []
        for number, channel in channels:
            # Twice, since a confirm waits until its channel has nothing else to do.
            for _ in range(2):
                refusals[number] = refusals[number] or self._guarded(channel, channel.round_trip)
            events = [self._show_event(number, event) for event in channel.arrived()]
            if events or refusals[number]:
                came.append((number, events, refusals[number]))
        return came

    def _wait_for_queues(self) -> None:
        # Twice, where a dead letter may go from the last queue to the first.
        for queue in [*self._alive] * (2 if self._dead_letters else 1):
            self._connection.wait_for_queue(self._full(queue))

    def _guarded(self, channel: Channel, action: Any) -> Any:
        try:
            action()
        except RefusedError as error:
            self._lost(channel, error)
            return self._show(error.refusal)
        return None

    def _lost(self, channel: Channel, error: RefusedError) -> None:
        """Forget a closed channel; a closed connection ends the run."""
        if error.refusal.closed == "connection":
            raise error
        self._channels.pop(channel.number, None)

    def _drain(self) -> list[Any]:
        """What is left in the queues after the channels have given back what they held."""
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()
        self._wait_for_queues()
        reader = self._connection.channel(9)
        left: list[Any] = []
        for queue in self._alive:
            messages = []
            while message := reader.get(self._full(queue)):
                messages.append(self._show_message(message))
            left.append([queue, *messages])
        return left

    def _clean_up(self) -> None:
        self._connection.close()
        with Connection(self._url) as connection:
            channel = connection.channel()
            for queue in self._alive:
                channel.send(spec.Queue.Delete(queue=self._full(queue), nowait=True))
            for exchange in EXCHANGES:
                channel.send(spec.Exchange.Delete(exchange=self._full(exchange), nowait=True))
            channel.round_trip()

    # ------------------------------------------------------------------ the verbs

    def _queue(self, channel: Channel, queue: str, **fields: Any) -> Any:
        arguments = dict(fields.pop("arguments", {}))
        if "x-dead-letter-exchange" in arguments:
            arguments["x-dead-letter-exchange"] = self._full(arguments["x-dead-letter-exchange"])
            self._dead_letters = True
        if queue in self._alive:
            # The reply tells the length of the queue.
            self._connection.wait_for_queue(self._full(queue))
        declare = spec.Queue.Declare(queue=self._full(queue), arguments=arguments, **fields)
        reply = channel.call(declare, spec.Queue.DeclareOk)
        self._alive[queue] = None
        return [reply.message_count, reply.consumer_count]

    def _exchange(self, channel: Channel, exchange: str, type: str, **fields: Any) -> Any:
        channel.exchange(self._full(exchange), type, **fields)

    def _bind(self, channel: Channel, queue: str, exchange: str, key: str) -> Any:
        channel.bind(self._full(queue), self._full(exchange), key)

    def _unbind(self, channel: Channel, queue: str, exchange: str, key: str) -> Any:
        channel.unbind(self._full(queue), self._full(exchange), key)

    def _bind_exchange(self, channel: Channel, to: str, exchange: str, key: str) -> Any:
        channel.bind_exchange(self._full(to), self._full(exchange), key)

    def _publish(self, channel: Channel, exchange: str, key: str, mandatory: bool) -> Any:
        self._published += 1
        # A key of the default exchange is the name of a queue.
        key = key if exchange else self._full(key)
        channel.publish(self._full(exchange), key, b"%d" % self._published, mandatory=mandatory)

    def _get(self, channel: Channel, queue: str, no_ack: bool) -> Any:
        message = channel.get(self._full(queue), no_ack)
        if message is None:
            return "empty"
        if not no_ack:
            self._open_tags[channel.number].append(message.tag)
        return [*self._show_message(message), message.tag, message.method.message_count]

    def _consume(self, channel: Channel, tag: str, no_ack: bool, exclusive: bool) -> Any:
        queue = self._full(CONSUMED[channel.number])
        # The tag says how to take what comes, so that a delivery alone tells whether its tag is open.
        return channel.consume(queue, f"{tag}-{'free' if no_ack else 'held'}", no_ack=no_ack, exclusive=exclusive)

    def _cancel(self, channel: Channel, tag: str) -> Any:
        channel.cancel(f"{tag}-held")
        channel.cancel(f"{tag}-free")

    def _ack(self, channel: Channel, at: int, multiple: bool) -> Any:
        channel.ack(self._tag(channel, at, multiple), multiple=multiple)

    def _nack(self, channel: Channel, at: int, multiple: bool, requeue: bool) -> Any:
        channel.nack(self._tag(channel, at, multiple), multiple=multiple, requeue=requeue)

    def _reject(self, channel: Channel, at: int, requeue: bool) -> Any:
        channel.reject(self._tag(channel, at, False), requeue=requeue)

    def _recover(self, channel: Channel) -> Any:
        self._open_tags[channel.number].clear()
        channel.call(spec.Basic.Recover(True), spec.Basic.RecoverOk)

    def _qos(self, channel: Channel, count: int, whole_channel: bool) -> Any:
        channel.qos(count, whole_channel=whole_channel)

    def _confirm(self, channel: Channel) -> Any:
        channel.confirm()

    def _purge(self, channel: Channel, queue: str) -> Any:
        return channel.call(spec.Queue.Purge(queue=self._full(queue)), spec.Queue.PurgeOk).message_count

    def _delete(self, channel: Channel, queue: str, if_unused: bool, if_empty: bool) -> Any:
        delete = spec.Queue.Delete(queue=self._full(queue), if_unused=if_unused, if_empty=if_empty)
        count = channel.call(delete, spec.Queue.DeleteOk).message_count
        self._alive.pop(queue, None)
        return count

    def _delete_exchange(self, channel: Channel, exchange: str, if_unused: bool) -> Any:
        channel.delete_exchange(self._full(exchange), if_unused=if_unused)

    def _close(self, channel: Channel) -> Any:
        channel.close()
        del self._channels[channel.number]

    # ------------------------------------------------------------------ names and tags

    def _tag(self, channel: Channel, at: int, multiple: bool) -> int:
        """An open delivery tag; one that was never given where none is open, or `at` is negative."""
        tags = self._open_tags[channel.number]
        if at < 0 or not tags:
            return 77
        tag = tags[at % len(tags)]
        self._open_tags[channel.number] = [t for t in tags if t != tag and not (multiple and t <= tag)]
        return tag

    def _full(self, name: str) -> str:
        return f"{name}-{self._token}" if name in QUEUES or name in EXCHANGES or name == "missing" else name

    def _show(self, refusal: Any) -> Any:
        return tuple(str(part).replace(f"-{self._token}", "") for part in refusal)

    def _show_event(self, number: int, event: Any) -> Any:
        if not isinstance(event, Message):
            return str(event).replace(f"-{self._token}", "")
        shown = [event.method.NAME, *self._show_message(event)]
        if isinstance(event.method, spec.Basic.Deliver):
            consumer = event.method.consumer_tag
            shown += [event.tag, consumer]
            if consumer.endswith("-held"):
                self._open_tags[number].append(event.tag)
        return shown

    def _show_message(self, message: Message) -> list[Any]:
        method = message.method
        redelivered = getattr(method, "redelivered", None)
        deaths = [
            [str(death[key]).replace(f"-{self._token}", "") for key in DEATH]
            for death in (message.properties.headers or {}).get("x-death", [])
        ]
        where = [str(part).replace(f"-{self._token}", "") for part in (method.exchange, method.routing_key)]
        return [message.body.decode(), redelivered, *where, *deaths]


DEATH = ("queue", "reason", "count", "exchange", "routing-keys")
