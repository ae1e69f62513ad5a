"""The query service over 10,000 vApps, against plain Python over the same objects; a page, against lxml.

What is timed of the query service is the whole answer, as a client on the same machine waits for it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from lxml import etree

from bench.bare import DECLARATION
from bench.child import Child
from bench.client import Connection, log_in
from bench.rounds import Row, live, ratios, row
from bench.tenant import ALICE
from gatepost import Gatepost
from gatepost.core.inventory import Status

VAPPS = 10_000
TIMES = 25
"""Of each, in each round."""

SEARCH = "/api/query?type=vApp&filter=(status==POWERED_ON;name==*1*)&sortAsc=name"
PAGE = "/api/query?type=vApp&pageSize=128&page=20"


def run(rounds: int) -> list[Row]:
    with Child("bench.world", settings={"work.scale": 0}) as world:
        world.ask("vapps", VAPPS)
        connection = Connection(world.hello, log_in(world.hello, ALICE))
        world.ask("yardsticks", connection.ask(connection.request("GET", PAGE)).body.decode())
        subjects: list[Callable[[], float]] = [
            lambda: _seconds(connection, SEARCH),
            lambda: float(world.ask("search by hand")),
            lambda: _seconds(connection, PAGE),
            lambda: float(world.ask("page by hand")),
        ]
        # The first round is for caches, connections and threads.
        measured = [_round(subjects) for _ in live("queries", rounds + 1)][1:]
    searches, by_hand, pages, by_lxml = zip(*measured, strict=True)
    return [
        row("filter and sort", f"plain Python, {VAPPS} vApps", ratios(searches, by_hand), at_most=3.0),
        row("page of 128 records", "lxml, the same elements", ratios(pages, by_lxml), at_most=2.0),
        row("filter and sort, ms", "", [seconds * 1e3 for seconds in searches]),
        row("page of 128 records, ms", "", [seconds * 1e3 for seconds in pages]),
    ]


def _round(subjects: list[Callable[[], float]]) -> list[float]:
    """The median of each, by turns: what disturbs the one disturbs the others."""
    return [
        statistics.median(taken) for taken in zip(*([ask() for ask in subjects] for _ in range(TIMES)), strict=True)
    ]


def _seconds(connection: Connection, path: str) -> float:
    request = connection.request("GET", path)
    began = time.perf_counter()
    answer = connection.ask(request)
    taken = time.perf_counter() - began
    assert answer.status == 200, answer
    return taken


class Yardsticks:
    """In the process of the cloud: the same by hand, without a cloud's care for locks, rights and other filters."""

    def __init__(self, cloud: Gatepost) -> None:
        self._cloud = cloud
        self._build: Callable[[], Any]

    def show(self, document: str) -> int:
        """Take the document that `page` is to build."""
        like = etree.fromstring(document.removeprefix(DECLARATION.decode()).encode())
        tag, attributes, nsmap = like.tag, dict(like.attrib), like.nsmap
        parts = [(child.tag, dict(child.attrib)) for child in like]

        def build() -> bytes:
            root = etree.Element(tag, attributes, nsmap=nsmap)
            for name, values in parts:
                etree.SubElement(root, name, values)
            return DECLARATION + etree.tostring(root, encoding="UTF-8")

        assert build().decode() == document
        self._build = build
        return len(parts)

    def search(self) -> float:
        """Seconds for what SEARCH asks for."""
        vapps = self._cloud.world.inventory.vapps
        began = time.perf_counter()
        found = [vapp for vapp in vapps.values() if vapp.status is Status.POWERED_ON and "1" in vapp.name.casefold()]
        sorted(found, key=lambda vapp: vapp.name.casefold())
        return time.perf_counter() - began

    def page(self) -> float:
        """Seconds to build and write the document anew from plain tuples."""
        began = time.perf_counter()
        self._build()
        return time.perf_counter() - began
