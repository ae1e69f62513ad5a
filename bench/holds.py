"""Every operation on one object with 100,000 open holds, against the same with 100; and the longest collection."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from itertools import count

from bench.child import Child
from bench.client import Connection, log_in
from bench.rounds import Row, live, ratios, row
from bench.tenant import ADMINISTRATOR, Tenant, task_of, vapp_of

MANY, FEW = 100_000, 100
TIMES = 33
"""Of each operation, in each round."""

AIM = 1.2
AGAINST = f"{FEW} holds"

BLOCKING_TASK = "/api/admin/extension/blockingTask/"
PARAMS_TYPE = "application/vnd.vmware.admin.blockingTaskOperationParams+xml"
PARAMS = '<{0} xmlns="http://www.vmware.com/vcloud/extension/v1.5"><Message>As asked</Message></{0}>'
END = PARAMS.format("BlockingTaskOperationParams").encode()
PROGRESS = PARAMS.format("BlockingTaskUpdateProgressParams").encode()

Held = tuple[str, str, str]
"""Bare ids of a task, its vApp and its hold."""

Medians = dict[str, tuple[float, float]]
"""Seconds of each operation with many holds and with few."""


def run(rounds: int) -> list[Row]:
    with Child("bench.world") as many, Child("bench.world") as few:
        print(f"holds: making {MANY} of them takes some seconds", flush=True)
        worlds = _World(many, MANY), _World(few, FEW)
        pauses = {f"while {MANY} holds are made": many.ask("pause")}
        _round(worlds)  # for caches, connections and threads
        many.ask("pause")
        medians = [_round(worlds) for _ in live("holds", rounds)]
        pauses["during these rounds"] = many.ask("pause")
        pauses["full one, forced"] = many.ask("collect")
    rows = []
    for name in medians[0]:
        mine, other = zip(*(each[name] for each in medians), strict=True)
        rows.append(row(f"{name}, {MANY} holds", AGAINST, ratios(mine, other), at_most=AIM))
    rows += [row("longest collection, ms", when, [pause * 1000], form="{:.1f}") for when, pause in pauses.items()]
    return rows


def _round(worlds: tuple[_World, _World]) -> Medians:
    """Each operation a number of times, in both worlds by turns: what disturbs the one disturbs the other."""
    medians: Medians = {}
    for (name, mine), (_, other) in zip(*(world.operations() for world in worlds), strict=True):
        seconds: tuple[list[float], list[float]] = ([], [])
        for requests in zip(mine, other, strict=True):
            for world, request, taken in zip(worlds, requests, seconds, strict=True):
                taken.append(world.time(request))
        medians[name] = statistics.median(seconds[0]), statistics.median(seconds[1])
    return medians


class _World:
    """One cloud with open holds, asked by an administrator."""

    def __init__(self, server: Child, holds: int) -> None:
        self._open: list[Held] = server.ask("fill", holds)
        self._tenant = Tenant(server.hello)
        self._connection = Connection(server.hello, log_in(server.hello, ADMINISTRATOR))
        self._answers: list[bytes] = []
        self._names = count()

    def operations(self) -> Iterator[tuple[str, list[bytes]]]:
        """Each operation with its requests. As many holds end as begin, each time others."""
        self._open += [self._held(body) for body in self._answers]  # of the last instantiations
        request = self._connection.request
        one, two, three = (self._open[number * TIMES : (number + 1) * TIMES] for number in range(3))
        del self._open[: 3 * TIMES]
        yield "GET task", [request("GET", f"/api/task/{task}") for task, _, _ in one]
        yield "GET vApp", [request("GET", f"/api/vApp/vapp-{vapp}") for _, vapp, _ in one]
        yield "GET blocking task", [request("GET", BLOCKING_TASK + hold) for _, _, hold in one]
        yield "entity resolver", [request("GET", f"/api/entity/urn:vcloud:blockingTask:{hold}") for _, _, hold in one]
        yield "updateProgress", [self._act(held, "updateProgress", PROGRESS) for held in one]
        yield "resume", [self._act(held, "resume", END) for held in one]
        yield "abort", [self._act(held, "abort", END) for held in two]
        yield "cancel", [request("POST", f"/api/task/{task}/action/cancel") for task, _, _ in three]
        self._answers = []
        names = [f"new-{next(self._names)}" for _ in range(3 * TIMES)]
        yield "instantiate", [self._tenant.instantiation(self._connection, name) for name in names]

    def time(self, request: bytes) -> float:
        """Seconds until the answer is there."""
        began = time.perf_counter()
        body = self._connection.ask(request).body
        seconds = time.perf_counter() - began
        self._answers.append(body)
        return seconds

    def _act(self, held: Held, action: str, body: bytes) -> bytes:
        return self._connection.request("POST", f"{BLOCKING_TASK}{held[2]}/action/{action}", body, PARAMS_TYPE)

    def _held(self, vapp: bytes) -> Held:
        """The ids in the answer to an instantiation; only an administrator's view of the task links to the hold."""
        task = task_of(vapp)
        view = self._connection.ask(self._connection.request("GET", f"/api/task/{task}")).body
        return task, vapp_of(vapp), view.partition(BLOCKING_TASK.encode())[2][:36].decode()
