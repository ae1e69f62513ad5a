"""Workflows that misbehave: whatever they do, their task ends, their locks go, and nobody else notices."""

from __future__ import annotations

import logging
from contextlib import suppress

import pytest

from gatepost.core import workflows
from gatepost.core.errors import DuplicateName, HoldClosed
from gatepost.core.events import Event
from gatepost.core.holds import Decision
from gatepost.core.inventory import Hardware, Status, VApp
from gatepost.core.operations import ASK, WORK, Aborted, Canceled, Ended, Failed, Operation, Steps, Workflow
from gatepost.core.tasks import Task, TaskStatus
from gatepost.core.workflows.vapps import make, make_vm
from tests.support.engine import Engine, hold_of, vapp_names

BLOCKED = "vappReset"
INTERNAL = ("Unable to perform this action. Contact your cloud administrator.", "INTERNAL_SERVER_ERROR", 500)


@pytest.fixture
def engine() -> Engine:
    """A world with the vApp `web`, in which `vappReset` waits for a decision and `vappReboot` does not."""
    engine = Engine()
    engine.vapp("web", on=True)
    engine.events.clear()
    engine.block(BLOCKED)
    return engine


def web(engine: Engine) -> VApp:
    return next(iter(engine.vdc().vapps.values()))


def assert_broken(engine: Engine, task: Task, caplog: pytest.LogCaptureFixture) -> None:
    """The task ended in error, the log says why, and the machine can be used."""
    assert task.status is TaskStatus.ERROR
    assert task.error == INTERNAL
    assert task.runner is None
    assert task.ended_at == engine.clock.now()
    assert web(engine).busy is None
    assert web(engine).failed_tasks == (task,)
    assert engine.told()[-1] == "task/fail!"
    assert engine.clock.timers() == 0
    assert any(record.levelno >= logging.ERROR and task.operation in record.message for record in caplog.records)
    again = engine.ask(BLOCKED, workflows.power(web(engine), workflows.RESET))
    engine.decide(again, Decision.RESUME)
    engine.clock.advance(1.0)
    assert again.status is TaskStatus.SUCCESS


def goes_on(op: Operation) -> Steps:
    op.acts_on(web_of(op))
    with suppress(Ended):
        yield ASK
    yield WORK


def cannot_be_closed(op: Operation) -> Steps:
    op.acts_on(web_of(op))
    for _ in ("the decision", "the runner's attempt to close it", "the interpreter's"):
        with suppress(BaseException):
            yield ASK


def fails_when_it_is_ended(op: Operation) -> Steps:
    op.acts_on(web_of(op))
    try:
        yield ASK
    except Ended:
        raise ValueError("no") from None


def web_of(op: Operation) -> VApp:
    return next(iter(op.world.inventory.vapps.values()))


