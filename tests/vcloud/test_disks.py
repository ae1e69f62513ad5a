"""Independent disks and media files: made, put into VMs, taken out, and whoever is asked before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lxml import etree

from gatepost import Gatepost
from tests.support.client import Reply, find_link
from tests.support.house import House
from tests.support.machines import CD, disks, item
from tests.support.refusals import refused
from tests.support.schemas import RASD, VCLOUD
from tests.support.tenant import href_of, the

ATTACH = "application/vnd.vmware.vcloud.diskAttachOrDetachParams+xml"
INSERT = "application/vnd.vmware.vcloud.mediaInsertOrEjectParams+xml"
ENDS = {"resume": "success", "abort": "aborted", "fail": "error"}


@pytest.fixture
def own(cloud: Gatepost) -> Iterator[House]:
    """A house that the test may change; in it only what the test says blocks."""
    with House(cloud) as one:
        cloud.world.blocking.operations = frozenset()
        yield one


def moved(own: House, rel: str, media_type: str, tag: str, what: str) -> Reply:
    """Follow a link of the VM that is off, with a reference to a disk or a media file."""
    href = find_link(own.alice.get(own.off_vm).xml, rel, media_type)
    root = "DiskAttachOrDetachParams" if media_type == ATTACH else "MediaInsertOrEjectParams"
    return own.alice.post(href, f'<{root} xmlns="{VCLOUD}"><{tag} href="{what}"/></{root}>', media_type)


def rels(element: etree._Element) -> set[str | None]:
    return {link.get("rel") for link in element.findall("{*}Link")} - {"up", "down"}


def ended(own: House, reply: Reply, decision: str) -> None:
    """Decide about the task of a request, and let it end."""
    task = reply.xml if reply.status == 202 else the(reply.xml, "Tasks/Task")
    assert task.get("status") == "preRunning", reply
    assert getattr(own.admin, decision)(own.hold_of(task.get("href", ""))).status == 204
    own.world.clock.advance(1)
    assert own.alice.get(task.get("href", "")).xml.get("status") == ENDS[decision]


@pytest.mark.parametrize("decision", ENDS)
def test_a_disk_that_waits_to_be_attached(own: House, decision: str) -> None:
    own.world.world.blocking.operations = frozenset({"vappAttachDisk", "vappDetachDisk"})
    reply = moved(own, "disk:attach", ATTACH, "Disk", own.disk)
    assert reply.xml.get("operation", "").startswith("Attaching Disk to Virtual Machine centos-vm(")
    assert rels(own.alice.get(own.disk).xml) == set()
    refused(own.alice.delete(own.disk), 400, "BUSY_ENTITY")
    ended(own, reply, decision)
    users = own.alice.get(own.disk + "/attachedVms").xml.findall("{*}VmReference")
    vm = own.alice.get(own.off_vm).xml
    if decision == "resume":
        assert [one.get("href") for one in users] == [vm.get("href")]
        assert disks(vm) == [("2000", "8192"), ("2001", "1024")]
        assert rels(own.alice.get(own.disk).xml) == set()
        refused(own.alice.delete(own.disk), 400)
        ended(own, moved(own, "disk:detach", ATTACH, "Disk", own.disk), "resume")
    assert disks(own.alice.get(own.off_vm).xml) == [("2000", "8192")]
    assert rels(own.alice.get(own.disk).xml) == {"edit", "remove"}


def test_a_disk_goes_free_with_its_vm(own: House) -> None:
    moved(own, "disk:attach", ATTACH, "Disk", own.disk)
    own.world.clock.advance(1)
    assert own.alice.delete(own.off).status == 202
    own.world.clock.advance(1)
    assert rels(own.alice.get(own.disk).xml) == {"edit", "remove"}


def test_a_disk_changes_hands(own: House) -> None:
    colleague = the(own.orgadmin.get(own.catalog).xml, "Owner/User").get("href", "")
    body = f'<Owner xmlns="{VCLOUD}"><User href="{colleague}" name="alice"/></Owner>'
    owner = find_link(own.alice.get(own.disk).xml, "down", "application/vnd.vmware.vcloud.owner+xml")
    refused(own.bob.put(owner, body), 403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")
    assert own.alice.put(owner, body).status == 204
    for document in (own.alice.get(own.disk).xml, own.alice.get(owner).xml):
        assert [one.get("name") for one in document.iter("{*}User")] == ["orgadmin"]
    refused(own.alice.put(owner, body), 403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN")  # no longer hers to give


@pytest.mark.parametrize(("operation", "decision"), [("vdcCreateDisk", "abort"), ("vdcUploadMedia", "abort")])
def test_what_was_not_to_be_made_is_gone(own: House, operation: str, decision: str) -> None:
    own.world.world.blocking.operations = frozenset({operation})
    if operation == "vdcCreateDisk":
        body = f'<DiskCreateParams xmlns="{VCLOUD}"><Disk name="x" sizeMb="10"/></DiskCreateParams>'
        reply = own.alice.post(own.vdc + "/disk", body)
        assert reply.xml.get("size") == str(10 << 20)
    else:
        reply = own.alice.post(own.vdc + "/media", f'<Media xmlns="{VCLOUD}" name="x" size="0" imageType="floppy"/>')
    assert (reply.status, reply.xml.get("status")) == (201, "0")
    made = href_of(reply.xml)
    assert made in own.alice.get(own.vdc).body.decode()
    ended(own, reply, decision)
    assert own.alice.get(made).status == 403
    assert made not in own.alice.get(own.vdc).body.decode()


def test_media_go_into_the_drive_and_out_again(own: House) -> None:
    moved(own, "media:insertMedia", INSERT, "Media", own.media)
    own.world.clock.advance(1)
    vm = own.alice.get(own.off_vm).xml
    assert item(vm, CD).findtext(f"{{{RASD}}}HostResource") == "image.iso"
    assert rels(own.alice.get(own.media).xml) == {"edit"}
    refused(own.alice.delete(own.media), 400)
    moved(own, "media:ejectMedia", INSERT, "Media", own.media)
    own.world.clock.advance(1)
    vm = own.alice.get(own.off_vm).xml
    assert item(vm, CD).findtext(f"{{{RASD}}}HostResource") == ""
    assert "media:ejectMedia" not in rels(vm)
    assert own.alice.delete(own.media).status == 202


def test_content_arrives_in_pieces(own: House) -> None:
    media = own.alice.get(own.coming).xml
    assert (media.get("status"), the(media, "Files/File").get("size")) == ("0", "1000")
    for start, end in ((0, 599), (600, 999)):
        refused(own.alice.put(own.transfer, b"x", headers={"Content-Range": "bytes 990-999/1000"}), 416)
        headers = {"Content-Range": f"bytes {start}-{end}/1000"}
        assert own.alice.put(own.transfer, b"x" * (end - start + 1), headers=headers, accept="*/*").status == 200
        if end < 999:
            assert the(own.alice.get(own.coming).xml, "Files/File").get("bytesTransferred") == "600"
    own.world.clock.advance(1)
    media = own.alice.get(own.coming).xml
    assert (media.get("status"), media.find("{*}Files")) == ("1", None)
    assert own.alice.put(own.transfer, b"x").status == 403


def test_a_copy_that_moves_takes_the_place_of_its_source(own: House) -> None:
    params = f'<Source href="{own.media}"/><IsSourceDelete>true</IsSourceDelete>'
    href = own.vdc + "/action/cloneMedia"
    body = f'<CloneMediaParams xmlns="{VCLOUD}" name="copy.iso">{params}</CloneMediaParams>'
    copy = href_of(own.alice.post(href, body).xml)
    refused(own.alice.post(href, body.replace("copy.iso", "other.iso")), 400, "BUSY_ENTITY")
    own.world.clock.advance(1)
    assert (own.alice.get(copy).xml.get("status"), own.alice.get(own.media).status) == ("1", 403)
    taken = body.replace(own.media, copy)
    refused(own.alice.post(href, taken), 400, "DUPLICATE_NAME")
