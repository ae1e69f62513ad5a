"""A virtual host: its exchanges, queues and bindings, and the way of a message through them."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from gatepost.broker import deadletters, tables
from gatepost.broker.declarations import QUEUE_ARGUMENTS, check_queue_arguments, check_same, check_same_arguments
from gatepost.broker.errors import access_refused, locked, not_found, precondition_failed, resource
from gatepost.broker.exchanges import Binding, Exchange, Target, check_binding, check_type
from gatepost.broker.message import Message
from gatepost.broker.queues import Queue
from gatepost.broker.tables import Table

if TYPE_CHECKING:
    from gatepost.broker.levers import Levers
    from gatepost.broker.limits import Limits

log = logging.getLogger(__name__)

_ROUTES_KEPT = 200_000
"""Answers of `route` that are remembered, counted in queues."""

_PREDECLARED = {
    "": "direct",
    "amq.direct": "direct",
    "amq.fanout": "fanout",
    "amq.topic": "topic",
    "amq.headers": "headers",
    "amq.match": "headers",
    "amq.rabbitmq.trace": "topic",
}


class Clock(Protocol):
    """Time as the broker's loop has it, in seconds."""

    def time(self) -> float: ...

    def wake_at(self, queue: Queue, when: float) -> None:
        """Let the queue look for expired messages then."""

    def soon(self, action: Callable[[], None]) -> None: ...

    def forget(self, queue: Queue) -> None:
        """The queue is deleted: drop its timers."""


