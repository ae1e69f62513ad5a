"""The record types: what each tells is true, complete, and of the type that the published schema says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from lxml import etree

from gatepost import Gatepost
from gatepost.core.eventbook import KEEP_EVENTS
from gatepost.vcloud.query.kinds import FLAG, MOMENT, NUMBER, REFERENCE, TEXT
from gatepost.vcloud.query.types import RECORD_TYPES
from tests.support import schemas
from tests.support.client import VcloudClient, find_link
from tests.support.house import House, id_of
from tests.support.query import QUERY, ask, links, records, url, values
from tests.support.tenant import href_of, the

Connect = Callable[..., VcloudClient]


def one(client: VcloudClient, type: str, filter: str) -> dict[str, str]:
    """The one record that a filter finds, with its attributes."""
    found = records(ask(client, type, filter=filter))
    assert len(found) == 1, found
    return dict(found[0].attrib)


# The table

TOLD: Final = {
    "task": "org orgName name startDate endDate status progress ownerName object objectType objectName "
    "serviceNamespace",
    "adminTask": "org orgName name startDate endDate status progress ownerName object objectType objectName "
    "serviceNamespace owner cellName hasOwner",
    "blockingTask": "status operationName owner ownerName originatingOrg originatingOrgName creationDate "
    "expirationTime timeoutAction task jobStatus hasOwner",
    "event": "eventType timeStamp eventStatus userName orgName entityType entityName serviceNamespace entity",
    "adminEvent": "eventType timeStamp eventStatus userName orgName entityType entityName serviceNamespace entity "
    "eventId productVersion org",
    "vApp": "name vdc vdcName isPublic isEnabled isBusy creationDate status ownerName isDeployed isInMaintenanceMode "
    "isExpired",
    "adminVApp": "name vdc vdcName isEnabled isBusy creationDate status ownerName isDeployed isInMaintenanceMode "
    "isExpired org storageKB numberOfVMs",
    "organization": "name displayName isEnabled isReadOnly canPublishCatalogs numberOfCatalogs numberOfVdcs "
    "numberOfVApps",
    "user": "name fullName isEnabled numberOfDeployedVMs isLdapUser",
    "adminUser": "name fullName isEnabled numberOfDeployedVMs isLdapUser org",
    "orgVdc": "name",
    "catalog": "name",
    "catalogItem": "name",
    "vm": "name",
    "vAppTemplate": "name",
}
"""The table of the reference, section 9, without what is still to come."""


@pytest.mark.parametrize("type", TOLD)
def test_what_the_reference_lists_can_be_asked_for(house: House, type: str) -> None:
    assert ask(house.client("administrator@System", "33.0"), type, fields=TOLD[type].replace(" ", ",")).status == 200


_KINDS: Final = {
    TEXT: {"string"},
    NUMBER: {"int", "long", "integer"},
    FLAG: {"boolean"},
    MOMENT: {"dateTime"},
    REFERENCE: {"string"},
}
BESIDE: Final = {
    "vApp": {"numberOfVMs", "numberOfCpus", "memoryAllocationMB", "storageKB"},
    "adminVApp": {"numberOfCpus"},
    "orgNetwork": {"linkType"},
    "adminOrgNetwork": {"linkType"},
}
"""Attributes that no schema tells of, though real servers and clients do."""


@pytest.mark.skipif(not schemas.available(), reason=f"{schemas.VARIABLE} is unset: set it to the published XSD set")
@pytest.mark.parametrize("name", RECORD_TYPES)
def test_the_table_is_the_schemas(name: str) -> None:
    """Validation cannot tell a misspelt attribute: the schema lets records have any."""
    type, declared = RECORD_TYPES[name], _declared(RECORD_TYPES[name].record)
    told = {one.name: one for one in type.attributes}
    assert len(told) == len(type.attributes)
    assert told.keys() - declared.keys() == BESIDE.get(name, set())
    for attribute in told.keys() & declared.keys():
        kind, since = declared[attribute]
        assert kind in _KINDS[told[attribute].kind], attribute
        # A type knows since when it is there itself, and its attributes need not repeat it.
        assert (told[attribute].since or type.since) == since, attribute


def _declared(record: str) -> dict[str, tuple[str, str | None]]:
    """The type and the first API version, if that is told, of each attribute of a record's type."""
    xs = "{http://www.w3.org/2001/XMLSchema}"
    file = Path(os.environ[schemas.VARIABLE], "vcloud/1.5/schemas/vcloud/queryRecordView.xsd")
    schema = etree.parse(file)
    [element] = [one for one in schema.iter(f"{xs}element") if one.get("name") == record]
    [type] = [one for one in schema.iter(f"{xs}complexType") if one.get("name") == element.get("type")]
    return {
        one.get("name", ""): (
            one.get("type", "").rpartition(":")[2],
            next((version.get("added-in") for version in one.iter("{http://www.vmware.com/vcloud/meta}version")), None),
        )
        for one in type.iter(f"{xs}attribute")
    }


