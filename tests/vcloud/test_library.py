"""Uploads as far as a client sees them, catalogs and their items."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatepost import Gatepost
from tests.support.client import VcloudClient, find_link
from tests.support.tenant import href_of, the
from tests.support.yard import Yard, task_of

Connect = Callable[..., VcloudClient]

DESCRIPTOR = (
    '<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:o="http://schemas.dmtf.org/ovf/envelope/1">'
    '<References><File o:id="f" o:href="disk.vmdk" o:size="100"/></References>'
    '<NetworkSection><Info/><Network o:name="acme-net"/></NetworkSection>'
    '<VirtualSystem o:id="box"><Info/><Name>box</Name></VirtualSystem></Envelope>'
)


@pytest.fixture
def yard(make_world: Callable[..., Gatepost], connect: Connect) -> Yard:
    return Yard(make_world(clock="manual", settings={"work.scale": 0}), connect)


def begin(yard: Yard) -> str:
    """Ask to upload into the catalog; the href of the template."""
    item = yard.post(yard.catalog + "/action/upload", 'UploadVAppTemplateParams name="fresh"')
    assert item.status == 201, item
    return href_of(the(item.xml, "Entity"))


def files(yard: Yard, template: str) -> dict[str, tuple[str | None, str | None, str]]:
    """Size, bytes transferred and URL of each file."""
    found = {}
    for file in yard.alice.get(template).xml.findall("{*}Files/{*}File"):
        link = file.find("{*}Link")
        url = "" if link is None else link.get("href", "")
        found[file.get("name", "")] = (file.get("size"), file.get("bytesTransferred"), url)
    return found


def test_an_upload_piece_by_piece(yard: Yard) -> None:
    template = begin(yard)
    shown = yard.alice.get(template).xml
    assert (shown.get("status"), shown.get("ovfDescriptorUploaded")) == ("0", "false")
    size, transferred, url = files(yard, template)["descriptor.ovf"]
    assert (size, transferred) == ("-1", "0")
    assert yard.alice.put(url, DESCRIPTOR, "text/xml", accept="*/*").status == 200
    listed = files(yard, template)
    assert set(listed) == {"descriptor.ovf", "disk.vmdk"}
    url = listed["disk.vmdk"][2]
    assert yard.alice.put(url, b"x" * 60, headers={"Content-Range": "bytes 0-59/100"}).status == 200
    assert files(yard, template)["disk.vmdk"][:2] == ("100", "60")
    for wrong in ("bytes 70-99/100", "bytes 60-100/101", "bytes 60-59/100", "x", "bytes 60-120/100"):
        reply = yard.alice.put(url, b"x" * 30, headers={"Content-Range": wrong})
        assert (reply.status, reply.headers["content-range"]) == (416, "bytes */100"), wrong
    assert yard.alice.put(url, b"x" * 30, headers={"Content-Range": "bytes 60-99/100"}).status == 400
    assert yard.alice.put(url, b"x" * 40, headers={"Content-Range": "bytes 60-99/100"}).status == 200
    shown = yard.alice.get(template).xml
    assert (shown.get("status"), shown.find("{*}Files")) == ("8", None)
    assert the(shown, "Children/Vm").get("name") == "box"
    made = yard.post(
        yard.vdc + "/action/instantiateVAppTemplate",
        'InstantiateVAppTemplateParams name="from-upload"',
        f'<Source href="{template}"/>',
    )
    assert made.status == 201
    assert yard.alice.put(url, b"x").status == 403  # nobody waits for it any more


def test_a_large_file_passes_by(yard: Yard) -> None:
    template = begin(yard)
    bigger = DESCRIPTOR.replace('size="100"', f'size="{5 << 20}"')
    yard.alice.put(files(yard, template)["descriptor.ovf"][2], bigger, "text/xml")
    url = files(yard, template)["disk.vmdk"][2]
    pieces = (b"x" * (1 << 20) for _ in range(5))  # sent in chunks, without a length
    assert yard.alice.put(url, pieces, accept="*/*").status == 200
    assert yard.alice.get(template).xml.get("status") == "8"
    assert yard.alice.put(yard.vapp, b"x" * (2 << 20)).status == 413  # anywhere else it is too much


def test_who_may_transfer(yard: Yard, connect: Connect) -> None:
    url = files(yard, begin(yard))["descriptor.ovf"][2]
    assert connect(yard.cloud, "bob@globex").put(url, DESCRIPTOR).status == 403
    assert yard.alice.put(url, DESCRIPTOR, anonymous=True).status == 401
    assert yard.alice.put(url.replace("descriptor", "other"), b"x").status == 404
    assert yard.alice.put(url, "nonsense").status == 400


def test_an_upload_that_is_never_finished(yard: Yard) -> None:
    template = begin(yard)
    yard.told()
    yard.cloud.clock.advance(3600)
    shown = yard.alice.get(template).xml
    assert shown.get("status") == "17"
    assert the(shown, "Tasks/Task").get("status") == "error"
    assert yard.told() == ["vapp/upload_timeout", "catalogItem/create!", "vappTemplate/create!", "task/fail!"]


def test_an_upload_that_is_canceled(yard: Yard) -> None:
    template = begin(yard)
    url = files(yard, template)["descriptor.ovf"][2]
    task = the(yard.alice.get(template).xml, "Tasks/Task")
    assert yard.alice.post(find_link(task, "task:cancel")).status == 204
    assert yard.alice.get(template).status == 403
    assert yard.alice.put(url, DESCRIPTOR).status == 403


def test_a_download(yard: Yard) -> None:
    assert yard.alice.get(yard.template).xml.find("{*}Link[@rel='download:default']") is None
    assert task_of(yard.alice.post(find_link(yard.alice.get(yard.template).xml, "enable"))).get("status") == "success"
    shown = yard.alice.get(yard.template).xml
    ovf = yard.alice.get(find_link(shown, "download:default", "text/xml"), accept="*/*")
    assert ovf.status == 200
    assert ovf.headers["content-type"].startswith("text/xml")
    assert "centos-vm" in ovf.body.decode()
    assert yard.alice.post(find_link(shown, "disable")).status == 204
    assert yard.alice.get(yard.template).xml.find("{*}Link[@rel='download:default']") is None


def test_media_into_a_catalog(yard: Yard) -> None:
    catalog = yard.alice.get(yard.catalog).xml
    upload = find_link(catalog, "add", "application/vnd.vmware.vcloud.media+xml")
    item = yard.post(upload, 'Media name="tools.iso" size="10" imageType="iso"')
    assert (item.status, the(item.xml, "Tasks/Task").get("operationName")) == (201, "vdcUploadMedia")
    media = href_of(the(item.xml, "Entity"))
    assert yard.alice.put(files(yard, media)["file"][2], b"x" * 10, accept="*/*").status == 200
    assert yard.alice.get(media).xml.get("status") == "1"
    listed = the(yard.alice.get(yard.catalog).xml, "CatalogItems")
    assert [one.get("name") for one in listed][-1] == "tools.iso"
    before = yard.alice.get(yard.vdc).body
    for name in ("tools.iso", "centos"):  # taken by a media file; by an item that stands for a template
        again = yard.post(upload, f'Media name="{name}" size="10" imageType="iso"')
        assert (again.status, again.xml.get("minorErrorCode")) == (400, "DUPLICATE_NAME"), name
    assert yard.alice.get(yard.vdc).body == before


def test_captured_into_a_catalog(yard: Yard) -> None:
    source = f'<Source href="{yard.vapp}"/>'
    reply = yard.post(yard.catalog + "/action/captureVApp", 'CaptureVAppParams name="shot"', source)
    assert (reply.status, task_of(reply).get("operationName")) == (202, "vdcCaptureTemplate")
    items = the(yard.alice.get(yard.catalog).xml, "CatalogItems")
    item = next(one for one in items if one.get("name") == "shot")
    first = href_of(the(yard.alice.get(href_of(item)).xml, "Entity"))
    again = f'{source}<TargetCatalogItem href="{href_of(item)}"/>'
    assert yard.post(yard.catalog + "/action/captureVApp", 'CaptureVAppParams name="shot2"', again).status == 202
    assert yard.alice.get(first).status == 403
    assert the(yard.alice.get(href_of(item)).xml, "Entity").get("name") == "shot2"


def test_the_life_of_a_catalog(yard: Yard, connect: Connect) -> None:
    orgadmin = connect(yard.cloud, "orgadmin@acme")
    org = orgadmin.get(yard.org).xml
    add = find_link(org, "add", "application/vnd.vmware.admin.catalog+xml")
    made = yard.post(add, 'AdminCatalog name="own"', "<Description>x</Description>", client=orgadmin)
    assert task_of(made).get("operationName") == "catalogCreateCatalog"
    assert yard.told()[-2:] == ["catalog/create", "task/complete"]
    assert yard.post(add, 'AdminCatalog name="own"', client=orgadmin).xml.get("minorErrorCode") == "DUPLICATE_NAME"
    assert yard.post(add, 'AdminCatalog name="x"').status == 403
    admin_view = orgadmin.get(href_of(made.xml)).xml
    catalog = find_link(admin_view, "alternate")
    assert yard.put(find_link(admin_view, "edit"), 'AdminCatalog name="renamed"', client=orgadmin).status == 200
    publish = "<IsPublished>true</IsPublished>"
    action = find_link(admin_view, "publish")
    assert yard.post(action, "PublishCatalogParams", publish, client=orgadmin).status == 204
    shown = yard.alice.get(catalog).xml
    assert (shown.get("name"), the(shown, "IsPublished").text) == ("renamed", "true")
    yard.told()

    template = task_of(
        yard.post(yard.vdc + "/action/captureVApp", 'CaptureVAppParams name="t"', f'<Source href="{yard.vapp}"/>')
    )
    yard.told()
    entity = f'<Entity href="{href_of(the(template, "Owner"))}"/>'
    item = yard.post(catalog + "/catalogItems", 'CatalogItem name="listed"', entity)
    assert (item.status, yard.told()) == (201, ["catalogItem/create"])
    assert yard.alice.delete(href_of(made.xml)).status == 403
    assert orgadmin.delete(href_of(made.xml)).status == 400  # not empty
    assert yard.put(href_of(item.xml), 'CatalogItem name="other"', entity).status == 200
    assert yard.alice.delete(href_of(item.xml) + "?force=False&recursive=False").status == 204
    assert yard.alice.get(href_of(the(template, "Owner"))).status == 200  # only the item is gone
    assert orgadmin.delete(href_of(made.xml)).status == 204
    assert yard.told() == ["catalogItem/modify", "catalogItem/delete", "catalog/delete"]
    assert yard.alice.get(catalog).status == 403
