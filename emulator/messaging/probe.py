"""Is there a broker, and does it let us in? A real connection, made and closed again."""

from __future__ import annotations

import pika
from pika.exceptions import AMQPError

from gatepost.messaging.reasons import reason
from gatepost.messaging.target import AmqpTarget

PATIENCE = 5.0
"""Seconds for each phase of the connection."""


def probe(target: AmqpTarget) -> str | None:
    """None when the broker accepted login and virtual host; else why not. Blocks up to a few times PATIENCE."""
    if not target.configured:
        return "No AMQP host is given"
    try:
        pika.BlockingConnection(target.parameters(timeout=PATIENCE, heartbeat=0)).close()
    except (AMQPError, OSError, ValueError) as error:
        return reason(error)
    return None
