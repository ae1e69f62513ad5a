"""Who may send a service which requests, where the service leaves that to the cloud (reference, sections 8.2, 8.3)."""

from __future__ import annotations

from gatepost.core.inventory import User
from gatepost.vcloud.rights import Rights
from gatepost.vcloud.services.parts import (
    Access,
    AclAccess,
    AclRule,
    ResourceClass,
    Service,
    ServiceResource,
)


def permits(service: Service, user: User, rights: Rights, method: str, paths: tuple[str, ...]) -> bool:
    """Whether some rule of an action that covers the request lets the user in. What no action covers is not permitted.

    System administrators may do everything. The caller holds the lock.
    """
    if user.is_sysadmin:
        return True
    if method == "HEAD":  # which asks for no more than GET does
        method = "GET"
    # The guides write these patterns with and without /api.
    paths = (*paths, *(path.removeprefix("/api") for path in paths))
    for resource_class in service.classes:
        for action in resource_class.actions:
            if action.method != method or action.url_pattern is None:
                continue
            for path in paths:
                found = action.url_pattern.matcher.match(path)
                if found is None:
                    continue
                resource = _resource(resource_class, found.id)
                if any(_lets_in(rule, user, rights, resource) for rule in action.rules):
                    return True
    return False


def _resource(resource_class: ResourceClass, id: str | None) -> ServiceResource | None:
    """The registered resource that a URL is about, by the id that either side gave it."""
    if id is None:
        return None
    return next((one for one in resource_class.resources if id in (one.external_id, one.id)), None)


def _lets_in(rule: AclRule, user: User, rights: Rights, resource: ServiceResource | None) -> bool:
    return (
        _covers(rule.resource_access, resource)
        and _is_for_org(rule.org_access, user, resource)
        and _is_for_principal(rule.principal_access, user, rights)
    )


def _covers(access: AclAccess | None, resource: ServiceResource | None) -> bool:
    if access is None or access.entity is None:
        return True
    return resource is not None and resource.id == access.entity.uuid


def _is_for_org(access: AclAccess | None, user: User, resource: ServiceResource | None) -> bool:
    if access is None:
        return False
    match access.access:
        case Access.PUBLISHED:
            return True
        case Access.SHARED:  # by whoever owns the resource
            return resource is not None and resource.org is not None and resource.org.uuid == user.org.id
        case Access.ENTITY:
            return access.entity is not None and access.entity.uuid == user.org.id


def _is_for_principal(access: AclAccess | None, user: User, rights: Rights) -> bool:
    if access is None:
        return False
    if access.entity is None:
        return True
    return access.entity.uuid == user.id or rights.holds(user.role, access.entity.uuid)
