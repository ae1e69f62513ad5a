"""What only granian's worker has: a bound on threads, and a time for headers that its own code keeps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gatepost import serving
from gatepost.serving.granian import GranianServer
from tests.support.raw_http import Parked, connect, get, request


@pytest.fixture(scope="module")
def app() -> Parked:
    return Parked()


@pytest.fixture(scope="module")
def small(app: Parked) -> Iterator[GranianServer]:
    """Two threads, and no patience."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "HEADER_SECONDS", 2.0)
        server = GranianServer(app, threads=2)
        server.start()
    yield server
    server.stop()


def test_a_request_beyond_the_threads_waits_for_one(small: GranianServer, app: Parked) -> None:
    parked = [connect(small, request("/park")) for _ in range(2)]
    assert all(app.arrived.acquire(timeout=60) for _ in parked)
    with connect(small, request()) as third, third.makefile("rb") as answer:
        third.settimeout(0.1)
        with pytest.raises(TimeoutError):
            answer.readline()
        app.release.set()
    for connection in parked:
        assert connection.recv(12) == b"HTTP/1.1 200"
        connection.close()
    assert get(small) == (200, b"hello")


def test_a_connection_that_takes_too_long_over_its_headers_is_closed(small: GranianServer) -> None:
    with connect(small, b"GET / HTTP/1.1\r\nHo") as connection:
        assert connection.recv(1) == b""
