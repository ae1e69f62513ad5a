"""What time is it in the cloud, and what is due next?

All simulated time comes from here. A clock is real, scaled (``x10`` runs ten times as fast) or manual (stands still
until it is advanced). Every kind can be advanced: the jump fires what falls due on the way, in order, each timer
seeing the very moment for which it was set.
"""

from __future__ import annotations

import heapq
import logging
import math
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count

log = logging.getLogger(__name__)

Pace = tuple[float, float, float]
"""What the time was when the monotonic clock stood at the second number, and the rate at which it runs since then."""

_CHANGING: Pace = (math.nan, math.nan, math.nan)

LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()
"""Epoch seconds beyond which no clock is advanced: deadlines reach further still, and dates end with the year 9999."""

MOST_FIRED = 10_000
"""Timers that one run until idle fires, unless told otherwise: work may always call for more work."""

# Below this many dead timers a sweep would cost more than the memory that it frees.
_SWEEP_FROM = 64


class InvalidRate(ValueError):
    """A pace that is none; the text says what would do."""


class InvalidStep(ValueError):
    """An advance back in time, or out of the calendar."""


def parse_rate(text: str) -> float:
    """Simulated seconds per real second, of `real`, `manual` or `x10`. Raises InvalidRate."""
    if text in ("real", "manual"):
        return 1.0 if text == "real" else 0.0
    if re.fullmatch(r"x[0-9]{1,6}(\.[0-9]{1,6})?", text) and float(text[1:]) > 0:
        return float(text[1:])
    raise InvalidRate(f"{text!r} is no clock: real, manual or a factor such as x10 is expected")


class Timer:
    """A callback that waits for its moment; `cancel` forgets it. `purpose` says what for, `about` is an id."""

    __slots__ = ("_callback", "_clock", "about", "owner", "purpose", "when")

    def __init__(
        self, clock: Clock, when: float, callback: Callable[[], None], owner: object, purpose: str, about: str
    ) -> None:
        self._clock = clock
        self.owner = owner
        self.purpose = purpose
        self.about = about
        self._callback: Callable[[], None] | None = callback
        self.when = when

    @property
    def pending(self) -> bool:
        return self._callback is not None

    def cancel(self) -> None:
        with self._clock._changed:
            if self._callback is not None:
                self._callback = None
                self._clock._forget()

    def _fire(self) -> None:
        callback, self._callback = self._callback, None
        if callback is None:
            return
        try:
            callback()
        except Exception:
            log.exception("a timer failed; the clock goes on")


