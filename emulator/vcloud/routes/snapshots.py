"""Snapshots of VMs and of whole vApps (reference, section 3.2)."""

from __future__ import annotations

from gatepost.core import workflows
from gatepost.vcloud import xmlio
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.names import V
from gatepost.vcloud.represent import sections
from gatepost.vcloud.routes import find
from gatepost.vcloud.routes.tasks import accepted


@route("GET", "/api/vApp/<id>/snapshotSection")
def get(call: Call, id: str) -> Reply:
    with call.world.lock:
        found = find.machine(call, id)
        element = sections.snapshots(None, call.entity_href(found.kind, found.id), found)
    return Reply(200, element, sections.SNAPSHOTS)


@route("POST", "/api/vApp/<id>/action/createSnapshot")
def create(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.machine(call, id)
    memory = False
    if call.has_body:
        params = call.body(V + "CreateSnapshotParams")
        memory = xmlio.boolean(params.get("memory"), "memory", default=False)
        xmlio.boolean(params.get("quiesce"), "quiesce", default=False)
    with call.world.lock:
        workflow = workflows.create_snapshot(find.machine(call, id), memory=memory)
        return accepted(call, "vappCreateSnapshot", workflow)


@route("POST", "/api/vApp/<id>/action/revertToCurrentSnapshot")
def revert(call: Call, id: str) -> Reply:
    with call.world.lock:
        workflow = workflows.revert_to_snapshot(find.machine(call, id))
        return accepted(call, "vappRevertToCurrentSnapshot", workflow)


@route("POST", "/api/vApp/<id>/action/removeAllSnapshots")
def remove(call: Call, id: str) -> Reply:
    with call.world.lock:
        workflow = workflows.remove_snapshots(find.machine(call, id))
        return accepted(call, "vappRemoveAllSnapshots", workflow)
