"""Every event reaches the broker at least once, in order, whatever happens to the broker and to the connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pika.adapters.blocking_connection import BlockingChannel

from gatepost import Gatepost
from gatepost.broker import Broker
from gatepost.messaging import publisher
from tests.support.consumer import Consumer, Delivery
from tests.support.proxy import Proxy
from tests.support.site import Site, assert_complete, assert_confirmed_once, subject, take_all, told
from tests.support.tenant import ask
from tests.support.waiting import until
from tools.rabbitmq_node import RabbitNode

# --- exchanges -----------------------------------------------------------------------------------------------------


def test_an_exchange_that_is_absent_is_made_as_a_durable_topic(
    amqp_url: str, site: Callable[..., Site], exchange: str, channel: BlockingChannel
) -> None:
    here = site()
    here.publish_to(amqp_url, Exchange=exchange)
    here.wait_connected()
    # A broker refuses a declaration that differs from what is there.
    channel.exchange_declare(exchange, exchange_type="topic", durable=True, auto_delete=False, internal=False)
    with Consumer(amqp_url, exchange) as consumer:
        here.ask()
        assert_complete(consumer.take(7), 1)


@pytest.mark.parametrize("type_", ["fanout", "headers"])
def test_an_exchange_of_another_type_is_used_as_it_is(
    amqp_url: str, site: Callable[..., Site], exchange: str, channel: BlockingChannel, type_: str
) -> None:
    channel.exchange_declare(exchange, exchange_type=type_, durable=False, auto_delete=True)
    with Consumer(amqp_url, exchange, declare=False) as consumer:
        here = site()
        here.publish_to(amqp_url, Exchange=exchange)
        here.ask()
        assert_complete(consumer.take(7), 1)


def test_a_direct_exchange_delivers_by_the_whole_key(
    amqp_url: str, site: Callable[..., Site], exchange: str, channel: BlockingChannel
) -> None:
    twin = site()
    twin.ask()
    until(lambda: len(twin.entries("amqp.undelivered")) == 7)
    # The same seed gives the same identifiers.
    [key] = [entry.path for entry in twin.entries("amqp.undelivered") if entry.path.endswith("event.vapp.create")]
    channel.exchange_declare(exchange, exchange_type="direct")
    with Consumer(amqp_url, exchange, key, declare=False) as consumer:
        here = site()
        here.publish_to(amqp_url, Exchange=exchange)
        here.ask()
        [message] = consumer.take(1)
        assert message.routing_key == key


def test_amq_topic_is_used_as_it_is(amqp_url: str, site: Callable[..., Site]) -> None:
    with Consumer(amqp_url, "amq.topic") as consumer:
        here = site()
        here.publish_to(amqp_url, Exchange="amq.topic")
        here.ask()
        assert_complete(consumer.take(7), 1)


def test_the_nameless_exchange_takes_everything_and_loses_it(amqp_url: str, site: Callable[..., Site]) -> None:
    here = site()
    here.publish_to(amqp_url, Exchange="")
    here.wait_connected()
    here.ask()
    until(lambda: here.outbox["confirmed"] == 7)


def test_a_reserved_name_that_is_absent_is_not_made(amqp_url: str, site: Callable[..., Site], exchange: str) -> None:
    here = site()
    here.publish_to(amqp_url, Exchange="amq.nothing")
    here.ask()
    until(lambda: here.problem is not None)
    assert "404" in (here.problem or "")
    assert here.cloud.broker_state == "waiting"
    with Consumer(amqp_url, exchange) as consumer:
        here.publish_to(amqp_url, Exchange=exchange)
        assert_complete(consumer.take(7), 1)


def test_an_exchange_that_is_deleted_is_made_again_and_nothing_is_lost(
    amqp_url: str, site: Callable[..., Site], exchange: str, channel: BlockingChannel
) -> None:
    here = site()
    here.publish_to(amqp_url, Exchange=exchange)
    here.wait_connected()
    here.ask()
    here.wait_empty()
    channel.exchange_delete(exchange)
    here.ask()
    here.wait_empty()
    channel.exchange_declare(exchange, passive=True)
    # Nobody can bind between the new exchange and the first message to it: the journal knows.
    assert_confirmed_once(here)


# --- brokers that go away ------------------------------------------------------------------------------------------

# It starts a virtual machine of its own for each call, which on a busy machine takes long.
needs_rabbitmqctl = pytest.mark.timeout(120)


def test_a_broker_that_is_away_at_the_start_is_waited_for(
    amqp_url: str, site: Callable[..., Site], exchange: str
) -> None:
    with Proxy(amqp_url) as proxy, Consumer(amqp_url, exchange) as consumer:
        here = site()
        here.publish_to(proxy.url, Exchange=exchange)
        here.ask(3)
        until(lambda: here.problem == "Connection refused")
        assert (here.cloud.broker_state, here.outbox["waiting"]) == ("waiting", 21)
        proxy.listen()
        messages = consumer.take(21)
        assert_complete(messages, 3)
        assert here.problem is None


@needs_rabbitmqctl
def test_a_broker_that_restarts_gets_everything(rabbitmq: RabbitNode, site: Callable[..., Site], exchange: str) -> None:
    here = site()
    with Consumer(rabbitmq.url, exchange, queue=exchange):
        here.publish_to(rabbitmq.url, Exchange=exchange)
        here.wait_connected()
    with here.being_asked():
        here.wait_for_confirms(20)
        rabbitmq.stop()
        try:
            until(lambda: here.cloud.broker_state == "waiting")
            asked = here.asked
            until(lambda: here.asked > asked + 5)
        finally:
            rabbitmq.start()
        here.wait_connected()
    here.wait_empty()
    with Consumer(rabbitmq.url, exchange, queue=exchange) as consumer:
        assert_complete(take_all(consumer, here.asked), here.asked)
        consumer.forget()
    assert_confirmed_once(here)


@needs_rabbitmqctl
def test_connections_that_the_broker_closes_under_load_lose_nothing(
    rabbitmq: RabbitNode, site: Callable[..., Site], exchange: str
) -> None:
    here = site()
    with Consumer(rabbitmq.url, exchange, queue=exchange):
        here.publish_to(rabbitmq.url, Exchange=exchange)
        here.wait_connected()
    with here.being_asked():
        for _ in range(2):
            here.wait_for_confirms(20)
            rabbitmq.ctl("close_all_connections", "a test")
    here.wait_empty()
    with Consumer(rabbitmq.url, exchange, queue=exchange) as consumer:
        assert_complete(take_all(consumer, here.asked), here.asked)
        consumer.forget()
    assert_confirmed_once(here)


def test_what_was_not_confirmed_goes_first(amqp_url: str, site: Callable[..., Site], exchange: str) -> None:
    with Proxy(amqp_url) as proxy, Consumer(amqp_url, exchange) as consumer:
        proxy.listen()
        here = site()
        here.publish_to(proxy.url, Exchange=exchange)
        here.wait_connected()
        proxy.hang()
        here.ask()
        until(lambda: len(here.entries("amqp.publish")) == 7)
        here.publish_to(amqp_url, Exchange=exchange)
        here.ask()
        messages = consumer.take(14)
        assert [entry.path for entry in here.entries("amqp.publish")[7:]] == [one.routing_key for one in messages]
        assert_complete(messages, 2)
        here.wait_empty()
    assert_confirmed_once(here)


@needs_rabbitmqctl
def test_a_broker_that_blocks_publishers_is_waited_for(
    rabbitmq: RabbitNode, site: Callable[..., Site], exchange: str
) -> None:
    with Consumer(rabbitmq.url, exchange) as consumer:
        here = site()
        here.publish_to(rabbitmq.url, Exchange=exchange)
        here.wait_connected()
        rabbitmq.ctl("set_vm_memory_high_watermark", "0.0000001")
        try:
            here.ask_until_blocked()
            here.ask(3)
            assert here.cloud.broker_state == "connected"
            assert here.outbox["waiting"] > 0
        finally:
            rabbitmq.ctl("set_vm_memory_high_watermark", "1.0")
        assert_complete(consumer.take(7 * here.asked), here.asked)
        here.wait_empty()
        assert here.problem is None
    assert_confirmed_once(here)


def test_a_message_that_the_broker_refuses_is_sent_until_it_takes_it(
    amqp_url: str, site: Callable[..., Site], exchange: str
) -> None:
    full = {"x-max-length": 3, "x-overflow": "reject-publish"}
    with Consumer(amqp_url, exchange, arguments=full) as consumer:
        here = site()
        here.publish_to(amqp_url, Exchange=exchange)
        here.wait_connected()
        here.ask()
        until(lambda: here.problem == "The broker refused a message")
        assert here.entries("amqp.refuse")
        messages: list[Delivery] = []
        deadline = time.monotonic() + 60
        while len(told(messages).get(subject(messages[0]), ())) < 5 if messages else True:
            assert time.monotonic() < deadline
            messages += consumer.take(consumer.waiting())
        here.wait_empty()
        messages += consumer.take(consumer.waiting())
        assert_complete(messages, 1)


# --- changes of the settings ---------------------------------------------------------------------------------------


def test_the_right_password_takes_effect_at_once(
    amqp_url: str, site: Callable[..., Site], exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It would be an hour until the next attempt.
    monkeypatch.setattr(publisher, "FIRST_PAUSE", 3_600.0)
    with Consumer(amqp_url, exchange) as consumer:
        here = site()
        here.publish_to(amqp_url, Exchange=exchange, Password="wrong")
        until(lambda: here.problem == "The broker refused user name or password")
        here.ask()
        here.publish_to(amqp_url, Exchange=exchange)
        messages = consumer.take(7)
        assert_complete(messages, 1)


def test_a_backlog_goes_to_the_new_broker(amqp_url: str, site: Callable[..., Site], exchange: str) -> None:
    with (
        Broker(vhosts=["tenants"]) as other,
        Proxy(amqp_url) as proxy,
        Consumer(amqp_url, exchange) as old,
        Consumer(other.url, "other") as new,
    ):
        proxy.listen()
        here = site()
        here.publish_to(proxy.url, Exchange=exchange)
        here.ask()
        assert_complete(old.take(7), 1)
        here.wait_empty()
        proxy.refuse()
        here.ask(2)
        here.publish_to(other.url, Exchange="other")
        here.ask()
        assert_complete(new.take(21), 3)
        here.wait_empty()
        assert old.waiting() == 0
        assert {entry.method for entry in here.entries("amqp.publish")} == {exchange, "other"}


def test_a_connected_cloud_moves_to_another_exchange(amqp_url: str, site: Callable[..., Site], exchange: str) -> None:
    with Consumer(amqp_url, exchange) as old, Consumer(amqp_url, f"{exchange}-2") as new:
        here = site()
        here.publish_to(amqp_url, Exchange=exchange)
        here.ask()
        assert_complete(old.take(7), 1)
        here.publish_to(amqp_url, Exchange=f"{exchange}-2")
        here.ask()
        assert_complete(new.take(7), 1)
        assert old.waiting() == 0


def test_without_a_host_nothing_is_queued_but_all_is_journalled(
    amqp_url: str, site: Callable[..., Site], exchange: str
) -> None:
    with Proxy(amqp_url) as proxy, Consumer(amqp_url, exchange) as consumer:
        here = site()
        here.publish_to(proxy.url, Exchange=exchange)
        here.ask()
        until(lambda: here.problem is not None)
        here.publish_to(amqp_url, Exchange=exchange, Host="")
        assert here.cloud.broker_state == "off"
        here.ask()
        until(lambda: len(here.entries("amqp.undelivered")) == 14)
        assert (here.outbox["waiting"], here.outbox["lost"], here.problem) == (0, 0, None)
        assert not here.entries("amqp.publish")
        here.publish_to(amqp_url, Exchange=exchange)
        here.ask()
        assert_complete(consumer.take(7), 1)


def test_a_reset_goes_back_to_the_first_broker(amqp_url: str, site: Callable[..., Site], exchange: str) -> None:
    with Consumer(amqp_url, "systemExchange") as consumer:
        here = site(amqp_url)
        here.publish_to(amqp_url, Exchange=exchange, Password="wrong")
        here.ask()
        here.cloud.reset()
        here.wait_connected()
        assert here.outbox["waiting"] == 0
        here.alice.login()
        ask(here.alice, "web-01")
        assert consumer.take(4)[0].event == "vapp.create_request"


# --- the journal ---------------------------------------------------------------------------------------------------


def test_each_message_stands_in_the_journal_with_its_confirm(
    amqp_url: str, site: Callable[..., Site], exchange: str
) -> None:
    here = site()
    here.publish_to(amqp_url, Exchange=exchange)
    here.wait_connected()
    with Consumer(amqp_url, exchange) as consumer:
        here.ask(20)
        messages = consumer.take(140)
        here.wait_empty()
        assert [entry.path for entry in here.entries("amqp.publish")] == [one.routing_key for one in messages]
        assert [entry.body for entry in here.entries("amqp.publish")] == [one.body for one in messages]
        assert [dict(entry.headers) for entry in here.entries("amqp.publish")] == [
            one.properties.headers for one in messages
        ]
    assert_confirmed_once(here)


# --- stopping ------------------------------------------------------------------------------------------------------


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


@contextmanager
def stops_quickly(cloud: Gatepost, before: set[str]) -> Iterator[None]:
    yield
    began = time.monotonic()
    cloud.stop()
    assert time.monotonic() - began < 30
    until(lambda: threads() <= before)


@pytest.mark.parametrize("broker", ["away", "silent", "hung with messages", "hung"])
def test_stop_does_not_wait_for_a_broker_that_does_not_answer(
    amqp_url: str, site: Callable[..., Site], exchange: str, broker: str
) -> None:
    with Proxy(amqp_url) as proxy:
        before = threads()
        if broker != "away":
            proxy.listen()
        if broker == "silent":
            proxy.hang()
        here = site()
        here.publish_to(proxy.url, Exchange=exchange)
        if broker == "away":
            until(lambda: here.problem)
        elif broker != "silent":
            here.wait_connected()
            proxy.hang()
        with stops_quickly(here.cloud, before):
            if broker != "hung":
                here.ask(5)


def test_stop_does_not_wait_for_a_broker_that_blocks(site: Callable[..., Site], exchange: str) -> None:
    with Broker() as broker:
        before = threads()
        here = site()
        here.publish_to(broker.url, Exchange=exchange)
        here.wait_connected()
        broker.levers.block_publishers()
        with stops_quickly(here.cloud, before):
            here.ask_until_blocked()


def test_stop_lets_the_last_messages_out(amqp_url: str, site: Callable[..., Site], exchange: str) -> None:
    with Consumer(amqp_url, exchange) as consumer:
        here = site()
        here.publish_to(amqp_url, Exchange=exchange)
        here.wait_connected()
        here.ask(10)
        here.cloud.stop()
        assert_complete(consumer.take(70), 10)


def test_a_world_that_has_stopped_takes_events_and_settings_in_silence(
    amqp_url: str, site: Callable[..., Site]
) -> None:
    here = site(amqp_url)
    here.wait_connected()
    here.cloud.stop()
    here.cloud.stop()
    here.cloud.reset()
