"""One set of tests, two brokers: RabbitMQ says what is true, the embedded broker has to say the same."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.amqp_client import Channel, Connection, Dial, Name


@pytest.fixture(scope="session")
def embedded_url() -> Iterator[str]:
    """The embedded broker of this test process."""
    broker = pytest.importorskip("gatepost.broker")
    with broker.Broker() as running:
        yield running.url


@pytest.fixture(params=["embedded", pytest.param("rabbitmq", marks=pytest.mark.xdist_group("rabbitmq"))])
def broker_url(request: pytest.FixtureRequest) -> str:
    """A broker that tests share, so names must be fresh: see `name`."""
    # Fetched by name, since a test of the embedded broker alone must not start a RabbitMQ.
    return str(request.getfixturevalue("embedded_url" if request.param == "embedded" else "rabbitmq_url"))


@pytest.fixture
def name() -> Name:
    """Fresh names: `name("orders")` is another one in each test, the same within one."""
    token = uuid.uuid4().hex[:8]
    return lambda prefix: f"{prefix}-{token}"


@pytest.fixture
def dial(broker_url: str) -> Iterator[Dial]:
    """Connections, closed after the test: `dial()`, `dial(heartbeat=1)`; what they take is in `Connection`."""
    opened: list[Connection] = []

    def make(**options: Any) -> Connection:
        opened.append(Connection(broker_url, **options))
        return opened[-1]

    yield make
    for connection in opened:
        connection.wire.close()


@pytest.fixture
def channel(dial: Dial) -> Channel:
    """A channel of a connection of its own."""
    return dial().channel()
