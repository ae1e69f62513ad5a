"""Why the cloud refuses. Each dialect turns these into its own error form."""

from __future__ import annotations

from gatepost.core.events import EntityRef


class CloudError(Exception):
    """A request that the cloud refuses; the message is fit for the requester's eyes."""


class NotFound(CloudError):
    """No such object, or none that the requester may know of: `kind` and `id` say which."""

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"there is no {kind} {id}")
        self.kind = kind
        self.id = id


class DuplicateName(CloudError):
    """The name is taken in the container."""


class BusyEntity(CloudError):
    """Another task runs on the object, on its parent or on one of its parts: `entity` and `task` are those."""

    def __init__(self, entity: EntityRef, task: EntityRef) -> None:
        super().__init__(f"The entity {entity.name} is busy completing an operation.")
        self.entity = entity
        self.task = task


class Insufficient(CloudError):
    """What the operation needs is not left in the datacenter."""


class IllegalState(CloudError):
    """The object's state does not allow the operation now."""


class InvalidValue(CloudError):
    """A value that the request carries is out of its range."""


class Forbidden(CloudError):
    """The requester lacks the right."""


class HoldClosed(CloudError):
    """The hold has already ended by another decision."""


class TaskEnded(CloudError):
    """The task has already ended."""
