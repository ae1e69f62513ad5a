"""Files that an administrator has announced and is to send: each has its URL and its task (reference, section 6.1)."""

from __future__ import annotations

from dataclasses import dataclass

from gatepost.core import reported
from gatepost.core.errors import IllegalState
from gatepost.core.inventory import User
from gatepost.core.reported import Reported
from gatepost.core.tasks import TaskError, TaskStatus
from gatepost.core.world import World

MOST = 100
"""Uploads that may be announced at the same time."""

EXPIRE_AFTER = 3_600.0
"""Seconds, the default of real servers."""


@dataclass(slots=True, eq=False)
class Upload:
    """One announced file: what it is, and its size in bytes, if that was said."""

    id: str
    kind: str
    size: int | None
    task: Reported


class Uploads:
    """The announced files of one world. The caller holds the lock."""

    def __init__(self) -> None:
        self._open: dict[str, Upload] = {}

    def announce(self, world: World, operation: str, user: User, kind: str, size: int | None) -> Upload:
        """A running task of the provider's organization that waits for the file. Raises IllegalState."""
        if len(self._open) >= MOST:
            raise IllegalState(f"{MOST} uploads have been announced and not sent. Send or cancel some of them first.")
        id, org = world.ids.uuid(), world.inventory.system_org
        task = reported.open_task(world, operation, org.ref, org, user, stop=lambda: self._forget(id))
        upload = self._open[id] = Upload(id, kind, size, task)
        task.tell(TaskStatus.RUNNING)
        world.clock.call_later(EXPIRE_AFTER, lambda: self._expire(id))
        return upload

    def find(self, id: str) -> Upload | None:
        return self._open.get(id)

    def end(self, upload: Upload, problem: str | None) -> None:
        """The file has come; `problem` says why it was no good."""
        self._forget(upload.id)
        if problem is None:
            upload.task.tell(TaskStatus.SUCCESS)
        else:
            upload.task.tell(TaskStatus.ERROR, TaskError(problem))

    def _expire(self, id: str) -> None:
        upload = self._open.get(id)
        if upload is not None:
            self.end(upload, "The file was not uploaded in time.")

    def _forget(self, id: str) -> None:
        self._open.pop(id, None)
