"""The harness's own heartbeat: a deadline that passed while it was late says nothing about a connector."""

from __future__ import annotations

import threading
import time

BEAT = 0.05
LATE = 0.5
"""Seconds by which a beat may be late before the harness counts as starved."""


class Heart:
    """Beats from `start` to `stop` in a thread of its own."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._late: list[float] = []
        self._thread = threading.Thread(target=self._beat, name="gatepost-heart", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def was_late_since(self, moment: float) -> bool:
        """`moment` is of the monotonic clock."""
        return any(late >= moment for late in self._late[-100:])

    def _beat(self) -> None:
        before = time.monotonic()
        while not self._ended.wait(BEAT):
            now = time.monotonic()
            if now - before > BEAT + LATE:
                self._late.append(now)
            before = now
