"""`Gatepost`: one whole emulated cloud in this process, on free ports, isolated from every other."""

from __future__ import annotations

import errno
import re
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from gatepost import __version__
from gatepost.app import create_app
from gatepost.broker import Broker
from gatepost.control.context import ENVIRON_KEY as CONTROL_KEY
from gatepost.control.context import Control
from gatepost.control.guard import LOCAL_HOSTS
from gatepost.core.clock import Clock, parse_rate
from gatepost.core.cloud import Cloud
from gatepost.core.events import Event
from gatepost.core.journal import Journal
from gatepost.core.seed import PASSWORD
from gatepost.core.world import World
from gatepost.edge import Edge
from gatepost.messaging.message import Message
from gatepost.messaging.publisher import Publisher
from gatepost.messaging.target import DEFAULT_EXCHANGE, AmqpTarget
from gatepost.serving import ServerFactory
from gatepost.serving.threaded import ThreadedServer
from gatepost.serving.tls import issue_certificate
from gatepost.settings import Settings, parse
from gatepost.vcloud.dialect import ENVIRON_KEY as VCLOUD_KEY
from gatepost.vcloud.dialect import VcloudDialect
from gatepost.vcloud.http import BODY_LIMIT
from gatepost.vcloud.notifications import render

ACCOUNTS = ("administrator@System", "orgadmin@acme", "alice@acme", "bob@globex")
EMBEDDED = "embedded"
_ANY_ADDRESS = frozenset({"0.0.0.0", "::", ""})


class AmqpPortTaken(OSError):
    """The embedded broker's port is in use: connectors would listen to somebody else's broker in silence."""


