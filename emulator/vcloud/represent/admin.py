"""The administrators' view: VCloud, AdminOrg, AdminVdc, User, VMWExtension (reference, sections 2.4 and 2.5)."""

from __future__ import annotations

from gatepost.core.inventory import Organization, ProviderVdc, Role, User
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import EXTENSION_VIEW, USER_VIEW, V, X, admin_type, vcloud_type
from gatepost.vcloud.represent import rights
from gatepost.vcloud.represent.links import admin_reference, link, reference
from gatepost.vcloud.rights import Right
from gatepost.vcloud.xmlio import Element, root, sub

EXTENSION_LISTS = {
    "providerVdcReferences": ("VMWProviderVdcReferences", "vmwProviderVdcReferences"),
    "externalNetworkReferences": ("VMWExternalNetworkReferences", "vmwExternalNetworkReferences"),
    "networkPoolReferences": ("VMWNetworkPoolReferences", "vmwNetworkPoolReferences"),
    "vimServerReferences": ("VMWVimServerReferences", "vmwVimServerReferences"),
    "hostReferences": ("VMWHostReferences", "vmwHostReferences"),
    "datastores": ("DatastoreReferences", "datastoreList"),
}
"""Below `/admin/extension`: path, root element, media type. The emulated cloud has no vSphere behind it."""


def vcloud(call: Call, orgs: list[Organization], roles: dict[Role, str], all_rights: list[Right]) -> Element:
    element = root(
        V + "VCloud",
        USER_VIEW,
        name="Gatepost",
        type=admin_type("vcloud"),
        href=call.href("/api/admin/"),
    )
    sub(element, V + "Description")
    references = sub(element, V + "OrganizationReferences")
    for org in orgs:
        tag = V + "OrganizationReference"
        admin_reference(call, references, tag, "org", "organization", org.id, org.name)
    if call.user.is_sysadmin:
        references = sub(element, V + "ProviderVdcReferences")
        for provider in call.world.inventory.provider_vdcs.values():
            tag = V + "ProviderVdcReference"
            admin_reference(call, references, tag, "providervdc", "providervdc", provider.id, provider.name)
    rights.references(call, element, all_rights)
    references = sub(element, V + "RoleReferences")
    for role, id in roles.items():
        admin_reference(call, references, V + "RoleReference", "role", "role", id, role.value)
    sub(element, V + "Networks")
    return element


def organization(call: Call, org: Organization) -> Element:
    element = root(
        V + "AdminOrg",
        USER_VIEW,
        name=org.name,
        id=f"urn:vcloud:org:{org.id}",
        type=admin_type("organization"),
        href=call.href(f"/api/admin/org/{org.id}"),
    )
    link(element, "down", call.href(f"/api/tasksList/{org.id}"), vcloud_type("tasksList"))
    link(element, "alternate", call.entity_href("org", org.id), vcloud_type("org"))
    link(element, "add", call.href(f"/api/admin/org/{org.id}/catalogs"), admin_type("catalog"))
    link(element, "down", call.href(f"/api/admin/org/{org.id}/metadata"), vcloud_type("metadata"))
    if call.user.is_sysadmin and call.traits.external_tasks:
        link(element, "event:create", call.href(f"/api/admin/org/{org.id}/events"), admin_type("event"))
        link(element, "task:create", call.href(f"/api/tasksList/{org.id}"), vcloud_type("task"))
    sub(element, V + "Description")
    sub(element, V + "FullName", org.full_name)
    sub(element, V + "IsEnabled", "true")
    sub(element, V + "Settings")
    users = sub(element, V + "Users")
    for user in org.users.values():
        if user.password is not None:
            reference(call, users, V + "UserReference", user.ref)
    sub(element, V + "Groups")
    catalogs = sub(element, V + "Catalogs")
    for one in org.catalogs.values():
        admin_reference(call, catalogs, V + "CatalogReference", "catalog", "catalog", one.id, one.name)
    vdcs = sub(element, V + "Vdcs")
    for one_vdc in org.vdcs.values():
        admin_reference(call, vdcs, V + "Vdc", "vdc", "vdc", one_vdc.id, one_vdc.name)
    networks = sub(element, V + "Networks")
    for network in org.networks.values():
        sub(
            networks,
            V + "Network",
            type=vcloud_type("orgNetwork"),
            name=network.name,
            href=call.entity_href("network", network.id),
        )
    return element


