"""What the broker tells whoever watches it: each publish, delivery and acknowledgement, before it takes effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["publish", "confirm", "return", "deliver", "get", "ack", "nack", "reject"]


@dataclass(frozen=True, slots=True)
class WireEvent:
    """One thing that is about to leave, or came in and is about to be handled.

    Told in the broker's own thread: as long as the observer does not return, the bytes of an outgoing event do not
    leave and an incoming event has no effect. `tag` is the delivery tag, of a publish its confirm number or 0.
    `properties` are the bytes of the property flags and list.
    """

    kind: Kind
    connection: int
    channel: int
    tag: int = 0
    multiple: bool = False
    requeue: bool = False
    redelivered: bool = False
    queue: str = ""
    exchange: str = ""
    routing_key: str = ""
    consumer_tag: str = ""
    properties: bytes = b""
    body: bytes = b""


Observer = Callable[[WireEvent], None]
