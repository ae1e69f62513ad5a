"""The processes that a measurement starts, each asked over its standard input and output, a line of JSON each way."""

from __future__ import annotations

import json
import subprocess
import sys
from types import TracebackType
from typing import Any, Self


class Child:
    """`python -m MODULE ARGUMENT`, from here to the end of the block. `hello` is the first line that it said."""

    def __init__(self, module: str, **options: Any) -> None:
        self._name = module
        command = [sys.executable, "-m", module, json.dumps(options)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.hello = self.hear()

    def ask(self, command: str, *arguments: Any) -> Any:
        self.tell(command, *arguments)
        return self.hear()

    def cpu(self) -> float:
        """Seconds of processor time that the process has used so far."""
        return float(self.ask("cpu"))

    def tell(self, command: str, *arguments: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([command, *arguments]) + "\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} ended; what it wrote above says why")
        return json.loads(line)

    def close(self) -> None:
        """Its standard input ends, and so does it; what does not is killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def serve(hello: Any, commands: dict[str, Any]) -> None:
    """The other side: answer commands until the standard input ends. A command without an answer returns None."""
    print(json.dumps(hello), flush=True)
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        answer = commands[command](*arguments)
        if answer is not None:
            print(json.dumps(answer), flush=True)