class Clock:
    """Epoch seconds, and timers in O(log n). Callbacks run under `lock`, the lock that guards the cloud.

    `rate` is simulated seconds per real second: 1 is the real clock, 0 a manual one.
    """

    def __init__(self, lock: threading.RLock, rate: float = 1.0) -> None:
        _require_rate(rate)
        self._pace: Pace = (time.time(), time.monotonic(), rate)
        self._changed = threading.Condition(lock)
        self._goal = -math.inf
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._dead = 0
        self._thread: threading.Thread | None = None
        self._stopping = False

    @property
    def rate(self) -> float:
        with self._changed:
            return self._pace[2]

    @property
    def mode(self) -> str:
        """`real`, `manual` or the rate as `x10`."""
        return {0.0: "manual", 1.0: "real"}.get(self.rate, f"x{self.rate:g}")

    def set_rate(self, rate: float) -> None:
        """Run at another pace from this moment on. Raises ValueError for a negative one."""
        _require_rate(rate)
        with self._changed:
            self._begin(rate)
            self._changed.notify_all()

    def now(self) -> float:
        # Without the lock, which others may hold for long: a look that a change of pace came across is repeated.
        pace = self._pace
        monotonic = time.monotonic()
        if pace is _CHANGING or self._pace is not pace:
            with self._changed:
                pace, monotonic = self._pace, time.monotonic()
        base, started, rate = pace
        return base + (monotonic - started) * rate

    def call_at(
        self, when: float, callback: Callable[[], None], owner: object = None, purpose: str = "", about: str = ""
    ) -> Timer:
        """`purpose` and `about` are for who looks at the list of timers."""
        timer = Timer(self, when, callback, owner, purpose, about)
        with self._changed:
            heapq.heappush(self._heap, (when, next(self._order), timer))
            if self._heap[0][2] is timer:
                self._changed.notify()
        return timer

    def call_later(
        self, seconds: float, callback: Callable[[], None], owner: object = None, purpose: str = "", about: str = ""
    ) -> Timer:
        return self.call_at(self.now() + seconds, callback, owner, purpose, about)

    def timers(self) -> int:
        """How many timers wait."""
        with self._changed:
            return len(self._heap) - self._dead

    def next_due(self) -> float | None:
        """The moment of the earliest timer, in epoch seconds; None when nothing waits."""
        with self._changed:
            self._drop_dead_head()
            return self._heap[0][0] if self._heap else None

    def waiting(self, limit: int = 100) -> list[Timer]:
        """The timers that fire first, `limit` of them at most, in their order."""
        with self._changed:
            # Searched without the lock: that takes a hundred times as long as the copy.
            heap = self._heap.copy()
        return [timer for _, _, timer in heapq.nsmallest(limit, (entry for entry in heap if entry[2].pending))]

    def advance(self, seconds: float) -> int:
        """Move the clock forward and fire what falls due on the way; returns how many timers fired.

        Several threads may advance at once: their steps add up. Raises InvalidStep for one back, or beyond `LATEST`.
        """
        if not seconds >= 0:
            raise InvalidStep("the clock only moves forward: give 0 seconds or more")
        with self._changed:
            target = max(self._goal, self.now()) + seconds
            if target > LATEST:
                raise InvalidStep(f"the calendar ends at {iso(LATEST)}: take a smaller step")
            self._goal = target
        fired = 0
        while self._fire_next(target):
            fired += 1
        with self._changed:
            self._jump_to(target)
            # What comes next is due earlier now than the clock's thread believes.
            self._changed.notify_all()
        return fired

    def advance_to_next(self) -> int:
        """Move the clock to the earliest timer; returns how many fired, 0 when nothing waits. Raises InvalidStep."""
        due = self.next_due()
        return 0 if due is None else self._advance_through(due)

    def run_until_idle(self, within: float = math.inf, most: int = MOST_FIRED) -> int:
        """Move from timer to timer until none waits, none is due `within` so many seconds, or `most` have fired.

        Returns how many fired. Time-outs are timers too: without a bound every open hold ends by its own.
        """
        end, fired = min(self.now() + within, LATEST), 0
        while fired < most and (due := self.next_due()) is not None and due <= end:
            fired += self._advance_through(due)
        return fired

    def _advance_through(self, moment: float) -> int:
        fired = self.advance(max(moment - self.now(), 0.0))
        # A step too short by a rounding error would fire nothing, and be repeated for ever.
        while self._fire_next(moment):
            fired += 1
        return fired

    def start(self) -> None:
        """Fire timers as real time passes."""
        if self._thread is None:
            self._stopping = False
            self._thread = threading.Thread(target=self._run, name="gatepost-clock", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def clear(self, owner: object = None) -> None:
        """Forget every timer of that owner, or of nobody (the world that set them is gone)."""
        with self._changed:
            for _, _, timer in self._heap:
                if timer.owner is owner:
                    timer._callback = timer.owner = None
            self._heap = [entry for entry in self._heap if entry[2].pending]
            heapq.heapify(self._heap)
            self._dead = 0

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopping:
                    return
                due = self.next_due()
                wait = None if due is None or not self.rate else (due - self.now()) / self.rate
                if wait is None or wait > 0:
                    # A wait of days overflows the platform's timeout; waking once an hour costs nothing.
                    self._changed.wait(None if wait is None else min(wait, 3600.0))
                    continue
            self._fire_next(self.now())

    def _fire_next(self, until: float) -> bool:
        with self._changed:
            self._drop_dead_head()
            if not self._heap or self._heap[0][0] > until:
                return False
            when, _, timer = heapq.heappop(self._heap)
            self._jump_to(when)
            timer._fire()
            return True

    def _jump_to(self, moment: float) -> None:
        if moment > self.now():
            self._begin(self.rate, moment)

    def _begin(self, rate: float, moment: float = -math.inf) -> None:
        """Run at `rate` from now on, or from `moment` if that is later. The caller holds the lock."""
        base, started, old_rate = self._pace
        self._pace = _CHANGING
        monotonic = time.monotonic()
        self._pace = (max(moment, base + (monotonic - started) * old_rate), monotonic, rate)

    def _drop_dead_head(self) -> None:
        while self._heap and not self._heap[0][2].pending:
            heapq.heappop(self._heap)
            self._dead -= 1

    def _forget(self) -> None:
        self._dead += 1
        # Time-outs of days outlive their holds by far: without this sweep the heap would keep every one of them.
        if self._dead > _SWEEP_FROM and self._dead * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].pending]
            heapq.heapify(self._heap)
            self._dead = 0


def _require_rate(rate: float) -> None:
    if not 0 <= rate < math.inf:
        raise ValueError("a clock does not run backwards: give a rate of 0 (manual) or more")


@lru_cache(maxsize=4096)
def iso(moment: float) -> str:
    """ISO 8601 with milliseconds and offset, as the clouds write it: ``2014-03-12T10:41:22.060+00:00``."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
