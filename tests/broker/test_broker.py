"""`Broker` itself: TLS, users, virtual hosts, the overview, and what only a real broker does."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest
from pika import spec

from gatepost.broker import Broker
from gatepost.serving.tls import issue_certificate
from tests.support.amqp_client import Channel, Connection, RefusedError


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker() as running:
        yield running


def test_tls(tmp_path: Path) -> None:
    certificate = issue_certificate(["127.0.0.1"], tmp_path)
    with Broker(certificate=certificate) as broker:
        assert broker.url.startswith("amqps://guest:guest@127.0.0.1:")
        parameters = pika.URLParameters(broker.url)
        parameters.ssl_options = pika.SSLOptions(ssl.create_default_context(cafile=str(certificate.ca)), "127.0.0.1")
        with pika.BlockingConnection(parameters) as connection:
            channel = connection.channel()
            channel.queue_declare("q")
            channel.basic_publish("", "q", bytes(3_000_000))
            method, _, body = channel.basic_get("q", auto_ack=True)
            assert (method.routing_key, len(body)) == ("q", 3_000_000)


def test_users_and_virtual_hosts() -> None:
    with Broker(users={"al/ice": "p:w@d", "bob": "b"}, vhosts=("/", "other")) as broker:
        with pika.BlockingConnection(pika.URLParameters(broker.url)) as connection:
            connection.channel().queue_declare("q")
        with Connection(broker.url, credentials=("bob", "b"), vhost="other") as other:
            assert not other.has_queue("q")
        with pytest.raises(RefusedError):
            Connection(broker.url, credentials=("bob", "p:w@d"))
        with pytest.raises(RefusedError):
            Connection(broker.url, credentials=("bob", "b"), vhost="third")


def test_the_overview_tells_all_and_is_json(broker: Broker) -> None:
    with Connection(broker.url) as connection:
        channel = connection.channel()
        channel.exchange("x", "topic", durable=True)
        queue = channel.queue("q", arguments={"x-max-length": 5, "x-dead-letter-exchange": "x"})
        channel.bind(queue, "x", "a.#", {"note": "why"})
        channel.qos(1)
        tag = channel.consume(queue)
        for _ in range(2):
            channel.publish("x", "a.b", b"1234")
        channel.event()
        found = json.loads(json.dumps(broker.overview()))
    (one,) = found["queues"]
    assert {key: one[key] for key in ("name", "ready", "ready_bytes", "unacknowledged")} == {
        "name": "q",
        "ready": 1,
        "ready_bytes": 4,
        "unacknowledged": 1,
    }
    assert one["arguments"] == {"x-max-length": 5, "x-dead-letter-exchange": "x"}
    assert [(each["tag"], each["prefetch"], each["unacknowledged"]) for each in one["consumers"]] == [(tag, 1, 1)]
    assert found["bindings"] == [
        {
            "vhost": "/",
            "source": "x",
            "destination": "q",
            "destination_type": "queue",
            "routing_key": "a.#",
            "arguments": {"note": "why"},
        }
    ]
    assert {each["name"] for each in found["exchanges"]} > {"", "x", "amq.topic"}
    assert [(each["user"], each["vhost"], each["channels"]) for each in found["connections"]] == [("guest", "/", 1)]


UNSUPPORTED = {
    "transactions": (spec.Tx.Select(), "use publisher confirms"),
    "priorities": (spec.Queue.Declare(queue="q", arguments={"x-max-priority": 5}), "use a queue for each priority"),
    "quorum queues": (spec.Queue.Declare(queue="q", arguments={"x-queue-type": "quorum"}), "declare a classic queue"),
    "streams": (spec.Queue.Declare(queue="q", arguments={"x-queue-type": "stream"}), "declare a classic queue"),
    "single active consumer": (
        spec.Queue.Declare(queue="q", arguments={"x-single-active-consumer": True}),
        "consume with exclusive=true",
    ),
    "consumer priorities": (
        spec.Basic.Consume(queue="there", arguments={"x-priority": 5}),
        "use a real RabbitMQ (--broker amqp://...)",
    ),
}


@pytest.mark.parametrize("what", UNSUPPORTED)
def test_what_only_a_real_broker_does_is_refused_with_the_way_out(broker: Broker, what: str) -> None:
    method, way_out = UNSUPPORTED[what]
    with Connection(broker.url) as connection:
        channel: Channel = connection.channel()
        channel.queue("there")
        refusal = channel.refusal(method)
    assert (refusal.closed, refusal.code) == ("connection", 540)
    assert way_out in refusal.text


def test_no_thread_is_left(broker: Broker) -> None:
    Connection(broker.url).wire.close()
    broker.stop()
    assert [thread.name for thread in threading.enumerate() if "broker" in thread.name] == []


def test_starting_and_stopping_again_does_nothing(broker: Broker) -> None:
    assert broker.start() is broker
    broker.stop()
    broker.stop()
