"""What the query service refuses, and that it says which parameter is wrong (reference, sections 9 and 10)."""

from __future__ import annotations

import pytest

from tests.support.house import House
from tests.support.query import QUERY, url
from tests.support.refusals import DENIED, FORBIDDEN, refused

WRONG = [
    ({"type": "nothing"}, "type", "no query type 'nothing'"),
    ({"type": ""}, "type", "no query type ''"),
    ({"type": "vapp"}, "type", "no query type 'vapp'"),
    ({"type": "x" * 9_000}, "type", "no query type"),
    ({"filter": "name==a"}, "type", "it is missing"),
    ({"format": "json"}, "format", "records or references or idrecords"),
    ({"type": "event", "format": "references"}, "format", "records or idrecords is expected for type event"),
    ({"page": "0"}, "page", "a whole number from 1"),
    ({"page": "-1"}, "page", "a whole number"),
    ({"page": "1.0"}, "page", "a whole number"),
    ({"page": ""}, "page", "a whole number"),
    ({"page": "٣"}, "page", "a whole number"),
    ({"page": "2147483648"}, "page", "2147483647"),
    ({"pageSize": "0"}, "pageSize", "a whole number from 1"),
    ({"pageSize": "9" * 5_000}, "pageSize", "a whole number"),
    ({"offset": "x"}, "offset", "a whole number from 0"),
    ({"sortAsc": "size"}, "sortAsc", "type vApp has no attribute 'size'"),
    ({"sortDesc": "Name"}, "sortDesc", "no attribute 'Name'"),
    ({"fields": "name,size"}, "fields", "no attribute 'size'"),
    ({"fields": "name,,status"}, "fields", "no attribute ''"),
    ({"links": "yes"}, "links", "true or false"),
    ({"filterEncoded": "yes", "filter": "name==a"}, "filterEncoded", "true or false"),
    ({"filter": "size==1"}, "filter", "there is no attribute 'size' (type vApp)"),
    ({"filter": "name=1"}, "filter", "at character 1"),
    ({"filter": "(name==a"}, "filter", "')', ';' or ',' is expected at character 9"),
    ({"filter": "name=gt=a"}, "filter", "name knows == and != only"),
    ({"filter": "vdc=lt=a"}, "filter", "vdc knows == and != only"),
    ({"filter": "isBusy=ge=true"}, "filter", "isBusy knows == and != only"),
    ({"filter": "isBusy==maybe"}, "filter", "isBusy is compared with true or false, not with 'maybe'"),
    ({"filter": "creationDate=lt=yesterday"}, "filter", "creationDate is compared with a date such as"),
    ({"filter": "creationDate==2014-13-01"}, "filter", "creationDate is compared with a date"),
    ({"filter": "creationDate==0001-01-01T00:00:00+23:59"}, None, ""),
    ({"type": "adminVApp", "filter": "numberOfVMs==1*"}, "filter", "numberOfVMs is compared with a whole number"),
    ({"type": "adminVApp", "filter": "numberOfVMs==" + "9" * 30}, "filter", "numberOfVMs is compared with a whole"),
    ({"filter": "name!=a*"}, "filter", "name!= takes no wildcards"),
    ({"filter": "name==a\x00"}, "filter", "control characters"),
    ({"filter": "name==%FF", "filterEncoded": "true"}, "filter", "the value of name is not percent-encoded UTF-8"),
    ({"filter": "(" * 100 + "name==a" + ")" * 100}, "filter", "more than 32 parentheses"),
    ({"filter": ",".join(["name==a"] * 300)}, "filter", "more than 256 comparisons"),
    ({"filter": "name==" + "a" * 9_000}, "filter", "at most 8192"),
]


