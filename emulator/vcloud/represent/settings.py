"""System, AMQP and notification settings (reference, sections 2.6 and 6.1)."""

from __future__ import annotations

from gatepost.messaging.target import AmqpTarget
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import EXTENSION_VIEW, X, admin_type
from gatepost.vcloud.represent import blocking
from gatepost.vcloud.represent.links import link
from gatepost.vcloud.xmlio import Element, root, sub

BASE = "/api/admin/extension/settings"
AMQP = admin_type("amqpSettings")
AMQP_TEST = admin_type("amqpSettingsTest")
NOTIFICATIONS = admin_type("notificationsSettings")


def system(call: Call) -> Element:
    base = call.href(BASE)
    element = root(X + "SystemSettings", EXTENSION_VIEW, type=admin_type("systemSettings"), href=base)
    link(element, "down", base + "/amqp", AMQP)
    link(element, "down", base + "/notifications", NOTIFICATIONS)
    link(element, "down", base + "/blockingTask", blocking.SETTINGS)
    dialect = call.dialect
    _fill_notifications(sub(element, X + "NotificationsSettings"), dialect.notifications_enabled)
    _fill_amqp(call, sub(element, X + "AmqpSettings"), dialect.amqp)
    blocking.fill_settings(call, sub(element, X + "BlockingTaskSettings"), call.world.blocking)
    return element


def amqp(call: Call, target: AmqpTarget) -> Element:
    element = root(X + "AmqpSettings", EXTENSION_VIEW, type=AMQP, href=call.href(BASE + "/amqp"))
    _fill_amqp(call, element, target)
    return element


def amqp_test(call: Call, problem: str | None) -> Element:
    """`problem` None means that the broker answered as it should."""
    href = call.href(BASE + "/amqp")
    element = root(X + "AmqpSettingsTest", EXTENSION_VIEW, type=AMQP_TEST, href=href + "/action/test")
    link(element, "up", href, AMQP)
    sub(element, X + "Valid", "true" if problem is None else "false")
    if problem is not None:
        # Lower-case, unlike every other element: so the schema has it.
        sub(element, X + "error", minorErrorCode="BAD_REQUEST", message=problem, majorErrorCode=400)
    return element


def notifications(call: Call, enabled: bool) -> Element:
    href = call.href(BASE + "/notifications")
    element = root(X + "NotificationsSettings", EXTENSION_VIEW, type=NOTIFICATIONS, href=href)
    link(element, "edit", href, NOTIFICATIONS)
    _fill_notifications(element, enabled)
    return element


def _fill_notifications(element: Element, enabled: bool) -> None:
    sub(element, X + "EnableNotifications", "true" if enabled else "false")


def _fill_amqp(call: Call, element: Element, target: AmqpTarget) -> None:
    href = call.href(BASE + "/amqp")
    link(element, "edit", href, AMQP)
    link(element, "test", href + "/action/test", AMQP_TEST)
    sub(element, X + "AmqpHost", target.host)
    sub(element, X + "AmqpPort", str(target.port))
    sub(element, X + "AmqpUsername", target.username)
    sub(element, X + "AmqpPassword")
    sub(element, X + "AmqpExchange", target.exchange)
    sub(element, X + "AmqpVHost", target.vhost)
    sub(element, X + "AmqpUseSSL", "true" if target.use_ssl else "false")
    sub(element, X + "AmqpSslAcceptAll", "true" if target.ssl_accept_all else "false")
    sub(element, X + "AmqpPrefix", target.prefix)
