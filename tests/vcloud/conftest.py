"""The house: one world for all tests of a module that only ask for what is refused, and so change nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gatepost import Gatepost
from tests.support.house import House


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with Gatepost(clock="manual", broker=None) as world, House(world) as one:
        yield one
