"""What one client or one queue may cost."""

from __future__ import annotations

from dataclasses import dataclass

MiB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one broker. Sizes are bytes, times are seconds."""

    frame_max: int = 131_072
    channel_max: int = 2_047
    heartbeat: int = 60
    """What `connection.tune` offers, as RabbitMQ's own defaults."""

    handshake_seconds: float = 10.0
    """How long a connection may take to authenticate and open its vhost."""

    connections: int = 4_096
    message_bytes: int = 128 * MiB
    unfinished_bytes: int = 256 * MiB
    """Message bodies of one connection of which a part is still to come."""

    queue_messages: int = 1_000_000
    queue_bytes: int = 512 * MiB
    """What one queue holds, with 700 bytes for each message beside its body, before it refuses a publisher. With
    `x-max-length` it drops or rejects earlier.
    """

    queues: int = 20_000
    exchanges: int = 20_000
    bindings: int = 200_000
    """Per virtual host."""

    unsent_bytes: int = MiB
    """Output waiting for one slow client at which its consumers get no more messages."""

    unread_replies_bytes: int = 8 * MiB
    """Output waiting for one client at which nothing more is read from it."""


INITIAL_FRAME_MAX = 4_096
"""What a client may send before it has tuned."""

MIN_FRAME_MAX = 4_096
TABLE_DEPTH = 64
"""How deep field tables and arrays may be nested."""