# What they tell


def test_a_vapp(house: House) -> None:
    record = one(house.alice, "vApp", "name==on")
    document = house.alice.get(house.on).xml
    assert record["href"] == href_of(document)
    assert record["vdc"] == house.world.url + house.vdc
    assert record["creationDate"] > "20"
    told = {name: record[name] for name in ("status", "isDeployed", "isBusy", "ownerName", "vdcName")}
    assert told == {
        "status": "POWERED_ON",
        "isDeployed": "true",
        "isBusy": "false",
        "ownerName": "alice",
        "vdcName": "acme-vdc",
    }
    held = one(house.alice, "vApp", "status==UNRESOLVED")
    assert (held["name"], held["isBusy"], held["isDeployed"]) == ("held", "true", "false")
    size = one(house.admin, "adminVApp", "name==on")
    names = ("numberOfVMs", "numberOfCpus", "memoryAllocationMB", "storageKB")
    assert [int(size[name]) for name in names] == [1, 1, 1024, 8192 * 1024]
    assert size["org"].startswith(house.world.url + "/api/org/")


def test_vms_of_vapps_and_of_templates(house: House) -> None:
    alice = house.client("alice@acme", "9.0")
    ours = one(alice, "vm", "containerName==on")
    assert ours["href"] == house.world.url + house.on_vm
    names = ("name", "status", "isVAppTemplate", "numberOfCpus", "memoryMB", "hardwareVersion", "networkName", "owner")
    owner = house.world.url + "/api/admin/user/" + ours["owner"][-36:]
    assert [ours[name] for name in names] == [
        *("centos-vm", "POWERED_ON", "false", "1", "1024", "8", "acme-net"),
        owner,
    ]
    theirs = one(alice, "vm", "isVAppTemplate==true;containerName==centos")
    assert theirs["href"].startswith(house.world.url + "/api/vAppTemplate/vm-")
    assert alice.get(theirs["href"]).status == 200
    assert (theirs["catalogName"], theirs["status"]) == ("base-images", "POWERED_OFF")


@pytest.mark.parametrize("type", ["task", "adminTask"])
def test_a_task(house: House, type: str) -> None:
    admin = house.client("administrator@System", "9.0")
    document = admin.get(house.held_task).xml
    record = one(admin, type, f"id=={id_of(house.held_task)}")
    assert record["href"] == href_of(document)
    assert record["object"] == href_of(the(document, "Owner")) == house.world.url + house.held
    assert (record["objectName"], record["objectType"]) == ("held", "vapp")
    assert record["org"] == href_of(the(document, "Organization"))
    for attribute, told in (("name", "operationName"), ("status", "status"), ("startDate", "startTime")):
        assert record[attribute] == document.get(told)
    assert record["ownerName"] == the(document, "User").get("name") == "alice"
    assert record.get("owner") == (href_of(the(document, "User")) if type == "adminTask" else None)
    assert "endDate" not in record
    done = one(admin, type, f"id=={id_of(house.off_task)}")
    assert done["endDate"] == admin.get(house.off_task).xml.get("endTime")


def test_a_blocking_task(house: House) -> None:
    document = house.admin.get(house.hold).xml
    record = one(house.admin, "blockingTask", "jobStatus==preRunning")
    assert record["href"] == href_of(document)
    assert record["task"] == find_link(document, "up", "application/vnd.vmware.vcloud.task+xml")
    assert record["owner"] == href_of(the(document, "TaskOwner"))
    told = {
        "status": "status",
        "operationName": "name",
        "creationDate": "createdTime",
        "timeoutAction": "timeoutAction",
    }
    for attribute, name in (told | {"expirationTime": "timeoutDate"}).items():
        assert record[attribute] == document.get(name)
    assert (record["ownerName"], record["originatingOrgName"], record["hasOwner"]) == ("held", "acme", "true")


def test_decided_blocking_tasks(cloud: Gatepost) -> None:
    with House(cloud) as own:
        own.admin.abort(own.hold)
        assert records(ask(own.admin, "blockingTask")) == []
        cloud.settings.update({"blockingTask.list": "recent", "blockingTask.status.aborted": "gone"})
        assert (
            one(own.admin, "blockingTask", "operationName==vdcInstantiateVapp;status==gone")["jobStatus"] == "aborted"
        )