class VirtualHost:
    """One virtual host. Its methods raise AmqpError with RabbitMQ's codes and texts."""

    def __init__(self, name: str, limits: Limits, levers: Levers, clock: Clock) -> None:
        self.name = name
        self.limits = limits
        self.levers = levers
        self.clock = clock
        self.queues: dict[str, Queue] = {}
        self.exchanges: dict[str, Exchange] = {}
        self.bindings: dict[Binding, None] = {}
        self._to: dict[Target, dict[Binding, None]] = {}
        self._routes: dict[tuple[str, str], list[Queue]] = {}
        self._routes_kept = 0
        self._dead: deque[tuple[Queue, Message, str, str]] = deque()
        self._burying = False
        for exchange_name, kind in _PREDECLARED.items():
            internal = exchange_name == "amq.rabbitmq.trace"
            self.exchanges[exchange_name] = Exchange(
                exchange_name, kind, durable=True, auto_delete=False, internal=internal, arguments={}
            )

    # ------------------------------------------------------------------ exchanges

    def exchange(self, name: str) -> Exchange:
        exchange = self.exchanges.get(name)
        if exchange is None:
            raise not_found("exchange", name, self.name)
        return exchange

    def declare_exchange(
        self, name: str, kind: str, *, durable: bool, auto_delete: bool, internal: bool, arguments: Table
    ) -> None:
        check_type(kind)
        _refuse_default(name)
        exchange = self.exchanges.get(name)
        if exchange is None:
            _refuse_reserved("exchange", name)
            self._check_alternate(name, arguments)
            if len(self.exchanges) >= self.limits.exchanges:
                raise precondition_failed(f"there are {self.limits.exchanges} exchanges already; delete some first")
            self.exchanges[name] = Exchange(
                name, kind, durable=durable, auto_delete=auto_delete, internal=internal, arguments=arguments
            )
            self._forget_routes()
            return
        what = resource("exchange", name, self.name)
        fields = {
            "type": (exchange.kind, kind),
            "durable": (exchange.durable, durable),
            "auto_delete": (exchange.auto_delete, auto_delete),
            "internal": (exchange.internal, internal),
        }
        check_same(what, fields)
        check_same_arguments(what, exchange.arguments, arguments, ("alternate-exchange",))

    def _check_alternate(self, name: str, arguments: Table) -> None:
        kind = arguments.get("alternate-exchange", ("S", ""))[0]
        if kind != "S":
            what = resource("exchange", name, self.name)
            wrong = tables.TYPE_NAMES[kind]
            raise precondition_failed(f"invalid type '{wrong}' for arg 'alternate-exchange' in {what}")

    def delete_exchange(self, name: str, *, if_unused: bool) -> None:
        _refuse_default(name)
        what = resource("exchange", name, self.name)
        if name.startswith("amq."):
            raise access_refused(f"deletion of system {what} not allowed")
        exchange = self.exchanges.get(name)
        if exchange is None:
            return
        if if_unused and exchange.bindings:
            raise precondition_failed(f"{what} in use")
        self._remove_exchange(exchange)

    def _remove_exchange(self, exchange: Exchange) -> None:
        del self.exchanges[exchange.name]
        for binding in list(exchange.bindings):
            self._remove_binding(binding)
        self._remove_bindings_to(exchange)
        self._forget_routes()

    # ------------------------------------------------------------------ bindings

    def target(self, kind: str, name: str) -> Target:
        found: Target | None = self.queues.get(name) if kind == "queue" else self.exchanges.get(name)
        if found is None:
            raise not_found(kind, name, self.name)
        return found

    def bind(self, source: str, kind: str, target: str, key: str, arguments: Table, user: object) -> None:
        exchange, destination = self._ends(source, kind, target)
        check_binding(exchange, arguments)
        self._check_owner(destination, user)
        binding = Binding(exchange, destination, key, tables.frozen(arguments))
        if binding in self.bindings:
            return
        if len(self.bindings) >= self.limits.bindings:
            raise precondition_failed(f"there are {self.limits.bindings} bindings already; remove some first")
        self.bindings[binding] = None
        self._to.setdefault(destination, {})[binding] = None
        exchange.bindings[binding] = None
        exchange.router.add(binding)
        self._forget_routes()

    def _ends(self, source: str, kind: str, target: str) -> tuple[Exchange, Target]:
        if kind == "exchange":
            _refuse_default(target)
        _refuse_default(source)
        # RabbitMQ names the source first where both are missing.
        return self.exchange(source), self.target(kind, target)

    def unbind(self, source: str, kind: str, target: str, key: str, arguments: Table, user: object) -> None:
        """A binding that there is not is no mistake."""
        if kind == "exchange":
            _refuse_default(target)
        _refuse_default(source)
        exchange = self.exchanges.get(source)
        destination: Target | None = self.queues.get(target) if kind == "queue" else self.exchanges.get(target)
        if exchange is None or destination is None:
            return
        binding = Binding(exchange, destination, key, tables.frozen(arguments))
        if binding in self.bindings:
            self._check_owner(destination, user)
            self._remove_binding(binding)
            self._auto_delete(exchange)

    def _check_owner(self, destination: Target, user: object) -> None:
        if isinstance(destination, Queue) and destination.owner is not None and destination.owner is not user:
            raise locked(destination.name, self.name)

    def _remove_binding(self, binding: Binding) -> None:
        del self.bindings[binding]
        del binding.source.bindings[binding]
        binding.source.router.remove(binding)
        to = self._to[binding.target]
        del to[binding]
        if not to:
            del self._to[binding.target]
        self._forget_routes()

    def _remove_bindings_to(self, target: Target) -> None:
        sources: dict[Exchange, None] = {}
        for binding in list(self._to.get(target, ())):
            self._remove_binding(binding)
            sources[binding.source] = None
        for source in sources:
            self._auto_delete(source)

    def _auto_delete(self, exchange: Exchange) -> None:
        """An exchange that goes with its last binding; those that led to it may go next."""
        if exchange.auto_delete and not exchange.bindings and exchange.name in self.exchanges:
            self._remove_exchange(exchange)

    # ------------------------------------------------------------------ queues

    def queue(self, name: str, user: object) -> Queue:
        """The queue, for a connection that may use it."""
        queue = self.queues.get(name)
        if queue is None:
            raise not_found("queue", name, self.name)
        self._check_owner(queue, user)
        return queue

    def declare_queue(
        self, name: str, *, durable: bool, auto_delete: bool, owner: object | None, arguments: Table
    ) -> Queue:
        """The queue of that name, made where there is none. `name` is not empty."""
        durable = durable and owner is None
        queue = self.queues.get(name)
        if queue is not None:
            self._check_same_queue(queue, durable, auto_delete, owner, arguments)
            return queue
        check_queue_arguments(name, self.name, arguments)
        if len(self.queues) >= self.limits.queues:
            raise precondition_failed(f"there are {self.limits.queues} queues already; delete some first")
        queue = Queue(self, name, durable=durable, auto_delete=auto_delete, owner=owner, arguments=arguments)
        self.queues[name] = queue
        self._forget_routes()
        return queue

    def _check_same_queue(
        self, queue: Queue, durable: bool, auto_delete: bool, owner: object | None, arguments: Table
    ) -> None:
        if queue.owner is not owner:
            raise locked(queue.name, self.name)
        what = resource("queue", queue.name, self.name)
        check_same(what, {"durable": (queue.durable, durable), "auto_delete": (queue.auto_delete, auto_delete)})
        check_same_arguments(what, queue.arguments, arguments, QUEUE_ARGUMENTS)

    def remove_queue(self, queue: Queue) -> None:
        """Its messages are gone, its consumers are told."""
        if queue.deleted:
            return
        queue.deleted = True
        del self.queues[queue.name]
        self._forget_routes()
        self._remove_bindings_to(queue)
        queue.purge()
        self.levers.forget(queue)
        self.clock.forget(queue)
        for consumer in list(queue.consumers):
            consumer.channel.lost(consumer)
        queue.consumers.clear()

    # ------------------------------------------------------------------ the way of a message

    def route(self, exchange: Exchange, message: Message) -> list[Queue]:
        """The queues that this message goes to, each once."""
        if message.routing_keys is not None:
            return self._trace(exchange, message)[0]
        address = (exchange.name, message.address.routing_key)
        queues = self._routes.get(address)
        if queues is None:
            queues, by_key_alone = self._trace(exchange, message)
            if by_key_alone:
                self._routes_kept += len(queues) + 1
                if self._routes_kept > _ROUTES_KEPT:
                    self._forget_routes()
                self._routes[address] = queues
        return queues

    def _forget_routes(self) -> None:
        self._routes.clear()
        self._routes_kept = 0

    def _trace(self, exchange: Exchange, message: Message) -> tuple[list[Queue], bool]:
        """Follow all bindings; also whether the key alone decided, so that the answer may be kept."""
        keys = message.routing_keys or [message.address.routing_key]
        queues: dict[Queue, None] = {}
        by_key_alone = True
        seen = {exchange}
        work = [exchange]
        while work:
            current = work.pop()
            by_key_alone &= current.kind != "headers"
            targets = self._targets(current, keys, message)
            if not targets and current.alternate is not None:
                alternate = self.exchanges.get(current.alternate)
                targets = {} if alternate is None else {alternate: None}
            for target in targets:
                if isinstance(target, Queue):
                    queues[target] = None
                elif target not in seen:
                    seen.add(target)
                    work.append(target)
        return sorted(queues, key=_name), by_key_alone

    def _targets(self, exchange: Exchange, keys: list[str], message: Message) -> dict[Target, None]:
        if exchange.name:
            return {target: None for key in keys for target in exchange.router.match(key, message)}
        # Every queue is bound to the default exchange by its own name.
        return {self.queues[key]: None for key in keys if key in self.queues}

    def dead_letter(self, queue: Queue, messages: Iterable[Message], reason: str) -> None:
        """Send what died in `queue` to its dead letter exchange, where it has one that exists."""
        name = queue.dead_letter_exchange
        if name is None or name not in self.exchanges:
            return
        self._dead.extend((queue, message, reason, name) for message in messages)
        # One letter may kill the next; a queue of them instead of recursion, for chains of any length.
        if self._burying:
            return
        self._burying = True
        try:
            while self._dead:
                self._bury(*self._dead.popleft())
        finally:
            self._burying = False

    def _bury(self, queue: Queue, message: Message, reason: str, name: str) -> None:
        exchange = self.exchanges.get(name)
        if exchange is None:
            return
        dead = deadletters.dead_letter(message, queue, reason, name)
        for target in deadletters.without_cycles(dead, reason, self.route(exchange, dead)):
            if target.full(len(dead.body)):
                log.warning("queue %r is full: a dead letter of queue %r is lost", target.name, queue.name)
            else:
                target.publish(dead)


def _name(queue: Queue) -> str:
    return queue.name


def _refuse_default(name: str) -> None:
    if not name:
        raise access_refused("operation not permitted on the default exchange")


def _refuse_reserved(kind: str, name: str) -> None:
    if name.startswith("amq."):
        raise access_refused(f"{kind} name '{name}' contains reserved prefix 'amq.*'")
