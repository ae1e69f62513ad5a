"""Notifications that were tampered with, in place of the true one about a request that is held."""

from __future__ import annotations

import re
from collections.abc import Callable

import pika

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud.asks import Ask, ask
from gatepost.conformance.vcloud.trouble import goes_on
from gatepost.conformance.verdict import HarnessError, NotApplicable, Unreached
from gatepost.core.effects import MessageDrop
from gatepost.core.journal import Entry

DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


class Untold:
    """A request that is held and of which the connector was not told. Raises NotApplicable for one that reads JSON."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        told = ask(scene, "resume")
        told.takes("resume", scene.profile.patience)
        if not any(entry.body.lstrip().startswith(b"<") for entry in told.deliveries()):
            raise NotApplicable("a connector that listens to notifications in XML", "it was given none")
        fault = scene.fault(MessageDrop(), event="blockingtask/create")
        self.asked: Ask = ask(scene, "resume")
        scene.cloud.faults.remove(fault.id)
        self._message = self._true_one()

    @property
    def text(self) -> str:
        """The true notification, without its XML declaration."""
        return DECLARATION.sub("", self._message.body.decode())

    def tell(self, *texts: str, watch: Callable[[], None] = lambda: None) -> None:
        """Send these, each with the headers of the true message and without any. `watch` is called often until they
        are taken. Raises Unreached and Broken."""
        url = self.scene.cloud.info(with_secrets=True)["amqp_url"]
        with pika.BlockingConnection(pika.URLParameters(url)) as connection:
            channel = connection.channel()
            for text in texts:
                for headers in (dict(self._message.headers), {}):
                    properties = pika.BasicProperties("application/xml", "UTF-8", headers, delivery_mode=2)
                    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
                    channel.basic_publish(self._message.method, self._message.path, body, properties)
        self._wait_until_taken(2 * len(texts), watch)

    def _wait_until_taken(self, number: int, watch: Callable[[], None]) -> None:
        """Until it was given them all, and decided what was asked for later. Raises Broken when it never does."""
        patience = self.scene.profile.patience

        def given() -> bool:
            watch()
            return len(self.asked.deliveries()) >= number

        def decided() -> bool:
            watch()
            return not later.hold.active

        self.scene.wait(given, patience)
        if not self.asked.deliveries():
            raise Unreached("a forged notification", f"it was not given it{self.scene.how_it_ended}")
        later = ask(self.scene, "resume")
        self.scene.wait(decided, patience)
        goes_on(later)

    def _true_one(self) -> Entry:
        def look() -> Entry | None:
            entries = self.scene.entries(self.asked.seq)
            dropped = (e for e in entries if e.kind == "amqp.undelivered" and self.asked.hold.id in e.path)
            return next((entry for entry in dropped if entry.body.startswith(b"<")), None)

        found = self.scene.wait(look, 10.0)
        if found is None:
            raise HarnessError("a notification that is withheld", "the cloud made none")
        return found


def with_doctype(text: str, doctype: str, timestamp: str = "") -> str:
    """The notification with a document type, and with this in place of the content of Timestamp."""
    if timestamp:
        text = re.sub(r"(<vmext:Timestamp>)[^<]*", lambda match: match[1] + timestamp, text)
    return f"<!DOCTYPE vmext:Notification {doctype}>{text}"
