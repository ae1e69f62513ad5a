"""Links to what vApps and VMs can do alike: power, deployment, snapshots (reference, sections 0.9 and 3.4)."""

from __future__ import annotations

from gatepost.core import workflows
from gatepost.core.inventory import Machine, Status, VApp
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import vcloud_type
from gatepost.vcloud.represent.links import link
from gatepost.vcloud.xmlio import Element

_POWER_LINKS = ("powerOff", "suspend", "shutdown", "reboot", "reset")


def action_links(call: Call, element: Element, entity: Machine, href: str) -> None:
    """Exactly what would not be refused now; a missing link means 'not allowed', and clients rely on that."""
    if not workflows.is_free(entity):
        return
    _power(element, entity, href)
    if call.traits.snapshots:
        _snapshots(element, entity, href)
    if _can_delete(call, entity):
        link(element, "remove", href)


def may_change(call: Call, vapp: VApp) -> bool:
    """Whether this user may change something of the vApp now."""
    locked = vapp.maintenance and not call.user.is_sysadmin
    return workflows.is_free(vapp) and workflows.is_made(vapp) and not locked


def _can_delete(call: Call, entity: Machine) -> bool:
    if isinstance(entity, VApp):
        return workflows.can_delete(entity)
    return workflows.can_remove(entity) and may_change(call, entity.vapp)


def _power(element: Element, entity: Machine, href: str) -> None:
    if workflows.can_power_on(entity):
        link(element, "power:powerOn", f"{href}/power/action/powerOn")
    if workflows.can_deploy(entity):
        link(element, "deploy", f"{href}/action/deploy", vcloud_type("deployVAppParams"))
    if entity.status is Status.POWERED_ON:
        for action in _POWER_LINKS:
            link(element, f"power:{action}", f"{href}/power/action/{action}")
    if entity.status is Status.SUSPENDED:
        link(element, "discardState", f"{href}/action/discardSuspendedState")
    if workflows.can_undeploy(entity):
        link(element, "undeploy", f"{href}/action/undeploy", vcloud_type("undeployVAppParams"))


def _snapshots(element: Element, entity: Machine, href: str) -> None:
    if workflows.can_take_snapshot(entity):
        link(element, "snapshot:create", f"{href}/action/createSnapshot", vcloud_type("createSnapshotParams"))
    if workflows.has_snapshot(entity):
        link(element, "snapshot:revertToCurrent", f"{href}/action/revertToCurrentSnapshot")
        link(element, "snapshot:removeAll", f"{href}/action/removeAllSnapshots")
