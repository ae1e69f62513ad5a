"""Sequences of methods that nobody thought of, on both brokers: the same replies, texts, order and flags."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.amqp_script import CONSUMED, EXCHANGES, QUEUES, Script, Step

# Shrinking a difference may take longer than a test may otherwise.
pytestmark = [pytest.mark.xdist_group("rabbitmq"), pytest.mark.timeout(300)]

queues = st.sampled_from(QUEUES)
exchanges = st.sampled_from([*EXCHANGES, *EXCHANGES, "missing"])
keys = st.sampled_from(["a", "a.b", "#", "a.*", ""])
rarely = st.sampled_from([False] * 5 + [True])
any_queue = st.sampled_from([*QUEUES, *QUEUES, "missing"])
either = st.booleans()
positions = st.sampled_from([0, 0, 1, 2, 3, -1])

ARGUMENTS: list[dict[str, Any]] = [
    {},
    {},
    {"x-max-length": 2},
    {"x-max-length": 2, "x-overflow": "reject-publish"},
    {"x-dead-letter-exchange": "fanout"},
    {"x-dead-letter-exchange": "fanout", "x-max-length": 1},
    {"x-dead-letter-exchange": "direct", "x-dead-letter-routing-key": "a"},
]

VERBS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "queue": {"queue": queues, "durable": rarely, "arguments": st.sampled_from(ARGUMENTS)},
    "queue passively": {"queue": any_queue, "passive": st.just(True)},
    "exchange": {"exchange": st.sampled_from([*EXCHANGES]), "type": st.sampled_from([*EXCHANGES]), "durable": rarely},
    "exchange passively": {"exchange": exchanges, "type": st.just(""), "passive": st.just(True)},
    "bind": {"queue": any_queue, "exchange": exchanges, "key": keys},
    "unbind": {"queue": queues, "exchange": exchanges, "key": keys},
    "bind_exchange": {"to": exchanges, "exchange": exchanges, "key": keys},
    "publish": {
        "exchange": st.sampled_from([*EXCHANGES]),
        "key": st.sampled_from(["a", "a.b", "c"]),
        "mandatory": either,
    },
    "publish to queue": {"exchange": st.just(""), "key": any_queue, "mandatory": either},
    "get": {"queue": queues, "no_ack": either},
    "consume": {"tag": st.sampled_from(["t", "u"]), "no_ack": rarely, "exclusive": rarely},
    "cancel": {"tag": st.sampled_from(["t", "u"])},
    "ack": {"at": positions, "multiple": either},
    "nack": {"at": positions, "multiple": either, "requeue": either},
    "reject": {"at": positions, "requeue": either},
    "recover": {},
    "qos": {"count": st.sampled_from([0, 1, 2]), "whole_channel": either},
    "confirm": {},
    "purge": {"queue": any_queue},
    "delete": {"queue": any_queue, "if_unused": rarely, "if_empty": rarely},
    "delete_exchange": {"exchange": exchanges, "if_unused": either},
    "close": {},
}
# Mostly what moves messages; the rest now and then.
OFTEN = ["publish", "publish to queue", "publish to queue", "get", "consume", "ack", "nack", "reject", "bind", "qos"]


def step(verb: str) -> st.SearchStrategy[Step]:
    fields = st.fixed_dictionaries(VERBS[verb])
    return st.builds(Step, st.sampled_from([*CONSUMED]), st.just(verb.split()[0]), fields)


def beginning(arguments: list[dict[str, Any]]) -> list[Step]:
    """All queues and exchanges, so that most of what follows finds what it names."""
    steps = [Step(1, "queue", {"queue": q, "arguments": a}) for q, a in zip(QUEUES, arguments, strict=True)]
    steps += [Step(1, "exchange", {"exchange": name, "type": kind}) for name, kind in EXCHANGES.items()]
    return [*steps, Step(1, "bind", {"queue": "q3", "exchange": "fanout", "key": ""})]


beginnings = st.lists(st.sampled_from(ARGUMENTS), min_size=3, max_size=3).map(beginning)
scripts = st.builds(
    lambda first, rest: first + rest,
    st.one_of(beginnings, beginnings, beginnings, st.just([])),
    st.lists(st.sampled_from([*VERBS, *OFTEN, *OFTEN]).flatmap(step), min_size=5, max_size=25),
)


# Always the same sequences: a suite that finds something new now and then cannot be told from a flaky one.
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(steps=scripts)
def test_both_brokers_say_the_same(embedded_url: str, rabbitmq_url: str, steps: list[Step]) -> None:
    real, embedded = (Script(url, uuid.uuid4().hex[:8]).run(steps) for url in (rabbitmq_url, embedded_url))
    for index, (theirs, ours) in enumerate(zip(real, embedded, strict=False)):
        assert ours == theirs, f"at step {index} of {steps}"
    assert len(embedded) == len(real)
