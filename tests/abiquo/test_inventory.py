"""Enterprises, users, roles, properties and machines as data: reading them, changing them, and who may."""

from __future__ import annotations

from typing import Any

import pytest

from gatepost import Gatepost
from tests.abiquo.conftest import Users
from tests.support.abiquo_client import VENDOR, AbiquoClient, links_of


def test_every_link_leads_somewhere(cloud: Gatepost, admin: AbiquoClient) -> None:
    """Whatever an administrator is shown can be read, with the type that its link names."""
    task = admin.deploy("web")
    todo = {f"{admin.root}/{path}": "" for path in ("login", "admin/enterprises", "admin/roles", "admin/scopes")}
    todo |= {f"{admin.root}/{path}": "" for path in ("config/properties", "config/privileges", "events")}
    todo |= {f"{admin.root}/cloud/virtualdatacenters": "", task: ""}
    seen: set[str] = set()
    actions = {"deploy", "undeploy", "reset", "continue", "cancel", "acknowledge"}
    while todo:
        href, kind = todo.popitem()
        seen.add(href)
        reply = admin.get(href, accept=f"{kind}; version=6.1" if kind else None)
        assert reply.status == 200, reply
        assert kind in ("", reply.type), reply
        for link in _links(reply.json):
            if link["rel"] not in actions and link["href"] not in seen:
                todo[link["href"]] = link.get("type", "")
    assert len(seen) > 50


def _links(shape: Any) -> list[dict[str, str]]:
    if isinstance(shape, list):
        return [link for one in shape for link in _links(one)]
    if not isinstance(shape, dict):
        return []
    own = list(shape.get("links", []))
    return own + [link for name, value in shape.items() if name != "links" for link in _links(value)]


def test_lists_come_in_pages(admin: AbiquoClient) -> None:
    appliance = links_of(admin.machine())["virtualappliance"]
    for number in range(28):
        body = {"label": f"vm-{number:02}"}
        assert admin.post(f"{appliance}/virtualmachines", body, kind="virtualmachine").status == 201
    page = admin.get("cloud/virtualmachines?has=vm-").json
    assert (page["totalSize"], len(page["collection"])) == (28, 25)
    links = links_of(page)
    assert sorted(links) == ["first", "last", "next"]
    assert "startwith" not in links["first"]
    assert "has=vm-" in links["next"]
    second = admin.get(links["next"]).json
    assert [vm["label"] for vm in second["collection"]] == ["vm-25", "vm-26", "vm-27"]
    assert sorted(links_of(second)) == ["first", "last", "previous"]
    assert len(admin.get("cloud/virtualmachines?limit=0").json["collection"]) == 30
    backwards = admin.get("cloud/virtualmachines?has=vm-&asc=false&limit=1").json["collection"]
    assert backwards[0]["label"] == "vm-27"


def test_properties_and_both_ways_to_set_them(cloud: Gatepost, admin: AbiquoClient) -> None:
    both = admin.get("config/properties?component=client.main").json["collection"]
    assert [(one["name"], one["value"]) for one in both] == [
        ("client.main.workflowEnabled", "0"),
        ("client.main.workflowEndPoint", ""),
    ]
    enabled = {"name": "client.main.workflowEnabled", "value": "1"}
    assert admin.post("config/properties", enabled, kind="systemproperty").status == 201
    [listed] = admin.get("config/properties?name=client.main.workflowEnabled").json["collection"]
    assert listed["value"] == "1"
    put = admin.put(links_of(listed)["edit"], {**listed, "value": "0"}, kind="systemproperty")
    assert (put.status, put.json["value"]) == (200, "0")
    assert admin.get("config/properties?name=none").json["collection"] == []
    cloud.settings.update({"abiquo.sysprop_post": "strict"})
    assert admin.post("config/properties", enabled, kind="systemproperty").refusal == (400, "SYSPROP-1")
    renamed = {**listed, "name": "client.main.workflowEndPoint"}
    assert admin.put(links_of(listed)["edit"], renamed, kind="systemproperty").refusal == (409, "SYSPROP-1")
    mine = [{"name": "mine.a", "value": "1"}, {"name": "mine.b", "value": "2"}]
    assert admin.put("config/properties?component=mine", {"collection": mine}, kind="systemproperties").status == 200
    admin.put("config/properties?component=mine", {"collection": mine[:1]}, kind="systemproperties")
    names = [one["name"] for one in admin.get("config/properties").json["collection"]]
    assert names == ["client.main.workflowEnabled", "client.main.workflowEndPoint", "mine.a"]
    assert (
        admin.delete(links_of(admin.get("config/properties?name=mine.a").json["collection"][0])["edit"]).status == 204
    )


