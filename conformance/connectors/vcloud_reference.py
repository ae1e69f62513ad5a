"""A connector for vCloud Director's blocking tasks that keeps every rule: copy it, and put your own mind into `choose`.

    python -m gatepost.conformance.connectors.vcloud_reference --url http://127.0.0.1:8080 --amqp amqp://guest:guest@127.0.0.1:5672/

It needs pika and lxml. Its rules: a name that begins with `deny` is declined, `broken` fails, `manual` waits for a
human, `moved` is declined and made anew under another name; every other one is approved. The deletion of a vApp is
not its business.

What it keeps of a request that it could not decide, it keeps in the cloud: on every start, after every return of the
broker and every SWEEP seconds it looks through the list of blocking tasks. So a message is acknowledged as soon as it
was looked at, and no state of its own can be lost.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import queue
import signal
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote

import pika
from lxml import etree
from pika.exceptions import AMQPError

from gatepost.conformance.connectors.vcloud_client import (
    LARGEST,
    VCLOUD,
    Cloud,
    Gone,
    Unavailable,
    find_link,
    parse,
)

log = logging.getLogger("connector")

VMEXT = "http://www.vmware.com/vcloud/extension/v1.5"
OPERATION_PARAMS = "application/vnd.vmware.admin.blockingTaskOperationParams+xml"
PROGRESS_PARAMS = "application/vnd.vmware.admin.blockingTaskUpdateProgressOperationParams+xml"
COMPOSE_PARAMS = "application/vnd.vmware.vcloud.composeVAppParams+xml"
CREATED = "com/vmware/vcloud/event/blockingtask/create"

IGNORED = frozenset({"vdcDeleteVapp"})
WORKERS = 8
PREFETCH = 32
HEARTBEAT = 4  # seconds, at most
SWEEP = 20.0  # seconds between two looks through the list
PATIENCE = 20.0  # seconds after which a request that cannot be made now is left to the next sweep
UNSEEN = 1.5  # seconds after which a task that the cloud does not show is taken to be gone


# --- what to decide --------------------------------------------------------------------------------------------------


class Held(NamedTuple):
    """A blocking task as it was just read."""

    href: str
    operation: str
    owner: str
    user: str
    task: etree._Element


def choose(held: Held, me: str) -> str:
    """`resume`, `abort`, `fail`; `wait` for a human; `replace` by another request; `ignore`. This is yours to write."""
    if held.operation in IGNORED:
        return "ignore"
    if held.user == me:
        return "resume"  # what we asked for ourselves needs nobody's leave
    word = held.owner.partition("-")[0]
    return {"deny": "abort", "broken": "fail", "manual": "wait", "moved": "replace"}.get(word, "resume")


def explain(decision: str, held: Held) -> str:
    """What the user reads."""
    reasons = {"resume": "Approved", "abort": "Declined", "fail": "A precondition is broken"}
    return f"{reasons[decision]}: {held.operation} of {held.owner}"


def params(message: str, timeout: float | None = None) -> bytes:
    """The body of a decision; with a timeout, in seconds, that of updateProgress."""
    kind = "BlockingTaskOperationParams" if timeout is None else "BlockingTaskUpdateProgressParams"
    root = etree.Element(f"{{{VMEXT}}}{kind}", nsmap={None: VMEXT})
    etree.SubElement(root, f"{{{VMEXT}}}Message").text = message
    if timeout is not None:
        etree.SubElement(root, f"{{{VMEXT}}}TimeoutValueInMilliseconds").text = str(int(timeout * 1000))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


class Decider:
    """Decides blocking tasks, each once however often it hears of it. For any number of threads."""

    def __init__(self, cloud: Cloud, user: str) -> None:
        self.cloud = cloud
        self.me = user.partition("@")[0]
        self.lock = threading.Lock()
        self.busy: set[str] = set()
        self.done: OrderedDict[str, None] = OrderedDict()
        self.stopping = threading.Event()
        self.waiting: dict[str, threading.Thread] = {}

    def handle(self, id: str) -> None:
        """Decide the blocking task with this bare id, unless that is done or under way."""
        with self.lock:
            if id in self.busy or id in self.done:
                return
            self.busy.add(id)
        try:
            self.patiently(lambda: self.decide(id))
        finally:
            with self.lock:
                self.busy.discard(id)

    def patiently(self, work: Callable[[], None]) -> None:
        """Try again while the cloud cannot answer. What then is not done is left to the next sweep."""
        end, pause = time.monotonic() + PATIENCE, 0.2
        while not self.stopping.is_set():
            try:
                work()
            except Gone as error:
                log.info("too late: %s", error)
            except ValueError as error:
                log.warning("not understood: %s", error)
            except Unavailable as error:
                pause = max(min(2 * pause, 5.0), error.retry_after)
                if time.monotonic() + pause < end:
                    log.info("%s; again in %.1f s", error, pause)
                    self.stopping.wait(pause)
                    continue
                log.warning("%s; left for later", error)
            return

    def decide(self, id: str) -> None:
        held = self.read(id)
        if held is not None:
            decision = choose(held, self.me)
            log.info("%s: %s of %s", decision, held.operation, held.owner)
            self.act(decision, id, held)
        self.remember(id)

    def remember(self, id: str) -> None:
        with self.lock:
            self.done[id] = None
            if len(self.done) > 100_000:
                self.done.popitem(last=False)

    def act(self, decision: str, id: str, held: Held) -> None:
        if decision == "wait":
            self.keep_waiting(id, held)
        elif decision == "replace":
            self.follow("abort", id, held)
            self.ask_anew(held)
        elif decision != "ignore":
            self.follow(decision, id, held)

    def read(self, id: str) -> Held | None:
        """None for one that is decided already. Raises Gone for what the cloud does not show in a while."""
        end = time.monotonic() + UNSEEN
        while True:
            try:
                return self.look_up(id)
            except Gone:
                # The message may come before the cloud shows what it tells of.
                if time.monotonic() > end or self.stopping.wait(0.2):
                    raise

    def look_up(self, id: str) -> Held | None:
        entity = self.cloud.get(f"{self.cloud.url}/api/entity/urn:vcloud:blockingTask:{quote(id)}")
        href = find_link(entity, "alternate") or entity.get("href") or ""
        task = self.cloud.get(href)
        if find_link(task, "resume") is None:
            return None  # what the cloud does not offer is not ours to do
        owner = self.cloud.get(required(task.find(f"{{{VCLOUD}}}TaskOwner"), "href"))
        user = task.find(f"{{{VCLOUD}}}User")
        name = "" if user is None else user.get("name", "")
        return Held(href, task.get("name", ""), owner.get("name", ""), name, task)

    def follow(self, decision: str, id: str, held: Held) -> None:
        """Take the link of that name. Whether a lost answer was a yes, the task itself tells."""
        href = find_link(held.task, decision)
        if href is None:
            raise Gone(f"{decision} is not offered")
        try:
            self.cloud.call("POST", href, params(explain(decision, held)), OPERATION_PARAMS)
        except Unavailable as error:
            if self.cloud.get(held.href).get("status") == "active":
                raise
            log.info("%s, but it was done", error)

    def ask_anew(self, held: Held) -> None:
        """Ask for an empty vApp in place of the declined one, in the first vdc of its organization."""
        org = self.cloud.get(required(held.task.find(f"{{{VCLOUD}}}Organization"), "href"))
        vdcs = org.find(f"{{{VCLOUD}}}Vdcs")
        vdc = self.cloud.get(required(None if vdcs is None else vdcs.find(f"{{{VCLOUD}}}Vdc"), "href"))
        user_view = find_link(vdc, "alternate")
        vdc = vdc if user_view is None else self.cloud.get(user_view)
        href = next(
            link.get("href") for link in vdc.iterfind(f"{{{VCLOUD}}}Link") if link.get("type") == COMPOSE_PARAMS
        )
        body = etree.Element(f"{{{VCLOUD}}}ComposeVAppParams", nsmap={None: VCLOUD}, name=f"{held.owner}-anew"[:128])
        self.cloud.call("POST", href or "", etree.tostring(body), COMPOSE_PARAMS)

    # --- waiting for a human ---

    def keep_waiting(self, id: str, held: Held) -> None:
        thread = threading.Thread(target=self.keep_alive, args=(id, held), daemon=True)
        self.waiting[id] = thread
        thread.start()

    def keep_alive(self, id: str, held: Held) -> None:
        """Say in time that we are still there, until somebody decides."""
        period = moment(held.task, "timeoutDate") - moment(held.task, "createdTime")
        left = moment(held.task, "timeoutDate") - time.time()
        while not self.stopping.wait(max(0.1, min(left, period) / 2)):
            try:
                task = self.cloud.get(held.href)
                href = find_link(task, "updateProgress")
                if href is None:
                    break
                body = params("Waiting for a human to decide", period)
                task = parse(self.cloud.call("POST", href, body, PROGRESS_PARAMS).body)
                left = moment(task, "timeoutDate") - time.time()
            except Unavailable as error:
                left = max(0.5, error.retry_after)
            except (Gone, ValueError):
                break
        self.waiting.pop(id, None)


def required(element: etree._Element | None, attribute: str) -> str:
    """Raises ValueError where it is missing."""
    value = None if element is None else element.get(attribute)
    if not value:
        raise ValueError(f"there is no {attribute}")
    return value


def moment(task: etree._Element, attribute: str) -> float:
    return datetime.fromisoformat(task.get(attribute, "")).timestamp()


# --- where requests come from ----------------------------------------------------------------------------------------


def id_of(properties: pika.BasicProperties, body: bytes) -> str | None:
    """The bare id of a blocking task that was created; None for all other news. Raises ValueError for nonsense."""
    headers = properties.headers or {}
    type, entity = headers.get("notification.type"), headers.get("notification.entityUUID")
    if not isinstance(type, str) or not isinstance(entity, str):
        type, entity = told_in_body(properties, body)
    return entity if type == CREATED else None


def told_in_body(properties: pika.BasicProperties, body: bytes) -> tuple[str, str]:
    """Type and bare entity id, where the headers do not tell them."""
    if len(body) > LARGEST:
        raise ValueError("too large")
    if (properties.content_type or "").endswith("json"):
        message = json.loads(body)
        if not isinstance(message, dict):
            raise ValueError("no object")
        type, entity = message.get("type"), message.get("entity")
    else:
        root = parse(body)
        type = root.get("type")
        entity = next((e.get("id") for e in root.iterfind(f"{{{VMEXT}}}EntityLink") if e.get("rel") == "entity"), None)
    if not isinstance(type, str) or not isinstance(entity, str):
        raise ValueError("no notification")
    return type, entity.rpartition(":")[2]


class Connector:
    """Hears of blocking tasks through a broker, and looks through the cloud's list now and then."""

    def __init__(self, cloud: Cloud, decider: Decider, options: argparse.Namespace) -> None:
        self.cloud = cloud
        self.decider = decider
        self.options = options
        self.work: queue.Queue[Callable[[], None]] = queue.Queue()
        self.connection: Any = None

    def run(self) -> None:
        """Until `stop`."""
        threads = [threading.Thread(target=self.work_off, daemon=True) for _ in range(WORKERS)]
        threads.append(threading.Thread(target=self.sweep, daemon=True))
        for thread in threads:
            thread.start()
        pause = 0.2
        while not self.decider.stopping.is_set():
            try:
                self.consume()
                pause = 0.2
            except (AMQPError, OSError) as error:
                log.warning("broker: %s %s; again in %.1f s", type(error).__name__, error, pause)
            self.decider.stopping.wait(pause)
            pause = min(2 * pause, 2.0)
        for thread in threads:
            thread.join(3)
        self.cloud.log_out()

    def stop(self, *_: object) -> None:
        self.decider.stopping.set()

    def consume(self) -> None:
        """Over one connection, until it ends or we are to stop."""
        parameters = pika.URLParameters(self.options.amqp)
        parameters.heartbeat = lambda _, offered: min(offered or HEARTBEAT, HEARTBEAT)
        with pika.BlockingConnection(parameters) as connection:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=PREFETCH)
            channel.queue_declare(self.options.queue, durable=True)
            channel.queue_bind(self.options.queue, self.options.exchange, "#.blockingtask.#")
            channel.basic_consume(self.options.queue, lambda *message: self.on_message(connection, *message))
            self.work.put(self.look_through)  # what came while nobody listened
            log.info("listening")
            while not self.decider.stopping.is_set():
                connection.process_data_events(0.2)
            channel.cancel()

    def on_message(
        self, connection: Any, channel: Any, method: Any, properties: pika.BasicProperties, body: bytes
    ) -> None:
        try:
            id = id_of(properties, body)
        except ValueError as error:
            log.warning("a message is no notification: %s", error)
            id = None
        if id is None:
            channel.basic_ack(method.delivery_tag)
            return
        blocking_task = id

        def handle() -> None:
            self.decider.handle(blocking_task)
            if not self.decider.stopping.is_set():
                self.acknowledge(connection, channel, method.delivery_tag)

        self.work.put(handle)

    def acknowledge(self, connection: Any, channel: Any, tag: int) -> None:
        """From any thread. A channel that is gone gives the message to the next one."""

        def ack() -> None:
            with contextlib.suppress(AMQPError):
                channel.basic_ack(tag)

        with contextlib.suppress(AMQPError):
            connection.add_callback_threadsafe(ack)

    def work_off(self) -> None:
        while not self.decider.stopping.is_set():
            with contextlib.suppress(queue.Empty):
                self.work.get(timeout=0.2)()

    def sweep(self) -> None:
        while not self.decider.stopping.wait(SWEEP):
            self.work.put(self.look_through)

    def look_through(self) -> None:
        """Handle every blocking task that the cloud lists."""
        self.decider.patiently(self.hand_out)

    def hand_out(self) -> None:
        listed = self.cloud.get(self.cloud.url + "/api/admin/extension/blockingTasks")
        for reference in listed.iterfind(f"{{{VCLOUD}}}Reference"):
            task = self.cloud.get(required(reference, "href"))
            self.work.put(partial(self.decider.handle, required(task, "id").rpartition(":")[2]))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--user", default="administrator@System")
    parser.add_argument("--password", default="gatepost")
    parser.add_argument("--version", default="5.5", help="of the API")
    parser.add_argument("--amqp", default="amqp://guest:guest@127.0.0.1:5672/%%2F")
    parser.add_argument("--exchange", default="systemExchange")
    parser.add_argument("--queue", default="connector")
    parser.add_argument("--ca", help="PEM file of the authority that the cloud's certificate must come from")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    cloud = Cloud(options.url, options.user, options.password, options.version, options.ca)
    connector = Connector(cloud, Decider(cloud, options.user), options)
    signal.signal(signal.SIGTERM, connector.stop)
    signal.signal(signal.SIGINT, connector.stop)
    connector.run()


if __name__ == "__main__":
    main()
