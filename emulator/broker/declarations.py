"""Arguments of declarations: which are valid, which are refused, and when two declarations are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gatepost.broker.errors import inequivalent, not_implemented, precondition_failed, resource
from gatepost.broker.message import check_expiry
from gatepost.broker.tables import INTEGERS, TYPE_NAMES, Field, Table

QUEUE_ARGUMENTS = (
    "x-expires",
    "x-message-ttl",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-max-length",
    "x-max-length-bytes",
    "x-overflow",
    "x-queue-mode",
    "x-queue-version",
    "x-queue-type",
    "x-queue-master-locator",
)
"""What a classic queue of RabbitMQ understands and so do we, compared when a queue is declared again. Of these
`x-queue-mode`, `x-queue-version` and `x-queue-master-locator` only say how a real broker stores a queue."""

_FOREIGN = (
    "x-max-in-memory-length",
    "x-max-in-memory-bytes",
    "x-max-age",
    "x-stream-max-segment-size-bytes",
    "x-initial-cluster-size",
    "x-quorum-initial-group-size",
    "x-queue-leader-locator",
    "x-dead-letter-strategy",
    "x-delivery-limit",
)
"""For quorum queues and streams; RabbitMQ refuses them for a classic queue. Any other argument it ignores."""

_INSTEAD = "use a real RabbitMQ (--broker amqp://...)"
_UNSUPPORTED = {
    "x-max-priority": "priority queues are not part of the embedded broker; "
    f"use a queue for each priority, or {_INSTEAD}",
    "x-single-active-consumer": "single active consumers are not part of the embedded broker; "
    f"consume with exclusive=true, or {_INSTEAD}",
}
_QUEUE_TYPES = {
    "quorum": f"quorum queues are not part of the embedded broker; declare a classic queue, or {_INSTEAD}",
    "stream": f"streams are not part of the embedded broker; declare a classic queue, or {_INSTEAD}",
}
_OVERFLOWS = ("drop-head", "reject-publish", "reject-publish-dlx")


def check_queue_arguments(name: str, vhost: str, arguments: Table) -> None:
    """Raises AmqpError 406 with RabbitMQ's text, 540 for what only a real RabbitMQ can do."""
    what = resource("queue", name, vhost)
    if "x-queue-type" in arguments:
        _check_queue_type(what, arguments["x-queue-type"])
    kind = arguments.get("x-dead-letter-exchange", ("S", ""))[0]
    if kind != "S":
        raise precondition_failed(f"invalid type '{TYPE_NAMES[kind]}' for arg 'x-dead-letter-exchange' in {what}")
    for argument, check in _CHECKS.items():
        if argument not in arguments:
            continue
        wrong = check(arguments[argument], arguments)
        if wrong is not None:
            raise precondition_failed(f"invalid arg '{argument}' for {what}: {wrong}")
    for argument in arguments:
        if argument in _FOREIGN:
            raise precondition_failed(f"invalid arg '{argument}' for {what} of queue type rabbit_classic_queue")
        if argument in _UNSUPPORTED:
            raise not_implemented(_UNSUPPORTED[argument])


def check_consumer_arguments(name: str, vhost: str, arguments: Table) -> None:
    """Raises AmqpError, as `check_queue_arguments`."""
    what = resource("queue", name, vhost)
    if "x-stream-offset" in arguments:
        raise precondition_failed(f"invalid arg 'x-stream-offset' for {what} of queue type rabbit_classic_queue")
    if "x-priority" in arguments:
        wrong = _integer(arguments["x-priority"], arguments)
        if wrong is not None:
            raise precondition_failed(f"invalid arg 'x-priority' for {what}: {wrong}")
        raise not_implemented(f"consumer priorities are not part of the embedded broker; {_INSTEAD}")
    if "x-credit" in arguments:
        raise not_implemented("consumer credit is not part of the embedded broker; use basic.qos")


def _check_queue_type(what: str, field: Field) -> None:
    kind, value = field
    if kind != "S":
        raise precondition_failed(f"invalid arg 'x-queue-type' for {what}: {_unacceptable(kind)}")
    if value in _QUEUE_TYPES:
        raise not_implemented(_QUEUE_TYPES[value])
    if value != "classic":
        raise precondition_failed(f"invalid arg 'x-queue-type' for {what}: \"unsupported queue type '{value}'\"")


