"""Metadata of every kind of object that has it, in the user view and the administrators' (reference, section 3.2).

What belongs to an administrator, such as a datacenter, is written in the administrators' view alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gatepost.core import workflows
from gatepost.core.inventory import MetadataKey
from gatepost.core.workflows import Annotated
from gatepost.vcloud.errors import denied, no_access
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.names import ENTITY_TYPES, PATHS, V, admin_type
from gatepost.vcloud.read import metadata as read
from gatepost.vcloud.represent import metadata as represent
from gatepost.vcloud.routes import find
from gatepost.vcloud.routes.tasks import accepted
from gatepost.vcloud.xmlio import invalid


class Place(NamedTuple):
    """Where objects with metadata are; `admin` is the media type in the administrators' view."""

    path: str
    find: Callable[[Call, str], Annotated]
    writable: bool = True
    admin: str = ""

    def of(self, entity: Annotated) -> str:
        return f"{self.path}/{entity.id}" if self.admin else PATHS[entity.kind] + entity.id

    def up(self, call: Call, entity: Annotated) -> tuple[str, str]:
        return call.href(self.of(entity)), self.admin or ENTITY_TYPES[entity.kind]


PLACES = (
    Place("/api/vApp", find.machine),
    Place("/api/vAppTemplate", find.template),
    Place("/api/media", find.media),
    Place("/api/disk", find.disk),
    Place("/api/catalogItem", find.catalog_item),
    Place("/api/org", find.org, writable=False),
    Place("/api/vdc", find.vdc, writable=False),
    Place("/api/catalog", find.catalog, writable=False),
    Place("/api/admin/org", find.org, admin=admin_type("organization")),
    Place("/api/admin/vdc", find.vdc, admin=admin_type("vdc")),
    Place("/api/admin/catalog", find.catalog, admin=admin_type("catalog")),
)


def _found(call: Call, place: Place, id: str) -> Annotated:
    if place.admin and not call.user.administers(call.user.org):
        raise denied()
    return place.find(call, id)


def _require_writable(call: Call, key: MetadataKey) -> None:
    if not represent.may_write(call, key):
        raise denied()


def _key(domain: str, key: str) -> MetadataKey:
    if domain not in read.DOMAINS:
        raise invalid("Domain", f"one of {', '.join(read.DOMAINS)} is expected")
    return domain, key


def _list_routes(place: Place) -> None:
    @route("GET", f"{place.path}/<id>/metadata")
    def get(call: Call, id: str) -> Reply:
        with call.world.lock:
            entity = _found(call, place, id)
            up = place.up(call, entity)
            element = represent.metadata(call, entity, place.of(entity), up, writable=place.writable)
        return Reply(200, element, represent.METADATA)

    if not place.writable:
        return

    @route("POST", f"{place.path}/<id>/metadata")
    def update(call: Call, id: str) -> Reply:
        with call.world.lock:
            _found(call, place, id)
        entries = read.entries(call.body(V + "Metadata"))
        for key in entries:
            _require_writable(call, key)
        with call.world.lock:
            return accepted(call, "metadataUpdate", workflows.set_metadata(_found(call, place, id), entries))


def _entry_routes(place: Place, rule: str) -> None:
    """One entry, by its key alone or by domain and key."""
    path = f"{place.path}/<id>/metadata/{rule}"

    @route("GET", path)
    def get(call: Call, id: str, key: str, domain: str = "GENERAL") -> Reply:
        with call.world.lock:
            entity, wanted = _found(call, place, id), _key(domain, key)
            value = entity.metadata.get(wanted)
            if value is None or not represent.may_read(call, wanted, value):
                raise no_access("metadata", key)
            element = represent.metadatum(call, entity, place.of(entity), wanted, writable=place.writable)
        return Reply(200, element, represent.VALUE)

    if not place.writable:
        return

    @route("PUT", path)
    def put(call: Call, id: str, key: str, domain: str = "GENERAL") -> Reply:
        with call.world.lock:
            _found(call, place, id)
        wanted = _key(domain, key)
        _require_writable(call, wanted)
        if not key.strip() or len(key) > read.KEY_LIMIT:
            raise invalid("Key", f"1 to {read.KEY_LIMIT} characters are expected")
        value = read.entry(call.body(V + "MetadataValue"), domain)
        with call.world.lock:
            workflow = workflows.set_metadata(_found(call, place, id), {wanted: value})
            return accepted(call, "metadataSet", workflow)

    @route("DELETE", path)
    def delete(call: Call, id: str, key: str, domain: str = "GENERAL") -> Reply:
        with call.world.lock:
            entity, wanted = _found(call, place, id), _key(domain, key)
            _require_writable(call, wanted)
            return accepted(call, "metadataDelete", workflows.delete_metadatum(entity, wanted))


for _place in PLACES:
    _list_routes(_place)
    for _rule in ("<key>", "<domain>/<key>"):
        _entry_routes(_place, _rule)
