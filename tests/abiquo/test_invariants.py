"""Whatever users, connectors and failures do, in any order: nothing is locked without a task, nothing held is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatepost import Gatepost
from tests.support.abiquo_client import FINAL, AbiquoClient, Connector, Message, connector, links_of, switch_on

LABELS = ("web", "db", "third")
HOW = ("204", "500", "continue", "cancel", "continue, 500", "cancel, 500")

ACTS = ("deploy", "undeploy", "reset", "edit", "on", "off", "delete")

steps = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["deploy", "undeploy", "reset", "edit", "on", "off", "delete"]), st.sampled_from(LABELS)
        ),
        st.tuples(st.sampled_from(["continue", "cancel"]), st.integers(0, 3)),
        st.tuples(st.sampled_from(["appliance deploy", "appliance undeploy"]), st.none()),
        st.tuples(st.just("advance"), st.sampled_from([0.2, 5])),
        st.tuples(st.just("connector"), st.sampled_from(HOW)),
        st.tuples(st.just("fail"), st.sampled_from(["none", "SCHEDULE", "POWER_OFF"])),
    ),
    max_size=14,
)


class Story:
    def __init__(self) -> None:
        self.how = "204"
        self.world = Gatepost(clock="manual", broker=None).start()
        self.manager = AbiquoClient(self.world, "manager")

    def begin(self, endpoint: str) -> None:
        self.how = "204"
        self.world.reset()
        switch_on(self.world, endpoint)
        appliance = links_of(self.manager.machine())["virtualappliance"]
        self.manager.post(f"{appliance}/virtualmachines", {"label": "third"}, kind="virtualmachine")
        self.appliance = appliance

    def answer(self, one: Connector, message: Message) -> int:
        verb = self.how.partition(",")[0]
        if verb in ("continue", "cancel"):
            first = message.tasks[0]
            assert self.manager.post(f"{self.manager.root}/{links_of(first)[verb]}").status == 204
        return 500 if self.how.endswith("500") else 204

    def do(self, what: str, which: Any) -> None:
        if what == "advance":
            self.world.clock.advance(which)
        elif what == "connector":
            self.how = which
        elif what == "fail":
            self.world.settings.update({"abiquo.fail_job": which})
        elif what in ("continue", "cancel"):
            pending = self.manager.pending()
            if which < len(pending):
                assert self.manager.post(links_of(pending[which])[what]).status == 204
        elif what.startswith("appliance"):
            self.manager.post(f"{self.appliance}/action/{what.split()[1]}", may_fail=True)
        else:
            self._to_machine(what, which)

    def _to_machine(self, what: str, label: str) -> None:
        found = [one for one in self.machines() if one["label"] == label]
        if not found:
            return
        links = links_of(found[0])
        acts: dict[str, Callable[[], object]] = {
            "edit": lambda: self.manager.put(links["edit"], {"cpu": 3}, kind="virtualmachine", may_fail=True),
            "on": lambda: self.manager.put(links["state"], {"state": "ON"}),
            "off": lambda: self.manager.put(links["state"], {"state": "OFF"}),
            "delete": lambda: self.manager.delete(links["edit"], may_fail=True),
        }
        acts.get(what, lambda: self.manager.post(links[what], may_fail=True))()

    def machines(self) -> list[dict[str, Any]]:
        found = self.manager.get(f"{self.appliance}/virtualmachines").json["collection"]
        assert isinstance(found, list)
        return found

    def check(self) -> None:
        queued: set[str] = set()
        for machine in self.machines():
            tasks = self.manager.get(links_of(machine)["tasks"]).json["collection"]
            running = [task for task in tasks if task["state"] not in FINAL]
            assert (machine["state"] == "LOCKED") is bool(running), machine["label"]
            assert len(running) <= 1
            queued |= {task["taskId"] for task in running if task["state"] == "QUEUEING"}
        assert {task["taskId"] for task in self.manager.pending()} == queued
        assert {hold.task.id for hold in self.world.abiquo.world.holds.active()} == queued


@pytest.fixture(scope="module")
def story() -> Iterator[tuple[Story, Connector]]:
    one = Story()
    with connector(one.answer) as endpoint:
        yield one, endpoint
    one.manager.close()
    one.world.stop()


@settings(max_examples=15, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(told=steps)
def test_nothing_is_lost_or_left_locked(story: tuple[Story, Connector], told: list[tuple[str, Any]]) -> None:
    one, endpoint = story
    one.begin(endpoint.url)
    for what, which in told:
        one.do(what, which)
        one.check()
