"""Extension services: the bodies that register them, and one that answers, as its vendor would write it."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self
from uuid import uuid4
from xml.sax.saxutils import escape, quoteattr

import pika
from lxml import etree

from gatepost import Gatepost
from gatepost.core.journal import Entry
from tests.support.client import VcloudClient
from tests.support.schemas import VCLOUD, VMEXT
from tests.support.waiting import until

SERVICES = "/api/admin/extension/service"
SERVICE = "application/vnd.vmware.admin.service+xml"
FILE = "http://www.example.com/master.xsd"

Message = dict[str, Any]


def xml(tag: str, inside: str = "", namespace: str = VMEXT, **attributes: str) -> str:
    """A document with that content."""
    written = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f'<{tag} xmlns="{namespace}" xmlns:v="{VCLOUD}"{written}>{inside}</{tag}>'


def elements(**texts: object) -> str:
    return "".join(f"<{tag}>{escape(str(text))}</{tag}>" for tag, text in texts.items() if text is not None)


def url_filter(pattern: str) -> str:
    return f"<ApiFilter>{elements(UrlPattern=pattern)}</ApiFilter>"


def type_filter(content_type: str) -> str:
    return f"<ApiFilter>{elements(ResponseContentType=content_type)}</ApiFilter>"


def service_link(**changes: object) -> str:
    values: dict[str, object] = {
        "LinkHref": "{baseUri}backup/{resourceId}",
        "MimeType": "application/vnd.example.backups+xml",
        "Rel": "down:backups",
        "ResourceType": "application/vnd.vmware.vcloud.vApp+xml",
    }
    return f"<ServiceLink>{elements(**{**values, **changes})}</ServiceLink>"


def access(tag: str, kind: str, href: str | None = None) -> str:
    entity = f"<Entity href={quoteattr(href)}/>" if href is not None else ""
    return f"<{tag}><Access>{kind}</Access>{entity}</{tag}>"


def rule(
    org: tuple[str, ...] = ("Published",), who: tuple[str, ...] = ("Shared",), what: tuple[str, ...] = ("Shared",)
) -> str:
    accesses = (
        access("ServiceResourceAccess", *what),
        access("OrganizationAccess", *org),
        access("PrincipalAccess", *who),
    )
    return f'<AclRule name="rule">{"".join(accesses)}</AclRule>'


def service(name: str = "backup", *, inside: str = "", **changes: object) -> str:
    """The body that registers a service; `inside` are its containers, `changes` its other elements, None for none."""
    values: dict[str, object] = {
        "Namespace": f"com.example.{name}",
        "Enabled": "true",
        "AuthorizationEnabled": "false",
        "RoutingKey": name,
        "Priority": None,
        "Exchange": "vcdext",
    }
    return xml("Service", elements(**{**values, **changes}) + inside, name=name)


def everything(org: str, *, links: str = "application/vnd.vmware.vcloud.vApp+xml", file: str = FILE) -> str:
    """The containers of a service that has one of each part. Its resource is that organization's, its link stands in
    resources of the type `links`, and the file of its API is `file`.
    """
    resource = (
        f'<ServiceResource name="r"><Org href="/api/org/{org}"/>{elements(ExternalObjectId="7")}</ServiceResource>'
    )
    action = (
        f'<ResourceClassAction name="read">{elements(HttpMethod="GET", UrlPattern="/backup/(?<id>[-a-f0-9]*)")}'
        f"<AclRules>{rule()}</AclRules></ResourceClassAction>"
    )
    resource_class = (
        '<ResourceClass name="Backup"><v:Description>of vApps</v:Description>'
        + elements(MimeType="application/vnd.example.backup+xml", UrlTemplate="{baseUri}/backup/{resourceId}")
        + elements(Nid="example", UrnPattern="backup:(?<id>.*)")
        + f"<ServiceResources>{resource}</ServiceResources><ResourceClassActions>{action}</ResourceClassActions>"
        + "</ResourceClass>"
    )
    file = (
        "<FileDescriptor><Description>master</Description>"
        f'<File href="{file}" type="text/xml" name="master.xsd"/></FileDescriptor>'
    )
    definition = (
        f'<ApiDefinition name="v1">{elements(EntryPoint="{baseUri}/backup", Namespace="com.example", ApiVendor="us")}'
        f"<SupportedApiVersions>{elements(Version='5.1')}</SupportedApiVersions><Files>{file}</Files></ApiDefinition>"
    )
    return (
        f"<ApiFilters>{url_filter('/api/backup(/.*)?')}{type_filter('application/x')}</ApiFilters>"
        f"<ServiceLinks>{service_link(ResourceType=links)}</ServiceLinks><ApiDefinitions>{definition}</ApiDefinitions>"
        f"<ResourceClasses>{resource_class}</ResourceClasses>"
    )


def register(admin: VcloudClient, body: str) -> etree._Element:
    """The service as it was registered."""
    reply = admin.post(SERVICES, body, SERVICE)
    assert reply.status == 201, reply
    return reply.xml


class Request(NamedTuple):
    """What the service was sent."""

    message: Message
    context: Message
    properties: pika.BasicProperties

    @property
    def body(self) -> bytes:
        return base64.b64decode(self.message["body"])


Answer = Callable[[Request], Mapping[str, Any] | bytes | None]


def reply(status: int = 200, body: bytes = b"", **headers: object) -> Message:
    """What a service replies, without the id; `Content_Type` is a header."""
    return {
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "statusCode": status,
        "body": base64.b64encode(body).decode(),
        "request": False,
    }


def ok(request: Request) -> Message:
    return reply(200, b"done")


def silence(request: Request) -> None:
    return None


def entries(cloud: Gatepost, kind: str) -> list[Entry]:
    """Of the journal."""
    return [entry for entry in cloud.journal.after(0) if entry.kind == kind]


class Extension:
    """A service's program: it consumes its queue in a thread of its own, and answers as it is told to.

    `answer` returns a reply, to which the id of the request is added where it has none; bytes, which are sent as they
    are; or None for silence.
    """

    def __init__(self, amqp_url: str, answer: Answer, *, routing_key: str = "backup", exchange: str = "") -> None:
        self.exchange = exchange or f"test-{uuid4()}"
        self.requests: list[Request] = []
        self._routing_key = routing_key
        self.url = amqp_url
        self._answer = answer
        self._ended = threading.Event()
        self._consuming = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def body(self, name: str = "backup", pattern: str = "/api/backup.*", inside: str = "", **changes: object) -> str:
        """The body that registers it."""
        filters = f"<ApiFilters>{url_filter(pattern)}</ApiFilters>" if pattern else ""
        changes = {"Exchange": self.exchange, "RoutingKey": self._routing_key, **changes}
        return service(name, inside=filters + inside, **changes)

    def wait_for(self, count: int) -> list[Request]:
        """The first so many requests, once they have come."""
        until(lambda: len(self.requests) >= count)
        return self.requests[:count]

    def send(self, request: Request, content: Mapping[str, Any] | bytes, **properties: Any) -> None:
        """Reply to a request, from any thread."""
        with pika.BlockingConnection(pika.URLParameters(self.url)) as connection:
            self.publish(connection.channel(), request, content, **properties)

    def publish(self, channel: Any, request: Request, content: Mapping[str, Any] | bytes, **properties: Any) -> None:
        """Reply to a request over a channel of one's own."""
        whole = content if isinstance(content, bytes) else json.dumps({"id": request.message["id"], **content}).encode()
        given = {"correlation_id": request.properties.correlation_id, **properties}
        exchange = (request.properties.headers or {})["replyToExchange"]
        shown = pika.BasicProperties(content_type="application/json", **given)
        channel.basic_publish(exchange, request.properties.reply_to, whole, shown)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._consuming.wait(60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        with pika.BlockingConnection(pika.URLParameters(self.url)) as connection:
            channel = connection.channel()
            channel.exchange_declare(self.exchange, "direct", auto_delete=True)
            queue = channel.queue_declare("", exclusive=True).method.queue
            channel.queue_bind(queue, self.exchange, self._routing_key)
            channel.basic_consume(queue, self._on_message, auto_ack=True)
            self._consuming.set()
            while not self._ended.is_set():
                connection.process_data_events(0.02)

    def _on_message(self, channel: Any, method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        message, context = json.loads(body)
        request = Request(message, context, properties)
        self.requests.append(request)
        content = self._answer(request)
        if content is not None:
            self.publish(channel, request, content)


Offer = Callable[..., Extension]
"""Starts a service and registers it."""
