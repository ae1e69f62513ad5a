"""What an extension service consists of, each part with the names and bounds of its elements (reference, section 8.2).

The shapes of each class stand in the order of the schema. Reading a body and showing a part both go by them, so that
an element is spelt in one place only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, NamedTuple

from gatepost.vcloud.services.matcher import Matcher

LONG, SHORT = 1024, 255
"""Characters of patterns and templates, and of other texts."""


class UrlPattern(NamedTuple):
    source: str
    matcher: Matcher


class Reference(NamedTuple):
    """What a body refers to, by `href` or `id`; `uuid` is the bare id in either."""

    uuid: str
    href: str | None
    id: str | None
    type: str | None
    name: str | None


class Access(StrEnum):
    """Whom an ACL rule lets in."""

    ENTITY = "Entity"
    SHARED = "Shared"
    PUBLISHED = "Published"


class AclAccess(NamedTuple):
    """`entity` stands with Access.ENTITY, and only there."""

    access: Access
    entity: Reference | None


class Form(StrEnum):
    """How the content of an element is written."""

    TEXT = "text"
    WORD = "word"
    BOOLEAN = "boolean"
    PRIORITY = "priority"
    METHOD = "method"
    PATTERN = "pattern"
    REFERENCE = "reference"
    ACCESS = "access"
    VERSIONS = "versions"
    PARTS = "parts"


class Shape(NamedTuple):
    """The element of a field. Of a list of parts, `tag` is the container's and `part` is what stands in it; `path`,
    below the URL of the part that has the list, is where further ones are POSTed, and links `down:<rel>` lead there.
    """

    attribute: str
    tag: str
    form: Form = Form.TEXT
    required: bool = False
    limit: int = SHORT
    part: type[Part] | None = None
    path: str | None = None
    rel: str | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Part:
    """One registered thing. `named` ones have a name and, in the vCloud namespace, a description."""

    tag: ClassVar[str]
    type_name: ClassVar[str]
    kind: ClassVar[str]
    path: ClassVar[str]
    named: ClassVar[bool] = True
    shapes: ClassVar[tuple[Shape, ...]]

    id: str
    owner: Part | None = None
    name: str = ""
    description: str = ""

    @classmethod
    def lists(cls) -> tuple[Shape, ...]:
        return tuple(shape for shape in cls.shapes if shape.form is Form.PARTS)

    @property
    def service(self) -> Service:
        """The service that it belongs to, in the end."""
        part: Part = self
        while part.owner is not None:
            part = part.owner
        assert isinstance(part, Service)
        return part

    def inside(self) -> Iterator[Part]:
        """It and all that is in it."""
        yield self
        for shape in self.lists():
            for part in getattr(self, shape.attribute):
                yield from part.inside()


@dataclass(slots=True, eq=False, kw_only=True)
class ApiFilter(Part):
    """One of the two: which URLs are the service's, or which of the cloud's own responses pass through it."""

    tag, type_name, kind, path, named = "ApiFilter", "apiFilter", "apiFilter", "apifilter/", False
    shapes = (
        Shape("url_pattern", "UrlPattern", Form.PATTERN, limit=LONG),
        Shape("content_type", "ResponseContentType", Form.WORD),
    )
    url_pattern: UrlPattern | None = None
    content_type: str = ""


@dataclass(slots=True, eq=False, kw_only=True)
class ServiceLink(Part):
    """A link that the service adds to resources of a type, or to one of them."""

    tag, type_name, kind, path, named = "ServiceLink", "serviceLink", "serviceLink", "link/", False
    shapes = (
        Shape("href", "LinkHref", Form.WORD, required=True, limit=LONG),
        Shape("mime_type", "MimeType", Form.WORD, required=True),
        Shape("rel", "Rel", Form.WORD, required=True),
        Shape("resource_type", "ResourceType", Form.WORD, required=True),
        Shape("resource_id", "ResourceId", Form.WORD),
        Shape("external_id", "ExternalResourceId", Form.WORD),
    )
    href: str = ""
    mime_type: str = ""
    rel: str = ""
    resource_type: str = ""
    resource_id: str = ""
    external_id: str = ""


@dataclass(slots=True, eq=False, kw_only=True)
class FileDescriptor(Part):
    """A file of an API definition. Its description stands in the namespace of extensions, unlike all others."""

    tag, type_name, kind, path, named = "FileDescriptor", "fileDescriptor", "fileDescriptor", "", False
    shapes = (Shape("text", "Description", limit=LONG), Shape("file", "File", Form.REFERENCE))
    text: str = ""
    file: Reference | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class ApiDefinition(Part):
    tag, type_name, kind, path = "ApiDefinition", "apiDefinition", "apiDefinition", "apidefinition/"
    shapes = (
        Shape("entry_point", "EntryPoint", Form.WORD),
        Shape("namespace", "Namespace", Form.WORD),
        Shape("vendor", "ApiVendor"),
        Shape("versions", "SupportedApiVersions", Form.VERSIONS),
        Shape("files", "Files", Form.PARTS, part=FileDescriptor),
    )
    entry_point: str = ""
    namespace: str = ""
    vendor: str = ""
    versions: list[str] = field(default_factory=list)
    files: list[FileDescriptor] = field(default_factory=list)


@dataclass(slots=True, eq=False, kw_only=True)
class ServiceResource(Part):
    """One object of the service's, and the organization that owns it."""

    tag, type_name, kind, path = "ServiceResource", "serviceResource", "serviceResource", "serviceresource/"
    shapes = (
        Shape("org", "Org", Form.REFERENCE, required=True),
        Shape("external_id", "ExternalObjectId", Form.WORD, required=True),
    )
    org: Reference | None = None
    external_id: str = ""


