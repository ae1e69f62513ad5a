"""From the start of `gatepost serve` to its first healthy answer, beside a Python that only imports what it imports."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress

from bench.rounds import Row, live, ratios, row

IMPORTS = "import flask, lxml.etree, pika, granian, pydantic, click"
PATIENCE = 60.0


def run(rounds: int) -> list[Row]:
    starts, imports = [], []
    for _ in live("start", rounds):
        starts.append(_seconds_to_health())
        imports.append(_seconds_of_imports())
    return [
        row("start to health, s", "", starts, at_most=1.5),
        row("bare imports, s", "", imports),
        row("start to health", "bare imports", ratios(starts, imports)),
    ]


def _seconds_to_health() -> float:
    with closing(socket.socket()) as reservation:
        reservation.bind(("127.0.0.1", 0))
        port: int = reservation.getsockname()[1]
    command = [sys.executable, "-m", "gatepost.cli", "serve", "--port", str(port), "--amqp-port", "0"]
    # A broker or a token of the caller's environment would change what starts.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEPOST_")}
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        while not _healthy(port):
            if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                raise RuntimeError(f"`{' '.join(command)}` did not get healthy; run it by hand to see why")
            time.sleep(0.005)
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(10)


def _healthy(port: int) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection, suppress(OSError):
        connection.request("GET", "/gatepost/health")
        return connection.getresponse().status == 200
    return False


def _seconds_of_imports() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    return time.perf_counter() - began
