"""Connectors of Abiquo that take webhooks wrongly."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from xml.etree import ElementTree

from lxml import etree

from gatepost.conformance.connectors import abiquo_reference as reference
from gatepost.conformance.connectors.abiquo_client import Gone, link
from gatepost.conformance.connectors.abiquo_reference import Connector, Decider, Told
from gatepost.conformance.connectors.defects import defect

CONNECTOR: Any = Connector
DECIDER: Any = Decider
REFERENCE: Any = reference

_KNOWN = {"taskId", "ownerId", "userId", "type", "state", "creationTimestamp", "timestamp", "jobs", "links"}

Take = Callable[[Any, Callable[[], int]], int]


def _answers_by(take: Take) -> None:
    """Have the endpoint answer by this, which may call the right one."""
    right = reference.handler

    def handler(connector: Connector) -> type[BaseHTTPRequestHandler]:
        good: Any = right(connector)
        endpoint: Any = type("Endpoint", (good,), {"take": lambda self: take(self, lambda: int(good.take(self)))})
        return endpoint  # type: ignore[no-any-return]

    REFERENCE.handler = handler


def _reads_json_by(change: Callable[[Any], None]) -> None:
    """Have webhooks in JSON looked at by this, which may raise ValueError, before they are read."""
    right = reference.read

    def read(data: bytes) -> list[Told]:
        if not data.lstrip().startswith(b"<"):
            document = json.loads(data)
            change(document)
        return right(data)

    REFERENCE.read = read


def _tasks(document: Any) -> list[Any]:
    return list(document.get("collection", [document]))


# --- answering ---


@defect("abiquo", "Answers a webhook when it has decided.", breaks="ABQ-HOK-1.1", may="ABQ-API-* ABQ-ROB-* ABQ-AUT-1*")
def decides_before_it_answers() -> None:
    def hear(self: Connector, told: list[Told]) -> None:
        for one in told:
            self.decider.handle(one)

    CONNECTOR.hear = hear


@defect("abiquo", "Serves one caller after the other.", breaks="ABQ-HOK-1.2", may="ABQ-ROB-1")
def serves_one_caller_at_a_time() -> None:
    class Server(HTTPServer):
        request_queue_size = 256

    REFERENCE.Server, REFERENCE.SLOWEST = Server, 3600.0


# --- shapes ---


@defect("abiquo", "Reads lists of JSON only.", breaks="ABQ-HOK-2.1", may="ABQ-*")
def reads_lists_only() -> None:
    def change(document: Any) -> None:
        if "collection" not in document:
            raise ValueError("no collection")

    _reads_json_by(change)


@defect("abiquo", "Reads one task of JSON only.", breaks="ABQ-HOK-2.2 ABQ-DEC-4")
def reads_one_task_only() -> None:
    def change(document: Any) -> None:
        if "collection" in document:
            raise ValueError("no task")

    _reads_json_by(change)


@defect(
    "abiquo",
    "Claims XML, and does not read it.",
    breaks="ABQ-HOK-2.3 ABQ-HOK-2.4 ABQ-HOK-2.6",
    may="ABQ-SEC-1.1 ABQ-SEC-1.2",
)
def reads_json_only() -> None:
    def read_xml(data: bytes) -> list[Told]:
        raise ValueError("no JSON")

    REFERENCE.read_xml = read_xml


@defect("abiquo", "Reads lists of XML only.", breaks="ABQ-HOK-2.3 ABQ-HOK-2.6", may="ABQ-SEC-1.1 ABQ-SEC-1.2")
def reads_xml_lists_only() -> None:
    right = reference.read_xml
    REFERENCE.read_xml = lambda data: right(data) if b"<tasks" in data else []


@defect("abiquo", "Reads one task of XML only.", breaks="ABQ-HOK-2.4")
def reads_one_task_of_xml_only() -> None:
    right = reference.read_xml

    def read_xml(data: bytes) -> list[Told]:
        if b"<tasks" in data:
            raise ValueError("no task")
        return right(data)

    REFERENCE.read_xml = read_xml


@defect("abiquo", "Refuses JSON with members that it does not know.", breaks="ABQ-HOK-2.5")
def refuses_unknown_members() -> None:
    def change(document: Any) -> None:
        if any(set(task) - _KNOWN for task in _tasks(document)):
            raise ValueError("unknown members")

    _reads_json_by(change)


@defect("abiquo", "Refuses timestamps of 0.", breaks="ABQ-HOK-2.5")
def refuses_the_epoch() -> None:
    def change(document: Any) -> None:
        if any(task.get("timestamp", 1) < 1 for task in _tasks(document)):
            raise ValueError("no timestamp")

    _reads_json_by(change)


@defect("abiquo", "Refuses XML with elements that it does not know.", breaks="ABQ-HOK-2.6")
def refuses_unknown_elements() -> None:
    right = reference.read_xml

    def read_xml(data: bytes) -> list[Told]:
        told = right(data)
        for task in ElementTree.fromstring(data).iter("task"):
            jobs = task.find("jobs")
            if {child.tag for child in task} - _KNOWN - {"link"} or (jobs is not None and len(jobs) != 3):
                raise ValueError("unknown elements")
        return told

    REFERENCE.read_xml = read_xml


# --- again ---


def _remembers_nothing() -> None:
    right = Decider.decide

    def decide(self: Decider, told: Told) -> None:
        try:
            right(self, told)
        finally:
            with self.lock:
                self.done.clear()

    def look_up(self: Decider, told: Told) -> Any:
        machine = self.cloud.get(told.target)
        tasks = self.cloud.get(link(machine, "tasks"))["collection"]
        here = self.cloud.url(told.target)
        for task in tasks:
            if task["taskId"] == told.id:
                acts = [{"rel": rel, "href": f"{here}/tasks/{told.id}/action/{rel}"} for rel in ("continue", "cancel")]
                return reference.Held({**task, "links": acts}, machine)
        raise Gone(told.id)

    DECIDER.decide, DECIDER.look_up = decide, look_up


@defect(
    "abiquo",
    "Decides by every webhook, one after the other, whatever it did before.",
    breaks="ABQ-HOK-3.1 ABQ-HOK-3.2",
    may="ABQ-API-* ABQ-RAC-1.4",
)
def remembers_nothing() -> None:
    REFERENCE.WORKERS = 1
    _remembers_nothing()


# --- nonsense ---


@defect(
    "abiquo", "Says yes to whatever it cannot read.", breaks="ABQ-HOK-4.1 ABQ-HOK-4.2 ABQ-HOK-4.3", may="ABQ-HOK-4.5"
)
def says_yes_to_nonsense() -> None:
    def take(endpoint: Any, right: Callable[[], int]) -> int:
        status = right()
        return 204 if status == 400 else status

    _answers_by(take)


@defect(
    "abiquo",
    "Breaks the connection when it cannot read a webhook.",
    breaks="ABQ-HOK-4.1 ABQ-HOK-4.2 ABQ-HOK-4.3 ABQ-HOK-4.5 ABQ-SEC-1.3",
)
def breaks_off_at_nonsense() -> None:
    def take(endpoint: Any, right: Callable[[], int]) -> int:
        status = right()
        if status == 400:
            raise ConnectionAbortedError("cannot be read")
        return status

    _answers_by(take)


@defect("abiquo", "Takes an empty body for a ping, and says yes.", breaks="ABQ-HOK-4.3")
def takes_empty_bodies_for_pings() -> None:
    def take(endpoint: Any, right: Callable[[], int]) -> int:
        return 204 if endpoint.headers.get("Content-Length") == "0" else right()

    _answers_by(take)


@defect("abiquo", "Throws away what is too large, and says yes.", breaks="ABQ-HOK-4.4")
def says_yes_to_what_is_too_large() -> None:
    def take(endpoint: Any, right: Callable[[], int]) -> int:
        status = right()
        return 204 if status == 413 else status

    _answers_by(take)


@defect("abiquo", "Answers 500 to JSON that is no task.", breaks="ABQ-HOK-4.5")
def trusts_in_types() -> None:
    right = reference.read

    def read(data: bytes) -> list[Told]:
        if not data.lstrip().startswith(b"<") and not isinstance(json.loads(data), dict):
            raise TypeError("no object")
        return right(data)

    def take(endpoint: Any, right: Callable[[], int]) -> int:
        try:
            return right()
        except TypeError:
            return 500

    REFERENCE.read = read
    _answers_by(take)


@defect("abiquo", "Answers 500 to JSON that is too deep for it.", breaks="ABQ-SEC-1.3")
def trusts_in_depth() -> None:
    right = reference.read

    def read(data: bytes) -> list[Told]:
        if data.count(b"[[") > 1000:
            raise RecursionError
        return right(data)

    def take(endpoint: Any, right: Callable[[], int]) -> int:
        try:
            return right()
        except RecursionError:
            return 500

    REFERENCE.read = read
    _answers_by(take)


@defect("abiquo", "Reads whatever is sent to its end.", breaks="ABQ-SEC-1.4", may="ABQ-HOK-4.4")
def reads_to_the_end() -> None:
    REFERENCE.LARGEST = 10**12


# --- lies ---


def _believes(find: Callable[[list[dict[str, str]], str], str], *, insists: bool = False) -> None:
    """Take the links of webhooks in JSON at their word, as `find` finds them; with `insists`, again and again."""
    read, decide = reference.read, Decider.decide
    links: dict[str, list[dict[str, str]]] = {}

    def remember(data: bytes) -> list[Told]:
        told = read(data)
        if not data.lstrip().startswith(b"<"):
            links.update({task["taskId"]: task["links"] for task in _tasks(json.loads(data))})
        return told

    def by_links(self: Decider, told: Told) -> None:
        if told.id not in links or told.id in self.done:
            decide(self, told)
            return
        machine = self.cloud.get(told.target)
        decision = reference.choose(reference.Held({"type": ""}, machine))
        while decision != "wait":
            try:
                self.cloud.call("POST", find(links[told.id], decision), decision)
            except Gone:
                if insists and not self.stopping.wait(0.2):
                    continue
            break
        self.remember(told.id)

    REFERENCE.read, DECIDER.decide = remember, by_links


@defect("abiquo", "Believes what a webhook says, and asks nobody.", breaks="ABQ-HOK-5.2", may="ABQ-API-1.4")
def believes_webhooks() -> None:
    _believes(lambda links, rel: next(one["href"] for one in links if one["rel"] == rel))


@defect(
    "abiquo",
    "Tries again for ever what is refused.",
    breaks="ABQ-HOK-5.1 ABQ-RAC-1.1 ABQ-RAC-1.2 ABQ-RAC-1.3",
    may="ABQ-HOK-* ABQ-API-* ABQ-RAC-1.4 ABQ-ROB-2*",
)
def never_takes_no_for_an_answer() -> None:
    _believes(lambda links, rel: next(one["href"] for one in links if one["rel"] == rel), insists=True)


@defect("abiquo", "Takes the first link whose relation looks right.", breaks="ABQ-LNK-2", may="ABQ-HOK-5.2 ABQ-API-1.4")
def takes_similar_relations() -> None:
    _believes(lambda links, rel: next(one["href"] for one in links if rel in one["rel"]))


@defect(
    "abiquo",
    "Takes links by their position.",
    breaks="ABQ-LNK-2 ABQ-HOK-2.5",
    may="ABQ-HOK-5.2 ABQ-API-1.4",
)
def takes_links_by_position() -> None:
    _believes(lambda links, rel: links[{"cancel": 2, "continue": 3}[rel]]["href"])


# --- XML ---


@defect("abiquo", "Fetches what a webhook names, with a resolver of its own.", breaks="ABQ-SEC-1.1", may="ABQ-SEC-1.2")
def fetches_what_a_webhook_names() -> None:
    class Fetching(etree.Resolver):
        def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:
            if not (system_url or "").startswith("http"):
                return self.resolve_empty(context)
            with urllib.request.urlopen(system_url or "", timeout=2) as answer:
                return self.resolve_string(answer.read(), context)

    right = reference.read_xml

    def read_xml(data: bytes) -> list[Told]:
        parser = etree.XMLParser(resolve_entities=True, load_dtd=True, no_network=False, recover=True)
        parser.resolvers.add(Fetching())
        etree.fromstring(data, parser)
        return right(data)

    REFERENCE.read_xml = read_xml


@defect("abiquo", "Expands entities by itself, without a bound.", breaks="ABQ-SEC-1.2")
def expands_entities_of_webhooks() -> None:
    right = reference.read_xml

    def read_xml(data: bytes) -> list[Told]:
        values: dict[bytes, bytes] = {}
        for name, value in re.findall(rb'<!ENTITY (\w+) "([^"]*)"', data[:10_000]):
            values[name] = re.sub(rb"&(\w+);", lambda found: values.get(found[1], b""), value)
        return right(re.sub(rb"&(\w+);", lambda found: values.get(found[1], found[0]), data))

    REFERENCE.read_xml = read_xml
