"""What the harness makes of the AMQP tap's entries: who had which message in hand, and what came of it."""

from __future__ import annotations

import time
from typing import Any

from gatepost.conformance.broker_view import BrokerView, silences
from gatepost.core.journal import Direction, Entry, Journal


def told(journal: Journal, kind: str, direction: Direction = "in", *, at: float = 0.0, **fields: Any) -> Entry:
    headers = {"connection": 1, "channel": 1, **{name.replace("_", "-"): value for name, value in fields.items()}}
    return journal.add(Entry(kind=kind, direction=direction, dialect="", at=at, path="a.create", headers=headers))


def consumed(*, no_ack: bool = False, prefetch: int = 7) -> Journal:
    journal = Journal(time.time)
    told(journal, "amqp.qos", prefetch_count=prefetch)
    told(journal, "amqp.consume", no_ack=no_ack)
    for tag in (1, 2, 3):
        told(journal, "amqp.deliver", "out", delivery_tag=tag, redelivered=False)
    return journal


def test_an_acknowledgement_is_of_one_message() -> None:
    journal = consumed()
    told(journal, "amqp.ack", delivery_tag=2, multiple=False)
    assert [one.acknowledged for one in BrokerView(journal).look().deliveries] == [False, True, False]


def test_multiple_is_of_all_up_to_a_tag() -> None:
    journal = consumed()
    told(journal, "amqp.ack", delivery_tag=2, multiple=True)
    assert [one.acknowledged for one in BrokerView(journal).look().deliveries] == [True, True, False]


def test_multiple_with_tag_0_is_of_all() -> None:
    journal = consumed()
    told(journal, "amqp.ack", delivery_tag=0, multiple=True)
    assert all(one.acknowledged for one in BrokerView(journal).look().deliveries)


def test_what_is_put_back_or_lost_with_its_connection_is_not_over() -> None:
    journal = consumed()
    told(journal, "amqp.reject", delivery_tag=1, requeue=False)
    told(journal, "amqp.nack", delivery_tag=2, requeue=True)
    told(journal, "amqp.close")
    view = BrokerView(journal).look()
    assert [one.over for one in view.deliveries] == [True, False, False]
    assert all(one.end is not None for one in view.deliveries)


def test_without_acknowledgements_a_delivery_is_over_at_once() -> None:
    assert all(one.over for one in BrokerView(consumed(no_ack=True)).look().deliveries)


def test_the_bound_of_a_consumer_is_that_of_its_channel() -> None:
    journal = consumed(prefetch=7)
    told(journal, "amqp.consume", channel=2, no_ack=False)
    assert [one.prefetch for one in BrokerView(journal).look().consumers] == [7, 0]


def test_silence_ends_with_whatever_the_client_says() -> None:
    journal = Journal(time.time)
    given = told(journal, "amqp.deliver", "out", at=10.0)
    told(journal, "amqp.heartbeat", "out", at=11.0)
    told(journal, "amqp.heartbeat", at=12.0)
    told(journal, "amqp.ack", connection=2, at=13.0)
    told(journal, "amqp.ack", at=17.0)
    assert [seconds for _, seconds in silences(journal, 1, given, 20.0)] == [2.0, 5.0, 3.0]
