"""What becomes of dead letters: RabbitMQ's x-death headers, and its notion of a cycle."""

from __future__ import annotations

import time
from collections.abc import Iterable

from gatepost.broker.codec import Address
from gatepost.broker.message import EXPIRATION, HEADERS, Message
from gatepost.broker.queues import Queue
from gatepost.broker.tables import Field, Table, encode_table, text

REJECTED = "rejected"


def dead_letter(message: Message, queue: Queue, reason: str, exchange: str) -> Message:
    """`message` as it goes to the dead letter exchange of `queue`."""
    headers = dict(message.table())
    routing_key = queue.dead_letter_key
    record = _record(message, queue, reason)
    deaths = headers.get("x-death")
    if deaths is None:
        headers["x-first-death-reason"] = ("S", reason)
        headers["x-first-death-queue"] = ("S", queue.name)
        headers["x-first-death-exchange"] = ("S", message.address.exchange)
        headers["x-death"] = ("A", [("F", record)])
    elif deaths[0] == "A":
        headers["x-death"] = ("A", _counted(deaths[1], record))
    else:
        headers["x-death"] = ("A", [("F", record)])
    if routing_key is not None:
        headers.pop("CC", None)
    parts = {bit: part for bit, part in message.parts.items() if bit != EXPIRATION}
    parts[HEADERS] = encode_table(dict(sorted(headers.items())))
    key = message.address.routing_key if routing_key is None else routing_key
    dead = message.with_parts(parts, Address(exchange, key))
    if routing_key is None:
        # BCC was taken out of the headers, but goes on to choose queues.
        dead.routing_keys = message.routing_keys
    return dead


def _record(message: Message, queue: Queue, reason: str) -> Table:
    carbon_copies = message.table().get("CC", ("A", []))[1]
    keys: list[Field] = [("S", message.address.routing_key), *(field for field in carbon_copies if field[0] == "S")]
    record: Table = {
        "count": ("l", 1),
        "reason": ("S", reason),
        "queue": ("S", queue.name),
        "time": ("T", int(time.time())),
        "exchange": ("S", message.address.exchange),
        "routing-keys": ("A", keys),
    }
    expiration = message.short(EXPIRATION)
    if expiration is not None:
        record["original-expiration"] = ("S", expiration)
    return record


def _counted(deaths: list[Field], record: Table) -> list[Field]:
    """One record for each queue and reason; that of this death first, counted up where there was one."""
    tables = [death[1] for death in deaths if death[0] == "F"]
    if len(tables) > 1:
        tables = _grouped(tables)
    rest: list[Field] = []
    for death in tables:
        if _same(death, record):
            kind, count = death.get("count", ("", 0))
            record = death | {"count": ("l", count + 1 if kind == "l" else 1)}
        else:
            rest.append(("F", death))
    return [("F", dict(sorted(record.items()))), *rest]


def _grouped(tables: list[Table]) -> list[Table]:
    """The first record of each queue and reason, last one first: RabbitMQ turns the list round at each death."""
    groups: list[Table] = []
    for death in tables:
        alike = sum(_same(other, death) for other in tables)
        if not any(_same(other, death) for other in groups):
            groups.insert(0, {"count": ("l", alike), **death})
    return groups


def _same(death: Table, record: Table) -> bool:
    return death.get("queue") == record.get("queue") and death.get("reason") == record.get("reason")


def without_cycles(message: Message, reason: str, queues: Iterable[Queue]) -> list[Queue]:
    """The queues that a dead letter may go to: none that it already died in, unless a client rejected it since."""
    if reason == REJECTED:
        return list(queues)
    deaths = message.table().get("x-death", ("A", []))[1]
    return [queue for queue in queues if not _is_cycle(queue.name, deaths)]


def _is_cycle(name: str, deaths: list[Field]) -> bool:
    for kind, death in deaths:
        if kind != "F" or text(death, "reason") == REJECTED:
            return False
        if text(death, "queue") == name:
            return True
    return False
