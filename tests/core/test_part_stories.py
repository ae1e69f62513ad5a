"""What operations on parts of vApps, on media and on disks tell, at each of their ends (reference, 6.7 and 6.8)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatepost.core import workflows
from gatepost.core.holds import Decision
from gatepost.core.inventory import Disk, Media, Vm
from gatepost.core.operations import Workflow
from gatepost.core.workflows import DiskPlan, NewMedia, VmChanges
from tests.support.engine import Engine


class Things:
    """A VM that is on, with a snapshot; a media file and an independent disk."""

    def __init__(self, engine: Engine) -> None:
        self.vm: Vm = engine.vapp("web", on=True).vms[0]
        user, vdc = engine.user(), engine.vdc()
        engine.block()
        self.new_media = workflows.upload_media(NewMedia(vdc, "new.iso", "", user, 0, "iso"))
        self.new_disk = workflows.create_disk(vdc, DiskPlan("new", "", 1 << 30), user)
        made = workflows.upload_media(NewMedia(vdc, "image.iso", "", user, 0, "iso"))
        for operation, workflow in (
            ("vdcUploadMedia", made),
            ("vdcCreateDisk", workflows.create_disk(vdc, DiskPlan("data", "", 1 << 30), user)),
            ("vappCreateSnapshot", workflows.create_snapshot(self.vm, memory=False)),
        ):
            engine.ask(operation, workflow)
            engine.clock.advance(1.0)
        self.media: Media = next(iter(vdc.media.values()))
        self.disk: Disk = next(iter(vdc.disks.values()))


Ask = Callable[[Things], Workflow]
MODIFY = ["vm/modify"]
OPERATIONS: dict[str, tuple[Ask, list[str], list[str], list[str]]] = {
    # What is told at once, at a good end, and of what is undone.
    "vappUpdateVm": (
        lambda here: workflows.update_vm(here.vm, VmChanges(description="new")),
        ["vm/modify_request"],
        MODIFY,
        [],
    ),
    "vappRevertToCurrentSnapshot": (
        lambda here: workflows.revert_to_snapshot(here.vm),
        [],
        ["vm/modify", "vm/change_state"],
        [],
    ),
    "vappRemoveAllSnapshots": (lambda here: workflows.remove_snapshots(here.vm), [], MODIFY, []),
    "vappInsertCdFloppy": (lambda here: workflows.insert_media(here.vm, here.media), [], MODIFY, []),
    "vdcUploadMedia": (lambda here: here.new_media, ["media/create_request"], ["media/create"], ["media/delete"]),
    "vdcUpdateMedia": (
        lambda here: workflows.update_media(here.media, workflows.MediaChanges("other.iso")),
        ["media/modify_request"],
        ["media/modify"],
        [],
    ),
    "vdcDeleteMedia": (
        lambda here: workflows.delete_media(here.media),
        ["media/delete_request"],
        ["media/delete"],
        [],
    ),
    "vdcCreateDisk": (lambda here: here.new_disk, ["disk/create_request"], ["disk/create"], ["disk/delete"]),
    "vdcUpdateDisk": (
        lambda here: workflows.update_disk(here.disk, workflows.DiskChanges(name="other")),
        [],
        ["disk/modify"],
        [],
    ),
    "vdcDeleteDisk": (
        lambda here: workflows.delete_disk(here.disk),
        ["disk/delete_request"],
        ["disk/delete"],
        [],
    ),
}


@pytest.mark.parametrize("decision", Decision)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_story_of_an_operation(operation: str, decision: Decision) -> None:
    engine = Engine()
    here = Things(engine)
    engine.block(operation)
    ask, early, late, undone = OPERATIONS[operation]
    engine.events.clear()
    task = engine.ask(operation, ask(here))
    assert engine.told() == [*early, "task/create", "blockingtask/create"]
    engine.events.clear()
    engine.decide(task, decision)
    engine.clock.advance(1.0)
    failed = [type + "!" for type in late if type != "vm/change_state"]
    assert (
        engine.told()
        == {
            Decision.RESUME: ["blockingtask/resume", "task/start", *late, "task/complete"],
            Decision.ABORT: ["blockingtask/abort", *undone, "task/abort"],
            Decision.FAIL: ["blockingtask/fail", *failed, "task/fail!"],
        }[decision]
    )
    assert (here.vm.busy, here.media.busy, here.disk.busy) == (None, None, None)
