"""The private RabbitMQ node behind the tests and `make serve`, with the RabbitMQ that is installed."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pika
import pytest

from tools import rabbitmq_node
from tools.rabbitmq_node import HOW_TO_INSTALL, NodeError, RabbitNode, find_rabbitmq, private_node

ROOT = Path(__file__).parents[2]

needs_rabbitmq = pytest.mark.skipif(find_rabbitmq() is None, reason=HOW_TO_INSTALL)

PRINT_ARGUMENTS = "import sys; print(*sys.argv[1:]); sys.exit(7)"
UNTIL_SIGTERM = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print(sys.argv[1], flush=True)
signal.pause()
"""
UNTIL_END_OF_INPUT = "import sys; print(sys.argv[1], flush=True); sys.stdin.read()"


def processes_of(port: int) -> list[str]:
    """The commands of all processes that serve the node on this AMQP port: each has the port in its environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"RABBITMQ_NODE_PORT={port}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def nothing_left(port: int, temporary: Path) -> bool:
    return until(lambda: not processes_of(port) and not list(temporary.iterdir()))


def publish(url: str, queue: str, body: bytes) -> None:
    """Returns once the broker has the message on disk."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare(queue, durable=True)
    channel.confirm_delivery()
    channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent))
    connection.close()


def take(url: str, queue: str) -> bytes | None:
    """The message at the head of the queue, which is then deleted."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    _, _, body = channel.basic_get(queue, auto_ack=True)
    channel.queue_delete(queue)
    connection.close()
    taken: bytes | None = body
    return taken


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's nodes put their temporary folders; its name has a space in it."""
    folder = tmp_path / "temporary files"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def run_tool(*command: str, python: tuple[str, ...] = ("-m", "tools.rabbitmq_node")) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *python, "--", *command],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def tool(temporary: Path) -> Iterator[Callable[[str], tuple[subprocess.Popen[str], str]]]:
    """Run a Python program beside a node, as `make serve` does: the tool, and the URL which the program printed."""
    started: list[subprocess.Popen[str]] = []

    def run(program: str) -> tuple[subprocess.Popen[str], str]:
        started.append(run_tool(sys.executable, "-c", program, "{amqp_url}"))
        assert started[-1].stdout is not None
        return started[-1], started[-1].stdout.readline().strip()

    yield run
    for process in started:
        process.terminate()
        process.communicate()


def test_a_client_publishes_and_consumes(rabbitmq: RabbitNode) -> None:
    publish(rabbitmq.url, "greetings", b"hello")
    assert take(rabbitmq.url, "greetings") == b"hello"


def test_a_restart_keeps_port_durable_queues_and_persistent_messages(rabbitmq: RabbitNode) -> None:
    publish(rabbitmq.url, "kept", b"still here")
    rabbitmq.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", rabbitmq.port))
    rabbitmq.start()
    assert take(rabbitmq.url, "kept") == b"still here"


def test_ctl_asks_this_node(rabbitmq: RabbitNode) -> None:
    assert rabbitmq.ctl("eval", "node().").strip() == f"'{rabbitmq.name}'"


def test_ctl_tells_why_it_failed(rabbitmq: RabbitNode) -> None:
    with pytest.raises(NodeError, match="no-such-vhost"):
        rabbitmq.ctl("delete_vhost", "no-such-vhost")


def test_two_nodes_know_nothing_of_each_other(rabbitmq: RabbitNode) -> None:
    with private_node() as other:
        publish(other.url, "here", b"only here")
        assert other.ctl("list_queues", "name").split()[-1] == "here"
        assert "here" not in rabbitmq.ctl("list_queues", "name").split()


@needs_rabbitmq
def test_taken_ports_are_exchanged_for_others_and_nothing_is_left(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve_port = rabbitmq_node._reserve_port
    calls = itertools.count()
    squatters: list[socket.socket] = []

    def reserve_port_and_lose_some() -> socket.socket:
        """Somebody listens on the distribution port of the first attempt and on the epmd port of the second."""
        reservation = reserve_port()
        if next(calls) in {1, 5}:
            squatters.append(socket.create_server(reservation.getsockname()))
        return reservation

    monkeypatch.setattr(rabbitmq_node, "_reserve_port", reserve_port_and_lose_some)
    with private_node() as node:
        assert (len(squatters), bool(processes_of(node.port))) == (2, True)
    assert nothing_left(node.port, temporary)
    for squatter in squatters:
        squatter.close()


@needs_rabbitmq
def test_a_failed_start_tells_the_log_and_leaves_nothing(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port_used = tmp_path / "port"
    broken = tmp_path / "rabbitmq-server"
    broken.write_text(
        f"#!/bin/sh\necho $RABBITMQ_NODE_PORT > '{port_used}'\necho 'BOOT FAILED: no more atoms'\nexit 1\n"
    )
    broken.chmod(0o755)
    monkeypatch.setattr(rabbitmq_node, "find_rabbitmq", lambda: broken)
    with pytest.raises(NodeError, match="BOOT FAILED: no more atoms"), private_node():
        pass
    assert nothing_left(int(port_used.read_text()), temporary)


def test_without_rabbitmq_the_error_tells_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabbitmq_node, "find_rabbitmq", lambda: None)
    with pytest.raises(NodeError, match="apt-get install rabbitmq-server"), private_node():
        pass


@needs_rabbitmq
def test_the_tool_gives_the_url_hands_on_sigterm_and_ends_with_the_commands_code(
    tool: Callable[[str], tuple[subprocess.Popen[str], str]], temporary: Path
) -> None:
    process, url = tool(UNTIL_SIGTERM)
    publish(url, "from-outside", b"hello")
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 7
    assert nothing_left(urlsplit(url).port or 0, temporary)


@needs_rabbitmq
def test_a_killed_tool_leaves_nothing(
    tool: Callable[[str], tuple[subprocess.Popen[str], str]], temporary: Path
) -> None:
    process, url = tool(UNTIL_END_OF_INPUT)
    port = urlsplit(url).port or 0
    assert len(processes_of(port)) >= 3
    os.kill(process.pid, signal.SIGKILL)
    assert nothing_left(port, temporary)


def test_without_rabbitmq_the_tool_runs_the_command_without_a_broker() -> None:
    not_installed = "import sys; from tools import rabbitmq_node as tool; tool.find_rabbitmq = lambda: None; "
    process = run_tool(
        *(sys.executable, "-c", PRINT_ARGUMENTS, "--port", "0", "--broker", "{amqp_url}", "--vary"),
        python=("-c", not_installed + "tool.main(sys.argv[1:])"),
    )
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output.split()) == (7, ["--port", "0", "--vary"])
    assert len(errors.splitlines()) == 1
    assert "apt-get install rabbitmq-server" in errors


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [((), 2, "usage:"), (("gatepost-that-is-not-there",), 127, "there is no such program")],
)
def test_the_tool_refuses_what_it_cannot_run(arguments: tuple[str, ...], code: int, told: str) -> None:
    process = run_tool(*arguments)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert told in errors
