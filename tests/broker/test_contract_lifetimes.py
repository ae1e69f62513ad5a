"""How messages and queues end: time to live, expiry, length limits, and dead-lettering."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pika import spec

from tests.support.amqp_client import Channel, Dial, Message, Name, until


class Graveyard:
    """A dead-letter exchange with a queue, and a queue whose messages go there."""

    def __init__(self, channel: Channel, name: Name, **arguments: Any) -> None:
        self.channel = channel
        self.exchange = channel.exchange(name("dead"), "topic")
        self.dead = channel.queue(name("dead"))
        channel.bind(self.dead, self.exchange, "#")
        self.queue = channel.queue(
            name("q"), arguments={"x-dead-letter-exchange": self.exchange, **arguments_with_dashes(arguments)}
        )

    def settle(self) -> None:
        self.channel.settle(self.queue, self.dead)

    def exhume(self) -> Message:
        """The next dead message, as soon as there is one."""
        found: list[Message] = []

        def look() -> bool:
            message = self.channel.get(self.dead)
            found.extend([message] if message else [])
            return bool(found)

        until(look, "a dead message")
        return found[0]


def arguments_with_dashes(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"x-" + key.replace("_", "-"): value for key, value in arguments.items()}


def queue_with(channel: Channel, **arguments: Any) -> str:
    """An exclusive queue: `max_length=3` stands for the argument `x-max-length`."""
    return channel.queue(exclusive=True, arguments=arguments_with_dashes(arguments))


def deaths(message: Message) -> list[dict[str, Any]]:
    """The x-death header, without the times."""
    found: list[dict[str, Any]] = [dict(death) for death in message.properties.headers["x-death"]]
    for death in found:
        assert abs(death.pop("time").timestamp() - time.time()) < 60
    return found


# ------------------------------------------------------------------ time to live


@pytest.mark.parametrize("ttl", [0, 50])
def test_a_queue_lets_its_messages_expire(channel: Channel, ttl: int) -> None:
    queue = queue_with(channel, message_ttl=ttl)
    channel.publish("", queue, b"1")
    until(lambda: channel.count(queue) == 0, "the message expired")


@pytest.mark.parametrize("expiration", ["0", "50"])
def test_a_message_expires_by_its_own(channel: Channel, expiration: str) -> None:
    queue = channel.queue(exclusive=True)
    channel.publish("", queue, b"1", spec.BasicProperties(expiration=expiration))
    until(lambda: channel.count(queue) == 0, "the message expired")


def test_the_shorter_of_both_times_counts(channel: Channel) -> None:
    short, long = queue_with(channel, message_ttl=50), queue_with(channel, message_ttl=600_000)
    channel.publish("", short, b"1", spec.BasicProperties(expiration="600000"))
    channel.publish("", long, b"1", spec.BasicProperties(expiration="50"))
    until(lambda: channel.count(short) == channel.count(long) == 0, "both messages expired")


def test_with_no_time_at_all_a_waiting_consumer_still_gets_it(channel: Channel) -> None:
    queue = queue_with(channel, message_ttl=0)
    channel.consume(queue)
    channel.publish("", queue, b"1")
    channel.publish("", queue, b"2", spec.BasicProperties(expiration="0"))
    assert [channel.event().body, channel.event().body] == [b"1", b"2"]


def test_a_message_behind_a_longer_lived_one_waits_for_it(channel: Channel) -> None:
    queue = channel.queue(exclusive=True)
    channel.publish("", queue, b"long", spec.BasicProperties(expiration="600000"))
    channel.publish("", queue, b"short", spec.BasicProperties(expiration="1"))
    channel.publish("", queue, b"never")
    mark = queue_with(channel, message_ttl=30)
    channel.publish("", mark, b"clock")
    until(lambda: channel.count(mark) == 0, "the short one had its time too")
    assert channel.count(queue) == 3
    assert channel.bodies(queue) == [b"long", b"never"]


def test_what_is_unacknowledged_does_not_expire(channel: Channel) -> None:
    queue = queue_with(channel, message_ttl=40)
    channel.consume(queue)
    channel.publish("", queue, b"1")
    message = channel.event()
    mark = queue_with(channel, message_ttl=80)
    channel.publish("", mark, b"clock")
    until(lambda: channel.count(mark) == 0, "the message had its time")
    channel.ack(message.tag)
    assert channel.settle(queue) == []


def test_what_comes_back_too_late_expires(channel: Channel) -> None:
    queue, mark = queue_with(channel, message_ttl=40), queue_with(channel, message_ttl=80)
    channel.publish("", queue, b"1")
    message = channel.get(queue, no_ack=False)
    assert message is not None
    channel.publish("", mark, b"clock")
    until(lambda: channel.count(mark) == 0, "the message had its time")
    channel.nack(message.tag)
    until(lambda: channel.count(queue) == 0, "the message expired")


# ------------------------------------------------------------------ queues that expire


# A passive declare is a use of the queue, after which it lives its time again. So these tests watch an exchange that
# goes with its last binding, which is the one to the queue.


def watched(channel: Channel, queue: str, expires: int) -> str:
    """Declare a queue that expires; the exchange which goes with it."""
    channel.queue(queue, arguments={"x-expires": expires})
    exchange = channel.exchange(f"watch-{queue}", "fanout", auto_delete=True)
    channel.bind(queue, exchange)
    return exchange


def test_an_unused_queue_expires(dial: Dial, name: Name) -> None:
    connection = dial()
    exchange = watched(connection.channel(), name("q"), 60)
    until(lambda: not connection.has_exchange(exchange), "the queue expired")


def test_a_queue_with_a_consumer_does_not_expire(dial: Dial, name: Name) -> None:
    connection = dial()
    channel = connection.channel()
    used, unused = watched(channel, name("used"), 60), watched(channel, name("unused"), 150)
    tag = channel.consume(name("used"))
    until(lambda: not connection.has_exchange(unused), "the unused queue expired")
    assert connection.has_exchange(used)
    channel.cancel(tag)
    until(lambda: not connection.has_exchange(used), "the other queue expired")


# ------------------------------------------------------------------ length limits


def test_the_oldest_falls_out_of_a_full_queue(channel: Channel) -> None:
    queue = queue_with(channel, max_length=3)
    for n in range(5):
        channel.publish("", queue, b"%d" % n)
    assert channel.bodies(queue) == [b"2", b"3", b"4"]


def test_a_queue_may_be_full_by_octets(channel: Channel) -> None:
    queue = queue_with(channel, max_length_bytes=10)
    for n in range(5):
        channel.publish("", queue, b"%d..." % n)
    assert channel.bodies(queue) == [b"3...", b"4..."]


def test_a_message_that_never_fits_falls_out_itself(channel: Channel) -> None:
    queue = queue_with(channel, max_length_bytes=10)
    channel.publish("", queue, b"fits")
    channel.publish("", queue, b"does not fit")
    assert channel.bodies(queue) == []


def test_a_queue_of_length_zero_serves_waiting_consumers(channel: Channel) -> None:
    queue = queue_with(channel, max_length=0)
    channel.publish("", queue, b"lost")
    channel.consume(queue)
    channel.publish("", queue, b"served")
    assert channel.event().body == b"served"


def test_only_ready_messages_count_for_the_limit(channel: Channel) -> None:
    queue = queue_with(channel, max_length=2)
    channel.publish("", queue, b"0")
    channel.get(queue, no_ack=False)
    for n in (1, 2):
        channel.publish("", queue, b"%d" % n)
    channel.nack(1)
    channel.settle(queue)
    assert channel.bodies(queue) == [b"1", b"2"]


def test_a_full_queue_may_refuse(channel: Channel) -> None:
    queue = queue_with(channel, max_length=2, overflow="reject-publish")
    channel.confirm()
    verdicts = []
    for n in range(4):
        channel.publish("", queue, b"%d" % n)
        verdicts.append(channel.event())
    assert [verdict.NAME for verdict in verdicts] == ["Basic.Ack", "Basic.Ack", "Basic.Nack", "Basic.Nack"]
    assert [verdict.delivery_tag for verdict in verdicts] == [1, 2, 3, 4]
    assert channel.bodies(queue) == [b"0", b"1"]


def test_a_refusal_by_one_queue_is_a_refusal(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"), "fanout")
    small, large = queue_with(channel, max_length=0, overflow="reject-publish"), channel.queue(exclusive=True)
    for queue in (small, large):
        channel.bind(queue, name("x"))
    channel.confirm()
    channel.publish(name("x"), "", b"1")
    assert channel.event().NAME == "Basic.Nack"
    assert channel.bodies(large) == [b"1"]


# ------------------------------------------------------------------ dead letters


@pytest.mark.parametrize("verb", ["nack", "reject"])
def test_a_rejected_message_is_dead_lettered(channel: Channel, name: Name, verb: str) -> None:
    grave = Graveyard(channel, name)
    channel.bind(grave.queue, "amq.topic", name("k"))
    channel.publish("amq.topic", name("k"), b"1", spec.BasicProperties(headers={"own": "word"}, message_id="m"))
    message = channel.get(grave.queue, no_ack=False)
    assert message is not None
    channel.nack(message.tag, requeue=False) if verb == "nack" else channel.reject(message.tag, requeue=False)
    dead = grave.exhume()
    assert (dead.method.exchange, dead.method.routing_key, dead.redelivered) == (grave.exchange, name("k"), False)
    assert (dead.body, dead.properties.message_id) == (b"1", "m")
    assert deaths(dead) == [
        {
            "count": 1,
            "exchange": "amq.topic",
            "queue": grave.queue,
            "reason": "rejected",
            "routing-keys": [name("k")],
        }
    ]
    headers = {key: value for key, value in dead.properties.headers.items() if key != "x-death"}
    assert headers == {
        "own": "word",
        "x-first-death-exchange": "amq.topic",
        "x-first-death-queue": grave.queue,
        "x-first-death-reason": "rejected",
    }


def test_an_expired_message_is_dead_lettered(channel: Channel, name: Name) -> None:
    grave = Graveyard(channel, name, message_ttl=20)
    channel.publish("", grave.queue, b"1")
    dead = grave.exhume()
    [death] = deaths(dead)
    assert (death["reason"], death["exchange"], death["routing-keys"]) == ("expired", "", [grave.queue])
    assert "original-expiration" not in death


def test_expiration_is_taken_off_and_remembered(channel: Channel, name: Name) -> None:
    grave = Graveyard(channel, name)
    channel.publish("", grave.queue, b"1", spec.BasicProperties(expiration="20"))
    dead = grave.exhume()
    assert dead.properties.expiration is None
    assert deaths(dead)[0]["original-expiration"] == "20"


def test_what_falls_out_of_a_full_queue_is_dead_lettered(channel: Channel, name: Name) -> None:
    grave = Graveyard(channel, name, max_length=1)
    channel.publish("", grave.queue, b"1")
    channel.publish("", grave.queue, b"2")
    dead = grave.exhume()
    assert (dead.body, deaths(dead)[0]["reason"]) == (b"1", "maxlen")


def test_what_a_full_queue_refuses_may_be_dead_lettered(channel: Channel, name: Name) -> None:
    grave = Graveyard(channel, name, max_length=1, overflow="reject-publish-dlx")
    channel.confirm()
    channel.publish("", grave.queue, b"1")
    channel.publish("", grave.queue, b"2")
    assert [channel.event().NAME, channel.event().NAME] == ["Basic.Ack", "Basic.Nack"]
    dead = grave.exhume()
    assert (dead.body, deaths(dead)[0]["reason"]) == (b"2", "maxlen")


def test_a_dead_letter_key_replaces_the_key(channel: Channel, name: Name) -> None:
    grave = Graveyard(channel, name, dead_letter_routing_key="grave.key")
    channel.publish("", grave.queue, b"1", spec.BasicProperties(headers={"CC": [name("nowhere")]}))
    channel.get(grave.queue, no_ack=False)
    channel.nack(1, requeue=False)
    dead = grave.exhume()
    assert dead.method.routing_key == "grave.key"
    assert deaths(dead)[0]["routing-keys"] == [grave.queue, name("nowhere")]


def test_purge_and_delete_dead_letter_nothing(channel: Channel, name: Name) -> None:
    grave = Graveyard(channel, name)
    channel.publish("", grave.queue, b"purged")
    channel.call(spec.Queue.Purge(queue=grave.queue), spec.Queue.PurgeOk)
    channel.publish("", grave.queue, b"deleted")
    channel.delete(grave.queue)
    assert channel.settle(grave.dead) == []
    assert channel.bodies(grave.dead) == []


def test_each_death_is_counted(channel: Channel, name: Name) -> None:
    one = channel.queue(
        exclusive=True, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": name("two")}
    )
    two = channel.queue(
        name("two"), exclusive=True, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": one}
    )
    channel.publish("", one, b"1")
    for queue in (one, two, one):
        message = channel.get(queue, no_ack=False)
        assert message is not None
        channel.nack(message.tag, requeue=False)
        channel.settle(one, two)
    last = channel.get(two)
    assert last is not None
    assert [(death["queue"], death["count"]) for death in deaths(last)] == [(one, 2), (two, 1)]
    assert last.properties.headers["x-first-death-queue"] == one


def test_reasons_are_counted_apart(channel: Channel, name: Name) -> None:
    one = channel.queue(name("one"), exclusive=True, arguments=ring(name("two")))
    two = channel.queue(name("two"), exclusive=True, arguments=ring(name("one")))
    channel.publish("", one, b"1", spec.BasicProperties(expiration="1"))
    until(lambda: channel.count(two) == 1, "the message expired")
    for queue in (two, one):
        message = channel.get(queue, no_ack=False)
        assert message is not None
        channel.nack(message.tag, requeue=False)
        channel.settle(one, two)
    last = channel.get(two)
    assert last is not None
    assert [(death["queue"], death["reason"], death["count"]) for death in deaths(last)] == [
        (one, "rejected", 1),
        (one, "expired", 1),
        (two, "rejected", 1),
    ]


def test_the_last_death_comes_first_and_those_before_it_in_an_order_of_their_own(channel: Channel, name: Name) -> None:
    """RabbitMQ turns the list of former deaths around each time that it adds one to two or more."""
    queues = [name(f"q{n}") for n in range(6)]
    for queue, following in zip(queues, queues[1:] + queues[:1], strict=True):
        channel.queue(queue, exclusive=True, arguments=ring(following))
    channel.publish("", queues[0], b"1")
    seen = []
    for queue in [*queues, queues[0]]:
        message = channel.get(queue, no_ack=False)
        assert message is not None
        if message.properties.headers:
            seen.append([queues.index(death["queue"]) for death in deaths(message)])
        channel.nack(message.tag, requeue=False)
        channel.settle(*queues, *queues)
    assert seen == [[0], [1, 0], [2, 0, 1], [3, 1, 0, 2], [4, 2, 0, 1, 3], [5, 3, 1, 0, 2, 4]]
    last = channel.get(queues[1])
    assert last is not None
    assert [(queues.index(death["queue"]), death["count"]) for death in deaths(last)] == [
        (0, 2),
        (4, 1),
        (2, 1),
        (1, 1),
        (3, 1),
        (5, 1),
    ]


def test_a_circle_of_expiries_ends(channel: Channel, name: Name) -> None:
    one = channel.queue(name("one"), exclusive=True, arguments=ring(name("two"), ttl=1))
    two = channel.queue(name("two"), exclusive=True, arguments=ring(name("one"), ttl=1))
    channel.publish("", one, b"1")
    until(lambda: channel.count(one) == channel.count(two) == 0, "the message is gone")


def test_a_circle_with_a_rejection_goes_on(channel: Channel, name: Name) -> None:
    """The usual way to try again later: rejected into a queue from which messages expire back."""
    work = channel.queue(name("work"), exclusive=True, arguments=ring(name("later")))
    channel.queue(name("later"), exclusive=True, arguments=ring(name("work"), ttl=1))
    channel.consume(work)
    channel.publish("", work, b"1")
    for _ in range(3):
        message = channel.event()
        channel.nack(message.tag, requeue=False)
    last = channel.event()
    assert [(death["queue"], death["reason"], death["count"]) for death in deaths(last)] == [
        (name("later"), "expired", 3),
        (work, "rejected", 3),
    ]


def ring(to: str, ttl: int | None = None) -> dict[str, Any]:
    """Arguments of a queue whose dead go to the queue `to`."""
    arguments: dict[str, Any] = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": to}
    return arguments if ttl is None else {**arguments, "x-message-ttl": ttl}


def test_a_missing_dead_letter_exchange_drops(channel: Channel, name: Name) -> None:
    queue = queue_with(channel, dead_letter_exchange=name("not there"))
    channel.publish("", queue, b"1")
    channel.get(queue, no_ack=False)
    channel.nack(1, requeue=False)
    assert channel.settle(queue) == []
    assert channel.bodies(queue) == []


def test_the_order_of_the_dead_is_the_order_of_their_death(channel: Channel, name: Name) -> None:
    grave = Graveyard(channel, name)
    for n in range(4):
        channel.publish("", grave.queue, b"%d" % n)
        channel.get(grave.queue, no_ack=False)
    for tag in (3, 1, 4, 2):
        channel.nack(tag, requeue=False)
    grave.settle()
    assert channel.bodies(grave.dead) == [b"2", b"0", b"3", b"1"]


def test_one_nack_of_several_lets_them_die_in_order(channel: Channel, name: Name) -> None:
    grave = Graveyard(channel, name)
    for n in range(4):
        channel.publish("", grave.queue, b"%d" % n)
        channel.get(grave.queue, no_ack=False)
    channel.nack(4, multiple=True, requeue=False)
    grave.settle()
    assert channel.bodies(grave.dead) == [b"0", b"1", b"2", b"3"]
