"""pika's blocking adapter, as most Python connectors use it: python pika_blocking.py URL TOKEN"""

import json
import sys

import pika
from pika.exceptions import UnroutableError

url, token = sys.argv[1:]
headers = {"grüße": "漢字 🚦", "n": 7, "yes": True, "nested": {"list": ["a", 1]}}

connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.exchange_declare(f"x-{token}", exchange_type="topic", durable=True, auto_delete=True)
queue = channel.queue_declare("", exclusive=True).method.queue
channel.queue_bind(queue, f"x-{token}", "true.#.vapp.*")
channel.confirm_delivery()
for body in (b"one", b"two"):
    properties = pika.BasicProperties(headers=headers, delivery_mode=2, content_type="text/plain")
    channel.basic_publish(f"x-{token}", "true.com.vmware.vapp.create", body, properties, mandatory=True)
try:
    channel.basic_publish(f"x-{token}", "false.nobody", b"lost", mandatory=True)
except UnroutableError as error:
    returned = [
        error.messages[0].method.reply_code,
        error.messages[0].method.reply_text,
        error.messages[0].body.decode(),
    ]

channel.basic_qos(prefetch_count=1)
deliveries = []
for method, properties, body in channel.consume(queue, inactivity_timeout=60):
    assert method is not None, "no delivery came"
    deliveries.append([body.decode(), method.redelivered, method.routing_key, properties.headers == headers])
    if len(deliveries) == 1:
        channel.basic_nack(method.delivery_tag, requeue=True)
    else:
        channel.basic_ack(method.delivery_tag)
    if len(deliveries) == 3:
        break
channel.cancel()
left = channel.queue_declare(queue, passive=True).method.message_count
connection.close()
json.dump({"returned": returned, "deliveries": deliveries, "left": left}, sys.stdout)
