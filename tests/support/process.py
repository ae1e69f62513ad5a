"""The command `gatepost`, run as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.waiting import until

AT_ONCE = 30.0
"""Seconds in which a process ends on the busiest machine. What it must not wait for takes longer."""

GATEPOST = str(Path(sys.executable).with_name("gatepost"))


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without anything that would move Gatepost, and these variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEPOST_")}
    # The broker's port never falls back to a free one, and many of these run at the same time.
    return {**kept, "GATEPOST_AMQP_PORT": "0", **variables}


def gatepost(*arguments: str, seconds: float = 60.0, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end; `variables` are of its environment."""
    command = [GATEPOST, *arguments]
    run = subprocess.run(
        command, env=environment(**variables), capture_output=True, text=True, timeout=seconds, check=False
    )
    assert "Traceback" not in run.stderr, run.stderr
    return run


class Serve:
    """`gatepost serve` on a free port, serving when the block begins; `info` is what its ready file tells."""

    def __init__(self, folder: Path, *arguments: str, port: str | None = "0", **variables: str) -> None:
        self.ready_file = folder / "ready.json"
        self._stdout, self._stderr = folder / "stdout", folder / "stderr"
        ready_file = () if "GATEPOST_READY_FILE" in variables else ("--ready-file", str(self.ready_file))
        chosen_port = () if port is None else ("--port", port)
        self._command = [GATEPOST, "serve", *chosen_port, *ready_file, *arguments]
        self._environment = environment(**variables)
        self._process: subprocess.Popen[bytes]
        self.info: dict[str, Any] = {}

    @property
    def url(self) -> str:
        url: str = self.info["cloud_url"]
        return url

    @property
    def output(self) -> str:
        return self._stdout.read_text()

    @property
    def errors(self) -> str:
        return self._stderr.read_text()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send the signal; the seconds until it had ended, as it should, with exit code 0."""
        began = time.monotonic()
        self._process.send_signal(number)
        code = self._process.wait(60)
        seconds = time.monotonic() - began
        assert code == 0, f"exit code {code}:\n{self.errors}"
        assert "Traceback" not in self.errors, self.errors
        return seconds

    def __enter__(self) -> Self:
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=stdout, stderr=stderr)
        try:
            until(lambda: self.ready_file.exists() or self._process.poll() is not None)
            assert self._process.poll() is None, f"it ended:\n{self.errors}"
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.info = json.loads(self.ready_file.read_text())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
