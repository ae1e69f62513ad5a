"""Rights, roles, and who may send a service which requests, where it leaves that to the cloud."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatepost import Gatepost
from tests.support.client import VcloudClient, find_link
from tests.support.house import id_of
from tests.support.refusals import DENIED, FORBIDDEN, NOWHERE, no_access, refused
from tests.support.schemas import VCLOUD
from tests.support.services import SERVICES, elements, register, rule, service, url_filter, xml
from tests.support.tenant import href_of, the

Connect = Callable[..., VcloudClient]

RIGHT = "application/vnd.vmware.admin.right+xml"
RIGHTS = "application/vnd.vmware.admin.rights+xml"


@pytest.fixture
def admin(cloud: Gatepost, connect: Connect) -> VcloudClient:
    return connect(cloud, "administrator@System")


def right(name: str = "DeleteBackup", category: str = "VcdBackup") -> str:
    return xml("Right", elements(Category=category, BundleKey="key"), namespace=VCLOUD, name=name)


def names(admin: VcloudClient, href: str) -> list[str | None]:
    return [one.get("name") for one in admin.get(href).xml.iterfind("{*}Right")]


def role_of(admin: VcloudClient, name: str) -> str:
    roles = the(admin.get("/api/admin").xml, "RoleReferences")
    return next(one.get("href", "") for one in roles if one.get("name") == name)


# --- rights ----------------------------------------------------------------------------------------------------------


def test_rights_of_the_cloud_and_of_its_roles(cloud: Gatepost, admin: VcloudClient, connect: Connect) -> None:
    listed = the(admin.get("/api/admin").xml, "RightReferences")
    assert len(listed) > 10
    shown = [admin.get(href_of(one)) for one in listed]
    assert [one.xml.get("name") for one in shown] == [one.get("name") for one in listed]
    assert all(the(one.xml, "Category").text for one in shown)
    counts = [
        len(the(admin.get(role_of(admin, name)).xml, "RightReferences"))
        for name in ("System Administrator", "Organization Administrator", "vApp User")
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == len(listed)
    assert connect(cloud, "orgadmin@acme").get(href_of(listed[0])).body.partition(b"<Description")[2]
    refused(connect(cloud).get(href_of(listed[0])), 403, FORBIDDEN, DENIED)
    refused(admin.get(f"/api/admin/right/{NOWHERE}"), 403, FORBIDDEN, no_access("right"))


def test_a_service_brings_rights_along(admin: VcloudClient) -> None:
    found = register(admin, service())
    rights = admin.get(find_link(found, "rights", RIGHTS)).xml
    add = find_link(rights, "add", RIGHT)
    added = admin.post(add, right(), RIGHT)
    assert (added.status, added.xml.get("name")) == (201, "{com.example.backup}:DeleteBackup")
    assert the(added.xml, "ServiceNamespace").text == "com.example.backup"
    assert admin.get(href_of(added.xml)).body == added.body
    # An installer of a public extension recognizes this text and goes on.
    assert 'Right with name "{com.example.backup}:DeleteBackup" already exists' in refused(
        admin.post(add, right()), 400, "DUPLICATE_NAME"
    )
    assert "Category" in refused(admin.post(add, right(category="")), 400)
    assert names(admin, href_of(rights)) == ["{com.example.backup}:DeleteBackup"]
    held = the(admin.get(role_of(admin, "System Administrator")).xml, "RightReferences")
    assert held[-1].get("href") == href_of(added.xml)


def test_rights_are_updated_by_their_names(admin: VcloudClient) -> None:
    found = register(admin, service())
    href = find_link(found, "rights", RIGHTS)
    first = admin.post(href, right("first")).xml
    admin.post(href, right("second"))
    params = "".join(f'<AddRight name="{name}"><v:Category>new</v:Category></AddRight>' for name in ("first", "third"))
    update = xml("UpdateRightsParams", params + "<RemoveRight>second</RemoveRight><RemoveRight>other</RemoveRight>")
    reply = admin.post(href + "/action/updateRights", update)
    assert reply.status == 200
    assert names(admin, href) == ["{com.example.backup}:first", "{com.example.backup}:third"]
    assert the(admin.get(href_of(first)).xml, "Category").text == "new"


def test_rights_outlive_their_service_until_they_are_cleared(admin: VcloudClient) -> None:
    found = register(admin, service(Enabled="false"))
    own = href_of(admin.post(href_of(found) + "/rights", right()).xml)
    cleanup = find_link(admin.get(SERVICES).xml, "rights:cleanup")
    assert admin.post(cleanup).status == 204
    assert admin.get(own).status == 200
    admin.delete(href_of(found))
    assert admin.get(own).status == 200
    assert admin.post(cleanup).status == 204
    refused(admin.get(own), 403, FORBIDDEN)


def test_a_role_is_given_other_rights(cloud: Gatepost, admin: VcloudClient, connect: Connect) -> None:
    own = href_of(admin.post(href_of(register(admin, service())) + "/rights", right()).xml)
    href = role_of(admin, "vApp User")
    assert find_link(admin.get(href).xml, "edit") == href
    body = xml("Role", f'<RightReferences><RightReference href="{own}"/></RightReferences>', VCLOUD, name="vApp User")
    changed = admin.put(href, body)
    assert [one.get("href") for one in the(changed.xml, "RightReferences")] == [own]
    assert admin.get(href).body == changed.body
    refused(admin.put(href, body.replace(own, NOWHERE)), 400)
    refused(admin.put(role_of(admin, "System Administrator"), body), 400)
    refused(connect(cloud, "orgadmin@acme").put(href, body), 403, FORBIDDEN, DENIED)
    cloud.reset()
    admin.login("administrator@System")
    assert len(the(admin.get(role_of(admin, "vApp User")).xml, "RightReferences")) > 1


# --- who may ---------------------------------------------------------------------------------------------------------

WHO = [
    # organization, principal and resource of the only rule; who is let in, on a resource of acme's that is registered,
    # on one that is not, and without any
    (("Published",), ("Shared",), ("Shared",), {"alice": "rno", "orgadmin": "rno", "bob": "rno"}),
    (("Entity", "{acme}"), ("Shared",), ("Shared",), {"alice": "rno", "orgadmin": "rno"}),
    (("Shared",), ("Shared",), ("Shared",), {"alice": "r", "orgadmin": "r"}),
    (("Published",), ("Entity", "{bob}"), ("Shared",), {"bob": "rno"}),
    (("Published",), ("Entity", "{right}"), ("Shared",), {"orgadmin": "rno"}),
    (("Published",), ("Shared",), ("Entity", "{resource}"), {"alice": "r", "orgadmin": "r", "bob": "r"}),
    (("Entity", "{globex}"), ("Entity", "{alice}"), ("Shared",), {}),
]


class Site:
    """A service that leaves it to the cloud who may; `{name}` in its rules are the ids of what there is."""

    def __init__(self, cloud: Gatepost, admin: VcloudClient) -> None:
        inventory = cloud.world.inventory
        self.admin = admin
        self.ids = {one.name: one.id for one in inventory.orgs.values()}
        self.ids |= {one.name: one.id for one in inventory.users.values()}
        rights = the(admin.get("/api/admin").xml, "RightReferences")
        own = next(one for one in rights if one.get("name") == "General: Administrator View")
        self.ids["right"] = id_of(href_of(own))
        resource = f'<ServiceResource name="r"><Org href="{self.ids["acme"]}"/><ExternalObjectId>7</ExternalObjectId>'
        actions = "".join(
            f'<ResourceClassAction name="{name}">{elements(HttpMethod="GET", UrlPattern=pattern)}</ResourceClassAction>'
            for name, pattern in (("one", "/api/backup/(?<id>[0-9a-f-]+)"), ("all", "/backup"))
        )
        inside = (
            f"<ApiFilters>{url_filter('/api/backup.*')}</ApiFilters>"
            f'<ResourceClasses><ResourceClass name="backup"><ServiceResources>{resource}</ServiceResource>'
            f"</ServiceResources><ResourceClassActions>{actions}</ResourceClassActions></ResourceClass></ResourceClasses>"
        )
        self.service = register(admin, service(AuthorizationEnabled="true", inside=inside))
        resource_class = the(self.service, "ResourceClasses/ResourceClass")
        self.ids["resource"] = id_of(href_of(the(resource_class, "ServiceResources/ServiceResource")))
        self.actions = [href_of(one) for one in the(resource_class, "ResourceClassActions")]

    def allow(self, *accesses: tuple[str, ...]) -> None:
        org, who, what = (tuple(part.format(**self.ids) for part in one) for one in accesses)
        body = rule(org, who, what).replace(
            "<AclRule", '<AclRule xmlns="http://www.vmware.com/vcloud/extension/v1.5"', 1
        )
        for action in self.actions:
            assert self.admin.post(action + "/aclrules", body).status == 201

    def check(self, user: str, url: str, method: str = "GET", path: str = "") -> bool:
        inside = f'<User href="/api/admin/user/{self.ids[user]}"/>' + elements(HttpMethod=method, URL=url)
        reply = self.admin.post(
            f"{path or href_of(self.service)}/authorizationcheck", xml("AuthorizationCheckParams", inside)
        )
        assert reply.status == 200
        return the(reply.xml, "IsAuthorized").text == "true"


@pytest.fixture
def site(cloud: Gatepost, admin: VcloudClient) -> Site:
    return Site(cloud, admin)


@pytest.mark.parametrize(("org", "who", "what", "wanted"), WHO, ids=range(len(WHO)))
def test_whom_a_rule_lets_in(
    site: Site, org: tuple[str, ...], who: tuple[str, ...], what: tuple[str, ...], wanted: dict[str, str]
) -> None:
    urls = {"r": "/api/backup/7", "n": "/backup/8", "o": "/api/backup"}
    assert not any(site.check(user, url) for user in ("alice", "orgadmin", "bob") for url in urls.values())
    site.allow(org, who, what)
    let_in = {
        user: "".join(letter for letter, url in urls.items() if site.check(user, url))
        for user in ("alice", "orgadmin", "bob")
    }
    assert {user: letters for user, letters in let_in.items() if letters} == wanted
    # A resource goes by the id that the cloud gave it as well.
    assert site.check("alice", f"/backup/{site.ids['resource']}") == ("r" in let_in["alice"])


def test_what_no_action_covers_is_for_system_administrators(site: Site) -> None:
    site.allow(("Published",), ("Shared",), ("Shared",))
    assert site.check("alice", "/backup")
    for url, method in (("/backup", "PUT"), ("/backup/7/more", "GET"), ("/other", "GET")):
        assert not site.check("alice", url, method)
        assert site.check("administrator", url, method)


def test_a_check_over_all_services(site: Site) -> None:
    site.allow(("Published",), ("Shared",), ("Shared",))
    assert site.check("alice", "/api/backup", path=SERVICES)
    assert not site.check("alice", "/api/backup", "DELETE", path=SERVICES)
    assert not site.check("administrator", "/api/nobodys", path=SERVICES)
    # All services that a request would pass through must let it.
    other = register(site.admin, service("other", inside=f"<ApiFilters>{url_filter('/api/backup')}</ApiFilters>"))
    assert site.check("alice", "/api/backup", path=SERVICES)
    site.admin.put(href_of(other), xml("Service", elements(AuthorizationEnabled="true")))
    assert not site.check("alice", "/api/backup", path=SERVICES)


@pytest.mark.parametrize(
    ("inside", "field"),
    [
        (elements(HttpMethod="GET", URL="/x"), "User"),
        ("<User/>" + elements(HttpMethod="GET", URL="/x"), "User"),
        (f'<User href="{NOWHERE}"/>' + elements(HttpMethod="PATCH", URL="/x"), "HttpMethod"),
        (f'<User href="{NOWHERE}"/>' + elements(HttpMethod="GET", URL="x"), "URL"),
        (f'<User href="{NOWHERE}"/>' + elements(HttpMethod="GET", URL="/" + "x" * 2_048), "URL"),
    ],
)
def test_a_check_that_cannot_be(site: Site, inside: str, field: str) -> None:
    body = xml("AuthorizationCheckParams", inside)
    for path in (SERVICES, href_of(site.service)):
        assert field in refused(site.admin.post(path + "/authorizationcheck", body), 400)
