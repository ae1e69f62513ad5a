"""Steps about requests that wait, and about decisions that come too late."""

from __future__ import annotations

from pytest_bdd import then, when

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud import Ask, bodies, meanwhile, waiting


@when("a user asks for what waits for a human", target_fixture="asked")
def _ask_to_wait(scene: Scene) -> Ask:
    return waiting.ask_to_wait(scene)


@when("the time-out ends a request while its decision is on its way", target_fixture="asked")
def _times_out(scene: Scene) -> Ask:
    return meanwhile.ask_and_meet(scene, meanwhile.time_runs_out)


@when("a user cancels a request while its decision is on its way", target_fixture="asked")
def _is_cancelled(scene: Scene) -> Ask:
    return meanwhile.ask_and_meet(scene, meanwhile.its_user_cancels)


@when("another administrator declines a request while its decision is on its way", target_fixture="asked")
def _is_declined(scene: Scene) -> Ask:
    return meanwhile.ask_and_meet(scene, meanwhile.somebody_else_declines)


@then("the connector keeps it open beyond its time-out")
def _keeps_alive(asked: Ask) -> None:
    waiting.is_kept_alive(asked)


@then("the connector says that it is still there in the right form")
def _has_right_form(asked: Ask) -> None:
    update = waiting.first_update(asked)
    bodies.is_valid(update, bodies.PROGRESS)
    bodies.has_media_type(update, bodies.PROGRESS)


@then("it says for how long")
def _says_how_long(asked: Ask) -> None:
    bodies.has_positive_timeout(waiting.first_update(asked))


@then("it says nothing more when somebody has decided")
def _stops(asked: Ask) -> None:
    waiting.stops_when_decided(asked)


@then("it does not say so too often")
def _is_not_pestered(asked: Ask) -> None:
    waiting.is_not_pestered(asked)


@then("the connector gives up")
def _gives_up(asked: Ask) -> None:
    meanwhile.gives_up(asked)
