"""How both servers begin and end."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from gatepost.serving import ServerFactory
from gatepost.serving.granian import GranianServer
from gatepost.serving.threaded import ThreadedServer
from tests.support.raw_http import hello

both = pytest.mark.parametrize("make", [GranianServer, ThreadedServer])


@both
def test_a_taken_port_is_an_error_before_anything_starts(make: ServerFactory) -> None:
    first = make(hello)
    with pytest.raises(OSError) as caught:  # noqa: PT011  the errno below is the message
        make(hello, port=first.port)
    first.stop()
    assert caught.value.errno == errno.EADDRINUSE


@both
def test_a_server_that_never_started_gives_its_port_back(make: ServerFactory) -> None:
    server = make(hello)
    server.stop()
    make(hello, port=server.port).stop()


@both
def test_a_server_serves_once(make: ServerFactory) -> None:
    server = make(hello)
    server.stop()
    with pytest.raises(RuntimeError, match="make a new one"):
        server.start()


@both
def test_an_address_of_ipv6_stands_in_brackets(make: ServerFactory) -> None:
    try:
        server = make(hello, "::1")
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    server.stop()
    assert server.url == f"http://[::1]:{server.port}"


@pytest.mark.parametrize("server", ["granian", "threaded"])
@pytest.mark.parametrize(
    ("scene", "logged"), [("idle", ""), ("in flight", ""), ("parked", "1 requests did not end: GET '/park'")]
)
def test_the_end_of_a_server_in_a_process_of_its_own(server: str, scene: str, logged: str) -> None:
    command = [sys.executable, "-m", "tests.serving.stopping", server, scene]
    root = Path(__file__).parents[2]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=110, check=False)
    assert run.returncode == 0, run.stderr
    assert logged in run.stderr
    assert bool(run.stderr) == bool(logged), run.stderr
