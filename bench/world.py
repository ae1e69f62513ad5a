"""A process that serves one cloud exactly as `gatepost serve` does, and tells what it costs.

Started as `python -m bench.world '{"broker": …, "settings": …}'`; see `bench.child` for how it is asked.
"""

from __future__ import annotations

import gc
import json
import logging
import random
import resource
import sys
import time
from typing import Any

from bench.child import serve
from bench.queries import Yardsticks
from gatepost import Gatepost
from gatepost.abiquo import paths, review
from gatepost.abiquo.inventory import VirtualMachine
from gatepost.abiquo.versions import traits
from gatepost.abiquo.workflows import deploy
from gatepost.cli.serve import tune
from gatepost.core import workflows
from gatepost.serving.granian import GranianServer

SHOWN = 2_000
"""Holds that `fill` tells of, at most."""


class Pauses:
    """The longest garbage collection since it was last asked for."""

    def __init__(self) -> None:
        self._began = 0.0
        self._longest = 0.0
        gc.callbacks.append(self._note)

    def take(self) -> float:
        """Seconds."""
        longest, self._longest = self._longest, 0.0
        return longest

    def collect(self) -> float:
        """Collect everything now; the seconds that it takes."""
        self.take()
        gc.collect()
        return self.take()

    def _note(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self._longest = max(self._longest, time.perf_counter() - self._began)


def fill(cloud: Gatepost, count: int) -> list[tuple[str, str, str]]:
    """Let alice ask for `count` vApps that all wait; up to SHOWN of them picked at random.

    They are told as the bare ids of task, vApp and hold. No event goes out."""
    world = cloud.world
    user = world.inventory.find_user("alice", "acme")
    vdc = next(iter(user.org.vdcs.values()))
    template = next(iter(vdc.templates.values()))
    tell, world.on_event = world.on_event, lambda event: None
    for number in range(count):
        name = f"held-{number}"
        workflow = workflows.instantiate(vdc, template, name, "", user, deploy=False, power_on=False)
        world.request("vdcInstantiateVapp", user, workflow)
    world.on_event = tell
    chosen = random.Random(1).sample(world.holds.active(), min(count, SHOWN))
    return [(hold.task.id, hold.task.owner.id, hold.id) for hold in chosen]


def finish(cloud: Gatepost, count: int) -> int:
    """Let alice have `count` vApps, every second one powered on. No event goes out."""
    world = cloud.world
    user = world.inventory.find_user("alice", "acme")
    vdc = next(iter(user.org.vdcs.values()))
    template = next(iter(vdc.templates.values()))
    tell, world.on_event = world.on_event, lambda event: None
    asked, world.blocking.operations = world.blocking.operations, frozenset()
    for number in range(count):
        on = bool(number % 2)
        workflow = workflows.instantiate(vdc, template, f"web-{number}", "", user, deploy=on, power_on=on)
        world.request("vdcInstantiateVapp", user, workflow)
    world.on_event, world.blocking.operations = tell, asked
    return count


def bytes_per_hold(cloud: Gatepost, count: int) -> float:
    """What the process grows by for each open hold with its vApp and VM. The journal is empty before and after."""
    gc.collect()
    cloud.journal.clear()
    before = _resident()
    fill(cloud, count)
    gc.collect()
    cloud.journal.clear()
    return (_resident() - before) / count


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def machines(cloud: Gatepost, count: int) -> list[str]:
    """Give Abiquo's joe so many machines more; their paths below the API's root."""
    inventory = cloud.abiquo.state.inventory
    appliance = next(iter(inventory.machines.values())).appliance
    made = []
    for number in range(count):
        ids = inventory.new_id(), cloud.abiquo.world.ids.uuid()
        machine = VirtualMachine(*ids, f"vm-{number}", appliance, inventory.nicks["joe"])
        made.append(paths.machine(inventory.add_machine(machine)))
    return made


def queue(cloud: Gatepost, count: int) -> None:
    """Let joe's deploys of so many machines wait for review. No connector is called."""
    state = cloud.abiquo.state
    known = len(state.inventory.machines)
    machines(cloud, count)
    newest = traits(cloud.settings.abiquo_version)
    cloud.settings.update({"abiquo.webhook_mode": "async"})
    for machine in list(state.inventory.machines.values())[known:]:
        wanted = [(machine, deploy(machine, newest, held=True))]
        review.submit(cloud.abiquo, state, machine.owner, wanted, None)


def main(
    broker: str | None = None,
    settings: dict[str, Any] | None = None,
    workflow_endpoint: str | None = None,
    taps: bool = False,
) -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    options: dict[str, Any] = {"broker": broker, "settings": settings, "workflow_endpoint": workflow_endpoint}
    with Gatepost(**options, taps=taps, server=GranianServer) as cloud:
        tune()
        pauses = Pauses()
        yardsticks = Yardsticks(cloud)
        commands = {
            "cpu": time.process_time,
            "fill": lambda count: fill(cloud, count),
            "pause": pauses.take,
            "collect": pauses.collect,
            "vapps": lambda count: finish(cloud, count),
            "yardsticks": yardsticks.show,
            "search by hand": yardsticks.search,
            "page by hand": yardsticks.page,
            "bytes": lambda count: bytes_per_hold(cloud, count),
            "info": cloud.info,
            "machines": lambda count: machines(cloud, count),
            "queue": lambda count: queue(cloud, count),
        }
        serve(cloud.port, commands)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
