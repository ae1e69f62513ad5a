"""What holds for every test of the messaging."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def nothing_unhandled(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a broker does, no callback fails: the event loop would only log it."""
    yield
    for phase in ("call", "teardown"):
        assert [record.getMessage() for record in caplog.get_records(phase) if record.name == "asyncio"] == []
