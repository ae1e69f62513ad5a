"""The state of the vCloud dialect: sessions, rights, extension services, and the settings that its API changes."""

from __future__ import annotations

from gatepost.core.cloud import Cloud
from gatepost.core.events import Event
from gatepost.core.world import World
from gatepost.messaging.calls import Calls
from gatepost.messaging.message import Form
from gatepost.messaging.publisher import Publisher
from gatepost.messaging.target import AmqpTarget
from gatepost.settings import Settings
from gatepost.vcloud.rights import Rights
from gatepost.vcloud.sections import Values
from gatepost.vcloud.services.bundles import Bundles
from gatepost.vcloud.services.registry import Registry
from gatepost.vcloud.sessions import Sessions
from gatepost.vcloud.system import SECTIONS
from gatepost.vcloud.uploads import Uploads
from gatepost.vcloud.versions import traits

ENVIRON_KEY = "gatepost.vcloud"
"""Where a request finds its dialect in the WSGI environ: one Flask app serves any number of worlds."""


def kept_settings() -> dict[str, Values]:
    """What an administrator finds in the settings that are only kept, by their root."""
    return {section.tag: section.defaults() for section in SECTIONS}


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
        self.kept = kept_settings()
        self.uploads = Uploads()
        self._publisher = publisher
        self._begin()

    @property
    def world(self) -> World:
        return self.cloud.world

    @property
    def settings(self) -> Settings:
        return self.cloud.settings

    @property
    def calls(self) -> Calls:
        return self._publisher.calls

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
        return self.settings.blocking_ignores_switch and event.type.startswith("blockingtask/") and not event.service

    def forms(self) -> list[Form]:
        """How events are told: in both formats, as all servers since 5.1 do, unless a setting says otherwise."""
        settings = self.settings
        forms = [Form.XML] if settings.notifications_xml else []
        if settings.notifications_json and traits(settings.versions[-1]).json_notifications:
            forms.append(Form.JSON)
            if settings.json_on_main:
                forms.append(Form.JSON_ON_MAIN)
        return forms

    def reset(self) -> None:
        self.sessions.clear()
        self.notifications_enabled = True
        self.kept = kept_settings()
        self.uploads = Uploads()
        if self.amqp != self._first_amqp:
            self.set_amqp(self._first_amqp)
        self.calls.end("The cloud was reset")
        self._begin()

    def _begin(self) -> None:
        """What belongs to one world."""
        self.rights = Rights(self.world.ids)
        self.services = Registry(self.world.ids)
        self.bundles = Bundles()
