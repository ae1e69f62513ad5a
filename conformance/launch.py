"""A connector as a process: started, watched, killed with all that it started, and its last words kept.

What starts and kills it is a process of its own (`supervisor.py`), so that nothing is left when this one is killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from gatepost.conformance import supervisor

KEPT_OUTPUT = 64 * 1024
"""Bytes of a connector's output that are kept: the last ones."""

GRACE = 10.0
"""Seconds that a connector has after SIGTERM."""


class CannotStart(Exception):
    """The connector could not be started; the text says why and what to look at."""


class CannotOpen(Exception):
    """The cloud for the connector could not be opened; the text says why and what to do."""


class Connector(Protocol):
    """A connector that was started, in whichever way."""

    @property
    def alive(self) -> bool: ...

    @property
    def ending(self) -> str:
        """How it ended, as a part of a sentence; empty while it runs."""
        ...

    @property
    def output(self) -> str:
        """The last of what it wrote."""
        ...

    def peak_memory(self) -> int | None:
        """Bytes that it and what it started used at most, as far as those still run; None where that cannot be seen."""
        ...

    def kill(self) -> None:
        """End it and all that it started, at once. Idempotent."""
        ...

    def terminate(self, within: float = GRACE) -> bool:
        """Ask it to end; whether it did in time. What is left of it is killed."""
        ...


class Attached:
    """A connector that somebody else started, and ends."""

    alive = True
    ending = ""
    output = ""

    def peak_memory(self) -> int | None:
        return None

    def kill(self) -> None:
        pass

    def terminate(self, within: float = GRACE) -> bool:
        return False


class Command:
    """A process, which leads a session of its own. Raises CannotStart."""

    def __init__(self, command: list[str], variables: Mapping[str, str], folder: Path | None = None) -> None:
        self._kept = bytearray()
        self._lock = threading.Lock()
        self._code: int | None = None
        self._ended = threading.Event()
        self._folder = folder
        heard, status = os.pipe()
        control, self._control = os.pipe()
        own = [sys.executable, "-I", "-S", supervisor.__file__, str(control), str(status)]
        try:
            self._process = subprocess.Popen(
                [*own, *command],
                env={**os.environ, **variables},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(control, status),
            )
        except (OSError, ValueError) as error:
            for descriptor in (heard, self._control):
                os.close(descriptor)
            raise CannotStart(_not_started(command[0], folder, error)) from None
        finally:
            os.close(control)
            os.close(status)
        self._news = open(heard, encoding="ascii")  # noqa: SIM115  until its end, in a thread
        self.pid = self._started(command[0])
        self._threads = [
            threading.Thread(target=target, name="gatepost-connector", daemon=True)
            for target in (self._read, self._listen)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        return not self._ended.is_set()

    @property
    def ending(self) -> str:
        if not self._ended.is_set():
            return ""
        if self._code is None:
            return "ended, and so did what watched it"
        if self._code >= 0:
            return f"ended with exit code {self._code}"
        with contextlib.suppress(ValueError):
            return f"ended by {signal.Signals(-self._code).name}"
        return f"ended by signal {-self._code}"

    @property
    def output(self) -> str:
        with self._lock:
            return self._kept.decode("utf-8", "replace")

    def peak_memory(self) -> int | None:
        return peak_of(supervisor.descendants(self._process.pid))

    def kill(self) -> None:
        with self._lock:
            control, self._control = self._control, -1
        if control >= 0:
            os.close(control)
        self._process.wait()
        for thread in self._threads:
            thread.join(1.0)

    def terminate(self, within: float = GRACE) -> bool:
        with contextlib.suppress(OSError):
            os.write(self._control, b"t")
        ended = self._ended.wait(within)
        self.kill()
        return ended

    def _started(self, program: str) -> int:
        """The connector's process id. Raises CannotStart."""
        word, _, number = self._news.readline().partition(" ")
        if word == "started":
            return int(number)
        assert self._process.stdout is not None
        self._news.close()
        self._process.stdout.close()
        os.close(self._control)
        self._process.wait()
        error = OSError(int(number), os.strerror(int(number))) if word == "failed" else OSError("it cannot be watched")
        raise CannotStart(_not_started(program, self._folder, error))

    def _listen(self) -> None:
        """To what becomes of it."""
        with self._news as news:
            for line in news:
                self._code = int(line.partition(" ")[2])
                self._ended.set()
        self._ended.set()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            while data := os.read(pipe.fileno(), 65_536):
                with self._lock:
                    self._kept += data
                    del self._kept[:-KEPT_OUTPUT]


def _not_started(program: str, folder: Path | None, error: Exception) -> str:
    why = getattr(error, "strerror", None) or error
    if folder is not None and not folder.is_dir():
        return f"{folder}: is no folder; run.cwd must name one"
    return f"{program}: {why}; run.command must name a program of this machine"


def peak_of(pids: list[int]) -> int | None:
    """The most memory that these processes had, each at its own time, in bytes; None where nobody tells."""
    peaks = [peak for pid in pids if (peak := _peak(pid)) is not None]
    return sum(peaks) if peaks else None


def _peak(pid: int) -> int | None:
    """The most memory that a process had, in bytes; Linux only."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None
