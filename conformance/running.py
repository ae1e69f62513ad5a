"""A run of the suite: pytest in processes of their own, each judging a part, and their results as they come."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from gatepost.conformance.launch import CannotOpen, CannotStart
from gatepost.conformance.report.model import Result

POLL = 0.05

Event = dict[str, Any]
"""`start` with id and title; `result` with the result; `cannot-start` and `cannot-open` with the text."""


class SuiteBroke(Exception):
    """A process of the suite ended in a way that says nothing about the connector; the text is what it wrote."""


@dataclass(frozen=True)
class Wanted:
    """What to run. `only` are ids of requirements, `jobs` processes at the same time."""

    profile: Path
    seed: int
    only: tuple[str, ...] = ()
    jobs: int = 1
    broker: str = "embedded"


@dataclass
class _Part:
    process: subprocess.Popen[bytes]
    events: IO[str]
    output: Path
    lifeline: int
    pending: str = ""
    results: list[Result] = field(default_factory=list)


def run(
    wanted: Wanted, hear: Callable[[Event], None] = lambda event: None, stop: threading.Event | None = None
) -> list[Result]:
    """Judge, and tell each event as it comes; whichever way it ends, no process is left.

    Raises CannotOpen, CannotStart, SuiteBroke, and KeyboardInterrupt, also for SIGTERM and SIGHUP, and when `stop` is
    set.
    """
    results: list[Result] = []

    def take(event: Event) -> None:
        if event["event"] == "result":
            results.append(Result.model_validate(event["result"]))
        hear(event)

    with (
        _signals_interrupt(),
        tempfile.TemporaryDirectory(prefix="gatepost-check-") as folder,
        _parts(wanted, Path(folder)) as parts,
    ):
        for event in _events(parts, stop or threading.Event()):
            take(event)
            if event["event"] == "cannot-start":
                raise CannotStart(event["text"])
            if event["event"] == "cannot-open":
                raise CannotOpen(event["text"])
        for part in parts:
            if part.process.wait() not in (0, 1):
                raise SuiteBroke(part.output.read_text(errors="replace")[-4_000:])
    return results


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Let what ends a process by default end a run in order."""
    if threading.current_thread() is not threading.main_thread():
        yield  # whoever runs many runs in threads sees to it
        return
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _command(wanted: Wanted, shard: str, events: Path, lifeline: int) -> list[str]:
    suite = Path(__file__).with_name("suite")
    return [
        *(sys.executable, "-m", "pytest", "-c", str(suite / "pytest.ini"), "--rootdir", str(suite)),
        *("--noconftest", "-p", "no:cacheprovider", "-q", "-p", "pytest_bdd.plugin"),
        *("-p", "gatepost.conformance.plugin", "--pyargs", "gatepost.conformance.suite"),
        *("--connector", str(wanted.profile), "--conformance-seed", str(wanted.seed)),
        *("--only", ",".join(wanted.only), "--shard", shard),
        *("--conformance-events", str(events), "--conformance-broker", wanted.broker),
        *("--conformance-lifeline", str(lifeline)),
    ]


@contextmanager
def _parts(wanted: Wanted, folder: Path) -> Iterator[list[_Part]]:
    parts: list[_Part] = []
    # Plugins of whoever runs this must not change what is judged.
    variables = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    try:
        for number in range(1, wanted.jobs + 1):
            events, output = folder / f"events-{number}", folder / f"output-{number}"
            events.touch()
            theirs, ours = os.pipe()
            with output.open("wb") as file, os.fdopen(theirs, "rb"):
                process = subprocess.Popen(
                    _command(wanted, f"{number}/{wanted.jobs}", events, theirs),
                    env=variables,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    pass_fds=(theirs,),
                    # A terminal's Ctrl-C comes once, from here.
                    start_new_session=True,
                )
            parts.append(_Part(process, events.open(encoding="utf-8"), output, ours))
        yield parts
    finally:
        for part in parts:
            _end(part.process)
            part.events.close()
            os.close(part.lifeline)


def _end(process: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C does, so that its connector is ended too; if that takes too long, by force."""
    for number, seconds in ((signal.SIGINT, 15.0), (signal.SIGKILL, None)):
        if process.poll() is not None:
            return
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def _events(parts: list[_Part], stop: threading.Event) -> Iterator[Event]:
    while True:
        if stop.is_set():
            raise KeyboardInterrupt
        running = any(part.process.poll() is None for part in parts)
        for part in parts:
            yield from _read(part)
        if not running:
            return
        time.sleep(POLL)


def _read(part: _Part) -> Iterator[Event]:
    part.pending += part.events.read()
    *lines, part.pending = part.pending.split("\n")
    for line in lines:
        yield json.loads(line)
