"""kombu on py-amqp, the client of Celery: python kombu_flow.py URL TOKEN"""

import json
import sys
from typing import Any

import kombu  # type: ignore[import-not-found] # lives in an environment of its own

url, token = sys.argv[1:]
headers = {"grüße": "漢字 🚦", "n": 7, "yes": True, "nested": {"list": ["a", 1]}}
key = "true.com.vmware.vapp.create"

with kombu.Connection(url, transport_options={"confirm_publish": True}) as connection:
    channel = connection.channel()
    exchange = kombu.Exchange(f"x-{token}", type="topic", durable=True, auto_delete=True)
    queue = kombu.Queue(f"q-{token}", exchange, routing_key="true.#.vapp.*", exclusive=True)(channel)
    queue.declare()

    returned: list[Any] = []

    def on_return(error: Any, exchange_name: str, routing_key: str, message: Any) -> None:
        returned.extend([error.reply_code, error.reply_text, message.body])

    producer = kombu.Producer(channel, exchange, on_return=on_return)
    for body in ("one", "two"):
        producer.publish(body, routing_key=key, headers=headers, mandatory=True, content_type="text/plain")
    producer.publish("lost", routing_key="false.nobody", mandatory=True, content_type="text/plain")

    deliveries: list[Any] = []

    def on_message(message: Any) -> None:
        info = message.delivery_info
        seen = {name: value for name, value in message.headers.items() if name in headers}
        deliveries.append([message.body, info["redelivered"], info["routing_key"], seen == headers])
        if len(deliveries) == 1:
            message.requeue()
        else:
            message.ack()

    with kombu.Consumer(channel, [queue], on_message=on_message, prefetch_count=1):
        while len(deliveries) < 3:
            try:
                connection.drain_events(timeout=15)
            except TimeoutError:
                raise SystemExit("no delivery came") from None
        # Still consuming, since what kombu calls exclusive goes with its last consumer.
        left = channel.queue_declare(queue.name, passive=True).message_count

json.dump({"returned": returned, "deliveries": deliveries, "left": left}, sys.stdout)
