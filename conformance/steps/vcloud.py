"""Steps about vCloud's blocking tasks that every family uses."""

from __future__ import annotations

from pytest_bdd import given, parsers, then, when

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud import Ask, ask, ask_later, decisions_of, next_is_decided
from gatepost.conformance.vcloud.crowd import Wish, ask_at_once, each_ends, each_is_taken


@given("the connector is at work")
def _at_work(scene: Scene) -> None:
    scene.be_at_work()


@when(parsers.re(r"a user asks for what the connector (?P<decision>\w+)s$"), target_fixture="asked")
def _ask(scene: Scene, decision: str) -> Ask:
    return ask(scene, decision)


@when("users ask for everything that the connector decides", target_fixture="everything")
def _ask_for_everything(scene: Scene) -> list[Ask]:
    return ask_at_once(scene, [Wish(decision) for decision in decisions_of(scene.profile)])


@when("a later request has been decided")
def _later(scene: Scene) -> None:
    ask_later(scene)


@then(parsers.parse('the connector takes "{action}"'))
def _takes(asked: Ask, action: str) -> None:
    asked.takes(action)


@then("the connector takes for each what is right")
def _takes_each(scene: Scene, everything: list[Ask]) -> None:
    each_is_taken(scene, everything)


@then("the task succeeds")
def _succeeds(asked: Ask) -> None:
    asked.ends("success")


@then("the task is aborted")
def _aborted(asked: Ask) -> None:
    asked.ends("aborted")


@then("the task ends in error")
def _fails(asked: Ask) -> None:
    asked.ends("error")


@then("each task ends as it was decided")
def _each_ends(everything: list[Ask]) -> None:
    each_ends(everything)


@then("each was decided once")
def _each_once(everything: list[Ask]) -> None:
    for one in everything:
        one.decided_once()


@then("the next request is decided")
def _next(scene: Scene) -> None:
    next_is_decided(scene)
