"""What there is in a broker, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatepost.broker import tables
from gatepost.broker.queues import Queue
from gatepost.broker.tables import Field, Table

if TYPE_CHECKING:
    from gatepost.broker.connection import Connection
    from gatepost.broker.exchanges import Binding
    from gatepost.broker.hub import Hub
    from gatepost.broker.vhost import VirtualHost


def overview(hub: Hub) -> dict[str, Any]:
    vhosts = list(hub.vhosts.values())
    return {
        "connections": [_connection(connection) for connection in hub.connections.values()],
        "exchanges": [exchange for vhost in vhosts for exchange in _exchanges(vhost)],
        "bindings": [_binding(vhost, binding) for vhost in vhosts for binding in vhost.bindings],
        "queues": [_queue(queue) for vhost in vhosts for queue in vhost.queues.values()],
        "blocked": hub.blocked_reason,
    }


def _connection(connection: Connection) -> dict[str, Any]:
    return {
        "number": connection.number,
        "peer": connection.peer,
        "user": connection.user or None,
        "vhost": connection.vhost.name if connection.vhost is not None else None,
        "name": tables.text(connection.handshake.client_properties, "connection_name"),
        "product": tables.text(connection.handshake.client_properties, "product"),
        "channels": len(connection.channels),
        "unacknowledged": sum(len(channel.unacked) for channel in connection.channels.values()),
        "blocked": connection.blocked,
    }


def _exchanges(vhost: VirtualHost) -> list[dict[str, Any]]:
    return [
        {
            "vhost": vhost.name,
            "name": exchange.name,
            "type": exchange.kind,
            "durable": exchange.durable,
            "auto_delete": exchange.auto_delete,
            "internal": exchange.internal,
            "arguments": plain(exchange.arguments),
        }
        for exchange in vhost.exchanges.values()
    ]


def _binding(vhost: VirtualHost, binding: Binding) -> dict[str, Any]:
    return {
        "vhost": vhost.name,
        "source": binding.source.name,
        "destination": binding.target.name,
        "destination_type": "queue" if isinstance(binding.target, Queue) else "exchange",
        "routing_key": binding.key,
        "arguments": plain(tables.decode_table(binding.arguments)[0]),
    }


def _queue(queue: Queue) -> dict[str, Any]:
    return {
        "vhost": queue.vhost.name,
        "name": queue.name,
        "durable": queue.durable,
        "auto_delete": queue.auto_delete,
        "exclusive": queue.owner is not None,
        "arguments": plain(queue.arguments),
        "ready": len(queue),
        "ready_bytes": queue.bytes_ready,
        "unacknowledged": queue.unacked,
        "consumers": [
            {
                "tag": consumer.tag,
                "connection": consumer.channel.connection.number,
                "channel": consumer.channel.number,
                "no_ack": consumer.no_ack,
                "exclusive": consumer.exclusive,
                "prefetch": consumer.prefetch,
                "unacknowledged": consumer.unacked,
            }
            for consumer in queue.consumers
        ],
    }


def plain(table: Table) -> dict[str, Any]:
    """A field table without its types, fit for JSON."""
    return {name: _plain(field) for name, field in table.items()}


def _plain(field: Field) -> Any:
    kind, value = field
    if kind == "F":
        return plain(value)
    if kind == "A":
        return [_plain(item) for item in value]
    if kind == "x":
        return value.hex()
    if kind == "D":
        return value[1] / 10 ** value[0]
    return value
