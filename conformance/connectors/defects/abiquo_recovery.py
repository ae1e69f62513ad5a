"""Connectors of Abiquo that lose what they were told, or do not end as they should."""

from __future__ import annotations

import threading
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from gatepost.conformance.connectors import abiquo_reference as reference
from gatepost.conformance.connectors.abiquo_client import Cloud
from gatepost.conformance.connectors.abiquo_reference import Connector, Decider, Told
from gatepost.conformance.connectors.defects import defect

CLOUD: Any = Cloud
CONNECTOR: Any = Connector
DECIDER: Any = Decider
REFERENCE: Any = reference

LIFE = 150


@defect(
    "abiquo",
    "Knows only what it is told, and looks through no list.",
    breaks="ABQ-REC-1.1 ABQ-REC-1.2 ABQ-ROB-2.1 ABQ-ROB-2.2 ABQ-ROB-3.2",
)
def looks_through_no_list() -> None:
    CONNECTOR.look_through = lambda self: None


@defect("abiquo", "Reads the first page of a list, and takes it for all.", breaks="ABQ-REC-1.2")
def reads_the_first_page() -> None:
    right = Cloud.get
    CLOUD.get = lambda self, href: right(self, href.removesuffix("?limit=0") if "pending" in href else href)


@defect("abiquo", f"Comes to a standstill after {LIFE} tasks.", breaks="ABQ-ROB-1", may="ABQ-*")
def stands_still_in_the_end() -> None:
    right, lock, count = Decider.handle, threading.Lock(), [0]

    def handle(self: Decider, told: Told) -> None:
        with lock:
            count[0] += 1
            full = count[0] > LIFE
        if not full:
            right(self, told)

    DECIDER.handle = handle


@defect(
    "abiquo", "Does not start when it was killed while it decided.", breaks="ABQ-ROB-2.2 ABQ-ROB-2.3", may="ABQ-ROB-*"
)
def finds_its_lock() -> None:
    call, init = Cloud.call, Connector.__init__
    lock: list[Path] = []

    def start(self: Connector, cloud: Cloud, port: int, sweep: float) -> None:
        lock.append(Path(gettempdir()) / f"gatepost-defect-{port}.lock")
        if lock[0].exists():
            lock[0].unlink()
            raise SystemExit(f"{lock[0]} exists: another one is at work")
        init(self, cloud, port, sweep)

    def locked(self: Cloud, method: str, href: str, text: str = "") -> bytes:
        if method != "POST":
            return call(self, method, href, text)
        lock[0].touch()
        try:
            return call(self, method, href, text)
        finally:
            lock[0].unlink(missing_ok=True)

    CONNECTOR.__init__, CLOUD.call = start, locked


@defect("abiquo", "Does not hear SIGTERM.", breaks="ABQ-ROB-3.1", may="ABQ-ROB-3.2")
def does_not_hear_sigterm() -> None:
    CONNECTOR.stop = lambda self, *signal: None


@defect("abiquo", "Cancels what it has in hand when it is told to end.", breaks="ABQ-ROB-3.2")
def cancels_when_it_ends() -> None:
    right, stop = reference.choose, Connector.stop
    ending = threading.Event()

    def stopping(self: Connector, *signal: object) -> None:
        ending.set()
        told = list(self.work.queue)
        for work in told:
            work()
        stop(self)

    REFERENCE.choose = lambda held: "cancel" if ending.is_set() else right(held)
    CONNECTOR.stop = stopping
