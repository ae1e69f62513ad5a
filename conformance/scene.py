"""One scenario on a bench: its requests, what was set up for it, and waiting without sleeping."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any, TypeVar

from gatepost.conformance.bench import Bench
from gatepost.conformance.launch import CannotStart
from gatepost.conformance.profile import Profile
from gatepost.conformance.verdict import Broken, HarnessError, NotApplicable, Unreached
from gatepost.core.effects import Effect
from gatepost.core.faults import Fault, Match
from gatepost.core.journal import Entry
from gatepost.facade import Gatepost

Found = TypeVar("Found")

LOOK = 0.1
"""Seconds after which is looked again even when nothing crossed a wire."""


class Scene:
    """What a scenario's steps act on. `undo` is what has to be put back at its end."""

    def __init__(self, bench: Bench, numbers: Callable[[], int]) -> None:
        self.undo = contextlib.ExitStack()
        self.began = time.monotonic()
        self.number = numbers
        """A number that was not used before, for a name."""
        self._enter(bench)

    @property
    def profile(self) -> Profile:
        return self.bench.profile

    @property
    def cloud(self) -> Gatepost:
        return self.bench.cloud

    def close(self) -> None:
        self.undo.close()

    def move(self, **options: Any) -> None:
        """Go on in a cloud of its own, made with these options of `Gatepost`, which ends with the scenario.

        To be called before anything else. Raises NotApplicable for a connector that was started elsewhere, which knows
        one cloud only.
        """
        if self.profile.run.attach is not None:
            raise NotApplicable("a connector that can be started for another cloud", "the profile attaches to one")
        before, own = self.bench, self.bench.another(**options)
        self.undo.callback(self._enter, before)
        self.undo.callback(own.close)
        own.open()
        self._enter(own)

    def _enter(self, bench: Bench) -> None:
        self.bench = bench
        self.first = bench.cloud.journal.last
        self.dropped = bench.cloud.journal.dropped

    # --- the connector ---

    def be_at_work(self) -> None:
        """Have a connector that runs. Raises CannotStart."""
        connector = self.bench.connector
        if connector is None or not connector.alive:
            self.bench.start_connector()

    def restart(self) -> None:
        """Start the connector again, after it was killed. Raises Broken where it does not come back, NotApplicable for
        one that somebody else started."""
        if self.profile.run.attach is not None:
            raise NotApplicable("a connector that the harness can start again", "the profile attaches to one")
        try:
            self.bench.start_connector()
        except CannotStart as error:
            raise Broken("the connector starts again", str(error)) from None

    def start_anew(self) -> None:
        """Have a connector that has done nothing yet; of one that was started elsewhere, look at all that it did.
        Raises CannotStart."""
        if self.profile.run.attach is not None:
            self.first = 0
            return
        self.bench.end_connector()
        self.first = self.cloud.journal.last
        self.bench.start_connector()

    @property
    def connections(self) -> int:
        """Open connections to the cloud and its broker."""
        taps = (self.cloud.http_tap, self.cloud.amqp_tap)
        return sum(tap.connections for tap in taps if tap is not None)

    @property
    def how_it_ended(self) -> str:
        """A sentence's end about a connector that is dead; empty while it lives."""
        connector = self.bench.connector
        if connector is None or connector.alive:
            return ""
        last = connector.output.strip().splitlines()[-3:]
        return f"; the connector {connector.ending}" + (f" and wrote: {' / '.join(last)[:500]}" if last else "")

    # --- names ---

    def name_for(self, decision: str) -> str:
        """A new name that makes the connector decide so. Raises NotApplicable."""
        request = self.profile.decides.get(decision)
        if request is None:
            raise NotApplicable(f"a request that the connector decides by {decision}", "the profile names none")
        return request.name.replace("{n}", str(self.number()))

    # --- the journal ---

    def entries(self, after: int | None = None) -> list[Entry]:
        """Of this scenario."""
        return self.bench.entries(self.first if after is None else after)

    def wait(self, look: Callable[[], Found | None], seconds: float) -> Found | None:
        """What `look` finds, as soon as it finds it; None when the time (wall time) is over.

        It is called whenever something has crossed a wire. Raises HarnessError when this machine was too slow to tell.
        """
        began = time.monotonic()
        found = self.watch(look, seconds)
        if not found:
            self.require_heart_since(began)
        return found

    def watch(self, look: Callable[[], Found | None], seconds: float) -> Found | None:
        """As `wait`, for what should not come: a slow machine takes nothing away from that."""
        deadline = time.monotonic() + seconds
        journal = self.cloud.journal
        while True:
            seen = journal.last
            found = look()
            if found:
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            journal.find(seen, lambda entry: True, 1, wait=min(LOOK, left))

    def require_heart_since(self, began: float) -> None:
        """Raises HarnessError when this machine was too slow, since that moment of the monotonic clock, to judge."""
        if self.bench.heart.was_late_since(began):
            raise HarnessError("a machine with time for its own heartbeat", "starved: run fewer jobs at once")

    # --- trouble ---

    def fault(self, effect: Effect, **match: Any) -> Fault:
        """A rule for the length of this scenario."""
        fault = self.cloud.faults.add(effect, Match(**match))
        self.undo.callback(lambda: self.cloud.faults.remove(fault.id))
        return fault

    def set(self, **settings: Any) -> None:
        """Settings for the length of this scenario; `__` stands for a dot."""
        wanted = {name.replace("__", "."): value for name, value in settings.items()}
        before = self.cloud.settings.dotted()
        self.cloud.settings.update(wanted)
        self.undo.callback(self.cloud.settings.update, {name: before[name] for name in wanted})

    def require(self, reached: object, what: str) -> None:
        """Raises Unreached unless the point under test came."""
        if not reached:
            raise Unreached(what, f"it never came{self.how_it_ended}")
