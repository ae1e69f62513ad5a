"""Organizations as a user sees them (reference, section 2.1)."""

from __future__ import annotations

from gatepost.core.inventory import Organization
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import USER_VIEW, V, admin_type, vcloud_type
from gatepost.vcloud.query.parameters import Format, search_url
from gatepost.vcloud.represent.links import link
from gatepost.vcloud.xmlio import Element, root, sub


def org_list(call: Call, orgs: list[Organization]) -> Element:
    element = root(V + "OrgList", USER_VIEW, type=vcloud_type("orgList"), href=call.href("/api/org/"))
    for org in orgs:
        sub(element, V + "Org", type=vcloud_type("org"), name=org.name, href=call.entity_href("org", org.id))
    return element


def org(call: Call, org: Organization) -> Element:
    element = root(
        V + "Org",
        USER_VIEW,
        name=org.name,
        id=f"urn:vcloud:org:{org.id}",
        type=vcloud_type("org"),
        href=call.entity_href("org", org.id),
    )
    for vdc in org.vdcs.values():
        link(element, "down", call.entity_href("vdc", vdc.id), vcloud_type("vdc"), vdc.name)
    link(element, "down", call.href(f"/api/tasksList/{org.id}"), vcloud_type("tasksList"))
    for catalog in org.catalogs.values():
        link(element, "down", call.entity_href("catalog", catalog.id), vcloud_type("catalog"), catalog.name)
        own = call.href(f"/api/org/{org.id}/catalog/{catalog.id}/controlAccess/")
        link(element, "down", own, vcloud_type("controlAccess"), catalog.name)
    for network in org.networks.values():
        link(element, "down", call.entity_href("network", network.id), vcloud_type("orgNetwork"), network.name)
    link(element, "down", call.entity_href("org", org.id) + "/metadata", vcloud_type("metadata"))
    if call.traits.org_query_links:
        # Clients of these versions follow them instead; pyvcloud knows them by the word vdc or catalog in the href.
        for type in ("orgVdc", "catalog"):
            link(element, "down", call.href(search_url(type, "orgName", org.name)), Format.RECORDS.media_type, type)
    if call.user.administers(org):
        link(element, "alternate", call.href(f"/api/admin/org/{org.id}"), admin_type("organization"))
        link(element, "add", call.href(f"/api/admin/org/{org.id}/catalogs"), admin_type("catalog"))
    sub(element, V + "Description")
    sub(element, V + "FullName", org.full_name)
    sub(element, V + "IsEnabled", "true")
    return element
