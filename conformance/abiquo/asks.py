"""A user's request that is held, and each message and call about it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from gatepost.abiquo import paths, review
from gatepost.abiquo.errors import ApiError
from gatepost.abiquo.inventory import VirtualAppliance, VirtualMachine, VmState
from gatepost.abiquo.tasks import Record
from gatepost.abiquo.versions import traits
from gatepost.abiquo.workflows import Action, Hardware, batch, deploy, reconfigure, undeploy
from gatepost.conformance.bench import ABIQUO_USER as USER
from gatepost.conformance.bench import CONNECTOR
from gatepost.conformance.scene import Scene
from gatepost.conformance.verdict import Broken, HarnessError, NotApplicable, Unreached
from gatepost.core.holds import Decision, Hold
from gatepost.core.journal import Entry

MANAGER = "manager"
"""Who may decide beside the connector."""

DECISIONS = {"continue": Decision.RESUME, "cancel": Decision.ABORT}
ENDS = {"continue": "FINISHED_SUCCESSFULLY", "cancel": "CANCELLED"}
"""How a task ends, by what was decided about it."""

_STATES = {"deploy": VmState.NOT_ALLOCATED, "undeploy": VmState.OFF, "reconfigure": VmState.OFF}
"""In which a machine must be for what is asked for."""

ANSWERED = ("webhook.response", "webhook.failure")


class Call(NamedTuple):
    """A decision that was asked for, and the cloud's answer where there is one."""

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
    """A user's request about one machine that is held."""

    scene: Scene
    wanted: str
    record: Record
    hold: Hold
    seq: int

    @property
    def name(self) -> str:
        return self.record.machine.label

    @property
    def id(self) -> str:
        """Of the task."""
        return self.record.id

    def entries(self) -> list[Entry]:
        """All that is about it."""
        return [entry for entry in self.scene.entries(self.seq) if self._concerns(entry)]

    def decisions(self) -> list[Call]:
        """The attempts of the connector to decide it."""
        found = self.entries()
        answers = {entry.answers: entry for entry in found if entry.kind == "http.response"}
        calls = []
        for entry in found:
            action = entry.path.partition("?")[0].rstrip("/").rpartition("/")[2]
            if entry.kind == "http.request" and entry.method == "POST" and action in DECISIONS:
                calls.append(Call(action, entry, answers.get(entry.seq)))
        return calls

    def webhooks(self) -> list[Entry]:
        """Each time the connector was told of it."""
        return [entry for entry in self.entries() if entry.kind == "webhook.request"]

    def answers(self) -> list[Entry]:
        """What came of those: answers and failures."""
        sent = {entry.seq for entry in self.webhooks()}
        return [e for e in self.scene.entries(self.seq) if e.kind in ANSWERED and e.answers in sent]

    def looks(self) -> list[Entry]:
        """Each time that it, or its machine, was read over HTTP."""
        return [entry for entry in self.entries() if entry.kind == "http.request" and entry.method == "GET"]

    @property
    def active(self) -> bool:
        return self.hold.active

    @property
    def by_connector(self) -> bool:
        return self.hold.decided_by is not None and self.hold.decided_by.name == CONNECTOR["abiquo"]

    @property
    def decision(self) -> str:
        """What was decided, in Abiquo's words."""
        found = (word for word, decision in DECISIONS.items() if decision == self.hold.decision)
        return next(found, "nothing")

    # --- judging ---

    def takes(self, action: str, within: float | None = None) -> None:
        """The connector ends it by this action, in time. Raises Broken and Unreached."""
        seconds = self.scene.profile.within if within is None else within
        self.scene.wait(lambda: not self.active, seconds)
        self.taken(action, f"{action} for {self.name!r} within {seconds:g} s")

    def taken(self, action: str, expected: str) -> None:
        """The connector has ended it by this action. Raises Broken and Unreached."""
        calls = self.decisions()
        if self.active:
            raise self._undecided(expected, calls)
        if not self.by_connector:
            failed = [entry for entry in self.answers() if not _is_yes(entry)]
            who = self.hold.decided_by.name if self.hold.decided_by is not None else "nobody"
            seen = f"{self.decision} by {who}" if not failed else f"the webhook failed: {_told(failed[0])}"
            refused = [e for e in failed if e.kind == "webhook.failure" and "refused" in (e.note or "")]
            raise (Unreached if refused else Broken)(
                expected, seen + self.scene.how_it_ended, *failed, *(call.request for call in calls)
            )
        if self.decision != action:
            raise Broken(expected, f"the connector took {self.decision}", *(call.request for call in calls))

    def ends(self, seconds: float = 10.0) -> None:
        """Its task ends as it was decided. Raises Broken."""
        wanted = ENDS[self.wanted]
        self.scene.wait(lambda: self.record.task.status.ended, seconds)
        if self.record.state != wanted:
            raise Broken(f"the task about {self.name!r} ends as {wanted}", f"it is {self.record.state}")

    def stays_open(self) -> None:
        """Nobody decided it. Raises Broken."""
        if not self.active:
            calls = self.decisions()
            raise Broken(f"{self.name!r} stays undecided", f"{self.decision}", *(call.request for call in calls))

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
            return Broken(expected, f"it looked, and decided nothing{ending}", *looks[-3:])
        if taken := [entry for entry in self.answers() if _is_yes(entry)]:
            return Broken(expected, f"it took the webhook, and did nothing{ending}", *taken)
        told = self.webhooks()
        return Unreached(expected, f"it {'did not answer the webhook' if told else 'was not told'}{ending}", *told)

    def _concerns(self, entry: Entry) -> bool:
        if entry.task == self.id or self.id in entry.path:
            return True
        if entry.kind == "webhook.request":
            return entry.task is None and self.id.encode() in entry.body
        return entry.kind.startswith("http.") and f"/virtualmachines/{self.record.machine.id}" in entry.path


