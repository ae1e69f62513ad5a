"""Imports from vSphere, for system administrators (reference, section 3.1)."""

from __future__ import annotations

from gatepost.core import workflows
from gatepost.core.errors import NotFound
from gatepost.core.inventory import ImportableVm, VimServer
from gatepost.core.workflows import NewTemplate, NewVApp, NewVm, VmChanges
from gatepost.vcloud import xmlio
from gatepost.vcloud.http import Call, Reply, Who, checked_id, route
from gatepost.vcloud.names import X
from gatepost.vcloud.read import composition
from gatepost.vcloud.represent import vsphere as represent
from gatepost.vcloud.routes import find
from gatepost.vcloud.routes.composition import made as vapp_made
from gatepost.vcloud.routes.composition import networks_of
from gatepost.vcloud.routes.media import created as media_made
from gatepost.vcloud.routes.tasks import accepted
from gatepost.vcloud.routes.templates import made as template_made
from gatepost.vcloud.xmlio import Element, invalid

SERVER = "/api/admin/extension/vimServer/<id>"

_PATH_LIMIT = 1_024


@route("GET", SERVER, Who.SYSTEM)
def get(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, represent.server(call, _server(call, id)), represent.SERVER)


@route("GET", SERVER + "/vmsList", Who.SYSTEM)
def machines(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, represent.machines(call, _server(call, id)), represent.MACHINES)


@route("POST", SERVER + "/importVmAsVApp", Who.SYSTEM)
def import_vapp(call: Call, id: str) -> Reply:
    _check_server(call, id)
    params = call.body(X + "ImportVmAsVAppParams")
    settings = call.dialect.settings
    wish = composition.creation(params, (settings.runtime_lease, settings.storage_lease))
    vdc_href = _required(params, "Vdc")
    with call.world.lock:
        plan = NewVApp(
            find.vdc(call, find.tail(vdc_href)),
            wish.name,
            wish.description,
            call.user,
            [_new_vm(call, id, params)],
            networks_of(call, wish.networks or []),
            wish.leases,
            wish.deploy,
            wish.power_on,
            verb="import",
        )
        return vapp_made(call, "importSingletonVapp", plan)


@route("POST", SERVER + "/importVmIntoExistingVApp", Who.SYSTEM)
def import_into(call: Call, id: str) -> Reply:
    _check_server(call, id)
    params = call.body(X + "ImportVmIntoExistingVAppParams")
    href = _required(params, "VApp")
    with call.world.lock:
        vapp = find.vapp(call, find.tail(href))
        return accepted(call, "importIntoExistingVapp", workflows.import_into(vapp, _new_vm(call, id, params)))


@route("POST", SERVER + "/importVmAsVAppTemplate", Who.SYSTEM)
def import_template(call: Call, id: str) -> Reply:
    _check_server(call, id)
    params = call.body(X + "ImportVmAsVAppTemplateParams")
    name, description = xmlio.name_of(params), xmlio.text_of(params, "Description") or ""
    vdc_href, catalog_href = _required(params, "Vdc"), composition.reference(params, "Catalog")
    gold = xmlio.boolean(params.get("goldMaster"), "goldMaster", default=False)
    with call.world.lock:
        vdc = find.vdc(call, find.tail(vdc_href))
        catalog = None if catalog_href is None else find.catalog(call, find.tail(catalog_href))
        plan = NewTemplate(vdc, name, description, call.user, catalog, gold)
        new = _new_vm(call, id, params)
        workflow = workflows.import_template(plan, new.name, new.hardware)
        return template_made(call, call.world.request("importSingletonTemplate", call.user, workflow))


@route("POST", SERVER + "/importMedia", Who.SYSTEM)
def import_media(call: Call, id: str) -> Reply:
    _check_server(call, id)
    params = call.body(X + "ImportMediaParams")
    name, description = xmlio.name_of(params), xmlio.text_of(params, "Description") or ""
    for field in ("DatastoreMoRef", "SourcePath"):
        if not (xmlio.text_of(params, field, _PATH_LIMIT) or "").strip():
            raise invalid(field, "the element is required")
    vdc_href, catalog_href = _required(params, "Vdc"), composition.reference(params, "Catalog")
    with call.world.lock:
        vdc = find.vdc(call, find.tail(vdc_href))
        catalog = None if catalog_href is None else find.catalog(call, find.tail(catalog_href))
        workflow = workflows.import_media(vdc, name, description, call.user, represent.MEDIA_SIZE, catalog)
        task = call.world.request("importMedia", call.user, workflow)
        return media_made(call, task)


def _check_server(call: Call, id: str) -> None:
    with call.world.lock:
        _server(call, id)


def _server(call: Call, text: str) -> VimServer:
    id = checked_id(text)
    found = call.world.inventory.vim_servers.get(id)
    if found is None:
        raise NotFound("vimserver", id)
    return found


def _new_vm(call: Call, id: str, params: Element) -> NewVm:
    machine = _machine(_server(call, id), params)
    name = xmlio.text_of(params, "VmName", xmlio.NAME_LIMIT) or machine.name
    computer = xmlio.text_of(params, "ComputerName", 63)
    changes = VmChanges(
        description=xmlio.text_of(params, "VmDescription"), guest={"computer_name": computer} if computer else {}
    )
    return NewVm(name, machine.hardware.copy(), changes=changes)


def _machine(server: VimServer, params: Element) -> ImportableVm:
    moref = (xmlio.text_of(params, "VmMoRef", xmlio.NAME_LIMIT) or "").strip()
    if moref not in server.vms:
        known = ", ".join(server.vms)
        raise invalid("VmMoRef", f"the server has no such VM; it has {known}")
    return server.vms[moref]


def _required(params: Element, tag: str) -> str:
    href = composition.reference(params, tag)
    if href is None:
        raise invalid(tag, "the element is required")
    return href
