"""The other operations that can block, and how a user comes to ask for them."""

from __future__ import annotations

from collections.abc import Callable

from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud.asks import USER, Ask
from gatepost.conformance.verdict import HarnessError, NotApplicable
from gatepost.control.requests import OperationRequest, perform
from gatepost.core import workflows
from gatepost.core.inventory import User, VApp
from gatepost.core.operations import Workflow
from gatepost.core.workflows import NewTemplate, NewVApp, VmChanges

_AT_REST: dict[str, Callable[[VApp, User], Workflow]] = {
    "vdcComposeVapp": lambda vapp, user: workflows.make_vapp(NewVApp(vapp.vdc, f"{vapp.name}-too", "", user)),
    "vdcDeleteVapp": lambda vapp, user: workflows.delete(vapp),
    "vdcCaptureTemplate": lambda vapp, user: workflows.capture(
        NewTemplate(vapp.vdc, f"{vapp.name}-captured", "", user), vapp
    ),
    "vappDeploy": lambda vapp, user: workflows.deploy(vapp, power_on=True),
    "vappUpdateVm": lambda vapp, user: workflows.update_vm(vapp.vms[0], VmChanges(description="changed")),
}
_RUNNING: dict[str, Callable[[VApp, User], Workflow]] = {
    "vappPowerOff": lambda vapp, user: workflows.power(vapp, workflows.POWER_OFF),
    "vappUndeployPowerOff": lambda vapp, user: workflows.undeploy(vapp, suspend=False),
    "vappUndeploySuspend": lambda vapp, user: workflows.undeploy(vapp, suspend=True),
    "vappSuspend": lambda vapp, user: workflows.power(vapp, workflows.SUSPEND),
    "vappShutdownGuest": lambda vapp, user: workflows.power(vapp, workflows.SHUTDOWN),
    "vappReset": lambda vapp, user: workflows.power(vapp, workflows.RESET),
}
"""What is asked of a vApp, which has to rest or to run before."""


def ask_for_operations(scene: Scene, *, ignored: bool) -> list[Ask]:
    """A user asks for each operation of the profile that the connector handles, or that it leaves alone.

    Raises NotApplicable and HarnessError.
    """
    wanted = {name: what for name, what in scene.profile.operations.items() if (what == "ignore") is ignored}
    if not wanted:
        does = "leaves alone" if ignored else "handles"
        raise NotApplicable(f"an operation that the connector {does}", "the profile's operations name none")
    _block(scene, frozenset(wanted))
    return [_ask(scene, operation, decision) for operation, decision in wanted.items()]


def _block(scene: Scene, operations: frozenset[str]) -> None:
    world = scene.cloud.world
    with world.lock:
        before = world.blocking.operations
        world.blocking.operations = before | operations
    scene.undo.callback(setattr, world.blocking, "operations", before)


def _ask(scene: Scene, operation: str, decision: str) -> Ask:
    world = scene.cloud.world
    with world.lock:
        user = world.inventory.find_user(*USER.split("@"))
        vapp = _existing_vapp(scene, running=operation in _RUNNING)
        workflow = (_RUNNING if operation in _RUNNING else _AT_REST)[operation]
        seq = scene.cloud.journal.last
        task = world.request(operation, user, workflow(vapp, user))
        if task.hold is None:
            raise HarnessError("a request that is held", f"{operation} of {vapp.name!r} was not")
        return Ask(scene, decision, f"{operation} of {vapp.name}", task, task.hold, seq)


def _existing_vapp(scene: Scene, *, running: bool) -> VApp:
    """Made in no time, and without anybody being asked."""
    cloud = scene.cloud
    blocking, scale = cloud.world.blocking, cloud.settings.work_scale
    before, blocking.operations = blocking.operations, frozenset()
    cloud.settings.update({"work.scale": 0})
    try:
        name = scene.name_for("resume")
        wanted = OperationRequest(operation="instantiate", name=name, user=USER, deploy=running, power_on=running)
        task = perform(cloud.world, wanted)
    finally:
        blocking.operations = before
        cloud.settings.update({"work.scale": scale})
    return cloud.world.inventory.vapps[task.owner.id]