def provider_vdc(call: Call, provider: ProviderVdc) -> Element:
    element = root(
        V + "ProviderVdc",
        USER_VIEW,
        status=1,
        name=provider.name,
        id=f"urn:vcloud:providervdc:{provider.id}",
        type=admin_type("providervdc"),
        href=call.href(f"/api/admin/providervdc/{provider.id}"),
    )
    link(element, "up", call.href("/api/admin/"), admin_type("vcloud"))
    sub(element, V + "Description")
    vdcs = sub(element, V + "Vdcs")
    for one in call.world.inventory.vdcs.values():
        if one.provider is provider:
            admin_reference(call, vdcs, V + "Vdc", "vdc", "vdc", one.id, one.name)
    sub(element, V + "IsEnabled", "true")
    return element


def user(call: Call, user: User, role_id: str) -> Element:
    element = root(
        V + "User",
        USER_VIEW,
        name=user.name,
        id=f"urn:vcloud:user:{user.id}",
        type=admin_type("user"),
        href=call.entity_href("user", user.id),
    )
    link(element, "up", call.href(f"/api/admin/org/{user.org.id}"), admin_type("organization"))
    if can_remove(call, user):
        link(element, "remove", call.entity_href("user", user.id))
    for name, text in (
        ("Description", ""),
        ("FullName", user.full_name),
        ("EmailAddress", f"{user.name}@{user.org.name}.example"),
        ("Telephone", ""),
        ("IsEnabled", "true"),
        ("IsLocked", "false"),
        ("IM", ""),
        ("NameInSource", user.name),
        ("IsAlertEnabled", "false"),
        ("AlertEmailPrefix", ""),
        ("AlertEmail", ""),
        ("IsExternal", "false"),
        *((("ProviderType", "INTEGRATED"),) if call.traits.user_provider_type else ()),
        ("IsDefaultCached", "false"),
        ("IsGroupRole", "false"),
        ("StoredVmQuota", "0"),
        ("DeployedVmQuota", "0"),
    ):
        sub(element, V + name, text)
    admin_reference(call, element, V + "Role", "role", "role", role_id, user.role.value)
    sub(element, V + "GroupReferences")
    return element


def can_remove(call: Call, user: User) -> bool:
    """Nobody removes himself, nor the cloud's own user."""
    return user is not call.user and user.password is not None and call.user.administers(user.org)


def role(call: Call, role: Role, id: str, held: list[Right]) -> Element:
    element = root(
        V + "Role",
        USER_VIEW,
        name=role.value,
        id=f"urn:vcloud:role:{id}",
        type=admin_type("role"),
        href=call.href(f"/api/admin/role/{id}"),
    )
    if call.user.is_sysadmin and role is not Role.SYSTEM_ADMINISTRATOR:
        link(element, "edit", call.href(f"/api/admin/role/{id}"), admin_type("role"))
    sub(element, V + "Description")
    rights.references(call, element, held)
    return element


def extension(call: Call) -> Element:
    base = call.href("/api/admin/extension")
    element = root(X + "VMWExtension", EXTENSION_VIEW, type=admin_type("vmwExtension"), href=base)
    for path, (_, type_name) in EXTENSION_LISTS.items():
        link(element, "down", f"{base}/{path}", admin_type(type_name))
    link(element, "down", f"{base}/settings", admin_type("systemSettings"))
    if call.traits.extension_services:
        link(element, "down", f"{base}/service", admin_type("extensionServices"))
    # The guides, one SDK and the server's own constant disagree about the rel of this link; both serve all readers.
    link(element, "down", f"{base}/blockingTasks", admin_type("blockingTaskList"))
    link(element, "blockingTask", f"{base}/blockingTasks", admin_type("blockingTaskList"))
    return element
