"""A message as it goes to a broker: what the dialects render and the publisher sends."""

from __future__ import annotations

from typing import NamedTuple

HeaderValue = str | bool | int


class Message(NamedTuple):
    """One AMQP message for the configured exchange. `task`, the bare UUID of its task, is for the journal."""

    routing_key: str
    headers: dict[str, HeaderValue]
    body: bytes
    content_type: str
    message_id: str | None
    delivery_mode: int
    dialect: str
    task: str | None
