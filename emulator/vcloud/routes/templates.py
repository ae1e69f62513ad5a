"""vApp templates: uploaded, captured, copied, changed, deleted (reference, sections 2.3, 3.1 and 3.2)."""

from __future__ import annotations

from dataclasses import replace

from gatepost.core import workflows
from gatepost.core.inventory import Catalog, VApp, VAppTemplate, Vdc
from gatepost.core.operations import Workflow
from gatepost.core.tasks import Task
from gatepost.core.workflows import NewTemplate, TemplateChanges
from gatepost.vcloud import ovf, xmlio
from gatepost.vcloud.errors import wrong_collection
from gatepost.vcloud.http import Call, Reply, route
from gatepost.vcloud.names import V, vcloud_type
from gatepost.vcloud.read import composition
from gatepost.vcloud.read import vapps as sections
from gatepost.vcloud.represent import catalogs, templates, vms
from gatepost.vcloud.routes import find, media
from gatepost.vcloud.routes.tasks import accepted
from gatepost.vcloud.xmlio import Element

CAPTURE, UPLOAD = "vdcCaptureTemplate", "vdcUploadOvfContents"


@route("GET", "/api/vAppTemplate/<id>")
def get(call: Call, id: str) -> Reply:
    with call.world.lock:
        found = find.template_or_vm(call, id)
        if isinstance(found, VAppTemplate):
            return Reply(200, templates.template(call, found), vcloud_type("vAppTemplate"))
        return Reply(200, vms.template_vm(call, found), vms.VM)


