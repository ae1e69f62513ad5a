"""The links that extension services add to the cloud's own resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from lxml import etree

from gatepost import Gatepost
from tests.support.client import VcloudClient, find_link
from tests.support.house import House, id_of
from tests.support.query import records
from tests.support.services import SERVICES, elements, register, service, service_link, xml
from tests.support.tenant import href_of, the

Connect = Callable[..., VcloudClient]

BACKUPS = "application/vnd.example.backups+xml"
VM = "application/vnd.vmware.vcloud.vm+xml"
ORG = "application/vnd.vmware.vcloud.org+xml"


@pytest.fixture
def house(cloud: Gatepost) -> Iterator[House]:
    with House(cloud) as one:
        yield one


def offer(house: House, *links: str, **changes: object) -> str:
    """Register a service with these links; its href."""
    number = len(records(house.admin.get(SERVICES + "/query")))
    found = register(
        house.admin, service(f"s{number}", inside=f"<ServiceLinks>{''.join(links)}</ServiceLinks>", **changes)
    )
    return href_of(found)


def added(element: etree._Element, rel: str = "down:backups") -> list[str | None]:
    return [link.get("href") for link in element.iterfind("{*}Link") if link.get("rel") == rel]


@pytest.mark.parametrize("template", ["{baseUri}backup/{resourceId}", "{baseUri}/backup/{resourceId}"])
def test_a_link_in_all_resources_of_a_type(house: House, template: str) -> None:
    before = house.alice.get(house.off).xml
    href = offer(house, service_link(LinkHref=template, ResourceType="APPLICATION/vnd.vmware.vcloud.vapp+xml"))
    for path in (house.off, house.on):
        vapp = house.alice.get(path).xml
        assert find_link(vapp, "down:backups", BACKUPS) == f"{house.world.url}/api/backup/{id_of(path)}"
        assert added(the(vapp, "Children/Vm")) == []
    assert added(house.alice.get(house.off_vm).xml) == []
    # Nothing else has changed, and with the service the link goes.
    assert len(house.alice.get(house.off).xml.findall("{*}Link")) == len(before.findall("{*}Link")) + 1
    house.admin.put(href, xml("Service", elements(Enabled="false")))
    assert etree.tostring(house.alice.get(house.off).xml) == etree.tostring(before)


def test_vms_have_theirs_wherever_they_are_shown(house: House) -> None:
    offer(house, service_link(ResourceType=VM))
    vapp = house.alice.get(house.off).xml
    template = house.alice.get(house.template).xml
    alone = house.alice.get(house.off_vm).xml
    assert added(the(vapp, "Children/Vm")) == added(alone) != []
    assert added(the(template, "Children")[0]) != []


def test_a_link_in_one_resource_only(house: House) -> None:
    urn = f"urn:vcloud:vapp:{id_of(house.off)}"
    offer(house, service_link(ResourceId=urn), service_link(ResourceId=id_of(house.off).upper(), Rel="down:more"))
    off, on = house.alice.get(house.off).xml, house.alice.get(house.on).xml
    assert [len(added(one, rel)) for one in (off, on) for rel in ("down:backups", "down:more")] == [1, 1, 0, 0]


def test_links_that_are_there_already_are_not_repeated(house: House) -> None:
    offer(house, service_link(), service_link(LinkHref="http://www.example.com/second"))
    offer(house, service_link(LinkHref="http://www.example.com/third"), Priority=90)
    offer(house, service_link(Rel="up", MimeType="application/vnd.vmware.vcloud.VDC+xml"))
    vapp = house.alice.get(house.off).xml
    assert added(vapp) == ["http://www.example.com/third"]
    assert [href.endswith(house.vdc) for href in added(vapp, "up") if href] == [True]


def test_a_resource_without_an_id_and_one_of_administrators(house: House) -> None:
    org_list, query_less = "application/vnd.vmware.vcloud.orgList+xml", "application/vnd.vmware.admin.vmwExtension+xml"
    offer(
        house,
        service_link(ResourceType=org_list),
        service_link(ResourceType=org_list, LinkHref="{baseUri}/all", Rel="down:all"),
        service_link(ResourceType=query_less, LinkHref="{baseUri}/all", Rel="down:all"),
    )
    listed, extension = house.alice.get("/api/org").xml, house.admin.get("/api/admin/extension").xml
    assert (added(listed), len(added(listed, "down:all")), len(added(extension, "down:all"))) == ([], 1, 1)


def test_a_new_vapp_and_a_task_have_theirs(house: House) -> None:
    offer(house, service_link(), service_link(ResourceType="application/vnd.vmware.vcloud.task+xml"))
    reply = house.alice.instantiate(house.vdc, house.template, "new", deploy="false", powerOn="false")
    assert len(added(reply.xml)) == 1
    assert len(added(house.alice.get(house.held_task).xml)) == 1


@pytest.mark.parametrize(("version", "shown"), [("5.5", None), ("9.0", "external-7")])
def test_the_id_of_an_external_resource(house: House, version: str, shown: str | None) -> None:
    offer(house, service_link(ResourceType=ORG, ExternalResourceId="external-7"))
    client = house.client("alice@acme", version)
    org = client.get(find_link(client.get("/api/session").xml, "down", ORG)).xml
    [link] = [one for one in org.iterfind("{*}Link") if one.get("rel") == "down:backups"]
    assert link.get("id") == shown
