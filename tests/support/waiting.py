"""Waiting for what happens elsewhere, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL_SECONDS = 0.005


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Return as soon as the condition holds. Raises AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(POLL_SECONDS)
