"""The system settings, all in one document and each part alone (reference, sections 2.6 and 6.1)."""

from __future__ import annotations

from gatepost.messaging.target import AmqpTarget
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import EXTENSION_VIEW, X, admin_type
from gatepost.vcloud.represent import blocking
from gatepost.vcloud.represent.links import link
from gatepost.vcloud.sections import Section
from gatepost.vcloud.system import BRANDING, EMAIL, GENERAL, LDAP, LICENSE, PASSWORD_POLICY, SECTIONS
from gatepost.vcloud.xmlio import Element, root, sub

BASE = "/api/admin/extension/settings"
AMQP = admin_type("amqpSettings")
AMQP_TEST = admin_type("amqpSettingsTest")
NOTIFICATIONS = admin_type("notificationsSettings")


SYSTEM = admin_type("systemSettings")


def system(call: Call) -> Element:
    base = call.href(BASE)
    element = root(X + "SystemSettings", EXTENSION_VIEW, type=SYSTEM, href=base)
    link(element, "edit", base, SYSTEM)
    link(element, "down", base + "/amqp", AMQP)
    link(element, "down", base + "/notifications", NOTIFICATIONS)
    link(element, "down", base + "/blockingTask", blocking.SETTINGS)
    for section in SECTIONS:
        link(element, "down", f"{base}/{section.path}", section.media_type)
    _fill_section(call, sub(element, X + GENERAL.name), GENERAL)
    _fill_notifications(call, sub(element, X + "NotificationsSettings"))
    _fill_section(call, sub(element, X + LDAP.name), LDAP)
    _fill_amqp(call, sub(element, X + "AmqpSettings"), call.dialect.amqp)
    for section in (EMAIL, LICENSE, BRANDING):
        _fill_section(call, sub(element, X + section.name), section)
    blocking.fill_settings(call, sub(element, X + "BlockingTaskSettings"), call.world.blocking)
    _fill_section(call, sub(element, X + PASSWORD_POLICY.name), PASSWORD_POLICY)
    return element


def kept(call: Call, section: Section) -> Element:
    """Settings that are only kept."""
    href = call.href(f"{BASE}/{section.path}")
    element = root(X + section.tag, EXTENSION_VIEW, type=section.media_type, href=href)
    _fill_section(call, element, section)
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
    if problem is not None and call.traits.amqp_test_error:
        # Lower-case, unlike every other element: so the schema has it.
        sub(element, X + "error", minorErrorCode="BAD_REQUEST", message=problem, majorErrorCode=400)
    return element


def notifications(call: Call) -> Element:
    href = call.href(BASE + "/notifications")
    element = root(X + "NotificationsSettings", EXTENSION_VIEW, type=NOTIFICATIONS, href=href)
    _fill_notifications(call, element)
    return element


def _fill_section(call: Call, element: Element, section: Section) -> None:
    link(element, "edit", call.href(f"{BASE}/{section.path}"), section.media_type)
    section.fill(element, call.dialect.kept[section.tag], call.traits)


def _fill_notifications(call: Call, element: Element) -> None:
    link(element, "edit", call.href(BASE + "/notifications"), NOTIFICATIONS)
    sub(element, X + "EnableNotifications", "true" if call.dialect.notifications_enabled else "false")


def _fill_amqp(call: Call, element: Element, target: AmqpTarget) -> None:
    href = call.href(BASE + "/amqp")
    link(element, "edit", href, AMQP)
    link(element, "test", href + "/action/test", AMQP_TEST)
    if call.traits.amqp_certificates:
        link(
            element, "certificate:update", href + "/action/updateAmqpCertificate", admin_type("certificateUpdateParams")
        )
        link(element, "certificate:reset", href + "/action/resetAmqpCertificate")
        link(element, "truststore:update", href + "/action/updateAmqpTruststore", admin_type("trustStoreUpdateParams"))
        link(element, "truststore:reset", href + "/action/resetAmqpTruststore")
    sub(element, X + "AmqpHost", target.host)
    sub(element, X + "AmqpPort", str(target.port))
    sub(element, X + "AmqpUsername", target.username)
    sub(element, X + "AmqpPassword")
    sub(element, X + "AmqpExchange", target.exchange)
    sub(element, X + "AmqpVHost", target.vhost)
    sub(element, X + "AmqpUseSSL", "true" if target.use_ssl else "false")
    if call.traits.amqp_accept_all:
        sub(element, X + "AmqpSslAcceptAll", "true" if target.ssl_accept_all else "false")
    if call.traits.amqp_prefix:
        sub(element, X + "AmqpPrefix", target.prefix)
