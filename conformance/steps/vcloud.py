"""Steps about vCloud's blocking tasks."""

from __future__ import annotations

from pytest_bdd import given, parsers, then, when

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud import Ask, ask


@given("the connector is at work")
def _at_work(scene: Scene) -> None:
    scene.be_at_work()


@when(parsers.re(r"a user asks for what the connector (?P<decision>\w+)s$"), target_fixture="asked")
def _ask(scene: Scene, decision: str) -> Ask:
    return ask(scene, decision)


@then(parsers.parse('the connector takes "{action}"'))
def _takes(asked: Ask, action: str) -> None:
    asked.takes(action)


@then("the task succeeds")
def _succeeds(asked: Ask) -> None:
    asked.ends("success")


@then("the task is aborted")
def _aborted(asked: Ask) -> None:
    asked.ends("aborted")
