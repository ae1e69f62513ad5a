"""Steps about a connector's calls to Abiquo: where they go, who makes them, and what goes wrong with them."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from pytest_bdd import given, parsers, then, when

from gatepost.conformance.abiquo import Ask, ask, ask_at_once, ask_later
from gatepost.conformance.abiquo.gate import (
    DECIDING,
    a_manager_continues,
    ask_and_end_before_it_looks,
    ask_and_meet,
    its_task_is_forgotten,
    its_user_cancels,
)
from gatepost.conformance.abiquo.telling import Messenger, edited, spoken, tell, with_hrefs, withhold
from gatepost.conformance.abiquo.trouble import (
    comes_back,
    does_not_spin,
    gets_through,
    gives_up,
    goes_on,
    refusals,
    still_runs,
    took_effect_unheard,
    waits,
)
from gatepost.conformance.bench import CONNECTOR
from gatepost.conformance.canary import Canary
from gatepost.conformance.scene import Scene
from gatepost.conformance.steps.abiquo_decisions import both
from gatepost.conformance.steps.abiquo_webhooks import listens
from gatepost.conformance.verdict import Broken, NotApplicable
from gatepost.core.effects import HttpHang, HttpReset, HttpStatus, HttpTrickle
from gatepost.core.faults import Fault
from gatepost.core.journal import Entry

ON = {"decision": {"method": "POST", "path": DECIDING}, "call": {"path": "*/virtualmachines/*"}}
WHO = (None, CONNECTOR["abiquo"])

# --- links ---


@given("the connector was given the root of the API with a slash at its end")
def _with_slash(scene: Scene) -> None:
    if scene.profile.run.attach is not None:
        raise NotApplicable("a connector that the harness starts", "the profile attaches to one")
    scene.bench.end_connector()
    scene.bench.instead = {"abiquo_api": scene.bench.placeholders()["abiquo_api"] + "/"}
    scene.undo.callback(scene.bench.end_connector)
    scene.undo.callback(scene.bench.instead.clear)
    scene.be_at_work()


@given("a cloud with nothing but Abiquo at its root, below another path and at another name of its host")
def _elsewhere_at_root(scene: Scene) -> None:
    scene.move(root="abiquo", vary=["roots"])


@given("the paths in webhooks begin with a slash")
def _slash_in_front(scene: Scene) -> None:
    listens(scene)
    Messenger(scene, with_hrefs(lambda href: f"/{href}"))


@given("webhooks hold links of strange relations, in any order")
def _decoys(scene: Scene) -> None:
    listens(scene)
    if spoken(scene) != "json":
        raise NotApplicable("a connector that reads webhooks in JSON", "the profile claims xml only")

    def disguise(task: dict[str, object]) -> None:
        links = task["links"]
        assert isinstance(links, list)
        href = {link["rel"]: link["href"] for link in links}
        decoys = [
            {"rel": "continue-never", "href": href["cancel"]},
            {"rel": "discontinue", "href": href["cancel"]},
            {"rel": "cancellation", "href": href["continue"]},
            {"rel": "autocancel", "href": href["continue"], "type": "text/plain"},
        ]
        task["links"] = [*decoys[::2], *reversed(links), *decoys[1::2]]

    Messenger(scene, edited(disguise))


@when("users ask for machines of every kind", target_fixture="requests")
def _ask_all(scene: Scene) -> list[Ask]:
    return ask_at_once(scene, both(scene, 4))


@when("webhooks come whose links lead to another host", target_fixture="canary")
def _elsewhere(scene: Scene) -> Canary:
    """In each way that a URL can name a host, also for those who put it behind the root of the API."""
    listens(scene)
    ask(scene, "continue").takes("continue")
    canary = scene.undo.enter_context(Canary())
    ours = urlsplit(scene.cloud.abiquo_url)
    there = f"localhost:{canary.port}{ours.path}/"
    for root in (f"http://{there}", f"//{there}", f"http://{ours.netloc}@{there}"):
        withheld = withhold(scene)
        asked = ask(scene, "continue")
        scene.wait(lambda: withheld.carried, 10.0)  # noqa: B023  called before it changes
        withheld.leave()
        forged = with_hrefs(partial(str.__add__, root))(withheld.carried[0])
        tell(scene, forged.body, asked.id)
        ask_later(scene)
    return canary


@then("the other host is shown no credentials")
def _no_credentials(canary: Canary) -> None:
    shown = [one for one in canary.caught if one.credentials]
    if shown:
        seen = f"{shown[0].method} {shown[0].path} with {', '.join(shown[0].credentials)} at the host of the links"
        raise Broken("credentials for the cloud that it was configured with, and no other", seen)


@then("each of its calls went below the root that it was given")
def _below_the_root(scene: Scene) -> None:
    root = urlsplit(scene.cloud.abiquo_url).path + "/"
    calls = [entry for entry in scene.entries() if entry.kind == "http.request" and entry.user in WHO]
    scene.require(calls, "a call")
    wrong = [entry for entry in calls if not entry.path.replace("//", "/").startswith(root)]
    if wrong:
        raise Broken(f"calls below {root} only", f"{wrong[0].method} {wrong[0].path}", *wrong[:3])


# --- who calls ---


def _calls(scene: Scene) -> list[Entry]:
    return [e for e in scene.entries() if e.kind == "http.request" and e.dialect == "abiquo" and e.user in WHO]


@then("the cloud knew who called, with at most one refusal before")
def _is_known(scene: Scene) -> None:
    calls = _calls(scene)
    numbers = {entry.seq for entry in calls}
    refused = [e for e in scene.entries() if e.kind == "http.response" and e.answers in numbers and e.status == 401]
    scene.require(calls, "a call")
    if len(refused) > 1:
        raise Broken("credentials that the cloud accepts in every call", f"{len(refused)} answers 401", *refused[:3])


@then("each of its calls is signed, and none shows a password")
def _is_signed(scene: Scene) -> None:
    calls = _calls(scene)
    scene.require(calls, "a call")
    wrong = [entry for entry in calls if not str(entry.headers.get("authorization", "")).lower().startswith("oauth")]
    if wrong:
        scheme = str(wrong[0].headers.get("authorization", "")).partition(" ")[0] or "no credentials"
        seen = f"{wrong[0].method} {wrong[0].path} with {scheme}"
        raise Broken("Authorization: OAuth in every call", seen, *wrong[:3])


@given(parsers.parse("the cloud answers {status:d} to everything that is asked"), target_fixture="met")
def _locked_out(scene: Scene, status: int) -> Fault:
    return scene.fault(HttpStatus(status=status), dialect="abiquo")


@then("it does not ask again and again without a pause")
def _no_spin(scene: Scene, met: Fault) -> None:
    does_not_spin(scene, met)


@when("the cloud answers as always")
def _let_in(scene: Scene, met: Fault) -> None:
    scene.cloud.faults.remove(met.id)


# --- races ---


@when("its user cancels while the connector's decision is on its way", target_fixture="request_")
def _cancelled(scene: Scene) -> Ask:
    return ask_and_meet(scene, its_user_cancels)


@when("a manager continues it while the connector's decision is on its way", target_fixture="request_")
def _continued(scene: Scene) -> Ask:
    return ask_and_meet(scene, a_manager_continues)


@when("the cloud drops it while the connector's decision is on its way", target_fixture="request_")
def _dropped(scene: Scene) -> Ask:
    return ask_and_meet(scene, its_task_is_forgotten)


@when("its user cancels before the connector's first call arrives", target_fixture="request_")
def _cancelled_early(scene: Scene) -> Ask:
    return ask_and_end_before_it_looks(scene)


@then("the connector takes the refusal calmly")
def _calm(scene: Scene, request_: Ask) -> None:
    scene.require(refusals(request_), "a refusal")
    gives_up(request_)
    still_runs(scene)


@then("the connector takes it calmly")
def _calm_too(scene: Scene, request_: Ask) -> None:
    scene.wait(lambda: any(entry.kind == "http.response" for entry in request_.entries()), scene.profile.within)
    ask_later_or_broken(scene)
    gives_up(request_)
    still_runs(scene)


def ask_later_or_broken(scene: Scene) -> None:
    goes_on(ask(scene, "continue"))


# --- trouble ---


@given(parsers.parse("the connector's next {on} meets 503 with Retry-After {seconds:d}"), target_fixture="met")
def _unavailable(scene: Scene, on: str, seconds: int) -> Fault:
    return scene.fault(HttpStatus(status=503, headers={"Retry-After": str(seconds)}), count=1, **ON[on])


@given(parsers.parse("the connection breaks before the connector's next {on} arrives"), target_fixture="met")
def _breaks(scene: Scene, on: str) -> Fault:
    return scene.fault(HttpReset(when="before"), count=1, **ON[on])


@given("the answer to the connector's next decision gets lost", target_fixture="met")
def _lost(scene: Scene) -> Fault:
    return scene.fault(HttpReset(when="after"), count=1, **ON["decision"])


@given(parsers.parse("the connector's next {on} is never answered"), target_fixture="met")
def _hangs(scene: Scene, on: str) -> Fault:
    return scene.fault(HttpHang(when="before"), count=1, **ON[on])


@given("the answer to the connector's next call comes byte by byte", target_fixture="met")
def _trickles(scene: Scene) -> Fault:
    return scene.fault(HttpTrickle(bytes=1, pause=0.5), count=1, **ON["call"])


@given("one request meets 503 at every decision about it")
def _unavailable_for_good(scene: Scene) -> None:
    effect = HttpStatus(status=503, headers={"Retry-After": "1"})
    first = scene.fault(effect, **ON["decision"])
    asked = ask(scene, "continue")
    scene.wait(lambda: first.trigger.hits, scene.profile.patience)
    scene.require(first.trigger.hits, "a decision, which could be refused")
    scene.fault(effect, method="POST", path=f"*{asked.id}*")
    scene.cloud.faults.remove(first.id)


@then("the connector gets through, and decides once")
def _through(request_: Ask, met: Fault) -> None:
    gets_through(request_, met)


@then(parsers.parse("the connector's second attempt comes {seconds:d} seconds later at the earliest"))
def _waits(request_: Ask, met: Fault, seconds: int) -> None:
    waits(request_, met, seconds)


@then("the decision was taken, and the connector never heard of it")
def _unheard(request_: Ask, met: Fault) -> None:
    took_effect_unheard(request_, met)
    comes_back(request_, met)


@then("the connector still decides what is asked for next")
def _goes_on(scene: Scene) -> None:
    ask_later_or_broken(scene)
