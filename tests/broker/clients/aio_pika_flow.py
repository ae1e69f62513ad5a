"""aio-pika on aiormq and pamqp, for asyncio: python aio_pika_flow.py URL TOKEN"""

import asyncio
import json
import sys
from typing import Any

import aio_pika  # type: ignore[import-not-found] # lives in an environment of its own
from aio_pika.exceptions import DeliveryError  # type: ignore[import-not-found] # as above

HEADERS = {"grüße": "漢字 🚦", "n": 7, "yes": True, "nested": {"list": ["a", 1]}}


async def main(url: str, token: str) -> dict[str, Any]:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        await channel.set_qos(prefetch_count=1)
        exchange = await channel.declare_exchange(f"x-{token}", "topic", durable=True, auto_delete=True)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange, "true.#.vapp.*")
        for body in (b"one", b"two"):
            message = aio_pika.Message(body, headers=HEADERS, content_type="text/plain", delivery_mode=2)
            await exchange.publish(message, "true.com.vmware.vapp.create", mandatory=True)
        returned: list[Any] = []
        try:
            await exchange.publish(aio_pika.Message(b"lost"), "false.nobody", mandatory=True)
        except DeliveryError as error:
            back = error.message.delivery
            returned = [back.reply_code, back.reply_text, error.message.body.decode()]

        deliveries: list[Any] = []
        async with queue.iterator(timeout=15) as messages:
            async for incoming in messages:
                same = incoming.headers == HEADERS
                deliveries.append([incoming.body.decode(), incoming.redelivered, incoming.routing_key, same])
                if len(deliveries) == 1:
                    await incoming.nack(requeue=True)
                else:
                    await incoming.ack()
                if len(deliveries) == 3:
                    break
        declared = await channel.declare_queue(queue.name, passive=True)
        left = declared.declaration_result.message_count
    return {"returned": returned, "deliveries": deliveries, "left": left}


json.dump(asyncio.run(main(*sys.argv[1:])), sys.stdout)
