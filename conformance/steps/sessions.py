"""Steps about sessions, and about calls that fail."""

from __future__ import annotations

from pytest_bdd import given, parsers, then, when

from gatepost.conformance.bench import CONNECTOR
from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud import Ask, ask, sessions, trouble
from gatepost.conformance.verdict import Broken, NotApplicable
from gatepost.core.effects import HttpExpireSession, HttpHang, HttpReset, HttpStatus, HttpTrickle
from gatepost.core.faults import Fault

ON = {
    "GET": {"method": "GET", "path": "*/api/*"},
    "decision": {"method": "POST", "path": "*/action/*"},
    "login": {"method": "POST", "path": "*/sessions*"},
}
TRIES = 4
MINE = {"user": CONNECTOR["vcloud"]}


@given("the connector has just started")
def _just_started(scene: Scene) -> None:
    scene.start_anew()


@when("the connector is started again")
def _started_again(scene: Scene) -> None:
    scene.restart()


@then("it has logged in as the protocol says")
def _has_logged_in(scene: Scene) -> None:
    sessions.has_logged_in(scene)


@then("its other requests carry a token, and no password")
def _carry_a_token(scene: Scene, asked: Ask) -> None:
    scene.wait(lambda: not asked.hold.active, scene.profile.within)
    sessions.carry_a_token(scene)


@then("each of its requests names a version in Accept")
def _name_a_version(scene: Scene) -> None:
    sessions.name_a_version(scene)


# --- trouble ---


@given(parsers.parse("the connector is at work, and told of its session's end by {status:d}"))
def _told_by(scene: Scene, status: int) -> None:
    scene.be_at_work()
    ask(scene, "resume").takes("resume", scene.profile.patience)
    if sessions.speaks_old(scene):
        scene.set(http__expired_token_old=str(status))
    elif status != 401:
        raise NotApplicable("a connector that speaks API version 5.5 or older", "it speaks a newer one")


@given(parsers.parse("its session ends at its next {on}"), target_fixture="met")
def _session_ends(scene: Scene, on: str) -> Fault:
    return scene.fault(HttpExpireSession(), count=1, **ON[on], **MINE)


@given(
    parsers.re(r"(?:its|the) next (?P<on>\w+) is answered by 503 with Retry-After (?P<seconds>\d+)$"),
    target_fixture="met",
)
def _unavailable(scene: Scene, on: str, seconds: str) -> Fault:
    return scene.fault(HttpStatus(status=503, headers={"Retry-After": seconds}), count=1, **ON[on])


@given("the answer to its next decision is lost", target_fixture="met")
def _answer_lost(scene: Scene) -> Fault:
    return scene.fault(HttpReset(when="after"), count=1, **ON["decision"])


@given("the connection breaks before its next decision arrives", target_fixture="met")
def _breaks(scene: Scene) -> Fault:
    return scene.fault(HttpReset(when="before"), count=1, **ON["decision"])


@given(parsers.parse("its next {on} is never answered"), target_fixture="met")
def _hangs(scene: Scene, on: str) -> Fault:
    return scene.fault(HttpHang(when="before"), count=1, **ON[on], **MINE)


@given(parsers.parse("the answer to its next {on} trickles in"), target_fixture="met")
def _trickles(scene: Scene, on: str) -> Fault:
    return scene.fault(HttpTrickle(bytes=1, pause=0.5), count=1, **ON[on], **MINE)


@given("blocking tasks are gone as soon as they are decided")
def _gone_at_once(scene: Scene) -> None:
    scene.set(blockingTask__retention_s=0)


@when("a user's request meets 503 at every decision about it")
def _unavailable_for_good(scene: Scene) -> None:
    effect = HttpStatus(status=503, headers={"Retry-After": "1"})
    first = scene.fault(effect, **ON["decision"])
    asked = ask(scene, "resume")
    scene.wait(lambda: first.trigger.hits, scene.profile.patience)
    scene.require(first.trigger.hits, "a decision, which could be refused")
    scene.fault(effect, method="POST", path=f"*{asked.hold.id}*")
    scene.cloud.faults.remove(first.id)


@when("another user asks for what the connector resumes", target_fixture="asked")
def _another_asks(scene: Scene) -> Ask:
    return ask(scene, "resume", user="bob@globex")


# --- what comes of it ---


@then(parsers.parse('it gets through, and takes "{action}" once'))
def _gets_through(scene: Scene, asked: Ask, met: Fault, action: str) -> None:
    trouble.gets_through(asked, met, action)
    for _ in range(TRIES):
        if trouble.was_met_for(asked, met):
            return
        # Something else that the connector asks for now and then met it, and says little.
        met = scene.fault(met.effect, **met.rule.match.model_dump(exclude_none=True))
        asked = ask(scene, "resume")
        trouble.gets_through(asked, met, action)


@then(parsers.parse("it tries again after {seconds:d} seconds at the earliest"))
def _waits(asked: Ask, met: Fault, seconds: int) -> None:
    trouble.waits(asked, met, seconds)


@then("the other request is decided before the connector's patience ends")
def _other_decided(asked: Ask) -> None:
    trouble.goes_on(asked)


@then("the decision took effect, and its answer was lost")
def _unheard(asked: Ask, met: Fault) -> None:
    trouble.took_effect_unheard(asked, met)


@then("a later request is decided")
def _later_one(scene: Scene) -> None:
    trouble.goes_on(ask(scene, "resume"))


@then("it left the first one alone once it knew")
def _left_alone(asked: Ask) -> None:
    asked.scene.wait(asked.settled, asked.scene.profile.within)
    trouble.leaves_alone(asked)


@then("the connector still runs")
def _still_runs(scene: Scene, asked: Ask) -> None:
    scene.wait(asked.settled, scene.profile.within)
    trouble.still_runs(scene)


# --- many requests ---


@when(parsers.parse("{number:d} requests are decided, {at_once:d} at a time"), target_fixture="before")
def _many(scene: Scene, number: int, at_once: int) -> tuple[int, int]:
    """The journal and the open connections as they were after a first round."""
    before = (0, 0)
    for start in range(0, number + at_once, at_once):
        if start == at_once:
            before = (scene.cloud.journal.last, scene.connections)
        asked = [ask(scene, "resume") for _ in range(at_once)]
        for one in asked:
            one.takes("resume", scene.profile.patience)
    return before


@then(parsers.parse("it logged in fewer than {number:d} times"))
def _few_logins(scene: Scene, before: tuple[int, int], number: int) -> None:
    found = sessions.logins(scene, before[0])
    if len(found) >= number:
        raise Broken(f"fewer than {number} logins", f"{len(found)}", *found[:3])


@then(parsers.parse("it left fewer than {number:d} sessions open"))
def _few_sessions(scene: Scene, before: tuple[int, int], number: int) -> None:
    scene.wait(lambda: sessions.sessions_left(scene, before[0]) < number, scene.profile.within)
    left = sessions.sessions_left(scene, before[0])
    if left >= number:
        found = sessions.logins(scene, before[0])
        raise Broken(f"fewer than {number} sessions that nobody ended", f"{left}", *found[:3])


@then(parsers.parse("fewer than {number:d} more connections are open than before"))
def _few_connections(scene: Scene, before: tuple[int, int], number: int) -> None:
    scene.wait(lambda: scene.connections - before[1] < number, scene.profile.within)
    more = scene.connections - before[1]
    if more >= number:
        raise Broken(f"fewer than {number} more open connections", f"{before[1]} before, {more} more now")
