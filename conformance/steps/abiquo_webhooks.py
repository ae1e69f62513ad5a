"""Steps about webhooks: how they are answered, what shapes they have, and calls that nobody should believe."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from pytest_bdd import given, parsers, then, when

from gatepost.conformance.abiquo import Ask, ask, ask_later
from gatepost.conformance.abiquo.gate import Gate
from gatepost.conformance.abiquo.telling import (
    READ_TIMEOUT,
    Messenger,
    accepted,
    pour,
    refused,
    say_nothing,
    spoken,
    tell,
    tell_again,
    what_came,
    withhold,
)
from gatepost.conformance.abiquo.trouble import gives_up_on, still_runs
from gatepost.conformance.scene import Scene
from gatepost.conformance.verdict import Broken, NotApplicable, Unreached
from gatepost.core.journal import Entry

MB = 1024 * 1024
KINDS = ("order", "links", "elements", "headers", "whitespace", "encoding", "ids", "jobs", "timestamps")


# --- answering ---


@when("a user asks, and the cloud answers none of the connector's calls", target_fixture="request_")
def _ask_slowly(scene: Scene) -> Ask:
    listens(scene)
    gate = Gate(scene)
    asked = ask(scene, "continue")
    scene.watch(asked.answers, READ_TIMEOUT + 5)
    gate.open()
    return asked


@then("the webhook was answered by a 2xx in time")
def _answered(scene: Scene, request_: Ask) -> None:
    answer = next(iter(request_.answers()), None)
    if answer is None or "refused" in (answer.note or ""):
        raise Unreached("a webhook taken", f"it was not{scene.how_it_ended}", *request_.webhooks())
    if not accepted(answer):
        raise Broken(f"a 2xx within {READ_TIMEOUT:g} s, whatever the decision takes", what_came(answer), answer)


@given(parsers.parse("{count:d} callers are connected to it, and say nothing"))
def _silent(scene: Scene, count: int) -> None:
    listens(scene)
    say_nothing(scene, count)


def listens(scene: Scene) -> None:
    """Raises NotApplicable for a connector that takes no webhooks."""
    if not scene.profile.claims & {"json", "xml"}:
        raise NotApplicable("a connector that takes webhooks", "the profile claims neither json nor xml")


# --- shapes ---


@given(parsers.re(r"webhooks are (?P<format>json|xml)(?P<wrapped>, always as lists)?$"))
def _format(scene: Scene, format: str, wrapped: str | None) -> None:
    scene.set(abiquo__webhook_format=format, abiquo__webhook_wrap="always" if wrapped else "auto")


@given("webhooks are written in every way that is right")
def _varied(scene: Scene) -> None:
    scene.cloud.vary(KINDS)
    scene.undo.callback(scene.cloud.vary, False)


# --- again ---


@given("every webhook comes twice at the same moment")
def _twice(scene: Scene) -> None:
    listens(scene)
    Messenger(scene, times=2)


@then("both webhooks were answered")
def _both_answered(scene: Scene, request_: Ask) -> None:
    scene.wait(lambda: len(request_.answers()) > 1, 2 * READ_TIMEOUT)
    scene.require(len(request_.answers()) > 1, "answers to both webhooks")


@when("the webhook of it comes again")
def _again(scene: Scene, request_: Ask) -> None:
    listens(scene)
    tell_again(request_)
    ask_later(scene)


# --- nonsense ---


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


MALFORMED: dict[str, Callable[[bytes], bytes]] = {
    "cut off": _half,
    "a page of HTML": lambda body: b"<html><head><title>502 Bad Gateway</title></head><body><hr></body></html>",
    "empty": lambda body: b"",
}


@when(parsers.parse("a webhook comes that is {how}"), target_fixture="answer")
def _malformed(scene: Scene, how: str) -> Entry:
    listens(scene)
    asked = ask(scene, "continue")
    asked.takes("continue")
    return tell_again(asked, MALFORMED[how])


@then("it is answered by a 4xx")
def _refused(answer: Entry) -> None:
    if "refused" in (answer.note or ""):
        raise Unreached("a webhook that is taken", what_came(answer), answer)
    if not refused(answer):
        raise Broken("a 4xx", what_came(answer), answer)


@when("webhooks come that are no tasks")
def _no_tasks(scene: Scene) -> None:
    listens(scene)
    ask(scene, "continue").takes("continue")
    texts = ("[]", "null", "17", '"task"', "{}", '{"collection": null}', '{"collection": [1, [], null, {}]}')
    odd = ('{"taskId": 5, "links": {}}', '{"taskId": "x", "links": [null, 3, {"rel": 1}, {"href": "x"}]}')
    more = ("<task/>", "<tasks/>", "<tasks><task><link/></task></tasks>", "<jobs/>")
    not_utf8 = b'{"taskId": "\xc3\x28\xff", "links": []}'
    for text in (*texts, *odd, not_utf8) if spoken(scene) == "json" else more:
        answer = tell(scene, text if isinstance(text, bytes) else text.encode())
        if answer.kind == "webhook.failure" or (answer.status or 500) >= 500:
            raise Broken(f"an answer to {text!r} that is no 5xx", what_came(answer) + scene.how_it_ended, answer)


@when(parsers.parse("a webhook of {size:d} MB comes"), target_fixture="poured")
def _huge(scene: Scene, size: int) -> tuple[int | None, int | None]:
    """The status, and the bytes by which its memory grew, as far as that can be seen."""
    listens(scene)
    ask(scene, "continue").takes("continue")
    connector = scene.bench.connector
    before = connector.peak_memory() if connector is not None else None
    most = [before or 0]

    def watch() -> None:
        if connector is not None and before is not None:
            most[0] = max(most[0], connector.peak_memory() or 0)

    beginning = b'{"taskId": "' if spoken(scene) == "json" else b"<task><taskId>"
    status = pour(scene, size * MB, beginning, watch)
    watch()
    return status, None if before is None else most[0] - before


@then("it is answered by a 4xx, or cut off")
def _cut_off(scene: Scene, poured: tuple[int | None, int | None]) -> None:
    status = poured[0]
    if status is not None and not 400 <= status < 500:
        raise Broken("a 4xx, or an end of the connection", f"status {status}{scene.how_it_ended}")


@then(parsers.parse("the connector's memory has not grown by {size:d} MB"))
def _not_grown(scene: Scene, poured: tuple[int | None, int | None], size: int) -> None:
    grown = poured[1]
    if grown is None:
        raise NotApplicable("a connector whose memory the harness can see", "this one runs where it cannot")
    if grown >= size * MB:
        raise Broken(f"memory that grows by less than {size} MB", f"it grew by {grown // MB} MB{scene.how_it_ended}")


@then("the connector runs on")
def _runs(scene: Scene) -> None:
    still_runs(scene)


# --- lies ---


@when("a webhook tells of a task that the cloud does not know", target_fixture="stranger")
def _unknown(scene: Scene) -> str:
    """The id of that task."""
    listens(scene)
    asked = ask(scene, "continue")
    asked.takes("continue")
    stranger = str(uuid4())
    tell_again(asked, lambda body: body.replace(asked.id.encode(), stranger.encode()))
    return stranger


@when("a webhook names for one task the machine of another", target_fixture="request_")
def _lies(scene: Scene) -> Ask:
    """The links of what is to be declined, with the machine of what is approved."""
    listens(scene)
    good = ask(scene, "continue")
    good.takes("continue")
    withheld = withhold(scene)
    bad = ask(scene, "cancel")
    scene.wait(lambda: withheld.carried, 10.0)
    withheld.leave()
    machine, other = (f"/virtualmachines/{one.record.machine.id}" for one in (bad, good))

    def lie(body: bytes) -> bytes:
        text = body.decode().replace(f'{machine}"', f'{other}"')
        return text.replace(f'"{bad.record.machine.id}"', f'"{good.record.machine.id}"').encode()

    tell(scene, lie(withheld.carried[0].body), bad.id)
    ask_later(scene)
    return bad


@then("it was not continued")
def _not_continued(request_: Ask) -> None:
    if request_.decision == "continue":
        expected = f"{request_.name!r} is not continued: the connector would cancel it if it looked"
        raise Broken(expected, "it was", *(call.request for call in request_.decisions()))


@then("the connector does not try to decide it again and again")
def _gives_up_on_stranger(scene: Scene, stranger: str) -> None:
    ask_later(scene)

    def attempts() -> int:
        return sum(e.kind == "http.request" and e.method == "POST" and stranger in e.path for e in scene.entries())

    gives_up_on(scene, f"the task {stranger}", attempts)


# --- security ---


@when("a webhook of JSON comes that is nested without end", target_fixture="answer")
def _deep(scene: Scene) -> Entry:
    listens(scene)
    ask(scene, "continue").takes("continue")
    return tell(scene, b'{"collection": ' + b"[" * 200_000 + b"]" * 200_000 + b"}")


@then("it is answered by what is no 5xx")
def _no_5xx(scene: Scene, answer: Entry) -> None:
    if answer.kind == "webhook.failure" or (answer.status or 500) >= 500:
        raise Broken("an answer, and no 5xx", what_came(answer) + scene.how_it_ended, answer)
