"""Steps about what a connector of Abiquo missed, storms, kills, and XML that attacks it."""

from __future__ import annotations

import re
from contextlib import suppress

from pytest_bdd import given, parsers, then, when

from gatepost.conformance.abiquo import Ask, ask, ask_at_once, ask_later
from gatepost.conformance.abiquo.asks import each_is_taken
from gatepost.conformance.abiquo.crashes import Moment, end_in_the_middle, kill_at, recovers
from gatepost.conformance.abiquo.telling import tell, tell_again, withhold
from gatepost.conformance.canary import Canary
from gatepost.conformance.scene import Scene
from gatepost.conformance.steps.abiquo_decisions import both
from gatepost.conformance.verdict import Broken, NotApplicable, Unreached

MB = 1024 * 1024
LEVELS, WIDTH = 7, 8
"""Of entities that are made of entities: WIDTH to the power of LEVELS copies."""


# --- the pending list ---


@given(parsers.parse("{count:d} requests wait that the connector was not told of"), target_fixture="requests")
def _untold(scene: Scene, count: int) -> list[Ask]:
    if scene.profile.run.attach is not None:
        raise NotApplicable("a connector that the harness starts", "the profile attaches to one")
    scene.be_at_work()
    scene.bench.end_connector()
    withheld = withhold(scene)
    asked = ask_at_once(scene, both(scene, count))
    scene.wait(lambda: len(withheld.carried) == count, 20.0)
    withheld.leave()
    return asked


@when("the connector starts")
def _starts(scene: Scene) -> None:
    scene.bench.start_connector()


@then("the connector finds and decides each of them")
def _finds(scene: Scene, requests: list[Ask]) -> None:
    with suppress(Broken, Unreached):
        each_is_taken(requests, scene.profile.patience)
    left = [one for one in requests if one.active]
    if left:
        ask_later(scene)
    still = [one.name for one in left if one.active]
    if still:
        seen = f"{len(still)} of {len(requests)} still wait, as {still[0]!r} does; what was asked for later is decided"
        raise Broken("everything that waited is found and decided", seen)
    each_is_taken(requests)


# --- many, and kills ---


@when(parsers.parse("{count:d} users ask within a moment"), target_fixture="requests")
def _storm(scene: Scene, count: int) -> list[Ask]:
    # More than so many users cannot wait for webhooks at once.
    scene.set(abiquo__webhook_mode="async", abiquo__webhook_read_timeout=60.0)
    return ask_at_once(scene, both(scene, count))


LOST: dict[str, Moment] = {
    "its first call": "first call",
    "its decision": "decision",
    "the answer to its decision": "answer",
}


@when(parsers.parse("a user asks, and the connector is killed before {what} gets through"), target_fixture="requests")
def _killed(scene: Scene, what: str) -> list[Ask]:
    return kill_at(scene, LOST[what])


@when(
    parsers.parse("{count:d} users ask, and the connector is told to end while it decides"), target_fixture="requests"
)
def _told_to_end(scene: Scene, count: int) -> list[Ask]:
    if scene.profile.run.attach is not None:
        raise NotApplicable("a connector that the harness can end", "the profile attaches to one")
    return end_in_the_middle(scene, count)


@then("started again, it decides what still waits, each once")
def _recovers(scene: Scene, requests: list[Ask]) -> None:
    recovers(scene, requests)


@then(parsers.parse("told to end, the connector is gone within {seconds:d} seconds"))
def _ends(scene: Scene, seconds: int) -> None:
    connector = scene.bench.connector
    if connector is None or scene.profile.run.attach is not None:
        raise NotApplicable("a connector that the harness can end", "the profile attaches to one")
    if not connector.terminate(seconds):
        raise Broken(f"an end within {seconds} s after SIGTERM", "it still ran, and was killed")


# --- XML ---


def _true_message(scene: Scene) -> tuple[Ask, str]:
    scene.set(abiquo__webhook_format="xml")
    asked = ask(scene, "continue")
    asked.takes("continue")
    if not asked.webhooks():
        raise Unreached("a webhook in XML", "there was none")
    text = asked.webhooks()[0].body.decode()
    return asked, re.sub(r"^\s*<\?xml[^>]*\?>", "", text)


def _with_doctype(text: str, doctype: str, content: str = "") -> bytes:
    """The message with a document type, and with this in place of the task's type."""
    found = re.search(r"<(\w+)", text)
    root = found[1] if found is not None else "task"
    if content:
        text = re.sub(r"<type>[^<]*", f"<type>{content}", text)
    return f'<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE {root} {doctype}>{text}'.encode()


@when("a webhook in XML names URLs in a document type and in entities", target_fixture="canary")
def _names_urls(scene: Scene) -> Canary:
    asked, text = _true_message(scene)
    canary = scene.undo.enter_context(Canary('<!ENTITY x "x">'))
    at = f"http://127.0.0.1:{canary.port}"
    for body in (
        _with_doctype(text, f'SYSTEM "{at}/doctype"'),
        _with_doctype(text, f'[<!ENTITY % p SYSTEM "{at}/parameter"> %p;]'),
        _with_doctype(text, f'[<!ENTITY x SYSTEM "{at}/general">]', "&x;"),
    ):
        tell(scene, body, asked.id)
    ask_later(scene)
    return canary


@then("the connector fetches none of them")
def _none_fetched(canary: Canary) -> None:
    if canary.caught:
        seen = ", ".join(f"{one.method} {one.path}" for one in canary.caught[:5])
        raise Broken("nothing of a webhook is fetched", f"{seen} at a server that the webhook named")


@when(parsers.parse("a webhook in XML holds entities that would grow to {size:d} MB"), target_fixture="poured")
def _grows(scene: Scene, size: int) -> tuple[int | None, int | None]:
    asked, _ = _true_message(scene)
    connector = scene.bench.connector
    before = None if connector is None else connector.peak_memory()
    if connector is None or before is None:
        return None, None
    seed = "x" * (size * MB // WIDTH**LEVELS)
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * WIDTH if n else seed}">' for n in range(LEVELS + 1))

    def bomb(body: bytes) -> bytes:
        text = re.sub(r"^\s*<\?xml[^>]*\?>", "", body.decode())
        return _with_doctype(text, f"[{entities}]", f"&e{LEVELS};")

    tell_again(asked, bomb)
    ask_later(scene)
    return None, (connector.peak_memory() or 0) - before


@then("the connector decides them all, each once")
def _weathers(requests: list[Ask]) -> None:
    each_is_taken(requests, requests[0].scene.profile.patience)
    for one in requests:
        one.decided_once()
