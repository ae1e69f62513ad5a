"""A user's request that is held, and each message and call about it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from gatepost.conformance.bench import CONNECTOR
from gatepost.conformance.profile import Profile
from gatepost.conformance.scene import Scene
from gatepost.conformance.verdict import Broken, HarnessError, Unreached
from gatepost.control.requests import OperationRequest, perform
from gatepost.core.holds import Decision, Hold
from gatepost.core.journal import Entry
from gatepost.core.tasks import Task

USER = "alice@acme"
"""Who asks, unless told otherwise."""

OUTCOMES = {"resume": "success", "abort": "aborted", "fail": "error"}
"""How a task ends, by what was decided about it."""

ACTION = re.compile(r"/action/(resume|abort|fail|updateProgress)\b")


class Call(NamedTuple):
    """An action that was asked for, and the cloud's answer where there is one."""

    action: str
    request: Entry
    response: Entry | None

    @property
    def accepted(self) -> bool:
        return self.response is not None and (self.response.status or 500) < 300

    def __str__(self) -> str:
        answer = "no answer" if self.response is None else str(self.response.status)
        return f"{self.action} ({answer})"


@dataclass
class Ask:
    """A user's request that is held."""

    scene: Scene
    wanted: str
    name: str
    task: Task
    hold: Hold
    seq: int
    followers: list[Ask] = field(default_factory=list)

    def entries(self) -> list[Entry]:
        """All that is about it."""
        return [entry for entry in self.scene.entries(self.seq) if self._concerns(entry)]

    def calls(self, *actions: str) -> list[Call]:
        """The actions that somebody asked for over HTTP; all of them unless some are named."""
        found = self.entries()
        answers = {entry.answers: entry for entry in found if entry.kind == "http.response"}
        calls = []
        for entry in found:
            action = ACTION.search(entry.path) if entry.kind == "http.request" and entry.method == "POST" else None
            if action is not None and (not actions or action[1] in actions):
                calls.append(Call(action[1], entry, answers.get(entry.seq)))
        return calls

    def decisions(self) -> list[Call]:
        return self.calls("resume", "abort", "fail")

    def deliveries(self) -> list[Entry]:
        """Each time the connector was given the message that tells of it."""
        return [e for e in self.entries() if e.kind == "amqp.deliver" and ".blockingtask.create." in e.path]

    def settled(self) -> list[Entry]:
        """The acknowledgements and refusals of those messages."""
        delivered = {entry.seq for entry in self.deliveries()}
        kinds = ("amqp.ack", "amqp.nack", "amqp.reject")
        return [e for e in self.scene.entries(self.seq) if e.kind in kinds and e.answers in delivered]

    def looks(self) -> list[Entry]:
        """Each time it was read over HTTP."""
        return [entry for entry in self.entries() if entry.kind == "http.request" and entry.method == "GET"]

    @property
    def by_connector(self) -> bool:
        who = self.hold.decided_by
        return who is not None and f"{who.name}@{who.org.name}" == CONNECTOR["vcloud"]

    # --- judging ---

    def takes(self, action: str, within: float | None = None) -> None:
        """The connector ends it by this action, in time. Raises Broken and Unreached."""
        seconds = self.scene.profile.within if within is None else within
        self.scene.wait(lambda: not self.hold.active, seconds)
        self.taken(action, f"{action} of {self.name!r} within {seconds:g} s")

    def taken(self, action: str, expected: str) -> None:
        """The connector has ended it by this action. Raises Broken and Unreached."""
        calls = self.decisions()
        if self.hold.active:
            raise self._undecided(expected, calls)
        if not self.by_connector:
            who = self.hold.decided_by.name if self.hold.decided_by is not None else "nobody"
            raise Broken(expected, f"{self.hold.decision} by {who}", *(call.request for call in calls))
        if self.hold.decision != action:
            raise Broken(expected, f"the connector took {self.hold.decision}", *(call.request for call in calls))

    def ends(self, status: str, seconds: float = 10.0) -> None:
        """Its task ends so. Raises Broken."""
        self.scene.wait(lambda: self.task.status.ended, seconds)
        if self.task.status.value != status:
            error = f" ({self.task.error.message})" if self.task.error is not None else ""
            raise Broken(f"the task of {self.name!r} ends as {status}", f"it is {self.task.status.value}{error}")

    def stays_open(self) -> None:
        """Nobody decided it. Raises Broken."""
        if not self.hold.active:
            calls = self.decisions()
            raise Broken(f"{self.name!r} stays undecided", f"{self.hold.decision}", *(call.request for call in calls))

    def decided_once(self) -> None:
        """Raises Broken for an attempt after the connector had received a yes."""
        calls = self.decisions()
        yes = next((call for call in calls if call.accepted), None)
        if yes is None or yes.response is None:
            return
        later = [call for call in calls if call.request.seq > yes.response.seq]
        if later:
            seen = ", ".join(map(str, calls))
            raise Broken(
                f"one decision about {self.name!r}", f"{len(calls)} attempts: {seen}", *(c.request for c in later)
            )

    def _undecided(self, expected: str, calls: list[Call]) -> Broken | Unreached:
        ending = self.scene.how_it_ended
        if calls:
            return Broken(
                expected,
                f"attempts that the cloud refused: {', '.join(map(str, calls))}{ending}",
                *(call.response or call.request for call in calls),
            )
        if looks := self.looks():
            return Broken(expected, f"it read the blocking task, and took no action{ending}", *looks[-3:])
        if settled := self.settled():
            return Broken(expected, f"it settled the message, and did nothing{ending}", *settled)
        if delivered := self.deliveries():
            return Unreached(
                expected, f"it was given the message, and neither settled it nor looked{ending}", *delivered
            )
        return Unreached(expected, f"it took no message{ending}")

    def _concerns(self, entry: Entry) -> bool:
        return entry.task == self.task.id or self.hold.id in entry.path