@dataclass(slots=True, eq=False, kw_only=True)
class AclRule(Part):
    """Who may take an action: those to whom all three accesses apply."""

    tag, type_name, kind, path = "AclRule", "aclRule", "aclRule", "aclrule/"
    shapes = (
        Shape("resource_access", "ServiceResourceAccess", Form.ACCESS),
        Shape("org_access", "OrganizationAccess", Form.ACCESS, required=True),
        Shape("principal_access", "PrincipalAccess", Form.ACCESS, required=True),
    )
    resource_access: AclAccess | None = None
    org_access: AclAccess | None = None
    principal_access: AclAccess | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class ResourceClassAction(Part):
    """An HTTP method on some of the service's URLs; the group `id` of the pattern is the resource's."""

    tag, type_name = "ResourceClassAction", "resourceClassAction"
    kind, path = "resourceClassAction", "resourceclassaction/"
    shapes = (
        Shape("method", "HttpMethod", Form.METHOD, required=True),
        Shape("url_pattern", "UrlPattern", Form.PATTERN, required=True, limit=LONG),
        Shape("rules", "AclRules", Form.PARTS, part=AclRule, path="aclrules", rel="aclRules"),
    )
    method: str = ""
    url_pattern: UrlPattern | None = None
    rules: list[AclRule] = field(default_factory=list)


@dataclass(slots=True, eq=False, kw_only=True)
class ResourceClass(Part):
    """A kind of objects that the service has."""

    tag, type_name, kind, path = "ResourceClass", "resourceClass", "resourceClass", "resourceclass/"
    shapes = (
        Shape("mime_type", "MimeType", Form.WORD, limit=128),
        Shape("url_template", "UrlTemplate", Form.WORD, limit=LONG),
        Shape("nid", "Nid", Form.WORD),
        Shape("urn_pattern", "UrnPattern", Form.PATTERN),
        Shape(
            "resources",
            "ServiceResources",
            Form.PARTS,
            part=ServiceResource,
            path="serviceresources",
            rel="serviceResources",
        ),
        Shape(
            "actions",
            "ResourceClassActions",
            Form.PARTS,
            part=ResourceClassAction,
            path="resourceclassactions",
            rel="resourceClassActions",
        ),
    )
    mime_type: str = ""
    url_template: str = ""
    nid: str = ""
    urn_pattern: UrlPattern | None = None
    resources: list[ServiceResource] = field(default_factory=list)
    actions: list[ResourceClassAction] = field(default_factory=list)


@dataclass(slots=True, eq=False, kw_only=True)
class Service(Part):
    """A registered service. Its namespace never changes; while it is not enabled, it is as if it were not there."""

    tag, type_name, kind, path = "Service", "service", "externalService", ""
    shapes = (
        Shape("namespace", "Namespace", Form.WORD, required=True),
        Shape("enabled", "Enabled", Form.BOOLEAN),
        Shape("authorized", "AuthorizationEnabled", Form.BOOLEAN),
        Shape("routing_key", "RoutingKey", Form.WORD, required=True),
        Shape("priority", "Priority", Form.PRIORITY),
        Shape("exchange", "Exchange", Form.WORD, required=True),
        Shape("vendor", "Vendor"),
        Shape("filters", "ApiFilters", Form.PARTS, part=ApiFilter, path="apifilters", rel="apiFilters"),
        Shape("links", "ServiceLinks", Form.PARTS, part=ServiceLink, path="links", rel="serviceLinks"),
        Shape(
            "definitions",
            "ApiDefinitions",
            Form.PARTS,
            part=ApiDefinition,
            path="apidefinitions",
            rel="apiDefinitions",
        ),
        Shape(
            "classes", "ResourceClasses", Form.PARTS, part=ResourceClass, path="resourceclasses", rel="resourceClasses"
        ),
    )
    namespace: str = ""
    enabled: bool = False
    authorized: bool = False
    routing_key: str = ""
    priority: int = 50
    exchange: str = ""
    vendor: str = ""
    filters: list[ApiFilter] = field(default_factory=list)
    links: list[ServiceLink] = field(default_factory=list)
    definitions: list[ApiDefinition] = field(default_factory=list)
    classes: list[ResourceClass] = field(default_factory=list)
