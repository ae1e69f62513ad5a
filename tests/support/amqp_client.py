"""A client that adds nothing: it sends the methods it is given, and shows every frame that comes back, in order."""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple, Self

from pika import spec
from pika.data import encode_table

from tests.support.amqp_wire import (
    BODY,
    HEADER,
    HEARTBEAT,
    PATIENCE,
    PROTOCOL_HEADER,
    Cut,
    Frame,
    Wire,
    header_frame,
    method_frame,
)

CONTENT = (spec.Basic.Deliver, spec.Basic.GetOk, spec.Basic.Return)
UNASKED = (spec.Basic.Deliver, spec.Basic.Return, spec.Basic.Ack, spec.Basic.Nack, spec.Basic.Cancel)

Dial = Callable[..., "Connection"]
Name = Callable[[str], str]
Credentials = tuple[str, str]
GUEST: Credentials = ("guest", "guest")


class Refusal(NamedTuple):
    """How the broker closed a channel or a connection."""

    closed: str  # "channel" or "connection"
    code: int
    text: str
    method: str  # the method that was at fault, "Queue.Declare", or "" where the broker names none


class RefusedError(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


@dataclass(frozen=True)
class Message:
    """A method that carries content, and the content, with the bytes of its properties as they came."""

    method: Any
    properties: Any
    body: bytes
    raw_properties: bytes
    body_frames: tuple[int, ...]  # the sizes of the frames that the body came in

    @property
    def tag(self) -> int:
        return int(self.method.delivery_tag)

    @property
    def redelivered(self) -> bool:
        return bool(self.method.redelivered)


class Connection:
    """An open connection to the virtual host of guest, once the constructor is through the handshake.

    Raises RefusedError when the broker closes it instead, Cut when the broker only hangs up.
    """

    def __init__(
        self,
        url: str,
        *,
        credentials: Credentials = GUEST,
        mechanism: str = "PLAIN",
        vhost: str = "/",
        capabilities: dict[str, bool] | None = None,
        channel_max: int | None = None,
        frame_max: int | None = None,
        heartbeat: int = 0,
    ) -> None:
        self.wire = Wire(url)
        self.refusal: Refusal | None = None
        self._channels: dict[int, Channel] = {}
        self._idler: Channel | None = None
        self._replies: deque[Any] = deque()
        try:
            self.wire.send(PROTOCOL_HEADER)
            self.start = self._await_method(spec.Connection.Start)
            properties = {"capabilities": capabilities if capabilities is not None else ALL_CAPABILITIES}
            response = login(mechanism, credentials)
            self.send(spec.Connection.StartOk(properties, mechanism, response, "en_US"))
            self.tune = self._await_method(spec.Connection.Tune)
            self.channel_max = self.tune.channel_max if channel_max is None else channel_max
            self.frame_max = self.tune.frame_max if frame_max is None else frame_max
            self.send(spec.Connection.TuneOk(self.channel_max, self.frame_max, heartbeat))
            self.send(spec.Connection.Open(vhost))
            self._await_method(spec.Connection.OpenOk)
        except BaseException:
            self.wire.close()
            raise

    def channel(self, number: int | None = None) -> Channel:
        """Open a channel, by default the one with the lowest free number."""
        number = number or next(n for n in range(1, 65536) if n not in self._channels)
        channel = self.unopened_channel(number)
        channel.call(spec.Channel.Open(), spec.Channel.OpenOk)
        return channel

    def unopened_channel(self, number: int) -> Channel:
        self._channels[number] = Channel(self, number)
        return self._channels[number]

    def forget(self, number: int) -> None:
        self._channels.pop(number, None)

    def send(self, method: Any, channel: int = 0) -> None:
        self.wire.send_method(channel, method)

    def call(self, method: Any, reply: type[Any]) -> Any:
        """Send a method of the connection itself and take its reply. Raises RefusedError, Cut, TimeoutError."""
        self.send(method)
        return self._await_method(reply)

    def refused(self) -> Refusal:
        """Wait until the broker has closed the connection, politely."""
        try:
            while True:
                self.pump(time.monotonic() + PATIENCE)
        except RefusedError as error:
            return error.refusal

    def has_queue(self, queue: str) -> bool:
        """Whether there is such a queue, be it one that belongs to another connection."""
        return self._accepts(spec.Queue.Declare(queue=queue, passive=True), spec.Queue.DeclareOk)

    def has_exchange(self, exchange: str) -> bool:
        return self._accepts(spec.Exchange.Declare(exchange=exchange, passive=True), spec.Exchange.DeclareOk)

    def _accepts(self, passive: Any, reply: type[Any]) -> bool:
        channel = self.channel(self._own_number())
        try:
            channel.call(passive, reply)
        except RefusedError as error:
            return error.refusal.code != 404
        channel.close()
        return True

    def _own_number(self) -> int:
        """Out of the way of the channels that tests number themselves."""
        return next(number for number in range(1000, 2000) if number not in self._channels)

    def wait_for_queue(self, queue: str) -> None:
        """Until the queue has done all that it was asked for before.

        A queue of RabbitMQ tells its length out of turn, so a passive declare waits for nothing. To consume and to
        cancel takes its turn; and a channel whose one allowance is used up takes no message while it consumes.
        """
        if self._idler is None or self._idler.closed:
            self._idler = self.channel(self._own_number())
            own = self._idler.queue(exclusive=True)
            self._idler.qos(1, whole_channel=True)
            self._idler.publish("", own)
            self._idler.consume(own)
            self._idler.event()
        try:
            self._idler.cancel(self._idler.consume(queue))
        except RefusedError as error:
            # There is no such queue; or it is in exclusive use, which it says in its turn too.
            if error.refusal.code not in (403, 404):
                raise

    def pump(self, deadline: float) -> None:
        """Take one frame. Raises RefusedError when it closes the connection, and whenever called after that."""
        if self.refusal:
            raise RefusedError(self.refusal)
        frame = self.wire.read_frame(max(deadline - time.monotonic(), 0.001))
        if frame.kind == HEARTBEAT:
            return
        if frame.channel:
            self._channels[frame.channel].take(frame)
            return
        method = frame.method
        if isinstance(method, spec.Connection.Close):
            self.refusal = as_refusal("connection", method)
            self.send(spec.Connection.CloseOk())
            raise RefusedError(self.refusal)
        self._replies.append(method)

    def _await_method(self, kind: type[Any]) -> Any:
        deadline = time.monotonic() + PATIENCE
        while not self._replies:
            self.pump(deadline)
        method = self._replies.popleft()
        assert isinstance(method, kind), f"{method} came instead of {kind.NAME}"
        return method

    def close(self) -> None:
        """Close in order, as far as the broker still listens."""
        try:
            if self.refusal is None:
                self.call(spec.Connection.Close(200, "Goodbye", 0, 0), spec.Connection.CloseOk)
        except (Cut, RefusedError):
            pass
        finally:
            self.wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # After a failure the broker may owe an answer for ever; the failure is what the test should show.
        if kind is None:
            self.close()
        else:
            self.wire.close()


class Channel:
    """One channel; methods beyond the short forms here go through `call`, `send` and `refusal`."""

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self.number = number
        self.closed: Refusal | None = None
        self._replies: deque[Any] = deque()
        self._events: deque[Any] = deque()
        self._partial: tuple[Any, int, bytes, list[bytes]] | None = None

    # ------------------------------------------------------------------ the wire

    def send(self, method: Any) -> None:
        """Raises RefusedError once the broker is known to have closed the channel."""
        if self.closed:
            raise RefusedError(self.closed)
        self.connection.send(method, self.number)

    def call(self, method: Any, reply: type[Any]) -> Any:
        """Send a method and take its reply. Raises RefusedError, Cut, TimeoutError."""
        self.send(method)
        return self.reply(reply)

    def reply(self, *kinds: type[Any]) -> Any:
        """The next reply, which must be of one of these kinds."""
        deadline = time.monotonic() + PATIENCE
        while not self._replies:
            self._pump(deadline)
        found = self._replies.popleft()
        method = found.method if isinstance(found, Message) else found
        assert isinstance(method, kinds), f"{found} came instead of {[kind.NAME for kind in kinds]}"
        return found

    def refusal(self, method: Any | None = None) -> Refusal:
        """Send the method, if there is one, and wait for the broker to close the channel or the connection."""
        if method is not None:
            self.send(method)
        deadline = time.monotonic() + PATIENCE
        try:
            while True:
                assert not self._replies, f"accepted: {self._replies}"
                self._pump(deadline)
        except RefusedError as error:
            return error.refusal

    def event(self, patience: float = PATIENCE) -> Any:
        """The next thing that the broker sends unasked: a Message (delivery, return) or a method (ack, nack, cancel).

        Raises RefusedError, Cut, TimeoutError.
        """
        deadline = time.monotonic() + patience
        while not self._events:
            self._pump(deadline)
        return self._events.popleft()

    def settle(self, *queues: str) -> list[Any]:
        """All that came unasked, once the broker has done everything that this channel asked for before.

        First the channel hands its work to the queues, then each queue does it, in the order given, then the channel
        passes on what the queues handed to it. Not for queues that go with their last consumer.
        """
        self.round_trip()
        for queue in queues:
            self.connection.wait_for_queue(queue)
        self.round_trip()
        return self.arrived()

    def arrived(self) -> list[Any]:
        """What came unasked and was not looked at yet."""
        events = list(self._events)
        self._events.clear()
        return events

    def round_trip(self) -> None:
        self.call(spec.Exchange.Declare(exchange="amq.direct", passive=True), spec.Exchange.DeclareOk)

    def take(self, frame: Frame) -> None:
        if frame.kind == HEADER:
            assert self._partial is not None, f"content header out of place: {frame}"
            size: int = struct.unpack_from(">Q", frame.payload, 4)[0]
            self._partial = (self._partial[0], size, frame.payload[12:], [])
        elif frame.kind == BODY:
            assert self._partial is not None, f"content body out of place: {frame}"
            self._partial[3].append(frame.payload)
        else:
            assert self._partial is None, f"{frame.method} amid the content of {self._partial}"
            self._take_method(frame.method)
            return
        method, size, raw, parts = self._partial
        if sum(map(len, parts)) >= size:
            self._partial = None
            self._sort(_message(method, raw, parts))

    def _take_method(self, method: Any) -> None:
        if isinstance(method, spec.Channel.Close):
            self.closed = as_refusal("channel", method)
            self.connection.send(spec.Channel.CloseOk(), self.number)
            self.connection.forget(self.number)
        elif isinstance(method, CONTENT):
            self._partial = (method, 0, b"", [])
        else:
            self._sort(method)

    def _sort(self, found: Any) -> None:
        method = found.method if isinstance(found, Message) else found
        (self._events if isinstance(method, UNASKED) else self._replies).append(found)

    def _pump(self, deadline: float) -> None:
        if self.closed:
            raise RefusedError(self.closed)
        self.connection.pump(deadline)

    # ------------------------------------------------------------------ short forms

    def queue(self, name: str = "", **fields: Any) -> str:
        """Declare a queue; its name."""
        return str(self.call(spec.Queue.Declare(queue=name, **fields), spec.Queue.DeclareOk).queue)

    def count(self, queue: str) -> int:
        """Messages that are ready in the queue, once it has done what this channel asked for before."""
        self.round_trip()
        self.connection.wait_for_queue(queue)
        found = self.call(spec.Queue.Declare(queue=queue, passive=True), spec.Queue.DeclareOk)
        return int(found.message_count)

    def consumers(self, queue: str) -> int:
        found = self.call(spec.Queue.Declare(queue=queue, passive=True), spec.Queue.DeclareOk)
        return int(found.consumer_count)

    def exchange(self, name: str, kind: str = "direct", **fields: Any) -> str:
        self.call(spec.Exchange.Declare(exchange=name, type=kind, **fields), spec.Exchange.DeclareOk)
        return name

    def bind(self, queue: str, exchange: str, key: str = "", arguments: dict[str, Any] | None = None) -> None:
        self.call(spec.Queue.Bind(0, queue, exchange, key, False, arguments), spec.Queue.BindOk)

    def unbind(self, queue: str, exchange: str, key: str = "", arguments: dict[str, Any] | None = None) -> None:
        self.call(spec.Queue.Unbind(0, queue, exchange, key, arguments), spec.Queue.UnbindOk)

    def bind_exchange(self, destination: str, source: str, key: str = "") -> None:
        self.call(spec.Exchange.Bind(0, destination, source, key), spec.Exchange.BindOk)

    def unbind_exchange(self, destination: str, source: str, key: str = "") -> None:
        self.call(spec.Exchange.Unbind(0, destination, source, key), spec.Exchange.UnbindOk)

    def delete(self, queue: str) -> int:
        """Delete a queue; how many messages were ready in it."""
        return int(self.call(spec.Queue.Delete(queue=queue), spec.Queue.DeleteOk).message_count)

    def delete_exchange(self, exchange: str, *, if_unused: bool = False) -> None:
        self.call(spec.Exchange.Delete(exchange=exchange, if_unused=if_unused), spec.Exchange.DeleteOk)

    def confirm(self) -> None:
        self.call(spec.Confirm.Select(), spec.Confirm.SelectOk)

    def publish(self, exchange: str, key: str, body: bytes = b"", properties: Any = None, **fields: Any) -> None:
        """Publish, in as many frames as the negotiated size asks for, without waiting for anything."""
        frames = [
            method_frame(self.number, spec.Basic.Publish(exchange=exchange, routing_key=key, **fields)),
            header_frame(self.number, len(body), properties),
        ]
        room = (self.connection.frame_max or 131072) - 8
        frames += [Frame(BODY, self.number, body[at : at + room]) for at in range(0, len(body), room)]
        self.connection.wire.send(b"".join(frame.encode() for frame in frames))

    def get(self, queue: str, no_ack: bool = True) -> Message | None:
        self.send(spec.Basic.Get(queue=queue, no_ack=no_ack))
        found = self.reply(spec.Basic.GetOk, spec.Basic.GetEmpty)
        return found if isinstance(found, Message) else None

    def bodies(self, queue: str) -> list[bytes]:
        """Take all ready messages out of the queue."""
        return [message.body for message in iter(lambda: self.get(queue), None)]

    def consume(self, queue: str, tag: str = "", **fields: Any) -> str:
        reply = self.call(spec.Basic.Consume(queue=queue, consumer_tag=tag, **fields), spec.Basic.ConsumeOk)
        return str(reply.consumer_tag)

    def cancel(self, tag: str) -> None:
        self.call(spec.Basic.Cancel(tag), spec.Basic.CancelOk)

    def qos(self, prefetch_count: int, *, whole_channel: bool = False) -> None:
        self.call(spec.Basic.Qos(0, prefetch_count, whole_channel), spec.Basic.QosOk)

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        self.send(spec.Basic.Ack(tag, multiple))

    def nack(self, tag: int, *, multiple: bool = False, requeue: bool = True) -> None:
        self.send(spec.Basic.Nack(tag, multiple, requeue))

    def reject(self, tag: int, *, requeue: bool = True) -> None:
        self.send(spec.Basic.Reject(tag, requeue))

    def close(self) -> None:
        self.call(spec.Channel.Close(200, "", 0, 0), spec.Channel.CloseOk)
        self.connection.forget(self.number)


ALL_CAPABILITIES = {
    "authentication_failure_close": True,
    "basic.nack": True,
    "connection.blocked": True,
    "consumer_cancel_notify": True,
    "exchange_exchange_bindings": True,
    "publisher_confirms": True,
}


def until(holds: Callable[[], object], what: str) -> None:
    """Ask again and again. Raises AssertionError, which says `what`, when it does not hold in time."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"not within {PATIENCE:g} s: {what}"
        time.sleep(0.005)


def login(mechanism: str, credentials: Credentials) -> str | bytes:
    user, password = credentials
    if mechanism == "AMQPLAIN":
        pieces: list[bytes] = []
        encode_table(pieces, {"LOGIN": user, "PASSWORD": password})
        # The fields of a table, without the length that a table starts with.
        return b"".join(pieces)[4:]
    return f"\0{user}\0{password}"


def as_refusal(closed: str, method: Any) -> Refusal:
    index = method.class_id << 16 | method.method_id
    name = spec.methods[index].NAME if index in spec.methods else f"{index:#x}" if index else ""
    return Refusal(closed, method.reply_code, method.reply_text, name)


def _message(method: Any, raw_properties: bytes, parts: list[bytes]) -> Message:
    properties = spec.BasicProperties()
    properties.decode(raw_properties)
    return Message(method, properties, b"".join(parts), raw_properties, tuple(map(len, parts)))
