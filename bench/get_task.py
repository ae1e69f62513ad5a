"""Reading a blocked task, against a bare Flask route that renders the same document."""

from __future__ import annotations

import time
from typing import NamedTuple

from bench.child import Child
from bench.client import Connection, pump
from bench.rounds import Row, live, ratios, row
from bench.tenant import Tenant, bare_like, task_of

CONNECTIONS = 8
REQUESTS = 1200
"""In each round."""

AGAINST = "bare Flask route"


class Cost(NamedTuple):
    rate: float
    """Requests a second."""
    cpu: float
    """Seconds of the server's processor time for each request."""


def run(rounds: int) -> list[Row]:
    with Child("bench.world") as world:
        tenant = Tenant(world.hello)
        first = tenant.connect()
        task = task_of(first.ask(tenant.instantiation(first, "read-often")).body)
        path = f"/api/task/{task}"
        document = first.ask(first.request("GET", path)).body
        with bare_like(document, path) as bare:
            ours, theirs = _Subject(world, tenant.authorization, path), _Subject(bare, tenant.authorization, path)
            measured: list[tuple[Cost, Cost]] = []
            for number in live("get-task", rounds + 1):
                order = (ours, theirs) if number % 2 else (theirs, ours)
                costs = {subject: subject.cost() for subject in order}
                measured.append((costs[ours], costs[theirs]))
            del measured[0]  # caches, connections and threads
    rates = ratios((mine.rate for mine, _ in measured), (other.rate for _, other in measured))
    costs_ = ratios((mine.cpu for mine, _ in measured), (other.cpu for _, other in measured))
    return [
        row("GET task, requests/s", AGAINST, rates, at_least=0.7),
        row("GET task, CPU a request", AGAINST, costs_),
        row("GET task, CPU in µs", "", [mine.cpu * 1e6 for mine, _ in measured], form="{:.0f}"),
        row("bare route, CPU in µs", "", [other.cpu * 1e6 for _, other in measured], form="{:.0f}"),
    ]


class _Subject:
    def __init__(self, server: Child, authorization: str, path: str) -> None:
        self._server = server
        self._connections = [Connection(server.hello, authorization) for _ in range(CONNECTIONS)]
        self._request = self._connections[0].request("GET", path)

    def cost(self) -> Cost:
        cpu, began = self._server.cpu(), time.perf_counter()
        pump(self._connections, self._request, REQUESTS)
        seconds = time.perf_counter() - began
        return Cost(REQUESTS / seconds, (self._server.cpu() - cpu) / REQUESTS)
