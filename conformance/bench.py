"""A cloud and a connector that works for it: what scenarios share while all goes well."""

from __future__ import annotations

import errno
import re
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from gatepost.conformance.heart import Heart
from gatepost.conformance.launch import Attached, CannotOpen, CannotStart, Command, Connector
from gatepost.conformance.profile import Profile
from gatepost.core.journal import Entry
from gatepost.facade import AmqpPortTaken, Gatepost
from gatepost.messaging.target import AmqpTarget

JOURNAL_BYTES = 512 * 1024 * 1024
CONNECTOR = {"vcloud": "administrator@System", "abiquo": "connector"}
ABIQUO_USER = "joe"
"""Who asks, in Abiquo."""

PASSWORD = "gatepost"
POLL = 0.05
FIRST_LOOK = 5.0
"""Seconds after which a connector that reads no list when it starts is taken not to."""


class Bench:
    """A world of its own behind taps, and the connector of a profile. `options` are those of `Gatepost`."""

    def __init__(self, profile: Profile, seed: int, folder: Path, broker: str = "embedded", **options: Any) -> None:
        self.profile = profile
        self.seed = seed
        self.folder = folder
        self.broker = broker
        self.queue = f"gatepost-{uuid4()}"
        self.webhook_port = _free_port()
        attach = profile.run.attach
        if attach is not None:
            options |= {"port": attach.port, "amqp_port": attach.amqp_port}
        self.endpoint = f"http://127.0.0.1:{self.webhook_port}/"
        """What the cloud calls."""
        if profile.dialect == "abiquo":
            self.endpoint = (attach.webhook if attach is not None else None) or self.endpoint
            options["workflow_endpoint"] = self.endpoint
            if "xml" in profile.claims and "json" not in profile.claims:
                options["settings"] = dict.fromkeys(("abiquo.webhook_format", "abiquo.default_format"), "xml")
        try:
            self.cloud = Gatepost(taps=True, seed=seed, broker=broker, **options)
        except OSError as error:
            raise CannotOpen(_not_opened(error, profile)) from None
        self.cloud.journal.bound = JOURNAL_BYTES
        self.connector: Connector | None = None
        self.heart = Heart()
        self._signing: dict[str, str] | None = None
        self._closed = False
        self.instead: dict[str, str] = {}
        """Other values of placeholders, for connectors that are started from now on."""

    def another(self, **options: Any) -> Bench:
        """One for the same connector, with another cloud; not open yet."""
        return Bench(self.profile, self.seed, self.folder, self.broker, **options)

    def open(self) -> None:
        self.cloud.start()
        self.heart.start()

    def close(self) -> None:
        """Leave nothing behind: no process, no thread. To be called again when it was interrupted."""
        self.end_connector()
        if not self._closed:
            self._closed = True
            self.heart.stop()
            self.cloud.stop()

    # --- the connector ---

    def start_connector(self, *, ready: bool = True) -> Connector:
        """Start it, and wait until it is at work unless told otherwise. Raises CannotStart."""
        self.end_connector()
        began, seq = time.monotonic(), self.cloud.journal.last
        if self.profile.run.attach is not None:
            seq = 0  # it may have come before anybody asked whether it is there
        self.connector = self._launch()
        if ready:
            try:
                self._wait_until_ready(self.connector, began, seq)
            except CannotStart:
                self.connector.kill()
                raise
        return self.connector

    def end_connector(self) -> None:
        if self.connector is not None:
            self.connector.kill()
            self.connector = None

    def placeholders(self) -> dict[str, str]:
        """What stands for what in the profile's command and environment."""
        info = self.cloud.info(with_secrets=True)
        target = AmqpTarget.from_url(info["amqp_url"]) if info["amqp_url"] else AmqpTarget()
        return {
            "cloud_url": self.cloud.url,
            "vcloud_api": info["vcloud_api"],
            "abiquo_api": info["abiquo_api"],
            "user": CONNECTOR[self.profile.dialect],
            "username": CONNECTOR[self.profile.dialect].partition("@")[0],
            "org": CONNECTOR[self.profile.dialect].partition("@")[2],
            "password": PASSWORD,
            "amqp_url": info["amqp_url"] or "",
            "amqp_host": target.host,
            "amqp_port": str(target.port),
            "amqp_vhost": target.vhost,
            "amqp_user": target.username,
            "amqp_password": target.password,
            "amqp_exchange": info["amqp_exchange"],
            "amqp_queue": self.queue,
            "webhook_port": str(self.webhook_port),
            "webhook_url": self.endpoint,
            "python": sys.executable,
            "ca_file": info["ca_file"] or "",
            **(self._signed_with() if self.profile.dialect == "abiquo" else {}),
            **self.instead,
        }

    def _signed_with(self) -> dict[str, str]:
        """What an administrator of Abiquo gives to a connector that signs its requests."""
        if self._signing is None:
            state = self.cloud.abiquo.state
            with state.world.lock:
                user = state.inventory.nicks[CONNECTOR["abiquo"]]
                application = state.oauth.register(user, self.profile.name, "", None)
                token = state.oauth.grant(application, user)
            self._signing = {
                "oauth_consumer_key": application.key,
                "oauth_consumer_secret": application.secret,
                "oauth_token": token.token,
                "oauth_token_secret": token.secret,
            }
        return self._signing

    def fill(self, text: str) -> str:
        """The text with every placeholder replaced. Raises CannotStart for one that does not exist."""
        known = self.placeholders()

        def value(found: re.Match[str]) -> str:
            if found[1] not in known:
                raise CannotStart(f"{{{found[1]}}} is no placeholder; there are {', '.join(sorted(known))}")
            return known[found[1]]

        return re.sub(r"\{([a-z_]+)\}", value, text)

    def _launch(self) -> Connector:
        run = self.profile.run
        variables = {"NO_PROXY": "*", **{name: self.fill(value) for name, value in run.env.items()}}
        if run.image is not None:
            # The SDK takes half a second to load, which most profiles need not pay.
            from gatepost.conformance.container import Container

            return Container(run.image, [self.fill(word) for word in run.arguments], variables)
        if run.command is None:
            return Attached()
        command = [self.fill(word) for word in run.command]
        return Command(command, variables, self.folder / (run.cwd or ""))

    def _wait_until_ready(self, connector: Connector, began: float, seq: int) -> None:
        ready = self.profile.run.ready
        while not self._is_ready(connector, seq):
            if not connector.alive:
                raise CannotStart(f"the connector {connector.ending} before it was ready{_quoted(connector)}")
            if time.monotonic() - began > ready.within:
                raise CannotStart(
                    f"the connector was not ready within {ready.within:g} s ({self._sign()})" + _quoted(connector)
                )
            time.sleep(POLL)

    def _let_it_look(self, seq: int) -> None:
        """Else the list that it reads when it starts would tell it what a scenario tells it in another way."""
        enterprise = self.cloud.abiquo.state.inventory.nicks[ABIQUO_USER].enterprise

        def is_list(entry: Entry) -> bool:
            path = entry.path.lower()
            return entry.kind == "http.response" and f"/enterprises/{enterprise.id}/" in path and "pending" in path

        self.cloud.journal.find(seq, is_list, 1, wait=FIRST_LOOK)

    def _is_ready(self, connector: Connector, seq: int) -> bool:
        ready = self.profile.run.ready
        if ready.log is not None:
            return re.search(ready.log, connector.output) is not None
        if ready.http is not None:
            return _answers(self.fill(ready.http))
        if self.profile.dialect == "abiquo" and not ready.consumer:
            return _listens(self.endpoint)
        return any(entry.kind == "amqp.consume" for entry in self.cloud.journal.after(seq))

    def _sign(self) -> str:
        ready = self.profile.run.ready
        if ready.log is not None:
            return f"its output never matched {ready.log!r}"
        if ready.http is not None:
            return f"{self.fill(ready.http)} never answered"
        if self.profile.dialect == "abiquo" and not ready.consumer:
            return f"nothing listened at {self.endpoint}"
        return "it consumed no queue of the broker"

    # --- the journal ---

    def entries(self, after: int = 0) -> list[Entry]:
        return list(self.cloud.journal.after(after))


def _not_opened(error: OSError, profile: Profile) -> str:
    attach = profile.run.attach
    if attach is None or error.errno != errno.EADDRINUSE:
        return f"the cloud for the connector cannot be opened: {error.strerror or error}"
    field, port = ("amqp_port", attach.amqp_port) if isinstance(error, AmqpPortTaken) else ("port", attach.port)
    return f"port {port} is taken: end what listens there, or give run.attach.{field}, and the connector, another one"


def _quoted(connector: Connector) -> str:
    lines = connector.output.strip().splitlines()[-8:]
    return "; it wrote:\n" + "\n".join(f"    {line[:300]}" for line in lines) if lines else "; it wrote nothing"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as response:
            return bool(response.status < 500)
    except urllib.error.HTTPError as error:
        return bool(error.code < 500)
    except (OSError, ValueError):
        return False


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((parts.hostname or "", port), timeout=0.5):
            return True
    except (OSError, ValueError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
