"""Worlds behind taps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatepost import Gatepost

MakeWorld = Callable[..., Gatepost]


@pytest.fixture
def tapped(make_world: MakeWorld) -> Gatepost:
    """A world behind an HTTP tap, without a broker."""
    return make_world(taps=True, clock="manual")
