"""A connector for Abiquo's workflow feature that keeps every rule: copy it, and put your own mind into `choose`.

    python -m gatepost.conformance.connectors.abiquo_reference --api http://127.0.0.1:8080/abiquo/api --port 9000

The cloud must know its address: gatepost serve --workflow-endpoint http://127.0.0.1:9000/
It needs nothing but Python. Its rules: a machine whose label begins with `deny` is declined, with `manual` it waits for
a human; every other one is approved.

Anybody can send a webhook. So it is only taken as a hint that there is something to decide: what that is, the cloud
itself is asked. A webhook is answered at once, and other threads decide. What is not decided stays in the cloud, and is
found again in the lists of pending tasks, on every start and now and then: no state of ours can be lost.
"""

from __future__ import annotations

import argparse
import json
import logging
import queue
import signal
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from xml.etree import ElementTree

from gatepost.conformance.connectors.abiquo_client import Cloud, Denied, Gone, Unavailable, basic, link, oauth

log = logging.getLogger("connector")

LARGEST = 1024 * 1024  # bytes of a webhook
SLOWEST = 5.0  # seconds that whoever calls us may be silent
WORKERS = 8
PATIENCE = 20.0  # seconds after which a call that cannot be made now is left to the next sweep


# --- what to decide --------------------------------------------------------------------------------------------------


class Held(NamedTuple):
    """A task that waits, and its machine, as the cloud tells of them."""

    task: Any
    machine: Any


def choose(held: Held) -> str:
    """`continue`, `cancel`, or `wait` for a human. This is yours to write."""
    word = str(held.machine.get("label", "")).partition("-")[0]
    return {"deny": "cancel", "manual": "wait"}.get(word, "continue")


def explain(decision: str, held: Held) -> str:
    """What the user reads."""
    word = "Approved" if decision == "continue" else "Declined"
    return f"{word}: {str(held.task['type']).lower()} of {held.machine.get('label')}"


class Told(NamedTuple):
    """What a webhook or a list says of a task: its id, and the link to its machine."""

    id: str
    target: str


class Decider:
    """Decides tasks, each once however often it hears of it. For any number of threads."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.lock = threading.Lock()
        self.busy: set[str] = set()
        self.done: OrderedDict[str, None] = OrderedDict()
        self.stopping = threading.Event()

    def handle(self, told: Told) -> None:
        """Decide this task, unless that is done or under way."""
        with self.lock:
            if told.id in self.busy or told.id in self.done:
                return
            self.busy.add(told.id)
        try:
            self.patiently(partial(self.decide, told))
        finally:
            with self.lock:
                self.busy.discard(told.id)

    def patiently(self, work: Callable[[], None]) -> None:
        """Try again while the cloud cannot answer. What then is not done is left to the next sweep."""
        end, pause = time.monotonic() + PATIENCE, 0.2
        while not self.stopping.is_set():
            try:
                work()
            except Gone as error:
                log.info("too late: %s", error)
            except Denied as error:
                log.error("the cloud does not let us; look at our credentials and privileges: %s", error)
            except (KeyError, TypeError, AttributeError) as error:
                log.warning("not understood: %s %s", type(error).__name__, error)
            except Unavailable as error:
                pause = max(min(2 * pause, 2.0), error.retry_after)
                if time.monotonic() + pause < end:
                    log.info("%s; again in %.1f s", error, pause)
                    self.stopping.wait(pause)
                    continue
                log.warning("%s; left for later", error)
            return

    def decide(self, told: Told) -> None:
        """Called again after a lost answer, it sees that the task waits no more."""
        held = self.look_up(told)
        if held is not None:
            decision = choose(held)
            log.info("%s: %s of %s", decision, held.task["type"], held.machine.get("label"))
            if decision != "wait":
                self.cloud.call("POST", link(held.task, decision), explain(decision, held))
        self.remember(told.id)

    def look_up(self, told: Told) -> Held | None:
        """None for what waits no more. Raises Gone for a task that the machine does not have."""
        machine = self.cloud.get(told.target)
        tasks = self.cloud.get(link(machine, "tasks"))["collection"]
        task = next((one for one in tasks if one["taskId"] == told.id), None)
        if task is None:
            raise Gone(f"there is no task {told.id}")
        return Held(task, machine) if task["state"] == "QUEUEING" else None

    def remember(self, id: str) -> None:
        with self.lock:
            self.done[id] = None
            if len(self.done) > 100_000:
                self.done.popitem(last=False)


# --- where requests come from ----------------------------------------------------------------------------------------


def read(data: bytes) -> list[Told]:
    """The tasks of a webhook, in JSON or XML, one by itself or several. Raises ValueError for anything else."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return read_xml(data)
    try:
        document = json.loads(data)
        items = document.get("collection", [document])
        return [Told(text(item["taskId"]), text(link(item, "target"))) for item in items]
    except (KeyError, TypeError, AttributeError, RecursionError, Gone) as error:
        raise ValueError(f"no tasks: {error}") from None


