"""What a connector asks for itself, after it declined a user's request."""

from __future__ import annotations

from functools import partial

from gatepost.conformance.bench import CONNECTOR
from gatepost.conformance.vcloud.asks import Ask
from gatepost.conformance.verdict import Broken
from gatepost.core.holds import Decision
from gatepost.core.tasks import Task

MOST = 5
"""Requests in a chain that prove that it has no end."""


def own_requests(asked: Ask) -> list[Task]:
    """The tasks that the connector's account has asked for since then, oldest first."""
    world = asked.scene.cloud.world
    name, _, org_name = CONNECTOR["vcloud"].partition("@")
    with world.lock:
        user = world.inventory.find_user(name, org_name)
        tasks = [task for org in world.inventory.orgs.values() for task in world.tasks.of_org(org)]
        since = asked.task.started_at
        own = [task for task in tasks if task.user is user and task is not asked.task and task.started_at >= since]
    return sorted(own, key=lambda task: task.started_at)


def asks_for_something_else(asked: Ask) -> None:
    """After its abort the connector makes a request of its own, which comes to a good end and is not replaced in turn.

    Raises Broken.
    """
    scene = asked.scene
    seconds = scene.profile.within
    if not scene.wait(lambda: own_requests(asked), seconds):
        raise Broken(
            f"a request of its own in place of {asked.name!r} within {seconds:g} s",
            "it aborted, and asked for nothing else",
            *(call.request for call in asked.decisions()),
        )
    while True:
        own = own_requests(asked)
        if len(own) >= MOST:
            raise Broken(f"one request in place of {asked.name!r}", f"a chain without an end: {_chain(own)}")
        if not scene.wait(partial(_is_followed, asked, own), seconds) or len(own_requests(asked)) == len(own):
            break
    last = own[-1]
    if last.hold is not None and last.hold.active:
        raise Broken(f"its own request in place of {asked.name!r} goes on", f"it is blocked still: {_chain(own)}")
    scene.wait(lambda: last.status.ended, 10.0)
    if last.status != "success":
        raise Broken(f"its own request in place of {asked.name!r} succeeds", _chain(own))


def asked_for_no_more(asked: Ask) -> None:
    """Its request was not replaced in turn. Raises Broken."""
    own = own_requests(asked)
    if len(own) >= MOST or own[-1].status == "aborted":
        raise Broken(f"one request in place of {asked.name!r}", f"it went on: {_chain(own)}")


def _is_followed(asked: Ask, own: list[Task]) -> bool:
    """The last one goes on, or there is another."""
    hold = own[-1].hold
    return hold is None or hold.decision is Decision.RESUME or len(own_requests(asked)) > len(own)


def _chain(own: list[Task]) -> str:
    return " → ".join(f"{task.operation} of {task.owner.name} ({task.status.value})" for task in own)
