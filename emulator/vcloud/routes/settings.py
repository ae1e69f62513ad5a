"""The system settings, all at once and each part alone (reference, sections 2.6, 5.5 and 6.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from gatepost.core.holds import Decision
from gatepost.vcloud import xmlio
from gatepost.vcloud.errors import bad_request
from gatepost.vcloud.http import Call, Reply, Who, route
from gatepost.vcloud.names import BLOCKABLE, V, X
from gatepost.vcloud.represent import blocking
from gatepost.vcloud.represent import settings as represent
from gatepost.vcloud.routes.blocking import timeout_of
from gatepost.vcloud.sections import Section
from gatepost.vcloud.system import SECTIONS
from gatepost.vcloud.xmlio import Element

BASE = represent.BASE
NAME_LIMIT = 255
PREFIX_LIMIT = 200
"""Bytes; exchanges and queues are named after it, and no name in AMQP has more than 255."""


Change = Callable[[Call], None]
"""What a body asks for, to be done under the lock: the body itself is read without it."""


@route("GET", BASE, Who.SYSTEM)
def system(call: Call) -> Reply:
    with call.world.lock:
        return Reply(200, represent.system(call), represent.SYSTEM)


@route("PUT", BASE, Who.SYSTEM)
def change_system(call: Call) -> Reply:
    """All parts that the body has, or none of them."""
    body = call.body(X + "SystemSettings")
    parts = ((xmlio.child(body, name), read) for name, read in _PARTS.items())
    changes = [read(part) for part, read in parts if part is not None]
    with call.world.lock:
        for change in changes:
            change(call)
        return Reply(200, represent.system(call), represent.SYSTEM)


@route("GET", BASE + "/blockingTask", Who.SYSTEM)
def blocking_settings(call: Call) -> Reply:
    with call.world.lock:
        return Reply(200, blocking.settings(call, call.world.blocking), blocking.SETTINGS)


@route("PUT", BASE + "/blockingTask", Who.SYSTEM)
def change_blocking_settings(call: Call) -> Reply:
    change = _read_blocking(call.body(X + "BlockingTaskSettings"))
    with call.world.lock:
        change(call)
        return Reply(200, blocking.settings(call, call.world.blocking), blocking.SETTINGS)


@route("GET", BASE + "/blockingTask/operations", Who.SYSTEM)
def operations(call: Call) -> Reply:
    with call.world.lock:
        return Reply(200, blocking.operations(call, call.world.blocking), blocking.OPERATIONS)


@route("GET", BASE + "/blockingTask/operations/all", Who.SYSTEM)
def all_operations(call: Call) -> Reply:
    return Reply(200, blocking.all_operations(call), blocking.OPERATIONS)


@route("PUT", BASE + "/blockingTask/operations", Who.SYSTEM)
def change_operations(call: Call) -> Reply:
    wanted = _operations(call.body(X + "BlockingTaskOperations", V + "BlockingTaskOperations"))
    with call.world.lock:
        call.world.blocking.operations = wanted
        return Reply(200, blocking.operations(call, call.world.blocking), blocking.OPERATIONS)


@route("GET", BASE + "/amqp", Who.SYSTEM)
def amqp(call: Call) -> Reply:
    with call.world.lock:
        return Reply(200, represent.amqp(call, call.dialect.amqp), represent.AMQP)


@route("PUT", BASE + "/amqp", Who.SYSTEM)
def change_amqp(call: Call) -> Reply:
    change = _read_amqp(call.body(X + "AmqpSettings"))
    with call.world.lock:
        change(call)
        return Reply(200, represent.amqp(call, call.dialect.amqp), represent.AMQP)


@route("POST", BASE + "/amqp/action/test", Who.SYSTEM)
def test_amqp(call: Call) -> Reply:
    """Really connects. The stored password is not used: real servers want it sent along."""
    values = _amqp_values(call.body(X + "AmqpSettings"))
    target = replace(call.dialect.amqp.without_password(), **values)
    return Reply(200, represent.amqp_test(call, call.dialect.probe_amqp(target)), represent.AMQP_TEST)


@route("GET", BASE + "/notifications", Who.SYSTEM)
def notifications(call: Call) -> Reply:
    return Reply(200, represent.notifications(call), represent.NOTIFICATIONS)


@route("PUT", BASE + "/notifications", Who.SYSTEM)
def change_notifications(call: Call) -> Reply:
    change = _read_notifications(call.body(X + "NotificationsSettings"))
    with call.world.lock:
        change(call)
        return Reply(200, represent.notifications(call), represent.NOTIFICATIONS)


def _kept_section(section: Section) -> None:
    path = f"{BASE}/{section.path}"

    @route("GET", path, Who.SYSTEM)
    def show(call: Call) -> Reply:
        with call.world.lock:
            return Reply(200, represent.kept(call, section), section.media_type)

    @route("PUT", path, Who.SYSTEM)
    def change(call: Call) -> Reply:
        keep = _read_kept(section, call.body(X + section.tag))
        with call.world.lock:
            keep(call)
            return Reply(200, represent.kept(call, section), section.media_type)


for _section in SECTIONS:
    _kept_section(_section)


def _read_kept(section: Section, body: Element) -> Change:
    given = section.read(body)

    def change(call: Call) -> None:
        call.dialect.kept[section.tag] = {**call.dialect.kept[section.tag], **given}

    return change


def _read_blocking(body: Element) -> Change:
    action = (xmlio.text_of(body, "TimeoutAction") or "").strip()
    if action not in {decision.value for decision in Decision}:
        raise xmlio.invalid("TimeoutAction", "resume, abort or fail is expected")
    listed = xmlio.child(body, "BlockingTaskOperations")
    if listed is None:
        raise xmlio.invalid("BlockingTaskOperations", "the element is required")
    timeout = xmlio.text_of(body, "TimeoutInMilliseconds")
    if timeout is None:
        raise xmlio.invalid("TimeoutInMilliseconds", "the element is required")
    seconds = timeout_of(timeout, "TimeoutInMilliseconds")
    operations = _operations(listed)

    def change(call: Call) -> None:
        current = call.world.blocking
        current.default, current.timeout, current.operations = Decision(action), seconds, operations

    return change


def _read_amqp(body: Element) -> Change:
    values = _amqp_values(body)
    return lambda call: call.dialect.set_amqp(replace(call.dialect.amqp, **values))


def _read_notifications(body: Element) -> Change:
    text = xmlio.text_of(body, "EnableNotifications")
    if text is None:
        raise xmlio.invalid("EnableNotifications", "the element is required")
    enabled = xmlio.boolean(text, "EnableNotifications", default=False)

    def change(call: Call) -> None:
        call.dialect.notifications_enabled = enabled

    return change


_PARTS: dict[str, Callable[[Element], Change]] = {
    "NotificationsSettings": _read_notifications,
    "AmqpSettings": _read_amqp,
    "BlockingTaskSettings": _read_blocking,
    **{section.name: partial(_read_kept, section) for section in SECTIONS},
}
"""How the parts of SystemSettings are read, by their elements."""


def _operations(parent: Element) -> frozenset[str]:
    """The names in either form: `Operation`, or `TaskOperationType` as 33.0 and later have it."""
    names = [_text(element) for element in xmlio.children(parent, "Operation")]
    categorized = xmlio.children(parent, "TaskOperationType")
    names += [(xmlio.text_of(entry, "Operation") or "").strip() for entry in categorized]
    for name in names:
        if name not in BLOCKABLE:
            raise bad_request(f"validation error on field 'Operation': {name[:80]} is no operation that can block")
    return frozenset(names)


def _amqp_values(body: Element) -> dict[str, Any]:
    """Nine values, of which clients send seven: password, SslAcceptAll and Prefix may be left out, and stay then."""
    port = xmlio.long(_required(body, "AmqpPort"), "AmqpPort")
    if not 0 < port < 65_536:
        raise xmlio.invalid("AmqpPort", "1 to 65535 is expected")
    values: dict[str, Any] = {
        "host": _required(body, "AmqpHost").strip(),
        "port": port,
        "username": _required(body, "AmqpUsername"),
        "exchange": _required(body, "AmqpExchange"),
        "vhost": _required(body, "AmqpVHost"),
        "use_ssl": xmlio.boolean(_required(body, "AmqpUseSSL"), "AmqpUseSSL", default=False),
    }
    if password := xmlio.text_of(body, "AmqpPassword", NAME_LIMIT):
        values["password"] = password
    if (accept_all := xmlio.text_of(body, "AmqpSslAcceptAll")) is not None:
        values["ssl_accept_all"] = xmlio.boolean(accept_all, "AmqpSslAcceptAll", default=False)
    if (prefix := xmlio.text_of(body, "AmqpPrefix", PREFIX_LIMIT)) is not None:
        if len(prefix.encode()) > PREFIX_LIMIT:
            raise xmlio.invalid("AmqpPrefix", f"more than {PREFIX_LIMIT} bytes, which leave no room for what follows")
        values["prefix"] = prefix
    return values


def _required(body: Element, name: str) -> str:
    text = xmlio.text_of(body, name, NAME_LIMIT)
    if text is None:
        raise xmlio.invalid(name, "the element is required")
    if len(text.encode()) > NAME_LIMIT:
        raise xmlio.invalid(name, f"more than {NAME_LIMIT} bytes, the longest that AMQP can carry")
    return text


def _text(element: Element) -> str:
    return (element.text or "").strip()
