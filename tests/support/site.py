"""A cloud that tells a lot, and whether all of it has reached the broker."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lxml import etree

from gatepost import Gatepost
from gatepost.core.journal import Entry
from tests.support.amqp import amqp_settings, blocking_operations
from tests.support.client import VcloudClient
from tests.support.consumer import LOGIN, Consumer, Delivery
from tests.support.schemas import VMEXT
from tests.support.tenant import find_places
from tests.support.waiting import until

Connect = Callable[..., VcloudClient]

VAPP_EVENTS = ["vapp.create_request", "task.create", "task.start", "vapp.create", "task.complete"]
VM_EVENTS = ["vm.create_request", "vm.create"]


class Site:
    """A cloud in which nothing blocks, so that each vApp is seven events at once; its user and its administrator."""

    def __init__(self, cloud: Gatepost, connect: Connect) -> None:
        self.cloud = cloud
        self.alice = connect(cloud)
        self.administrator = connect(cloud, "administrator@System")
        self.asked = 0
        self._places = find_places(self.alice)
        assert self.administrator.put(*blocking_operations()).status == 200
        if cloud.broker_state == "off":
            self.wait_empty()  # else the logins would go to the broker that is named next

    def ask(self, count: int = 1) -> None:
        for _ in range(count):
            self.asked += 1
            assert self.alice.instantiate(*self._places, f"vapp-{self.asked}").status == 201

    def ask_until_blocked(self) -> None:
        """A broker whose memory runs short tells so to who publishes after it has noticed."""

        def blocked() -> bool:
            if not self.outbox["waiting"]:
                self.ask()
            return "takes no messages now" in (self.problem or "")

        until(blocked)

    def publish_to(self, amqp_url: str, **changes: Any) -> None:
        reply = self.administrator.put(*amqp_settings(amqp_url, **changes))
        assert reply.status == 200, reply

    def wait_connected(self, seconds: float = 60.0) -> None:
        until(lambda: self.cloud.broker_state == "connected", seconds)

    def wait_empty(self, seconds: float = 60.0) -> None:
        until(lambda: not self.outbox["waiting"], seconds)

    def wait_for_confirms(self, count: int) -> None:
        """Wait for that many more than now."""
        wanted = self.outbox["confirmed"] + count
        until(lambda: self.outbox["confirmed"] >= wanted)

    @property
    def outbox(self) -> dict[str, int]:
        outbox: dict[str, int] = self.cloud.info()["outbox"]
        return outbox

    @property
    def problem(self) -> str | None:
        problem: str | None = self.cloud.info()["broker_problem"]
        return problem

    def entries(self, kind: str) -> list[Entry]:
        """Those of the kind, logins left out."""
        entries = self.cloud.journal.after(0)
        return [entry for entry in entries if entry.kind == kind and not entry.path.endswith(LOGIN)]

    @contextmanager
    def being_asked(self) -> Iterator[None]:
        """A user who asks for one vApp after the other."""
        enough = threading.Event()

        def keep_asking() -> None:
            while not enough.wait(0.05):  # as fast as it can, it would only make the test long
                self.ask()

        thread = threading.Thread(target=keep_asking)
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()


def told(messages: list[Delivery]) -> dict[str, list[str]]:
    """What was told of each vApp and VM, in order, repetitions left out: they are allowed."""
    seen: set[str] = set()
    stories: dict[str, list[str]] = {}
    for message in messages:
        if message.properties.message_id not in seen:
            seen.add(message.properties.message_id)
            stories.setdefault(subject(message), []).append(message.event.removesuffix(".vdcInstantiateVapp"))
    return stories


def subject(message: Delivery) -> str:
    """The URN of the vApp or VM that the message is about."""
    if message.properties.content_type == "application/json":
        body = json.loads(message.body)
        return str(body.get("taskOwner", body["entity"]))
    links = {one.get("rel"): one for one in etree.fromstring(message.body).iter(f"{{{VMEXT}}}EntityLink")}
    return links.get("task:owner", links["entity"]).get("id", "")


def assert_complete(messages: list[Delivery], vapps: int) -> None:
    stories = list(told(messages).values())
    assert sorted(stories) == sorted([VAPP_EVENTS, VM_EVENTS] * vapps)


def take_all(consumer: Consumer, vapps: int) -> list[Delivery]:
    """What the broker holds, once it has confirmed everything."""
    messages = consumer.take(consumer.waiting())
    assert len(messages) >= 7 * vapps
    return messages


def assert_confirmed_once(site: Site) -> None:
    """Every message was confirmed once, in the answer to the last time that it was published."""
    published = {entry.seq: entry for entry in site.entries("amqp.publish")}
    last = {(entry.method, entry.body): entry.seq for entry in published.values()}
    confirmed = [entry.answers for entry in site.entries("amqp.confirm")]
    assert sorted(last.values()) == sorted(seq or 0 for seq in confirmed)
    for entry in site.entries("amqp.confirm"):
        message = published[entry.answers or 0]
        assert (entry.direction, message.direction) == ("in", "out")
        assert entry.seq > message.seq
        assert (entry.path, entry.task, entry.method) == (message.path, message.task, message.method)
    assert site.outbox["confirmed"] == len(last)
