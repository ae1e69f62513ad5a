"""vApps as wholes: their sections, their name, maintenance (reference, sections 3.2 and 3.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gatepost.core import workflows
from gatepost.core.inventory import VApp
from gatepost.core.operations import Workflow
from gatepost.core.workflows import VAppChanges
from gatepost.vcloud import ovf, xmlio
from gatepost.vcloud.http import Call, Reply, Who, route
from gatepost.vcloud.names import V
from gatepost.vcloud.read import guests as read_guests
from gatepost.vcloud.read import vapps as read
from gatepost.vcloud.represent import vapps as represent
from gatepost.vcloud.routes import find
from gatepost.vcloud.routes.composition import networks_of
from gatepost.vcloud.routes.tasks import accepted
from gatepost.vcloud.xmlio import Element

UPDATE = "vdcUpdateVapp"


def rename(call: Call, id: str) -> Reply:
    return _change(call, id, V + "VApp", _naming)


def change_products(call: Call, id: str) -> Reply:
    return _change(
        call, id, V + "ProductSectionList", lambda body, vapp: VAppChanges(products=read_guests.products(body))
    )


def _naming(body: Element, vapp: VApp) -> VAppChanges:
    return VAppChanges(name=xmlio.name_of(body), description=xmlio.text_of(body, "Description"))


def _leases(body: Element, vapp: VApp) -> VAppChanges:
    return VAppChanges(leases=read.leases(body, (vapp.leases.deployment.seconds, vapp.leases.storage.seconds)))


def _change(call: Call, id: str, tag: str, read_changes: Callable[[Element, VApp], VAppChanges]) -> Reply:
    with call.world.lock:
        vapp = find.vapp(call, id)
    # Bodies are read without the lock: a large one would stop everybody.
    changes = read_changes(call.body(tag), vapp)
    with call.world.lock:
        return accepted(call, UPDATE, workflows.update_vapp(find.vapp(call, id), changes))


class Section(NamedTuple):
    """A section that has a URL of its own; `changes` is None where it can only be read."""

    path: str
    media_type: str
    show: Callable[[Call, VApp], Element]
    tag: str = ""
    changes: Callable[[Element, VApp], VAppChanges] | None = None


SECTIONS = (
    Section("leaseSettingsSection", represent.LEASES[1], represent.leases, represent.LEASES[0], _leases),
    Section(
        "startupSection",
        represent.STARTUP[1],
        represent.startup,
        represent.STARTUP[0],
        lambda body, vapp: VAppChanges(startup=read.startup(body)),
    ),
    Section("networkSection", represent.NETWORKS[1], represent.network_section),
    Section("networkConfigSection", represent.NETWORK_CONFIG[1], represent.network_config),
)


def _section_routes(section: Section) -> None:
    path = f"/api/vApp/<id>/{section.path}"

    @route("GET", path)
    def get(call: Call, id: str) -> Reply:
        with call.world.lock:
            return Reply(200, section.show(call, find.vapp(call, id)), section.media_type)

    changes = section.changes
    if changes is None:
        return

    @route("PUT", path)
    def put(call: Call, id: str) -> Reply:
        return _change(call, id, section.tag, changes)


for _section in SECTIONS:
    _section_routes(_section)


@route("PUT", "/api/vApp/<id>/networkConfigSection")
def change_networks(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.vapp(call, id)
    wishes = read.networks(call.body(represent.NETWORK_CONFIG[0]))
    with call.world.lock:
        workflow: Workflow = workflows.change_networks(find.vapp(call, id), networks_of(call, wishes))
        return accepted(call, "vdcUpdateVappNetworkSection", workflow)


@route("GET", "/api/vApp/<id>/ovf")
def descriptor(call: Call, id: str) -> Reply:
    with call.world.lock:
        vapp = find.vapp(call, id)
        configs = [network.config for network in vapp.networks]
        return Reply(200, ovf.envelope(vapp.name, vapp.vms, configs), "text/xml")


@route("POST", "/api/vApp/<id>/action/enterMaintenanceMode", Who.SYSTEM)
def enter_maintenance(call: Call, id: str) -> Reply:
    return _maintain(call, id, on=True)


@route("POST", "/api/vApp/<id>/action/exitMaintenanceMode", Who.SYSTEM)
def exit_maintenance(call: Call, id: str) -> Reply:
    return _maintain(call, id, on=False)


def _maintain(call: Call, id: str, *, on: bool) -> Reply:
    with call.world.lock:
        workflows.maintain(call.world, find.vapp(call, id), on, call.user)
    return Reply(204)
