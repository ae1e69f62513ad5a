"""How a flow tells its test what the client saw: one JSON object a step, on standard output.

Run a flow as `python -m tests.foreign.flows.NAME`, with the Python of the environment that holds its client, and with
the repository in PYTHONPATH.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from types import TracebackType


def arguments(description: str | None) -> argparse.Namespace:
    """Where to log in. Which user does what is the flow's own; all share one password."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="of the cloud, without /api")
    parser.add_argument("--password", required=True)
    parser.add_argument("--api-version", required=True)
    parser.add_argument("--amqp-url", help="the broker, for flows that need one")
    return parser.parse_args()


class step:
    """One thing that a client does; `tell` what it saw. When it fails, that is told, and the flow goes on."""

    def __init__(self, name: str) -> None:
        self._line: dict[str, object] = {"step": name, "seen": None}

    def __enter__(self) -> Callable[[object], None]:
        return self._tell

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if error is not None and not isinstance(error, Exception):
            return False
        if error is not None:
            self._line = {"step": self._line["step"], "failed": named(error)}
        sys.stdout.write(json.dumps(self._line, default=str) + "\n")
        sys.stdout.flush()
        return True

    def _tell(self, seen: object) -> None:
        self._line["seen"] = seen


def refusal(do: Callable[[], object]) -> str:
    """What it is refused with, without the server's own words. Raises AssertionError when it is not."""
    try:
        seen = do()
    except Exception as error:
        return re.sub(r", .*\(request id: .*\)$", "", named(error), flags=re.DOTALL)
    raise AssertionError(f"not refused: {seen!r}")


def named(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except TypeError:
        # Libcloud's errors carry an XML element where a text belongs.
        told = [dict(part.attrib) if hasattr(part, "attrib") else part for part in error.args]
        return f"{type(error).__name__}: {told}"
