"""One client's connection: bytes to frames, frames to channels, output gathered and sent at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from gatepost.broker import codec, methods
from gatepost.broker.channel import Channel
from gatepost.broker.codec import Channel as ChannelMethods
from gatepost.broker.codec import Connection as Methods
from gatepost.broker.codec import Method
from gatepost.broker.errors import AmqpError, not_allowed
from gatepost.broker.handshake import Handshake
from gatepost.broker.queues import Queue
from gatepost.broker.vhost import VirtualHost

if TYPE_CHECKING:
    from gatepost.broker.hub import Hub

log = logging.getLogger(__name__)

_FLUSH_BYTES = 64 * 1024
_GOODBYE_SECONDS = 10.0
"""How long a client may take to agree to the end of its connection."""

_DEAF_SECONDS = 3.0
"""How long what follows a broken frame or a failed login is read and thrown away, so that the client can see why."""


class Connection(asyncio.Protocol):
    """One client, from the first byte to the last."""

    def __init__(self, hub: Hub, version: str) -> None:
        self.hub = hub
        self.number = 0
        self.peer = ""
        self.channels: dict[int, Channel] = {}
        self.exclusive_queues: dict[Queue, None] = {}
        self.vhost: VirtualHost | None = None
        self.frame_max = hub.limits.frame_max
        self.congested = False
        """The client does not read fast enough, or is gone: its consumers get nothing."""
        self.ended = False
        """Nothing more is done for this client."""
        self.blocked = False
        self.handshake = Handshake(hub.users, frozenset(hub.vhosts), hub.limits, version)
        self._reader = codec.FrameReader()
        self._header = b""
        self._index = 0
        """Class and method id of the last method of channel 0."""
        self._running = False
        self._deaf = self._stalled = False
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._out_bytes = 0
        self._unfinished = 0
        self._confirming: list[Channel] = []
        self._channel_max = 0
        self._heard = self._spoke = False
        self._silent_ticks = 0
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @property
    def attached(self) -> bool:
        """Whether there is still a socket."""
        return self._transport is not None

    @property
    def user(self) -> str:
        return self.handshake.user

    def capable(self, capability: str) -> bool:
        return self.handshake.capable(capability)

    # ------------------------------------------------------------------ the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if len(self.hub.connections) >= self.hub.limits.connections:
            transport.abort()
            return
        self.number = self.hub.next_number()
        self.hub.connections[self.number] = self
        peer = transport.get_extra_info("peername")
        self.peer = f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else str(peer)
        transport.set_write_buffer_limits(high=self.hub.limits.unsent_bytes)
        self._after(self.hub.limits.handshake_seconds, self._handshake_timeout)

    def connection_lost(self, error: Exception | None) -> None:
        self._release()
        self._stop_timers()
        self._transport = None
        self.hub.flush()

    def pause_writing(self) -> None:
        self.congested = True

    def resume_writing(self) -> None:
        if self.ended:
            return
        self.congested = False
        if self._stalled:
            self._stalled = False
            self._set_reading()
        for channel in list(self.channels.values()):
            channel.wake_consumers()
        self.hub.flush()

    def data_received(self, data: bytes) -> None:
        self._heard = True
        if self._deaf:
            return
        self._process(data)

    def _process(self, data: bytes) -> None:
        try:
            self._read(data)
        except Exception:
            log.exception("connection %s (%s)", self.number, self.peer)
            self._fail(0, AmqpError(541, "the broker made a mistake, which its log shows; please report it"), None)
        finally:
            self.hub.flush()
        if self._overfull():
            self._stalled = True
            self._set_reading()

    def _overfull(self) -> bool:
        """Whether the client sends requests and does not read the replies."""
        transport = self._transport
        if not self.congested or transport is None:
            return False
        return transport.get_write_buffer_size() > self.hub.limits.unread_replies_bytes

    def _set_reading(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self.blocked or self._stalled:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
            # What was read before the pause waits in the frame reader.
            self.hub.soon(self._read_on)

    def _read_on(self) -> None:
        if not (self._deaf or self.blocked or self._stalled):
            self._process(b"")

    def send(self, data: bytes) -> None:
        if not self._out:
            self.hub.dirty.append(self)
        self._out.append(data)
        self._out_bytes += len(data)
        if self._out_bytes > _FLUSH_BYTES:
            self._write()

    def confirms_pending(self, channel: Channel) -> None:
        if not self._out and not self._confirming:
            self.hub.dirty.append(self)
        self._confirming.append(channel)

    def flush(self) -> None:
        if self._confirming:
            confirming, self._confirming = self._confirming, []
            for channel in confirming:
                if channel.state == "open":
                    channel.send_confirms()
        self._write()

    def _write(self) -> None:
        if self._out:
            out, self._out = self._out, []
            self._out_bytes = 0
            self._spoke = True
            if self._transport is not None and not self._transport.is_closing():
                self._transport.write(out[0] if len(out) == 1 else b"".join(out))

    # ------------------------------------------------------------------ what comes in

    def _read(self, data: bytes) -> None:
        if self.handshake.stage == "header":
            data = self._read_header(data)
            if not data:
                return
        frames = self._reader.feed(data)
        try:
            for kind, number, payload in frames:
                channel = self.channels.get(number)
                try:
                    if channel is not None:
                        channel.frame(kind, payload)
                        if kind == codec.HEADER and self.hub.blocked_reason is not None:
                            self._block(self.hub.blocked_reason)
                    else:
                        self._frame(kind, number, payload)
                except AmqpError as error:
                    self._fail(number, error, channel)
                if self.hub.afterwards:
                    self.hub.run_afterwards()
                if self._deaf or self.blocked or (self.congested and self._overfull()):
                    break
        except AmqpError as error:
            # The stream cannot be read on.
            self._fail(0, error, None)
            self._go_deaf()
        finally:
            frames.close()

    def _read_header(self, data: bytes) -> bytes:
        """The rest, once the protocol header is there and right."""
        self._header += data[:8]
        if len(self._header) < 8:
            return b""
        header, rest = self._header[:8], self._header[8:] + data[8:]
        version = codec.PROTOCOL_HEADERS.get(header)
        if version is None:
            self.send(codec.PROTOCOL_HEADER)
            self._hang_up()
            return b""
        self._send0(self.handshake.start(*version))
        return rest

    def _frame(self, kind: int, number: int, payload: bytes) -> None:
        """A frame of channel 0, or of a channel that is not there."""
        if self.ended:
            if number == 0 and kind == codec.METHOD:
                self._end_method(payload)
            return
        if number == 0 and kind == codec.HEARTBEAT and not payload:
            return
        codec.check_kind(kind, payload)
        if number == 0 and kind == codec.METHOD:
            self._index = codec.method_index(payload)
            if self._running and not codec.from_client(self._index):
                raise AmqpError(504, "unexpected method in connection state running")
            self._method(codec.decode_method(payload))
            return
        self._index = 0
        if number == 0 or not self._running:
            raise codec.unexpected_frame(kind, payload)
        self._new_channel(number).frame(kind, payload)

    def _new_channel(self, number: int) -> Channel:
        if self._channel_max and len(self.channels) >= self._channel_max:
            opened, largest = len(self.channels), self._channel_max
            raise not_allowed(
                f"number of channels opened ({opened}) has reached the negotiated channel_max ({largest})"
            )
        channel = self.channels[number] = Channel(self, number)
        return channel

    def channel_method(self, channel: Channel, method: Method) -> None:
        """A method for a channel that is not `publish` or, on an open one, `ack`."""
        index = codec.method_index_of(method)
        if channel.state == "new":
            if index != ChannelMethods.Open.INDEX:
                raise AmqpError(504, "expected 'channel.open'")
            channel.state = "open"
            channel.send(ChannelMethods.OpenOk())
        elif channel.state == "closing":
            if index == ChannelMethods.CloseOk.INDEX:
                del self.channels[channel.number]
            elif index == ChannelMethods.Close.INDEX:
                channel.send(ChannelMethods.CloseOk())
        elif index == ChannelMethods.Open.INDEX:
            raise AmqpError(504, "second 'channel.open' seen")
        elif index == ChannelMethods.Close.INDEX:
            channel.end()
            del self.channels[channel.number]
            channel.send(ChannelMethods.CloseOk())
        else:
            methods.handle(channel, method)

    def _method(self, method: Method) -> None:
        """A method of channel 0."""
        if not self._running:
            refused = self.handshake.stage == "starting" and self.hub.levers.refuses_login()
            reply = self.handshake.handle(method, logins_refused=refused)
            if reply is not None:
                self._send0(reply)
            self._progress()
            return
        index = codec.method_index_of(method)
        if index == Methods.Close.INDEX:
            self._release()
            self._send0(Methods.CloseOk())
            self._hang_up()
        elif index == codec.UPDATE_SECRET:
            raise not_allowed("New secret was refused by one of the backends")
        else:
            raise AmqpError(504, "unexpected method in connection state running")

    def _progress(self) -> None:
        """Put into force what the handshake has reached."""
        agreed = self.handshake.agreed
        if self.handshake.stage == "opening" and agreed is not None:
            self.frame_max = self._reader.frame_max = agreed.frame_max
            self._channel_max = agreed.channel_max
            if agreed.heartbeat:
                self._tick_later()
        elif self.handshake.stage == "open":
            self.vhost = self.hub.vhosts[self.handshake.vhost]
            self._running = True

    def hold_unfinished(self, size: int) -> None:
        """Count bodies of which a part is still to come. Raises AmqpError 506 for more than is held."""
        self._unfinished += size
        if self._unfinished > self.hub.limits.unfinished_bytes:
            raise AmqpError(506, "too many unfinished messages on this connection; finish one before the next begins")

    # ------------------------------------------------------------------ the end

    def _fail(self, number: int, error: AmqpError, channel: Channel | None) -> None:
        """Close the channel or, for a hard error, the connection."""
        if self.ended:
            return
        channel = channel or self.channels.get(number)
        if channel is not None and not error.hard and self._running:
            channel.close(error)
            return
        current = self._index if channel is None else channel.index
        index = current if error.method is None else error.method
        log.info("connection %s (%s): %s", self.number, self.peer, error.text)
        tells = self.handshake.stage not in ("header", "starting") or self.capable("authentication_failure_close")
        self._release()
        if tells:
            self._send0(Methods.Close(error.code, error.text, index >> 16, index & 0xFFFF))
            self._after(_GOODBYE_SECONDS if self._running else _DEAF_SECONDS, self._abort)
        else:
            self._hang_up()

    def _end_method(self, payload: bytes) -> None:
        index = codec.method_index(payload)
        if index == Methods.CloseOk.INDEX:
            self._hang_up()
        elif index == Methods.Close.INDEX:
            self._send0(Methods.CloseOk())

    def _release(self) -> None:
        """Give everything back that this client had."""
        if self.ended:
            return
        self.flush()
        self.ended = self.congested = True
        self._stop_timers()
        channels, self.channels = list(self.channels.values()), {}
        for channel in channels:
            channel.end()
        for queue in list(self.exclusive_queues):
            self.hub.remove_queue(queue)
        self.exclusive_queues.clear()
        self.hub.connections.pop(self.number, None)

    def _hang_up(self) -> None:
        """Close the socket once everything is sent."""
        self._deaf = True
        self._write()
        if self._transport is not None:
            self._transport.close()

    def _go_deaf(self) -> None:
        self._deaf = True
        self._after(_DEAF_SECONDS, self._abort)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def cut(self) -> None:
        """Drop the socket without a word; only what was sent before goes out."""
        self._write()
        self._deaf = self.congested = True
        self._abort()

    def shut_down(self) -> None:
        """The broker stops."""
        if self._running and not self.ended:
            self._fail(0, AmqpError(320, "broker forced connection closure with reason 'shutdown'"), None)
        self._hang_up()

    # ------------------------------------------------------------------ blocked, and time

    def _block(self, reason: str) -> None:
        if self.blocked or self.ended:
            return
        self.blocked = True
        if self.capable("connection.blocked"):
            self._send0(Methods.Blocked(reason))
        self._set_reading()

    def unblock(self) -> None:
        if not self.blocked:
            return
        self.blocked = False
        self._silent_ticks = 0
        if self.capable("connection.blocked"):
            self._send0(Methods.Unblocked())
        self._set_reading()

    def _handshake_timeout(self) -> None:
        if not self._running:
            self._abort()

    def _tick_later(self) -> None:
        assert self.handshake.agreed is not None
        self._after(self.handshake.agreed.heartbeat / 2, self._tick)

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        """Once, and not once the connection has ended; begins anew when it is called again for the same action."""
        timer = self._timers.pop(action.__name__, None)
        if timer is not None:
            timer.cancel()
        self._timers[action.__name__] = self.hub.loop.call_later(seconds, action)

    def _tick(self) -> None:
        """Twice in each heartbeat interval: speak where nothing was said, give up after two intervals of silence."""
        self._silent_ticks = 0 if self._heard or self.blocked else self._silent_ticks + 1
        if self._silent_ticks >= 4:
            log.info("connection %s (%s): missed heartbeats", self.number, self.peer)
            self._abort()
            return
        if not self._spoke and self._transport is not None and not self.hub.levers.mutes_heartbeat():
            self._transport.write(codec.HEARTBEAT_FRAME)
        self._heard = self._spoke = False
        self._tick_later()

    def _stop_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _send0(self, method: Method) -> None:
        self.send(codec.encode_method(0, method))