def _unacceptable(kind: str) -> str:
    return f"{{unacceptable_type,{TYPE_NAMES[kind]}}}"


def _integer(field: Field, arguments: Table) -> str | None:
    if field[0] in INTEGERS:
        return None
    return f'"expected integer, got {TYPE_NAMES[field[0]]}"'


def _not_negative(field: Field, arguments: Table) -> str | None:
    wrong = _integer(field, arguments)
    if wrong is None and field[1] < 0:
        return f"{{value_negative,{field[1]}}}"
    return wrong


def _ttl(field: Field, arguments: Table) -> str | None:
    return _integer(field, arguments) or check_expiry(field[1])


def _expires(field: Field, arguments: Table) -> str | None:
    wrong = _integer(field, arguments)
    if wrong is None and field[1] == 0:
        return "{value_zero,0}"
    return wrong or check_expiry(field[1])


def _string(field: Field, arguments: Table) -> str | None:
    return None if field[0] == "S" else _unacceptable(field[0])


def _dead_letter_key(field: Field, arguments: Table) -> str | None:
    if field[0] == "S" and "x-dead-letter-exchange" not in arguments:
        return "routing_key_but_no_dlx_defined"
    wrong = _string(field, arguments)
    if wrong is None and not _is_short(field[1]):
        return '"a routing key is at most 255 octets of UTF-8"'
    return wrong


def _is_short(text: str) -> bool:
    try:
        return len(text.encode()) <= 255
    except UnicodeEncodeError:
        return False


def _overflow(field: Field, arguments: Table) -> str | None:
    wrong = _string(field, arguments)
    if wrong is None and field[1] not in _OVERFLOWS:
        return "invalid_overflow"
    return wrong


def _mode(field: Field, arguments: Table) -> str | None:
    wrong = _string(field, arguments)
    if wrong is None and field[1] not in ("default", "lazy"):
        return f"\"unsupported queue mode '{field[1]}'\""
    return wrong


def _version(field: Field, arguments: Table) -> str | None:
    wrong = _not_negative(field, arguments)
    if wrong is None and field[1] not in (1, 2):
        return f"\"unsupported queue version '{field[1]}'\""
    return wrong


_CHECKS: dict[str, Callable[[Field, Table], str | None]] = {
    "x-expires": _expires,
    "x-message-ttl": _ttl,
    "x-dead-letter-routing-key": _dead_letter_key,
    "x-max-length": _not_negative,
    "x-max-length-bytes": _not_negative,
    "x-overflow": _overflow,
    "x-queue-mode": _mode,
    "x-queue-version": _version,
}

# ---------------------------------------------------------------------- the same again?


def check_same(what: str, fields: Mapping[str, tuple[Any, Any]]) -> None:
    """Compare pairs of what is and what is asked for. Raises AmqpError 406 for the first that differs."""
    for name, (current, received) in fields.items():
        if current != received:
            raise inequivalent(name, what, _plain(received), _plain(current))


def check_same_arguments(what: str, current: Table, received: Table, names: Iterable[str]) -> None:
    """Raises AmqpError 406 for the first argument of those names that differs."""
    for name in names:
        old, new = current.get(name), received.get(name)
        if old == new or _alike(old, new):
            continue
        if name == "x-queue-type" and ("S", "classic") in (old, new) and None in (old, new):
            continue
        if old is None or new is None:
            raise inequivalent(name, what, _typed(new), _typed(old))
        if old[1] != new[1]:
            raise inequivalent(name, what, _plain(new[1]), _plain(old[1]))


def _alike(old: Field | None, new: Field | None) -> bool:
    """Whether two numbers are equal, whatever their width."""
    if old is None or new is None:
        return False
    return old[0] in INTEGERS and new[0] in INTEGERS and bool(old[1] == new[1])


def _plain(value: object) -> str:
    return f"'{str(value).lower() if isinstance(value, bool) else value}'"


def _typed(field: Field | None) -> str:
    return "none" if field is None else f"the value {_plain(field[1])} of type '{TYPE_NAMES[field[0]]}'"
