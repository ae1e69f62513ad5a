"""The registration of extension services: every part of them, what is refused, and what users see of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from gatepost import Gatepost
from gatepost.vcloud.services.registry import MOST_PARTS
from tests.support.client import VcloudClient, find_link
from tests.support.house import id_of
from tests.support.query import records
from tests.support.refusals import DENIED, FORBIDDEN, NOWHERE, no_access, refused, wrong_collection
from tests.support.services import (
    SERVICES,
    elements,
    everything,
    register,
    rule,
    service,
    service_link,
    url_filter,
    xml,
)
from tests.support.tenant import href_of, the

Connect = Callable[..., VcloudClient]

RECORDS = "application/vnd.vmware.vcloud.query.records+xml"


@pytest.fixture
def admin(cloud: Gatepost, connect: Connect) -> VcloudClient:
    return connect(cloud, "administrator@System")


@pytest.fixture
def alice(cloud: Gatepost, connect: Connect) -> VcloudClient:
    return connect(cloud)


def an_org(cloud: Gatepost) -> str:
    return next(iter(cloud.world.inventory.orgs))


def plain(element: etree._Element) -> list[Any]:
    """What an element holds, without the links and what the cloud added to it."""
    children = [plain(child) for child in element.iterchildren("{*}*") if etree.QName(child).localname != "Link"]
    own = {name: value for name, value in element.attrib.items() if name not in ("id", "href", "type")}
    return [etree.QName(element).localname, own, (element.text or "").strip(), children]


# --- a service -------------------------------------------------------------------------------------------------------


def test_the_way_to_a_registered_service(admin: VcloudClient) -> None:
    extension = admin.get(
        find_link(admin.get("/api/session").xml, "down", "application/vnd.vmware.admin.vmwExtension+xml")
    )
    services = admin.get(find_link(extension.xml, "down", "application/vnd.vmware.admin.extensionServices+xml"))
    add = find_link(services.xml, "add", "application/vnd.vmware.admin.service+xml")
    reply = admin.post(add, service("ticketing", Vendor="us", Priority=7))
    assert reply.status == 201
    found = reply.xml
    assert (found.get("name"), (found.get("id") or "").rpartition(":")[0]) == (
        "ticketing",
        "urn:vcloud:externalService",
    )
    assert admin.get(href_of(found)).body == reply.body
    links = [(link.get("rel"), (link.get("type") or "").rpartition(".")[2]) for link in found.iterfind("{*}Link")]
    assert links == [
        ("remove", ""),
        ("edit", "service+xml"),
        ("up", "extensionServices+xml"),
        ("rights", "rights+xml"),
        ("bundle:upload", "bundleUploadParams+xml"),
        ("authorization:check", "authorizationCheckParams+xml"),
        ("down:apiFilters", "records+xml"),
        ("add", "apiFilter+xml"),
        ("down:serviceLinks", "records+xml"),
        ("add", "serviceLink+xml"),
        ("down:apiDefinitions", "records+xml"),
        ("add", "apiDefinition+xml"),
        ("down:resourceClasses", "records+xml"),
        ("add", "resourceClass+xml"),
    ]
    assert [(etree.QName(one).localname, one.text) for one in found.iterchildren("{*}*")][len(links) :] == [
        ("Description", None),
        ("Namespace", "com.example.ticketing"),
        ("Enabled", "true"),
        ("AuthorizationEnabled", "false"),
        ("RoutingKey", "ticketing"),
        ("Priority", "7"),
        ("Exchange", "vcdext"),
        ("Vendor", "us"),
    ]


def test_what_may_be_left_out(admin: VcloudClient) -> None:
    found = register(admin, service(Enabled=None, AuthorizationEnabled=None))
    values = {etree.QName(one).localname: one.text for one in found.iterchildren("{*}*")}
    assert (values["Enabled"], values["AuthorizationEnabled"], values["Priority"]) == ("false", "false", "50")


def test_everything_at_once_and_back_again(cloud: Gatepost, admin: VcloudClient) -> None:
    body = service(inside=everything(an_org(cloud)), Priority=50)
    found = register(admin, body)
    registered = plain(found)
    wanted = plain(etree.fromstring(body))
    # What was left out is shown as well: the descriptions, with no text.
    assert _without_empty(registered) == _without_empty(wanted)
    # A client that PUTs back what it got changes nothing, not even an id.
    before = admin.get(href_of(found)).body
    reply = admin.put(href_of(found), before)
    assert (reply.status, reply.body) == (200, before)


def _without_empty(shown: list[Any]) -> list[Any]:
    tag, attributes, text, children = shown
    return [tag, attributes, text, [_without_empty(one) for one in children if one[1:] != [{}, "", []]]]


def test_a_put_changes_what_it_holds_and_leaves_the_rest(cloud: Gatepost, admin: VcloudClient) -> None:
    """pyvcloud enables and disables with five elements, and means to keep all the others."""
    found = register(admin, service(inside=everything(an_org(cloud)), Priority=9, Vendor="us"))
    href = href_of(found)
    short = elements(Namespace="another", Enabled="false", RoutingKey="key", Exchange="other")
    changed = admin.put(href, xml("Service", short, name="renamed")).xml
    values = {etree.QName(one).localname: one.text for one in changed.iterchildren("{*}*")}
    assert (changed.get("name"), values["Namespace"], values["Enabled"]) == ("renamed", "com.example.backup", "false")
    assert (values["RoutingKey"], values["Exchange"], values["Priority"], values["Vendor"]) == (
        "key",
        "other",
        "9",
        "us",
    )
    for container in ("ApiFilters", "ServiceLinks", "ApiDefinitions", "ResourceClasses"):
        assert plain(the(changed, container)) == plain(the(found, container))


def test_a_list_in_a_put_replaces_the_list(cloud: Gatepost, admin: VcloudClient) -> None:
    found = register(admin, service(inside=everything(an_org(cloud))))
    kept, gone = the(found, "ApiFilters")
    again = (
        f"<ApiFilter id={kept.get('id')!r}>{elements(UrlPattern='/api/changed')}</ApiFilter>{url_filter('/api/new')}"
    )
    changed = admin.put(href_of(found), xml("Service", f"<ApiFilters>{again}</ApiFilters>")).xml
    first, second = the(changed, "ApiFilters")
    assert (first.get("id"), the(first, "UrlPattern").text) == (kept.get("id"), "/api/changed")
    assert (second.get("id") in (kept.get("id"), gone.get("id")), the(second, "UrlPattern").text) == (False, "/api/new")
    refused(admin.get(href_of(gone)), 403, FORBIDDEN, no_access("apiFilter", id_of(href_of(gone))))


def test_only_a_disabled_service_is_deleted(cloud: Gatepost, admin: VcloudClient) -> None:
    found = register(admin, service(inside=everything(an_org(cloud))))
    href = href_of(found)
    part = href_of(the(found, "ResourceClasses/ResourceClass/ResourceClassActions/ResourceClassAction"))
    assert "disable it" in refused(admin.delete(href), 400)
    admin.put(href, xml("Service", elements(Enabled="false")))
    assert admin.delete(href).status == 204
    refused(admin.get(href), 403, FORBIDDEN, no_access("externalService", id_of(href)))
    refused(admin.get(part), 403, FORBIDDEN, no_access("resourceClassAction", id_of(part)))
    assert records(admin.get(SERVICES + "/query")) == []
    register(admin, service())  # the namespace is free again


def test_a_reset_forgets_services(cloud: Gatepost, admin: VcloudClient) -> None:
    register(admin, service())
    cloud.reset()
    admin.login("administrator@System")
    assert records(admin.get(SERVICES + "/query")) == []


# --- its parts -------------------------------------------------------------------------------------------------------

PARTS = [
    ("ApiFilters/ApiFilter", "apifilters", url_filter("/api/more")),
    ("ServiceLinks/ServiceLink", "links", service_link(Rel="more")),
    ("ApiDefinitions/ApiDefinition", "apidefinitions", '<ApiDefinition name="v2"/>'),
    ("ApiDefinitions/ApiDefinition", "definitions", '<ApiDefinition name="v2"/>'),
    ("ResourceClasses/ResourceClass", "resourceclasses", '<ResourceClass name="more"/>'),
    (
        "ResourceClasses/ResourceClass/ServiceResources/ServiceResource",
        "serviceresources",
        '<ServiceResource name="more"><Org href="{org}"/><ExternalObjectId>8</ExternalObjectId></ServiceResource>',
    ),
    (
        "ResourceClasses/ResourceClass/ResourceClassActions/ResourceClassAction",
        "resourceclassactions",
        f'<ResourceClassAction name="more">{elements(HttpMethod="PUT", UrlPattern="/b")}</ResourceClassAction>',
    ),
    (
        "ResourceClasses/ResourceClass/ResourceClassActions/ResourceClassAction/AclRules/AclRule",
        "aclrules",
        rule(),
    ),
]


@pytest.mark.parametrize(("path", "collection", "body"), PARTS, ids=[one[1] for one in PARTS])
def test_each_part_has_a_life_of_its_own(
    cloud: Gatepost, admin: VcloudClient, path: str, collection: str, body: str
) -> None:
    found = register(admin, service(inside=everything(an_org(cloud))))
    org = next(iter(cloud.world.inventory.orgs))
    tag = path.rpartition("/")[2]
    owner = admin.get(href_of(the(found, "/".join(path.split("/")[:-2])) if path.count("/") > 1 else found)).xml
    whole = body.replace("{org}", org).replace(
        f"<{tag}", f'<{tag} xmlns="http://www.vmware.com/vcloud/extension/v1.5"', 1
    )
    present = the(found, "/".join(path.split("/")[:-1]))

    added = admin.post(f"{href_of(owner)}/{collection}", whole)
    assert added.status == 201, added
    part = added.xml
    if collection != "definitions":
        assert find_link(owner, "add", part.get("type")) == f"{href_of(owner)}/{collection}"
        listed = records(admin.get(find_link(owner, f"down:{_rel(path)}", RECORDS)))
        assert [one.get("href") for one in listed] == [*(one.get("href") for one in present), part.get("href")]
    href = href_of(part)
    assert find_link(part, "remove") == find_link(part, "edit", part.get("type")) == href
    assert find_link(part, "up", owner.get("type")) == href_of(owner)
    read = admin.get(href)
    assert (read.status, read.body) == (200, added.body)
    again = admin.put(href, read.body)
    assert (again.status, again.body) == (200, read.body)
    assert admin.delete(href).status == 204
    refused(admin.get(href), 403, FORBIDDEN)
    assert plain(admin.get(href_of(found)).xml) == plain(found)


def _rel(path: str) -> str:
    container = path.split("/")[-2]
    return container[0].lower() + container[1:]


def test_the_two_ways_to_filter_exclude_each_other(admin: VcloudClient) -> None:
    found = register(admin, service(inside=f"<ApiFilters>{url_filter('/api/x')}</ApiFilters>"))
    href = href_of(the(found, "ApiFilters/ApiFilter"))
    both = elements(UrlPattern="/x", ResponseContentType="text/xml")
    assert "ResponseContentType" in refused(admin.put(href, xml("ApiFilter", both)), 400)
    changed = admin.put(href, xml("ApiFilter", elements(ResponseContentType="text/xml"))).xml
    assert [one[0] for one in plain(changed)[3]] == ["ResponseContentType"]
    assert "UrlPattern" in refused(admin.post(href_of(found) + "/apifilters", xml("ApiFilter")), 400)


# --- what is refused -------------------------------------------------------------------------------------------------

BAD = [
    (service(Namespace=None), "Namespace"),
    (service(RoutingKey=None), "RoutingKey"),
    (service(Exchange=""), "Exchange"),
    (service(Exchange="\u00e4" * 128), "Exchange"),
    (service(Namespace="x" * 256), "Namespace"),
    (service(Priority=101), "Priority"),
    (service(Priority=-1), "Priority"),
    (service(Priority="high"), "Priority"),
    (service(Enabled="perhaps"), "Enabled"),
    (service(name=""), "name"),
    (service(name="x" * 129), "name"),
    (service(inside=f"<ApiFilters>{url_filter('(/api')}</ApiFilters>"), "UrlPattern"),
    (service(inside=f"<ApiFilters>{url_filter('/api/(?=x)')}</ApiFilters>"), "UrlPattern"),
    (service(inside=f"<ApiFilters>{url_filter('x' * 1_025)}</ApiFilters>"), "UrlPattern"),
    (service(inside="<ApiFilters><ApiFilter/></ApiFilters>"), "UrlPattern"),
    (service(inside=f"<ServiceLinks>{service_link(Rel=None)}</ServiceLinks>"), "Rel"),
    (service(inside=f"<ServiceLinks>{service_link(MimeType='x' * 256)}</ServiceLinks>"), "MimeType"),
    (service(inside="<ResourceClasses><ResourceClass/></ResourceClasses>"), "name"),
    (
        service(inside="<ApiDefinitions><ApiDefinition name='x'><Files><FileDescriptor><File/></FileDescriptor></Files>"
        "</ApiDefinition></ApiDefinitions>"),
        "File",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field"), BAD, ids=range(len(BAD)))
def test_a_service_that_cannot_be(admin: VcloudClient, body: str, field: str) -> None:
    assert refused(admin.post(SERVICES, body), 400).startswith(f"validation error on field '{field}': ")
    assert records(admin.get(SERVICES + "/query")) == []


@pytest.mark.parametrize(
    ("accesses", "field"),
    [
        ({"org": ("Everybody",)}, "Access"),
        ({"who": ("Published",)}, "Access"),
        ({"what": ("Published",)}, "Access"),
        ({"org": ("Entity",)}, "Entity"),
        ({"org": ("Entity", NOWHERE)}, "Entity"),
        ({"who": ("Entity", NOWHERE)}, "Entity"),
        ({"what": ("Entity", NOWHERE)}, "Entity"),
        ({"org": ("Entity", "x" * 3_000)}, "Entity"),
    ],
)
def test_an_acl_rule_that_cannot_be(admin: VcloudClient, accesses: dict[str, tuple[str, ...]], field: str) -> None:
    action = elements(HttpMethod="GET", UrlPattern="/x") + f"<AclRules>{rule(**accesses)}</AclRules>"
    inside = (
        '<ResourceClasses><ResourceClass name="x"><ResourceClassActions>'
        f'<ResourceClassAction name="x">{action}</ResourceClassAction></ResourceClassActions></ResourceClass>'
        "</ResourceClasses>"
    )
    assert refused(admin.post(SERVICES, service(inside=inside)), 400).startswith(
        f"validation error on field '{field}': "
    )


def test_a_namespace_is_taken_once(admin: VcloudClient) -> None:
    register(admin, service())
    refused(admin.post(SERVICES, service("other", Namespace="com.example.backup")), 400, "DUPLICATE_NAME")
    register(admin, service("backup", Namespace="com.example.other"))


def test_a_registry_has_an_end(admin: VcloudClient) -> None:
    filters = "".join(url_filter(f"/api/{number}") for number in range(MOST_PARTS - 1))
    found = register(admin, service(inside=f"<ApiFilters>{filters}</ApiFilters>"))
    more = admin.post(href_of(found) + "/apifilters", xml("ApiFilter", elements(UrlPattern="/x")))
    assert str(MOST_PARTS) in refused(more, 400)
    refused(admin.post(SERVICES, service("other")), 400)
    assert admin.delete(href_of(the(found, "ApiFilters")[0])).status == 204
    register(admin, service("other"))


def test_a_part_is_found_under_its_own_kind_only(cloud: Gatepost, admin: VcloudClient) -> None:
    found = register(admin, service(inside=everything(an_org(cloud))))
    vdc = next(iter(cloud.world.inventory.vdcs))
    for id in (id_of(href_of(found)), vdc):
        refused(admin.get(f"{SERVICES}/link/{id}"), 400, text=wrong_collection("serviceLink"))
    refused(admin.get(f"/api/vdc/{id_of(href_of(found))}"), 400, text=wrong_collection("vdc"))
    refused(admin.get(f"{SERVICES}/link/{NOWHERE}"), 403, FORBIDDEN, no_access("serviceLink"))


def test_registration_is_for_system_administrators(cloud: Gatepost, admin: VcloudClient, connect: Connect) -> None:
    href = href_of(register(admin, service(inside=everything(an_org(cloud)))))
    for user in ("orgadmin@acme", "alice@acme"):
        somebody = connect(cloud, user)
        replies = [
            somebody.get(SERVICES),
            somebody.post(SERVICES, service("other")),
            somebody.get(href),
            somebody.put(href, service()),
            somebody.delete(href),
            somebody.get(href + "/rights"),
        ]
        for reply in replies:
            refused(reply, 403, FORBIDDEN, DENIED)
        session = somebody.get("/api/session").xml
        assert find_link(session, "down:extensibility", "application/vnd.vmware.vcloud.apiextensibility+xml")


# --- what every user sees --------------------------------------------------------------------------------------------


def test_users_see_enabled_services_their_definitions_and_files(
    cloud: Gatepost, admin: VcloudClient, alice: VcloudClient
) -> None:
    found = register(admin, service(inside=everything(an_org(cloud)), Vendor="us"))
    session = alice.get("/api/session").xml
    root = alice.get(find_link(session, "down:extensibility")).xml
    [record] = records(alice.get(find_link(root, "down:service", RECORDS)))
    assert (record.get("name"), record.get("vendor"), record.get("namespace")) == ("backup", "us", "com.example.backup")
    shown = alice.get(href_of(record)).xml
    assert (shown.get("name"), the(shown, "Namespace").text) == ("backup", "com.example.backup")
    own, all_of_them = (records(alice.get(find_link(where, "down:apidefinitions", RECORDS))) for where in (shown, root))
    assert [dict(one.attrib) for one in own] == [dict(one.attrib) for one in all_of_them]
    definition = alice.get(href_of(own[0])).xml
    assert the(definition, "EntryPoint").text == f"{cloud.url}/api/backup"
    assert [one.text for one in the(definition, "SupportedApiVersions")] == ["5.1"]
    [file] = records(alice.get(find_link(definition, "down:files", RECORDS)))
    assert [dict(one.attrib) for one in records(alice.get(find_link(root, "down:files", RECORDS)))] == [
        dict(file.attrib)
    ]
    assert (file.get("fileUrl"), file.get("apiName")) == ("http://www.example.com/master.xsd", "v1")
    assert the(alice.get(href_of(file)).xml, "File").get("href") == "http://www.example.com/master.xsd"

    admin.put(href_of(found), xml("Service", elements(Enabled="false")))
    for path in ("/api/service", "/api/apidefinition", "/api/files"):
        assert records(alice.get(path)) == []
    for element in (record, own[0], file):
        refused(alice.get(href_of(element)), 403, FORBIDDEN)


# --- URNs ------------------------------------------------------------------------------------------------------------


def test_urns_of_services_and_in_their_namespaces(cloud: Gatepost, admin: VcloudClient, alice: VcloudClient) -> None:
    found = register(admin, service(inside=everything(an_org(cloud))))
    for element in found.iter("{*}*"):
        id, href = element.get("id", ""), element.get("href")
        if id.startswith("urn:") and href is not None:
            entity = admin.get(f"/api/entity/{id}").xml
            assert find_link(entity, "alternate", element.get("type")) == href
            if ":apiDefinition:" not in id:
                refused(alice.get(f"/api/entity/{id}"), 403, FORBIDDEN, DENIED)
    for path in ("/api/service", "/api/apidefinition", "/api/files"):
        [record] = records(alice.get(path + "?format=idrecords"))
        entity = alice.get(f"/api/entity/{record.get('id')}").xml
        assert find_link(entity, "alternate").startswith(cloud.url + path)
    # The service's own namespace, as one of its resource classes describes it.
    entity = alice.get("/api/entity/URN:Example:backup:ab-1").xml
    assert find_link(entity, "alternate", "application/vnd.example.backup+xml") == f"{cloud.url}/api/backup/ab-1"
    refused(alice.get("/api/entity/urn:example:other"), 400)
    refused(alice.get("/api/entity/urn:example:backup:" + "x" * 1_100), 400)
    admin.put(href_of(found), xml("Service", elements(Enabled="false")))
    refused(alice.get("/api/entity/urn:example:backup:ab-1"), 400)
    refused(alice.get(f"/api/entity/{record.get('id')}"), 403, FORBIDDEN)


# --- localization bundles --------------------------------------------------------------------------------------------


def test_localization_bundles(admin: VcloudClient, alice: VcloudClient) -> None:
    href = href_of(register(admin, service(Enabled="false")))
    params = xml("BundleUploadParams", fileSize="7", serviceNamespace="com.example.backup")
    for path in (SERVICES, href):
        socket = admin.post(path + "/localizationbundles", params)
        assert socket.status == 200
        location = socket.xml.get("uploadLocation", "")
        assert admin.put(location, b"PK\x03\x04...", "application/zip").status == 200
        refused(alice.put(location, b"x"), 403, FORBIDDEN, DENIED)
    # Those of services that are registered stay.
    cleanup = find_link(admin.get(SERVICES).xml, "bundles:cleanup")
    assert admin.post(cleanup).status == 204
    assert admin.put(location, b"x").status == 200
    assert admin.delete(href).status == 204
    assert admin.post(cleanup).status == 204
    refused(admin.put(location, b"x"), 403, FORBIDDEN)
    for wrong in ({"fileSize": "0"}, {"fileSize": "many"}, {"serviceNamespace": ""}):
        given = {"fileSize": "7", "serviceNamespace": "x", **wrong}
        [field] = wrong
        assert field in refused(admin.post(SERVICES + "/localizationbundles", xml("BundleUploadParams", **given)), 400)
