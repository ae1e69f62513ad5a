"""What the AMQP tap saw of a consumer: deliveries and what became of each, prefetch, silence on a connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gatepost.core.journal import Entry, Journal

_SETTLINGS = frozenset({"amqp.ack", "amqp.nack", "amqp.reject"})
_Channel = tuple[int, int]


@dataclass
class Delivery:
    """A message that was given to a consumer. `end` is what came of it; None while the consumer has it in hand."""

    entry: Entry
    end: Entry | None = None
    automatic: bool = False
    """Whether it counted as acknowledged when it left the broker."""

    @property
    def acknowledged(self) -> bool:
        return self.automatic or (self.end is not None and self.end.kind == "amqp.ack")

    @property
    def over(self) -> bool:
        """Whether it will not come again: acknowledged, or thrown away."""
        refused = self.end is not None and self.end.kind in ("amqp.nack", "amqp.reject")
        return self.acknowledged or (refused and self.end is not None and not self.end.headers["requeue"])


@dataclass
class Consumer:
    """One `basic.consume`. `prefetch` is the bound that was in force for it, 0 for none."""

    entry: Entry
    connection: int
    channel: int
    prefetch: int
    automatic: bool


class BrokerView:
    """Follows a journal from `after` on. `look` reads what is new, and everything else tells of what was read."""

    def __init__(self, journal: Journal, after: int = 0) -> None:
        self.deliveries: list[Delivery] = []
        self.consumers: list[Consumer] = []
        self.heartbeats: dict[int, int] = {}
        """Seconds agreed on, by connection."""
        self.closed: dict[int, Entry] = {}
        self._journal = journal
        self._seen = after
        self._prefetch: dict[_Channel, int] = {}
        self._open: dict[_Channel, dict[int, Delivery]] = {}

    def look(self) -> BrokerView:
        for entry in self._journal.after(self._seen):
            self._seen = entry.seq
            if entry.kind.startswith("amqp.") and "connection" in entry.headers:
                self._take(entry)
        return self

    def of(self, *words: str) -> list[Delivery]:
        """The deliveries whose routing key holds all of these words."""
        return [one for one in self.deliveries if all(word in one.entry.path for word in words)]

    def _take(self, entry: Entry) -> None:
        connection = _number(entry, "connection")
        channel = (connection, _number(entry, "channel"))
        if entry.kind == "amqp.tune":
            self.heartbeats[connection] = _number(entry, "heartbeat")
        elif entry.kind == "amqp.qos":
            self._prefetch[channel] = _number(entry, "prefetch-count")
        elif entry.kind == "amqp.consume":
            bound, automatic = self._prefetch.get(channel, 0), bool(entry.headers["no-ack"])
            self.consumers.append(Consumer(entry, *channel, bound, automatic))
        elif entry.kind in ("amqp.deliver", "amqp.get"):
            self._delivered(channel, entry)
        elif entry.kind in _SETTLINGS:
            self._settled(channel, entry)
        elif entry.kind == "amqp.close":
            self.closed[connection] = entry
            for key in [key for key in self._open if key[0] == connection]:
                for delivery in self._open.pop(key).values():
                    delivery.end = entry

    def _delivered(self, channel: _Channel, entry: Entry) -> None:
        consumers = [one for one in self.consumers if (one.connection, one.channel) == channel]
        automatic = entry.kind == "amqp.deliver" and bool(consumers) and all(one.automatic for one in consumers)
        delivery = Delivery(entry, automatic=automatic)
        self.deliveries.append(delivery)
        if not automatic:
            self._open.setdefault(channel, {})[_number(entry, "delivery-tag")] = delivery

    def _settled(self, channel: _Channel, entry: Entry) -> None:
        in_hand, last = self._open.get(channel, {}), _number(entry, "delivery-tag")
        # Tag 0, with `multiple`, stands for all.
        settled = [tag for tag in in_hand if not last or tag <= last] if entry.headers.get("multiple") else [last]
        for tag in settled:
            if (delivery := in_hand.pop(tag, None)) is not None:
                delivery.end = entry


def silences(journal: Journal, connection: int, since: Entry, until: float) -> Iterator[tuple[Entry, float]]:
    """How long a client said nothing that the tap tells of: the last that it said before, and seconds, for each time
    up to the moment `until` of the cloud's clock."""
    before = since
    for entry in journal.after(since.seq):
        if entry.direction == "in" and entry.headers.get("connection") == connection and entry.kind.startswith("amqp."):
            yield before, min(entry.at, until) - before.at
            before = entry
        if entry.at > until:
            return
    yield before, until - before.at


def _number(entry: Entry, field: str) -> int:
    value = entry.headers.get(field, 0)
    return value if isinstance(value, int) else 0
