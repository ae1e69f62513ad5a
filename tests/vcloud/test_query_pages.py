"""Pages, formats and fields: the same records, cut and shown as a query asks (reference, section 9)."""

from __future__ import annotations

from math import ceil

import pytest
from lxml import etree

from tests.support.client import Reply, VcloudClient
from tests.support.house import House
from tests.support.query import QUERY, ask, links, records, url, values

RECORDS, IDRECORDS, REFERENCES = "records", "idrecords", "references"


def shown(reply: Reply) -> list[dict[str, str]]:
    return [dict(record.attrib) for record in records(reply)]


def follow(client: VcloudClient, reply: Reply, rel: str) -> list[Reply]:
    """The pages from this one to the end of the links."""
    pages = [reply]
    while href := links(pages[-1]).get((rel, RECORDS)):
        pages.append(client.get(href))
        assert len(pages) < 100
    return pages


@pytest.mark.parametrize("size", [1, 4, 7, 127])
def test_pages_hold_each_record_once(house: House, size: int) -> None:
    options = {"sortDesc": "eventType", "filter": "entityType!=vm"}
    whole = ask(house.alice, "event", pageSize=128, **options)
    total, count = len(records(whole)), ceil(len(records(whole)) / size)
    assert total > 10
    assert not [rel for rel, _ in links(whole) if rel.endswith("Page")]
    first = ask(house.alice, "event", pageSize=size, **options)
    pages = follow(house.alice, first, "nextPage")
    assert [record for page in pages for record in shown(page)] == shown(whole)
    for number, page in enumerate(pages, 1):
        root = page.xml
        facts = [root.get(name) for name in ("name", "total", "page", "pageSize", "type")]
        assert facts == ["event", str(total), str(number), str(size), "application/vnd.vmware.vcloud.query.records+xml"]
        before = {"firstPage", "previousPage"} if number > 1 else set()
        behind = {"nextPage", "lastPage"} if number < count else set()
        assert {rel for rel, _ in links(page)} == before | behind | {"alternate"}
        assert house.alice.get(root.get("href", "")).body == page.body
    if count > 1:
        last = house.alice.get(links(first)["lastPage", RECORDS])
        assert last.body == pages[-1].body
        back = follow(house.alice, last, "previousPage")
        assert [page.body for page in reversed(back)] == [page.body for page in pages]
        assert house.alice.get(links(last)["firstPage", RECORDS]).body == pages[0].body


def test_page_sizes(house: House) -> None:
    assert ask(house.alice, "event").xml.get("pageSize") == "25"
    for asked in (128, 129, 2**31 - 1):
        assert ask(house.alice, "event", pageSize=asked).xml.get("pageSize") == "128"


def test_beyond_the_last_page(house: House) -> None:
    reply = ask(house.alice, "vApp", page=2**31 - 1, pageSize=2)
    assert (values(reply), reply.xml.get("total")) == ([], "3")
    assert {rel for rel, _ in links(reply)} == {"firstPage", "previousPage", "alternate"}
    assert len(records(house.alice.get(links(reply)["previousPage", RECORDS]))) == 1


def test_nothing_found(house: House) -> None:
    reply = ask(house.alice, "vApp", filter="name==nobody")
    assert (values(reply), reply.xml.get("total"), reply.xml.get("page")) == ([], "0", "1")
    assert {rel for rel, _ in links(reply)} == {"alternate"}


def test_offset(house: House) -> None:
    whole = values(ask(house.alice, "event", pageSize=128), "eventType")
    reply = ask(house.alice, "event", offset=3, pageSize=5)
    assert values(reply, "eventType") == whole[3:8]
    assert reply.xml.get("total") == str(len(whole))
    pages = follow(house.alice, reply, "nextPage")
    assert [value for page in pages for value in values(page, "eventType")] == whole[3:]
    assert len(pages) == ceil((len(whole) - 3) / 5)
    assert links(reply)["lastPage", RECORDS] == pages[-1].xml.get("href")
    assert values(ask(house.alice, "event", offset=2**31 - 1)) == []


