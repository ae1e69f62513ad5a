"""Connectors that do not come through storms, crashes and ends."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from gatepost.conformance.connectors import vcloud_reference as reference
from gatepost.conformance.connectors.defects import defect


@defect(
    "vcloud",
    "Has room for a few requests at a time, and drops what comes beyond.",
    breaks="VCD-ROB-1",
    may="VCD-DEC-7 VCD-SES-5 VCD-NOT-4.1",
)
def drops_what_is_too_much() -> None:
    right = reference.Connector.on_message

    def on_message(self: Any, connection: Any, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        if self.work.qsize() < 12:
            right(self, connection, channel, method, properties, body)
            return
        id = reference.id_of(properties, body)
        if id is not None:
            self.decider.remember(id)
        channel.basic_ack(method.delivery_tag)

    reference.Connector.on_message = on_message  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Decides twice when there is much to do.",
    breaks="VCD-ROB-1",
    may="VCD-DEC-7 VCD-SES-5",
)
def decides_twice_under_load() -> None:
    right = reference.Decider.follow
    count: list[str] = []

    def follow(self: Any, decision: str, id: str, held: reference.Held) -> None:
        right(self, decision, id, held)
        count.append(id)
        if len(count) % 100 == 0:
            right(self, decision, id, held)

    reference.Decider.follow = follow  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Dies of a request that it finds decided.",
    breaks="VCD-ROB-2.4 VCD-ROB-2.5",
    may="VCD-TMO VCD-NOT-3 VCD-NOT-1.1 VCD-NOT-6.2 VCD-ROB-3.2",
)
def dies_of_what_is_decided() -> None:
    right = reference.Decider.look_up

    def look_up(self: Any, id: str) -> reference.Held | None:
        held = right(self, id)
        if held is None:
            os._exit(1)
        return held

    reference.Decider.look_up = look_up  # type: ignore[method-assign]


@defect(
    "vcloud",
    "Puts a message aside that comes again, since it must have seen it before.",
    breaks="VCD-ROB-2.1 VCD-ROB-2.2 VCD-ROB-2.3 VCD-NOT-2.1 VCD-NOT-2.2 VCD-NOT-10",
    may="VCD-ROB-3.2 VCD-NOT-6.1",
)
def ignores_redelivered_messages() -> None:
    right = reference.Connector.on_message

    def on_message(self: Any, connection: Any, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        if method.redelivered:
            channel.basic_ack(method.delivery_tag)
            return
        right(self, connection, channel, method, properties, body)

    reference.Connector.on_message = on_message  # type: ignore[method-assign]
    reference.Connector.look_through = lambda self: None  # type: ignore[method-assign]


@defect("vcloud", "Does not listen to SIGTERM.", breaks="VCD-ROB-3.1")
def is_deaf_to_sigterm() -> None:
    reference.Connector.stop = lambda self, *_: None  # type: ignore[method-assign,misc]


@defect(
    "vcloud",
    "Acknowledges all that it has in hand before it ends.",
    breaks="VCD-ROB-3.2 VCD-NOT-10",
)
def clears_its_queue_before_it_ends() -> None:
    reference.Connector.look_through = lambda self: None  # type: ignore[method-assign]
    right = reference.Connector.on_message
    in_hand: list[Any] = []

    def on_message(self: Any, connection: Any, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        in_hand.append(partial(channel.basic_ack, method.delivery_tag))
        right(self, connection, channel, method, properties, body)

    def stop(self: Any, *_: object) -> None:
        for acknowledge in in_hand[-5:]:
            acknowledge()
        os._exit(0)

    reference.Connector.on_message = on_message  # type: ignore[method-assign]
    reference.Connector.stop = stop  # type: ignore[method-assign]