def test_the_events_of_an_abort(cloud: Gatepost) -> None:
    with House(cloud) as own:
        before = len(values(ask(own.admin, "adminEvent", pageSize=128)))
        own.admin.abort(own.hold)
        reply = ask(own.admin, "adminEvent", pageSize=128, offset=before)
        found = [dict(record.attrib) for record in records(reply)]
        assert [event["eventType"].removeprefix("com/vmware/vcloud/event/") for event in found] == [
            "blockingtask/abort",
            "vapp/modify",
            "vm/delete",
            "task/abort",
        ]
        assert {(event["orgName"], event["eventStatus"], event["timeStamp"]) for event in found} == {
            ("acme", "1", found[0]["timeStamp"])
        }
        assert [event["userName"] for event in found] == ["administrator", "alice", "alice", "alice"]
        assert found[1]["entity"] == cloud.url + own.held
        assert (found[1]["entityName"], found[1]["entityType"]) == ("held", "vapp")
        assert found[0]["entity"] == cloud.url + own.hold
        assert len({event["eventId"] for event in found}) == 4
        assert not [event for event in found if "href" in event]
        # A tenant sees the same, but for what is of blocking tasks.
        tenant, admin = (
            values(ask(client, "event", pageSize=128, filter="orgName==acme"), "eventType")
            for client in (own.alice, own.admin)
        )
        assert tenant == [type for type in admin if "blocking" not in str(type)] != admin
        assert values(ask(own.bob, "event"), "eventType") == ["com/vmware/vcloud/event/session/login"]


def test_a_failure_is_told_as_one(cloud: Gatepost) -> None:
    with House(cloud) as own:
        own.admin.fail(own.hold)
        reply = ask(own.alice, "event", filter="eventStatus==0")
        assert [str(type).rpartition("event/")[2] for type in values(reply, "eventType")] == [
            "vm/create",
            "vapp/create",
            "task/fail",
        ]


def test_an_organization_keeps_its_newest_events(cloud: Gatepost, connect: Connect) -> None:
    alice, bob = connect(cloud), connect(cloud, "bob@globex")
    acme, globex = (cloud.world.inventory.find_user(*user.split("@")) for user in ("alice@acme", "bob@globex"))
    cloud.world.on_event = lambda event: None
    with cloud.world.lock:
        cloud.world.emit("org/modify", globex.org.ref, globex.org, globex)
        for _ in range(KEEP_EVENTS + 7):
            cloud.world.emit("org/modify", acme.org.ref, acme.org, acme)
        cloud.world.emit("org/create", acme.org.ref, acme.org, acme)
    assert ask(alice, "event", page=79, pageSize=128).xml.get("total") == str(KEEP_EVENTS) == "10000"
    newest = ask(alice, "event", sortDesc="timeStamp", filter="eventType==*create", offset=0)
    assert len(records(newest)) == 1
    assert ask(bob, "event", filter="eventType==*modify").xml.get("total") == "1"
    cloud.reset()
    assert ask(connect(cloud), "event", filter="eventType==*modify").xml.get("total") == "0"


def test_people_and_their_machines(house: House) -> None:
    admin = house.client("administrator@System", "9.0")
    told = {record.get("name"): dict(record.attrib) for record in records(ask(admin, "adminUser", pageSize=128))}
    assert told.keys() == {"administrator", "orgadmin", "alice", "bob"}
    assert (told["alice"]["numberOfStoredVMs"], told["alice"]["numberOfDeployedVMs"]) == ("3", "1")
    assert (told["bob"]["numberOfStoredVMs"], told["bob"]["isLdapUser"]) == ("0", "false")
    assert admin.get(told["alice"]["href"]).xml.get("name") == "alice"
    assert values(ask(house.orgadmin, "user")) == ["orgadmin", "alice"]
    assert values(house.orgadmin.get("/api/admin/users/query")) == ["orgadmin", "alice"]
    assert values(ask(house.orgadmin, "role")) == ["Organization Administrator", "vApp User"]
    assert values(ask(admin, "role")) == ["System Administrator"]
    newer = house.client("administrator@System", "33.0")
    org = told["alice"]["org"]
    assert values(ask(newer, "adminRole", filter=f"org=={org}")) == ["Organization Administrator", "vApp User"]


