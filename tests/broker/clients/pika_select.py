"""pika's asynchronous adapter, driven by callbacks: python pika_select.py URL TOKEN"""

import json
import sys
from typing import Any

import pika

HEADERS = {"grüße": "漢字 🚦", "n": 7, "yes": True, "nested": {"list": ["a", 1]}}


class Flow:
    def __init__(self, url: str, token: str) -> None:
        self.exchange = f"x-{token}"
        self.queue = ""
        self.channel: Any = None
        self.confirmed: set[int] = set()
        self.returned: list[Any] = []
        self.deliveries: list[Any] = []
        self.error: BaseException | None = None
        self.connection = pika.SelectConnection(
            pika.URLParameters(url),
            on_open_callback=lambda connection: connection.channel(on_open_callback=self.on_channel),
            on_open_error_callback=self.on_closed,
            on_close_callback=self.on_closed,
        )

    def on_closed(self, connection: Any, error: BaseException | str) -> None:
        if not isinstance(error, pika.exceptions.ConnectionClosedByClient):
            self.error = RuntimeError(repr(error))
        connection.ioloop.stop()

    def on_channel(self, channel: Any) -> None:
        self.channel = channel
        channel.add_on_return_callback(self.on_return)
        channel.exchange_declare(
            self.exchange, exchange_type="topic", durable=True, auto_delete=True, callback=self.on_exchange
        )

    def on_exchange(self, frame: Any) -> None:
        self.channel.queue_declare("", exclusive=True, callback=self.on_queue)

    def on_queue(self, frame: Any) -> None:
        self.queue = frame.method.queue
        self.channel.queue_bind(self.queue, self.exchange, "true.#.vapp.*", callback=self.on_bound)

    def on_bound(self, frame: Any) -> None:
        self.channel.confirm_delivery(self.on_confirm, callback=self.on_confirming)

    def on_confirming(self, frame: Any) -> None:
        properties = pika.BasicProperties(headers=HEADERS, delivery_mode=2, content_type="text/plain")
        key = "true.com.vmware.vapp.create"
        for body in (b"one", b"two"):
            self.channel.basic_publish(self.exchange, key, body, properties, mandatory=True)
        self.channel.basic_publish(self.exchange, "false.nobody", b"lost", mandatory=True)

    def on_return(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        self.returned = [method.reply_code, method.reply_text, body.decode()]

    def on_confirm(self, frame: Any) -> None:
        assert isinstance(frame.method, pika.spec.Basic.Ack), frame
        last = frame.method.delivery_tag
        self.confirmed |= set(range(1, last + 1)) if frame.method.multiple else {last}
        if self.confirmed == {1, 2, 3}:
            self.channel.basic_qos(prefetch_count=1, callback=self.on_qos)

    def on_qos(self, frame: Any) -> None:
        self.channel.basic_consume(self.queue, self.on_message)

    def on_message(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        same = properties.headers == HEADERS
        self.deliveries.append([body.decode(), method.redelivered, method.routing_key, same])
        if len(self.deliveries) == 1:
            channel.basic_nack(method.delivery_tag, requeue=True)
        else:
            channel.basic_ack(method.delivery_tag)
        if len(self.deliveries) == 3:
            channel.queue_declare(self.queue, passive=True, callback=self.on_end)

    def on_end(self, frame: Any) -> None:
        self.left = frame.method.message_count
        self.connection.close()


flow = Flow(*sys.argv[1:])
flow.connection.ioloop.start()
if flow.error:
    raise flow.error
json.dump({"returned": flow.returned, "deliveries": flow.deliveries, "left": flow.left}, sys.stdout)
