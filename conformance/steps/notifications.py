"""Steps about what a connector hears through the broker, and what it does with it."""

from __future__ import annotations

from functools import partial

from pytest_bdd import given, parsers, then, when

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud import Ask, ask
from gatepost.conformance.vcloud.crashes import ANNOUNCED, lose_acknowledgement
from gatepost.conformance.vcloud.hearing import CREATION, announcements, decides_in_the_end, goes_on, settles, view_of
from gatepost.conformance.vcloud.othernews import (
    Unannounced,
    are_settled,
    is_left_alone,
    publish_unknown_type,
    tell_of_others,
)
from gatepost.conformance.vcloud.publishing import CREATED, event_of, publish
from gatepost.conformance.vcloud.spoiling import malformed_messages
from gatepost.conformance.verdict import Broken, Unreached
from gatepost.core.effects import AmqpReset, MessageDrop, MessageDuplicate, MessageOvertake
from gatepost.core.faults import Fault
from gatepost.variation import Kind

VARIATIONS = {
    "chooses prefixes and orders anew": (Kind.PREFIXES, Kind.ORDER),
    "adds elements, attributes and headers": (Kind.ELEMENTS, Kind.ATTRIBUTES, Kind.HEADERS, Kind.IDS),
    "chooses white space and encodings anew": (Kind.WHITESPACE, Kind.ENCODING),
}
HALF_A_SECOND = 0.5
TRIES = 5
MOST_PREFETCH = 1000


@then("the connector resumes it in the end")
def _resumes(asked: Ask) -> None:
    decides_in_the_end(asked, "all that")


@then("the request is decided once")
def _once(asked: Ask) -> None:
    asked.decided_once()


@then("the next request is decided")
def _goes_on(scene: Scene) -> None:
    goes_on(scene, "all that")


@then("its messages are settled")
def _settles(scene: Scene, asked: Ask) -> None:
    settles(scene, view_of(scene), f"the message about {asked.name!r}", asked.hold.id, CREATION)


# --- other events ---


@when("the cloud tells of other events about a request that it did not announce", target_fixture="unannounced")
def _others(scene: Scene) -> Unannounced:
    return tell_of_others(scene)


@then("nothing is decided because of them")
def _left_alone(scene: Scene, unannounced: Unannounced) -> None:
    is_left_alone(scene, unannounced)


@then("the messages of these events are settled")
def _others_settled(scene: Scene, unannounced: Unannounced) -> None:
    goes_on(scene, "other events")
    are_settled(scene, unannounced)


@when(
    "a message of an unknown type comes under the routing key of a blocking task's creation", target_fixture="strange"
)
def _unknown_type(scene: Scene) -> list[tuple[str, str]]:
    return [("an unknown type", publish_unknown_type(scene))]


# --- malformed messages ---


@when("malformed messages come", target_fixture="strange")
def _malformed(scene: Scene) -> list[tuple[str, str]]:
    return list(malformed_messages(scene))


@then("the strange messages are settled")
def _strange_settled(scene: Scene, strange: list[tuple[str, str]]) -> None:
    view = view_of(scene)
    for what, id in strange:
        settles(scene, view, f"the message with {what}", id, CREATION)


@when("malformed messages come, and a request after each", target_fixture="followed")
def _malformed_and_good(scene: Scene) -> list[tuple[str, str, Ask]]:
    return [(what, id, ask(scene, "resume")) for what, id in malformed_messages(scene)]


@then("each of these requests is decided")
def _each_follower(scene: Scene, followed: list[tuple[str, str, Ask]]) -> None:
    view = view_of(scene)
    for what, id, follower in followed:
        decides_in_the_end(follower, f"the message with {what} before it")
        scene.require(announcements(view, id), f"the message with {what}")
    goes_on(scene, "malformed messages")


# --- the same again ---


@given("blocking tasks are gone as soon as they are decided")
def _gone(scene: Scene) -> None:
    scene.set(blockingTask__retention_s=0)


@given("messages come twice")
def _twice(scene: Scene) -> None:
    scene.fault(MessageDuplicate(), event=CREATED)


@when("the event of the request is sent again")
def _again(scene: Scene, asked: Ask) -> None:
    publish(scene, event_of(asked))


