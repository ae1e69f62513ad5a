"""Steps about what users of Abiquo ask for, and what the connector decides."""

from __future__ import annotations

from pytest_bdd import given, parsers, then, when

from gatepost.conformance.abiquo import Ask, ask, ask_at_once, ask_later, next_is_decided
from gatepost.conformance.abiquo.asks import ask_for_appliance, each_is_taken
from gatepost.conformance.scene import Scene
from gatepost.conformance.verdict import Broken, Unreached

STRANGE = ('<b>&"it\'s"', "äöü", "Ωμέγα 東京", "🚀", "a/b?c=d#e;%41", "  two  blanks")
"""What is put behind names."""


def both(scene: Scene, count: int) -> list[str]:
    """Decisions in turn, as far as the connector claims to make them."""
    known = [word for word in ("continue", "cancel") if word == "continue" or word in scene.profile.claims]
    return [known[number % len(known)] for number in range(count)]


@when(
    parsers.re(r"a user asks for a machine that the connector (?P<decision>continue|cancel)s$"),
    target_fixture="request_",
)
def _ask(scene: Scene, decision: str) -> Ask:
    return ask(scene, decision)


@when("a user asks for a machine that the connector leaves to a human", target_fixture="request_")
def _ask_human(scene: Scene) -> Ask:
    return ask(scene, "wait")


@when("a user deploys an appliance of several machines, not all of which are right", target_fixture="requests")
def _ask_appliance(scene: Scene) -> list[Ask]:
    return ask_for_appliance(scene, both(scene, 5))


@when(parsers.parse("{count:d} users ask at once for machines of every kind"), target_fixture="requests")
def _ask_many(scene: Scene, count: int) -> list[Ask]:
    return ask_at_once(scene, both(scene, count))


@when("users ask for machines with strange names", target_fixture="requests")
def _ask_strange(scene: Scene) -> list[Ask]:
    wanted = both(scene, 2 * len(STRANGE))
    names = [(scene.name_for(word) + STRANGE[number // 2])[:128] for number, word in enumerate(wanted)]
    return ask_at_once(scene, wanted, names)


@given("later requests are decided")
@when("a later request is decided as well")
def _later(scene: Scene) -> None:
    ask_later(scene)


@then(parsers.re(r"the connector (?P<action>continue|cancel)s it$"))
def _takes(request_: Ask, action: str) -> None:
    request_.takes(action)


@then("its task ends as it was decided")
def _ends(request_: Ask) -> None:
    request_.ends()


@then("the connector decides each as is right")
def _each(requests: list[Ask]) -> None:
    each_is_taken(requests)


@then(parsers.parse("each of the tasks ends as it was decided"))
def _each_ends(requests: list[Ask]) -> None:
    for one in requests:
        one.ends()


@then("each of them was decided once only")
def _each_once(requests: list[Ask]) -> None:
    for one in requests:
        one.decided_once()


@then("it was decided once only")
def _once(request_: Ask) -> None:
    request_.decided_once()


@then("it is left open")
def _left_open(request_: Ask) -> None:
    request_.stays_open()


@then("the decision says why, as text")
def _says_why(request_: Ask) -> None:
    scene = request_.scene
    scene.wait(lambda: any(call.accepted for call in request_.decisions()), scene.profile.within)
    call = next((call for call in request_.decisions() if call.accepted), None)
    if call is None:
        raise Unreached("an answer to the decision", f"there was none{scene.how_it_ended}")
    if not request_.record.word.strip():
        kind = call.request.headers.get("content-type", "none")
        seen = f"Content-Type {kind}, and {len(call.request.body)} bytes of which the cloud keeps nothing"
        raise Broken("a body of Content-Type text/plain that says something", seen, call.request)


@then("the connector decides the next request")
def _next(scene: Scene) -> None:
    next_is_decided(scene)
