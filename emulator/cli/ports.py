"""Who has a port: so that an error can name him."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_LISTENING = "0A"


def owner_of(port: int) -> str | None:
    """`name (pid 4711)` of the process that listens on a TCP port of this machine; None where that cannot be seen."""
    sockets = {f"socket:[{inode}]" for inode in _listeners(port)}
    if not sockets:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if os.readlink(descriptor) in sockets:
                        return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return None


def _listeners(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if int(fields[1].rpartition(":")[2], 16) == port and fields[3] == _LISTENING:
                    yield fields[9]
