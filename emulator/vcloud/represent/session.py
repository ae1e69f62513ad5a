"""Sessions and the list of versions (reference, sections 1.1 to 1.4)."""

from __future__ import annotations

from gatepost.core.inventory import User
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import USER_VIEW, VERSIONS, V, admin_type, vcloud_type
from gatepost.vcloud.query.parameters import QUERY_PATH
from gatepost.vcloud.represent.links import link
from gatepost.vcloud.represent.query import QUERY_LIST
from gatepost.vcloud.versions import traits
from gatepost.vcloud.xmlio import Element, root, sub

LOCATION = "gatepost"

# Media type, complex type, schema.
_MAPPINGS = (
    (vcloud_type("session"), "SessionType", "session.xsd"),
    (vcloud_type("org"), "OrgType", "organization.xsd"),
    (vcloud_type("orgList"), "OrgListType", "organizationList.xsd"),
    (vcloud_type("vdc"), "VdcType", "vdc.xsd"),
    (vcloud_type("catalog"), "CatalogType", "catalog.xsd"),
    (vcloud_type("catalogItem"), "CatalogItemType", "catalogItem.xsd"),
    (vcloud_type("vAppTemplate"), "VAppTemplateType", "vAppTemplate.xsd"),
    (vcloud_type("vApp"), "VAppType", "vApp.xsd"),
    (vcloud_type("vm"), "VmType", "vApp.xsd"),
    (vcloud_type("task"), "TaskType", "task.xsd"),
    (vcloud_type("tasksList"), "TasksListType", "tasksList.xsd"),
    (vcloud_type("error"), "ErrorType", "common.xsd"),
    (vcloud_type("entity"), "EntityType", "entity.xsd"),
    (admin_type("blockingTask"), "BlockingTaskType", "taskExtensionRequest.xsd"),
)


def versions(call: Call) -> Element:
    qualified = f"{{{VERSIONS}}}"
    element = root(qualified + "SupportedVersions", {None: VERSIONS})
    for version in call.dialect.settings.versions:
        differs = traits(version)
        info = sub(element, qualified + "VersionInfo", deprecated="false" if differs.version_deprecated else None)
        sub(info, qualified + "Version", version)
        sub(info, qualified + "LoginUrl", call.href("/api/sessions"))
        if differs.media_type_mappings:
            for media_type, complex_type, schema in _MAPPINGS:
                mapping = sub(info, qualified + "MediaTypeMapping")
                sub(mapping, qualified + "MediaType", media_type)
                sub(mapping, qualified + "ComplexTypeName", complex_type)
                sub(mapping, qualified + "SchemaLocation", call.href(f"/api/v1.5/schema/{schema}"))
    return element


def session(call: Call, user: User) -> Element:
    href = call.href("/api/session")
    element = root(
        V + "Session",
        USER_VIEW,
        user=user.name,
        org=user.org.name,
        userId=f"urn:vcloud:user:{user.id}" if call.traits.session_user_id else None,
        roles=user.role.value if call.traits.session_roles else None,
        locationId=LOCATION if call.traits.session_locations else None,
        type=vcloud_type("session"),
        href=href + "/" if call.traits.session_slash else href,
    )
    link(element, "down", call.href("/api/org/"), vcloud_type("orgList"))
    link(element, "remove", href)
    if user.administers(user.org):
        link(element, "down", call.href("/api/admin/"), admin_type("vcloud"))
    if user.is_sysadmin:
        link(element, "down", call.href("/api/admin/extension"), admin_type("vmwExtension"))
    link(element, "down", call.entity_href("org", user.org.id), vcloud_type("org"), user.org.name)
    link(element, "down", call.href(QUERY_PATH), QUERY_LIST)
    link(element, "entityResolver", call.href("/api/entity/"), vcloud_type("entity"))
    if call.traits.extension_services:
        link(element, "down:extensibility", call.href("/api/extensibility"), vcloud_type("apiextensibility"))
    if call.traits.session_locations:
        location = sub(sub(element, V + "AuthorizedLocations"), V + "Location", name=LOCATION)
        sub(location, V + "LocationId", LOCATION)
        sub(location, V + "LocationName", LOCATION)
        sub(location, V + "OrgName", user.org.name)
        sub(location, V + "RestApiEndpoint", call.href("/api"))
        sub(location, V + "UIEndpoint", call.href("/"))
        sub(location, V + "AuthContext", user.org.name)
    return element
