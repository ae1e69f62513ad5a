"""What every test starts from: worlds, clients, and brokers."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gatepost import Gatepost
from gatepost.broker import Broker
from tests.support import client
from tests.support.client import VcloudClient
from tools.rabbitmq_node import RabbitNode, find_rabbitmq, private_node

pytest_plugins = ["tests.support.strict"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Scripts start what they put into the background so. The programs under test must hear Ctrl-C all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)

MakeWorld = Callable[..., Gatepost]


@pytest.fixture
def make_world() -> Iterator[MakeWorld]:
    """Start worlds with any options of Gatepost, by default without a broker; all are stopped after the test."""
    started: list[Gatepost] = []

    def make(**options: Any) -> Gatepost:
        options.setdefault("broker", None)
        started.append(Gatepost(**options).start())
        return started[-1]

    yield make
    for world in started:
        world.stop()


@pytest.fixture
def cloud(make_world: MakeWorld) -> Gatepost:
    """A world without a broker, whose clock only moves when the test says so."""
    return make_world(clock="manual")


@pytest.fixture
def connect() -> Iterator[Callable[..., VcloudClient]]:
    """Logged-in clients: `connect(cloud)`, `connect(cloud, "administrator@System", version="33.0")`."""
    opened: list[VcloudClient] = []

    def make(world: Gatepost, user: str = "alice@acme", version: str = "5.5") -> VcloudClient:
        opened.append(VcloudClient(world.url, varied=bool(world.variation)))
        opened[-1].login(user, version=version)
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitNode]:
    """A real RabbitMQ of this test process's own."""
    if find_rabbitmq() is None:
        pytest.skip("RabbitMQ is not installed: apt-get install rabbitmq-server")
    folder: Path = tmp_path_factory.mktemp("rabbitmq")
    with private_node(folder) as node:
        yield node


@pytest.fixture(scope="session")
def rabbitmq_url(request: pytest.FixtureRequest) -> str:
    """A RabbitMQ that tests share: the one at GATEPOST_TEST_AMQP_URL, else a private node."""
    url = os.environ.get("GATEPOST_TEST_AMQP_URL")
    if url:
        return url
    node: RabbitNode = request.getfixturevalue("rabbitmq")
    return node.url


@pytest.fixture(scope="session", params=["embedded", "rabbitmq"])
def amqp_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The two brokers that tests of the cloud run on: our own, and RabbitMQ."""
    if request.param == "embedded":
        with Broker() as broker:
            yield broker.url
        return
    url: str = request.getfixturevalue("rabbitmq_url")
    yield url


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if line := client.summary_line():
        terminalreporter.write_line(line)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    from tests.support import strict  # a plugin, which pytest must be the first to import

    whole = [Path(argument).name for argument in config.args] == ["tests"]
    if whole and not (strict.is_on() or config.getoption("markexpr") or config.getoption("keyword")):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]
    # One test process runs everything that needs the broker, so that one node is started.
    for item in items:
        if {"amqp_url", "rabbitmq_url", "rabbitmq"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("rabbitmq"))
