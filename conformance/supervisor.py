"""Runs a connector and ends it, with all that it started, when the harness says so or is no more.

A program of its own, which needs nothing but Python's standard library: `python supervisor.py CONTROL STATUS COMMAND…`,
the numbers being file descriptors. On CONTROL it takes `t` (SIGTERM to the connector) and `k` (kill everything, and
end); the end of CONTROL, which also comes when the harness is killed, counts as `k`. To STATUS it writes a line:
`started PID`, `failed ERRNO`, `ended CODE` (of the connector itself, negative for a signal).

On Linux all that the connector starts becomes this process's child when its parent ends, also what makes itself a
session of its own, so nothing escapes. Elsewhere that takes the connector's process group.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
POLL = 0.01


def main() -> None:
    control, status = int(sys.argv[1]), int(sys.argv[2])
    for descriptor in (control, status):
        os.set_inheritable(descriptor, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    wake_read, wake_write = os.pipe()
    for end in (wake_read, wake_write):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake_write)
    _adopt_orphans()
    child = _start(sys.argv[3:], status)
    try:
        _watch(child, control, status, wake_read)
    finally:
        _kill_all(child)


def _start(command: list[str], status: int) -> int:
    """The connector's process id; it leads a session of its own. Does not return where it cannot be started."""
    problem_read, problem_write = os.pipe()  # both end at exec
    child = os.fork()
    if not child:
        try:
            os.setsid()
            for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
            os.execvp(command[0], command)
        except OSError as error:
            os.write(problem_write, str(error.errno).encode())
        finally:
            os._exit(127)
    os.close(problem_write)
    problem = os.read(problem_read, 20)
    os.close(problem_read)
    if problem:
        _tell(status, f"failed {problem.decode()}")
        os._exit(0)
    _tell(status, f"started {child}")
    # What the connector writes goes past this process, which must not keep the pipe open.
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    return child


def _watch(child: int, control: int, status: int, wake: int) -> None:
    while True:
        ready = select.select([control, wake], [], [])[0]
        if wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
            _reap(child, status)
        if control in ready:
            word = os.read(control, 1)
            if word != b"t":
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)


_ended: set[int] = set()


def _reap(child: int, status: int) -> None:
    """Bury whoever has died, and tell of the connector itself."""
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            pid, code = found
            if pid == child:
                _ended.add(pid)
                _tell(status, f"ended {os.waitstatus_to_exitcode(code)}")


def _kill_all(child: int) -> None:
    """Until there is nobody left: what is killed may have started something a moment before."""
    if not os.path.isdir("/proc/self/task"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        return
    while True:
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(POLL)


def descendants(pid: int) -> list[int]:
    """All processes below this one, on Linux; empty elsewhere."""
    children: dict[int, list[int]] = {}
    names = os.listdir("/proc") if os.path.isdir("/proc/self/task") else []
    for name in filter(str.isdecimal, names):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
            parent = int(file.read().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(name))
    found, look = [], [pid]
    while look:
        below = children.get(look.pop(), [])
        found += below
        look += below
    return found


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _tell(status: int, line: str) -> None:
    with contextlib.suppress(OSError):
        os.write(status, f"{line}\n".encode())


if __name__ == "__main__":
    main()
