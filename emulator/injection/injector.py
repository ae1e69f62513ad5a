"""All that rules do inside of one cloud, as its owner sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gatepost.broker import Broker
from gatepost.core.cloud import Cloud
from gatepost.core.effects import Point
from gatepost.core.events import Event
from gatepost.core.faults import Faults
from gatepost.core.journal import Entry
from gatepost.injection.broker import BrokerFaults
from gatepost.injection.http import Dialect, FaultyApp
from gatepost.injection.messages import MessageFaults
from gatepost.injection.veils import Veils

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Injector:
    """Stands around `app`, and between the events and `put`; `drop` gets events that never leave, for the journal."""

    def __init__(
        self,
        cloud: Cloud,
        app: WSGIApplication,
        put: Callable[[Event], None],
        drop: Callable[[Event], None],
        dialects: Mapping[str, Dialect],
    ) -> None:
        self.faults = Faults(cloud.seed, cloud.clock.now)
        self._cloud = cloud
        self._dialects = dialects
        self._veils = Veils(cloud.clock.now)
        self._messages = MessageFaults("vcloud", self.faults, self._veils, cloud.clock, put, drop, self._user_of)
        self.app = FaultyApp(app, self.faults, self._veils, dialects)
        self.faults.serve(Point.HTTP)
        self.take = self._messages.take
        """Where events go; the caller holds the lock."""

    def watch(self, broker: Broker) -> None:
        """Rules for the embedded broker hold for this one."""
        BrokerFaults(broker, self.faults, self._cloud.journal)

    def reset(self) -> None:
        """No rule, and nothing that one has left. The caller holds the lock."""
        self.faults.clear()
        self._veils.clear()
        self._messages.reset()

    def stop(self) -> None:
        """Let go the requests that wait, and forget the messages that are late."""
        self.app.stop()
        with self._cloud.lock:
            self.reset()

    def who(self, context: Mapping[str, object], dialect: str, headers: Mapping[str, str]) -> str | None:
        """The user of a request that has not reached the server; `context` is what its environ would hold."""
        known = self._dialects.get(dialect)
        if known is None:
            return None
        spelt = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        nowhere = Entry(kind="", direction="in", dialect=dialect, at=0.0)
        nothing = {"gatepost.entry": nowhere, "gatepost.body": b"", "gatepost.too_large": False}
        return known.user_of({**context, **spelt, **nothing})

    def _user_of(self, event: Event) -> str | None:
        user = self._cloud.world.inventory.users.get(event.user.id)
        return None if user is None else f"{user.name}@{user.org.name}"