@pytest.mark.parametrize(("parameters", "field", "why"), WRONG, ids=[str(wrong)[:60] for wrong, _, _ in WRONG])
def test_a_wrong_parameter_is_named(house: House, parameters: dict[str, str], field: str | None, why: str) -> None:
    given = parameters if "type" in parameters or field == "type" else {"type": "vApp", **parameters}
    reply = house.admin.get(url(**given))
    if field is None:
        assert reply.status == 200  # strange, but a date
        return
    message = refused(reply, 400)
    assert message.startswith(f"validation error on field '{field}': ")
    assert why in message
    assert len(message) < 400


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("type=vApp&page=1&page=2", "page"),
        ("type=vApp&type=vApp", "type"),
        ("type=vApp&filter=name==%FF", "query"),
        ("type=vApp&filter=name==%C3", "query"),
        ("&".join(f"x{number}=1" for number in range(100)), "query"),
    ],
)
def test_a_wrong_query_string(house: House, query: str, field: str) -> None:
    assert refused(house.alice.get(f"{QUERY}?{query}"), 400).startswith(f"validation error on field '{field}': ")


def test_a_packaged_query_takes_no_type(house: House) -> None:
    assert "leave the parameter out" in refused(house.alice.get("/api/vApps/query?type=vApp"), 400)


ADMINISTRATORS = ["user", "role"]
SYSTEM = ["adminVApp", "adminVM", "adminTask", "adminEvent", "blockingTask", "adminOrgVdc", "adminUser", "providerVdc"]


@pytest.mark.parametrize("type", SYSTEM)
def test_queries_of_system_administrators(house: House, type: str) -> None:
    assert house.admin.get(url(type=type)).status == 200
    for client in (house.alice, house.orgadmin):
        refused(client.get(url(type=type)), 403, FORBIDDEN, DENIED)
        # Who may not ask learns nothing of what would be wrong.
        refused(client.get(url(type=type, filter="(")), 403, FORBIDDEN, DENIED)


@pytest.mark.parametrize("type", ADMINISTRATORS)
def test_queries_of_administrators(house: House, type: str) -> None:
    assert house.admin.get(url(type=type)).status == house.orgadmin.get(url(type=type)).status == 200
    refused(house.alice.get(url(type=type)), 403, FORBIDDEN, DENIED)


@pytest.mark.parametrize(
    ("path", "users"),
    [
        ("/api/catalogs/query", {"admin", "orgadmin", "alice"}),
        ("/api/mediaList/query", {"admin", "orgadmin", "alice"}),
        ("/api/vAppTemplates/query", {"admin", "orgadmin", "alice"}),
        ("/api/vApps/query", {"admin", "orgadmin", "alice"}),
        ("/api/vms/query", {"admin", "orgadmin", "alice"}),
        ("/api/admin/users/query", {"admin", "orgadmin"}),
        ("/api/admin/orgs/query", {"admin", "orgadmin"}),
        ("/api/admin/extension/vapps/query", {"admin"}),
        ("/api/admin/extension/orgVdcs/query", {"admin"}),
        ("/api/admin/extension/providerVdcReferences/query", {"admin"}),
        ("/api/admin/extension/vimServerReferences/query", {"admin"}),
    ],
)
def test_who_may_ask_packaged_queries(house: House, path: str, users: set[str]) -> None:
    for user in ("admin", "orgadmin", "alice"):
        reply = getattr(house, user).get(path)
        if user in users:
            assert reply.status == 200, reply
        else:
            refused(reply, 403, FORBIDDEN, DENIED)


def test_the_list_shows_what_may_be_asked(house: House) -> None:
    for user in ("admin", "orgadmin", "alice"):
        client = getattr(house, user)
        listed = {link.get("name", "") for link in client.get(QUERY).xml.findall("{*}Link")}
        assert {type for type in SYSTEM if type in listed} == (set(SYSTEM) if user == "admin" else set())
        assert {type for type in ADMINISTRATORS if type in listed} == (
            set(ADMINISTRATORS) if user != "alice" else set()
        )
        assert {"vApp", "vm", "task", "event", "orgVdc", "catalog", "catalogItem", "vAppTemplate"} <= listed
        assert all(client.get(url(type=type)).status == 200 for type in listed)
