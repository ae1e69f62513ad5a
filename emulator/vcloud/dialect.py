"""The state of the vCloud dialect: sessions, and the settings that an administrator changes over its API."""

from __future__ import annotations

from gatepost.core.cloud import Cloud
from gatepost.core.events import Event
from gatepost.core.world import World
from gatepost.messaging.publisher import Publisher
from gatepost.messaging.target import AmqpTarget
from gatepost.settings import Settings
from gatepost.vcloud.sessions import Sessions

ENVIRON_KEY = "gatepost.vcloud"
"""Where a request finds its dialect in the WSGI environ: one Flask app serves any number of worlds."""


class VcloudDialect:
    """One installation as its vCloud API shows it. `public_url` begins its hrefs and has no slash at the end."""

    def __init__(
        self,
        cloud: Cloud,
        public_url: str,
        amqp: AmqpTarget,
        publisher: Publisher,
    ) -> None:
        self.cloud = cloud
        self.public_url = public_url
        self.sessions = Sessions()
        self.amqp = self._first_amqp = amqp
        self.notifications_enabled = True
        self._publisher = publisher

    @property
    def world(self) -> World:
        return self.cloud.world

    @property
    def settings(self) -> Settings:
        return self.cloud.settings

    def set_amqp(self, target: AmqpTarget) -> None:
        """Messages go there from now on."""
        self.amqp = target
        self._publisher.configure(target)

    def probe_amqp(self, target: AmqpTarget) -> str | None:
        """Whether that broker lets us in: None, or why not. Blocks for some seconds, so not under the lock."""
        return self._publisher.probe(target)

    def wants(self, event: Event) -> bool:
        """Whether the event is told to the broker (reference, section 6.2: two mechanisms on one bus)."""
        if self.notifications_enabled:
            return True
        return self.settings.blocking_ignores_switch and event.type.startswith("blockingtask/")

    def reset(self) -> None:
        self.sessions.clear()
        self.notifications_enabled = True
        if self.amqp != self._first_amqp:
            self.set_amqp(self._first_amqp)
