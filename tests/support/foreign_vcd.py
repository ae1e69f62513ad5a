"""VMware's command line `vcd`, with a home folder of its own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.support.foreign_flow import REPOSITORY
from tests.support.process import environment

SECONDS = 60.0


class Ended(NamedTuple):
    """A command that has ended: what it wrote on both streams, without the escape codes that clear a line."""

    code: int
    output: str

    @property
    def json(self) -> Any:
        """What `vcd -j` wrote. Raises AssertionError when the command failed."""
        assert self.code == 0, self.output
        return json.loads(self.output)


class Vcd:
    """One user's shell: logged in once, the profile in its home folder keeps the session for later commands.

    `vcd(…)` runs a command to its end in a fork of a process that has vcd-cli loaded; `vcd.start(…)` starts the
    installed console script, for commands that wait.
    """

    def __init__(self, python: Path, home: Path) -> None:
        self._script = python.with_name("vcd")
        self._home = home
        self._environment = environment(
            HOME=str(home), NO_PROXY="127.0.0.1,localhost", VCD_USE_COLORED_OUTPUT="0", PYTHONPATH=str(REPOSITORY)
        )
        self._shell = subprocess.Popen(
            [python, "-m", "tests.foreign.flows.vcd_shell"],
            cwd=home,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str) -> Ended:
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(json.dumps(arguments) + "\n")
        self._shell.stdin.flush()
        line = self._shell.stdout.readline()
        assert line, self._shell.communicate()[1]
        told = json.loads(line)
        return Ended(told["code"], _plain(told["output"]))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self._script, *arguments],
            cwd=self._home,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self, process: subprocess.Popen[str]) -> Ended:
        """Wait for what `start` started. Raises subprocess.TimeoutExpired after 30 s."""
        output, _ = process.communicate(timeout=SECONDS)
        return Ended(process.returncode, _plain(output))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._shell.kill()
        self._shell.communicate()


def _plain(output: str) -> str:
    return output.replace("\x1b[2K", "").replace("\r", "").strip()
