"""The connector that anyone may copy, as it stands, against a cloud with and without a broker."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from gatepost import Gatepost
from tests.support.client import VcloudClient
from tests.support.process import environment
from tests.support.tenant import ask, href_of, the
from tests.support.waiting import until
from tools.rabbitmq_node import RabbitNode

APPROVER = Path(__file__).parents[1] / "examples" / "approver.py"
QUEUE = "approver"
EXCHANGE = "systemExchange"

Connect = Callable[..., VcloudClient]
Start = Callable[..., "Approver"]


class Approver:
    """The running program. What it prints is only shown when a test fails."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self._process = process
        self._output = output

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def output(self) -> str:
        return self._output.read_text()


@pytest.fixture
def approver(tmp_path: Path) -> Iterator[Start]:
    """Start it against a cloud; it is ended after the test."""
    with ExitStack() as stack:

        def start(cloud: Gatepost, *arguments: str) -> Approver:
            return stack.enter_context(_running(tmp_path / "approver.txt", "--url", cloud.url, *arguments))

        yield start


@contextmanager
def _running(output: Path, *arguments: str) -> Iterator[Approver]:
    command = [sys.executable, str(APPROVER), *arguments]
    with output.open("wb") as file:
        process = subprocess.Popen(command, env=environment(NO_PROXY="*"), stdout=file, stderr=subprocess.STDOUT)
    try:
        yield Approver(process, output)
    finally:
        process.kill()
        process.wait()
        print(output.read_text())  # noqa: T201  pytest shows it with a test that failed
    assert "Traceback" not in output.read_text()


@pytest.fixture
def channel(amqp_url: str) -> Iterator[BlockingChannel]:
    """The broker without the approver's queue, which is durable."""
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        connection.channel().queue_delete(QUEUE)
        yield connection.channel()
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        connection.channel().queue_delete(QUEUE)


@pytest.fixture
def make(make_world: Callable[..., Gatepost]) -> Callable[..., Gatepost]:
    def make(**options: Any) -> Gatepost:
        return make_world(settings={"work.scale": 0}, **options)

    return make


def wait_listening(cloud: Gatepost, channel: BlockingChannel) -> None:
    """Until it consumes, and has been through the list once more after it had bound its queue."""

    def listens() -> bool:
        if not _has_consumer(channel):
            return False
        paths = [entry.path for entry in cloud.journal.after(0) if entry.kind == "http.response"]
        return len([path for path in paths if path.endswith("/api/admin/extension/blockingTasks")]) >= 2

    until(listens)


def _has_consumer(channel: BlockingChannel) -> bool:
    with channel.connection.channel() as look:
        try:
            count: int = look.queue_declare(QUEUE, passive=True).method.consumer_count
        except pika.exceptions.ChannelClosedByBroker:
            return False
    return count > 0


def test_approves_and_declines_by_name(
    amqp_url: str, channel: BlockingChannel, make: Callable[..., Gatepost], connect: Connect, approver: Start
) -> None:
    cloud = make(broker=amqp_url)
    alice = connect(cloud)
    approver(cloud)
    wait_listening(cloud, channel)
    approved, declined = ask(alice, "ok-1"), ask(alice, "deny-1")
    alice.wait_task(approved[1])
    task = alice.wait_task(declined[1], until={"aborted"})
    assert the(task, "Error").get("message") == "Declined: no vApp of that name"
    assert (alice.get(approved[0]).status, alice.get(declined[0]).status) == (200, 403)
    alice.delete(approved[0])
    until(lambda: alice.get(approved[0]).status == 403)


def test_hears_of_it_by_the_notification(
    amqp_url: str, channel: BlockingChannel, make: Callable[..., Gatepost], connect: Connect, approver: Start
) -> None:
    """The list is asked at the start only: what comes later comes over the broker."""
    cloud = make(broker=amqp_url)
    alice = connect(cloud)
    approver(cloud)
    wait_listening(cloud, channel)
    alice.wait_task(ask(alice, "ok-1")[1])
    paths = [entry.path for entry in cloud.journal.after(0) if entry.kind == "http.request"]
    assert paths.count("/api/admin/extension/blockingTasks") == 2
    assert any(path.startswith("/api/entity/urn:vcloud:blockingTask:") for path in paths)


@pytest.mark.parametrize("seed", range(3))
def test_bears_whatever_varies(
    amqp_url: str, channel: BlockingChannel, make: Callable[..., Gatepost], approver: Start, seed: int
) -> None:
    """Also hrefs that cannot be guessed: it follows links."""
    cloud = make(broker=amqp_url, vary=["default", "hrefs"], seed=seed)
    running = approver(cloud)
    wait_listening(cloud, channel)

    def asked(name: str) -> str:
        told = httpx.post(
            operations, json={"operation": "instantiate", "name": name}, trust_env=False, timeout=60
        ).json()
        return str(told["task"])

    operations = f"{cloud.url}/gatepost/operations"
    tasks = [asked("ok-1"), asked("deny-1")]
    ends = [functools.partial(httpx.get, f"{operations}/{task}", trust_env=False) for task in tasks]
    until(lambda: all(end().json()["ended"] for end in ends) or not running.alive)
    assert [end().json()["status"] for end in ends] == ["success", "aborted"]
    assert running.alive


