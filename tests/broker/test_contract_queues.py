"""Queues: declaring, purging and deleting them, who may, and when they go by themselves."""

from __future__ import annotations

from typing import Any

import pytest
from pika import spec

from tests.support.amqp_client import Channel, Dial, Message, Name, Refusal, until

LOCKED = (
    "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '{q}' in vhost '/'. "
    "It could be originally declared on another connection or the exclusive property value does not match that "
    "of the original declaration."
)


def refused(channel: Channel, method: Any, code: int, text: str) -> None:
    assert channel.refusal(method) == Refusal("channel", code, text, method.NAME)


# ------------------------------------------------------------------ declaring


def test_declare_tells_messages_and_consumers(channel: Channel, name: Name) -> None:
    declare = spec.Queue.Declare(queue=name("q"))
    first = channel.call(declare, spec.Queue.DeclareOk)
    assert (first.queue, first.message_count, first.consumer_count) == (name("q"), 0, 0)
    channel.publish("", name("q"), b"1")
    channel.publish("", name("q"), b"2")
    assert channel.get(name("q"), no_ack=False) is not None
    second = channel.call(declare, spec.Queue.DeclareOk)
    assert (second.message_count, second.consumer_count) == (1, 0)
    channel.qos(1)
    channel.consume(name("q"))
    assert channel.consumers(name("q")) == 1


def test_the_server_names_what_has_no_name(channel: Channel) -> None:
    one, two = channel.queue(exclusive=True), channel.queue(exclusive=True)
    assert one != two
    assert one.startswith("amq.gen-")
    assert channel.count(one) == 0


def test_declaring_again_with_the_same_arguments_changes_nothing(channel: Channel, name: Name) -> None:
    for _ in range(2):
        channel.queue(name("q"), durable=True, arguments={"x-message-ttl": 60_000, "own": "word"})


def test_passive_declare_looks_at_the_name_alone(channel: Channel, name: Name) -> None:
    channel.queue(name("q"), durable=True, arguments={"x-max-length": 3})
    assert channel.queue(name("q"), passive=True, exclusive=False, arguments={"x-max-length": 4}) == name("q")


def test_passive_declare_of_an_unknown_queue(channel: Channel, name: Name) -> None:
    text = f"NOT_FOUND - no queue '{name('q')}' in vhost '/'"
    refused(channel, spec.Queue.Declare(queue=name("q"), passive=True), 404, text)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"durable": False}, "arg 'durable' for queue '{q}' in vhost '/': received 'false' but current is 'true'"),
        (
            {"auto_delete": True},
            "arg 'auto_delete' for queue '{q}' in vhost '/': received 'true' but current is 'false'",
        ),
    ],
    ids=["durable", "auto_delete"],
)
def test_declaring_with_other_flags_is_refused(
    channel: Channel, name: Name, change: dict[str, bool], difference: str
) -> None:
    channel.queue(name("q"), durable=True)
    again = spec.Queue.Declare(**{"queue": name("q"), "durable": True, **change})
    refused(channel, again, 406, "PRECONDITION_FAILED - inequivalent " + difference.format(q=name("q")))


def test_declaring_as_exclusive_what_is_not(channel: Channel, name: Name) -> None:
    channel.queue(name("q"))
    refused(channel, spec.Queue.Declare(queue=name("q"), exclusive=True), 405, LOCKED.format(q=name("q")))


def test_declaring_as_shared_what_is_exclusive(channel: Channel, name: Name) -> None:
    channel.queue(name("q"), exclusive=True)
    refused(channel, spec.Queue.Declare(queue=name("q")), 405, LOCKED.format(q=name("q")))


ARGUMENTS: dict[str, tuple[Any, Any, str, str, str]] = {
    # argument: value, another value, and what the broker calls them and their type
    "x-message-ttl": (1000, 2000, "1000", "2000", "signedint"),
    "x-expires": (60_000, 70_000, "60000", "70000", "signedint"),
    "x-max-length": (10, 20, "10", "20", "signedint"),
    "x-max-length-bytes": (10, 20, "10", "20", "signedint"),
    "x-dead-letter-exchange": ("one", "two", "one", "two", "longstr"),
    "x-overflow": ("drop-head", "reject-publish", "drop-head", "reject-publish", "longstr"),
}


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_declaring_with_another_argument_is_refused(channel: Channel, name: Name, argument: str) -> None:
    one, two, current, received, _ = ARGUMENTS[argument]
    channel.queue(name("q"), arguments={argument: one})
    text = (
        f"PRECONDITION_FAILED - inequivalent arg '{argument}' for queue '{name('q')}' in vhost '/': "
        f"received '{received}' but current is '{current}'"
    )
    refused(channel, spec.Queue.Declare(queue=name("q"), arguments={argument: two}), 406, text)


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_declaring_with_an_argument_more_is_refused(channel: Channel, name: Name, argument: str) -> None:
    _, two, _, received, kind = ARGUMENTS[argument]
    channel.queue(name("q"))
    text = (
        f"PRECONDITION_FAILED - inequivalent arg '{argument}' for queue '{name('q')}' in vhost '/': "
        f"received the value '{received}' of type '{kind}' but current is none"
    )
    refused(channel, spec.Queue.Declare(queue=name("q"), arguments={argument: two}), 406, text)


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_declaring_with_an_argument_less_is_refused(channel: Channel, name: Name, argument: str) -> None:
    one, _, current, _, kind = ARGUMENTS[argument]
    channel.queue(name("q"), arguments={argument: one})
    text = (
        f"PRECONDITION_FAILED - inequivalent arg '{argument}' for queue '{name('q')}' in vhost '/': "
        f"received none but current is the value '{current}' of type '{kind}'"
    )
    refused(channel, spec.Queue.Declare(queue=name("q")), 406, text)


INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "negative ttl": (
        {"x-message-ttl": -1},
        "invalid arg 'x-message-ttl' for queue '{q}' in vhost '/': {{value_negative,-1}}",
    ),
    "ttl as text": (
        {"x-message-ttl": "1000"},
        "invalid arg 'x-message-ttl' for queue '{q}' in vhost '/': \"expected integer, got longstr\"",
    ),
    "expires at once": (
        {"x-expires": 0},
        "invalid arg 'x-expires' for queue '{q}' in vhost '/': {{value_zero,0}}",
    ),
    "negative length": (
        {"x-max-length": -1},
        "invalid arg 'x-max-length' for queue '{q}' in vhost '/': {{value_negative,-1}}",
    ),
    "dead-letter exchange as number": (
        {"x-dead-letter-exchange": 1},
        "invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue '{q}' in vhost '/'",
    ),
    "dead-letter key without exchange": (
        {"x-dead-letter-routing-key": "k"},
        "invalid arg 'x-dead-letter-routing-key' for queue '{q}' in vhost '/': routing_key_but_no_dlx_defined",
    ),
    "unknown overflow": (
        {"x-overflow": "spill"},
        "invalid arg 'x-overflow' for queue '{q}' in vhost '/': invalid_overflow",
    ),
}


@pytest.mark.parametrize("case", INVALID)
def test_invalid_arguments(channel: Channel, name: Name, case: str) -> None:
    arguments, text = INVALID[case]
    declare = spec.Queue.Declare(queue=name("q"), arguments=arguments)
    refused(channel, declare, 406, "PRECONDITION_FAILED - " + text.format(q=name("q")))


def test_names_of_the_broker_are_reserved(channel: Channel) -> None:
    text = "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'"
    refused(channel, spec.Queue.Declare(queue="amq.mine"), 403, text)


def test_no_wait_is_answered_by_nothing(channel: Channel, name: Name) -> None:
    channel.send(spec.Queue.Declare(queue=name("q"), nowait=True))
    channel.publish("", name("q"), b"1")
    assert channel.count(name("q")) == 1
    channel.send(spec.Queue.Purge(queue=name("q"), nowait=True))
    assert channel.count(name("q")) == 0
    channel.send(spec.Queue.Delete(queue=name("q"), nowait=True))
    assert channel.refusal(spec.Queue.Declare(queue=name("q"), passive=True)).code == 404


# ------------------------------------------------------------------ purging and deleting


def test_purge_takes_what_is_ready_and_tells_how_many(channel: Channel, name: Name) -> None:
    channel.queue(name("q"))
    for body in (b"1", b"2", b"3"):
        channel.publish("", name("q"), body)
    held = channel.get(name("q"), no_ack=False)
    assert held is not None
    assert channel.call(spec.Queue.Purge(queue=name("q")), spec.Queue.PurgeOk).message_count == 2
    channel.nack(held.tag)
    channel.settle(name("q"))
    assert channel.bodies(name("q")) == [b"1"]


def test_purging_an_unknown_queue(channel: Channel, name: Name) -> None:
    text = f"NOT_FOUND - no queue '{name('q')}' in vhost '/'"
    refused(channel, spec.Queue.Purge(queue=name("q")), 404, text)


def test_delete_tells_how_many_were_ready(channel: Channel, name: Name) -> None:
    channel.queue(name("q"))
    for body in (b"1", b"2", b"3"):
        channel.publish("", name("q"), body)
    channel.get(name("q"), no_ack=False)
    assert channel.delete(name("q")) == 2


def test_deleting_what_is_not_there_succeeds(channel: Channel, name: Name) -> None:
    for flags in ({}, {"if_unused": True}, {"if_empty": True}):
        delete = spec.Queue.Delete(queue=name("never"), **flags)
        assert channel.call(delete, spec.Queue.DeleteOk).message_count == 0


def test_delete_if_empty(dial: Dial, name: Name) -> None:
    connection = dial()
    channel = connection.channel()
    channel.queue(name("q"))
    channel.publish("", name("q"), b"1")
    text = f"PRECONDITION_FAILED - queue '{name('q')}' in vhost '/' not empty"
    refused(channel, spec.Queue.Delete(queue=name("q"), if_empty=True), 406, text)
    again = connection.channel()
    assert again.bodies(name("q")) == [b"1"]
    again.call(spec.Queue.Delete(queue=name("q"), if_empty=True), spec.Queue.DeleteOk)


