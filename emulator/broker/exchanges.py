"""Exchanges: which queues and exchanges a routing key or headers lead to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, Protocol, Union

from gatepost.broker import tables
from gatepost.broker.errors import AmqpError, precondition_failed
from gatepost.broker.tables import Table
from gatepost.broker.topics import TopicTrie

if TYPE_CHECKING:
    from gatepost.broker.message import Message
    from gatepost.broker.queues import Queue

Target = Union["Queue", "Exchange"]


class Binding(NamedTuple):
    """One arrow. Two bindings are the same when all of this is the same."""

    source: Exchange
    target: Target
    key: str
    arguments: bytes


class Router(Protocol):
    """The bindings of one exchange, arranged for its way of matching."""

    def add(self, binding: Binding) -> None: ...

    def remove(self, binding: Binding) -> None: ...

    def match(self, key: str, message: Message) -> Iterable[Target]: ...


class DirectRouter:
    def __init__(self) -> None:
        self._targets: dict[str, dict[Target, int]] = {}

    def add(self, binding: Binding) -> None:
        targets = self._targets.setdefault(binding.key, {})
        targets[binding.target] = targets.get(binding.target, 0) + 1

    def remove(self, binding: Binding) -> None:
        targets = self._targets[binding.key]
        _count_down(targets, binding.target)
        if not targets:
            del self._targets[binding.key]

    def match(self, key: str, message: Message) -> Iterable[Target]:
        return self._targets.get(key, ())


class FanoutRouter:
    def __init__(self) -> None:
        self._targets: dict[Target, int] = {}

    def add(self, binding: Binding) -> None:
        self._targets[binding.target] = self._targets.get(binding.target, 0) + 1

    def remove(self, binding: Binding) -> None:
        _count_down(self._targets, binding.target)

    def match(self, key: str, message: Message) -> Iterable[Target]:
        return self._targets


class TopicRouter:
    def __init__(self) -> None:
        self._trie: TopicTrie[Target] = TopicTrie()

    def add(self, binding: Binding) -> None:
        self._trie.add(binding.key, binding.target)

    def remove(self, binding: Binding) -> None:
        self._trie.remove(binding.key, binding.target)

    def match(self, key: str, message: Message) -> Iterable[Target]:
        return self._trie.match(key)


class HeadersRouter:
    def __init__(self) -> None:
        self._patterns: dict[Binding, tuple[str, Table]] = {}

    def add(self, binding: Binding) -> None:
        arguments = tables.decode_table(binding.arguments)[0]
        mode = tables.text(arguments, "x-match") or "all"
        ignored = "x-match" if mode.endswith("-with-x") else "x-"
        pattern = {name: field for name, field in arguments.items() if not name.startswith(ignored)}
        self._patterns[binding] = (mode, pattern)

    def remove(self, binding: Binding) -> None:
        del self._patterns[binding]

    def match(self, key: str, message: Message) -> Iterable[Target]:
        headers = message.table()
        for binding, (mode, pattern) in self._patterns.items():
            found = (_fits(field, headers.get(name)) for name, field in pattern.items())
            if any(found) if mode.startswith("any") else all(found):
                yield binding.target


def _fits(wanted: tables.Field, there: tables.Field | None) -> bool:
    if there is None:
        return False
    if wanted[0] == "V":
        return True
    # Types may differ where values are equal, but Erlang tells true from 1.
    return bool(wanted[1] == there[1]) and (wanted[0] == "t") == (there[0] == "t")


def _count_down(targets: dict[Target, int], target: Target) -> None:
    targets[target] -= 1
    if not targets[target]:
        del targets[target]


ROUTERS: dict[str, type[Router]] = {
    "direct": DirectRouter,
    "fanout": FanoutRouter,
    "topic": TopicRouter,
    "headers": HeadersRouter,
}
_X_MATCH = ("all", "any", "all-with-x", "any-with-x")


class Exchange:
    """One exchange. `alternate` names the exchange for messages that match no binding."""

    def __init__(
        self, name: str, kind: str, *, durable: bool, auto_delete: bool, internal: bool, arguments: Table
    ) -> None:
        self.name = name
        self.kind = kind
        self.durable = durable
        self.auto_delete = auto_delete
        self.internal = internal
        self.arguments = arguments
        self.alternate = tables.text(arguments, "alternate-exchange")
        self.router = ROUTERS[kind]()
        self.bindings: dict[Binding, None] = {}
        """Those that begin here, oldest first."""


def check_type(kind: str) -> None:
    """Raises AmqpError 503 for a type that there is not."""
    if kind not in ROUTERS:
        raise AmqpError(503, f"unknown exchange type '{kind}'")


def check_binding(exchange: Exchange, arguments: Table) -> None:
    """Raises AmqpError 406 for arguments that a headers exchange cannot match by."""
    if exchange.kind != "headers" or "x-match" not in arguments:
        return
    kind, value = arguments["x-match"]
    if kind != "S":
        shown = f"Invalid x-match field type {tables.TYPE_NAMES[kind]} (value {value}); expected longstr"
        raise precondition_failed(shown)
    if value not in _X_MATCH:
        expected = "expected all, any, all-with-x, or any-with-x"
        raise precondition_failed(f'Invalid x-match field value <<"{value}">>; {expected}')
