"""A cloud with a broker, its users, and services that answer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from gatepost import Gatepost
from gatepost.messaging.calls import MOST_CALLS
from tests.support.client import Reply, VcloudClient
from tests.support.services import Answer, Extension, Offer, register
from tests.support.waiting import until

Connect = Callable[..., VcloudClient]


@pytest.fixture
def cloud(make_world: Callable[..., Gatepost], amqp_url: str) -> Gatepost:
    world = make_world(broker=amqp_url)
    until(lambda: world.broker_state == "connected")
    return world


@pytest.fixture
def admin(cloud: Gatepost, connect: Connect) -> VcloudClient:
    return connect(cloud, "administrator@System")


@pytest.fixture
def alice(cloud: Gatepost, connect: Connect) -> VcloudClient:
    return connect(cloud)


@pytest.fixture
def offer(amqp_url: str, admin: VcloudClient) -> Iterator[Offer]:
    """Start a service, `offer(answer)`, and register it; the rest is what `Extension.body` takes."""
    with contextlib.ExitStack() as running:

        def start(
            answer: Answer, name: str = "backup", pattern: str = "/api/backup.*", **registration: Any
        ) -> Extension:
            extension = running.enter_context(Extension(amqp_url, answer, routing_key=name))
            register(admin, extension.body(name, pattern, **registration))
            return extension

        yield start


@pytest.fixture
def in_background() -> Iterator[Callable[..., Future[Reply]]]:
    with ThreadPoolExecutor(MOST_CALLS + 2) as pool:
        yield pool.submit
