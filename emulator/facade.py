"""`Gatepost`: one whole emulated cloud in this process, on free ports, isolated from every other."""

from __future__ import annotations

import contextlib
import errno
import re
import shutil
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from gatepost import __version__
from gatepost.abiquo import faults as abiquo_faults
from gatepost.abiquo.dialect import ENVIRON_KEY as ABIQUO_KEY
from gatepost.abiquo.dialect import AbiquoDialect
from gatepost.abiquo.seed import record as record_abiquo
from gatepost.app import create_app
from gatepost.broker import Broker
from gatepost.control.context import ENVIRON_KEY as CONTROL_KEY
from gatepost.control.context import Control
from gatepost.control.guard import LOCAL_HOSTS
from gatepost.control.requests import OperationRequest
from gatepost.core.clock import Clock, parse_rate
from gatepost.core.cloud import Cloud
from gatepost.core.events import Event
from gatepost.core.faults import Faults
from gatepost.core.journal import Entry, Journal
from gatepost.core.seed import record as record_vcloud
from gatepost.core.world import World
from gatepost.edge import Edge
from gatepost.expect import Like, NotSeen, expect, parse_like
from gatepost.handles import HeldRequest, Request, open_holds
from gatepost.injection.injector import Injector
from gatepost.injection.messages import spoilt
from gatepost.inventory_files import InventoryFile, accounts, load, slim
from gatepost.messaging.message import Form, Message
from gatepost.messaging.outbox import Pending
from gatepost.messaging.publisher import Publisher
from gatepost.messaging.sender import entry
from gatepost.messaging.target import DEFAULT_EXCHANGE, AmqpTarget
from gatepost.messaging.webhook import WebhookSender
from gatepost.serving import ServerFactory
from gatepost.serving.threaded import ThreadedServer
from gatepost.serving.tls import Certificate, issue_certificate
from gatepost.settings import Settings, parse
from gatepost.taps import AmqpTap, HttpTap
from gatepost.variation import Chosen, Kind, Variation
from gatepost.variation import parse as parse_variation
from gatepost.vcloud import faults as vcloud_faults
from gatepost.vcloud.dialect import ENVIRON_KEY as VCLOUD_KEY
from gatepost.vcloud.dialect import VcloudDialect
from gatepost.vcloud.http import BODY_LIMIT
from gatepost.vcloud.notifications import render
from gatepost.vcloud.services.messages import journalled

EMBEDDED = "embedded"
ROOTS = {
    "vcloud": (("/m", "/abiquo/m"),),
    "abiquo": (
        *(("/api", "/abiquo/api"), ("/m", "/abiquo/m")),
        *(("/vcloud/api", "/api"), ("/vcloud/cloudapi", "/cloudapi"), ("/vcloud/transfer", "/transfer")),
    ),
}
"""Where clients see each dialect, for each choice of who has `/api`: pairs of prefixes, outside and inside."""

_ANY_ADDRESS = frozenset({"0.0.0.0", "::", ""})


class AmqpPortTaken(OSError):
    """The embedded broker's port is in use: connectors would listen to somebody else's broker in silence."""