def test_an_enterprise_keeps_its_limits_under_both_names(admin: AbiquoClient) -> None:
    made = admin.post("admin/enterprises", {"name": "globex", "cpuCountHardLimit": 8}, kind="enterprise").json
    assert (made["cpuCountHardLimit"], made["workflow"]) == (8, False)
    edit = links_of(made)["edit"]
    body = b"<enterprise><name>globex</name><workflow>true</workflow><cpuHard>4</cpuHard></enterprise>"
    headers = {"Content-Type": f"{VENDOR}enterprise+xml"}
    changed = admin.put(edit, body, headers=headers, accept=f"{VENDOR}enterprise+xml").xml
    assert (changed.findtext("cpuHard"), changed.findtext("workflow")) == ("4", "true")
    assert admin.get(edit).json["cpuCountHardLimit"] == 4
    assert admin.post("admin/enterprises", {"name": "globex"}, kind="enterprise").refusal == (409, "409-CONFLICT")


def test_approvers_are_found_by_the_title_of_their_role(cloud: Gatepost, approver: AbiquoClient) -> None:
    """In JSON by the link, in the XML of old servers by nested elements."""
    [acme] = approver.get("admin/enterprises?has=acme").json["collection"]
    users = approver.get(links_of(acme)["users"]).json["collection"]
    roles = {user["nick"]: link["title"] for user in users for link in user["links"] if link["rel"] == "role"}
    assert roles == {"manager": "ENTERPRISE_ADMIN", "joe": "USER"}
    assert all(user["email"] for user in users)
    cloud.settings.update({"abiquo.default_format": "xml", "abiquo.api_version": "2.6"})
    old = approver.get(f"{links_of(acme)['users']}", accept="*/*").xml
    assert old.tag == "usersWithRoles"
    found = {user.findtext("email"): user.findtext("role/name") for user in old.iterfind("userWithRole")}
    assert set(found.values()) == {"ENTERPRISE_ADMIN", "USER"}
    assert all(found)


def test_a_users_life(cloud: Gatepost, admin: AbiquoClient, users: Users) -> None:
    login = links_of(admin.get("login").json)
    [role] = [one for one in admin.get("admin/roles").json["collection"] if one["name"] == "USER"]
    link = {"rel": "role", "href": links_of(role)["edit"]}
    here = links_of(admin.get(login["enterprise"]).json)["users"]
    body = {"nick": "new", "name": "Ned", "email": "ned@example.com", "password": "pw", "links": [link]}
    made = admin.post(here, body, kind="user")
    assert (made.status, made.headers["location"]) == (201, made.links()["edit"])
    assert admin.post(here, body, kind="user").refusal == (409, "409-CONFLICT")
    new = users("new", "pw")
    own = new.get("login").json
    assert new.put(links_of(own)["edit"], {**own, "surname": "Ewing"}, kind="user").json["surname"] == "Ewing"
    [powerful] = [one for one in admin.get("admin/roles").json["collection"] if one["name"] == "CLOUD_ADMIN"]
    other = [one for one in own["links"] if one["rel"] != "role"]
    grab = {**own, "links": [*other, {"rel": "role", "href": links_of(powerful)["edit"]}]}
    assert new.put(links_of(own)["edit"], grab, kind="user").refusal == (403, "GEN-4")
    admin.put(links_of(own)["edit"], {**own, "active": False}, kind="user")
    assert new.get("login").status == 401
    assert admin.delete(links_of(own)["edit"]).status == 204
    assert admin.get(links_of(own)["edit"]).refusal == (404, "USER-3")


def test_enterprises_do_not_see_each_other(admin: AbiquoClient, users: Users) -> None:
    joe, manager = users("joe"), users("manager")
    [house] = admin.get("admin/enterprises?has=Abiquo").json["collection"]
    place = links_of(admin.get(links_of(joe.machine())["virtualdatacenter"]).json)["location"]
    body = {"name": "theirs", "links": [{"rel": "location", "href": place}]}
    vdc = admin.post("cloud/virtualdatacenters", body, kind="virtualdatacenter").links()["edit"]
    for one in (joe, manager):
        for href in (links_of(house)["edit"], vdc, links_of(admin.get("login").json)["edit"]):
            assert one.get(href).refusal == (403, "GEN-4"), href
        assert [vdc["name"] for vdc in one.get("cloud/virtualdatacenters").json["collection"]] == ["acme-vdc"]
    assert manager.get("admin/enterprises").json["totalSize"] == 1
    assert {vdc["name"] for vdc in admin.get("cloud/virtualdatacenters").json["collection"]} == {"acme-vdc", "theirs"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "config/properties"),
        ("GET", "admin/roles"),
        ("POST", "admin/roles"),
        ("GET", "admin/scopes"),
        ("POST", "admin/scopes"),
        ("POST", "admin/enterprises"),
        ("POST", "cloud/virtualdatacenters"),
        ("POST", "admin/enterprises/29/users"),
        ("GET", "admin/enterprises"),
    ],
)
def test_a_plain_user_lacks_the_privilege(joe: AbiquoClient, method: str, path: str) -> None:
    assert joe.request(method, path, {} if method == "POST" else None).refusal == (403, "403-FORBIDDEN")