def _is_yes(entry: Entry) -> bool:
    return entry.kind == "webhook.response" and 200 <= (entry.status or 500) < 300


def _told(entry: Entry) -> str:
    return entry.note or f"status {entry.status}"


# --- asking ---


def ask(scene: Scene, decision: str, name: str | None = None) -> Ask:
    """A user asks for what the connector decides so, with a machine of that name. Raises NotApplicable."""
    return ask_at_once(scene, [decision], [name])[0]


def ask_at_once(scene: Scene, wanted: Sequence[str], names: Sequence[str | None] = ()) -> list[Ask]:
    """Each is asked for by itself, and all before the connector can decide the first. Raises NotApplicable."""
    chosen = [
        name or scene.name_for(decision) for decision, name in zip(wanted, names or [None] * len(wanted), strict=True)
    ]
    with scene.cloud.abiquo.world.lock:
        appliance = _appliance(scene)
        started, asked = [], []
        for decision, name in zip(wanted, chosen, strict=True):
            machine, action = _prepared(scene, appliance, decision, name)
            begun = _submit(scene, [(machine, action)], None)
            started.append(begun)
            asked.append(_ask_about(scene, decision, begun.records[0]))
    _announce(started)
    return asked


def ask_for_appliance(scene: Scene, wanted: Sequence[str]) -> list[Ask]:
    """A user deploys an appliance, each machine of which the connector decides in its own way. Raises NotApplicable."""
    names = [scene.name_for(decision) for decision in wanted]
    if any(scene.profile.decides[decision].operation not in (None, "deploy") for decision in wanted):
        raise NotApplicable("machines whose deployment the connector decides by their names", "it decides otherwise")
    with scene.cloud.abiquo.world.lock:
        appliance = _appliance(scene, f"appliance-{scene.number()}")
        machines = [_machine(scene, appliance, name, "deploy") for name in names]
        actions = batch(appliance, traits(scene.cloud.settings.abiquo_version), deploys=True, held=True)
        begun = _submit(scene, actions, appliance)
        records = {record.machine.id: record for record in begun.records}
        asked = [
            _ask_about(scene, decision, records[machine.id]) for decision, machine in zip(wanted, machines, strict=True)
        ]
    _announce([begun])
    return asked