def test_delete_if_unused(dial: Dial, name: Name) -> None:
    connection = dial()
    consumer, channel = connection.channel(), connection.channel()
    channel.queue(name("q"))
    tag = consumer.consume(name("q"))
    text = f"PRECONDITION_FAILED - queue '{name('q')}' in vhost '/' in use"
    refused(channel, spec.Queue.Delete(queue=name("q"), if_unused=True), 406, text)
    consumer.cancel(tag)
    consumer.call(spec.Queue.Delete(queue=name("q"), if_unused=True), spec.Queue.DeleteOk)


def test_a_queue_that_comes_back_is_a_new_one(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"))
    channel.queue(name("q"))
    channel.bind(name("q"), name("x"), "k")
    channel.publish("", name("q"), b"old")
    channel.delete(name("q"))
    channel.queue(name("q"))
    channel.publish(name("x"), "k", b"unbound")
    channel.publish("", name("q"), b"new")
    assert channel.bodies(name("q")) == [b"new"]


# ------------------------------------------------------------------ exclusive and auto-delete


@pytest.mark.parametrize(
    "make",
    [
        lambda queue: spec.Queue.Declare(queue=queue, exclusive=True),
        lambda queue: spec.Queue.Declare(queue=queue, passive=True),
        lambda queue: spec.Queue.Bind(queue=queue, exchange="amq.topic", routing_key="k"),
        lambda queue: spec.Queue.Purge(queue=queue),
        lambda queue: spec.Queue.Delete(queue=queue),
        lambda queue: spec.Basic.Get(queue=queue),
        lambda queue: spec.Basic.Consume(queue=queue),
    ],
    ids=["declare", "passive", "bind", "purge", "delete", "get", "consume"],
)
def test_an_exclusive_queue_is_locked_for_other_connections(dial: Dial, name: Name, make: Any) -> None:
    owner, other = dial().channel(), dial().channel()
    owner.queue(name("q"), exclusive=True)
    refused(other, make(name("q")), 405, LOCKED.format(q=name("q")))
    assert owner.count(name("q")) == 0


def test_anyone_may_publish_to_an_exclusive_queue(dial: Dial, name: Name) -> None:
    owner, other = dial().channel(), dial().channel()
    owner.queue(name("q"), exclusive=True)
    other.confirm()
    other.publish("", name("q"), b"1", mandatory=True)
    assert isinstance(other.event(), spec.Basic.Ack)
    assert owner.bodies(name("q")) == [b"1"]


def test_an_exclusive_queue_is_shared_by_the_channels_of_its_connection(dial: Dial, name: Name) -> None:
    connection = dial()
    connection.channel().queue(name("q"), exclusive=True)
    assert connection.channel().count(name("q")) == 0


@pytest.mark.parametrize("how", ["close", "drop"])
def test_an_exclusive_queue_goes_with_its_connection(dial: Dial, name: Name, how: str) -> None:
    connection = dial()
    connection.channel().queue(name("q"), exclusive=True, durable=True)
    if how == "close":
        connection.close()
    else:
        connection.wire.close()
    await_gone(dial, name("q"))


def test_an_auto_delete_queue_goes_with_its_last_consumer(dial: Dial, name: Name) -> None:
    connection = dial()
    channel, other = connection.channel(), connection.channel()
    channel.queue(name("q"), auto_delete=True)
    channel.publish("", name("q"), b"1")
    tags = [channel.consume(name("q")), other.consume(name("q"))]
    channel.cancel(tags[0])
    assert other.consumers(name("q")) == 1
    other.cancel(tags[1])
    await_gone(dial, name("q"))


def test_an_auto_delete_queue_stays_until_it_was_consumed_once(channel: Channel, name: Name) -> None:
    channel.queue(name("q"), auto_delete=True)
    channel.publish("", name("q"), b"1")
    assert channel.bodies(name("q")) == [b"1"]
    assert channel.bodies(name("q")) == []


@pytest.mark.parametrize("how", ["channel", "connection"])
def test_an_auto_delete_queue_goes_when_its_consumer_closes(dial: Dial, name: Name, how: str) -> None:
    connection = dial()
    channel = connection.channel()
    channel.queue(name("q"), auto_delete=True)
    channel.consume(name("q"))
    if how == "channel":
        channel.close()
    else:
        connection.close()
    await_gone(dial, name("q"))


def await_gone(dial: Dial, queue: str) -> None:
    connection = dial()
    until(lambda: not connection.has_queue(queue), f"{queue} is gone")


# ------------------------------------------------------------------ order


def test_first_in_first_out(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    bodies = [b"%d" % n for n in range(50)]
    for body in bodies:
        channel.publish("", queue, body)
    assert channel.bodies(queue) == bodies


def test_get_tells_how_many_are_left(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    for body in (b"1", b"2", b"3"):
        channel.publish("", queue, body)
    found = [channel.get(queue) for _ in range(4)]
    assert [message.method.message_count for message in found if isinstance(message, Message)] == [2, 1, 0]
    assert found[3] is None
