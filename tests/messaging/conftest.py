"""What holds for every test of the messaging, and what many begin with."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pika
import pytest
import trustme
from pika.adapters.blocking_connection import BlockingChannel

from gatepost import Gatepost
from tests.support.client import VcloudClient
from tests.support.proxy import HOST, Proxy
from tests.support.site import Site


@pytest.fixture(autouse=True)
def nothing_unhandled(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a broker does, no callback fails: the event loop would only log it."""
    yield
    for phase in ("call", "teardown"):
        assert [record.getMessage() for record in caplog.get_records(phase) if record.name == "asyncio"] == []


@pytest.fixture
def site(make_world: Callable[..., Gatepost], connect: Callable[..., VcloudClient]) -> Callable[..., Site]:
    """A site that tells everything once, in XML, unless `settings` say otherwise."""

    def make(broker: str | None = None, **settings: Any) -> Site:
        chosen = {"work.scale": 0, "notifications.json": False, **settings}
        return Site(make_world(broker=broker, settings=chosen), connect)

    return make


@pytest.fixture
def exchange() -> str:
    """A name that no other test uses."""
    return f"test-{uuid4()}"


@pytest.fixture
def channel(amqp_url: str) -> Iterator[BlockingChannel]:
    """The broker, as its operator sees it."""
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        yield connection.channel()


@pytest.fixture
def tls_broker(amqp_url: str) -> Iterator[tuple[str, trustme.CA]]:
    """The broker behind a certificate of an authority that nobody knows."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    with Proxy(amqp_url, context) as proxy:
        proxy.listen()
        yield proxy.url, authority
