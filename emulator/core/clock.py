"""What time is it in the cloud, and what is due next?

All simulated time comes from here. A clock is real, scaled (``x10`` runs ten times as fast) or manual (stands still
until it is advanced). Every kind can be advanced: the jump fires what falls due on the way, in order, each timer
seeing the very moment for which it was set.
"""

from __future__ import annotations

import heapq
import logging
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

log = logging.getLogger(__name__)

# Below this many dead timers a sweep would cost more than the memory that it frees.
_SWEEP_FROM = 64


class InvalidRate(ValueError):
    """A pace that is none; the text says what would do."""


def parse_rate(text: str) -> float:
    """Simulated seconds per real second, of `real`, `manual` or `x10`. Raises InvalidRate."""
    if text in ("real", "manual"):
        return 1.0 if text == "real" else 0.0
    if re.fullmatch(r"x\d{1,6}(\.\d{1,6})?", text) and float(text[1:]) > 0:
        return float(text[1:])
    raise InvalidRate(f"{text!r} is no clock: real, manual or a factor such as x10 is expected")


class Timer:
    """A callback that waits for its moment; `cancel` forgets it."""

    __slots__ = ("_callback", "_clock", "when")

    def __init__(self, clock: Clock, when: float, callback: Callable[[], None]) -> None:
        self._clock = clock
        self._callback: Callable[[], None] | None = callback
        self.when = when

    @property
    def pending(self) -> bool:
        return self._callback is not None

    def cancel(self) -> None:
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
        if rate < 0:
            raise ValueError("a clock does not run backwards: give a rate of 0 (manual) or more")
        self.rate = rate
        self._changed = threading.Condition(lock)
        self._advancing = threading.Lock()
        self._base = time.time()
        self._started = time.monotonic()
        self._offset = 0.0
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._dead = 0
        self._thread: threading.Thread | None = None
        self._stopping = False

    @property
    def mode(self) -> str:
        """`real`, `manual` or the rate as `x10`."""
        return {0.0: "manual", 1.0: "real"}.get(self.rate, f"x{self.rate:g}")

    def set_rate(self, rate: float) -> None:
        """Run at another pace from this moment on. Raises ValueError for a negative one."""
        if rate < 0:
            raise ValueError("a clock does not run backwards: give a rate of 0 (manual) or more")
        with self._advancing, self._changed:
            self._base, self._started, self._offset = self.now(), time.monotonic(), 0.0
            self.rate = rate
            self._changed.notify_all()

    def now(self) -> float:
        return self._base + (time.monotonic() - self._started) * self.rate + self._offset

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        timer = Timer(self, when, callback)
        with self._changed:
            heapq.heappush(self._heap, (when, next(self._order), timer))
            if self._heap[0][2] is timer:
                self._changed.notify()
        return timer

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return self.call_at(self.now() + seconds, callback)

    def timers(self) -> int:
        """How many timers wait."""
        with self._changed:
            return len(self._heap) - self._dead

    def next_due(self) -> float | None:
        """The moment of the earliest timer, in epoch seconds; None when nothing waits."""
        with self._changed:
            self._drop_dead_head()
            return self._heap[0][0] if self._heap else None

    def advance(self, seconds: float) -> int:
        """Move the clock forward and fire what falls due on the way; returns how many timers fired.

        Raises ValueError for a step back.
        """
        if not seconds >= 0:
            raise ValueError("the clock only moves forward: give 0 seconds or more")
        with self._advancing:
            target = self.now() + seconds
            fired = 0
            while self._fire_next(target):
                fired += 1
            self._jump_to(target)
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

    def clear(self) -> None:
        """Forget every timer (the world that set them is gone)."""
        with self._changed:
            for _, _, timer in self._heap:
                timer._callback = None
            self._heap.clear()
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
        self._offset += max(0.0, moment - self.now())

    def _drop_dead_head(self) -> None:
        while self._heap and not self._heap[0][2].pending:
            heapq.heappop(self._heap)
            self._dead -= 1

    def _forget(self) -> None:
        with self._changed:
            self._dead += 1
            # Time-outs of days outlive their holds by far: without this sweep the heap would keep every one of them.
            if self._dead > _SWEEP_FROM and self._dead * 2 > len(self._heap):
                self._heap = [entry for entry in self._heap if entry[2].pending]
                heapq.heapify(self._heap)
                self._dead = 0


def iso(moment: float) -> str:
    """ISO 8601 with milliseconds and offset, as the clouds write it: ``2014-03-12T10:41:22.060+00:00``."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
