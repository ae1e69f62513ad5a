"""What rules do with the embedded broker, as its clients see it."""

from __future__ import annotations

from collections.abc import Callable

import pika
import pytest

from gatepost import Gatepost
from gatepost.core.effects import (
    BrokerBlock,
    BrokerClose,
    BrokerCut,
    BrokerDelay,
    BrokerDrop,
    BrokerDuplicate,
    BrokerRefuseLogin,
    BrokerReorder,
)
from gatepost.core.faults import InvalidRule, Match
from tests.support.client import VcloudClient
from tests.support.consumer import Consumer
from tests.support.tenant import ask
from tests.support.waiting import until

MakeWorld = Callable[..., Gatepost]
Connect = Callable[..., VcloudClient]

EXCHANGE = "systemExchange"
HOLD = Match(routing_key="*.blockingtask.create.*", nth=1)


@pytest.fixture
def world(make_world: MakeWorld) -> Gatepost:
    world = make_world(broker="embedded")
    until(lambda: world.broker_state == "connected")
    return world


def url(world: Gatepost) -> str:
    return str(world.info()["amqp_url"])


def objects(world: Gatepost, connect: Connect, count: int) -> list[str]:
    """Which objects' events come to a consumer once somebody has asked for a vApp."""
    with Consumer(url(world), EXCHANGE, "#.create.#") as consumer:
        ask(connect(world), "web-01")
        return [message.event.partition(".")[0] for message in consumer.take(count)]


def test_every_message_may_be_doubled_and_none_comes_three_times(world: Gatepost, connect: Connect) -> None:
    world.faults.add(BrokerDuplicate())
    assert objects(world, connect, 4) == ["task", "task", "blockingtask", "blockingtask"]
    kinds = [(entry.kind, entry.note) for entry in world.journal.after(0) if entry.fault == 1]
    assert kinds == [("amqp.fault", "broker.duplicate")] * 2


def test_every_message_may_be_delayed_and_comes(world: Gatepost, connect: Connect) -> None:
    world.faults.add(BrokerDelay(seconds=0.05))
    assert sorted(objects(world, connect, 2)) == ["blockingtask", "task"]


def test_one_message_is_dropped(world: Gatepost, connect: Connect) -> None:
    world.faults.add(BrokerDrop(), Match(routing_key="*.task.create.*"))
    assert objects(world, connect, 1) == ["blockingtask"]


def test_two_messages_change_places(world: Gatepost, connect: Connect) -> None:
    world.faults.add(BrokerReorder(), Match(nth=1))
    assert objects(world, connect, 2) == ["blockingtask", "task"]


@pytest.mark.parametrize("effect", [BrokerCut(), BrokerClose()])
def test_a_connection_ends_at_a_delivery_which_comes_again(
    world: Gatepost, connect: Connect, effect: BrokerCut | BrokerClose
) -> None:
    # Two are wanted where one comes, so that the end of the connection is seen whether or not that one came before it.
    with Consumer(url(world), EXCHANGE, "#.blockingtask.#", queue="kept") as consumer:
        world.faults.add(effect, HOLD)
        ask(connect(world), "web-01")
        with pytest.raises(pika.exceptions.AMQPError):
            consumer.take(2)
    assert [entry.note for entry in world.journal.after(0) if entry.fault == 1] == [effect.kind]
    ask(connect(world), "web-02")
    with Consumer(url(world), EXCHANGE, "#.blockingtask.#", queue="kept") as consumer:
        assert consumer.take(1)
        consumer.forget()


def test_the_second_login_is_refused(world: Gatepost) -> None:
    world.faults.add(BrokerRefuseLogin(), Match(nth=2))
    parameters = pika.URLParameters(url(world))
    pika.BlockingConnection(parameters).close()
    with pytest.raises(pika.exceptions.ProbableAuthenticationError):
        pika.BlockingConnection(parameters)
    pika.BlockingConnection(parameters).close()


def test_the_cloud_is_blocked_for_a_while_and_loses_nothing(world: Gatepost, connect: Connect) -> None:
    world.faults.add(BrokerBlock(seconds=0.1), Match(nth=1))
    assert objects(world, connect, 2) == ["task", "blockingtask"]


def test_without_rules_the_broker_is_not_watched(world: Gatepost, connect: Connect) -> None:
    fault = world.faults.add(BrokerDrop())
    world.faults.remove(fault.id)
    assert objects(world, connect, 2) == ["task", "blockingtask"]
    assert fault.trigger.matched == 0


def test_another_broker_has_no_such_levers(make_world: MakeWorld) -> None:
    with pytest.raises(InvalidRule, match="--broker embedded"):
        make_world(broker=None).faults.add(BrokerDrop())
