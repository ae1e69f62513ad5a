"""JSON notifications beside the XML ones: bytes, exchange, and the same guarantees (reference, 6.2 and 6.6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from lxml import etree
from pika.adapters.blocking_connection import BlockingChannel

from gatepost import Gatepost
from tests.support.client import VcloudClient
from tests.support.consumer import Consumer, Delivery
from tests.support.proxy import Proxy
from tests.support.site import Site, assert_complete, assert_confirmed_once, take_all, told
from tests.support.tenant import ask, the
from tests.support.waiting import until
from tools.rabbitmq_node import RabbitNode

Connect = Callable[..., VcloudClient]
MakeSite = Callable[..., Site]


class Ears:
    """Hears both exchanges of an installation: `exchange` and, with the same word as its prefix, the JSON one."""

    def __init__(self, amqp_url: str, exchange: str) -> None:
        self.xml = Consumer(amqp_url, exchange)
        self.json = Consumer(amqp_url, f"{exchange}.notifications20")

    def hear(self, count: int) -> tuple[list[Delivery], list[Delivery]]:
        """The next messages of each exchange."""
        return self.xml.take(count), self.json.take(count)


@pytest.fixture
def ears(amqp_url: str, exchange: str) -> Iterator[Ears]:
    both = Ears(amqp_url, exchange)
    with both.xml, both.json:
        yield both


@pytest.fixture
def both(site: MakeSite) -> MakeSite:
    """A site that tells everything in both formats, as it does out of the box."""
    return lambda broker=None, **settings: site(broker, **{"notifications.json": True, **settings})


# --- what is told ----------------------------------------------------------------------------------------------------


def test_every_event_is_told_in_both_formats(amqp_url: str, both: MakeSite, exchange: str, ears: Ears) -> None:
    here = both()
    here.publish_to(amqp_url, Exchange=exchange, Prefix=exchange)
    here.ask(3)
    in_xml, in_json = ears.hear(21)
    assert_complete(in_xml, 3)
    for xml, other in zip(in_xml, in_json, strict=True):
        assert (other.routing_key, other.properties.headers) == (xml.routing_key, xml.properties.headers)
        assert other.properties.message_id == xml.properties.message_id
        assert other.properties.content_type == "application/json"
        assert (other.properties.content_encoding, other.properties.delivery_mode) == ("UTF-8", 2)
        body = etree.fromstring(xml.body)
        links = {link.get("rel"): link.get("id") for link in body.iter("{*}EntityLink")}
        expected = {
            "eventId": body.get("eventId"),
            "type": body.get("type"),
            "timestamp": the(body, "Timestamp").text,
            "operationSuccess": the(body, "OperationSuccess").text == "true",
            "user": links["down"],
            "org": links["up"],
            "entity": links["entity"],
        }
        if "task" in links:
            expected |= {"task": links["task"], "taskOwner": links["task:owner"]}
        assert json.loads(other.body) == expected
        assert list(json.loads(other.body)) == list(expected)


def test_a_blocking_task_and_a_failure_in_json(
    amqp_url: str, make_world: Callable[..., Gatepost], connect: Connect
) -> None:
    with Consumer(amqp_url, "vcd.notifications20") as consumer:
        cloud = make_world(broker=amqp_url, settings={"work.scale": 0})
        vapp, task = ask(connect(cloud), "web-01")
        asked = json.loads(consumer.take(4)[-1].body)
        assert asked["type"] == "com/vmware/vcloud/event/blockingtask/create"
        assert asked["entity"].startswith("urn:vcloud:blockingTask:")
        assert asked["task"] == f"urn:vcloud:task:{task[-36:]}"
        assert asked["taskOwner"] == f"urn:vcloud:vapp:{vapp[-36:]}"
        administrator = connect(cloud, "administrator@System")
        administrator.fail(f"/api/admin/extension/blockingTask/{asked['entity'][-36:]}")
        failed = [json.loads(message.body) for message in consumer.take(4)]
        assert [one["operationSuccess"] for one in failed] == [True, False, False, False]


# --- which formats ---------------------------------------------------------------------------------------------------


def test_json_on_the_main_exchange_too(amqp_url: str, both: MakeSite, exchange: str, ears: Ears) -> None:
    here = both(**{"notifications.json_on_main": True})
    here.publish_to(amqp_url, Exchange=exchange, Prefix=exchange)
    here.ask()
    on_main, in_json = ears.xml.take(14), ears.json.take(7)
    for format in ("xml", "json"):
        in_it = [message for message in on_main if message.properties.content_type == f"application/{format}"]
        assert_complete(in_it, 1)
        assert [message.routing_key for message in in_it] == [message.routing_key for message in in_json]
    here.wait_empty()
    assert (here.outbox["confirmed"], ears.json.waiting()) == (21, 0)
    assert_confirmed_once(here)


@pytest.mark.parametrize("format", ["xml", "json"])
def test_one_format_alone(amqp_url: str, both: MakeSite, exchange: str, ears: Ears, format: str) -> None:
    other = "json" if format == "xml" else "xml"
    here = both(**{f"notifications.{other}": False})
    here.publish_to(amqp_url, Exchange=exchange, Prefix=exchange)
    here.ask()
    heard, silent = (ears.xml, ears.json) if format == "xml" else (ears.json, ears.xml)
    assert_complete(heard.take(7), 1)
    here.wait_empty()
    assert (here.outbox["confirmed"], silent.waiting()) == (7, 0)


def test_a_format_can_be_switched_on_while_connected(
    amqp_url: str, site: MakeSite, exchange: str, channel: BlockingChannel
) -> None:
    here = site()
    here.publish_to(amqp_url, Exchange=exchange, Prefix=exchange)
    here.wait_connected()
    here.ask()
    here.wait_empty()
    here.cloud.settings.update({"notifications.json": True})
    here.ask()
    here.wait_empty()
    # Nobody could bind before; now it is there.
    channel.exchange_declare(f"{exchange}.notifications20", passive=True)
    with Consumer(amqp_url, f"{exchange}.notifications20") as consumer:
        here.ask()
        assert_complete(consumer.take(7), 1)
    assert here.problem is None
    assert_confirmed_once(here)


def test_a_server_of_1_5_tells_nothing_in_json(amqp_url: str, both: MakeSite, exchange: str, ears: Ears) -> None:
    here = both(**{"vcloud.versions": ["1.5", "5.5"]})
    here.cloud.settings.update({"vcloud.versions": ["1.5"]})
    here.alice.login(version="1.5")
    here.administrator.login("administrator@System", version="1.5")
    here.wait_empty()
    here.publish_to(amqp_url, Exchange=exchange, Prefix=exchange)
    here.ask()
    assert_complete(ears.xml.take(7), 1)
    here.wait_empty()
    assert (here.outbox["confirmed"], ears.json.waiting()) == (7, 0)


# --- the exchange ----------------------------------------------------------------------------------------------------


def test_it_is_made_before_anything_is_told(
    amqp_url: str, both: MakeSite, exchange: str, channel: BlockingChannel
) -> None:
    here = both()
    here.publish_to(amqp_url, Exchange=exchange, Prefix=exchange)
    here.wait_connected()
    name = f"{exchange}.notifications20"
    # A broker refuses a declaration that differs from what is there.
    channel.exchange_declare(name, exchange_type="topic", durable=True, auto_delete=False, internal=False)


def test_one_that_is_there_is_used_as_it_is(
    amqp_url: str, both: MakeSite, exchange: str, channel: BlockingChannel
) -> None:
    name = f"{exchange}.notifications20"
    channel.exchange_declare(name, exchange_type="fanout", durable=False)
    with Consumer(amqp_url, name, declare=False) as consumer:
        here = both()
        here.publish_to(amqp_url, Exchange=exchange, Prefix=exchange)
        here.ask()
        assert_complete(consumer.take(7), 1)
    channel.exchange_delete(name)


def test_two_installations_on_one_broker_do_not_hear_each_other(
    amqp_url: str, both: MakeSite, exchange: str, ears: Ears
) -> None:
    here, there = both(), both()
    here.publish_to(amqp_url, Exchange=exchange, Prefix=exchange)
    there.publish_to(amqp_url, Exchange=f"{exchange}-2", Prefix=f"{exchange}-2")
    there.ask()
    there.wait_empty()
    here.ask()
    assert_complete(ears.json.take(7), 1)
    here.wait_empty()
    assert ears.json.waiting() == 0


# --- at least once, in order -----------------------------------------------------------------------------------------


def test_what_was_not_confirmed_goes_first(amqp_url: str, both: MakeSite, exchange: str, ears: Ears) -> None:
    with Proxy(amqp_url) as proxy:
        proxy.listen()
        here = both()
        here.publish_to(proxy.url, Exchange=exchange, Prefix=exchange)
        here.wait_connected()
        proxy.hang()
        here.ask()
        until(lambda: len(here.entries("amqp.publish")) == 14)
        here.publish_to(amqp_url, Exchange=exchange, Prefix=exchange)
        here.ask()
        for messages in ears.hear(14):
            published = here.entries("amqp.publish")[14:]
            sent = [entry.path for entry in published if entry.body in {message.body for message in messages}]
            assert sent == [message.routing_key for message in messages]
            assert_complete(messages, 2)
        here.wait_empty()
    assert_confirmed_once(here)


def test_an_exchange_that_is_deleted_is_made_again_and_nothing_is_lost(
    amqp_url: str, both: MakeSite, exchange: str, ears: Ears, channel: BlockingChannel
) -> None:
    here = both()
    here.publish_to(amqp_url, Exchange=exchange, Prefix=exchange)
    here.ask()
    ears.hear(7)
    here.wait_empty()
    channel.exchange_delete(f"{exchange}.notifications20")
    here.ask()
    here.wait_empty()
    channel.exchange_declare(f"{exchange}.notifications20", passive=True)
    assert_complete(ears.xml.take(ears.xml.waiting()), 1)
    assert_confirmed_once(here)


def test_a_refusal_of_one_format_keeps_the_order_of_both(
    amqp_url: str, both: MakeSite, exchange: str, channel: BlockingChannel
) -> None:
    full = {"x-max-length": 3, "x-overflow": "reject-publish"}
    name = f"{exchange}.notifications20"
    with Consumer(amqp_url, exchange) as in_xml, Consumer(amqp_url, name, arguments=full) as in_json:
        here = both()
        here.publish_to(amqp_url, Exchange=exchange, Prefix=exchange)
        here.ask()
        until(lambda: here.problem == "The broker refused a message")
        messages: list[Delivery] = []

        def all_told() -> bool:
            messages.extend(in_json.take(in_json.waiting()))
            return not here.outbox["waiting"] and sum(map(len, told(messages).values())) == 7

        until(all_told)
        assert_complete(messages, 1)
        assert_complete(in_xml.take(in_xml.waiting()), 1)


@pytest.mark.timeout(120)
def test_a_broker_that_restarts_gets_everything(rabbitmq: RabbitNode, both: MakeSite, exchange: str) -> None:
    here = both()
    names = (exchange, f"{exchange}.notifications20")
    for name in names:
        with Consumer(rabbitmq.url, name, queue=name):
            pass
    here.publish_to(rabbitmq.url, Exchange=exchange, Prefix=exchange)
    here.wait_connected()
    with here.being_asked():
        here.wait_for_confirms(40)
        rabbitmq.stop()
        try:
            until(lambda: here.cloud.broker_state == "waiting")
            asked = here.asked
            until(lambda: here.asked > asked + 5)
        finally:
            rabbitmq.start()
        here.wait_connected()
    here.wait_empty()
    for name in names:
        with Consumer(rabbitmq.url, name, queue=name) as consumer:
            assert_complete(take_all(consumer, here.asked), here.asked)
            consumer.forget()
    assert_confirmed_once(here)
