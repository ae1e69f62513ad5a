"""Steps about storms, kills at exact moments, and a broker that is away or in trouble."""

from __future__ import annotations

from pytest_bdd import given, parsers, then, when

from gatepost.conformance.broker_view import Delivery
from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud import Ask
from gatepost.conformance.vcloud.crashes import Moment, end_in_the_middle, kill_at, kill_while_one_hangs, recovers
from gatepost.conformance.vcloud.outages import (
    come_back,
    consumes_again,
    decide_slowly,
    go_away,
    tap_of,
    was_never_silent,
)
from gatepost.conformance.vcloud.storm import is_weathered, storm
from gatepost.conformance.verdict import Broken

LOST: dict[str, Moment] = {
    "its first request": "first request",
    "its first request about them": "first request",
    "the answer to its look-up": "look-up",
    "its decision": "decision",
    "the answer to its decision": "effect",
    "its acknowledgement": "acknowledgement",
}
"""What does not get through, and the moment that this is."""


# --- kills ---


@when(parsers.parse("a request comes, and it is killed before {what} gets through"), target_fixture="crowd")
def _killed(scene: Scene, what: str) -> list[Ask]:
    return kill_at(scene, LOST[what])


@when(
    parsers.parse("{count:d} requests come at once, and it is killed before {what} gets through"),
    target_fixture="crowd",
)
def _several_killed(scene: Scene, count: int, what: str) -> list[Ask]:
    return kill_at(scene, LOST[what], count)


@when("it is killed while one decision hangs, after another request was decided", target_fixture="crowd")
def _killed_while_one_hangs(scene: Scene) -> list[Ask]:
    return kill_while_one_hangs(scene)


@when(
    parsers.parse("{count:d} requests come at once, and it is asked to end while a decision is on its way"),
    target_fixture="crowd",
)
def _ended(scene: Scene, count: int) -> list[Ask]:
    return end_in_the_middle(scene, count)


@then("after a restart they are decided, each once")
def _recovers(scene: Scene, crowd: list[Ask]) -> None:
    recovers(scene, crowd)


@then(parsers.parse("asked to end, the connector ends within {seconds:d} seconds"))
def _ends(scene: Scene, seconds: int) -> None:
    connector = scene.bench.connector
    if connector is not None and not connector.terminate(seconds):
        raise Broken(f"it ends within {seconds} s from SIGTERM", "it had to be killed")


# --- a storm ---


@when(parsers.parse("{count:d} users ask at once for what the connector resumes"), target_fixture="crowd")
def _storm(scene: Scene, count: int) -> list[Ask]:
    return storm(scene, count)


@then("each of them is decided, once")
def _weathered(crowd: list[Ask]) -> None:
    is_weathered(crowd)


# --- the broker ---


@given("a broker that is away")
def _away(scene: Scene) -> None:
    scene.bench.end_connector()
    go_away(scene)


@when(parsers.parse("the connector is started, and the broker comes after {seconds:d} seconds"), target_fixture="since")
def _comes(scene: Scene, seconds: int) -> int:
    scene.bench.start_connector(ready=False)
    return come_back(scene, seconds)


@when(parsers.parse("the broker is away for {seconds:d} seconds"), target_fixture="since")
def _away_for(scene: Scene, seconds: int) -> int:
    go_away(scene)
    return come_back(scene, seconds)


@then("the connector consumes again")
def _consumes(scene: Scene, since: int) -> None:
    consumes_again(scene, since)


@given(parsers.parse("a broker that asks for a heartbeat every {seconds:d} seconds"))
def _asks_for_heartbeats(scene: Scene, seconds: int) -> None:
    tap = tap_of(scene)
    scene.bench.end_connector()
    scene.undo.callback(scene.bench.end_connector)  # what it agreed on is not for others
    scene.undo.callback(setattr, tap, "offered_heartbeat", tap.offered_heartbeat)
    tap.offered_heartbeat = seconds


@when("a request is decided slowly", target_fixture="slow")
def _slowly(scene: Scene) -> tuple[Ask, Delivery]:
    return decide_slowly(scene)


@then("it was never silent for longer than the broker allows")
def _never_silent(scene: Scene, slow: tuple[Ask, Delivery]) -> None:
    was_never_silent(*slow, scene.began)


@given("the broker says that connections are blocked")
def _blocked(scene: Scene) -> None:
    tap_of(scene).block()
    scene.undo.callback(tap_of(scene).unblock)


@when("the broker says that connections are not blocked any more")
def _unblocked(scene: Scene) -> None:
    tap_of(scene).unblock()
