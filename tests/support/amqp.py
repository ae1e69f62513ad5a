"""What connectors and administrators do about notifications: find the blocking task, change the settings.

The functions that end in `_settings` or `_operations` return what a PUT takes: path, body, content type.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from lxml import etree

from tests.support.client import VcloudClient, find_link
from tests.support.consumer import Delivery
from tests.support.schemas import VMEXT

SETTINGS = "/api/admin/extension/settings"
AMQP = SETTINGS + "/amqp"
NOTIFICATIONS = SETTINGS + "/notifications"

Put = tuple[str, bytes, str]


def blocking_task_of(connector: VcloudClient, message: Delivery) -> str:
    """The href of the blocking task that a notification is about, resolved as connectors do."""
    urn = f"urn:vcloud:blockingTask:{message.properties.headers['notification.entityUUID']}"
    return find_link(connector.get(f"/api/entity/{urn}").xml, "alternate")


def events(messages: list[Delivery]) -> list[str]:
    return [f"{message.event} {message.success}" for message in messages]


def amqp_settings(amqp_url: str, **changes: Any) -> Put:
    """The broker at an AMQP URL; `changes` are elements without their prefix: `Exchange="x"`, `Password=None`."""
    url = urlsplit(amqp_url)
    values = {
        "Host": url.hostname,
        "Port": url.port,
        "Username": unquote(url.username or ""),
        "Password": unquote(url.password or ""),
        "Exchange": "systemExchange",
        "VHost": unquote(url.path[1:]) or "/",
        "UseSSL": "false",
        "SslAcceptAll": "false",
        "Prefix": "vcd",
        **changes,
    }
    elements = [(f"Amqp{name}", str(value)) for name, value in values.items() if value is not None]
    return AMQP, _document("AmqpSettings", *elements), "application/vnd.vmware.admin.amqpSettings+xml"


def notifications_settings(*, enabled: bool) -> Put:
    body = _document("NotificationsSettings", ("EnableNotifications", str(enabled).lower()))
    return NOTIFICATIONS, body, "application/vnd.vmware.admin.notificationsSettings+xml"


def blocking_operations(*names: str) -> Put:
    body = _document("BlockingTaskOperations", *(("Operation", name) for name in names))
    return f"{SETTINGS}/blockingTask/operations", body, "application/vnd.vmware.admin.taskOperationList+xml"


def _document(tag: str, *elements: tuple[str, str]) -> bytes:
    root = etree.Element(f"{{{VMEXT}}}{tag}", nsmap={None: VMEXT})
    for name, text in elements:
        etree.SubElement(root, f"{{{VMEXT}}}{name}").text = text
    return etree.tostring(root)
