"""Ends of a server, each in a process of its own: `python -m tests.serving.stopping SERVER SCENE`."""

from __future__ import annotations

import http.client
import logging
import os
import sys
import threading
import time

from gatepost import serving
from gatepost.serving import ServerFactory
from gatepost.serving.granian import GranianServer
from gatepost.serving.threaded import ThreadedServer
from tests.support.raw_http import Parked, connect, hello, refuses, request, until


def idle(make: ServerFactory) -> None:
    """Idle connections are not waited for. The best of three, since granian sometimes takes all of the grace."""
    serving.GRACE_SECONDS = 20
    took = []
    for _ in range(3):
        server = make(hello)
        server.start()
        kept = http.client.HTTPConnection(server.host, server.port, timeout=60)
        kept.request("GET", "/")
        kept.getresponse().read()
        silent = [connect(server) for _ in range(20)]
        began = time.monotonic()
        assert server.stop() == 0
        took.append(time.monotonic() - began)
        for connection in silent:
            connection.close()
        if took[-1] < serving.GRACE_SECONDS / 2:
            return
    raise AssertionError(took)


def in_flight(make: ServerFactory) -> None:
    """A request in flight is answered, and new clients are refused meanwhile."""
    app = Parked()
    server = make(app)
    server.start()
    serving.GRACE_SECONDS = 60
    with connect(server, request("/park")) as connection, connection.makefile("rb") as answer:
        assert app.arrived.acquire(timeout=60)
        left: list[int] = []
        stopping = threading.Thread(target=lambda: left.append(server.stop()))
        stopping.start()
        assert until(lambda: refuses(server))
        app.release.set()
        assert answer.read().endswith(b"hello")
    stopping.join()
    assert left == [0]


def parked(make: ServerFactory) -> None:
    """A request that does not end is counted, and named in the log."""
    serving.GRACE_SECONDS = 0.05
    app = Parked()
    server = make(app)
    server.start()
    connection = connect(server, request("/park"))
    assert app.arrived.acquire(timeout=60)
    assert server.stop() == 1
    assert server.stop() == 0
    connection.close()


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s")
    SERVERS: dict[str, ServerFactory] = {"granian": GranianServer, "threaded": ThreadedServer}
    SCENES = {"idle": idle, "in flight": in_flight, "parked": parked}
    SCENES[sys.argv[2]](SERVERS[sys.argv[1]])
    sys.stderr.flush()
    os._exit(0)