def ask(scene: Scene, decision: str, name: str | None = None, *, user: str = USER) -> Ask:
    """A user asks for what the connector decides so. Raises NotApplicable and HarnessError."""
    chosen = scene.name_for(decision) if name is None else name
    request = scene.profile.decides[decision]
    seq = scene.cloud.journal.last
    operation = request.operation or "instantiate"
    wanted = OperationRequest(operation=operation, name=chosen, user=user, description=request.description)
    task = perform(scene.cloud.world, wanted)
    if task.hold is None:
        raise HarnessError("a request that is held", f"{operation} of {chosen!r} was not")
    return Ask(scene, decision, chosen, task, task.hold, seq)


def decisions_of(profile: Profile) -> list[str]:
    """The ends that the connector claims to bring about; to resume is what every one does."""
    return [one for one in OUTCOMES if one in profile.decides and (one in profile.claims or one == "resume")]


def ask_later(scene: Scene) -> Ask:
    """Ask for something more, and see it decided: so whatever was to be done before could have been. Raises
    Unreached where the connector does not get there."""
    later = ask(scene, "resume")
    scene.wait(lambda: not later.hold.active, scene.profile.within)
    scene.require(not later.hold.active, f"a decision about {later.name!r}, which was asked for after all that")
    return later


def next_is_decided(scene: Scene) -> None:
    """Whatever happened, the connector goes on with the next request. Raises Broken."""
    try:
        ask(scene, "resume").takes("resume")
    except Unreached as error:
        raise Broken(error.expected, error.seen, *error.nearest) from None


def settle_rest(scene: Scene) -> None:
    """End what a scenario left open, so that it disturbs no other."""
    world = scene.cloud.world
    with world.lock:
        admin = world.inventory.system_user
        for hold in world.holds.active():
            world.decide(hold, Decision.ABORT, "The scenario is over", admin)