@pytest.mark.parametrize("decision", [Decision.ABORT, Decision.FAIL])
@pytest.mark.parametrize("workflow", [goes_on, cannot_be_closed, fails_when_it_is_ended])
def test_who_does_not_accept_a_decision_ends_in_error(
    workflow: Workflow, decision: Decision, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    task = engine.ask(BLOCKED, workflow)
    assert engine.decide(task, decision)
    assert hold_of(task).decision is decision
    assert engine.told()[:3] == ["task/create", "blockingtask/create", f"blockingtask/{decision.value}"]
    assert_broken(engine, task, caplog)


@pytest.mark.parametrize("workflow", [goes_on, cannot_be_closed, fails_when_it_is_ended])
def test_who_does_not_accept_a_cancel_ends_in_error(
    workflow: Workflow, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    task = engine.ask(BLOCKED, workflow)
    engine.world.cancel(task, engine.user())
    assert_broken(engine, task, caplog)


@pytest.mark.parametrize("workflow", [goes_on, cannot_be_closed, fails_when_it_is_ended])
def test_who_does_not_accept_a_time_out_ends_in_error(
    workflow: Workflow, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    task = engine.ask(BLOCKED, workflow)
    engine.clock.advance(3_600.0)
    assert_broken(engine, task, caplog)


@pytest.mark.parametrize(
    ("decision", "status", "last"),
    [
        (Decision.ABORT, TaskStatus.ABORTED, "task/abort"),
        (Decision.FAIL, TaskStatus.ERROR, "task/fail!"),
        (None, TaskStatus.CANCELED, "task/abort"),
    ],
)
def test_who_swallows_a_decision_and_returns_ends_as_decided(
    decision: Decision | None, status: TaskStatus, last: str, engine: Engine
) -> None:
    def swallows(op: Operation) -> Steps:
        op.acts_on(web_of(op))
        with suppress(Ended):
            yield ASK

    task = engine.ask(BLOCKED, swallows)
    if decision is not None:
        engine.decide(task, decision, "so be it")
    else:
        engine.world.cancel(task, engine.user())
    assert task.status is status
    assert task.error is not None
    assert task.error.message == ("so be it" if decision else "The task was canceled by alice.")
    assert engine.told()[-1] == last
    assert web(engine).busy is None


@pytest.mark.parametrize("decision", [Decision.ABORT, Decision.FAIL])
def test_a_decision_is_no_exception_to_be_handled(decision: Decision, engine: Engine) -> None:
    seen: list[BaseException] = []

    def handles(op: Operation) -> Steps:
        op.acts_on(web_of(op))
        try:
            yield ASK
        except Exception as error:
            seen.append(error)
            yield WORK
        except Ended as end:
            seen.append(end)
            raise

    task = engine.ask(BLOCKED, handles)
    engine.decide(task, decision, "no")
    assert [type(one) for one in seen] == [Aborted if decision is Decision.ABORT else Failed]
    assert task.status is (TaskStatus.ABORTED if decision is Decision.ABORT else TaskStatus.ERROR)


def test_a_cancel_reaches_a_workflow_at_work(engine: Engine) -> None:
    cleaned_up: list[str] = []

    def cleans_up(op: Operation) -> Steps:
        op.acts_on(web_of(op))
        try:
            yield WORK
        except Canceled as end:
            cleaned_up.append(end.message)
            raise

    task = engine.ask("vappReboot", cleans_up)
    engine.world.cancel(task, engine.user())
    assert cleaned_up == ["The task was canceled by alice."]
    assert task.status is TaskStatus.CANCELED
    assert engine.clock.timers() == 0


def fails_before_its_first_step(op: Operation) -> Steps:
    world = op.world
    user = world.inventory.find_user("alice", "acme")
    vdc = next(iter(world.inventory.vdcs.values()))
    vapp = VApp(world.ids.uuid(), "new", vdc, user, world.now())
    make(op, vapp, undone="vapp/modify")
    make_vm(op, vapp, "vm", Hardware())
    op.tell("vapp/create_request", vapp)
    op.on_end("vapp/create", vapp)
    raise ValueError("no")
    yield ASK


def test_a_request_that_fails_leaves_nothing_behind(engine: Engine) -> None:
    inventory = engine.world.inventory
    vapps, vms = {**inventory.vapps}, {**inventory.vms}
    tasks = engine.world.tasks.of_org(engine.user().org)
    for _ in range(3):
        with pytest.raises(ValueError, match="no"):
            engine.ask("vdcInstantiateVapp", fails_before_its_first_step)
    assert (inventory.vapps, inventory.vms) == (vapps, vms)
    for vdc in inventory.vdcs.values():
        assert "new" not in vapp_names(vdc)
        assert all(vapp.name != "new" for vapp in vdc.vapps.values())
    assert engine.world.tasks.of_org(engine.user().org) == tasks
    assert engine.events == []
    assert engine.clock.timers() == 0
    assert engine.instantiate("new").status is TaskStatus.RUNNING


def test_a_request_that_fails_leaves_the_machine_free(engine: Engine) -> None:
    def locks_and_fails(op: Operation) -> Steps:
        op.acts_on(web_of(op))
        op.tell("vapp/deploy_request", web_of(op))
        raise ValueError("no")
        yield ASK

    with pytest.raises(ValueError, match="no"):
        engine.ask(BLOCKED, locks_and_fails)
    assert web(engine).busy is None
    assert engine.events == []


def test_a_refused_name_leaves_the_other_vapp_as_it_is(engine: Engine) -> None:
    before = {**engine.world.inventory.vapps}
    with pytest.raises(DuplicateName):
        engine.instantiate("web")
    assert engine.world.inventory.vapps == before
    assert web(engine).busy is None
    assert vapp_names(engine.vdc()) == {"web"}


def test_a_request_about_nothing_is_refused(engine: Engine) -> None:
    def names_no_object(op: Operation) -> Steps:
        yield ASK

    with pytest.raises(AttributeError):
        engine.ask(BLOCKED, names_no_object)
    assert engine.events == []


def test_who_fails_after_the_decision_ends_in_error(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    def fails(op: Operation) -> Steps:
        op.acts_on(web_of(op))
        op.on_end("vapp/deploy", web_of(op))
        yield ASK
        raise ValueError("no")

    task = engine.ask(BLOCKED, fails)
    assert engine.decide(task, Decision.RESUME)
    assert engine.told()[2:] == ["blockingtask/resume", "task/start", "vapp/deploy!", "task/fail!"]
    assert_broken(engine, task, caplog)
    with pytest.raises(HoldClosed):
        engine.decide(task, Decision.ABORT)


def test_who_fails_at_work_ends_in_error_and_the_clock_goes_on(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(op: Operation) -> Steps:
        op.acts_on(web_of(op))
        yield WORK
        raise ValueError("no")

    other = engine.vapp("other", on=True)
    engine.events.clear()
    task = engine.ask("vappReboot", fails)
    healthy = engine.ask("vappReboot", workflows.power(other, workflows.REBOOT))
    assert engine.clock.advance(1.0) == 2
    assert healthy.status is TaskStatus.SUCCESS
    assert task.status is TaskStatus.ERROR
    assert web(engine).busy is None
    assert "the workflow of vappReboot failed" in caplog.text


def test_what_was_being_made_stays_in_error(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    def makes_and_fails(op: Operation) -> Steps:
        with suppress(ValueError):
            yield from fails_before_its_first_step(op)
        yield WORK
        raise ValueError("no")

    task = engine.ask("vdcInstantiateVapp", makes_and_fails)
    engine.clock.advance(1.0)
    vapp = engine.world.inventory.vapps[task.owner.id]
    assert [vapp.status, vapp.vms[0].status] == [Status.FAILED_CREATION] * 2
    assert engine.told()[-2:] == ["vapp/create!", "task/fail!"]
    removed = engine.ask("vdcDeleteVapp", workflows.delete(vapp))
    engine.clock.advance(1.0)
    assert removed.status is TaskStatus.SUCCESS
    assert "new" not in vapp_names(vapp.vdc)
    assert "no" in caplog.text


def test_who_returns_at_once_succeeds_at_once(engine: Engine) -> None:
    def does_it_at_once(op: Operation) -> Steps:
        op.acts_on(web_of(op))
        op.tell("vapp/deploy_request", web_of(op))
        op.on_end("vapp/deploy", web_of(op))
        yield from ()

    task = engine.ask(BLOCKED, does_it_at_once)
    assert task.status is TaskStatus.SUCCESS
    assert task.progress == 100
    assert task.ended_at == engine.clock.now()
    assert engine.told() == ["vapp/deploy_request", "task/create", "task/start", "vapp/deploy", "task/complete"]
    assert engine.world.tasks.get(task.id) is task
    assert web(engine).busy is None


def test_who_asks_again_while_it_runs_ends_in_error(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    def asks_twice(op: Operation) -> Steps:
        op.acts_on(web_of(op))
        yield ASK
        yield WORK
        yield ASK

    task = engine.ask(BLOCKED, asks_twice)
    engine.decide(task, Decision.RESUME)
    engine.clock.advance(1.0)
    assert len(engine.world.holds) == 0
    assert_broken(engine, task, caplog)


@pytest.mark.parametrize("end", [Aborted, Canceled, Failed])
def test_who_ends_itself_does_not_stay_open(end: type[Ended], engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    def ends_itself(op: Operation) -> Steps:
        op.acts_on(web_of(op))
        yield WORK
        raise end("enough")

    task = engine.ask("vappReboot", ends_itself)
    engine.clock.advance(1.0)
    assert task.status is (TaskStatus.CANCELED if end is Canceled else TaskStatus.ERROR)
    assert web(engine).busy is None


def test_a_listener_that_fails_harms_no_operation(caplog: pytest.LogCaptureFixture) -> None:
    engine = Engine()
    heard: list[str] = []

    def fail(event: Event) -> None:
        raise RuntimeError("no")

    engine.cloud.listen(fail)
    engine.cloud.listen(lambda event: heard.append(event.type))
    engine.block("vdcInstantiateVapp")
    task = engine.instantiate("web")
    engine.decide(task, Decision.RESUME)
    engine.clock.advance(1.0)
    assert task.status is TaskStatus.SUCCESS
    assert heard == engine.told()
    assert "a listener failed" in caplog.text
