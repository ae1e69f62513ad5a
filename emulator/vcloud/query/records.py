"""What a record type is, and what a query finds of it (reference, section 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from gatepost.core.inventory import Organization, User
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import ENTITY_TYPES, PATHS
from gatepost.vcloud.query.kinds import FLAG, MOMENT, NUMBER, REFERENCE, TEXT, Kind, Named, Value, urn

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Who(Enum):
    """Who may ask for a record type (reference, section 10)."""

    EVERYBODY = "every user"
    ADMINISTRATORS = "administrators"
    SYSTEM = "system administrators"

    def includes(self, user: User) -> bool:
        return self is Who.EVERYBODY or user.is_sysadmin or (self is Who.ADMINISTRATORS and user.administers(user.org))


@dataclass(frozen=True, slots=True)
class Attribute(Generic[T_contra]):
    """One attribute of a record; `since` is the API version that brought it, None the first."""

    name: str
    kind: Kind
    read: Callable[[T_contra], Value]
    since: str | None = None


def text(name: str, read: Callable[[T], str | None], since: str | None = None) -> Attribute[T]:
    return Attribute(name, TEXT, read, since)


def number(name: str, read: Callable[[T], int | None], since: str | None = None) -> Attribute[T]:
    return Attribute(name, NUMBER, read, since)


def flag(name: str, read: Callable[[T], bool], since: str | None = None) -> Attribute[T]:
    return Attribute(name, FLAG, read, since)


def moment(name: str, read: Callable[[T], float | None], since: str | None = None) -> Attribute[T]:
    """Read in epoch seconds of the cloud's clock."""
    return Attribute(name, MOMENT, read, since)


def reference(name: str, read: Callable[[T], Named | None], since: str | None = None) -> Attribute[T]:
    return Attribute(name, REFERENCE, read, since)


@dataclass(frozen=True, eq=False)
class RecordType(Generic[T]):
    """One kind of record: what the query service is asked for as `type=<name>`.

    `record` and `reference` are its elements in the records and the references format; `reference` is None where the
    schema has none. `objects` lists what the caller may see, oldest first, and takes the lock itself. `target` is what
    a record is about, `path` where that can be read, if anywhere, and `media_type` as what.
    """

    name: str
    record: str
    reference: str | None
    who: Who
    objects: Callable[[Call], list[T]]
    target: Callable[[T], Named]
    attributes: tuple[Attribute[T], ...]
    path: Callable[[T], str | None] | None = None
    media_type: str | None = None
    since: str | None = None

    def path_of(self, one: T) -> str | None:
        return user_view(self.target(one)) if self.path is None else self.path(one)

    def type_of(self, one: T) -> str:
        return self.media_type or ENTITY_TYPES[self.target(one).kind]


def user_view(target: Named) -> str:
    """The path of an object as its user sees it."""
    path = PATHS.get(target.kind)
    return f"{path}{target.id}" if path is not None else f"/api/entity/{urn(target)}"


def admin_view(kind: str) -> Callable[[Named], str]:
    """The path of objects of a kind as administrators see them."""
    return lambda target: f"/api/admin/{kind}/{target.id}"


def of_orgs(pick: Callable[[Organization], Iterable[T]]) -> Callable[[Call], list[T]]:
    """Objects that belong to organizations: those of each that the caller sees."""

    def objects(call: Call) -> list[T]:
        found: list[T] = []
        with call.world.lock:
            orgs = [org for org in call.world.inventory.orgs.values() if call.user.sees(org)]
        for org in orgs:
            # One hold for each, so that a list of many thousands stops nobody.
            with call.world.lock:
                found += pick(org)
        return found

    return objects
