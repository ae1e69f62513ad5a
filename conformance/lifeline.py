"""Ends a process of the suite when whoever started it is no more, however that ended."""

from __future__ import annotations

import os
import signal
import threading

GRACE = 15.0
"""Seconds in which a run that is interrupted has to put its things away."""


def hold(descriptor: int) -> None:
    """Interrupt this process, as Ctrl-C does, when the pipe's other end is closed; by force if that takes long."""
    os.set_inheritable(descriptor, False)
    threading.Thread(target=_wait, args=(descriptor,), name="gatepost-lifeline", daemon=True).start()


def _wait(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass
    force = threading.Timer(GRACE, os._exit, (3,))
    force.daemon = True
    force.start()
    os.kill(os.getpid(), signal.SIGINT)
