"""System settings: blocking tasks, AMQP, notifications (reference, sections 2.6, 5.5 and 6.1)."""

from __future__ import annotations

from dataclasses import replace

from gatepost.core.holds import Decision
from gatepost.messaging.target import AmqpTarget
from gatepost.vcloud import xmlio
from gatepost.vcloud.errors import bad_request
from gatepost.vcloud.http import Call, Reply, Who, route
from gatepost.vcloud.names import BLOCKABLE, V, X, admin_type
from gatepost.vcloud.represent import blocking
from gatepost.vcloud.represent import settings as represent
from gatepost.vcloud.routes.blocking import timeout_of
from gatepost.vcloud.xmlio import Element

BASE = represent.BASE
NAME_LIMIT = 255


@route("GET", BASE, Who.SYSTEM)
def system(call: Call) -> Reply:
    with call.world.lock:
        return Reply(200, represent.system(call), admin_type("systemSettings"))


@route("GET", BASE + "/blockingTask", Who.SYSTEM)
def blocking_settings(call: Call) -> Reply:
    with call.world.lock:
        return Reply(200, blocking.settings(call, call.world.blocking), blocking.SETTINGS)


@route("PUT", BASE + "/blockingTask", Who.SYSTEM)
def change_blocking_settings(call: Call) -> Reply:
    body = call.body(X + "BlockingTaskSettings")
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
    with call.world.lock:
        current = call.world.blocking
        current.default, current.timeout, current.operations = Decision(action), seconds, operations
        return Reply(200, blocking.settings(call, current), blocking.SETTINGS)


@route("GET", BASE + "/blockingTask/operations", Who.SYSTEM)
def operations(call: Call) -> Reply:
    with call.world.lock:
        return Reply(200, blocking.operations(call, call.world.blocking), blocking.OPERATIONS)


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
    body = call.body(X + "AmqpSettings")
    with call.world.lock:
        call.dialect.set_amqp(_target(body, call.dialect.amqp))
        return Reply(200, represent.amqp(call, call.dialect.amqp), represent.AMQP)


@route("POST", BASE + "/amqp/action/test", Who.SYSTEM)
def test_amqp(call: Call) -> Reply:
    """Really connects. The stored password is not used: real servers want it sent along."""
    target = _target(call.body(X + "AmqpSettings"), call.dialect.amqp.without_password())
    return Reply(200, represent.amqp_test(call, call.dialect.probe_amqp(target)), represent.AMQP_TEST)


@route("GET", BASE + "/notifications", Who.SYSTEM)
def notifications(call: Call) -> Reply:
    enabled = call.dialect.notifications_enabled
    return Reply(200, represent.notifications(call, enabled), represent.NOTIFICATIONS)


@route("PUT", BASE + "/notifications", Who.SYSTEM)
def change_notifications(call: Call) -> Reply:
    text = xmlio.text_of(call.body(X + "NotificationsSettings"), "EnableNotifications")
    if text is None:
        raise xmlio.invalid("EnableNotifications", "the element is required")
    enabled = xmlio.boolean(text, "EnableNotifications", default=False)
    with call.world.lock:
        call.dialect.notifications_enabled = enabled
    return Reply(200, represent.notifications(call, enabled), represent.NOTIFICATIONS)


def _operations(parent: Element) -> frozenset[str]:
    """The names in either form: `Operation`, or `TaskOperationType` as 33.0 and later have it."""
    names = [_text(element) for element in xmlio.children(parent, "Operation")]
    categorized = xmlio.children(parent, "TaskOperationType")
    names += [(xmlio.text_of(entry, "Operation") or "").strip() for entry in categorized]
    for name in names:
        if name not in BLOCKABLE:
            raise bad_request(f"validation error on field 'Operation': {name[:80]} is no operation that can block")
    return frozenset(names)


def _target(body: Element, known: AmqpTarget) -> AmqpTarget:
    """Nine values, of which clients send seven: password, SslAcceptAll and Prefix keep what is known."""
    port = xmlio.long(_required(body, "AmqpPort"), "AmqpPort")
    if not 0 < port < 65_536:
        raise xmlio.invalid("AmqpPort", "1 to 65535 is expected")
    password = xmlio.text_of(body, "AmqpPassword", NAME_LIMIT)
    prefix = xmlio.text_of(body, "AmqpPrefix", NAME_LIMIT)
    return replace(
        known,
        host=_required(body, "AmqpHost").strip(),
        port=port,
        username=_required(body, "AmqpUsername"),
        password=password or known.password,
        exchange=_required(body, "AmqpExchange"),
        vhost=_required(body, "AmqpVHost"),
        use_ssl=xmlio.boolean(_required(body, "AmqpUseSSL"), "AmqpUseSSL", default=False),
        ssl_accept_all=xmlio.boolean(
            xmlio.text_of(body, "AmqpSslAcceptAll"), "AmqpSslAcceptAll", default=known.ssl_accept_all
        ),
        prefix=known.prefix if prefix is None else prefix,
    )


def _required(body: Element, name: str) -> str:
    text = xmlio.text_of(body, name, NAME_LIMIT)
    if text is None:
        raise xmlio.invalid(name, "the element is required")
    if len(text.encode()) > NAME_LIMIT:
        raise xmlio.invalid(name, f"more than {NAME_LIMIT} bytes, the longest that AMQP can carry")
    return text


def _text(element: Element) -> str:
    return (element.text or "").strip()
