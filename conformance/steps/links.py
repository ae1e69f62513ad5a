"""Steps about links: those that are taken, and those that are not there."""

from __future__ import annotations

from pytest_bdd import given, then, when

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud import Ask, decisions_of, links, meanwhile
from gatepost.conformance.vcloud.crowd import Wish, ask_at_once


@given("a cloud whose URLs cannot be guessed")
def _unguessable(scene: Scene) -> None:
    scene.move(vary=["hrefs"])


@given("a cloud that adds links, and orders them as it likes")
def _with_strange_links(scene: Scene) -> None:
    scene.move(vary=["links", "order"])


@given("a cloud whose API stands below another path, at another name of its host")
def _elsewhere(scene: Scene) -> None:
    scene.move(vary=["roots"])


@when("users ask three times for everything that the connector decides", target_fixture="everything")
def _ask_again(scene: Scene) -> list[Ask]:
    return ask_at_once(scene, [Wish(decision) for decision in decisions_of(scene.profile)] * 3)


@when("somebody else declines a request before the connector has read it", target_fixture="asked")
def _declined_before(scene: Scene) -> Ask:
    return meanwhile.ask_and_end_before_it_looks(scene)


@then("the connector acts by the link of that name")
def _takes_links(asked: Ask) -> None:
    links.takes_links(asked)


@then("the connector finds the blocking task by what the cloud tells it")
def _finds_it(asked: Ask) -> None:
    links.finds_it_by_what_it_was_told(asked)


@then("the connector takes no action that is not offered")
def _acts_on_nothing(scene: Scene, asked: Ask) -> None:
    read = meanwhile.first_reading(asked)
    # Until the message is settled, an action can be on its way still.
    scene.watch(lambda: asked.settled() or asked.calls(), scene.profile.within)
    links.is_offered_nothing(asked.calls(), read)
