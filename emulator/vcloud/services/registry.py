"""The registered extension services of one world, and what of them every request has to look at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from gatepost.core.errors import DuplicateName, IllegalState, InvalidValue
from gatepost.core.ids import Ids
from gatepost.vcloud.services.bodies import Draft
from gatepost.vcloud.services.parts import Part, Service, ServiceLink, UrlPattern

MOST_PARTS = 2_000
"""Services, filters, links and so on that one cloud registers."""

REGISTRATION = "/api/admin/extension/service"
"""Below this no filter counts: who registered a bad one must be able to take it back."""


class Route(NamedTuple):
    """An enabled service, as requests find it: a copy, so that it can be read without the lock."""

    service: Service
    name: str
    exchange: str
    routing_key: str
    authorized: bool
    patterns: tuple[UrlPattern, ...]
    content_types: frozenset[str]

    def takes(self, paths: Iterable[str]) -> bool:
        """Whether a request for a resource with one of these paths is the service's."""
        return any(pattern.matcher.match(path) for path in paths for pattern in self.patterns)

    def processes(self, content_type: str) -> bool:
        """Whether the cloud's own responses of this Content-Type pass through the service."""
        whole = content_type.replace(" ", "").lower()
        return not self.content_types.isdisjoint((whole, whole.partition(";")[0]))


class Registry:
    """The caller holds the lock around everything that changes it. Lists are replaced, never changed, so that the
    tables made of them may be read at any time."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self.parts: dict[str, Part] = {}
        self.request_routes: tuple[Route, ...] = ()
        self.response_routes: tuple[Route, ...] = ()
        self.links: dict[str, tuple[ServiceLink, ...]] = {}

    @property
    def services(self) -> list[Service]:
        """All of them, in the order of their registration."""
        return [part for part in self.parts.values() if isinstance(part, Service)]

    def routes_for(self, paths: tuple[str, ...]) -> list[Route]:
        """The services that a request passes through, in that order; `paths` spell its resource in several ways."""
        if any(path.startswith(REGISTRATION) for path in paths):
            return []
        return [route for route in self.request_routes if route.takes(paths)]

    def add(self, draft: Draft, owner: Part | None = None) -> Part:
        """Raises CloudError, and leaves nothing behind then."""
        self._require_room(draft.size())
        if draft.kind is Service:
            self._require_unique(draft.values["namespace"])
        part = self._make(draft, owner)
        if owner is not None:
            attribute = next(shape.attribute for shape in type(owner).lists() if shape.part is draft.kind)
            setattr(owner, attribute, [*getattr(owner, attribute), part])
        self._tabulate()
        return part

    def change(self, part: Part, draft: Draft) -> None:
        """What the draft leaves out stays as it is. Raises CloudError."""
        self._require_room(draft.size() - 1)
        self._update(part, draft)
        self._tabulate()

    def remove(self, part: Part) -> None:
        """Raises IllegalState for a service that is enabled."""
        if isinstance(part, Service) and part.enabled:
            raise IllegalState(f'The service "{part.name}" is enabled; disable it before you delete it.')
        owner = part.owner
        if owner is not None:
            attribute = next(shape.attribute for shape in type(owner).lists() if shape.part is type(part))
            setattr(owner, attribute, [other for other in getattr(owner, attribute) if other is not part])
        self._forget(part)
        self._tabulate()

    def _make(self, draft: Draft, owner: Part | None) -> Part:
        part = draft.kind(id=self._ids.uuid(), owner=owner)
        self.parts[part.id] = part
        self._update(part, draft)
        return part

    def _update(self, part: Part, draft: Draft) -> None:
        values: dict[str, Any] = dict(draft.values)
        if isinstance(part, Service) and part.namespace:
            values.pop("namespace", None)
        for shape in draft.kind.lists():
            if shape.attribute in values:
                values[shape.attribute] = self._replace(part, getattr(part, shape.attribute), values[shape.attribute])
        for attribute, value in values.items():
            setattr(part, attribute, value)

    def _replace(self, owner: Part, present: list[Part], drafts: list[Draft]) -> list[Part]:
        """The parts of a list as a body has it: those that it names by id are the same as before."""
        known = {part.id: part for part in present}
        parts = []
        for draft in drafts:
            part = known.pop(draft.id, None) if draft.id else None
            if part is None:
                part = self._make(draft, owner)
            else:
                self._update(part, draft)
            parts.append(part)
        for part in known.values():
            self._forget(part)
        return parts

    def _forget(self, part: Part) -> None:
        for one in part.inside():
            self.parts.pop(one.id, None)

    def _require_room(self, more: int) -> None:
        if len(self.parts) + more > MOST_PARTS:
            raise InvalidValue(f"A cloud registers at most {MOST_PARTS} services and parts of them; delete some.")

    def _require_unique(self, namespace: str) -> None:
        if any(service.namespace == namespace for service in self.services):
            raise DuplicateName(f'The namespace "{namespace}" is taken by another service.')

    def _tabulate(self) -> None:
        """Make the tables anew that requests look at."""
        enabled = sorted((one for one in self.services if one.enabled), key=lambda service: -service.priority)
        routes = [_route(service) for service in enabled]
        self.request_routes = tuple(route for route in routes if route.patterns)
        self.response_routes = tuple(route for route in routes if route.content_types)
        links: dict[str, list[ServiceLink]] = {}
        for service in enabled:
            for link in service.links:
                links.setdefault(link.resource_type.lower(), []).append(link)
        self.links = {resource_type: tuple(some) for resource_type, some in links.items()}


def _route(service: Service) -> Route:
    return Route(
        service,
        service.name,
        service.exchange,
        service.routing_key,
        service.authorized,
        tuple(one.url_pattern for one in service.filters if one.url_pattern is not None),
        frozenset(one.content_type.replace(" ", "").lower() for one in service.filters if one.content_type),
    )
