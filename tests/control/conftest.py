"""Clients of the control API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from gatepost import Gatepost
from tests.support.control import ControlClient


@pytest.fixture
def control() -> Iterator[Callable[..., ControlClient]]:
    """`control(world)`, with the options of ControlClient."""
    with ExitStack() as stack:
        yield lambda world, **options: stack.enter_context(ControlClient(world, **options))


@pytest.fixture
def api(cloud: Gatepost, control: Callable[..., ControlClient]) -> ControlClient:
    """The control API of the fixture `cloud`."""
    return control(cloud)
