"""A connector as a process: started, watched, killed with all that it started, and its last words kept."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

KEPT_OUTPUT = 64 * 1024
"""Bytes of a connector's output that are kept: the last ones."""

GRACE = 10.0
"""Seconds that a connector has after SIGTERM."""


class CannotStart(Exception):
    """The connector could not be started; the text says why and what to look at."""


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

    def kill(self) -> None:
        """End it and all that it started, at once. Idempotent."""
        ...

    def terminate(self, within: float = GRACE) -> bool:
        """Ask it to end; whether it did in time. What is left of it is killed."""
        ...


class Command:
    """A process in a group of its own. Raises CannotStart."""

    def __init__(self, command: list[str], variables: Mapping[str, str], folder: Path | None = None) -> None:
        self._kept = bytearray()
        self._lock = threading.Lock()
        try:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **variables},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise CannotStart(f"{command[0]}: {why}; run.command must name a program of this machine") from None
        self._reader = threading.Thread(target=self._read, name="gatepost-connector-output", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def ending(self) -> str:
        code = self._process.poll()
        if code is None:
            return ""
        return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    @property
    def output(self) -> str:
        with self._lock:
            return self._kept.decode("utf-8", "replace")

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(1.0)

    def terminate(self, within: float = GRACE) -> bool:
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        finally:
            self.kill()
        return True

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            while data := os.read(pipe.fileno(), 65_536):
                with self._lock:
                    self._kept += data
                    del self._kept[:-KEPT_OUTPUT]