class Gatepost:
    """A cloud that listens from `start` to `stop`, or for the length of a `with` block.

    `port` 0 takes a free one; a port that is taken raises OSError. `broker` is `embedded` (on `amqp_port`, user
    and password `guest`; AmqpPortTaken when that is taken), an AMQP URL, or None for no broker.
    `clock` is `real`, `manual` or a factor such as `x10`. `settings` are dotted keys, as `--set` takes them; unknown
    ones raise InvalidSetting. `inventory` is what it begins with: the path of an inventory file, the text of one, or
    the same as data; InvalidInventory names what is wrong in it. `root` says whose API stands at `/api`: `vcloud`, with
    Abiquo's at `/abiquo/api`, or `abiquo`, with vCloud's at `/vcloud/api`. `workflow_endpoint` is the URL of an Abiquo
    connector: with it the platform has workflow on from the start, and so has every enterprise with a virtual
    datacenter, such as acme, unless the inventory says otherwise. `control_token` guards the control API, which needs
    it beyond this machine; ValueError is raised for one that no header can carry. With `taps` the addresses that
    clients are told are those of taps in front of server and broker, where connections can be broken. `vary` is what
    varies from the start (docs/variation.md): True, or names of kinds, of which unknown ones raise InvalidVariation.
    `server` makes what serves HTTP.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        public_url: str | None = None,
        broker: str | None = EMBEDDED,
        amqp_port: int = 0,
        root: str = "vcloud",
        workflow_endpoint: str | None = None,
        inventory: Path | str | Mapping[str, Any] | None = None,
        seed: int = 1,
        clock: str = "real",
        settings: dict[str, Any] | None = None,
        tls: bool = False,
        control_token: str | None = None,
        allowed_hosts: tuple[str, ...] = (),
        taps: bool = False,
        vary: Chosen = False,
        server: ServerFactory = ThreadedServer,
    ) -> None:
        if control_token is not None and re.fullmatch("[!-~]+", control_token) is None:
            raise ValueError("a control token is made of printable ASCII characters without blanks: give such a one")
        if root not in ROOTS:
            raise ValueError(f"{root!r} is no root: {' or '.join(ROOTS)} is expected")
        self._file, self._first_settings = _beginning(inventory, settings or {})
        self._taps = taps
        self._first_kinds = parse_variation(vary, taps=taps)
        self._variation = Variation(seed)
        external = AmqpTarget.from_url(broker) if broker and broker != EMBEDDED else AmqpTarget()
        self._cloud = Cloud(parse(self._first_settings), seed, parse_rate(clock), self._file.vcloud)
        # Behind a tap, the broker that clients are told of is the tap's.
        place = ("127.0.0.1", 0) if taps else (host, amqp_port)
        self._broker = Broker(*place, version=__version__) if broker == EMBEDDED else None
        self._http_tap: HttpTap | None = None
        self._amqp_tap: AmqpTap | None = None
        self._tls_folder = Path(tempfile.mkdtemp(prefix="gatepost-tls-")) if tls else None
        certificate = None
        if self._tls_folder is not None:
            shown_host = urlsplit(public_url or "").hostname or host
            names = {"localhost", "127.0.0.1", "::1", *allowed_hosts, *({host, shown_host} - _ANY_ADDRESS)}
            certificate = issue_certificate(sorted(names), self._tls_folder)
        self._ca_file = certificate.ca if certificate is not None else None
        amqp = self._listen(external)
        self._publisher = Publisher(self._cloud.journal, self._forms, self._render, amqp, journalled)
        self._vcloud = VcloudDialect(self._cloud, "", amqp, self._publisher)
        dialects = {"vcloud": vcloud_faults, "abiquo": abiquo_faults}
        self._injector = Injector(self._cloud, create_app(), self._publisher.put, self._drop, dialects)
        if self._broker is not None:
            self._injector.watch(self._broker)
        self._cloud.listen(self._on_event)
        self._webhooks = WebhookSender(self._cloud.journal, self.faults, self._variation.webhook)
        self._paths = ("", "/abiquo/api") if root == "vcloud" else ("/vcloud", "/api")
        self._abiquo = AbiquoDialect(self._cloud, self._webhooks, self._paths[1], workflow_endpoint, self._file.abiquo)
        self._control = control = Control(
            cloud=self._cloud,
            abiquo=self._abiquo,
            info=self.info,
            reset=self.reset,
            inventory=self.inventory,
            vcloud_href=lambda path: self._variation.href(self._vcloud.public_url + path),
            token=control_token,
            hosts=LOCAL_HOSTS | {host.lower()} | {name.lower() for name in allowed_hosts},
            listens_locally=host in LOCAL_HOSTS,
            broker=self._broker,
            faults=self.faults,
            vary=self.vary,
            variation=lambda: self.variation,
        )
        context: dict[str, object] = {VCLOUD_KEY: self._vcloud, ABIQUO_KEY: self._abiquo, CONTROL_KEY: control}
        edge = Edge(self._injector.app, self._cloud.journal, context, BODY_LIMIT, ROOTS[root], self._variation)
        try:
            if taps:
                self._server = server(edge, "127.0.0.1", 0)
                with contextlib.ExitStack() as undo:
                    undo.callback(self._server.stop)
                    self._open_taps(host, port, amqp_port, amqp, certificate, edge, context)
                    undo.pop_all()
            else:
                self._server = server(edge, host, port, certificate=certificate)
        except BaseException:
            self._leave()
            raise
        self._plain_url = (public_url or _local_url(host, self.port, tls=tls)).rstrip("/")
        self._may_rename = public_url is None
        self._choose(self._first_kinds)

    @property
    def url(self) -> str:
        """The cloud's URL, without a slash at the end: hrefs begin with it. It is another one while `roots` vary."""
        return self._variation.root(self._plain_url, may_rename=self._may_rename)

    @property
    def abiquo_url(self) -> str:
        """The root of Abiquo's API, which clients are configured with; no slash at the end."""
        return self._abiquo.api_url

    @property
    def abiquo(self) -> AbiquoDialect:
        """The other dialect's own objects, under the same lock."""
        return self._abiquo

    @property
    def port(self) -> int:
        return self._server.port if self._http_tap is None else self._http_tap.port

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
    def faults(self) -> Faults:
        """The rules that say what goes wrong."""
        return self._injector.faults

    @property
    def variation(self) -> frozenset[Kind]:
        """What varies now."""
        return self._variation.kinds

    def vary(self, chosen: Chosen) -> None:
        """Vary this and nothing else from now on, as from the beginning: True for the default kinds, False for none, or
        names of kinds. Raises InvalidVariation. What clients were told before goes on being served."""
        kinds = parse_variation(chosen, taps=self._taps)
        with self._cloud.lock:
            self._choose(kinds)

    @property
    def http_tap(self) -> HttpTap | None:
        """Only with taps: where requests can be held."""
        return self._http_tap

    @property
    def amqp_tap(self) -> AmqpTap | None:
        """Only with taps and a broker: where deliveries and acknowledgements can be held."""
        return self._amqp_tap

    @property
    def broker_state(self) -> str:
        """`connected`, `waiting` (configured, not reachable now) or `off`."""
        return self._publisher.state

    @property
    def holds(self) -> list[HeldRequest]:
        """What waits for a decision now, oldest first, of both dialects."""
        return open_holds(self._control)

    def request(self, operation: str, name: str, user: str = "alice@acme", **more: Any) -> Request:
        """Have a user ask for something, without any client of the protocol (docs/control-api.md says for what).

        A `user` without `@` is one of Abiquo's. Raises what the cloud refuses with, and ValueError for a request that
        cannot be understood.
        """
        return Request(self._control, OperationRequest(operation=operation, name=name, user=user, **more))

    def set_workflow_endpoint(self, url: str) -> None:
        """Have Abiquo call the connector there: the platform and the enterprise acme have workflow on. Empty: off."""
        self._abiquo.set_endpoint(url)

    def expect(
        self,
        *in_order: Like,
        within: float = 10.0,
        at_least: int = 1,
        at_most: int | None = None,
        after: int = 0,
        **fields: Any,
    ) -> list[Entry]:
        """The entries of the journal that are like this, as soon as they are there. Raises NotSeen, whose text shows
        the nearest ones.

        Give the fields of one entry (docs/control-api.md#waiting-checks), or several `Like` for entries in that order.
        `within` are seconds of wall time; `at_most` waits for all of them, since one more may always come. Only what
        stands behind entry `after` is looked at.
        """
        if bool(in_order) == bool(fields):
            raise TypeError("give either the fields of one entry, or several Like")
        likes = list(in_order) or [parse_like(fields)]
        at_least = at_least if at_most is None else min(at_least, at_most)
        outcome = expect(self.journal, likes, at_least=at_least, at_most=at_most, after=after, within=within)
        if not outcome.found:
            raise NotSeen(outcome)
        return outcome.entries

    def start(self) -> Self:
        self._cloud.clock.start()
        self._publisher.start()
        self._server.start()
        for tap in (self._http_tap, self._amqp_tap):
            if tap is not None:
                tap.start()
        return self

    def stop(self) -> None:
        """Leave nothing behind: no thread, socket, timer or file."""
        self._cloud.journal.close()
        self._publisher.end_waits()
        self._injector.stop()
        self._stop_taps()
        self._abiquo.state.events.close()
        self._webhooks.stop()
        self._server.stop()
        self._cloud.clock.stop()
        self._publisher.stop()
        self._cloud.world.close()
        self._abiquo.close()
        self._leave()

    def reset(self) -> None:
        """Begin anew: objects, tasks, holds, sessions, settings and journal are as they were at the start."""
        with self._cloud.lock:
            self._cloud.settings.update(self._first_settings)
            self._publisher.outbox.clear()
            self._injector.reset()
            self._cloud.reset()
            self._vcloud.reset()
            self._abiquo.reset()
            self._choose(self._first_kinds)
        if self._broker is not None:
            self._broker.levers.reset()

    def info(self, *, with_secrets: bool = False) -> dict[str, Any]:
        """Where everything is. Passwords are told only `with_secrets`, or when they are the public default."""
        target = self._vcloud.amqp
        if self._amqp_tap is not None and target == self._amqp_tap.target:
            target = self._amqp_tap.address
        with_password = with_secrets or (target.username, target.password) == ("guest", "guest")
        return {
            "version": __version__,
            "seed": self._cloud.seed,
            "vary": sorted(map(str, self.variation)),
            "clock": self._cloud.clock.mode,
            "cloud_url": self.url,
            "vcloud_api": f"{self._vcloud.public_url}/api",
            "abiquo_api": self.abiquo_url,
            "control_url": f"{self._plain_url}/gatepost",
            "ca_file": str(self._ca_file) if self._ca_file is not None else None,
            "broker": self._publisher.state,
            "broker_problem": self._publisher.problem,
            "amqp_url": target.url(with_password=with_password) if target.configured else None,
            "amqp_exchange": target.exchange if target.configured else DEFAULT_EXCHANGE,
            "amqp_json_exchange": target.exchange_for(Form.JSON),
            "outbox": {
                "waiting": len(self._publisher.outbox),
                "confirmed": self._publisher.outbox.confirmed,
                "lost": self._publisher.outbox.lost,
            },
            "accounts": accounts(self._file, with_secrets=with_secrets),
        }

    def inventory(self, *, with_secrets: bool = False) -> dict[str, Any]:
        """What exists now, as the data of an inventory file; docs/inventory.md says what does not belong to it.

        Passwords are told only `with_secrets`, or when they are the public default.
        """
        with self._cloud.lock:
            facts = {
                "settings": self._cloud.settings.dotted(),
                "vcloud": record_vcloud(self._cloud.world, with_secrets=with_secrets),
                "abiquo": record_abiquo(self._abiquo.state.inventory, with_secrets=with_secrets),
            }
        return slim(facts)

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

    def _open_taps(
        self,
        host: str,
        port: int,
        amqp_port: int,
        amqp: AmqpTarget,
        certificate: Certificate | None,
        edge: Edge,
        context: dict[str, object],
    ) -> None:
        journal, faults = self._cloud.journal, self.faults
        if amqp.configured:
            try:
                self._amqp_tap = AmqpTap(amqp, journal, faults, host=host, port=amqp_port)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                raise AmqpPortTaken(error.errno, error.strerror, amqp_port) from None
        tls = certificate.context() if certificate is not None else None
        self._http_tap = HttpTap(
            self._server.url,
            journal,
            faults,
            host=host,
            port=port,
            context=tls,
            dialect_of=edge.dialect_of,
            who=partial(self._injector.who, context),
            case=self._variation.case,
        )

    def _stop_taps(self) -> None:
        for tap in (self._http_tap, self._amqp_tap):
            if tap is not None:
                tap.stop()

    def _leave(self) -> None:
        self._stop_taps()
        if self._broker is not None:
            self._broker.stop()
        if self._tls_folder is not None:
            shutil.rmtree(self._tls_folder, ignore_errors=True)

    def _forms(self) -> list[Form]:
        return self._vcloud.forms()

    def _choose(self, kinds: frozenset[Kind]) -> None:
        self._variation.choose(kinds)
        vcloud_path, abiquo_path = self._paths
        self._vcloud.public_url = self.url + vcloud_path
        # What stands in the path of a request belongs to Abiquo's path: cookies and signatures are for all of it.
        prefix = self._variation.prefix
        self._abiquo.public_url, self._abiquo.path = self.url.removesuffix(prefix), prefix + abiquo_path
        self._variation.bases = {"vcloud": self._vcloud.public_url, "abiquo": self._abiquo.api_url}

    def _render(self, pending: Pending) -> Message:
        message = render(pending, self._vcloud.public_url, self._cloud.settings)
        if self._variation:
            message = self._variation.message(pending, message)
        message = spoilt(pending.event, message)
        if self._amqp_tap is not None:
            self._amqp_tap.witness.published(message)
        return message

    def _drop(self, event: Event) -> None:
        journal = self._cloud.journal
        for form in self._forms():
            exchange, message = self._vcloud.amqp.exchange_for(form), self._render(Pending(event, form))
            journal.add(entry("amqp.undelivered", exchange, message, journal.now()))

    def _on_event(self, event: Event) -> None:
        if self._vcloud.wants(event):
            self._injector.take(event)
            if self._variation:
                for stranger in self._variation.strangers(event):
                    more = (Form.JSON_ON_MAIN,) if Form.JSON in self._forms() else ()
                    self._publisher.put(stranger, *more)


def _local_url(host: str, port: int, *, tls: bool) -> str:
    shown = "127.0.0.1" if host in _ANY_ADDRESS else f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{shown}:{port}"


def _beginning(
    inventory: Path | str | Mapping[str, Any] | None, settings: Mapping[str, Any]
) -> tuple[InventoryFile, dict[str, Any]]:
    """What the cloud holds at first, and its settings: those given here go before those of the file."""
    file = InventoryFile() if inventory is None else load(inventory)
    return file, parse({**file.settings.dotted(), **settings}).dotted()
