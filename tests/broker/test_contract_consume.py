"""Taking messages: get and consume, acknowledging, prefetch, and what goes back where."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from pika import spec

from tests.support.amqp_client import ALL_CAPABILITIES, Channel, Dial, Message, Name, Refusal, until


def refused(channel: Channel, method: Any, code: int, text: str) -> None:
    assert channel.refusal(method) == Refusal("channel", code, text, method.NAME)


def fill(channel: Channel, queue: str, *bodies: str) -> None:
    for body in bodies:
        channel.publish("", queue, body.encode())


def told(events: list[Any]) -> list[str]:
    """Bodies of deliveries, a redelivered one with a mark."""
    return [event.body.decode() + ("!" if event.redelivered else "") for event in events]


def take(channel: Channel, count: int) -> list[Message]:
    return [channel.event() for _ in range(count)]


# ------------------------------------------------------------------ get


def test_get(channel: Channel, name: Name) -> None:
    channel.queue(name("q"))
    fill(channel, name("q"), "1", "2")
    message = channel.get(name("q"), no_ack=False)
    assert message is not None
    method = message.method
    assert (method.delivery_tag, method.redelivered, method.message_count) == (1, False, 1)
    assert (method.exchange, method.routing_key) == ("", name("q"))


def test_get_from_an_empty_queue(channel: Channel) -> None:
    assert channel.get(channel.queue(exclusive=True)) is None


def test_get_from_an_unknown_queue(channel: Channel, name: Name) -> None:
    refused(channel, spec.Basic.Get(queue=name("q")), 404, f"NOT_FOUND - no queue '{name('q')}' in vhost '/'")


def test_get_counts_tags_with_no_ack_too(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    fill(channel, queue, "1", "2", "3")
    found = [channel.get(queue, no_ack=flag) for flag in (True, False, True)]
    assert [message.tag for message in found if message] == [1, 2, 3]
    text = "PRECONDITION_FAILED - unknown delivery tag 1"
    refused(channel, spec.Basic.Ack(1), 406, text)


def test_get_does_not_look_at_prefetch(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.qos(1)
    fill(channel, queue, "1", "2")
    assert channel.get(queue, no_ack=False) is not None
    assert channel.get(queue, no_ack=False) is not None


# ------------------------------------------------------------------ consume


def test_deliveries_carry_what_was_published(channel: Channel, name: Name) -> None:
    queue = channel.queue(exclusive=True)
    channel.bind(queue, "amq.topic", name("k"))
    tag = channel.consume(queue)
    channel.publish("amq.topic", name("k"), b"1")
    method = channel.event().method
    assert (method.consumer_tag, method.delivery_tag, method.redelivered) == (tag, 1, False)
    assert (method.exchange, method.routing_key) == ("amq.topic", name("k"))


def test_the_server_names_consumers(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    tags = {channel.consume(queue) for _ in range(3)}
    assert len(tags) == 3
    assert all(tag.startswith("amq.ctag-") for tag in tags)


def test_the_client_names_consumers(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    assert channel.consume(queue, "mine ü") == "mine ü"
    assert channel.connection.channel().consume(queue, "mine ü") == "mine ü"


def test_a_consumer_tag_in_use_closes_the_connection(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.consume(queue, "mine")
    refusal = channel.refusal(spec.Basic.Consume(queue=queue, consumer_tag="mine"))
    text = "NOT_ALLOWED - attempt to reuse consumer tag 'mine'"
    assert refusal == Refusal("connection", 530, text, "Basic.Consume")


def test_consuming_from_an_unknown_queue(channel: Channel, name: Name) -> None:
    refused(channel, spec.Basic.Consume(queue=name("q")), 404, f"NOT_FOUND - no queue '{name('q')}' in vhost '/'")


def test_what_waits_is_delivered_after_consume_ok(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    fill(channel, queue, "1", "2", "3")
    channel.consume(queue)
    assert told(take(channel, 3)) == ["1", "2", "3"]


def test_consume_no_wait(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    fill(channel, queue, "1")
    channel.send(spec.Basic.Consume(queue=queue, consumer_tag="mine", nowait=True))
    assert channel.event().method.consumer_tag == "mine"
    channel.send(spec.Basic.Cancel("mine", nowait=True))
    fill(channel, queue, "2")
    assert channel.settle(queue) == []
    assert channel.count(queue) == 1


def test_no_ack_leaves_nothing_behind(dial: Dial, name: Name) -> None:
    channel = dial().channel()
    channel.queue(name("q"))
    channel.consume(name("q"), no_ack=True)
    fill(channel, name("q"), "1", "2")
    assert told(take(channel, 2)) == ["1", "2"]
    channel.close()
    assert dial().channel().bodies(name("q")) == []


def test_no_ack_does_not_look_at_prefetch(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.qos(1)
    channel.consume(queue, no_ack=True)
    fill(channel, queue, "1", "2", "3")
    assert told(take(channel, 3)) == ["1", "2", "3"]


def test_a_consumer_takes_messages_of_all_senders_in_order_of_each(dial: Dial) -> None:
    connection = dial()
    receiver = connection.channel()
    queue = receiver.queue(exclusive=True)
    receiver.consume(queue)
    senders = [dial().channel() for _ in range(3)]
    for n in range(10):
        for index, sender in enumerate(senders):
            sender.publish("", queue, b"%d-%d" % (index, n))
    bodies = [message.body.decode() for message in take(receiver, 30)]
    for index in range(3):
        assert [body for body in bodies if body.startswith(f"{index}-")] == [f"{index}-{n}" for n in range(10)]


def test_no_local_is_ignored(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.consume(queue, no_local=True)
    fill(channel, queue, "mine")
    assert told(take(channel, 1)) == ["mine"]


# ------------------------------------------------------------------ exclusive consumers


def test_an_exclusive_consumer_is_the_only_one(dial: Dial, name: Name) -> None:
    connection = dial()
    first = connection.channel()
    first.queue(name("q"))
    tag = first.consume(name("q"), exclusive=True)
    text = f"ACCESS_REFUSED - queue '{name('q')}' in vhost '/' in exclusive use"
    for exclusive in (True, False):
        consume = spec.Basic.Consume(queue=name("q"), exclusive=exclusive)
        refused(dial().channel(), consume, 403, text)
    first.cancel(tag)
    connection.channel().consume(name("q"), exclusive=True)


def test_an_exclusive_consumer_must_be_the_first(channel: Channel, name: Name) -> None:
    channel.queue(name("q"))
    channel.consume(name("q"))
    text = f"ACCESS_REFUSED - queue '{name('q')}' in vhost '/' in exclusive use"
    refused(channel, spec.Basic.Consume(queue=name("q"), exclusive=True), 403, text)


def test_others_may_get_beside_an_exclusive_consumer(dial: Dial, name: Name) -> None:
    connection = dial()
    consumer, getter = connection.channel(), connection.channel()
    consumer.queue(name("q"))
    consumer.qos(1)
    consumer.consume(name("q"), exclusive=True)
    fill(consumer, name("q"), "1", "2")
    assert told(take(consumer, 1)) == ["1"]
    assert getter.bodies(name("q")) == [b"2"]


# ------------------------------------------------------------------ cancel


def test_cancel_keeps_what_is_unacknowledged(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    tag = channel.consume(queue)
    fill(channel, queue, "1")
    [message] = take(channel, 1)
    channel.cancel(tag)
    fill(channel, queue, "2")
    assert channel.settle(queue) == []
    assert channel.count(queue) == 1
    channel.nack(message.tag)
    channel.settle(queue)
    assert channel.bodies(queue) == [b"1", b"2"]


def test_cancelling_an_unknown_consumer_succeeds(channel: Channel) -> None:
    assert channel.call(spec.Basic.Cancel("nobody"), spec.Basic.CancelOk).consumer_tag == "nobody"


def test_a_cancelled_tag_can_be_used_again(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    for _ in range(2):
        channel.consume(queue, "mine")
        channel.cancel("mine")


def test_consumers_are_told_when_their_queue_is_deleted(dial: Dial, name: Name) -> None:
    consumer, other = dial().channel(), dial().channel()
    consumer.queue(name("q"))
    tags = {consumer.consume(name("q")), consumer.consume(name("q"))}
    other.delete(name("q"))
    cancels: list[Any] = [consumer.event(), consumer.event()]
    assert {(cancel.NAME, cancel.consumer_tag) for cancel in cancels} == {("Basic.Cancel", tag) for tag in tags}
    # The tags are free again, and the channel is as good as before.
    consumer.queue(name("q"))
    for tag in tags:
        consumer.consume(name("q"), tag)


def test_a_client_that_cannot_be_told_is_not(dial: Dial, name: Name) -> None:
    consumer = dial(capabilities={**ALL_CAPABILITIES, "consumer_cancel_notify": False}).channel()
    consumer.queue(name("q"))
    consumer.consume(name("q"))
    consumer.delete(name("q"))
    assert consumer.settle(name("q")) == []


def test_acknowledging_after_the_queue_is_gone(channel: Channel, name: Name) -> None:
    channel.queue(name("q"))
    fill(channel, name("q"), "1", "2", "3")
    for _ in range(3):
        channel.get(name("q"), no_ack=False)
    channel.delete(name("q"))
    channel.ack(1)
    channel.nack(2)
    channel.reject(3, requeue=False)
    assert channel.settle() == []


# ------------------------------------------------------------------ prefetch


def test_prefetch_is_per_consumer(dial: Dial) -> None:
    channel = dial().channel()
    one, two = channel.queue(exclusive=True), channel.queue(exclusive=True)
    channel.qos(2)
    channel.consume(one)
    channel.consume(two)
    fill(channel, one, "a1", "a2", "a3")
    fill(channel, two, "b1", "b2", "b3")
    assert sorted(told(channel.settle(one, two))) == ["a1", "a2", "b1", "b2"]


def test_global_prefetch_is_for_the_whole_channel(dial: Dial) -> None:
    channel = dial().channel()
    one, two = channel.queue(exclusive=True), channel.queue(exclusive=True)
    channel.qos(3, whole_channel=True)
    channel.consume(one)
    channel.consume(two)
    fill(channel, one, "a1", "a2")
    channel.settle(one)
    fill(channel, two, "b1", "b2")
    events = channel.settle(one, two)
    assert told(events) == ["b1"]
    channel.ack(1)
    assert told(take(channel, 1)) == ["b2"]


def test_both_prefetches_hold_together(dial: Dial) -> None:
    channel = dial().channel()
    one, two = channel.queue(exclusive=True), channel.queue(exclusive=True)
    channel.qos(2)
    channel.qos(3, whole_channel=True)
    channel.consume(one)
    fill(channel, one, "a1", "a2", "a3")
    assert told(channel.settle(one)) == ["a1", "a2"]
    channel.consume(two)
    fill(channel, two, "b1", "b2")
    assert told(channel.settle(two)) == ["b1"]


def test_an_acknowledgement_makes_room_for_as_many(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.qos(3)
    channel.consume(queue)
    fill(channel, queue, *"1234567")
    assert told(channel.settle(queue)) == ["1", "2", "3"]
    channel.ack(2)
    assert told(channel.settle(queue)) == ["4"]
    channel.ack(4, multiple=True)
    assert told(channel.settle(queue)) == ["5", "6", "7"]


def test_prefetch_holds_for_consumers_that_come_after_it(channel: Channel) -> None:
    early, late = channel.queue(exclusive=True), channel.queue(exclusive=True)
    channel.consume(early)
    channel.qos(1)
    channel.consume(late)
    for queue in (early, late):
        fill(channel, queue, "1", "2")
    assert len(channel.settle(early, late)) == 3


def test_prefetch_of_nothing_is_no_limit(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.qos(1)
    channel.qos(0)
    channel.consume(queue)
    fill(channel, queue, *"12345")
    assert told(take(channel, 5)) == list("12345")


def test_raising_the_global_prefetch_lets_more_through(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.qos(1, whole_channel=True)
    channel.consume(queue)
    fill(channel, queue, "1", "2", "3")
    assert told(take(channel, 1)) == ["1"]
    assert channel.settle(queue) == []
    channel.qos(2, whole_channel=True)
    assert told(take(channel, 1)) == ["2"]
    channel.qos(0, whole_channel=True)
    assert told(take(channel, 1)) == ["3"]


def test_prefetch_size_is_refused(channel: Channel) -> None:
    refusal = channel.refusal(spec.Basic.Qos(prefetch_size=1, prefetch_count=1))
    text = "NOT_IMPLEMENTED - prefetch_size!=0 (1)"
    assert refusal == Refusal("connection", 540, text, "Basic.Qos")


# ------------------------------------------------------------------ acknowledging


def test_ack(dial: Dial, name: Name) -> None:
    channel = dial().channel()
    channel.queue(name("q"))
    fill(channel, name("q"), *"1234")
    channel.consume(name("q"))
    take(channel, 4)
    channel.ack(3)
    channel.ack(2, multiple=True)
    channel.round_trip()
    channel.close()
    other = dial().channel()
    until(lambda: other.count(name("q")) == 1, "what was unacknowledged is back")
    assert other.bodies(name("q")) == [b"4"]


@pytest.mark.parametrize("verb", ["nack", "reject"])
def test_requeue_goes_back_to_its_place_and_is_marked(channel: Channel, verb: str) -> None:
    queue = channel.queue(exclusive=True)
    fill(channel, queue, *"123")
    first = channel.get(queue, no_ack=False)
    assert first is not None
    channel.nack(first.tag) if verb == "nack" else channel.reject(first.tag)
    found = [channel.get(queue) for _ in range(3)]
    assert told(found) == ["1!", "2", "3"]


def test_requeue_in_any_order_restores_the_order(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    fill(channel, queue, *"12345")
    tags = [message.tag for _ in range(4) if (message := channel.get(queue, no_ack=False))]
    for tag in (tags[2], tags[0], tags[3], tags[1]):
        channel.reject(tag)
    channel.settle(queue)
    assert told([channel.get(queue) for _ in range(5)]) == ["1!", "2!", "3!", "4!", "5"]


def test_requeue_at_the_tail_keeps_its_place_before_later_ones(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    fill(channel, queue, "1", "2")
    tags = [message.tag for _ in range(2) if (message := channel.get(queue, no_ack=False))]
    fill(channel, queue, "3")
    channel.nack(tags[1])
    channel.settle(queue)
    assert told([channel.get(queue), channel.get(queue)]) == ["2!", "3"]


def test_nack_of_several(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    fill(channel, queue, *"1234")
    for _ in range(4):
        channel.get(queue, no_ack=False)
    channel.nack(3, multiple=True)
    channel.settle(queue)
    assert told([channel.get(queue) for _ in range(3)]) == ["1!", "2!", "3!"]
    assert channel.get(queue) is None


def test_tag_zero_with_multiple_means_all(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    fill(channel, queue, *"123")
    for _ in range(2):
        channel.get(queue, no_ack=False)
    channel.nack(0, multiple=True)
    channel.settle(queue)
    for _ in range(3):
        channel.get(queue, no_ack=False)
    channel.ack(0, multiple=True)
    channel.settle(queue)
    refused(channel, spec.Basic.Ack(5), 406, "PRECONDITION_FAILED - unknown delivery tag 5")


def test_tag_zero_with_multiple_and_nothing_open_is_accepted(channel: Channel) -> None:
    channel.ack(0, multiple=True)
    channel.nack(0, multiple=True)
    assert channel.settle() == []


@pytest.mark.parametrize(
    ("method", "tag"),
    [
        (spec.Basic.Ack(7), 7),
        (spec.Basic.Ack(7, True), 7),
        (spec.Basic.Nack(7), 7),
        (spec.Basic.Nack(7, True), 7),
        (spec.Basic.Reject(7), 7),
        (spec.Basic.Ack(0), 0),
        (spec.Basic.Reject(0), 0),
    ],
    ids=["ack", "ack multiple", "nack", "nack multiple", "reject", "ack 0", "reject 0"],
)
def test_an_unknown_tag_is_refused(channel: Channel, method: Any, tag: int) -> None:
    refused(channel, method, 406, f"PRECONDITION_FAILED - unknown delivery tag {tag}")


def test_acknowledging_twice_is_refused(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    fill(channel, queue, "1")
    channel.get(queue, no_ack=False)
    channel.ack(1)
    refused(channel, spec.Basic.Ack(1), 406, "PRECONDITION_FAILED - unknown delivery tag 1")


def test_tags_belong_to_their_channel(dial: Dial) -> None:
    connection = dial()
    one, two = connection.channel(), connection.channel()
    queue = one.queue(exclusive=True)
    fill(one, queue, "1")
    one.get(queue, no_ack=False)
    refused(two, spec.Basic.Ack(1), 406, "PRECONDITION_FAILED - unknown delivery tag 1")


def test_a_requeued_message_comes_again_to_the_consumer(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.qos(1)
    channel.consume(queue)
    fill(channel, queue, "1", "2")
    [first] = take(channel, 1)
    channel.nack(first.tag)
    [again] = take(channel, 1)
    assert told([first, again]) == ["1", "1!"]
    assert again.tag == 2


def test_reject_without_requeue_drops(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    fill(channel, queue, "1", "2", "3")
    for _ in range(2):
        channel.get(queue, no_ack=False)
    channel.reject(1, requeue=False)
    channel.nack(2, requeue=False)
    channel.settle(queue)
    assert channel.bodies(queue) == [b"3"]


@pytest.mark.parametrize("how", ["channel", "connection", "drop", "error"])
def test_what_is_open_goes_back_when_its_channel_ends(dial: Dial, name: Name, how: str) -> None:
    observer = dial().channel()
    observer.queue(name("q"))
    fill(observer, name("q"), *"123")
    observer.settle(name("q"))
    connection = dial()
    channel = connection.channel()
    channel.qos(2)
    channel.consume(name("q"))
    take(channel, 2)
    if how == "channel":
        channel.close()
    elif how == "connection":
        connection.close()
    elif how == "drop":
        connection.wire.close()
    else:
        channel.refusal(spec.Basic.Ack(99))
    until(lambda: observer.count(name("q")) == 3, "all are back")
    assert told([observer.get(name("q")) for _ in range(3)]) == ["1!", "2!", "3"]


# ------------------------------------------------------------------ recover


def test_recover_with_requeue(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    fill(channel, queue, *"123")
    for _ in range(2):
        channel.get(queue, no_ack=False)
    channel.call(spec.Basic.Recover(True), spec.Basic.RecoverOk)
    channel.settle(queue)
    assert told([channel.get(queue) for _ in range(3)]) == ["1!", "2!", "3"]


def test_recover_to_the_consumer(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.consume(queue)
    fill(channel, queue, "1", "2")
    take(channel, 2)
    channel.call(spec.Basic.Recover(True), spec.Basic.RecoverOk)
    again = take(channel, 2)
    assert told(again) == ["1!", "2!"]
    assert [message.tag for message in again] == [3, 4]


def test_recover_async(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    fill(channel, queue, "1")
    channel.get(queue, no_ack=False)
    channel.send(spec.Basic.RecoverAsync(True))
    channel.settle(queue)
    assert told([channel.get(queue)]) == ["1!"]


def test_recover_without_requeue_is_refused(channel: Channel) -> None:
    refusal = channel.refusal(spec.Basic.Recover(False))
    assert refusal == Refusal("connection", 540, "NOT_IMPLEMENTED - requeue=false", "Basic.Recover")


# ------------------------------------------------------------------ several consumers


def test_consumers_take_turns(dial: Dial) -> None:
    connection = dial()
    channel = connection.channel()
    queue = channel.queue(exclusive=True)
    tags = [channel.consume(queue) for _ in range(3)]
    fill(channel, queue, *"123456")
    served = [message.method.consumer_tag for message in take(channel, 6)]
    assert Counter(served) == dict.fromkeys(tags, 2)
    assert served[:3] == served[3:]


def test_a_consumer_without_room_is_passed_over(dial: Dial) -> None:
    connection = dial()
    slow, fast = connection.channel(), connection.channel()
    queue = slow.queue(exclusive=True)
    slow.qos(1)
    slow.consume(queue)
    fill(slow, queue, "0")
    assert told(take(slow, 1)) == ["0"]
    fast.consume(queue)
    fill(fast, queue, *"12345")
    assert told(take(fast, 5)) == list("12345")
    assert slow.settle(queue) == []


def test_a_client_that_reads_nothing_does_not_stop_another(dial: Dial, name: Name) -> None:
    deaf, listener, sender = dial().channel(), dial().channel(), dial().channel()
    sender.exchange(name("x"), "fanout")
    for channel in (deaf, listener):
        queue = channel.queue(exclusive=True)
        channel.bind(queue, name("x"))
        channel.consume(queue, no_ack=True)
    body = bytes(100_000)
    for n in range(100):
        sender.publish(name("x"), "", b"%d" % n + body)
    assert len(take(listener, 100)) == 100
    # And what it left unread is still there for it.
    assert len(take(deaf, 100)) == 100


def test_a_get_and_a_consumer_share_a_queue(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.qos(1)
    channel.consume(queue)
    fill(channel, queue, *"123")
    assert told(channel.settle(queue)) == ["1"]
    assert channel.bodies(queue) == [b"2", b"3"]


# ------------------------------------------------------------------ direct reply-to

REPLY_TO = "amq.rabbitmq.reply-to"


def test_a_reply_finds_its_way_without_a_queue(dial: Dial) -> None:
    asking, answering = dial().channel(), dial().channel()
    queue = answering.queue(exclusive=True)
    answering.consume(queue, no_ack=True)
    tag = asking.consume(REPLY_TO, no_ack=True)
    asking.publish("", queue, b"question", spec.BasicProperties(reply_to=REPLY_TO, correlation_id="7"))
    question = answering.event()
    address = question.properties.reply_to
    assert address.startswith(f"{REPLY_TO}.")
    answering.publish("", address, b"answer", spec.BasicProperties(correlation_id="7"))
    answer = asking.event()
    assert (answer.body, answer.properties.correlation_id, answer.method.consumer_tag) == (b"answer", "7", tag)
    assert (answer.method.exchange, answer.method.routing_key) == ("", address)
    assert answering.settle() == []


def test_replies_cannot_be_acknowledged(channel: Channel) -> None:
    text = "PRECONDITION_FAILED - reply consumer cannot acknowledge"
    refused(channel, spec.Basic.Consume(queue=REPLY_TO), 406, text)


def test_only_one_consumer_of_replies(channel: Channel) -> None:
    channel.consume(REPLY_TO, no_ack=True)
    text = "PRECONDITION_FAILED - reply consumer already set"
    refused(channel, spec.Basic.Consume(queue=REPLY_TO, no_ack=True), 406, text)


def test_who_wants_a_reply_must_consume_first(channel: Channel) -> None:
    channel.publish("", "anyone", b"1", spec.BasicProperties(reply_to=REPLY_TO))
    text = "PRECONDITION_FAILED - fast reply consumer does not exist"
    assert channel.refusal() == Refusal("channel", 406, text, "Basic.Publish")
