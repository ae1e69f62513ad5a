"""A process that does a connector's part: consume, resolve, read the blocking task, approve, acknowledge.

Started as `python -m bench.connector '{"amqp": …, "exchange": …, "port": …, "authorization": …}'`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pika
from lxml import etree

from bench.child import serve
from bench.client import Connection

_PARAMS_TYPE = "application/vnd.vmware.admin.blockingTaskOperationParams+xml"
_PARAMS = (
    b'<BlockingTaskOperationParams xmlns="http://www.vmware.com/vcloud/extension/v1.5">'
    b"<Message>Approved</Message></BlockingTaskOperationParams>"
)
_CREATED = ".blockingtask.create."


class Connector:
    """Listens to every message, as a connector that binds with `#` does."""

    def __init__(self, amqp: str, exchange: str, port: int, authorization: str) -> None:
        self._cloud = Connection(port, authorization)
        self._channel: Any = pika.BlockingConnection(pika.URLParameters(amqp)).channel()
        self._channel.basic_qos(prefetch_count=100)
        self._channel.exchange_declare(exchange, "topic", durable=True)
        self._queue = self._channel.queue_declare("", exclusive=True).method.queue
        self._channel.queue_bind(self._queue, exchange, "#")

    def decide(self, count: int) -> None:
        """Approve `count` requests; a line is said for each."""
        for method, _, body in self._channel.consume(self._queue):
            if _CREATED in method.routing_key:
                self._approve(etree.fromstring(body))
                count -= 1
                print("1", flush=True)
            self._channel.basic_ack(method.delivery_tag)
            if not count:
                return

    def _approve(self, notification: etree._Element) -> None:
        link = notification.find("{*}EntityLink[@rel='entity']")
        assert link is not None
        entity = self._get(f"/api/entity/{link.get('id')}")
        alternate = entity.find("{*}Link[@rel='alternate']")
        assert alternate is not None
        blocking_task = self._get(alternate.get("href", ""))
        resume = blocking_task.find("{*}Link[@rel='resume']")
        assert resume is not None
        self._cloud.ask(self._cloud.request("POST", resume.get("href", ""), _PARAMS, _PARAMS_TYPE))

    def _get(self, href: str) -> etree._Element:
        return etree.fromstring(self._cloud.ask(self._cloud.request("GET", href)).body)


def read(port: int, path: str, count: int) -> int:
    """Make `count` plain requests, one after the other, as the decisions above are made."""
    connection = Connection(port)
    request = connection.request("GET", path)
    for _ in range(count):
        connection.ask(request)
    connection.close()
    return count


def main(**options: Any) -> None:
    connector = Connector(**options)
    serve("listening", {"decide": connector.decide, "read": read})


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