def test_a_scope_reaches_only_what_it_names(cloud: Gatepost, admin: AbiquoClient, users: Users) -> None:
    [acme] = admin.get("admin/enterprises?has=acme").json["collection"]
    [house] = admin.get("admin/enterprises?has=Abiquo").json["collection"]
    scope = admin.post(
        "admin/scopes",
        {"name": "only acme", "scopeEntities": [{"idResource": acme["id"], "type": "ENTERPRISE"}]},
        kind="scope",
    ).json
    assert [one["idResource"] for one in scope["scopeEntities"]] == [acme["id"]]
    held = {one["name"]: one["links"][0]["href"] for one in admin.get("config/privileges").json["collection"]}
    wanted = ("USERS_VIEW", "ENTERPRISE_ENUMERATE", "WORKFLOW_OVERRIDE")
    role = admin.post(
        "admin/roles",
        {
            "name": "REVIEWER",
            "links": [
                {"rel": "scope", "href": links_of(scope)["edit"]},
                *({"rel": "privilege", "href": held[name]} for name in wanted),
            ],
        },
        kind="role",
    )
    globex = admin.post("admin/enterprises", {"name": "globex"}, kind="enterprise").links()["edit"]
    body = {"nick": "rev", "password": "gatepost", "links": [{"rel": "role", "href": role.links()["edit"]}]}
    admin.post(links_of(house)["users"], body, kind="user")
    reviewer = users("rev")
    assert {one["name"] for one in reviewer.get("admin/enterprises").json["collection"]} == {"Abiquo", "acme"}
    assert reviewer.get(f"{links_of(acme)['edit']}/action/pendingtasks").json["totalSize"] == 0
    assert reviewer.get(f"{globex}/action/pendingtasks").refusal == (403, "GEN-4")


PRECONDITIONS = [
    # label, request, refusal
    ("db", ("POST", "deploy", None), (409, "VM-7")),
    ("web", ("POST", "reset", None), (409, "VM-11")),
    ("db", ("POST", "reset", None), (409, "VM-26")),
    ("web", ("PUT", "state", {"state": "ON"}), (409, "VM-11")),
    ("db", ("PUT", "state", {"state": "OFF"}), (409, "VM-4")),
    ("db", ("PUT", "state", {"state": "DANCING"}), (400, "GEN-3")),
    ("db", ("PUT", "edit", {"cpu": "many"}), (400, "GEN-3")),
]


@pytest.mark.parametrize(("label", "request_", "refusal"), PRECONDITIONS)
def test_what_a_machines_state_forbids(
    joe: AbiquoClient, label: str, request_: tuple[str, str, Any], refusal: tuple[int, str]
) -> None:
    method, rel, body = request_
    assert joe.request(method, links_of(joe.machine(label))[rel], body).refusal == refusal


@pytest.mark.parametrize(
    ("method", "rel", "code"),
    [
        ("POST", "deploy", "VM-7"),
        ("POST", "undeploy", "VM-12"),
        ("POST", "reset", "VM-11"),
        ("PUT", "state", "VM-11"),
        ("PUT", "edit", "VM-10"),
        ("DELETE", "edit", "VM-8"),
    ],
)
def test_what_a_running_task_forbids(joe: AbiquoClient, method: str, rel: str, code: str) -> None:
    joe.deploy("web")
    body = {"state": "OFF"} if method == "PUT" else None
    assert joe.request(method, links_of(joe.machine("web"))[rel], body).refusal == (409, code)


def test_the_states_of_an_appliance(cloud: Gatepost, admin: AbiquoClient) -> None:
    appliance = links_of(admin.machine())["virtualappliance"]

    def power() -> object:
        return admin.get(f"{appliance}/state").json["power"]

    assert power() == "NEEDS_SYNC"
    admin.deploy("web")
    assert power() == "LOCKED"
    cloud.clock.advance(5)
    assert power() == "DEPLOYED"
    assert admin.post(f"{appliance}/action/undeploy").status == 202
    cloud.clock.advance(5)
    assert power() == "NOT_DEPLOYED"
    assert admin.post(f"{appliance}/action/undeploy").json == {"links": []}
    empty = admin.post(appliance.rpartition("/")[0], {"name": "empty"}, kind="virtualappliance")
    assert empty.json["state"] == "EMPTY"
    old = f"{VENDOR}virtualappliance+json; version=2.6"
    assert admin.get(empty.links()["edit"], accept=old).json["state"] == "NOT_DEPLOYED"
