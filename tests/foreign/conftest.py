"""The environments of foreign clients, and a world for those that are slow to ask again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gatepost import Gatepost
from tests.support.amqp import blocking_operations
from tests.support.client import VcloudClient
from tests.support.foreign import foreign_python


@pytest.fixture
def quick(make_world: Callable[..., Gatepost], connect: Callable[..., VcloudClient]) -> Gatepost:
    """A world in which work takes no time and nothing blocks, for clients that wait long between two questions."""
    world = make_world(broker="embedded", settings={"work.scale": 0})
    connect(world, "administrator@System").put(*blocking_operations())
    return world


@pytest.fixture(scope="session")
def pyvcloud() -> Path:
    """The Python of an environment that holds it."""
    return foreign_python("pyvcloud==23.0.4")


@pytest.fixture(scope="session")
def pyvcloud_18() -> Path:
    """The pyvcloud of 2018, the last line that speaks API versions from 5.5 on."""
    return foreign_python("pyvcloud==18.2.2")


@pytest.fixture(scope="session")
def vcd_cli() -> Path:
    """With the command `vcd`, which imports pkg_resources."""
    return foreign_python("vcd-cli==24.1.0", "pyvcloud==23.0.4", "setuptools<81")


@pytest.fixture(scope="session")
def libcloud() -> Path:
    return foreign_python("apache-libcloud==3.9.1")
