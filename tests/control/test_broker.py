"""The embedded broker over the control API: what there is in it, and each lever, seen by a client of the broker."""

from __future__ import annotations

from collections.abc import Callable

import pika
import pytest

from gatepost import Gatepost
from tests.support.client import VcloudClient
from tests.support.consumer import Consumer
from tests.support.control import ControlClient
from tests.support.tenant import ask
from tests.support.waiting import until

MakeWorld = Callable[..., Gatepost]
Connect = Callable[..., VcloudClient]
Control = Callable[..., ControlClient]

EXCHANGE = "systemExchange"


@pytest.fixture
def world(make_world: MakeWorld) -> Gatepost:
    world = make_world(broker="embedded", clock="manual")
    until(lambda: world.broker_state == "connected")
    return world


@pytest.fixture
def levers(world: Gatepost, control: Control) -> Callable[..., None]:
    api = control(world)

    def pull(lever: str, **more: object) -> None:
        assert api.post("/broker/levers", {"lever": lever, **more}).status == 200

    return pull


def amqp_url(world: Gatepost) -> str:
    url = world.info()["amqp_url"]
    assert isinstance(url, str)
    return url


def test_the_overview_shows_queues_bindings_and_consumers(world: Gatepost, control: Control) -> None:
    with Consumer(amqp_url(world), EXCHANGE, "#.blockingtask.#"):
        overview = control(world).get("/broker").json
    assert EXCHANGE in [exchange["name"] for exchange in overview["exchanges"]]
    queue = overview["queues"][0]
    assert (queue["ready"], queue["unacknowledged"], queue["consumers"]) == (0, 0, [])
    assert [binding["routing_key"] for binding in overview["bindings"] if binding["source"] == EXCHANGE] == [
        "#.blockingtask.#"
    ]
    assert len(overview["connections"]) == 2


def test_a_message_is_delivered_twice(world: Gatepost, levers: Callable[..., None], connect: Connect) -> None:
    with Consumer(amqp_url(world), EXCHANGE, "#.blockingtask.create.#") as consumer:
        levers("duplicate-next")
        ask(connect(world), "web-01")
        first, second = consumer.take(2)
        assert first.body == second.body


def test_a_message_is_dropped(world: Gatepost, levers: Callable[..., None], connect: Connect) -> None:
    with Consumer(amqp_url(world), EXCHANGE, "#.create.#") as consumer:
        levers("drop-next")
        ask(connect(world), "web-01")
        assert [message.event for message in consumer.take(1)] == ["blockingtask.create.vdcInstantiateVapp"]


def test_two_messages_change_places(world: Gatepost, levers: Callable[..., None], connect: Connect) -> None:
    with Consumer(amqp_url(world), EXCHANGE, "#.create.#") as consumer:
        levers("reorder-next")
        ask(connect(world), "web-01")
        assert [message.event.partition(".")[0] for message in consumer.take(2)] == ["blockingtask", "task"]


def test_logins_are_refused_until_they_are_not(world: Gatepost, levers: Callable[..., None]) -> None:
    parameters = pika.URLParameters(amqp_url(world))
    levers("refuse-logins")
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        pika.BlockingConnection(parameters)
    levers("refuse-logins", on=False)
    pika.BlockingConnection(parameters).close()


def test_the_cloud_comes_back_after_its_connection_was_cut(
    world: Gatepost, levers: Callable[..., None], connect: Connect
) -> None:
    with Consumer(amqp_url(world), EXCHANGE, "#.blockingtask.create.#") as consumer:
        levers("cut", connection=1)
        until(lambda: world.broker_state == "connected")
        ask(connect(world), "web-01")
        assert consumer.take(1)


def test_publishers_are_blocked_and_the_cloud_says_so(
    world: Gatepost, levers: Callable[..., None], connect: Connect
) -> None:
    levers("block-publishers", reason="disk is full")
    ask(connect(world), "web-01")
    until(lambda: world.info()["broker_problem"] is not None)
    assert "disk is full" in str(world.info()["broker_problem"])
    levers("reset")
    until(lambda: world.info()["outbox"]["waiting"] == 0)


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"lever": "explode"}, 400, "lever"),
        ({"lever": "delay-next"}, 400, "needs `seconds`"),
        ({"lever": "pause", "seconds": -1}, 400, "seconds"),
        ({"lever": "cut", "connection": 999}, 404, "999"),
        ({"lever": "cut", "at": "noon"}, 400, "at"),
    ],
)
def test_what_makes_no_sense_is_refused(
    world: Gatepost, control: Control, body: dict[str, object], status: int, told: str
) -> None:
    answer = control(world).post("/broker/levers", body)
    assert answer.status == status
    assert told in answer.error


def test_without_the_embedded_broker_there_is_nothing_to_pull(cloud: Gatepost, control: Control) -> None:
    api = control(cloud)
    for answer in (api.get("/broker"), api.post("/broker/levers", {"lever": "reset"})):
        assert (answer.status, "--broker embedded" in answer.error) == (400, True)
