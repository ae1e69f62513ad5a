"""Making, changing and taking apart whole vApps, templates and catalogs; each operation asks, and obeys the answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatepost import Gatepost
from tests.support.client import Reply, VcloudClient
from tests.support.tenant import href_of, the
from tests.support.yard import Yard, task_of

Connect = Callable[..., VcloudClient]
Request = Callable[[Yard], Reply]

OVF_INFO = "<ovf:Info>x</ovf:Info>"
DESCRIPTOR = (
    '<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:o="http://schemas.dmtf.org/ovf/envelope/1">'
    '<References><File o:id="f" o:href="disk.vmdk" o:size="2500000"/></References>'
    '<VirtualSystem o:id="box"><Info/><Name>box</Name></VirtualSystem></Envelope>'
)


@pytest.fixture
def yard(make_world: Callable[..., Gatepost], connect: Connect) -> Yard:
    return Yard(make_world(clock="manual", settings={"work.scale": 0}), connect)


def compose(yard: Yard) -> Reply:
    item = f'<SourcedItem><Source href="{yard.vm}" name="copy"/></SourcedItem>'
    return yard.post(yard.vdc + "/action/composeVApp", 'ComposeVAppParams name="made" powerOn="false"', item)


def upload(yard: Yard) -> Reply:
    """With everything transferred, so that only leave is missing."""
    reply = yard.post(yard.vdc + "/action/uploadVAppTemplate", 'UploadVAppTemplateParams name="made"')
    template = href_of(reply.xml)
    url = href_of(the(yard.alice.get(template).xml, "Files/File/Link"))
    assert yard.alice.put(url, DESCRIPTOR, "text/xml", accept="*/*").status == 200
    for file in yard.alice.get(template).xml.findall("{*}Files/{*}File"):
        if file.get("name") == "disk.vmdk":
            target = href_of(the(file, "Link"))
            assert yard.alice.put(target, b"x" * 2_500_000, accept="*/*").status == 200
    return reply


MAKING: dict[str, tuple[Request, str]] = {
    "vdcInstantiateVapp": (
        lambda yard: yard.post(
            yard.vdc + "/action/instantiateVAppTemplate",
            'InstantiateVAppTemplateParams name="made" powerOn="false"',
            f'<Source href="{yard.template}"/>',
        ),
        "vapp/create",
    ),
    "vdcComposeVapp": (compose, "vapp/create"),
    "vdcCopyVapp": (
        lambda yard: yard.post(
            yard.vdc + "/action/cloneVApp", 'CloneVAppParams name="made"', f'<Source href="{yard.vapp}"/>'
        ),
        "vapp/create",
    ),
    "vdcCaptureTemplate": (
        lambda yard: yard.post(
            yard.vdc + "/action/captureVApp", 'CaptureVAppParams name="made"', f'<Source href="{yard.vapp}"/>'
        ),
        "vappTemplate/create",
    ),
    "vdcCopyTemplate": (
        lambda yard: yard.post(
            yard.vdc + "/action/cloneVAppTemplate",
            'CloneVAppTemplateParams name="made"',
            f'<Source href="{yard.template}"/>',
        ),
        "vappTemplate/create",
    ),
    "vdcUploadOvfContents": (upload, "vappTemplate/create"),
    "importSingletonVapp": (
        lambda yard: yard.imports("importVmAsVApp", f'<VmMoRef>vm-101</VmMoRef><Vdc href="{yard.vdc}"/>'),
        "vapp/import",
    ),
    "importSingletonTemplate": (
        lambda yard: yard.imports("importVmAsVAppTemplate", f'<VmMoRef>vm-101</VmMoRef><Vdc href="{yard.vdc}"/>'),
        "vappTemplate/import",
    ),
    "importMedia": (
        lambda yard: yard.imports(
            "importMedia",
            f'<DatastoreMoRef>d</DatastoreMoRef><SourcePath>a.iso</SourcePath><Vdc href="{yard.vdc}"/>',
        ),
        "media/import",
    ),
}
"""By operation: a request that makes something, and the event that tells of it."""

CHANGING: dict[str, tuple[Request, str]] = {
    "vdcRecomposeVapp": (
        lambda yard: yard.post(
            yard.vapp + "/action/recomposeVApp",
            'RecomposeVAppParams name="other"',
            f'<DeleteItem href="{yard.vm}"/>',
        ),
        "vapp/modify",
    ),
    "vdcUpdateVapp": (lambda yard: yard.put(yard.vapp, 'VApp name="other"'), "vapp/modify"),
    "vdcDeleteVapp": (lambda yard: yard.alice.delete(yard.vapp), "vapp/delete"),
    "vdcUpdateTemplate": (lambda yard: yard.put(yard.template, 'VAppTemplate name="other"'), "vappTemplate/modify"),
    "vdcDeleteTemplate": (lambda yard: yard.alice.delete(yard.template), "vappTemplate/delete"),
    "vdcEnableDownload": (
        lambda yard: yard.alice.post(yard.template + "/action/enableDownload"),
        "vappTemplate/modify",
    ),
    "importIntoExistingVapp": (
        lambda yard: yard.imports(
            "importVmIntoExistingVApp", f'<VmMoRef>vm-101</VmMoRef><VApp href="{yard.vapp}"/>', name=""
        ),
        "vapp/modify",
    ),
}
"""By operation: a request that changes something."""


def entries(yard: Yard) -> set[str]:
    listed = the(yard.alice.get(yard.vdc).xml, "ResourceEntities")
    return {one.get("name", "") for one in listed}


@pytest.mark.parametrize("operation", MAKING)
def test_what_is_made_waits_and_then_is_there(yard: Yard, operation: str) -> None:
    request, event = MAKING[operation]
    yard.block(operation)
    task = task_of(request(yard))
    assert (task.get("operationName"), task.get("status")) == (
        operation,
        "queued" if operation == "vdcUploadOvfContents" else "preRunning",
    )
    made = href_of(the(task, "Owner"))
    assert yard.alice.get(made).xml.get("status") == "0"
    early = yard.told()
    assert early[0] == event + "_request"
    assert early[-1] == "blockingtask/create"
    yard.admin.resume(yard.hold_of(task))
    assert yard.alice.get(href_of(task)).xml.get("status") == "success"
    assert int(yard.alice.get(made).xml.get("status", "")) > 0
    late = yard.told()
    assert late[:2] == ["blockingtask/resume", "task/start"]
    assert late[-2:] == [event, "task/complete"]


@pytest.mark.parametrize("operation", MAKING)
def test_what_is_declined_leaves_nothing(yard: Yard, operation: str) -> None:
    before = entries(yard)
    request, _ = MAKING[operation]
    yard.block(operation)
    task = task_of(request(yard))
    assert entries(yard) == before | {"made"}
    yard.told()
    yard.admin.abort(yard.hold_of(task))
    assert yard.alice.get(href_of(task)).xml.get("status") == "aborted"
    assert entries(yard) == before
    assert yard.alice.get(href_of(the(task, "Owner"))).status == 403
    told = yard.told()
    assert (told[0], told[-1]) == ("blockingtask/abort", "task/abort")
    yard.block()
    assert yard.alice.get(href_of(task_of(request(yard)))).xml.get("status") == "success"  # the name is free again


@pytest.mark.parametrize("operation", MAKING)
def test_what_fails_stays_broken_and_can_be_deleted(yard: Yard, operation: str) -> None:
    request, event = MAKING[operation]
    yard.block(operation)
    task = task_of(request(yard))
    yard.told()
    yard.admin.fail(yard.hold_of(task))
    made = href_of(the(task, "Owner"))
    assert yard.alice.get(made).xml.get("status") == "-1"
    assert yard.told()[-2:] == [event + "!", "task/fail!"]
    assert yard.admin.delete(made).status == 202
    assert yard.alice.get(made).status == 403


@pytest.mark.parametrize("operation", CHANGING)
@pytest.mark.parametrize("decision", ["resume", "abort", "fail"])
def test_a_change_waits_and_is_done_or_not(yard: Yard, operation: str, decision: str) -> None:
    request, event = CHANGING[operation]
    yard.block(operation)
    before = {path: yard.alice.get(path).body for path in (yard.vapp, yard.template)}
    reply = request(yard)
    assert reply.status == 202
    task = task_of(reply)
    assert (task.get("operationName"), task.get("status")) == (operation, "preRunning")
    assert [event + "_request" in yard.told()] == [True]
    again = request(yard)
    assert (again.status, again.xml.get("minorErrorCode")) == (400, "BUSY_ENTITY")
    getattr(yard.admin, decision)(yard.hold_of(task))
    ends = {"resume": "success", "abort": "aborted", "fail": "error"}
    assert yard.alice.get(href_of(task)).xml.get("status") == ends[decision]
    told = yard.told()
    if decision == "resume":
        assert event in told
    elif decision == "fail":
        assert event + "!" in told
        assert "other" not in entries(yard)
    else:
        assert event not in told
        assert {path: yard.alice.get(path).body for path in before} == before


@pytest.mark.parametrize("operation", ["vdcCopyVapp", "vdcCaptureTemplate"])
def test_what_is_copied_stands_still_meanwhile(yard: Yard, operation: str) -> None:
    yard.block(operation)
    task = task_of(MAKING[operation][0](yard))
    refused = yard.alice.delete(yard.vapp)
    assert (refused.status, refused.xml.get("minorErrorCode")) == (400, "BUSY_ENTITY")
    yard.admin.resume(yard.hold_of(task))
    assert yard.alice.delete(yard.vapp).status == 202


@pytest.mark.parametrize("operation", MAKING)
def test_a_name_that_is_taken(yard: Yard, operation: str) -> None:
    request, _ = MAKING[operation]
    task_of(request(yard))
    if operation == "vdcUploadOvfContents":
        again = yard.post(yard.vdc + "/action/uploadVAppTemplate", 'UploadVAppTemplateParams name="made"')
    else:
        again = request(yard)
    assert (again.status, again.xml.get("minorErrorCode")) == (400, "DUPLICATE_NAME")
