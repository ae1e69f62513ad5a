"""Events that ask for no decision: what a connector makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from gatepost.conformance.broker_view import BrokerView
from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud.asks import Ask, ask
from gatepost.conformance.vcloud.hearing import goes_on, is_settled, settles, view_of
from gatepost.conformance.vcloud.publishing import CREATED, event_of_nothing, publish
from gatepost.conformance.verdict import Broken
from gatepost.core.effects import MessageDrop
from gatepost.core.events import EntityRef
from gatepost.core.journal import Entry
from gatepost.messaging.message import Message

UNKNOWN = "blockingtask/reviewed"
OTHERS = ("blockingtask/resume", "blockingtask/abort", UNKNOWN, "task/start", "vapp/create", "tollgate/opened")
"""Types, known and unknown, that the cloud tells of."""

_LISTS = ("/blockingTasks", "/query")
TRIES = 3
"""Requests until one is found in no list by chance."""


@dataclass
class Unannounced:
    """A request of which no message told, but for events of other types; `entities` are the ids of what they name."""

    asked: Ask
    entities: tuple[str, ...]


def tell_of_others(scene: Scene) -> Unannounced:
    """A request is held and not announced, and the cloud tells of other things that happened to it."""
    fault = scene.fault(MessageDrop(), event=CREATED)
    asked = ask(scene, "resume")
    scene.cloud.faults.remove(fault.id)
    world = scene.cloud.world
    with world.lock:
        task, admin = asked.task, world.inventory.system_user
        things = {"task": task.ref, "vapp": task.owner, "tollgate": EntityRef("tollgate", world.ids.uuid(), "north")}
        for type in OTHERS:
            entity = things.get(type.partition("/")[0], asked.hold.ref)
            is_tasks = entity.kind in ("task", "blockingTask")
            about = {"task": task.ref, "task_owner": task.owner} if is_tasks else {}
            world.emit(type, entity, task.org, admin, **about)
    return Unannounced(asked, (asked.hold.id, *(thing.id for thing in things.values())))


def is_left_alone(scene: Scene, first: Unannounced) -> None:
    """Nothing was decided because of other events. What the connector found in a list it may decide. Raises Broken."""
    unannounced = first
    for _ in range(TRIES):
        asked, view = unannounced.asked, view_of(scene)
        # What it makes of them, it mostly has made when it settles them.
        scene.wait(partial(_none_is_in_hand, view, unannounced), scene.profile.within)
        goes_on(scene, "other events")
        calls = asked.decisions()
        if not calls:
            return
        if not _was_listed(asked, calls[0].request):
            told = [e for e in asked.entries() if e.kind == "amqp.deliver" and e.seq < calls[0].request.seq]
            raise Broken(
                f"no decision about {asked.name!r}, which nothing announced",
                f"{', '.join(map(str, calls))}, after events of other types",
                *told[-3:],
                *(call.request for call in calls),
            )
        unannounced = tell_of_others(scene)


def are_settled(scene: Scene, unannounced: Unannounced) -> None:
    """What was delivered of other events is settled for good. Raises Broken."""
    view = view_of(scene)
    for id in unannounced.entities:
        if view.look().of(id):
            settles(scene, view, "the messages of other events", id)


def publish_unknown_type(scene: Scene) -> str:
    """A message of a type that nobody knows, with the routing key of another: the id in it."""
    event = event_of_nothing(scene)

    def of_unknown_type(message: Message) -> Message:
        known = str(message.headers["notification.type"])
        unknown = known.replace(CREATED, UNKNOWN)
        headers = {**message.headers, "notification.type": unknown}
        return message._replace(headers=headers, body=message.body.replace(known.encode(), unknown.encode()))

    publish(scene, event, of_unknown_type)
    return event.entity.id


def _none_is_in_hand(view: BrokerView, unannounced: Unannounced) -> bool:
    view.look()
    return all(is_settled(given) for id in unannounced.entities if (given := view.of(id)))


def _was_listed(asked: Ask, call: Entry) -> bool:
    return any(
        entry.kind == "http.response"
        and entry.seq < call.seq
        and any(list in entry.path for list in _LISTS)
        and asked.hold.id.encode() in entry.body
        for entry in asked.scene.entries(asked.seq)
    )
