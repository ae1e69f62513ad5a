"""The letters of header names, at the HTTP tap."""

from __future__ import annotations

import socket

from gatepost.core.effects import HttpTruncate
from gatepost.core.faults import Match
from tests.conftest import MakeWorld

REQUEST = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def names(port: int, path: bytes) -> list[str]:
    """Of the headers of an answer, as they came."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(REQUEST % path)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    head = answer.partition(b"\r\n\r\n")[0].decode()
    return [line.partition(":")[0] for line in head.split("\r\n")[1:]]


def test_names_come_in_all_letters(make_world: MakeWorld) -> None:
    cloud = make_world(taps=True)
    usual = names(cloud.port, b"/api/versions")
    cloud.vary(["case"])
    answers = [names(cloud.port, b"/api/versions") for _ in range(12)]
    assert {name.lower() for answer in answers for name in answer} == {name.lower() for name in usual}
    assert "CONTENT-TYPE" in {name for answer in answers for name in answer}
    assert "content-type" in {name for answer in answers for name in answer}
    assert names(cloud.port, b"/gatepost/health") == names(cloud.port, b"/gatepost/health")
    cloud.vary(["case"])
    assert [names(cloud.port, b"/api/versions") for _ in range(12)] == answers


def test_they_do_also_while_rules_watch_the_requests(make_world: MakeWorld) -> None:
    """Requests that rules look at go another way through the tap."""
    cloud = make_world(taps=True, vary=["case"])
    rule = cloud.faults.add(HttpTruncate(), Match(path="/nowhere"))
    assert {"CONTENT-TYPE", "content-type"} <= {name for _ in range(12) for name in names(cloud.port, b"/api/versions")}
    names(cloud.port, b"/nowhere")
    assert rule.trigger.hits == 1
