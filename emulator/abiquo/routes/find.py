"""From a path or a href to the object, if the caller may know of it."""

from __future__ import annotations

import re
from typing import TypeVar

from gatepost.abiquo.body import Body
from gatepost.abiquo.errors import denied, invalid
from gatepost.abiquo.http import Call
from gatepost.abiquo.inventory import (
    Datacenter,
    Enterprise,
    Role,
    Scope,
    User,
    VirtualAppliance,
    VirtualDatacenter,
    VirtualMachine,
)
from gatepost.abiquo.tasks import Record
from gatepost.abiquo.tasks import find as find_task

Known = TypeVar("Known")

_LAST = re.compile(r"(\w+)/([0-9]{1,18})/*(?:\?.*)?$")


def enterprise(call: Call, id: str) -> Enterprise:
    """Raises NotFound, and ApiError (403) for one that is not the caller's to know."""
    found = call.inventory.enterprise(id)
    require_sight(call, found)
    return found


def user(call: Call, enterprise_id: str, id: str) -> User:
    """`_` stands for any enterprise. Raises NotFound and ApiError (403)."""
    of = None if enterprise_id == "_" else enterprise(call, enterprise_id)
    found = call.inventory.user_in(of, id)
    require_sight(call, found.enterprise)
    return found


def vdc(call: Call, id: str) -> VirtualDatacenter:
    found = call.inventory.vdc(id)
    require_sight(call, found.enterprise)
    return found


def appliance(call: Call, vdc_id: str, id: str) -> VirtualAppliance:
    found = call.inventory.appliance(vdc_id, id)
    require_sight(call, found.org)
    return found


def machine(call: Call, vdc_id: str, appliance_id: str, id: str) -> VirtualMachine:
    found = call.inventory.machine(vdc_id, appliance_id, id)
    require_sight(call, found.org)
    return found


def task(call: Call, vdc_id: str, appliance_id: str, machine_id: str, id: str) -> Record:
    """Raises NotFound, also for a task of another machine."""
    found = find_task(machine(call, vdc_id, appliance_id, machine_id), id)
    call.concerns(found.id)
    return found


def require_sight(call: Call, of: Enterprise) -> None:
    """Raises ApiError (403)."""
    if not (call.caller.sees(of) or call.caller.overrides(of)):
        raise denied()


# What the links of a body name. None where there is no such link; ApiError (400) for one that leads nowhere.


def linked(body: Body, rel: str, collection: str) -> str | None:
    """The id at the end of a link's href, which must be of that collection."""
    href = body.href(rel)
    return None if href is None else _id(href, rel, collection)


def linked_all(body: Body, rel: str, collection: str) -> list[str]:
    return [_id(href, rel, collection) for href in body.hrefs(rel)]


def role_of(call: Call, body: Body) -> Role | None:
    return _known(call.inventory.roles, linked(body, "role", "roles"), "role")


def scope_of(call: Call, body: Body) -> Scope | None:
    return _known(call.inventory.scopes, linked(body, "scope", "scopes"), "scope")


def place_of(call: Call, body: Body) -> Datacenter | None:
    for rel, collection in (("location", "locations"), ("datacenter", "datacenters")):
        if found := _known(call.inventory.datacenters, linked(body, rel, collection), rel):
            return found
    return None


def privileges_of(call: Call, body: Body) -> frozenset[str] | None:
    """By the links `privilege`; None where there are none."""
    by_id = {one.id: one.name for one in call.inventory.privileges.values()}
    ids = linked_all(body, "privilege", "privileges")
    for id in ids:
        if id not in by_id:
            raise invalid("links", f"there is no privilege {id}")
    return frozenset(by_id[id] for id in ids) if ids else None


def _known(among: dict[str, Known], id: str | None, rel: str) -> Known | None:
    if id is None:
        return None
    if id not in among:
        raise invalid("links", f"the link {rel} leads nowhere")
    return among[id]


def _id(href: str, rel: str, collection: str) -> str:
    found = _LAST.search(href)
    if found is None or found[1].lower() != collection:
        raise invalid("links", f"the link {rel} must lead to {collection}/ID")
    return found[2]
