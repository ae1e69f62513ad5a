"""Workflow: holding what users ask for until a connector has decided (reference, sections 5 and 6).

The tasks are held and their machines locked before the connector is called; the call is made without the lock, so that
the connector can decide before it has answered. When the call fails, what is still held ends; what was decided stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from gatepost.abiquo import paths
from gatepost.abiquo.dialect import AbiquoDialect, State
from gatepost.abiquo.document import Collection, Writer
from gatepost.abiquo.errors import ApiError, denied, wrong_state
from gatepost.abiquo.inventory import Caller, Enterprise, User, VirtualAppliance, VirtualMachine
from gatepost.abiquo.negotiation import VENDOR
from gatepost.abiquo.represent.tasks import Shown, task
from gatepost.abiquo.seed import ENABLED, ENDPOINT
from gatepost.abiquo.tasks import Record
from gatepost.abiquo.versions import traits
from gatepost.abiquo.view import View
from gatepost.abiquo.workflows import Action, run
from gatepost.core.holds import Decision
from gatepost.messaging.webhook import Webhook, outcome

Wanted = Sequence[tuple[VirtualMachine, Action]]


def is_on(state: State, enterprise: Enterprise) -> bool:
    """Whether this tenant's operations are held: the platform's switch and its own."""
    return enterprise.workflow and state.inventory.value(ENABLED) == "1"


def submit(dialect: AbiquoDialect, state: State, user: User, wanted: Wanted, batch: VirtualAppliance | None) -> Started:
    """Begin a task for each of these actions, which the caller has seen to be allowed. The caller holds the lock."""
    world = state.world
    held = any(action.held for _, action in wanted)
    waits = held and dialect.settings.abiquo_webhook_mode == "sync"
    if waits and not dialect.waiting.acquire(blocking=False):
        raise ApiError(503, "503-SERVICE-UNAVAILABLE", "Too many requests wait for the workflow endpoint; try again")
    try:
        records = []
        for machine, action in wanted:
            begun = world.request(action.type, user, run(action, machine, user, state.queue))
            records.append(machine.tasks[begun.id])
        queued = [record for record in records if record.queued]
        webhook = _message(dialect, state, queued, batch) if queued else None
    except BaseException:
        if waits:
            dialect.waiting.release()
        raise
    if queued:
        _tell_sent(state, queued[0], batch)
    return Started(dialect, state, records, queued, webhook, batch, waits=waits)


class Started:
    """Tasks that have begun, or are held; the connector has not been called yet."""

    def __init__(
        self,
        dialect: AbiquoDialect,
        state: State,
        records: list[Record],
        queued: list[Record],
        webhook: Webhook | None,
        batch: VirtualAppliance | None,
        *,
        waits: bool,
    ) -> None:
        self._waits = waits
        self._dialect = dialect
        self._state = state
        self.records = records
        self._queued = queued
        self._webhook = webhook
        self._batch = batch

    def announce(self) -> list[Record]:
        """Call the connector, if anything is held. Not under the lock.

        The tasks that there are then. Raises ApiError (WKF-01) when the call failed and left none.
        """
        if self._webhook is None:
            return self.records
        if not self._waits:
            self._dialect.webhooks.post(self._webhook).add_done_callback(self._answered)
            return self.records
        try:
            failure = outcome(self._dialect.webhooks.post(self._webhook))
        finally:
            self._dialect.waiting.release()
        if failure is None:
            return self.records
        lost = self._end(failure, drop=True)
        kept = [record for record in self.records if record not in lost]
        if not kept:
            raise failed(self._dialect)
        return kept

    def _answered(self, call: Future[str | None]) -> None:
        failure = outcome(call)
        if failure is not None:
            self._end(failure, drop=False)

    def _end(self, failure: str, *, drop: bool) -> list[Record]:
        """End what is still held. Who asked has heard of nothing yet if the tasks are to be dropped."""
        world = self._state.world
        with world.lock:
            lost = [record for record in self._queued if record.queued]
            for record in lost:
                hold = record.task.hold
                assert hold is not None
                record.platform = True
                world.decide(hold, Decision.ABORT, failure, self._state.inventory.system_user)
                if drop:
                    world.tasks.drop(record.task)
            _tell_sent(self._state, self._queued[0], self._batch, failure)
        return lost


def failed(dialect: AbiquoDialect) -> ApiError:
    return ApiError(dialect.settings.abiquo_fail_status, "WKF-01", "Request to workflow endpoint failed")


def decide(state: State, record: Record, decision: Decision, word: str, caller: Caller) -> None:
    """Continue (resume) or cancel (abort). The caller of this function holds the lock.

    Raises ApiError: 403 for who may not, 409 for a task that is not held.
    """
    overrides = caller.overrides(record.machine.org)
    if not overrides and (decision is Decision.RESUME or caller.user is not record.user):
        raise denied()
    apply(state, record, decision, word, caller.user)


def apply(state: State, record: Record, decision: Decision, word: str, user: User) -> None:
    """Take the decision, whoever makes it. Raises ApiError (409). The caller holds the lock."""
    hold = record.task.hold
    if hold is None or not hold.active:
        raise wrong_state()
    record.word = word
    state.world.decide(hold, decision, word, user)
    verb, words = ("CONTINUE", "continued") if decision is Decision.RESUME else ("CANCEL", "cancelled")
    machine = record.machine
    said = f": {word}" if word else ""
    state.events.tell(
        "TASK",
        f"{record.type}_{verb}",
        name=record.id,
        path=paths.task(record),
        kind="task",
        enterprise=machine.org,
        user=user,
        message=f"{record.type.capitalize()} task of virtual machine '{machine.label}' {words}{said}",
    )


def _tell_sent(state: State, first: Record, batch: VirtualAppliance | None, failure: str | None = None) -> None:
    machine, user = first.machine, first.user
    if batch is None:
        entity, action, kind = "VIRTUAL_MACHINE", f"WORKFLOW_{first.type}_SEND", "virtualmachine"
        name, path, label = machine.name, paths.machine(machine), machine.label
    else:
        entity, action, kind = "VIRTUAL_APPLIANCE", f"WORKFLOW_{first.type}_BATCH", "virtualappliance"
        name, path, label = batch.name, paths.appliance(batch), batch.name
    state.events.tell(
        entity,
        action,
        name=name,
        path=path,
        kind=kind,
        enterprise=machine.org,
        user=user,
        message=f"{first.type.capitalize()} of '{label}' requested by '{user.nick}' waits for review",
        error=None if failure is None else ("WKF-01", f"Request to workflow endpoint failed: {failure}"),
    )


def _message(dialect: AbiquoDialect, state: State, queued: list[Record], batch: VirtualAppliance | None) -> Webhook:
    settings = dialect.settings
    format, wrap = settings.abiquo_webhook_format, settings.abiquo_webhook_wrap
    view = View(format, traits(settings.abiquo_version), settings, state.inventory, None)
    items = [task(view, record, Shown.MESSAGE) for record in queued]
    many = batch is not None or wrap == "always" or (wrap == "legacy2x" and queued[0].type != "RECONFIGURE")
    body = Writer(format, "").write(Collection("tasks", items) if many else items[0])
    kind = "tasks" if many else "task"
    return Webhook(
        url=state.inventory.value(ENDPOINT),
        dialect="abiquo",
        headers={
            "Content-Type": f"{VENDOR}{kind}+{format}; version={settings.abiquo_version}",
            "Accept": "*/*",
            "User-Agent": "Gatepost",
        },
        body=body,
        task=queued[0].id if len(queued) == 1 else None,
        connect_timeout=settings.abiquo_connect_timeout,
        read_timeout=settings.abiquo_read_timeout,
    )
