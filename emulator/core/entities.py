"""What the engine knows of the objects that operations are about, whatever cloud they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from gatepost.core.errors import BusyEntity
from gatepost.core.events import EntityRef

if TYPE_CHECKING:
    from gatepost.core.tasks import Task


class Tenant(Protocol):
    """Whose things and people they are: an organization, an enterprise."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def ref(self) -> EntityRef: ...


class Requester(Protocol):
    """Who asks for operations and decides about holds."""

    @property
    def name(self) -> str: ...

    @property
    def org(self) -> Tenant: ...

    @property
    def ref(self) -> EntityRef: ...

    def administers(self, org: Tenant) -> bool:
        """Whether this one may take back what that tenant's users asked for."""
        ...


class Named(Protocol):
    """Something that events can tell of."""

    @property
    def ref(self) -> EntityRef: ...


class Entity(Protocol):
    """Something that a task can be about, and that it locks while it runs.

    `busy` and `failed_tasks` belong to the runner; nobody else writes them.
    """

    busy: Task | None
    failed_tasks: tuple[Task, ...]

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def org(self) -> Tenant: ...

    @property
    def ref(self) -> EntityRef: ...

    def neighbours(self) -> Iterable[Entity]:
        """Parent and parts: a task on one of them is in the way of a task on this."""
        ...


class Stock(Protocol):
    """What exists in a world."""

    @property
    def system_user(self) -> Requester:
        """The cloud itself, which takes the default decision of a time-out."""
        ...

    def entity(self, id: str) -> Entity | None:
        """Whatever a task can be about, by its id; None for what is gone, or is nothing of that sort."""
        ...


class Transient(Entity, Protocol):
    """Something that an operation makes."""

    def spoil(self) -> None:
        """Its making failed, and it stays behind in error."""
        ...


def busy_with(entity: Entity) -> tuple[Entity, Task] | None:
    """The object that is in the way, and its task: the entity itself, its parent, or one of its parts."""
    if entity.busy is not None:
        return entity, entity.busy
    for other in entity.neighbours():
        if other.busy is not None:
            return other, other.busy
    return None


def require_free(entity: Entity) -> None:
    """Raises BusyEntity while a task is in the way."""
    busy = busy_with(entity)
    if busy is not None:
        raise BusyEntity(busy[0].ref, busy[1].ref)
