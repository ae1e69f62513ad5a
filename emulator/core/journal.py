"""The journal: what crossed a wire, in order. The only witness; nothing else keeps a second record.

Entries exist before outgoing bytes leave and before incoming ones are handled. Credentials are redacted before an entry
is made. The journal is a ring bounded in bytes, and counts what it drops.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

BOUND = 64 * 1024 * 1024
"""Bytes that the ring holds unless told otherwise."""

_ENTRY_COST = 700
"""Bytes that an entry takes beside its body and headers."""

Direction = Literal["in", "out"]


@dataclass(slots=True, eq=False)
class Entry:
    """One thing that crossed a wire. `at` is the cloud's clock in epoch seconds, `direction` as the cloud sees it.

    `user` and `task` of an incoming request are known only once it was looked at, and are filled in then. `fault` is
    the id of the rule by which this went wrong, and `note` says how.
    """

    kind: str
    direction: Direction
    dialect: str
    at: float
    method: str = ""
    path: str = ""
    status: int | None = None
    user: str | None = None
    task: str | None = None
    headers: Mapping[str, object] = field(default_factory=dict)
    body: bytes = b""
    answers: int | None = None
    note: str | None = None
    fault: int | None = None
    seq: int = 0

    def size(self) -> int:
        headers = sum(64 + (len(value) if isinstance(value, str) else 0) for value in self.headers.values())
        return _ENTRY_COST + len(self.body) + len(self.path) + headers


class Journal:
    """A ring of entries with consecutive numbers, safe for all threads."""

    def __init__(self, now: Callable[[], float], bound: int = BOUND) -> None:
        self.now = now
        self.bound = bound
        self.dropped = 0
        self._bytes = 0
        self._first = 1
        self._next = 1
        self._entries: dict[int, Entry] = {}
        self._lock = threading.Lock()
        self._added = threading.Condition(self._lock)
        self._waiting = 0
        self._closed = False

    @property
    def last(self) -> int:
        """The number of the newest entry, 0 before the first."""
        return self._next - 1

    @property
    def first(self) -> int:
        """The number of the oldest entry that is still there, or of the next one where none is."""
        return self._first

    def add(self, entry: Entry) -> Entry:
        size = entry.size()
        with self._lock:
            entry.seq = self._next
            # Readers take no lock: the number counts only once the entry is there.
            self._entries[entry.seq] = entry
            self._next += 1
            self._bytes += size
            while self._bytes > self.bound and self._first < entry.seq:
                self._bytes -= self._entries.pop(self._first).size()
                self._first += 1
                self.dropped += 1
            if self._waiting:
                self._added.notify_all()
        return entry

    def after(self, seq: int) -> Iterator[Entry]:
        """The entries behind `seq` that are still there, oldest first."""
        for number in range(max(seq + 1, self._first), self._next):
            entry = self._entries.get(number)
            if entry is not None:
                yield entry

    def find(self, after: int, wanted: Callable[[Entry], bool], limit: int, wait: float = 0.0) -> list[Entry]:
        """Up to `limit` wanted entries behind `after`; with none there, wait up to `wait` seconds (wall time)."""
        deadline = time.monotonic() + wait
        seen = after
        while True:
            # Entries up to here may be gone already, so the last one looked at does not tell how far this look went.
            newest = self.last
            found = list(islice(filter(wanted, self.after(seen)), limit))
            seen = max(seen, newest)
            if found or not self.wait_for_more(seen, deadline):
                return found

    def wait_for_more(self, seen: int, deadline: float) -> bool:
        """Whether there is an entry behind `seen`: wait for one until `deadline`, of the monotonic clock.

        False also when the deadline has passed, whatever there is, and once the journal is closed.
        """
        with self._added:
            self._waiting += 1
            try:
                while not self._closed and (left := deadline - time.monotonic()) > 0:
                    if self.last > seen:
                        return True
                    self._added.wait(left)
                return False
            finally:
                self._waiting -= 1

    def clear(self) -> None:
        """Forget every entry; the numbers go on."""
        with self._added:
            self._entries.clear()
            self._first = self._next
            self._bytes = self.dropped = 0

    def close(self) -> None:
        """Let go whoever waits."""
        with self._added:
            self._closed = True
            self._added.notify_all()
