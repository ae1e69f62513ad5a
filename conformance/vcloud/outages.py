"""A broker that is away, slow to be answered or short of memory, and what a connector makes of it."""

from __future__ import annotations

import time

from gatepost.conformance.broker_view import BrokerView, Delivery, silences
from gatepost.conformance.scene import LOOK, Scene
from gatepost.conformance.vcloud.asks import Ask, ask
from gatepost.conformance.vcloud.hearing import announcements, decides_in_the_end, view_of
from gatepost.conformance.verdict import Broken, HarnessError, NotApplicable
from gatepost.core.effects import HttpDelay
from gatepost.core.journal import Entry
from gatepost.taps import AmqpTap

LONGEST_HEARTBEAT = 10
"""Seconds; what a client insists on beyond that takes too long to try."""


def tap_of(scene: Scene) -> AmqpTap:
    """Raises HarnessError."""
    tap = scene.cloud.amqp_tap
    if tap is None:
        raise HarnessError("a broker", "there is none")
    return tap


def go_away(scene: Scene) -> None:
    """The broker is away until `come_back`, at the latest until the scenario ends."""
    tap_of(scene).refuse()
    scene.undo.callback(tap_of(scene).accept)


def come_back(scene: Scene, seconds: float) -> int:
    """After so long the broker is there again; the number of the journal's last entry by then. Raises Broken for a
    connector that has not waited."""
    end = time.monotonic() + seconds
    journal = scene.cloud.journal
    while (left := end - time.monotonic()) > 0:
        if scene.how_it_ended:
            raise Broken("it waits for the broker", scene.how_it_ended.removeprefix("; "))
        journal.find(journal.last, lambda entry: True, 1, wait=min(LOOK, left))
    last = journal.last
    tap_of(scene).accept()
    return last


def consumes_again(scene: Scene, since: int) -> None:
    """Raises Broken."""
    patience = scene.profile.patience
    view = BrokerView(scene.cloud.journal, since)
    if not scene.wait(lambda: view.look().consumers, patience):
        seen = scene.how_it_ended.removeprefix("; ") or "it did not come back"
        raise Broken(f"it consumes again within {patience:g} s from the broker's return", seen)


def decide_slowly(scene: Scene) -> tuple[Ask, Delivery]:
    """A request, and the cloud answers so slowly that its decision takes longer than its broker bears silence.

    Raises Broken for a connector without heartbeats, NotApplicable for one that insists on rare ones, Unreached.
    """
    view = view_of(scene)
    agreed = _heartbeat(view)
    slow = scene.fault(HttpDelay(seconds=2 * agreed + 0.5), dialect="vcloud")
    asked = ask(scene, "resume")
    scene.wait(lambda: announcements(view, asked.hold.id), scene.profile.patience)
    given = announcements(view, asked.hold.id)
    scene.require(given, "a message, and a slow decision about it")
    end = time.monotonic() + 2 * agreed + 1.0
    while asked.hold.active and (left := end - time.monotonic()) > 0:
        scene.cloud.journal.find(scene.cloud.journal.last, lambda entry: True, 1, wait=min(LOOK, left))
    scene.cloud.faults.remove(slow.id)
    return asked, given[0]


def was_never_silent(asked: Ask, given: Delivery, began: float) -> None:
    """Its client spoke to the broker in time until the request was decided. Raises Broken and Unreached."""
    scene = asked.scene
    journal = scene.cloud.journal
    decides_in_the_end(asked, "slow answers of the cloud")
    view = view_of(scene)
    connection = int(str(given.entry.headers["connection"]))
    allowed = 2.0 * view.heartbeats[connection]
    until = min((call.request.at for call in asked.decisions()), default=journal.now())
    scene.require(until - given.entry.at > allowed, f"a decision that takes longer than {allowed:g} s")
    before, longest = max(silences(journal, connection, given.entry, until), key=lambda one: one[1])
    if longest > allowed:
        if scene.bench.heart.was_late_since(began):
            raise HarnessError("a machine with time for its own heartbeat", "starved: run fewer jobs at once")
        seen: tuple[Entry, ...] = (before, view.closed[connection]) if connection in view.closed else (before,)
        raise Broken(f"a heartbeat at least every {allowed:g} s", f"silence for {longest:.1f} s", *seen)


def _heartbeat(view: BrokerView) -> int:
    """What the connector's last consumer agreed on."""
    consumer = view.consumers[-1] if view.consumers else None
    if consumer is None:
        raise NotApplicable("a consumer", "it fetches message by message")
    agreed = view.heartbeats.get(consumer.connection, 0)
    if not agreed:
        raise Broken("heartbeats", "it turned them off, so that it never notices a dead connection", consumer.entry)
    if agreed > LONGEST_HEARTBEAT:
        raise NotApplicable("heartbeats as the broker asks for them", f"it insists on one every {agreed} s")
    return agreed
