"""The embedded broker against RabbitMQ: publish, deliver and acknowledge 1.5 kB messages through a topic binding.

    python -m bench.broker [SECONDS]

Both brokers run in processes of their own, and so does every client (pika), one connection each. A client keeps 100
messages on their way: for each that it receives and acknowledges it publishes the next. Prints messages a second, the
broker's processor time per message, and ratios.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pika

from tools.rabbitmq_node import NodeError, private_node

_BODY = b"x" * 1500
_WINDOW = 100
_ROUNDS = 7
_TICKS = os.sysconf("SC_CLK_TCK")
_SERVE = """
import sys
from gatepost.broker import Broker
broker = Broker().start()
print(broker.url, flush=True)
sys.stdin.read()
"""


def client(url: str, number: int, seconds: float) -> int:
    """Keep messages on their way for so long; how many came back."""
    connection = pika.SelectConnection(pika.URLParameters(url))
    properties = pika.BasicProperties(
        content_type="application/xml", message_id="m" * 36, headers={f"header.{n}": "value" * 4 for n in range(6)}
    )
    count = 0
    deadline = time.monotonic() + seconds
    key = f"true.bench.client{number}.vapp.create"

    def on_open(_: Any) -> None:
        connection.channel(on_open_callback=on_channel)

    def on_channel(channel: Any) -> None:
        queue = f"bench.{os.getpid()}"

        def publish() -> None:
            channel.basic_publish("bench", key, _BODY, properties)

        def on_message(_: Any, delivery: Any, __: Any, ___: bytes) -> None:
            nonlocal count
            count += 1
            channel.basic_ack(delivery.delivery_tag)
            if time.monotonic() < deadline:
                publish()
            elif not connection.is_closing:
                connection.close()

        def consume(_: Any) -> None:
            channel.basic_consume(queue, on_message)
            for _number in range(_WINDOW):
                publish()

        channel.exchange_declare("bench", "topic")
        channel.queue_declare(queue, exclusive=True)
        channel.basic_qos(prefetch_count=2 * _WINDOW)
        channel.queue_bind(queue, "bench", f"true.#.client{number}.#", callback=consume)

    connection.add_on_open_callback(on_open)
    connection.add_on_close_callback(lambda *_: connection.ioloop.stop())
    connection.ioloop.start()
    return count


@contextmanager
def embedded() -> Iterator[tuple[str, int]]:
    process = subprocess.Popen([sys.executable, "-c", _SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield process.stdout.readline().strip(), process.pid
    finally:
        process.stdin.close()
        process.wait(10)


@contextmanager
def rabbitmq() -> Iterator[tuple[str, int]]:
    with private_node() as node:
        yield node.url, int(node.ctl("eval", "os:getpid().").strip().strip('"'))


def cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def run(url: str, pid: int, connections: int, seconds: float) -> tuple[float, float]:
    """Messages a second, and microseconds of the broker's processor time for each."""
    before = cpu_seconds(pid)
    command = [sys.executable, "-m", "bench.broker", "client", url]
    clients = [
        subprocess.Popen([*command, str(number), str(seconds)], stdout=subprocess.PIPE, text=True)
        for number in range(connections)
    ]
    count = sum(json.loads(one.communicate(timeout=seconds + 60)[0]) for one in clients)
    return count / seconds, (cpu_seconds(pid) - before) / max(count, 1) * 1e6


def main(seconds: float) -> int:
    results: dict[str, dict[int, list[tuple[float, float]]]] = {}
    try:
        with embedded() as ours, rabbitmq() as theirs:
            for _ in range(_ROUNDS):
                for connections in (1, 10):
                    for name, (url, pid) in (("embedded", ours), ("RabbitMQ", theirs)):
                        found = run(url, pid, connections, seconds)
                        results.setdefault(name, {}).setdefault(connections, []).append(found)
    except NodeError as error:
        print(error, file=sys.stderr)
        return 1
    for connections in (1, 10):
        rates = {name: statistics.median(rate for rate, _ in runs[connections]) for name, runs in results.items()}
        costs = {name: statistics.median(cost for _, cost in runs[connections]) for name, runs in results.items()}
        for name, rate in rates.items():
            spread = [round(one) for one, _ in results[name][connections]]
            print(f"{connections:2} connections  {name:9} {rate:7.0f} messages/s  {costs[name]:5.0f} us CPU  {spread}")
        # Within one round, because a shared machine drifts from round to round.
        pairs = zip(results["embedded"][connections], results["RabbitMQ"][connections], strict=True)
        ratios = [mine[0] / other[0] for mine, other in pairs]
        print(
            f"{connections:2} connections  ratio     {statistics.median(ratios):7.2f}  {[round(r, 2) for r in ratios]}"
        )
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["client"]:
        print(json.dumps(client(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))))
    else:
        sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0))
