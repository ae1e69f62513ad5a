"""`AmqpTap`: in front of an AMQP 0-9-1 broker, RabbitMQ or our own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from gatepost.broker import codec
from gatepost.core.effects import AmqpTapEffect, Point, TapMoment
from gatepost.core.faults import Faults, Match, Seen
from gatepost.core.journal import Journal
from gatepost.messaging.target import AmqpTarget
from gatepost.taps.link import Link
from gatepost.taps.listener import Listener
from gatepost.taps.points import CrashPoint, CrashPoints
from gatepost.taps.witness import Witness


class AmqpTap:
    """Listens on `host` and `port` (0: a free one) from the moment that it is made, and serves from `start` to `stop`.

    Clients log in to the broker at `target`, so they use its users; they speak to the tap without TLS. Raises OSError
    for an address that is taken or not ours.
    """

    def __init__(
        self, target: AmqpTarget, journal: Journal, faults: Faults, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.target = target
        self.witness = Witness(journal)
        self._journal = journal
        self._faults = faults
        self._points: CrashPoints[TapMoment] = CrashPoints()
        self._numbers = count(1)
        self._links: set[Link] = set()
        self.offered_heartbeat: int | None = None
        """Seconds that brokers' offers to new connections are lowered to; None leaves them as they are."""
        self._listener = Listener(self._serve, host, port, name="gatepost-amqp-tap")
        self.host = host
        self.port = self._listener.port

    @property
    def address(self) -> AmqpTarget:
        """The broker as its clients see it."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host
        return replace(self.target, host=host, port=self.port, use_ssl=False)

    @property
    def connections(self) -> int:
        """How many clients have open."""
        return self._listener.connections

    def start(self) -> None:
        self._faults.serve(Point.AMQP_TAP)
        self._listener.start()

    def stop(self) -> None:
        """Cut every connection, also held ones. Idempotent."""
        self._listener.stop()

    def hold(
        self, at: TapMoment, match: Match | None = None, on_reached: Callable[[CrashPoint], None] | None = None
    ) -> CrashPoint:
        """Hold the next such frame, and all behind it in its direction, once. `on_reached` is called in the tap's
        thread, which does nothing else meanwhile."""
        return self._points.add(at, match or Match(), on_reached)

    def forget(self, point: CrashPoint) -> None:
        """Wait for it no more."""
        self._points.forget(point)

    def refuse(self) -> None:
        """Be a broker that is away: every connection is cut, and new ones are refused, until `accept`."""
        self._listener.do(self._listener.refuse)

    def accept(self) -> None:
        """Be there again."""
        self._listener.do(self._listener.accept)

    def block(self, reason: str = "low on memory") -> None:
        """Tell the clients that are connected now, and that know of it, `connection.blocked`. Nothing else changes."""
        self._listener.do(lambda: self._tell_links(codec.Connection.Blocked(reason), "amqp.blocked"))

    def unblock(self) -> None:
        self._listener.do(lambda: self._tell_links(codec.Connection.Unblocked(), "amqp.unblocked"))

    async def _tell_links(self, method: codec.Method, kind: str) -> None:
        for link in self._links:
            link.tell_client(method, kind)

    # In the tap's thread, for links:

    @property
    def watched(self) -> bool:
        return bool(self._points or self._faults.at[Point.AMQP_TAP])

    async def passes(self, seen: Seen, connection: int) -> bool:
        """Hold here if someone waits for this moment; False when the connection is to be reset."""
        point = self._points.take(seen, lambda: None, self._journal.now())
        if point is None:
            return True
        self.witness.tell("amqp.held", "out", {"connection": connection}, note=seen.at, path=seen.routing_key)
        return await point.held(seen)

    def effect_on(self, seen: Seen, connection: int) -> AmqpTapEffect | None:
        """What a rule makes of the frame; the journal then tells of it."""
        fault = self._faults.hit(Point.AMQP_TAP, seen)
        if fault is None:
            return None
        self.witness.tell(
            "amqp.fault",
            "out",
            {"connection": connection},
            note=fault.effect.kind,
            fault=fault.id,
            path=seen.routing_key,
        )
        effect: AmqpTapEffect = fault.effect  # type: ignore[assignment]  # the point of a rule is that of its effect
        return effect

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(self, next(self._numbers), reader, writer)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)