def test_datacenters_and_organizations(house: House) -> None:
    newest = house.client("alice@acme", "33.0")
    vdc = one(newest, "orgVdc", "name==acme-vdc")
    names = ("numberOfVApps", "numberOfVMs", "numberOfRunningVMs", "numberOfDeployedVApps", "numberOfVAppTemplates")
    assert [vdc[name] for name in names] == ["3", "3", "1", "1", "2"]
    assert (vdc["status"], vdc["isEnabled"], vdc["providerVdcName"]) == ("READY", "true", "provider-vdc")
    admin = one(house.admin, "adminOrgVdc", "name==acme-vdc")
    assert admin["href"] == vdc["href"].replace("/api/", "/api/admin/")
    assert values(ask(house.alice, "organization")) == ["acme"]
    assert values(ask(house.admin, "organization"), "numberOfVApps") == ["0", "3", "0"]
    assert values(ask(house.admin, "providerVdc"), "numberOfVdcs") == ["2"]
    assert values(ask(house.alice, "orgVdcNetwork", filter=f"vdc=={vdc['href']}")) == ["acme-net"]
    assert values(ask(house.alice, "orgNetwork"), "gateway") == ["192.168.100.1"]


def test_the_library(house: House) -> None:
    catalog = one(house.alice, "catalog", "name==base-images")
    assert (catalog["numberOfVAppTemplates"], catalog["numberOfMedia"], catalog["ownerName"]) == ("2", "0", "orgadmin")
    items = ask(house.alice, "catalogItem", filter=f"catalog=={catalog['href']}", sortAsc="name")
    assert values(items) == values(items, "entityName") == ["centos", "two-tier"]
    assert set(values(items, "entityType")) == {"vapptemplate"}
    assert values(items, "entity") == values(ask(house.alice, "vAppTemplate", sortAsc="name"), "href")
    assert values(house.admin.get("/api/catalogs/query"), "orgName") == ["acme", "globex"]


# The ways there


def test_the_session_leads_to_the_queries(house: House) -> None:
    session = house.alice.get("/api/session").xml
    listed = house.alice.get(find_link(session, "down", "application/vnd.vmware.vcloud.query.queryList+xml")).xml
    for link in listed.findall("{*}Link"):
        type = link.get("type", "")
        assert house.alice.get(link.get("href", "")).xml.get("type") == type
        assert link.get("rel") == "down"


@pytest.mark.parametrize(("user", "org"), [("alice@acme", "acme"), ("administrator@System", "globex")])
def test_an_organization_leads_to_its_queries(house: House, user: str, org: str) -> None:
    """As pyvcloud finds them from 33.0 on: the first link with the word, unquoted, every child that is no Link."""
    newest, older = (house.client(user, version) for version in ("33.0", "32.0"))
    href = next(href_of(one) for one in newest.get("/api/org").xml if one.get("name") == org)
    records_type = "application/vnd.vmware.vcloud.query.records+xml"
    document = newest.get(href).xml
    for name, found in (("orgVdc", f"{org}-vdc"), ("catalog", "base-images")):
        assert values(newest.get(find_link(document, "down", records_type, name))) == [found]
    assert not [link for link in older.get(href).xml.findall("{*}Link") if link.get("type") == records_type]


def test_two_organizations_see_nothing_of_each_other(house: House) -> None:
    common = {"service", "apiDefinition", "fileDescriptor"}  # which are the cloud's
    for type in {link.get("name", "") for link in house.bob.get(QUERY).xml.findall("{*}Link")} - common:
        for format in ("records", "idrecords"):
            own, theirs = (ask(client, type, format=format, pageSize=128) for client in (house.bob, house.alice))
            ids = {id_of(value) for record in records(theirs) for value in record.attrib.values() if _has_id(value)}
            seen = {id_of(value) for record in records(own) for value in record.attrib.values() if _has_id(value)}
            provider = id_of(values(ask(house.admin, "providerVdc"), "href")[0] or "")
            assert ids & seen <= {provider}
    acme = values(ask(house.alice, "orgVdc"), "href")[0]
    assert values(ask(house.bob, "vApp", filter=f"vdc=={acme}")) == []


def _has_id(value: str) -> bool:
    return len(value) > 36 and value[-36:].count("-") == 4


def test_versions_know_what_they_know(house: House) -> None:
    old, new = (house.client("administrator@System", version) for version in ("1.5", "33.0"))
    for type in ("adminEvent", "disk", "orgVdcNetwork", "adminRole"):
        assert old.get(url(type=type)).status == 400
        assert new.get(url(type=type)).status == 200
    assert "progress" not in records(ask(old, "task"))[0].attrib
    assert "progress" in records(ask(new, "task"))[0].attrib
    assert old.get(url(type="task", fields="progress")).status == 400
    assert {type for type, _ in links(new.get(QUERY))} == {"down"}
