"""Metadata: typed and plain, whose they are, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lxml import etree

from gatepost import Gatepost
from tests.support.client import Reply, VcloudClient, find_link
from tests.support.house import House, id_of
from tests.support.refusals import DENIED, FORBIDDEN, refused
from tests.support.schemas import VCLOUD
from tests.support.tenant import the

METADATA = "application/vnd.vmware.vcloud.metadata+xml"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


@pytest.fixture
def own(cloud: Gatepost) -> Iterator[House]:
    with House(cloud) as one:
        yield one


def typed(kind: str, value: str) -> str:
    return f'<TypedValue xmlns:xsi="{XSI}" xsi:type="Metadata{kind}Value"><Value>{value}</Value></TypedValue>'


def metadata(key: str, value: str, domain: str = "") -> str:
    return f'<Metadata xmlns="{VCLOUD}"><MetadataEntry>{domain}<Key>{key}</Key>{value}</MetadataEntry></Metadata>'


def one(value: str) -> str:
    return f'<MetadataValue xmlns="{VCLOUD}">{value}</MetadataValue>'


def done(own: House, reply: Reply, operation: str) -> None:
    assert (reply.status, reply.xml.get("operationName")) == (202, operation), reply
    own.world.clock.advance(1)
    assert own.admin.get(reply.xml.get("href", "")).xml.get("status") == "success"


def entries(client: VcloudClient, href: str) -> dict[str | None, str]:
    """Values by key."""
    document = client.get(href).xml
    return {
        entry.findtext("{*}Key"): entry.findtext(".//{*}Value") or "" for entry in document.iter("{*}MetadataEntry")
    }


def places(own: House) -> list[tuple[VcloudClient, str]]:
    """Who may write, and the path of the object, for every kind that has metadata."""
    org = find_link(own.alice.get("/api/session").xml, "down", "application/vnd.vmware.vcloud.org+xml")
    catalog = find_link(own.alice.get(org).xml, "down", "application/vnd.vmware.vcloud.catalog+xml")
    item = own.alice.get(catalog).xml.findall("{*}CatalogItems/{*}CatalogItem")[0].get("href", "")
    users = [own.off, own.off_vm, own.template, own.media, own.disk, item]
    admins = [
        f"/api/admin/org/{id_of(org)}",
        f"/api/admin/vdc/{id_of(own.vdc)}",
        f"/api/admin/catalog/{id_of(catalog)}",
    ]
    return [(own.alice, path) for path in users] + [(own.orgadmin, path) for path in admins]


def test_every_kind_of_object_keeps_them(own: House) -> None:
    """Also when everything that can block does: this cannot."""
    for client, path in places(own):
        href = find_link(client.get(path).xml, "down", METADATA)
        add = find_link(client.get(href).xml, "add", METADATA)
        done(own, client.post(add, metadata("who", typed("String", "me &amp; you"))), "metadataUpdate")
        done(own, client.put(href + "/how%20many", one(typed("Number", "007"))), "metadataSet")
        assert entries(client, href) == {"who": "me & you", "how many": "7"}
        document = client.get(href + "/GENERAL/who").xml
        assert the(document, "TypedValue").get(f"{{{XSI}}}type") == "MetadataStringValue"
        done(own, client.delete(find_link(document, "remove")), "metadataDelete")
        assert entries(client, href) == {"how many": "7"}
        refused(client.delete(href + "/who"), 403, FORBIDDEN)


def test_a_datacenters_belong_to_administrators(own: House) -> None:
    refused(own.alice.post(own.vdc + "/metadata", metadata("a", typed("String", "b"))), 405, "METHOD_NOT_ALLOWED")
    admin = own.vdc.replace("/api/", "/api/admin/") + "/metadata"
    refused(own.alice.post(admin, metadata("a", typed("String", "b"))), 403, FORBIDDEN, DENIED)
    done(own, own.orgadmin.post(admin, metadata("a", typed("String", "b"))), "metadataUpdate")
    assert entries(own.alice, own.vdc + "/metadata") == {"a": "b"}


def test_old_clients_know_plain_values(own: House) -> None:
    old, href = own.client("alice@acme", "1.5"), own.off_vm + "/metadata"
    done(own, old.post(href, metadata("a", "<Value>b</Value>")), "metadataUpdate")
    entry = the(old.get(href).xml, "MetadataEntry")
    assert {etree.QName(part).localname for part in entry} == {"Link", "Key", "Value"}
    assert the(old.get(href + "/a").xml, "Value").text == "b"
    assert entries(own.alice, href) == {"a": "b"}


def test_the_providers_domain(own: House) -> None:
    href = own.off_vm + "/metadata"
    for visibility in ("PRIVATE", "READONLY"):
        domain = f'<Domain visibility="{visibility}">SYSTEM</Domain>'
        body = metadata(visibility, typed("Boolean", "1"), domain)
        refused(own.alice.post(href, body), 403, FORBIDDEN, DENIED)
        done(own, own.admin.post(href, body), "metadataUpdate")
    assert entries(own.alice, href) == {"READONLY": "true"}
    assert entries(own.admin, href) == {"PRIVATE": "true", "READONLY": "true"}
    refused(own.alice.get(href + "/SYSTEM/PRIVATE"), 403, FORBIDDEN)
    readonly = own.alice.get(href + "/SYSTEM/READONLY").xml
    assert [link.get("rel") for link in readonly.iter("{*}Link")] == ["up"]
    refused(own.alice.put(href + "/SYSTEM/READONLY", one(typed("Boolean", "0"))), 403, FORBIDDEN, DENIED)
    refused(own.alice.delete(href + "/SYSTEM/READONLY"), 403, FORBIDDEN, DENIED)
    refused(own.alice.get(href + "/READONLY"), 403, FORBIDDEN)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (typed("Number", "many"), "Value"),
        (typed("Boolean", "yes"), "Value"),
        (typed("DateTime", "tomorrow"), "Value"),
        (typed("DateTime", "2014-03-12T10:41:22+15:00"), "Value"),
        (typed("Color", "red"), "TypedValue"),
        ("", "Value"),
        ('<Domain visibility="READWRITE">MINE</Domain>' + typed("String", "x"), "Domain"),
        ('<Domain visibility="READWRITE">SYSTEM</Domain>' + typed("String", "x"), "visibility"),
    ],
)
def test_what_is_no_value(own: House, value: str, field: str) -> None:
    for reply in (
        own.admin.post(own.off_vm + "/metadata", metadata("a", value)),
        own.admin.put(own.off_vm + "/metadata/a", one(value)),
    ):
        assert f"validation error on field '{field}'" in refused(reply, 400)


def test_there_is_an_end_to_them(own: House) -> None:
    many = "".join(f"<MetadataEntry><Key>{n}</Key><Value>x</Value></MetadataEntry>" for n in range(501))
    refused(own.alice.post(own.off_vm + "/metadata", f'<Metadata xmlns="{VCLOUD}">{many}</Metadata>'), 400)
    for key in ("", "a/b", "..", "k" * 257):
        refused(own.alice.post(own.off_vm + "/metadata", metadata(key, "<Value>x</Value>")), 400)
