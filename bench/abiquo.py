"""Abiquo: a whole review in processor time of the cloud's process, and a page of what waits, with many and with few.

A review: joe asks for a deploy or an undeploy, the cloud calls the connector, the connector continues the task, joe
reads it as finished. Three requests, and one call that the cloud makes; no simulated work. The page is the connector's:
25 of the tasks that wait in an enterprise.
"""

from __future__ import annotations

import base64
import json
import re
import socket
import statistics
import time
from contextlib import ExitStack

from bench.child import Child
from bench.client import Connection, pump
from bench.rounds import Row, live, ratios, row

REVIEWS = 128
"""In each round."""

BARE_TIMES = 4
"""How often the requests of a review are made of the bare route: its rounds shall not be shorter than ours."""

AT_ONCE = 8
OF_A_REVIEW = 3
"""Requests that the cloud answers."""

MANY, FEW = 10_000, 100
PAGES = 50
"""In each round."""

AIM, PAGE_AIM = 0.4, 1.2
ROOT, JSON = "/abiquo/api/", "application/json"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.I)
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


def run(rounds: int) -> list[Row]:
    return [*_reviews(rounds), *_pages(rounds)]


def _reviews(rounds: int) -> list[Row]:
    with ExitStack() as stack:
        endpoint = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
        url = f"http://127.0.0.1:{endpoint.getsockname()[1]}/"
        world = stack.enter_context(Child("bench.world", settings={"work.scale": 0}, workflow_endpoint=url))
        reviews = _Reviews(world, endpoint)
        document = reviews.run()
        kind = "application/vnd.abiquo.task+json; version=6.1"
        bare = stack.enter_context(Child("bench.bare", document=document.decode(), content_type=kind))
        connections = [Connection(bare.hello, _login("joe"), JSON) for _ in range(AT_ONCE)]
        costs, bares = [], []
        for _ in live("abiquo", rounds + 1):
            cpu = world.cpu()
            reviews.run()
            costs.append((world.cpu() - cpu) / REVIEWS)
            cpu = bare.cpu()
            pump(connections, connections[0].request("GET", "/task"), OF_A_REVIEW * REVIEWS * BARE_TIMES)
            bares.append((bare.cpu() - cpu) / (REVIEWS * BARE_TIMES))
    against = f"CPU of {OF_A_REVIEW} bare requests"
    return [
        row("review, with its call", against, ratios(bares[1:], costs[1:]), at_least=AIM),
        row("review, CPU in µs", "", [cost * 1e6 for cost in costs[1:]], form="{:.0f}"),
    ]


class _Reviews:
    """Joe's machines, the connector's endpoint, and both logins."""

    def __init__(self, world: Child, endpoint: socket.socket) -> None:
        self._endpoint = endpoint
        self._machines: list[str] = world.ask("machines", AT_ONCE)
        self._joe = [Connection(world.hello, _token(world.hello, "joe"), JSON) for _ in range(AT_ONCE)]
        self._connector = [Connection(world.hello, _token(world.hello, "connector"), JSON) for _ in range(AT_ONCE)]
        self._deploys = True

    def run(self) -> bytes:
        """As many reviews as a round has; the last task as joe read it."""
        body = b""
        for _ in range(REVIEWS // AT_ONCE):
            verb = "deploy" if self._deploys else "undeploy"
            self._deploys = not self._deploys
            for joe, machine in zip(self._joe, self._machines, strict=True):
                joe.send(joe.request("POST", f"{ROOT}{machine}/action/{verb}"))
            tasks = [self._take() for _ in self._joe]
            for joe in self._joe:
                joe.receive()
            for connector, task in zip(self._connector, tasks, strict=True):
                connector.send(connector.request("POST", f"{ROOT}{task}/action/continue", b"fine", "text/plain"))
            for connector in self._connector:
                connector.receive()
            for joe, task in zip(self._joe, tasks, strict=True):
                joe.send(joe.request("GET", ROOT + task))
            for joe in self._joe:
                body = joe.receive().body
                assert b'"FINISHED_SUCCESSFULLY"' in body, body
        return body

    def _take(self) -> str:
        """Answer one call; the path of its task."""
        client, _ = self._endpoint.accept()
        with client:
            data = b""
            while (end := data.find(b"\r\n\r\n")) < 0:
                data += client.recv(65536)
            length = _LENGTH.search(data, 0, end)
            assert length is not None, data
            while len(data) < end + 4 + int(length[1]):
                data += client.recv(65536)
            client.sendall(_NO_CONTENT)
        links = json.loads(data[end + 4 :])["links"]
        return str(next(link["href"] for link in links if link["rel"] == "self"))


def _pages(rounds: int) -> list[Row]:
    with ExitStack() as stack:
        worlds = []
        for count in (MANY, FEW):
            child = stack.enter_context(Child("bench.world", workflow_endpoint="http://127.0.0.1:1/"))
            child.tell("queue", count)
            connection = Connection(child.hello, _token(child.hello, "manager"), JSON)
            login = json.loads(connection.ask(connection.request("GET", ROOT + "login")).body)
            enterprise = next(link["href"] for link in login["links"] if link["rel"] == "enterprise")
            worlds.append((connection, connection.request("GET", enterprise + "/action/pendingtasks")))
        for (connection, request), count in zip(worlds, (MANY, FEW), strict=True):
            while json.loads(connection.ask(request).body)["totalSize"] < count:
                time.sleep(0.05)
        taken: list[list[float]] = [[], []]
        for _ in live("abiquo pages", rounds):
            seconds: list[list[float]] = [[], []]
            for _ in range(PAGES):
                for each, (connection, request) in zip(seconds, worlds, strict=True):
                    began = time.perf_counter()
                    connection.ask(request)
                    each.append(time.perf_counter() - began)
            for all_rounds, each in zip(taken, seconds, strict=True):
                all_rounds.append(statistics.median(each))
    return [row(f"pending tasks, {MANY} wait", f"{FEW} wait", ratios(*taken), at_most=PAGE_AIM)]


def _login(user: str) -> str:
    return f"Authorization: Basic {base64.b64encode(f'{user}:gatepost'.encode()).decode()}\r\n"


def _token(port: int, user: str) -> str:
    """The header line of a fresh session."""
    connection = Connection(port, _login(user), JSON)
    head = connection.ask(connection.request("GET", ROOT + "login")).head
    connection.close()
    token = re.search(rb"^x-abiquo-token: *(\S+)", head, re.I | re.M)
    assert token is not None, head
    return f"Authorization: Token {token[1].decode()}\r\n"