def _ask_about(scene: Scene, decision: str, record: Record) -> Ask:
    if record.task.hold is None:
        raise HarnessError("a request that is held", f"{record.type} of {record.machine.label!r} was not")
    # The message is announced later, and so behind this entry.
    return Ask(scene, decision, record, record.task.hold, scene.cloud.journal.last)


def _prepared(scene: Scene, appliance: VirtualAppliance, decision: str, name: str) -> tuple[VirtualMachine, Action]:
    """A new machine, and what its user wants of it."""
    request = scene.profile.decides[decision]
    operation, newest = request.operation or "deploy", traits(scene.cloud.settings.abiquo_version)
    machine = _machine(scene, appliance, name, operation, request.description)
    match operation:
        case "undeploy":
            return machine, undeploy(machine, newest, held=True)
        case "reconfigure":
            return machine, reconfigure(machine, Hardware(ram=2 * machine.ram), newest, held=True)
        case _:
            return machine, deploy(machine, newest, held=True)


def _machine(
    scene: Scene, appliance: VirtualAppliance, name: str, operation: str, description: str = ""
) -> VirtualMachine:
    state = scene.cloud.abiquo.state
    inventory, ids = state.inventory, state.world.ids
    template = next(iter(appliance.org.templates.values()))
    owner = inventory.nicks[USER]
    machine = VirtualMachine(inventory.new_id(), ids.uuid(), name, appliance, owner, description, template=template)
    machine.kept = _STATES[operation]
    return inventory.add_machine(machine)


def _appliance(scene: Scene, name: str | None = None) -> VirtualAppliance:
    """That of the user, or a new one."""
    inventory = scene.cloud.abiquo.state.inventory
    vdc = next(iter(inventory.nicks[USER].enterprise.vdcs.values()))
    if name is None:
        return next(iter(vdc.appliances.values()))
    made = VirtualAppliance(inventory.new_id(), name, vdc)
    vdc.appliances[made.id] = made
    return made


def _submit(scene: Scene, wanted: review.Wanted, appliance: VirtualAppliance | None) -> review.Started:
    dialect = scene.cloud.abiquo
    return review.submit(dialect, dialect.state, dialect.state.inventory.nicks[USER], wanted, appliance)


def _announce(started: Sequence[review.Started]) -> None:
    """Call the connector about each, as the threads of so many users would."""

    def announce(one: review.Started) -> None:
        with suppress(ApiError):  # the hold and the journal tell how it failed
            one.announce()

    for one in started:
        threading.Thread(target=partial(announce, one), name="gatepost-user", daemon=True).start()


# --- what follows ---


def ask_later(scene: Scene) -> Ask:
    """Ask for something more, and see it decided: so whatever was to be done before could have been. Raises
    Unreached where the connector does not get there."""
    later = ask(scene, "continue")
    scene.wait(lambda: not later.active, scene.profile.patience)
    scene.require(later.by_connector, f"a decision about {later.name!r}, which was asked for after all that")
    return later


def next_is_decided(scene: Scene) -> None:
    """Whatever happened, the connector goes on with the next request. Raises Broken."""
    try:
        ask(scene, "continue").takes("continue", scene.profile.patience)
    except Unreached as error:
        raise Broken(error.expected, error.seen, *error.nearest) from None


def each_is_taken(asked: Sequence[Ask], patience: float | None = None) -> None:
    """Each is decided as it should be, however many there are, as long as the next one always comes in time. Raises
    Broken and Unreached."""
    scene = asked[0].scene
    seconds = scene.profile.within if patience is None else patience

    def fewer(than: int) -> bool:
        return sum(one.active for one in asked) < than

    while (left := sum(one.active for one in asked)) and scene.wait(partial(fewer, left), seconds):
        pass
    for one in asked:
        one.taken(one.wanted, f"{one.wanted} for {one.name!r}, at most {seconds:g} s after the decision before it")


def path_of(asked: Ask) -> str:
    """Of its task, below the API's root."""
    return paths.task(asked.record)


def settle_rest(scene: Scene) -> None:
    """End what a scenario left open, so that it disturbs no other."""
    world = scene.cloud.abiquo.world
    with world.lock:
        admin = world.inventory.system_user
        for hold in world.holds.active():
            world.decide(hold, Decision.ABORT, "The scenario is over", admin)
