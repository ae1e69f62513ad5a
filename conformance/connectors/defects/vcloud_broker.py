"""Connectors that cannot live with their broker."""

from __future__ import annotations

import os
from typing import Any

import pika

from gatepost.conformance.connectors import vcloud_reference as reference
from gatepost.conformance.connectors.defects import defect


@defect(
    "vcloud",
    "Ends when its broker connection breaks.",
    breaks="VCD-NOT-6.1 VCD-NOT-6.2 VCD-NOT-7.1 VCD-NOT-7.2",
)
def ends_with_its_connection() -> None:
    right = reference.Connector.consume

    def consume(self: Any) -> None:
        try:
            right(self)
        except (reference.AMQPError, OSError):
            os._exit(1)

    reference.Connector.consume = consume  # type: ignore[method-assign]


@defect("vcloud", "Ends when there is no broker at its start.", breaks="VCD-NOT-7.1")
def needs_a_broker_at_its_start() -> None:
    right = reference.Connector.consume
    connected: list[bool] = []

    def consume(self: Any) -> None:
        try:
            pika.BlockingConnection(pika.URLParameters(self.options.amqp)).close()
            connected.append(True)
        except reference.AMQPError:
            if not connected:
                os._exit(1)
        right(self)

    reference.Connector.consume = consume  # type: ignore[method-assign]


@defect("vcloud", "Gives up after three attempts to connect.", breaks="VCD-NOT-7.1 VCD-NOT-7.2")
def gives_up_on_the_broker() -> None:
    right = reference.Connector.consume
    failed: list[OSError | Exception] = []

    def consume(self: Any) -> None:
        try:
            right(self)
        except (reference.AMQPError, OSError) as error:
            failed.append(error)
            if len(failed) > 3:
                os._exit(1)
            raise

    reference.Connector.consume = consume  # type: ignore[method-assign]


@defect("vcloud", "Never reads the list of blocking tasks.", breaks="VCD-NOT-10")
def never_reads_the_list() -> None:
    reference.Connector.look_through = lambda self: None  # type: ignore[method-assign]


@defect("vcloud", "Takes all that is in its queue at once.", breaks="VCD-NOT-11")
def takes_the_whole_queue() -> None:
    reference.PREFETCH = 0


@defect(
    "vcloud",
    "Decides in the thread that speaks to the broker.",
    breaks="VCD-NOT-12",
    may="VCD-SES VCD-ROB-3 VCD-DEC-7 VCD-ROB-1 VCD-NOT-9",
)
def decides_in_the_consumer() -> None:
    def on_message(self: Any, connection: Any, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        try:
            id = reference.id_of(properties, body)
        except ValueError:
            id = None
        if id is not None:
            self.decider.handle(id)
        channel.basic_ack(method.delivery_tag)

    reference.Connector.on_message = on_message  # type: ignore[method-assign]


@defect("vcloud", "Turns heartbeats off.", breaks="VCD-NOT-12")
def turns_heartbeats_off() -> None:
    reference.HEARTBEAT = 0


@defect("vcloud", "Takes connection.blocked for the end of its broker, and ends.", breaks="VCD-NOT-13")
def ends_when_blocked() -> None:
    right = pika.BlockingConnection.__init__

    def begin(self: Any, parameters: pika.Parameters) -> None:
        right(self, parameters)
        self.add_on_connection_blocked_callback(lambda *_: os._exit(1))

    pika.BlockingConnection.__init__ = begin


@defect("vcloud", "Stops to consume for as long as its connection is blocked.", breaks="VCD-NOT-13")
def waits_while_blocked() -> None:
    right = reference.Connector.on_message
    blocked: list[bool] = []

    def begin(self: Any, parameters: pika.Parameters, begin: Any = pika.BlockingConnection.__init__) -> None:
        begin(self, parameters)
        self.add_on_connection_blocked_callback(lambda *_: blocked.append(True))
        self.add_on_connection_unblocked_callback(lambda *_: blocked.clear())

    def on_message(self: Any, connection: Any, *message: Any) -> None:
        if blocked:
            connection.call_later(0.2, lambda: on_message(self, connection, *message))
        else:
            right(self, connection, *message)

    pika.BlockingConnection.__init__ = begin
    reference.Connector.on_message = on_message  # type: ignore[method-assign]