class Gatepost:
    """A cloud that listens from `start` to `stop`, or for the length of a `with` block.

    `port` 0 takes a free one; a port that is taken raises OSError. `broker` is `embedded` (on `amqp_port`, user
    and password `guest`; AmqpPortTaken when that is taken), an AMQP URL, or None for no broker.
    `clock` is `real`, `manual` or a factor such as `x10`. `settings` are dotted keys, as `--set` takes them; unknown
    ones raise InvalidSetting. `control_token` guards the control API, which needs it beyond this machine;
    ValueError is raised for one that no header can carry. `server` makes what serves HTTP.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        public_url: str | None = None,
        broker: str | None = EMBEDDED,
        amqp_port: int = 0,
        seed: int = 1,
        clock: str = "real",
        settings: dict[str, Any] | None = None,
        tls: bool = False,
        control_token: str | None = None,
        allowed_hosts: tuple[str, ...] = (),
        server: ServerFactory = ThreadedServer,
    ) -> None:
        if control_token is not None and re.fullmatch("[!-~]+", control_token) is None:
            raise ValueError("a control token is made of printable ASCII characters without blanks: give such a one")
        self._first_settings = parse(settings or {}).dotted()
        external = AmqpTarget.from_url(broker) if broker and broker != EMBEDDED else AmqpTarget()
        self._cloud = Cloud(parse(self._first_settings), seed, parse_rate(clock))
        self._broker = Broker(host, amqp_port, version=__version__) if broker == EMBEDDED else None
        self._tls_folder = Path(tempfile.mkdtemp(prefix="gatepost-tls-")) if tls else None
        certificate = None
        if self._tls_folder is not None:
            shown_host = urlsplit(public_url or "").hostname or host
            names = {"localhost", "127.0.0.1", "::1", *allowed_hosts, *({host, shown_host} - _ANY_ADDRESS)}
            certificate = issue_certificate(sorted(names), self._tls_folder)
        self._ca_file = certificate.ca if certificate is not None else None
        amqp = self._listen(external)
        self._publisher = Publisher(self._cloud.journal, self._render, amqp)
        self._vcloud = VcloudDialect(self._cloud, "", amqp, self._publisher)
        self._cloud.listen(self._on_event)
        control = Control(
            cloud=self._cloud,
            info=self.info,
            reset=self.reset,
            vcloud_href=lambda path: self._vcloud.public_url + path,
            token=control_token,
            hosts=LOCAL_HOSTS | {host.lower()} | {name.lower() for name in allowed_hosts},
            listens_locally=host in LOCAL_HOSTS,
            broker=self._broker,
        )
        context: dict[str, object] = {VCLOUD_KEY: self._vcloud, CONTROL_KEY: control}
        edge = Edge(create_app(), self._cloud.journal, context, BODY_LIMIT)
        try:
            self._server = server(edge, host, port, certificate=certificate)
        except BaseException:
            self._leave()
            raise
        shown = "127.0.0.1" if host in _ANY_ADDRESS else f"[{host}]" if ":" in host else host
        scheme = "https" if tls else "http"
        self._vcloud.public_url = (public_url or f"{scheme}://{shown}:{self._server.port}").rstrip("/")

    @property
    def url(self) -> str:
        """The cloud's URL, without a slash at the end: hrefs begin with it."""
        return self._vcloud.public_url

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def ca_file(self) -> Path | None:
        """With TLS: the PEM file of the authority that clients must trust."""
        return self._ca_file

    @property
    def clock(self) -> Clock:
        return self._cloud.clock

    @property
    def journal(self) -> Journal:
        return self._cloud.journal

    @property
    def settings(self) -> Settings:
        return self._cloud.settings

    @property
    def world(self) -> World:
        """The engine's own objects; hold `world.lock` to look at more than one of them."""
        return self._cloud.world

    @property
    def broker(self) -> Broker | None:
        """The embedded broker, with its levers; None where another one is in use, or none."""
        return self._broker

    @property
    def broker_state(self) -> str:
        """`connected`, `waiting` (configured, not reachable now) or `off`."""
        return self._publisher.state

    def start(self) -> Self:
        self._cloud.clock.start()
        self._publisher.start()
        self._server.start()
        return self

    def stop(self) -> None:
        """Leave nothing behind: no thread, socket, timer or file."""
        self._cloud.journal.close()
        self._publisher.end_probes()
        self._server.stop()
        self._cloud.clock.stop()
        self._publisher.stop()
        self._cloud.world.close()
        self._leave()

    def reset(self) -> None:
        """Begin anew: objects, tasks, holds, sessions, settings and journal are as they were at the start."""
        with self._cloud.lock:
            self._cloud.settings.update(self._first_settings)
            self._publisher.outbox.clear()
            self._cloud.reset()
            self._vcloud.reset()
        if self._broker is not None:
            self._broker.levers.reset()

    def info(self, *, with_secrets: bool = False) -> dict[str, Any]:
        """Where everything is. The broker's password is told only `with_secrets`, or when it is the public default."""
        target = self._vcloud.amqp
        with_password = with_secrets or (target.username, target.password) == ("guest", "guest")
        return {
            "version": __version__,
            "seed": self._cloud.seed,
            "clock": self._cloud.clock.mode,
            "cloud_url": self.url,
            "vcloud_api": f"{self.url}/api",
            "control_url": f"{self.url}/gatepost",
            "ca_file": str(self._ca_file) if self._ca_file is not None else None,
            "broker": self._publisher.state,
            "broker_problem": self._publisher.problem,
            "amqp_url": target.url(with_password=with_password) if target.configured else None,
            "amqp_exchange": target.exchange if target.configured else DEFAULT_EXCHANGE,
            "outbox": {
                "waiting": len(self._publisher.outbox),
                "confirmed": self._publisher.outbox.confirmed,
                "lost": self._publisher.outbox.lost,
            },
            "accounts": [{"dialect": "vcloud", "user": user, "password": PASSWORD} for user in ACCOUNTS],
        }

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _listen(self, external: AmqpTarget) -> AmqpTarget:
        """Open the embedded broker, if it is the one; which broker to publish to."""
        if self._broker is None:
            return external
        try:
            return AmqpTarget.from_url(self._broker.start().url)
        except OSError as error:
            self._leave()
            if error.errno != errno.EADDRINUSE:
                raise
            raise AmqpPortTaken(error.errno, error.strerror, self._broker.port) from None

    def _leave(self) -> None:
        if self._broker is not None:
            self._broker.stop()
        if self._tls_folder is not None:
            shutil.rmtree(self._tls_folder, ignore_errors=True)

    def _render(self, event: Event) -> Message:
        return render(event, self._vcloud.public_url, self._cloud.settings)

    def _on_event(self, event: Event) -> None:
        if self._vcloud.wants(event):
            self._publisher.put(event)
