"""Records of extension services and what they consist of (reference, sections 8.1 and 9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gatepost.core.events import EntityRef
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import admin_type
from gatepost.vcloud.query.records import Attribute, RecordType, Who, flag, number, reference, text
from gatepost.vcloud.query.types.machines import itself
from gatepost.vcloud.services.parts import (
    AclAccess,
    AclRule,
    ApiDefinition,
    ApiFilter,
    FileDescriptor,
    Part,
    ResourceClass,
    ResourceClassAction,
    Service,
    ServiceLink,
    ServiceResource,
    UrlPattern,
)
from gatepost.vcloud.services.registry import REGISTRATION

AnyPart = TypeVar("AnyPart", bound=Part)


def _all(kind: type[AnyPart]) -> Callable[[Call], list[AnyPart]]:
    def parts(call: Call) -> list[AnyPart]:
        with call.world.lock:
            return [part for part in call.dialect.services.parts.values() if isinstance(part, kind)]

    return parts


def _enabled(kind: type[AnyPart]) -> Callable[[Call], list[AnyPart]]:
    """Those that every user may know of."""
    return lambda call: [part for part in _all(kind)(call) if part.service.enabled]


def _source(pattern: UrlPattern | None) -> str | None:
    return pattern.source if pattern is not None else None


def _entity(access: AclAccess | None, kind: str) -> EntityRef | None:
    if access is None or access.entity is None:
        return None
    return EntityRef(kind, access.entity.uuid, access.entity.name or "")


def _principal(rule: AclRule) -> EntityRef | None:
    access = rule.principal_access
    if access is None or access.entity is None:
        return None
    return _entity(access, "user" if "user" in (access.entity.href or access.entity.id or "") else "right")


def _public(kind: str) -> Callable[[Part], EntityRef]:
    return lambda part: EntityRef(kind, part.id, part.name)


def _api_of(file: FileDescriptor) -> ApiDefinition:
    assert isinstance(file.owner, ApiDefinition)
    return file.owner


def _access(access: AclAccess | None) -> str | None:
    return access.access.value if access is not None else None


_DEFINITION: tuple[Attribute[ApiDefinition], ...] = (
    text("name", lambda one: one.name),
    text("entryPoint", lambda one: one.entry_point),
    text("namespace", lambda one: one.namespace),
    text("apiVendor", lambda one: one.vendor),
    text("serviceName", lambda one: one.service.name),
    text("serviceNamespace", lambda one: one.service.namespace),
    text("serviceVendor", lambda one: one.service.vendor),
)

TYPES = (
    RecordType(
        "adminService",
        "AdminServiceRecord",
        "AdminServiceReference",
        Who.SYSTEM,
        _all(Service),
        itself,
        (
            text("name", lambda one: one.name),
            flag("enabled", lambda one: one.enabled),
            text("exchange", lambda one: one.exchange),
            number("priority", lambda one: one.priority),
            text("routingKey", lambda one: one.routing_key),
            text("vendor", lambda one: one.vendor),
            text("namespace", lambda one: one.namespace),
            flag("isAuthorizationEnabled", lambda one: one.authorized),
        ),
        since="5.1",
    ),
    RecordType(
        "apiFilter",
        "ApiFilterRecord",
        "ApiFilterReference",
        Who.SYSTEM,
        _all(ApiFilter),
        itself,
        (text("urlPattern", lambda one: _source(one.url_pattern)), reference("service", lambda one: one.owner)),
        since="5.1",
    ),
    RecordType(
        "serviceLink",
        "ServiceLinkRecord",
        "ServiceLinkReference",
        Who.SYSTEM,
        _all(ServiceLink),
        itself,
        (
            text("rel", lambda one: one.rel),
            text("linkHref", lambda one: one.href),
            text("mimeType", lambda one: one.mime_type),
            text("resourceType", lambda one: one.resource_type),
            text("resourceId", lambda one: one.resource_id or None),
            reference("service", lambda one: one.owner),
        ),
        since="5.1",
    ),
    RecordType(
        "adminApiDefinition",
        "AdminApiDefinitionRecord",
        "AdminApiDefinitionReference",
        Who.SYSTEM,
        _all(ApiDefinition),
        itself,
        (*_DEFINITION, reference("service", lambda one: one.owner)),
        path=lambda one: f"{REGISTRATION}/{one.path}{one.id}",
        media_type=admin_type("apiDefinition"),
        since="5.1",
    ),
    RecordType(
        "resourceClass",
        "ResourceClassRecord",
        "ResourceClassReference",
        Who.SYSTEM,
        _all(ResourceClass),
        itself,
        (
            text("name", lambda one: one.name),
            text("mimeType", lambda one: one.mime_type),
            text("urlTemplate", lambda one: one.url_template),
            text("nid", lambda one: one.nid),
            text("urnPattern", lambda one: _source(one.urn_pattern)),
            reference("service", lambda one: one.owner),
        ),
        since="5.1",
    ),
    RecordType(
        "resourceClassAction",
        "ResourceClassActionRecord",
        "ResourceClassActionReference",
        Who.SYSTEM,
        _all(ResourceClassAction),
        itself,
        (
            text("name", lambda one: one.name),
            text("httpMethod", lambda one: one.method),
            text("urlPattern", lambda one: _source(one.url_pattern)),
            reference("resourceClass", lambda one: one.owner),
        ),
        since="5.1",
    ),
    RecordType(
        "serviceResource",
        "ServiceResourceRecord",
        None,
        Who.SYSTEM,
        _all(ServiceResource),
        itself,
        (
            text("name", lambda one: one.name),
            reference("org", lambda one: EntityRef("org", one.org.uuid, one.org.name or "") if one.org else None),
            text("externalObjectId", lambda one: one.external_id),
            reference("resourceClass", lambda one: one.owner),
        ),
        since="5.1",
    ),
    RecordType(
        "aclRule",
        "AclRuleRecord",
        "AclRuleReference",
        Who.SYSTEM,
        _all(AclRule),
        itself,
        (
            text("name", lambda one: one.name),
            text("serviceResourceAccess", lambda one: _access(one.resource_access)),
            reference("serviceResource", lambda one: _entity(one.resource_access, "serviceResource")),
            text("orgAccess", lambda one: _access(one.org_access)),
            reference("org", lambda one: _entity(one.org_access, "org")),
            text("principalAccess", lambda one: _access(one.principal_access)),
            reference("principal", _principal),
            reference("resourceClassAction", lambda one: one.owner),
        ),
        since="5.1",
    ),
    RecordType(
        "service",
        "ServiceRecord",
        "ServiceReference",
        Who.EVERYBODY,
        _enabled(Service),
        _public("service"),
        (
            text("name", lambda one: one.name),
            text("vendor", lambda one: one.vendor),
            text("namespace", lambda one: one.namespace),
        ),
        since="5.1",
    ),
    RecordType(
        "apiDefinition",
        "ApiDefinitionRecord",
        "ApiDefinitionReference",
        Who.EVERYBODY,
        _enabled(ApiDefinition),
        _public("apiDefinition"),
        (*_DEFINITION, reference("service", lambda one: _public("service")(one.service))),
        since="5.1",
    ),
    RecordType(
        "fileDescriptor",
        "FileDescriptorRecord",
        None,
        Who.EVERYBODY,
        _enabled(FileDescriptor),
        _public("fileDescriptor"),
        (
            text("name", lambda one: one.file.name if one.file else None),
            text("fileUrl", lambda one: one.file.href if one.file else None),
            text("fileMimeType", lambda one: one.file.type if one.file else None),
            text("apiName", lambda one: _api_of(one).name),
            text("apiNamespace", lambda one: _api_of(one).namespace),
            text("apiVendor", lambda one: _api_of(one).vendor),
            text("serviceName", lambda one: one.service.name),
            text("serviceNamespace", lambda one: one.service.namespace),
            text("serviceVendor", lambda one: one.service.vendor),
            reference("apiDefinition", lambda one: _public("apiDefinition")(_api_of(one))),
            reference("service", lambda one: _public("service")(one.service)),
        ),
        since="5.1",
    ),
)
