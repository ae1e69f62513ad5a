"""Steps about what a connector decides, and how it says so."""

from __future__ import annotations

import random

from pytest_bdd import parsers, then, when

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud import Ask, bodies, decisions_of, followups
from gatepost.conformance.vcloud.crowd import Wish, ask_at_once
from gatepost.conformance.vcloud.operations import ask_for_operations
from gatepost.conformance.verdict import Broken

NAMES = {
    "markup": "<&>\"'&amp;]]>",
    "letters and signs from all over the world": "Zürich-данные-日本語-é-🚀👩‍🚀",
    "128 characters": "x" * 128,
}
"""What stands behind the number in a name, and is cut to the length of a name."""

LONGEST_NAME = 128


@when(parsers.parse("{count:d} users ask at the same time for this and that"), target_fixture="everything")
def _ask_many(scene: Scene, count: int) -> list[Ask]:
    decisions = decisions_of(scene.profile)
    wishes = [Wish(decisions[number % len(decisions)]) for number in range(count)]
    random.Random(scene.bench.seed).shuffle(wishes)
    return ask_at_once(scene, wishes)


@when("users of two organizations ask for the same name at the same time", target_fixture="everything")
def _ask_for_the_same(scene: Scene) -> list[Ask]:
    wishes = []
    for decision in decisions_of(scene.profile):
        name = scene.name_for(decision)
        wishes += [Wish(decision, name, "alice@acme"), Wish(decision, name, "bob@globex")]
    return ask_at_once(scene, wishes)


@when(parsers.parse("users ask for names with {kind}"), target_fixture="everything")
def _ask_for_names(scene: Scene, kind: str) -> list[Ask]:
    return ask_at_once(scene, [Wish(decision, _odd(scene, decision, kind)) for decision in decisions_of(scene.profile)])


@when("a user asks for each operation that the connector handles", target_fixture="everything")
def _ask_for_operations(scene: Scene) -> list[Ask]:
    return ask_for_operations(scene, ignored=False)


@when("a user asks for each operation that the connector leaves alone", target_fixture="everything")
def _ask_for_ignored(scene: Scene) -> list[Ask]:
    asked = ask_for_operations(scene, ignored=True)
    # Until the message is settled, a decision can be on its way still.
    scene.wait(lambda: all(one.settled() or not one.hold.active for one in asked), scene.profile.within)
    return asked


@then("each stays as it is")
def _each_stays(everything: list[Ask]) -> None:
    for one in everything:
        one.stays_open()
        if calls := one.calls():
            raise Broken(f"{one.name!r} left alone", ", ".join(map(str, calls)), *(call.request for call in calls))


@then("the body of each decision is a valid BlockingTaskOperationParams")
def _valid(everything: list[Ask]) -> None:
    for one in everything:
        for call in one.decisions():
            bodies.is_valid(call, bodies.DECISION)


@then("the Content-Type of each decision is that of BlockingTaskOperationParams")
def _of_right_type(everything: list[Ask]) -> None:
    for one in everything:
        for call in one.decisions():
            bodies.has_media_type(call, bodies.DECISION)


@then("the Message of each decision says something")
def _says_something(everything: list[Ask]) -> None:
    for one in everything:
        for call in one.decisions():
            bodies.says_something(call, bodies.DECISION)


@then("the connector asks for something else, which comes to a good end")
def _asks_for_something_else(asked: Ask) -> None:
    followups.asks_for_something_else(asked)


@then("it has asked for nothing more")
def _asks_no_more(asked: Ask) -> None:
    followups.asked_for_no_more(asked)


def _odd(scene: Scene, decision: str, kind: str) -> str:
    """A name that the connector decides so, with odd characters behind its number."""
    number = scene.number()
    pattern = scene.profile.decides[decision].name
    room = LONGEST_NAME - len(pattern.replace("{n}", f"{number}-"))
    return pattern.replace("{n}", f"{number}-{NAMES[kind][: max(room, 0)]}")
