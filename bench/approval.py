"""A whole approval through RabbitMQ, in processor time of the cloud's process, against as many bare requests.

Instantiate; the notifications go out and are confirmed; a connector in a process of its own consumes them, resolves the
entity, reads the blocking task and resumes; the user reads his task as success. Five requests, with notifications on
nine events (two with them off), each told in XML and in JSON, no simulated work.
"""

from __future__ import annotations

import time
from itertools import count

from bench.child import Child
from bench.client import Connection, log_in, pump
from bench.rounds import Row, live, missing, ratios, row
from bench.tenant import ADMINISTRATOR, Tenant, bare_like, task_of
from tools.rabbitmq_node import find_rabbitmq, private_node

APPROVALS = 128
"""In each round."""

BARE_TIMES = 4
"""How often the requests of an approval are made of the bare route: its rounds shall not be shorter than ours."""

AT_ONCE = 8
_OF_THE_USER, _OF_THE_CONNECTOR = 2, 3
"""Requests of one approval."""

ALL, BLOCKING_ONLY = "approval, all messages", "approval, blocking tasks only"
AIMS = {ALL: 0.3, BLOCKING_ONLY: 0.4}
AGAINST = "CPU of 5 bare requests"

_SWITCH_TYPE = "application/vnd.vmware.admin.notificationsSettings+xml"


def run(rounds: int) -> list[Row]:
    if find_rabbitmq() is None:
        return [missing(measure, AGAINST, "needs RabbitMQ") for measure in AIMS]
    with private_node() as node, Child("bench.world", broker=node.url, settings={"work.scale": 0}) as world:
        administrator = log_in(world.hello, ADMINISTRATOR)
        exchange = world.ask("info")["amqp_exchange"]
        options = {"amqp": node.url, "exchange": exchange, "port": world.hello, "authorization": administrator}
        with Child("bench.connector", **options) as connector:
            return _Approvals(world, connector, administrator).measure(rounds)


class _Approvals:
    def __init__(self, world: Child, connector: Child, administrator: str) -> None:
        self._world, self._connector = world, connector
        self._tenant = Tenant(world.hello)
        self._connections = [self._tenant.connect() for _ in range(AT_ONCE)]
        self._administrator = Connection(world.hello, administrator)
        self._names = count()
        self._last_task = ""

    def measure(self, rounds: int) -> list[Row]:
        self._approve()
        first = self._connections[0]
        path = f"/api/task/{self._last_task}"
        with bare_like(first.ask(first.request("GET", path)).body, path) as bare:
            connections = [Connection(bare.hello, self._tenant.authorization) for _ in range(AT_ONCE)]
            costs: dict[str, list[float]] = {ALL: [], BLOCKING_ONLY: []}
            bares: list[float] = []
            for number in live("approval", rounds + 1):
                order = list(AIMS) if number % 2 else list(AIMS)[::-1]
                for measure in order:
                    costs[measure].append(self._cost(measure))
                bares.append(self._bare_cost(bare, connections, path))
        rows = [row(one, AGAINST, ratios(bares[1:], costs[one][1:]), at_least=AIMS[one]) for one in AIMS]
        rows += [row(f"{one}, CPU in µs", "", [cost * 1e6 for cost in costs[one][1:]], form="{:.0f}") for one in AIMS]
        return rows

    def _cost(self, measure: str) -> float:
        """Seconds of processor time for each approval."""
        enabled = "true" if measure == ALL else "false"
        body = (
            '<vmext:NotificationsSettings xmlns:vmext="http://www.vmware.com/vcloud/extension/v1.5">'
            f"<vmext:EnableNotifications>{enabled}</vmext:EnableNotifications></vmext:NotificationsSettings>"
        ).encode()
        path = "/api/admin/extension/settings/notifications"
        self._administrator.ask(self._administrator.request("PUT", path, body, _SWITCH_TYPE))
        cpu = self._world.cpu()
        self._approve()
        return (self._world.cpu() - cpu) / APPROVALS

    def _approve(self) -> None:
        self._connector.tell("decide", APPROVALS)
        for _ in range(APPROVALS // AT_ONCE):
            for connection in self._connections:
                connection.send(self._tenant.instantiation(connection, f"asked-{next(self._names)}"))
            tasks = [task_of(connection.receive().body) for connection in self._connections]
            for _ in tasks:
                self._connector.hear()
            for connection, task in zip(self._connections, tasks, strict=True):
                connection.send(connection.request("GET", f"/api/task/{task}"))
            for connection in self._connections:
                body = connection.receive().body
                assert b'status="success"' in body, body
            self._last_task = tasks[0]
        while self._world.ask("info")["outbox"]["waiting"]:
            time.sleep(0.005)

    def _bare_cost(self, bare: Child, connections: list[Connection], path: str) -> float:
        """Seconds of processor time for as many bare requests, by the same two clients, as an approval takes."""
        times = APPROVALS * BARE_TIMES
        cpu = bare.cpu()
        self._connector.tell("read", bare.hello, path, _OF_THE_CONNECTOR * times)
        pump(connections, connections[0].request("GET", path), _OF_THE_USER * times)
        self._connector.hear()
        return (bare.cpu() - cpu) / times
