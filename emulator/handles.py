"""What a test holds in its hand: a request of a user, and a hold that waits for a decision."""

from __future__ import annotations

import math
import time
from typing import Any

from gatepost.control import abiquo, holds
from gatepost.control.context import Control
from gatepost.control.requests import OperationRequest
from gatepost.core.holds import Decision, Hold

LOOK = 0.05
"""Seconds after which a wait looks again even when nothing crossed a wire."""


class HeldRequest:
    """A hold, as it is now. Of Abiquo's, `resume` continues and `abort` cancels."""

    def __init__(self, control: Control, dialect: str, hold: Hold) -> None:
        self._control = control
        self._hold = hold
        self.dialect = dialect

    @property
    def id(self) -> str:
        return self._hold.id

    @property
    def name(self) -> str:
        """Of what the request is about: the vApp's name, the machine's label."""
        task = self._hold.task
        return abiquo.owner(self._control.abiquo, task)["name"] if self.dialect == "abiquo" else task.owner.name

    @property
    def operation(self) -> str:
        return self._hold.task.operation

    @property
    def task(self) -> str:
        """The id of its task."""
        return self._hold.task.id

    @property
    def user(self) -> str:
        """`alice@acme`; the organization of an Abiquo user is his enterprise."""
        user = self._hold.task.user
        return f"{user.name}@{user.org.name}"

    @property
    def deadline(self) -> float | None:
        """Epoch seconds of the cloud's clock; None where it has no end."""
        return self._hold.deadline if self._hold.deadline < math.inf else None

    @property
    def decision(self) -> str | None:
        """How it ended; None while it is open."""
        return None if self._hold.decision is None else self._hold.decision.value

    def resume(self, message: str = "") -> None:
        """Decide as an administrator. Raises HoldClosed when it was decided otherwise."""
        self._decide(Decision.RESUME, message)

    def abort(self, message: str = "") -> None:
        """As `resume`."""
        self._decide(Decision.ABORT, message)

    def fail(self, message: str = "") -> None:
        """As `resume`. Raises InvalidValue for one of Abiquo's, which cannot fail."""
        self._decide(Decision.FAIL, message)

    def __repr__(self) -> str:
        return f"<{self.operation} of {self.name!r} by {self.user}: {self.decision or 'open'}>"

    def _decide(self, decision: Decision, message: str) -> None:
        holds.end(self._control, self.id, decision, message)


class Request:
    """What a user asked for, as it is now. In Abiquo one request can make several tasks."""

    def __init__(self, control: Control, wanted: OperationRequest) -> None:
        self._control = control
        self._name = wanted.name
        asked = holds.ask(control, wanted)
        self.task: str = asked["task"]
        """The id of its first task."""
        self.tasks: tuple[str, ...] = tuple(asked.get("tasks") or (self.task,))

    @property
    def status(self) -> str:
        """Of its first task, as the dialect spells it: `preRunning`, `QUEUEING`."""
        status: str = self._now(self.task)["status"]
        return status

    @property
    def ended(self) -> bool:
        """Whether all its tasks have ended."""
        return all(self._now(task)["ended"] for task in self.tasks)

    @property
    def success(self) -> bool:
        """Whether all its tasks have ended well."""
        return all(self._now(task)["success"] for task in self.tasks)

    @property
    def error(self) -> str | None:
        """What its user reads about the first task that went wrong."""
        return next((found for task in self.tasks if (found := self._now(task)["error"])), None)

    @property
    def details(self) -> str:
        """What its user reads while the first task goes on."""
        details: str = self._now(self.task)["details"]
        return details

    @property
    def hold(self) -> HeldRequest:
        """The one that is open. Raises LookupError unless there is exactly one."""
        mine = self.holds
        if len(mine) != 1:
            raise LookupError(f"{self!r} has {len(mine)} open holds")
        return mine[0]

    @property
    def holds(self) -> list[HeldRequest]:
        """Those that are open."""
        return [hold for hold in open_holds(self._control) if hold.task in self.tasks]

    def wait(self, within: float = 10.0) -> Request:
        """Until all its tasks have ended, up to so many seconds (wall time). Raises AssertionError."""
        deadline = time.monotonic() + within
        journal = self._control.cloud.journal
        while not self.ended:
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{self!r} has not ended within {within:g} s")
            journal.find(journal.last, lambda entry: True, 1, wait=min(left, LOOK))
        return self

    def __repr__(self) -> str:
        return f"<request for {self._name!r}: {self.status}>"

    def _now(self, task: str) -> dict[str, Any]:
        return holds.task_of(self._control, task)


def open_holds(control: Control) -> list[HeldRequest]:
    """Of both dialects, oldest first."""
    every, _ = holds.open_holds(control)
    return [HeldRequest(control, dialect, hold) for dialect, hold in every]
