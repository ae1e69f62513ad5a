"""Faults of the embedded broker: its levers, pulled by rules."""

from __future__ import annotations

import threading

from gatepost.broker import Broker, WireEvent
from gatepost.broker.levers import Held
from gatepost.core.effects import (
    BrokerBlock,
    BrokerClose,
    BrokerCut,
    BrokerDelay,
    BrokerDrop,
    BrokerDuplicate,
    BrokerPause,
    BrokerReorder,
    Effect,
    Point,
)
from gatepost.core.faults import Faults, Seen
from gatepost.core.journal import Entry, Journal

_MOMENTS = {"publish": "publish", "deliver": "deliver", "get": "deliver", "ack": "ack", "nack": "ack", "reject": "ack"}


class BrokerFaults:
    """Watches the broker while there are rules for it. All but the making is called in the broker's thread."""

    def __init__(self, broker: Broker, faults: Faults, journal: Journal) -> None:
        self._broker = broker
        self._faults = faults
        self._journal = journal
        self._watching = False
        self._lock = threading.Lock()
        faults.serve(Point.BROKER)
        faults.listen(self._changed)

    def delivery(self, routing_key: str) -> Held | None:
        """What becomes of a message that is about to leave its queue."""
        match self._hit("queue", routing_key):
            case BrokerDuplicate():
                return Held("duplicate")
            case BrokerDelay(seconds=seconds):
                return Held("delay", seconds)
            case BrokerReorder():
                return Held("reorder")
            case BrokerDrop():
                return Held("drop")
        return None

    def login(self) -> bool:
        return self._hit("login") is not None

    def heartbeat(self) -> bool:
        return self._hit("heartbeat") is not None

    def _observe(self, event: WireEvent) -> None:
        moment = _MOMENTS.get(event.kind)
        levers = self._broker.levers
        match None if moment is None else self._hit(moment, event.routing_key):
            case BrokerCut(at=at):
                levers.cut(event.connection, at)
            case BrokerClose():
                levers.close(event.connection)
            case BrokerBlock(seconds=seconds):
                levers.block_for(seconds)
            case BrokerPause(seconds=seconds):
                levers.pause(seconds)

    def _hit(self, moment: str, routing_key: str = "") -> Effect | None:
        fault = self._faults.hit(Point.BROKER, Seen(routing_key=routing_key, at=moment))
        if fault is None:
            return None
        self._journal.add(
            Entry(
                kind="amqp.fault",
                direction="out",
                dialect="",
                at=self._journal.now(),
                path=routing_key,
                note=fault.effect.kind,
                fault=fault.id,
            )
        )
        return fault.effect

    def _changed(self) -> None:
        with self._lock:
            wanted = bool(self._faults.at[Point.BROKER])
            if wanted == self._watching:
                return
            self._watching = wanted
            self._broker.levers.obey(self if wanted else None)
            (self._broker.observe if wanted else self._broker.unobserve)(self._observe)
