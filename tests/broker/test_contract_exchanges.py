"""Exchanges: which exist, what each kind of them routes where, and what the broker says to misuse."""

from __future__ import annotations

from typing import Any

import pytest
from pika import spec

from tests.support.amqp_client import Channel, Dial, Name, Refusal

PREDECLARED = {
    "amq.direct": "direct",
    "amq.fanout": "fanout",
    "amq.topic": "topic",
    "amq.headers": "headers",
    "amq.match": "headers",
}


def refused(channel: Channel, method: Any, code: int, text: str) -> None:
    assert channel.refusal(method) == Refusal("channel", code, text, method.NAME)


# ------------------------------------------------------------------ declaring


@pytest.mark.parametrize("exchange", PREDECLARED)
def test_predeclared_exchanges(channel: Channel, exchange: str) -> None:
    channel.exchange(exchange, PREDECLARED[exchange], durable=True)
    channel.exchange(exchange, passive=True)


def test_declaring_again_with_the_same_arguments_changes_nothing(channel: Channel, name: Name) -> None:
    for _ in range(2):
        channel.exchange(name("x"), "topic", durable=True, auto_delete=True, internal=True, arguments={"any": "thing"})


def test_passive_declare_looks_at_the_name_alone(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"), "topic", durable=True)
    channel.exchange(name("x"), "fanout", passive=True)
    channel.exchange(name("x"), "", passive=True)


def test_passive_declare_of_an_unknown_exchange(channel: Channel, name: Name) -> None:
    text = f"NOT_FOUND - no exchange '{name('x')}' in vhost '/'"
    refused(channel, spec.Exchange.Declare(exchange=name("x"), passive=True), 404, text)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"type": "fanout"}, "arg 'type' for exchange '{x}' in vhost '/': received 'fanout' but current is 'topic'"),
        ({"durable": False}, "arg 'durable' for exchange '{x}' in vhost '/': received 'false' but current is 'true'"),
        (
            {"auto_delete": True},
            "arg 'auto_delete' for exchange '{x}' in vhost '/': received 'true' but current is 'false'",
        ),
        ({"internal": True}, "arg 'internal' for exchange '{x}' in vhost '/': received 'true' but current is 'false'"),
        (
            {"arguments": {"alternate-exchange": "other"}},
            "arg 'alternate-exchange' for exchange '{x}' in vhost '/': "
            "received the value 'other' of type 'longstr' but current is none",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_declaring_otherwise_is_refused(channel: Channel, name: Name, change: dict[str, Any], difference: str) -> None:
    channel.exchange(name("x"), "topic", durable=True)
    again = spec.Exchange.Declare(**{"exchange": name("x"), "type": "topic", "durable": True, **change})
    refused(channel, again, 406, "PRECONDITION_FAILED - inequivalent " + difference.format(x=name("x")))


def test_another_alternate_exchange_is_refused(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"), arguments={"alternate-exchange": "one"})
    text = (
        f"PRECONDITION_FAILED - inequivalent arg 'alternate-exchange' for exchange '{name('x')}' in vhost '/': "
        "received 'two' but current is 'one'"
    )
    again = spec.Exchange.Declare(exchange=name("x"), type="direct", arguments={"alternate-exchange": "two"})
    refused(channel, again, 406, text)


def test_an_unknown_type_closes_the_connection(channel: Channel, name: Name) -> None:
    refusal = channel.refusal(spec.Exchange.Declare(exchange=name("x"), type="carrier-pigeon"))
    text = "COMMAND_INVALID - unknown exchange type 'carrier-pigeon'"
    assert refusal == Refusal("connection", 503, text, "Exchange.Declare")


@pytest.mark.parametrize("passive", [False, True])
def test_the_default_exchange_cannot_be_declared(channel: Channel, passive: bool) -> None:
    text = "ACCESS_REFUSED - operation not permitted on the default exchange"
    refused(channel, spec.Exchange.Declare(exchange="", type="direct", passive=passive), 403, text)


def test_names_of_the_broker_are_reserved(channel: Channel) -> None:
    text = "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'"
    refused(channel, spec.Exchange.Declare(exchange="amq.mine", type="direct"), 403, text)


def test_a_name_of_255_octets_in_any_script(channel: Channel, name: Name) -> None:
    exchange = (name("ж") + "é" * 200).encode()[:254].decode(errors="ignore")
    channel.exchange(exchange)
    channel.exchange(exchange, passive=True)


def test_no_wait_is_answered_by_nothing(channel: Channel, name: Name) -> None:
    channel.send(spec.Exchange.Declare(exchange=name("x"), type="fanout", nowait=True))
    queue = channel.queue(exclusive=True)
    channel.send(spec.Queue.Bind(queue=queue, exchange=name("x"), nowait=True))
    channel.publish(name("x"), "", b"1")
    assert channel.bodies(queue) == [b"1"]
    channel.send(spec.Exchange.Delete(exchange=name("x"), nowait=True))
    assert channel.refusal(spec.Exchange.Declare(exchange=name("x"), passive=True)).code == 404


# ------------------------------------------------------------------ deleting


def test_delete(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"))
    channel.delete_exchange(name("x"))
    text = f"NOT_FOUND - no exchange '{name('x')}' in vhost '/'"
    refused(channel, spec.Exchange.Declare(exchange=name("x"), passive=True), 404, text)


def test_deleting_what_is_not_there_succeeds(channel: Channel, name: Name) -> None:
    for if_unused in (False, True):
        channel.delete_exchange(name("never"), if_unused=if_unused)


@pytest.mark.parametrize("bound_to", ["queue", "exchange"])
def test_delete_if_unused(dial: Dial, name: Name, bound_to: str) -> None:
    connection = dial()
    channel = connection.channel()
    channel.exchange(name("x"))
    queue = channel.queue(exclusive=True)
    if bound_to == "queue":
        channel.bind(queue, name("x"), "k")
    else:
        channel.exchange(name("y"))
        channel.bind_exchange(name("y"), name("x"), "k")
    text = f"PRECONDITION_FAILED - exchange '{name('x')}' in vhost '/' in use"
    refused(channel, spec.Exchange.Delete(exchange=name("x"), if_unused=True), 406, text)
    again = connection.channel()
    if bound_to == "queue":
        again.unbind(queue, name("x"), "k")
    else:
        again.unbind_exchange(name("y"), name("x"), "k")
    again.delete_exchange(name("x"), if_unused=True)


def test_an_exchange_that_is_only_a_destination_is_unused(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"))
    channel.exchange(name("y"))
    channel.bind_exchange(name("y"), name("x"), "k")
    channel.delete_exchange(name("y"), if_unused=True)


@pytest.mark.parametrize("exchange", ["amq.direct", "amq.topic"])
def test_the_brokers_own_exchanges_cannot_be_deleted(channel: Channel, exchange: str) -> None:
    text = f"ACCESS_REFUSED - deletion of system exchange '{exchange}' in vhost '/' not allowed"
    refused(channel, spec.Exchange.Delete(exchange=exchange), 403, text)


def test_the_default_exchange_cannot_be_deleted(channel: Channel) -> None:
    text = "ACCESS_REFUSED - operation not permitted on the default exchange"
    refused(channel, spec.Exchange.Delete(exchange=""), 403, text)


def test_deleting_an_exchange_removes_its_bindings(channel: Channel, name: Name) -> None:
    queue = channel.queue(exclusive=True)
    channel.exchange(name("x"))
    channel.bind(queue, name("x"), "k")
    channel.delete_exchange(name("x"))
    channel.exchange(name("x"))
    channel.publish(name("x"), "k", b"lost")
    assert channel.bodies(queue) == []


def test_auto_delete_goes_with_its_last_binding(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"), "fanout", auto_delete=True)
    one, two = channel.queue(exclusive=True), channel.queue(exclusive=True)
    channel.bind(one, name("x"))
    channel.bind(two, name("x"))
    channel.unbind(one, name("x"))
    channel.exchange(name("x"), passive=True)
    channel.delete(two)
    assert channel.refusal(spec.Exchange.Declare(exchange=name("x"), passive=True)).code == 404


def test_auto_delete_stays_until_it_was_bound_once(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"), auto_delete=True)
    channel.exchange(name("x"), passive=True)


def test_auto_delete_goes_through_exchanges(channel: Channel, name: Name) -> None:
    channel.exchange(name("source"), "fanout", auto_delete=True)
    channel.exchange(name("sink"), "fanout")
    channel.bind_exchange(name("sink"), name("source"))
    channel.delete_exchange(name("sink"))
    assert channel.refusal(spec.Exchange.Declare(exchange=name("source"), passive=True)).code == 404


# ------------------------------------------------------------------ binding


def test_binding_twice_routes_once(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"), "topic")
    queue = channel.queue(exclusive=True)
    for key in ("a.*", "a.*", "a.b", "#"):
        channel.bind(queue, name("x"), key)
    channel.publish(name("x"), "a.b", b"1")
    assert channel.bodies(queue) == [b"1"]


def test_one_unbind_undoes_two_equal_binds(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"))
    queue = channel.queue(exclusive=True)
    channel.bind(queue, name("x"), "k")
    channel.bind(queue, name("x"), "k")
    channel.unbind(queue, name("x"), "k")
    channel.publish(name("x"), "k", b"1")
    assert channel.bodies(queue) == []


def test_arguments_tell_bindings_apart(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"))
    queue = channel.queue(exclusive=True)
    channel.bind(queue, name("x"), "k", {"n": 1})
    channel.bind(queue, name("x"), "k", {"n": 2})
    channel.publish(name("x"), "k", b"1")
    assert channel.bodies(queue) == [b"1"]
    channel.unbind(queue, name("x"), "k", {"n": 1})
    channel.unbind(queue, name("x"), "k", {"n": 3})
    channel.publish(name("x"), "k", b"2")
    assert channel.bodies(queue) == [b"2"]
    channel.unbind(queue, name("x"), "k", {"n": 2})
    channel.publish(name("x"), "k", b"3")
    assert channel.bodies(queue) == []


def test_unbinding_what_was_never_bound_succeeds(channel: Channel, name: Name) -> None:
    queue = channel.queue(exclusive=True)
    channel.exchange(name("x"))
    channel.exchange(name("y"))
    channel.unbind(queue, name("x"), "never")
    channel.unbind_exchange(name("y"), name("x"), "never")


@pytest.mark.parametrize("missing", ["queue", "exchange", "both"])
def test_binding_what_does_not_exist(channel: Channel, name: Name, missing: str) -> None:
    queue = channel.queue(exclusive=True) if missing == "exchange" else name("q")
    exchange = "amq.topic" if missing == "queue" else name("x")
    gone = f"queue '{queue}'" if missing == "queue" else f"exchange '{exchange}'"
    method = spec.Queue.Bind(queue=queue, exchange=exchange, routing_key="k")
    refused(channel, method, 404, f"NOT_FOUND - no {gone} in vhost '/'")


@pytest.mark.parametrize("missing", ["queue", "exchange", "both"])
def test_unbinding_what_does_not_exist_succeeds(channel: Channel, name: Name, missing: str) -> None:
    queue = channel.queue(exclusive=True) if missing == "exchange" else name("q")
    channel.unbind(queue, "amq.topic" if missing == "queue" else name("x"), "k")


@pytest.mark.parametrize("missing", ["source", "destination"])
def test_binding_exchanges_that_do_not_exist(channel: Channel, name: Name, missing: str) -> None:
    source, destination = (name("x") if missing == end else "amq.topic" for end in ("source", "destination"))
    text = f"NOT_FOUND - no exchange '{name('x')}' in vhost '/'"
    refused(channel, spec.Exchange.Bind(0, destination, source, "k"), 404, text)


@pytest.mark.parametrize("verb", [spec.Queue.Bind, spec.Queue.Unbind], ids=["bind", "unbind"])
def test_the_default_exchange_cannot_be_bound_to(channel: Channel, verb: Any) -> None:
    queue = channel.queue(exclusive=True)
    text = "ACCESS_REFUSED - operation not permitted on the default exchange"
    refused(channel, verb(queue=queue, exchange="", routing_key="k"), 403, text)


def test_the_default_exchange_cannot_be_a_source_or_destination(dial: Dial) -> None:
    connection = dial()
    text = "ACCESS_REFUSED - operation not permitted on the default exchange"
    refused(connection.channel(), spec.Exchange.Bind(0, "amq.topic", "", "k"), 403, text)
    refused(connection.channel(), spec.Exchange.Bind(0, "", "amq.topic", "k"), 403, text)


def test_an_empty_queue_name_means_the_last_one_declared(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"))
    queue = channel.queue(exclusive=True)
    channel.bind("", name("x"), "key")
    channel.bind("", name("x"), "")
    for key in ("key", "", queue):
        channel.publish(name("x"), key, key.encode() or b"empty")
    return_of = channel.bodies("")
    assert return_of in ([b"key", queue.encode()], [b"key", b"empty"])


@pytest.mark.parametrize(
    "method",
    [
        spec.Queue.Bind(queue="", exchange="amq.topic"),
        spec.Queue.Purge(queue=""),
        spec.Queue.Delete(queue=""),
        spec.Basic.Get(queue=""),
        spec.Basic.Consume(queue=""),
    ],
    ids=lambda method: str(method.NAME),
)
def test_an_empty_queue_name_on_a_fresh_channel_is_refused(channel: Channel, method: Any) -> None:
    refused(channel, method, 404, "NOT_FOUND - no previously declared queue")


# ------------------------------------------------------------------ routing


def test_the_default_exchange_routes_by_name_of_queue(channel: Channel) -> None:
    one, two = channel.queue(exclusive=True), channel.queue(exclusive=True)
    channel.publish("", one, b"1")
    channel.publish("", two, b"2")
    assert (channel.bodies(one), channel.bodies(two)) == ([b"1"], [b"2"])


def test_direct(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"), "direct")
    one, two = channel.queue(exclusive=True), channel.queue(exclusive=True)
    channel.bind(one, name("x"), "a")
    channel.bind(one, name("x"), "b")
    channel.bind(two, name("x"), "b")
    channel.bind(two, name("x"), "*")
    for key in ("a", "b", "*", "#", "", "A"):
        channel.publish(name("x"), key, key.encode())
    assert (channel.bodies(one), channel.bodies(two)) == ([b"a", b"b"], [b"b", b"*"])


def test_fanout_looks_at_no_key(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"), "fanout")
    queues = [channel.queue(exclusive=True) for _ in range(3)]
    for queue in queues:
        channel.bind(queue, name("x"), "ignored")
    channel.publish(name("x"), "anything", b"1")
    assert [channel.bodies(queue) for queue in queues] == [[b"1"]] * 3


KEYS = [
    "",
    "a",
    "b",
    "a.b",
    "a.b.c",
    "a.b.c.d",
    "b.a",
    "a.",
    ".a",
    "a..b",
    ".",
    "..",
    "x.a.b",
    "a.x.b",
    "*",
    "#",
    "a.*",
]
PATTERNS = {
    "": {""},
    "a": {"a"},
    "a.b": {"a.b"},
    "*": {"a", "b", "*", "#"},
    "#": set(KEYS),
    "*.*": {"a.b", "b.a", "a.", ".a", ".", "a.*"},
    "a.*": {"a.b", "a.", "a.*"},
    "*.a": {"b.a", ".a"},
    "a.#": {"a", "a.b", "a.b.c", "a.b.c.d", "a.", "a..b", "a.x.b", "a.*"},
    "#.a": {"a", "b.a", ".a"},
    "#.b": {"b", "a.b", "a..b", "x.a.b", "a.x.b"},
    "a.#.b": {"a.b", "a..b", "a.x.b"},
    "*.#": set(KEYS) - {""},
    "#.*": set(KEYS) - {""},
    "#.#": set(KEYS),
    "#.a.#": {"a", "a.b", "a.b.c", "a.b.c.d", "b.a", "a.", ".a", "a..b", "x.a.b", "a.x.b", "a.*"},
    "*.#.*": {key for key in KEYS if "." in key},
    "a.*.b": {"a..b", "a.x.b"},
    "a.*.*.d": {"a.b.c.d"},
    "a.*.#": {"a.b", "a.b.c", "a.b.c.d", "a.", "a..b", "a.x.b", "a.*"},
    "*.b.#": {"a.b", "a.b.c", "a.b.c.d"},
    "#.b.*": {"a.b.c", "b.a"},
    "a.": {"a."},
    "a*": set(),
    "#a": set(),
    "a.b.c.d.e": set(),
}


def test_topic_patterns(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"), "topic")
    queues = {pattern: channel.queue(exclusive=True) for pattern in PATTERNS}
    for pattern, queue in queues.items():
        channel.bind(queue, name("x"), pattern)
    for key in KEYS:
        channel.publish(name("x"), key, key.encode())
    found = {pattern: {body.decode() for body in channel.bodies(queue)} for pattern, queue in queues.items()}
    assert found == PATTERNS


def test_topic_after_some_patterns_are_gone(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"), "topic")
    queue = channel.queue(exclusive=True)
    for pattern in ("a.b", "a.b.c", "a.*", "#"):
        channel.bind(queue, name("x"), pattern)
    for pattern in ("a.b", "#", "a.*"):
        channel.unbind(queue, name("x"), pattern)
    for key in ("a.b", "a.b.c", "a.x", "z"):
        channel.publish(name("x"), key, key.encode())
    assert channel.bodies(queue) == [b"a.b.c"]


HEADERS = {"type": "pdf", "pages": 3}
MATCHES: list[tuple[dict[str, Any] | None, dict[str, Any] | None, bool]] = [
    ({"x-match": "all", **HEADERS}, HEADERS, True),
    ({"x-match": "all", **HEADERS}, {**HEADERS, "more": 1}, True),
    ({"x-match": "all", **HEADERS}, {"type": "pdf"}, False),
    ({"x-match": "all", **HEADERS}, {"type": "pdf", "pages": 4}, False),
    ({"x-match": "all", **HEADERS}, {}, False),
    ({"x-match": "all", **HEADERS}, None, False),
    ({"x-match": "any", **HEADERS}, {"type": "pdf"}, True),
    ({"x-match": "any", **HEADERS}, {"type": "odt", "pages": 3}, True),
    ({"x-match": "any", **HEADERS}, {"type": "odt"}, False),
    ({"x-match": "any", **HEADERS}, {"other": "pdf"}, False),
    (HEADERS, HEADERS, True),
    (HEADERS, {"type": "pdf"}, False),
    ({"x-match": "all"}, {"any": "thing"}, True),
    ({"x-match": "any"}, {"any": "thing"}, False),
    ({}, None, True),
    ({"x-match": "all", "type": None}, {"type": "whatever"}, True),
    ({"x-match": "all", "type": None}, {"other": "whatever"}, False),
    ({"x-match": "all", "x-own": "1"}, {"x-own": "2"}, True),
    ({"x-match": "all-with-x", "x-own": "1"}, {"x-own": "2"}, False),
    ({"x-match": "any-with-x", "x-own": "1"}, {"x-own": "1"}, True),
    ({"x-match": "any", "x-own": "1"}, {"x-own": "1"}, False),
    ({"x-match": "all", "n": 1}, {"n": "1"}, False),
    ({"x-match": "all", "yes": True}, {"yes": True}, True),
]


@pytest.mark.parametrize(("arguments", "headers", "matches"), MATCHES)
def test_headers(
    channel: Channel, name: Name, arguments: dict[str, Any], headers: dict[str, Any] | None, matches: bool
) -> None:
    channel.exchange(name("x"), "headers")
    queue = channel.queue(exclusive=True)
    channel.bind(queue, name("x"), "no matter", arguments)
    channel.publish(name("x"), "key", b"1", spec.BasicProperties(headers=headers))
    assert channel.bodies(queue) == ([b"1"] if matches else [])


def test_an_unknown_x_match_is_refused(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"), "headers")
    queue = channel.queue(exclusive=True)
    text = 'PRECONDITION_FAILED - Invalid x-match field value <<"most">>; expected all, any, all-with-x, or any-with-x'
    bind = spec.Queue.Bind(queue=queue, exchange=name("x"), arguments={"x-match": "most"})
    refused(channel, bind, 406, text)


def test_exchange_to_exchange(channel: Channel, name: Name) -> None:
    channel.exchange(name("source"), "topic")
    channel.exchange(name("sink"), "direct")
    queue = channel.queue(exclusive=True)
    channel.bind(queue, name("sink"), "a.b")
    channel.bind_exchange(name("sink"), name("source"), "a.#")
    for key in ("a.b", "a.c", "b.b"):
        channel.publish(name("source"), key, key.encode())
    message = channel.get(queue)
    assert message is not None
    assert (message.method.exchange, message.method.routing_key) == (name("source"), "a.b")
    channel.unbind_exchange(name("sink"), name("source"), "a.#")
    channel.publish(name("source"), "a.b", b"cut off")
    assert channel.bodies(queue) == []


def test_a_circle_of_exchanges_routes_once(channel: Channel, name: Name) -> None:
    for one in ("x", "y"):
        channel.exchange(name(one), "fanout")
    channel.bind_exchange(name("x"), name("y"))
    channel.bind_exchange(name("y"), name("x"))
    channel.bind_exchange(name("x"), name("x"))
    queue = channel.queue(exclusive=True)
    channel.bind(queue, name("x"))
    channel.bind(queue, name("y"))
    channel.publish(name("x"), "", b"1")
    assert channel.bodies(queue) == [b"1"]


def test_an_alternate_exchange_takes_what_nothing_matches(channel: Channel, name: Name) -> None:
    channel.exchange(name("spare"), "fanout")
    channel.exchange(name("x"), arguments={"alternate-exchange": name("spare")})
    main, spare = channel.queue(exclusive=True), channel.queue(exclusive=True)
    channel.bind(main, name("x"), "known")
    channel.bind(spare, name("spare"))
    channel.confirm()
    for key in ("known", "unknown"):
        channel.publish(name("x"), key, key.encode(), mandatory=True)
    assert channel.bodies(main) == [b"known"]
    message = channel.get(spare)
    assert message is not None
    assert (message.body, message.method.exchange) == (b"unknown", name("x"))
    assert {type(event).__name__ for event in channel.settle(main, spare)} == {"Ack"}


def test_an_alternate_exchange_that_leads_nowhere_makes_a_return(channel: Channel, name: Name) -> None:
    channel.exchange(name("x"), arguments={"alternate-exchange": name("not there")})
    channel.exchange(name("y"), arguments={"alternate-exchange": name("y")})
    for exchange in (name("x"), name("y")):
        channel.publish(exchange, "k", b"1", mandatory=True)
        assert (channel.event().method.reply_code, channel.settle()) == (312, [])


def test_an_internal_exchange_takes_nothing_from_clients(channel: Channel, name: Name) -> None:
    channel.exchange(name("inner"), "fanout", internal=True)
    channel.exchange(name("outer"), "fanout")
    queue = channel.queue(exclusive=True)
    channel.bind(queue, name("inner"))
    channel.bind_exchange(name("inner"), name("outer"))
    channel.publish(name("outer"), "", b"1")
    assert channel.bodies(queue) == [b"1"]
    channel.publish(name("inner"), "", b"2")
    text = f"ACCESS_REFUSED - cannot publish to internal exchange '{name('inner')}' in vhost '/'"
    assert channel.refusal() == Refusal("channel", 403, text, "Basic.Publish")


@pytest.mark.parametrize(("header", "stays"), [("CC", True), ("BCC", False)])
def test_sender_selected_destinations(channel: Channel, header: str, stays: bool) -> None:
    main, copy = channel.queue(exclusive=True), channel.queue(exclusive=True)
    channel.publish("", main, b"1", spec.BasicProperties(headers={header: [copy]}))
    messages = [channel.get(main), channel.get(copy)]
    assert [message.body for message in messages if message] == [b"1", b"1"]
    assert [header in (message.properties.headers or {}) for message in messages if message] == [stays, stays]