def test_fields(house: House) -> None:
    reply = ask(house.alice, "vApp", fields="name,status", filter="vdcName==acme-vdc", sortAsc="creationDate")
    assert [set(record) for record in shown(reply)] == [{"name", "status", "href"}] * 3
    by_id = ask(house.alice, "vApp", fields="id,name", format=IDRECORDS)
    assert [set(record) for record in shown(by_id)] == [{"name", "id"}] * 3


@pytest.mark.parametrize("version", ["1.5", "33.0"])
def test_formats_show_the_same_records(house: House, version: str) -> None:
    admin = house.client("administrator@System", version)
    seen = 0
    for type in {link.get("name", "") for link in admin.get(QUERY).xml.findall("{*}Link")}:
        plain = ask(admin, type, pageSize=128)
        by_id = ask(admin, type, pageSize=128, format=IDRECORDS)
        for one, other in zip(shown(plain), shown(by_id), strict=True):
            href, urn = one.pop("href", None), other.pop("id")
            assert href is None or href.endswith(urn.rpartition(":")[2])
            assert one.keys() == other.keys()
            for name in one:
                if one[name] != other[name]:
                    assert other[name].startswith("urn:vcloud:"), name
                    _same(admin, other[name], one[name])
            seen += 1
        if ("alternate", REFERENCES) in links(plain):
            referred = ask(admin, type, pageSize=128, format=REFERENCES)
            assert values(referred, "href") == values(plain, "href")
            assert {frozenset(one) for one in shown(referred)} <= {frozenset(("type", "name", "href"))}
            name = etree.QName(referred.xml).localname
            assert {etree.QName(one).localname + "s" for one in records(referred)} <= {name}
        else:
            assert type in {"event", "adminEvent", "vmDiskRelation", "fileDescriptor", "serviceResource"}
    assert seen > 50


_resolved: dict[str, list[str]] = {}


def _same(admin: VcloudClient, urn: str, href: str) -> None:
    """The URN and the href are of one object."""
    assert href[-36:] == urn[-36:]
    if urn.startswith("urn:vcloud:providervdc:") or "/api/entity/" in href:
        return  # the resolver does not know them
    if urn not in _resolved:
        reply = admin.get(f"/api/entity/{urn}")
        assert reply.status in (200, 403), reply
        # Events and tasks go on naming what is gone.
        _resolved[urn] = [link.get("href", "") for link in reply.xml.findall("{*}Link")] or [href]
    assert href in _resolved[urn]


def test_alternates_and_pages_keep_the_query(house: House) -> None:
    path = "/api/vApps/query"
    reply = house.alice.get(url(path, filter="name==o*", sortDesc="name", pageSize=1, page=2, fields="name"))
    assert values(reply) == ["off"]
    for (rel, _), href in links(reply).items():
        assert href.startswith(house.world.url + path + "?page=")
        other = house.alice.get(href)
        assert values(other) == (["on"] if rel in ("firstPage", "previousPage") else ["off"])
    assert (links(reply).keys()) == {
        ("firstPage", RECORDS),
        ("previousPage", RECORDS),
        ("alternate", REFERENCES),
        ("alternate", IDRECORDS),
    }


def test_links_of_machines_are_those_of_their_documents(house: House) -> None:
    reply = ask(house.alice, "vApp", links="true")
    linked = 0
    for record in records(reply):
        own = {tuple(sorted(link.attrib.items())) for link in record.findall("{*}Link")}
        document = house.alice.get(record.get("href", "")).xml
        assert own <= {tuple(sorted(link.attrib.items())) for link in document.findall("{*}Link")}
        assert {rel for link in own for name, rel in link if name == "rel" and ":" in rel} == {
            link.get("rel", "") for link in document.findall("{*}Link") if ":" in link.get("rel", "")
        }
        linked += bool(own)
    assert linked == 2
    assert not ask(house.alice, "vApp").xml.findall("{*}VAppRecord/{*}Link")


def test_unknown_parameters_are_ignored(house: House) -> None:
    reply = ask(house.alice, "vApp", multisite="true", _=1)
    assert values(reply) == ["off", "on", "held"]
