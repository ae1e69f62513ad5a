"""The beginning of a connection: who the client is, what was agreed, which virtual host it opens."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Literal

from gatepost.broker import codec, tables
from gatepost.broker.codec import Connection as Methods
from gatepost.broker.codec import Method
from gatepost.broker.errors import AmqpError, not_allowed
from gatepost.broker.limits import MIN_FRAME_MAX, Limits
from gatepost.broker.tables import Malformed, Table

Stage = Literal["header", "starting", "tuning", "opening", "open"]

_MECHANISMS = "PLAIN AMQPLAIN"
_CAPABILITIES = {
    "publisher_confirms": True,
    "exchange_exchange_bindings": True,
    "basic.nack": True,
    "consumer_cancel_notify": True,
    "connection.blocked": True,
    "consumer_priorities": False,
    "authentication_failure_close": True,
    "per_consumer_qos": True,
    "direct_reply_to": True,
}


@dataclass(frozen=True, slots=True)
class Agreed:
    """What client and broker settled on. `heartbeat` is seconds, 0 for none."""

    frame_max: int
    channel_max: int
    heartbeat: int


class Handshake:
    """Takes a client from its protocol header to its virtual host. Knows nothing of sockets."""

    def __init__(self, users: dict[str, str], vhosts: frozenset[str], limits: Limits, version: str) -> None:
        self.stage: Stage = "header"
        self.user = ""
        self.vhost = ""
        self.client_properties: Table = {}
        self.capabilities: Table = {}
        self.agreed: Agreed | None = None
        self._users = users
        self._vhosts = vhosts
        self._limits = limits
        self._version = version

    def start(self, major: int, minor: int) -> Method:
        """What answers a good protocol header, with the version that it asks for."""
        self.stage = "starting"
        properties = {
            "capabilities": _CAPABILITIES,
            "cluster_name": "gatepost",
            "copyright": "Gatepost contributors",
            "information": "Gatepost's embedded broker: speaks as RabbitMQ does, keeps nothing over a restart",
            "platform": "Python",
            "product": "Gatepost",
            "version": self._version,
        }
        return Methods.Start(major, minor, properties, _MECHANISMS, "en_US")

    def handle(self, method: Method, *, logins_refused: bool) -> Method:
        """The answer. Raises AmqpError for what the client may not do, or not now."""
        match codec.method_index_of(method), self.stage:
            case (Methods.StartOk.INDEX, "starting"):
                return self._log_in(method, logins_refused)
            case (Methods.TuneOk.INDEX, "tuning"):
                self._tune(method)
                return None
            case (Methods.Open.INDEX, "opening"):
                return self._open(method)
        raise AmqpError(504, f"unexpected method in connection state {self.stage}")

    def _log_in(self, method: Method, logins_refused: bool) -> Method:
        self.client_properties = method.client_properties
        kind, capabilities = self.client_properties.get("capabilities", ("", None))
        self.capabilities = capabilities if kind == "F" else {}
        mechanism = method.mechanism
        if mechanism == "PLAIN":
            user, password = _plain(method.response)
        elif mechanism == "AMQPLAIN":
            user, password = _amqplain(method.response)
        else:
            raise AmqpError(503, f"unknown authentication mechanism '{mechanism}'")
        known = self._users.get(user)
        right = hmac.compare_digest((known or "").encode("utf-8", "surrogateescape"), password)
        if known is None or not right or logins_refused:
            text = f"Login was refused using authentication mechanism {mechanism}. For details see the broker logfile."
            raise AmqpError(403, text, method=0)
        self.user = user
        self.stage = "tuning"
        return Methods.Tune(self._limits.channel_max, self._limits.frame_max, self._limits.heartbeat)

    def _tune(self, method: Method) -> None:
        limits = self._limits
        _check("frame_max", method.frame_max, MIN_FRAME_MAX, limits.frame_max)
        _check("channel_max", method.channel_max, 1, limits.channel_max)
        self.agreed = Agreed(method.frame_max, method.channel_max, method.heartbeat)
        self.stage = "opening"

    def _open(self, method: Method) -> Method:
        if method.virtual_host not in self._vhosts:
            raise not_allowed(f"vhost {method.virtual_host} not found")
        self.vhost = method.virtual_host
        self.stage = "open"
        return Methods.OpenOk()

    def capable(self, capability: str) -> bool:
        """Whether the client says that it understands this extension."""
        return self.capabilities.get(capability) == ("t", True)


def _check(name: str, value: int, smallest: int, largest: int) -> None:
    unlimited = " (no limit)" if name == "channel_max" and not value else ""
    if 0 < value < smallest:
        raise not_allowed(f"negotiated {name} = {value} is lower than the minimum allowed value ({smallest})")
    if value == 0 or value > largest:
        what = f"negotiated {name} = {value}{unlimited}"
        raise not_allowed(f"{what} is higher than the maximum allowed value ({largest})")


def _plain(response: bytes) -> tuple[str, bytes]:
    parts = response.split(b"\0")
    if len(parts) != 3 or parts[0]:
        # RabbitMQ prints the response, and with it the password.
        raise AmqpError(502, "the response is not that of PLAIN: a zero octet, the user, a zero octet, the password")
    return parts[1].decode("utf-8", "surrogateescape"), parts[2]


def _amqplain(response: bytes) -> tuple[str, bytes]:
    try:
        table = tables.decode_table(len(response).to_bytes(4, "big") + response)[0]
    except Malformed:
        table = {}
    login, password = tables.text(table, "LOGIN"), tables.text(table, "PASSWORD")
    if login is None or password is None:
        raise AmqpError(502, "AMQPLAIN auth info is missing LOGIN or PASSWORD field")
    return login, password.encode("utf-8", "surrogateescape")
