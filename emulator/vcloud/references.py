"""Which object a reference in a request's body means. Nothing in it is followed, and its host is never looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from gatepost.core.errors import NotFound
from gatepost.core.events import EntityRef
from gatepost.core.ids import is_uuid
from gatepost.core.inventory import User
from gatepost.core.reported import Foreign
from gatepost.vcloud import xmlio
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import ENTITY_TYPES, PATHS
from gatepost.vcloud.xmlio import NAME_LIMIT, Element

LONGEST = 2_048
"""Characters of an href."""

_URI = re.compile(
    r"(?:https?://[\w.-]+(?::\d{1,5})?)?/(?:[\w.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*|urn:[\w.:-]+", re.ASCII
)
_ADMIN_PATHS = {f"/api/admin/{kind}/": kind for kind in ("org", "vdc", "catalog")}
_KINDS = {**_ADMIN_PATHS, **{path: kind for kind, path in PATHS.items()}}
_URN_KINDS = {kind.lower(): kind for kind in ENTITY_TYPES}


class _Named(Protocol):
    @property
    def ref(self) -> EntityRef: ...


def entity(call: Call, element: Element) -> EntityRef | None:
    """What a reference means by its `id` or else its `href`; None when that is nothing that the cloud has kinds for.

    The object need not exist. The caller holds the lock.
    """
    kind, id = _from_urn(element.get("id", "")) or _from_href(element.get("href", "")) or ("", "")
    if not kind:
        return None
    known = _named(call, kind, id)
    return known or EntityRef(kind, id, element.get("name", "")[:NAME_LIMIT])


def user(call: Call, parent: Element) -> User:
    """Whom the child `User` names; the caller where there is none. Raises Malformed. The caller holds the lock."""
    element = xmlio.child(parent, "User")
    if element is None:
        return call.user
    named = entity(call, element)
    found = call.world.inventory.users.get(named.id) if named is not None else None
    if found is None:
        raise xmlio.invalid("User", "a reference to a user of this cloud is expected")
    return found


def foreign(element: Element, field: str) -> Foreign:
    """A reference to what only an outside service knows. Raises Malformed for what no document could show again."""
    href, type_, name = (element.get(attribute, "") for attribute in ("href", "type", "name"))
    if len(href) > LONGEST or _URI.fullmatch(href) is None:
        raise xmlio.invalid(field, f"an href of at most {LONGEST} characters is expected")
    if len(type_) > NAME_LIMIT or len(name) > NAME_LIMIT:
        raise xmlio.invalid(field, f"type and name have at most {NAME_LIMIT} characters")
    return Foreign(href, type_, name)


def _from_urn(urn: str) -> tuple[str, str] | None:
    parts = urn.split(":")
    if len(parts) != 4 or (parts[0].lower(), parts[1].lower()) != ("urn", "vcloud"):
        return None
    kind, id = _URN_KINDS.get(parts[2].lower()), parts[3].lower()
    return (kind, id) if kind is not None and is_uuid(id) else None


def _from_href(href: str) -> tuple[str, str] | None:
    start, id = href[-LONGEST:].rstrip("/")[:-36], href.rstrip("/")[-36:].lower()
    if not is_uuid(id):
        return None
    path = "/api/" + start.partition("/api/")[2]
    kind = _KINDS.get(path)
    return (kind, id) if kind is not None else None


def _named(call: Call, kind: str, id: str) -> EntityRef | None:
    """The object as the cloud names it, if it exists."""
    inventory = call.world.inventory
    places: dict[str, Mapping[str, _Named]] = {
        "org": inventory.orgs,
        "user": inventory.users,
        "vdc": inventory.vdcs,
        "catalog": inventory.catalogs,
        "catalogitem": inventory.catalog_items,
    }
    if kind in places:
        found = places[kind].get(id)
        return found.ref if found is not None else None
    if kind == "task":
        try:
            return call.world.tasks.get(id).ref
        except NotFound:
            return None
    one = inventory.entity(id)
    return one.ref if one is not None and one.ref.kind == kind else None
