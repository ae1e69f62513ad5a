"""What a connector is told: the cloud's own webhooks tampered with, withheld or repeated, and calls that the cloud
never made."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlsplit

from gatepost.conformance.abiquo.asks import ANSWERED, Ask
from gatepost.conformance.scene import Scene
from gatepost.conformance.verdict import Unreached
from gatepost.core.journal import Entry
from gatepost.messaging.webhook import Webhook, WebhookSender

Change = Callable[[Webhook], Webhook]

READ_TIMEOUT = 10.0
"""Seconds that the platform waits for an answer."""

TYPES = {
    "json": "application/vnd.abiquo.task+json; version=6.1",
    "xml": "application/vnd.abiquo.task+xml; version=6.1",
}


class Messenger:
    """Carries the cloud's webhooks for the length of a scenario, each as `change` makes it, and as often as `times`."""

    def __init__(self, scene: Scene, change: Change = lambda webhook: webhook, times: int = 1) -> None:
        self.carried: list[Webhook] = []
        """As the cloud made them."""
        self._dialect = scene.cloud.abiquo
        self._sender = self._dialect.webhooks
        self._change = change
        self._times = times
        self._dialect.webhooks = cast(WebhookSender, self)
        scene.undo.callback(self.leave)

    def post(self, webhook: Webhook) -> Future[str | None]:
        self.carried.append(webhook)
        if not self._times:
            done: Future[str | None] = Future()
            done.set_result(None)  # as if somebody else had answered in the connector's place
            return done
        calls = [self._sender.post(self._change(webhook)) for _ in range(self._times)]
        return calls[0]

    def leave(self) -> None:
        self._dialect.webhooks = self._sender


def withhold(scene: Scene) -> Messenger:
    """From now on the connector is told of nothing, and the cloud believes that it is."""
    return Messenger(scene, times=0)


def spoken(scene: Scene) -> str:
    """The format of webhooks that the connector reads."""
    return str(scene.cloud.settings.abiquo_webhook_format)


def tell(scene: Scene, body: bytes, about: str | None = None) -> Entry:
    """Call the connector with this; its answer, or how it failed."""
    dialect, seq = scene.cloud.abiquo, scene.cloud.journal.last
    webhook = Webhook(
        url=scene.bench.endpoint,
        dialect="abiquo",
        headers={"Content-Type": TYPES[spoken(scene)], "Accept": "*/*", "User-Agent": "Gatepost"},
        body=body,
        task=about,
        connect_timeout=READ_TIMEOUT,
        read_timeout=READ_TIMEOUT,
    )
    return post(scene, dialect.webhooks, webhook, seq)


def tell_again(asked: Ask, change: Callable[[bytes], bytes] = lambda body: body) -> Entry:
    """The webhook of this request once more, or something made of it; its answer, or how it failed."""
    return tell(asked.scene, change(asked.webhooks()[0].body), asked.id)


def post(scene: Scene, sender: WebhookSender, webhook: Webhook, seq: int) -> Entry:
    """Raises Unreached when the call did not come to an end."""
    sender.post(webhook)

    def look() -> Entry | None:
        entries = scene.entries(seq)
        sent = next((e for e in entries if e.kind == "webhook.request" and e.body == webhook.body), None)
        return next((e for e in entries if sent is not None and e.kind in ANSWERED and e.answers == sent.seq), None)

    found = scene.wait(look, 2 * READ_TIMEOUT)
    if found is None:
        raise Unreached("an end of a webhook", "there was none")
    return found


def refused(entry: Entry) -> bool:
    """Whether the connector said that the call was wrong."""
    return entry.kind == "webhook.response" and 400 <= (entry.status or 0) < 500


def accepted(entry: Entry) -> bool:
    return entry.kind == "webhook.response" and 200 <= (entry.status or 0) < 300


def what_came(entry: Entry) -> str:
    return f"status {entry.status}" if entry.status is not None else f"no answer: {entry.note}"


# --- tampering ---


def edited(change: Callable[[dict[str, Any]], None]) -> Change:
    """Webhooks in JSON, each task of which was changed."""

    def edit(webhook: Webhook) -> Webhook:
        document = json.loads(webhook.body)
        for task in document.get("collection", [document]):
            change(task)
        return replace(webhook, body=json.dumps(document).encode())

    return edit


def with_hrefs(change: Callable[[str], str]) -> Change:
    """Webhooks in JSON or XML, with every href changed; each begins with `cloud/` or `admin/`."""

    def edit(webhook: Webhook) -> Webhook:
        text = webhook.body.decode()
        for word in ("cloud/", "admin/"):
            text = text.replace(f'"{word}', f'"{change(word)}')
        return replace(webhook, body=text.encode())

    return edit


# --- beyond what the cloud's own sender can do ---


def pour(scene: Scene, size: int, beginning: bytes, watch: Callable[[], None]) -> int | None:
    """Send a body of so many bytes; the status that came back, None where the connection was ended instead.

    `watch` is called often. Raises Unreached where nobody listens.
    """
    parts = urlsplit(scene.bench.endpoint)
    head = (
        f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {TYPES[spoken(scene)]}\r\n"
        f"Content-Length: {size}\r\n\r\n"
    )
    try:
        connection = socket.create_connection((parts.hostname or "", parts.port or 80), READ_TIMEOUT)
    except OSError as error:
        raise Unreached("a connector that listens", f"{error}{scene.how_it_ended}") from None
    with closing(connection):
        with suppress(OSError):  # it need not listen to all of it
            connection.sendall(head.encode())
            for block in _blocks(size, beginning):
                connection.sendall(block)
                watch()
        with suppress(OSError, http.client.HTTPException):
            response = http.client.HTTPResponse(connection)
            response.begin()
            return response.status
    return None


def _blocks(size: int, beginning: bytes) -> Iterator[bytes]:
    yield beginning
    filling = b"x" * 65_536
    left = size - len(beginning)
    while left > 0:
        yield filling[:left]
        left -= len(filling)


def say_nothing(scene: Scene, callers: int) -> None:
    """Connect to the connector so many times, and say nothing until the scenario is over. Raises Unreached."""
    parts = urlsplit(scene.bench.endpoint)
    for _ in range(callers):
        try:
            silent = socket.create_connection((parts.hostname or "", parts.port or 80), READ_TIMEOUT)
        except OSError as error:
            raise Unreached("a connector that listens", f"{error}{scene.how_it_ended}") from None
        scene.undo.callback(silent.close)
