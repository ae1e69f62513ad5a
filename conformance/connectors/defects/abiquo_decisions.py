"""Connectors of Abiquo that decide wrongly."""

from __future__ import annotations

import json
import re
import threading
import time
from typing import Any

from gatepost.conformance.connectors import abiquo_client as client
from gatepost.conformance.connectors import abiquo_reference as reference
from gatepost.conformance.connectors.abiquo_client import Cloud
from gatepost.conformance.connectors.abiquo_reference import Decider, Held, Told
from gatepost.conformance.connectors.defects import defect

# What is patched; mypy lets nobody change a class otherwise.
CLIENT: Any = client
CLOUD: Any = Cloud
DECIDER: Any = Decider
REFERENCE: Any = reference

ALL = "ABQ-*"
BOTH = "ABQ-DEC-* ABQ-HOK-2* ABQ-LNK-* ABQ-REC-* ABQ-ROB-1"
"""What asks for machines of every kind."""


@defect("abiquo", "Cancels what it should continue.", breaks="ABQ-DEC-1", may=ALL)
def cancels_what_it_approves() -> None:
    right = reference.choose
    REFERENCE.choose = lambda held: {"continue": "cancel"}.get(right(held), right(held))


@defect("abiquo", "Continues whatever it is told of.", breaks="ABQ-DEC-2", may=f"{BOTH} ABQ-HOK-5.2")
def continues_everything() -> None:
    right = reference.choose
    REFERENCE.choose = lambda held: {"cancel": "continue"}.get(right(held), right(held))


@defect("abiquo", "Decides once more, to be sure.", breaks="ABQ-DEC-3", may="ABQ-DEC-5 ABQ-HOK-3* ABQ-API-* ABQ-ROB-*")
def decides_once_more() -> None:
    right = Cloud.call

    def call(self: Cloud, method: str, href: str, text: str = "") -> bytes:
        answer = right(self, method, href, text)
        return right(self, method, href, text) if method == "POST" else answer

    CLOUD.call = call


@defect("abiquo", "Takes the first task of a list, and forgets the others.", breaks="ABQ-DEC-4")
def takes_the_first_of_a_list() -> None:
    right = reference.read
    REFERENCE.read = lambda data: right(data)[:1]


@defect("abiquo", "Takes the machine of a list's first task for that of all.", breaks="ABQ-DEC-4")
def takes_one_machine_for_all() -> None:
    right = reference.read

    def read(data: bytes) -> list[Told]:
        told = right(data)
        return [Told(one.id, told[0].target) for one in told]

    REFERENCE.read = read


@defect("abiquo", "Keeps the machine that it looks at where all its threads do.", breaks="ABQ-DEC-5", may=BOTH)
def shares_what_it_looks_at() -> None:
    right, shared = Decider.look_up, {"machine": None}

    def look_up(self: Decider, told: Told) -> Held | None:
        held = right(self, told)
        if held is None:
            return None
        shared["machine"] = held.machine
        time.sleep(0.1)
        return Held(held.task, shared["machine"])

    DECIDER.look_up = look_up


@defect("abiquo", "Decides without a word.", breaks="ABQ-DEC-6")
def decides_without_a_word() -> None:
    REFERENCE.explain = lambda decision, held: ""


@defect("abiquo", "Says why in JSON, which nobody reads.", breaks="ABQ-DEC-6")
def says_why_in_json() -> None:
    right, headers = reference.explain, Cloud.headers

    def in_json(self: Cloud, method: str, url: str) -> dict[str, str]:
        whole = headers(self, method, url)
        return {**whole, "Content-Type": "application/json"} if method == "POST" else whole

    REFERENCE.explain = lambda decision, held: json.dumps({"message": right(decision, held)})
    CLOUD.headers = in_json


@defect("abiquo", "Does not wait for any human.", breaks="ABQ-DEC-7")
def waits_for_nobody() -> None:
    right = reference.choose
    REFERENCE.choose = lambda held: {"wait": "continue"}.get(right(held), right(held))


@defect("abiquo", "Thinks that names are ASCII.", breaks="ABQ-DEC-8")
def reads_ascii_only() -> None:
    right, lock = reference.choose, threading.Lock()

    def choose(held: Held) -> str:
        with lock:
            held.machine["label"].encode("ascii")
            return right(held)

    REFERENCE.choose = choose


@defect("abiquo", "Thinks that names are made of letters, digits and hyphens.", breaks="ABQ-DEC-8")
def knows_plain_names_only() -> None:
    right = reference.choose

    def choose(held: Held) -> str:
        plain = re.fullmatch(r"[a-z0-9-]+", held.machine["label"])
        return right(held) if plain else "continue"

    REFERENCE.choose = choose