def text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


class NoDoctype(ElementTree.TreeBuilder):
    """Entities, of which all that is dangerous in XML is made, need a document type."""

    def doctype(self, *_: object) -> None:
        raise ValueError("a document type is not allowed")


def read_xml(data: bytes) -> list[Told]:
    try:
        root = ElementTree.fromstring(data, ElementTree.XMLParser(target=NoDoctype()))
    except (ElementTree.ParseError, LookupError) as error:
        raise ValueError(str(error)) from None
    if root.tag not in ("task", "tasks"):
        raise ValueError(f"{root.tag} is no task")
    tasks = [root] if root.tag == "task" else root.findall("task")
    return [Told(text(task.findtext("taskId")), target_of(task)) for task in tasks]


def target_of(task: ElementTree.Element) -> str:
    return text(next((one.get("href") for one in task.findall("link") if one.get("rel") == "target"), None))


class Connector:
    """Is told of tasks by webhooks, and looks through the cloud's lists now and then."""

    def __init__(self, cloud: Cloud, port: int, sweep: float) -> None:
        self.cloud = cloud
        self.pause = sweep
        self.decider = Decider(cloud)
        self.work: queue.Queue[Callable[[], None]] = queue.Queue()
        self.server = Server(("127.0.0.1", port), handler(self))

    def run(self) -> None:
        """Until `stop`."""
        threads = [threading.Thread(target=self.work_off, daemon=True) for _ in range(WORKERS)]
        threads.append(threading.Thread(target=self.sweep, daemon=True))
        serving = threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True)
        for thread in (serving, *threads):
            thread.start()
        log.info("listening on port %d", self.server.server_port)
        while not self.decider.stopping.wait(0.2):  # in short pieces, so that signals are seen
            pass
        self.server.shutdown()
        end = time.monotonic() + 5
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))

    def stop(self, *_: object) -> None:
        self.decider.stopping.set()

    def hear(self, told: list[Told]) -> None:
        for one in told:
            self.work.put(partial(self.decider.handle, one))

    def work_off(self) -> None:
        while not self.decider.stopping.is_set():
            try:
                work = self.work.get(timeout=0.2)
            except queue.Empty:
                continue
            work()

    def sweep(self) -> None:
        """First what came before we listened."""
        while True:
            self.work.put(self.look_through)
            if self.decider.stopping.wait(self.pause):
                return

    def look_through(self) -> None:
        """Handle every pending task of every enterprise that we see."""
        self.decider.patiently(self.hand_out)

    def hand_out(self) -> None:
        for enterprise in self.cloud.get("admin/enterprises?limit=0")["collection"]:
            for task in self.cloud.get(link(enterprise, "pendingtasks") + "?limit=0")["collection"]:
                self.hear([Told(task["taskId"], link(task, "target"))])


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def handler(connector: Connector) -> type[BaseHTTPRequestHandler]:
    """Where the cloud calls."""

    class Endpoint(BaseHTTPRequestHandler):
        timeout = SLOWEST

        def do_POST(self) -> None:
            self.send_response(self.take())
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()

        def take(self) -> int:
            """The status to answer."""
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal():
                return 411
            if int(length) > LARGEST:
                return 413
            try:
                told = read(self.rfile.read(int(length)))
            except ValueError as error:
                log.warning("a webhook is refused: %s", error)
                return 400
            connector.hear(told)
            return 204

        def log_message(self, format: str, *args: object) -> None:
            """Decisions are logged; requests need not be."""

    return Endpoint


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--api", default="http://127.0.0.1:8080/abiquo/api", help="root of the API")
    parser.add_argument("--port", type=int, default=9000, help="where the cloud reaches us")
    parser.add_argument("--user", default="connector")
    parser.add_argument("--password", default="gatepost")
    parser.add_argument(
        "--oauth", metavar="KEY,SECRET,TOKEN,SECRET", help="consumer and access token, in place of user and password"
    )
    parser.add_argument("--sweep", type=float, default=60.0, help="seconds between two looks through the lists")
    parser.add_argument("--ca", help="PEM file of the authority that the cloud's certificate must come from")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    sign = oauth(*options.oauth.split(",")) if options.oauth else basic(options.user, options.password)
    connector = Connector(Cloud(options.api, sign, options.ca), options.port, options.sweep)
    signal.signal(signal.SIGTERM, connector.stop)
    signal.signal(signal.SIGINT, connector.stop)
    connector.run()


if __name__ == "__main__":
    main()
