"""Where messages go: the broker as the cloud's AMQP settings describe it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import quote, unquote, urlsplit

import pika

from gatepost.messaging.message import Form
from gatepost.messaging.trust import Trust

DEFAULT_EXCHANGE = "systemExchange"
DEFAULT_PREFIX = "vcd"
JSON_SUFFIX = ".notifications20"


class InvalidBrokerUrl(ValueError):
    """A broker URL that is not one; the text says what is expected."""


@dataclass(frozen=True, slots=True)
class AmqpTarget:
    """The nine values of AmqpSettings, and what is trusted instead of this machine's authorities. An empty host means
    that no broker is configured.
    """

    host: str = ""
    port: int = 5672
    username: str = "guest"
    password: str = field(default="guest", repr=False)
    exchange: str = DEFAULT_EXCHANGE
    vhost: str = "/"
    use_ssl: bool = False
    ssl_accept_all: bool = False
    prefix: str = DEFAULT_PREFIX
    trust: Trust | None = None

    @classmethod
    def from_url(cls, url: str) -> Self:
        """`amqp://user:password@host:port/vhost` (amqps for TLS). Raises InvalidBrokerUrl."""
        wrong = InvalidBrokerUrl("the broker must be given as amqp://user:password@host:port/vhost (amqps:// for TLS)")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise wrong from None
        if parts.scheme not in ("amqp", "amqps") or not parts.hostname:
            raise wrong
        use_ssl = parts.scheme == "amqps"
        return cls(
            host=parts.hostname,
            port=port or (5671 if use_ssl else 5672),
            username=unquote(parts.username or "guest"),
            password=unquote(parts.password if parts.password is not None else "guest"),
            vhost=unquote(parts.path[1:]) if len(parts.path) > 1 else "/",
            use_ssl=use_ssl,
        )

    def exchange_for(self, form: Form) -> str:
        return self.prefix + JSON_SUFFIX if form is Form.JSON else self.exchange

    @property
    def configured(self) -> bool:
        return bool(self.host)

    def url(self, *, with_password: bool) -> str:
        """As an AMQP URL; without its password it may be shown."""
        scheme = "amqps" if self.use_ssl else "amqp"
        login = quote(self.username, safe="")
        if with_password:
            login += ":" + quote(self.password, safe="")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{login}@{host}:{self.port}/{quote(self.vhost, safe='')}"

    def without_password(self) -> Self:
        return replace(self, password="")

    def parameters(self, *, heartbeat: int) -> pika.ConnectionParameters:
        """What pika needs to log in; `heartbeat` is in seconds."""
        return pika.ConnectionParameters(
            virtual_host=self.vhost,
            credentials=pika.PlainCredentials(self.username, self.password),
            blocked_connection_timeout=None,
            heartbeat=heartbeat,
            client_properties={"product": "Gatepost"},
        )

    def tls(self) -> ssl.SSLContext | None:
        """How to check the broker's certificate: against what was handed over, or else what this machine trusts, or not
        at all.
        """
        if not self.use_ssl:
            return None
        context = ssl.create_default_context() if self.trust is None else self.trust.context()
        if self.ssl_accept_all:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
