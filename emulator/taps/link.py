"""One client's connection through the AMQP tap: frame by frame, each passed on as it came, or as a rule wants it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from gatepost.broker import codec
from gatepost.broker.codec import Basic, Connection
from gatepost.broker.errors import AmqpError
from gatepost.core.effects import AmqpDelay, AmqpMute, AmqpReset, AmqpTrickle, AmqpTruncate
from gatepost.core.faults import Seen
from gatepost.core.journal import Direction
from gatepost.taps import frames
from gatepost.taps.frames import Delivery, Frame, Frames
from gatepost.taps.listener import READ_BYTES, finish, reset, trickle

if TYPE_CHECKING:
    from gatepost.taps.amqp import AmqpTap

_WORTH_TELLING = {
    Basic.Qos.INDEX: ("amqp.qos", ("prefetch_count", "global_qos")),
    Basic.Consume.INDEX: ("amqp.consume", ("queue", "consumer_tag", "no_ack", "exclusive")),
    Basic.Cancel.INDEX: ("amqp.cancel", ("consumer_tag",)),
    Connection.TuneOk.INDEX: ("amqp.tune", ("heartbeat", "frame_max", "channel_max")),
    Connection.Open.INDEX: ("amqp.open", ("virtual_host",)),
}
"""Methods of clients, and which of their fields the journal has."""


class _Over(Exception):
    """Nothing more is to happen on this connection."""


def _nothing() -> None:
    pass


class Passing(NamedTuple):
    """Bytes that may go on. `seen` is what rules match; `tell` journals, right before they leave."""

    data: bytes
    seen: Seen | None = None
    tell: Callable[[], None] = _nothing


class Link:
    """A client's connection and the one to the broker for it."""

    def __init__(self, tap: AmqpTap, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tap = tap
        self._number = number
        self._reader = reader
        self._client = writer
        self._broker: asyncio.StreamWriter
        self._from_client = Frames(header=len(codec.PROTOCOL_HEADER))
        self._from_broker = Frames()
        self._deliveries: dict[int, Delivery] = {}
        self._opened = False
        self._knows_blocked = False
        self._end = "cut"

    async def run(self) -> None:
        """Until one of the sides ends it. Raises what its sockets raise."""
        target = self._tap.target
        context = target.tls()
        broker_reader, self._broker = await asyncio.open_connection(
            target.host, target.port, ssl=context, server_hostname=target.host if context else None
        )
        pumps = [
            asyncio.ensure_future(self._pump(self._reader, self._broker, self._from_client, self._inbound)),
            asyncio.ensure_future(self._pump(broker_reader, self._client, self._from_broker, self._outbound)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            with contextlib.suppress(OSError):
                await finish(self._broker if pumps[0].done() else self._client)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._broker.transport.abort()
            self._tap.witness.gone(self._number)
            if self._opened:
                self._tell("amqp.close", "in", note=self._end)

    def tell_client(self, method: codec.Method, kind: str) -> None:
        """Send it a method that its broker did not send; only for clients that say they know `connection.blocked`."""
        if self._opened and self._knows_blocked and not self._client.is_closing():
            self._tell(kind, "out")
            self._client.write(codec.encode_method(0, method))

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        cut: Frames,
        look: Callable[[Frame], Passing],
    ) -> None:
        with contextlib.suppress(OSError, _Over):
            while data := await reader.read(READ_BYTES):
                out: list[bytes] = []
                for piece in cut.feed(data):
                    if isinstance(piece, bytes):
                        out.append(piece)
                        continue
                    passing = look(piece)
                    if passing.seen is not None and self._tap.watched:
                        # What came before it must not wait with it.
                        writer.write(b"".join(out))
                        out = []
                        await self._pass_spoilt(writer, passing, passing.seen)
                    else:
                        passing.tell()
                        out.append(passing.data)
                writer.write(b"".join(out))
                await writer.drain()

    async def _pass_spoilt(self, writer: asyncio.StreamWriter, passing: Passing, seen: Seen) -> None:
        """A frame that rules and crash points may be for. Raises _Over."""
        if not await self._tap.passes(seen, self._number):
            self._reset()
        effect = self._tap.effect_on(seen, self._number)
        match effect:
            case AmqpMute():
                return
            case AmqpReset(when="before"):
                self._reset()
            case AmqpTruncate():
                writer.write(passing.data[: len(passing.data) // 2])
                await finish(writer)
                raise _Over
            case AmqpDelay(seconds=seconds):
                await asyncio.sleep(seconds)
        passing.tell()
        if isinstance(effect, AmqpTrickle):
            await trickle(writer, passing.data, effect.bytes, effect.pause)
        else:
            writer.write(passing.data)
            await writer.drain()
        if isinstance(effect, AmqpReset):
            self._reset()

    # ------------------------------------------------------------------ what the frames say

    def _inbound(self, frame: Frame) -> Passing:
        """What comes in is journalled before anything happens to it."""
        index = frame.method
        if frame.kind == codec.HEARTBEAT:
            self._tell("amqp.heartbeat", "in")
        elif index == codec.PUBLISH:
            return Passing(frame.raw, Seen(at="publish", routing_key=_routing_key(frame)))
        elif index in frames.SETTLINGS:
            event = frames.settling(self._number, frame)
            self._tap.witness.saw(event)
            return Passing(frame.raw, Seen(at="ack"))
        elif index in _WORTH_TELLING:
            kind, fields = _WORTH_TELLING[index]
            with contextlib.suppress(AmqpError):  # the broker will say what is wrong with it
                method = codec.decode_method(frame.payload)
                told = {name.replace("_", "-"): getattr(method, name) for name in fields}
                self._tell(kind, "in", {"channel": frame.channel, **told} if frame.channel else told)
            if index == Connection.Open.INDEX:
                self._opened = True
                return Passing(frame.raw, Seen(at="open"))
        elif index == Connection.StartOk.INDEX:
            self._knows_blocked = frames.capable(frame, "connection.blocked")
        elif index == Connection.Close.INDEX:
            self._end = "closed by the client"
        return Passing(frame.raw)

    def _outbound(self, frame: Frame) -> Passing:
        kind, channel, payload = frame
        if kind == codec.HEARTBEAT:
            return Passing(frame.raw, Seen(at="heartbeat"), lambda: self._tell("amqp.heartbeat", "out"))
        if kind in (codec.HEADER, codec.BODY):
            delivery = self._deliveries.get(channel)
            if delivery is None:
                return Passing(frame.raw)
            if not delivery.add(frame):
                return Passing(b"")
            del self._deliveries[channel]
            event = delivery.seen()
            seen = Seen(at="deliver", routing_key=event.routing_key)
            return Passing(b"".join(delivery.frames), seen, lambda: self._tap.witness.saw(event))
        begun = frames.delivery(self._number, frame)
        if begun is not None:
            self._deliveries[channel] = begun
            return Passing(b"")
        offered = frames.frame_max(frame)
        if offered is not None:
            self._from_client.allow(offered)
            self._from_broker.allow(offered)
            if self._tap.offered_heartbeat is not None:
                return Passing(frames.with_heartbeat(frame, self._tap.offered_heartbeat).raw)
        elif frame.method == Connection.Close.INDEX:
            text, _ = codec.short_string(payload, 6)
            self._end = f"closed by the broker: {int.from_bytes(payload[4:6], 'big')} {text}"
        return Passing(frame.raw)

    def _tell(
        self,
        kind: str,
        direction: Direction,
        fields: Mapping[str, object] = MappingProxyType({}),
        note: str | None = None,
    ) -> None:
        self._tap.witness.tell(kind, direction, {"connection": self._number, **fields}, note=note)

    def _reset(self) -> NoReturn:
        reset(self._client)
        raise _Over


def _routing_key(frame: Frame) -> str:
    try:
        return codec.decode_publish(frame.payload).routing_key
    except AmqpError:
        return ""
