"""A message as it goes to a broker: what the dialects render and the publisher sends."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

HeaderValue = str | bool | int


class Form(Enum):
    """In which format an event is told, and on which of the two exchanges (vCloud API reference, section 6.2)."""

    XML = auto()
    JSON = auto()
    JSON_ON_MAIN = auto()


class Message(NamedTuple):
    """One AMQP message. `task`, the bare UUID of its task, is for the journal, and so are `fault`, the rule that spoilt
    it, and `note`, how."""

    routing_key: str
    headers: dict[str, HeaderValue]
    body: bytes
    content_type: str
    message_id: str | None
    delivery_mode: int
    dialect: str
    task: str | None
    fault: int | None = None
    note: str | None = None