def test_finds_what_was_held_before_it_started(
    amqp_url: str, channel: BlockingChannel, make: Callable[..., Gatepost], connect: Connect, approver: Start
) -> None:
    cloud = make(broker=amqp_url)
    alice = connect(cloud)
    tasks = [ask(alice, f"ok-{number}")[1] for number in range(3)]
    approver(cloud)
    for task in tasks:
        alice.wait_task(task)


def test_works_by_the_list_where_there_is_no_broker(
    make: Callable[..., Gatepost], connect: Connect, approver: Start
) -> None:
    cloud = make()
    alice = connect(cloud)
    first = ask(alice, "ok-1")[1]
    approver(cloud)
    alice.wait_task(first)
    alice.wait_task(ask(alice, "deny-1")[1], until={"aborted"})


def test_works_by_the_list_while_the_broker_refuses_it(
    amqp_url: str, channel: BlockingChannel, make: Callable[..., Gatepost], connect: Connect, approver: Start
) -> None:
    cloud = make(broker=amqp_url)
    alice = connect(cloud)
    approver(cloud, "--amqp-password", "wrong")
    for name in ("ok-1", "ok-2"):
        alice.wait_task(ask(alice, name)[1])


def test_survives_a_restart_of_the_broker(
    rabbitmq: RabbitNode, make: Callable[..., Gatepost], connect: Connect, approver: Start
) -> None:
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        connection.channel().queue_delete(QUEUE)
    cloud = make(broker=rabbitmq.url)
    alice = connect(cloud)
    running = approver(cloud)
    alice.wait_task(ask(alice, "ok-1")[1])
    rabbitmq.stop()
    try:
        task = ask(alice, "ok-2")[1]
    finally:
        rabbitmq.start()
    alice.wait_task(task)
    alice.wait_task(ask(alice, "ok-3")[1])
    assert running.alive
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        connection.channel().queue_delete(QUEUE)


def test_logs_in_again_when_its_session_has_expired(
    amqp_url: str, channel: BlockingChannel, make: Callable[..., Gatepost], connect: Connect, approver: Start
) -> None:
    cloud = make(broker=amqp_url)
    alice = connect(cloud)
    approver(cloud)
    wait_listening(cloud, channel)
    # A reset ends all sessions, as time would.
    cloud.reset()
    alice.login()
    alice.wait_task(ask(alice, "ok-1")[1])


def test_outlives_whatever_lies_in_its_queue(
    amqp_url: str, channel: BlockingChannel, make: Callable[..., Gatepost], connect: Connect, approver: Start
) -> None:
    cloud = make(broker=amqp_url)
    alice = connect(cloud)
    running = approver(cloud)
    wait_listening(cloud, channel)
    junk: list[tuple[dict[str, Any] | None, bytes]] = [
        (None, b""),
        ({}, b"\xff\x00 not xml"),
        ({"notification.entityUUID": str(uuid4())}, b"<Notification/>"),
        ({"notification.entityUUID": "no uuid / at all?\n"}, b"{}"),
        ({"notification.entityUUID": "häß-../../org"}, b""),
        ({"notification.entityUUID": 7}, b""),
        ({"notification.entityUUID": {"a": ["b"]}}, b""),
    ]
    for headers, body in junk:
        channel.basic_publish("", QUEUE, body, pika.BasicProperties(headers=headers))
    alice.wait_task(ask(alice, "ok-1")[1])
    until(lambda: channel.queue_declare(QUEUE, passive=True).method.message_count == 0)
    assert running.alive


def test_a_blocking_task_that_is_gone_is_no_matter(
    amqp_url: str, channel: BlockingChannel, make: Callable[..., Gatepost], connect: Connect, approver: Start
) -> None:
    """The notification of a task that somebody else has decided, or that another world knew, comes all the same."""
    channel.exchange_declare(EXCHANGE, exchange_type="topic", durable=True)
    channel.queue_declare(QUEUE, durable=True)
    channel.queue_bind(QUEUE, EXCHANGE, "#.blockingtask.create.#")
    cloud = make(broker=amqp_url)
    alice, administrator = connect(cloud), connect(cloud, "administrator@System")
    task = ask(alice, "ok-1")[1]
    waiting = administrator.get("/api/admin/extension/blockingTasks").xml
    administrator.resume(href_of(the(waiting, "Reference")))
    alice.wait_task(task)
    cloud.settings.update({"blockingTask.retention_s": 0})
    until(lambda: channel.queue_declare(QUEUE, passive=True).method.message_count == 1)
    running = approver(cloud)
    alice.wait_task(ask(alice, "ok-2")[1])
    until(lambda: channel.queue_declare(QUEUE, passive=True).method.message_count == 0)
    assert running.alive


def test_sends_its_credentials_nowhere_else(make_world: Callable[..., Gatepost], approver: Start) -> None:
    cloud = make_world(public_url="https://cloud.example.com")
    here = f"http://127.0.0.1:{cloud.port}"
    held = httpx.post(
        f"{here}/gatepost/operations", json={"operation": "instantiate", "name": "ok-1"}, trust_env=False, timeout=60
    )
    assert held.status_code == 200, held.text
    running = approver(cloud, "--url", here)
    until(lambda: not running.alive)
    assert running.output.startswith("My credentials do not go to https://cloud.example.com/api/")
    assert "--url" in running.output