@then("both messages are settled")
def _both(scene: Scene, asked: Ask) -> None:
    view = view_of(scene)
    patience = scene.profile.patience
    scene.wait(lambda: len(announcements(view, asked.hold.id)) > 1, patience)
    scene.require(len(announcements(view, asked.hold.id)) > 1, "the second message")
    settles(scene, view, f"both messages about {asked.name!r}", asked.hold.id, CREATION)


# --- the same in another way ---


@given(parsers.re(f"a cloud that (?P<what>{'|'.join(VARIATIONS)})$"))
def _varied(scene: Scene, what: str) -> None:
    scene.undo.callback(scene.cloud.vary, scene.cloud.variation)
    scene.cloud.vary(VARIATIONS[what])


@when(parsers.parse("{count:d} users ask, one after the other, for what the connector resumes"), target_fixture="crowd")
def _one_after_the_other(scene: Scene, count: int) -> list[Ask]:
    asked = []
    for _ in range(count):
        asked.append(ask(scene, "resume"))
        decides_in_the_end(asked[-1], "another way of writing")
    return asked


# --- broken connections ---


@when("a user asks, and the broker connection breaks as the message arrives", target_fixture="asked")
def _breaks_at_delivery(scene: Scene) -> Ask:
    broken = scene.fault(AmqpReset(at="deliver"), routing_key=ANNOUNCED, count=1)
    asked = ask(scene, "resume")
    scene.wait(lambda: broken.trigger.hits, scene.profile.patience)
    scene.require(broken.trigger.hits, "a message on its way")
    return asked


@when("a user asks, and the broker connection breaks as the message is acknowledged", target_fixture="asked")
def _breaks_at_acknowledgement(scene: Scene) -> Ask:
    return lose_acknowledgement(scene)


# --- what the cloud does not show ---


@when(
    parsers.parse("a request is announced half a second before the API shows it, and answers {status:d} until then"),
    target_fixture="asked",
)
def _overtaken(scene: Scene, status: int) -> Ask:
    for _ in range(TRIES):
        asked, fault = _overtake(scene, MessageOvertake(status=status, seconds=HALF_A_SECOND))  # type: ignore[arg-type]
        seen = partial(_was_refused, asked, fault)
        scene.wait(lambda seen=seen, asked=asked: seen() or not asked.hold.active, scene.profile.patience)  # type: ignore[misc]
        if seen():
            return asked
    raise Unreached("a look-up within half a second from the message", "it always came later")


def _overtake(scene: Scene, effect: MessageOvertake) -> tuple[Ask, Fault]:
    fault = scene.fault(effect, event=CREATED)
    asked = ask(scene, "resume")
    scene.cloud.faults.remove(fault.id)
    return asked, fault


def _was_refused(asked: Ask, fault: Fault) -> bool:
    return any(entry.fault == fault.id and entry.kind.startswith("http.") for entry in asked.entries())


@when("a request is announced that the API never shows", target_fixture="asked")
def _never_shown(scene: Scene) -> Ask:
    return _overtake(scene, MessageOvertake())[0]


@when("a request is blocked while the connector is not running, and nothing announces it", target_fixture="asked")
def _blocked_before(scene: Scene) -> Ask:
    scene.bench.end_connector()
    fault = scene.fault(MessageDrop(), event=CREATED)
    asked = ask(scene, "resume")
    scene.cloud.faults.remove(fault.id)
    return asked


@when("the connector is started again")
def _started_again(scene: Scene) -> None:
    scene.restart()


# --- prefetch ---


@then("it consumes with a bound on its prefetch")
def _bounded(scene: Scene) -> None:
    view = view_of(scene)
    consumers = [one for one in view.consumers if one.connection not in view.closed]
    for one in consumers:
        if one.automatic:
            raise Broken("acknowledgements, and a bound on the prefetch", "it consumes with no-ack", one.entry)
        if not 0 < one.prefetch <= MOST_PREFETCH:
            seen = f"a prefetch of {one.prefetch}" if one.prefetch else "no bound"
            raise Broken(f"a prefetch between 1 and {MOST_PREFETCH}", seen, one.entry)
