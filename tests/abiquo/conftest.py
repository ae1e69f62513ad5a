"""What the Abiquo tests start from: clients of the cloud, a connector, and workflow switched on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from gatepost import Gatepost
from tests.support.abiquo_client import AbiquoClient, Connector, connector, switch_on

Users = Callable[..., AbiquoClient]


@pytest.fixture
def users(cloud: Gatepost) -> Iterator[Users]:
    """Clients of the test's own world: `users("joe")`, `users(None)` for nobody."""
    with ExitStack() as stack:
        yield lambda user="joe", password=None: stack.enter_context(AbiquoClient(cloud, user, password))


@pytest.fixture
def joe(users: Users) -> AbiquoClient:
    return users("joe")


@pytest.fixture
def admin(users: Users) -> AbiquoClient:
    return users("admin")


@pytest.fixture
def approver(users: Users) -> AbiquoClient:
    """The user with whose login a connector decides."""
    return users("connector")


@pytest.fixture
def endpoint() -> Iterator[Connector]:
    """A connector that takes every message and decides nothing."""
    with connector() as made:
        yield made


@pytest.fixture
def reviewed(cloud: Gatepost, endpoint: Connector) -> Connector:
    """The same, with workflow switched on for its endpoint."""
    switch_on(cloud, endpoint.url + "/hook?who=me")
    return endpoint
