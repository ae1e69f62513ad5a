"""Steps about links: those that are taken, and those that are not there."""

from __future__ import annotations

from pytest_bdd import given, parsers, then, when

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud import Ask, ask, ask_later, links, meanwhile
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


@when(parsers.parse("{count:d} users ask for what the connector resumes"), target_fixture="everything")
def _ask_often(scene: Scene, count: int) -> list[Ask]:
    # Each answer is varied in another way.
    return ask_at_once(scene, [Wish("resume")] * count)


@when("somebody else fails a request before the connector has read it", target_fixture="asked")
def _failed_before(scene: Scene) -> Ask:
    return meanwhile.ask_and_end_before_it_looks(scene)


@then("the connector acts by the link of that name")
def _takes_links(asked: Ask) -> None:
    links.takes_links(asked)


@when("a user asks three times for what the connector resumes", target_fixture="everything")
def _ask_thrice(scene: Scene) -> list[Ask]:
    # What is listed at the start is told as well, so the first one shows nothing.
    ask_later(scene)
    asked = []
    for _ in range(3):
        asked.append(ask(scene, "resume"))
        scene.wait(lambda: not asked[-1].hold.active, scene.profile.within)
    return asked


@then("the connector finds each blocking task by what the cloud tells it")
def _finds_it(everything: list[Ask]) -> None:
    for one in everything:
        links.finds_it_by_what_it_was_told(one)


@then("it asks for nothing beside that root")
def _stays_below_root(scene: Scene) -> None:
    links.stays_below_root(scene)


@then("the connector takes no action that is not offered")
def _acts_on_nothing(scene: Scene, asked: Ask) -> None:
    read = meanwhile.first_reading(asked)
    # Until the message is settled, an action can be on its way still.
    scene.watch(lambda: asked.settled() or asked.calls(), scene.profile.within)
    links.is_offered_nothing(asked.calls(), read)