@route("PUT", "/api/vAppTemplate/<id>")
def update(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.template(call, id)
    body = call.body(V + "VAppTemplate")
    section = xmlio.child(body, "CustomizationSection")
    gold = body.get("goldMaster")
    changes = TemplateChanges(
        xmlio.name_of(body),
        xmlio.text_of(body, "Description"),
        None if gold is None else xmlio.boolean(gold, "goldMaster", default=False),
        None if section is None else _customized(section),
    )
    return _change(call, id, changes)


def _section_route(path: str) -> None:
    @route("GET", f"/api/vAppTemplate/<id>/{path}")
    def get_section(call: Call, id: str) -> Reply:
        with call.world.lock:
            element = templates.section(call, find.template(call, id), path)
            return Reply(200, element, templates.SECTIONS[path].media_type)


for _path in templates.SECTIONS:
    _section_route(_path)


@route("PUT", "/api/vAppTemplate/<id>/leaseSettingsSection")
def change_leases(call: Call, id: str) -> Reply:
    with call.world.lock:
        seconds = find.template(call, id).leases.storage.seconds
    _, storage = sections.leases(call.body(V + "LeaseSettingsSection"), (0, seconds))
    return _change(call, id, TemplateChanges(storage_lease=storage))


@route("PUT", "/api/vAppTemplate/<id>/customizationSection")
def change_customization(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.template(call, id)
    section = call.body(V + "CustomizationSection")
    gold = section.get("goldMaster")
    master = None if gold is None else xmlio.boolean(gold, "goldMaster", default=False)
    return _change(call, id, TemplateChanges(gold_master=master, customized=_customized(section)))


def _change(call: Call, id: str, changes: TemplateChanges) -> Reply:
    with call.world.lock:
        return accepted(call, "vdcUpdateTemplate", workflows.update_template(find.template(call, id), changes))


@route("DELETE", "/api/vAppTemplate/<id>")
def delete(call: Call, id: str) -> Reply:
    with call.world.lock:
        return accepted(call, "vdcDeleteTemplate", workflows.delete_template(find.template(call, id)))


@route("POST", "/api/vAppTemplate/<id>/action/enableDownload")
def enable_download(call: Call, id: str) -> Reply:
    with call.world.lock:
        return accepted(call, "vdcEnableDownload", workflows.enable_download(find.template(call, id)))


@route("POST", "/api/vAppTemplate/<id>/action/disableDownload")
def disable_download(call: Call, id: str) -> Reply:
    with call.world.lock:
        workflows.disable_download(find.template(call, id))
    return Reply(204)


@route("GET", "/api/vAppTemplate/<id>/ovf")
def descriptor(call: Call, id: str) -> Reply:
    with call.world.lock:
        template = find.template(call, id)
        return Reply(200, ovf.envelope(template.name, template.vms, template.networks), "text/xml")


@route("POST", "/api/vdc/<id>/action/uploadVAppTemplate")
def upload(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.own_vdc(call, id)
    params = call.body(V + "UploadVAppTemplateParams")
    with call.world.lock:
        plan = _plan(call, find.own_vdc(call, id), params)
        return _made(call, UPLOAD, workflows.upload_template(plan, ovf.DESCRIPTOR))


@route("POST", "/api/catalog/<id>/action/upload")
def upload_to_catalog(call: Call, id: str) -> Reply:
    """A template or a media file, as the body says; its files come later, to the URLs that it shows."""
    with call.world.lock:
        find.own_catalog(call, id)
    params = call.body(V + "UploadVAppTemplateParams", V + "Media")
    with call.world.lock:
        catalog = find.own_catalog(call, id)
        vdc = find.vdc_of(catalog)
        inventory = call.world.inventory
        if params.tag == V + "Media":
            plan = replace(media.planned(call, params, vdc), catalog=catalog)
            task = call.world.request(media.UPLOAD, call.user, workflows.upload_media(plan))
            item = inventory.media[task.owner.id].item
        else:
            workflow = workflows.upload_template(_plan(call, vdc, params, catalog), ovf.DESCRIPTOR)
            task = call.world.request(UPLOAD, call.user, workflow)
            item = inventory.templates[task.owner.id].item
        call.concerns(task.id)
        assert item is not None
        headers = {"Location": call.entity_href("catalogitem", item.id)}
        return Reply(201, catalogs.catalog_item(call, item, created_by=task), catalogs.CATALOG_ITEM, headers)


@route("POST", "/api/vdc/<id>/action/captureVApp")
def capture(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.own_vdc(call, id)
    params = call.body(V + "CaptureVAppParams")
    source = composition.source(params)
    with call.world.lock:
        plan = _plan(call, find.own_vdc(call, id), params)
        return _made(call, CAPTURE, _capture(call, plan, params, _vapp(call, source)))


@route("POST", "/api/catalog/<id>/action/captureVApp")
def capture_to_catalog(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.own_catalog(call, id)
    params = call.body(V + "CaptureVAppParams")
    source = composition.source(params)
    with call.world.lock:
        catalog, vapp = find.own_catalog(call, id), _vapp(call, source)
        plan = _plan(call, vapp.vdc, params, catalog)
        return accepted(call, CAPTURE, _capture(call, plan, params, vapp))


@route("POST", "/api/vdc/<id>/action/cloneVAppTemplate")
def clone(call: Call, id: str) -> Reply:
    with call.world.lock:
        find.own_vdc(call, id)
    params = call.body(V + "CloneVAppTemplateParams")
    source, moves = composition.source(params), composition.moves(params)
    with call.world.lock:
        template = find.source(call, source)
        if not isinstance(template, VAppTemplate):
            raise wrong_collection("vapptemplate")
        plan = _plan(call, find.own_vdc(call, id), params)
        return _made(call, "vdcCopyTemplate", workflows.copy_template(plan, template, moves=moves))


def made(call: Call, task: Task) -> Reply:
    """201 with the template that the task makes. The caller holds the lock."""
    call.concerns(task.id)
    template = call.world.inventory.templates[task.owner.id]
    headers = {"Location": call.entity_href("vapptemplate", template.id)}
    return Reply(201, templates.template(call, template, created_by=task), vcloud_type("vAppTemplate"), headers)


def _made(call: Call, operation: str, workflow: Workflow) -> Reply:
    return made(call, call.world.request(operation, call.user, workflow))


def _plan(call: Call, vdc: Vdc, params: Element, catalog: Catalog | None = None) -> NewTemplate:
    section = xmlio.child(params, "CustomizationSection")
    return NewTemplate(
        vdc,
        xmlio.name_of(params),
        xmlio.text_of(params, "Description") or "",
        call.user,
        catalog,
        customized=True if section is None else _customized(section),
    )


def _customized(section: Element) -> bool:
    text = xmlio.text_of(section, "CustomizeOnInstantiate")
    return xmlio.boolean(text, "CustomizeOnInstantiate", default=True)


def _capture(call: Call, plan: NewTemplate, params: Element, source: VApp) -> Workflow:
    href = composition.reference(params, "TargetCatalogItem")
    replaces = None if href is None else find.catalog_item(call, find.tail(href))
    return workflows.capture(plan, source, replaces)


def _vapp(call: Call, href: str) -> VApp:
    found = find.source(call, href)
    if not isinstance(found, VApp):
        raise wrong_collection("vapp")
    return found
