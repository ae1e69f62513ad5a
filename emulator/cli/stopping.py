"""Until when a command runs."""

from __future__ import annotations

import signal
import socket


class StopSignal:
    """From its making on, Ctrl-C and SIGTERM end nothing but `wait`, now or later.

    Not a threading.Event that a handler sets: a signal in the moment before its `wait` falls asleep is lost, and one in
    the midst of its Python code waits for the lock that the interrupted code holds.
    """

    def __init__(self) -> None:
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: None)

    def wait(self) -> None:
        self._woken.recv(1)
