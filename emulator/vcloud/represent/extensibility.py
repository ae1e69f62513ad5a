"""Extension services as every user sees them (reference, section 8.1)."""

from __future__ import annotations

from gatepost.vcloud.http import Call
from gatepost.vcloud.names import ENTITY_TYPES, USER_VIEW, V, vcloud_type
from gatepost.vcloud.represent.links import link
from gatepost.vcloud.represent.services import RECORDS, public_path
from gatepost.vcloud.services.parts import ApiDefinition, FileDescriptor, Service
from gatepost.vcloud.xmlio import Element, root, sub

EXTENSIBILITY = vcloud_type("apiextensibility")
SERVICE = ENTITY_TYPES["service"]
API_DEFINITION = ENTITY_TYPES["apiDefinition"]
FILE = ENTITY_TYPES["fileDescriptor"]


def extensibility(call: Call) -> Element:
    element = root(V + "ApiExtensibility", USER_VIEW, type=EXTENSIBILITY, href=call.href("/api/extensibility"))
    link(element, "down:service", call.href("/api/service"), RECORDS)
    link(element, "down:apidefinitions", call.href("/api/apidefinition"), RECORDS)
    link(element, "down:files", call.href("/api/files"), RECORDS)
    return element


def service(call: Call, service: Service) -> Element:
    href = call.href(public_path(service))
    element = root(
        V + "Service",
        USER_VIEW,
        name=service.name,
        id=f"urn:vcloud:service:{service.id}",
        type=SERVICE,
        href=href,
    )
    link(element, "up", call.href("/api/extensibility"), EXTENSIBILITY)
    link(element, "down:apidefinitions", href + "/apidefinitions", RECORDS)
    sub(element, V + "Description", service.description)
    sub(element, V + "Namespace", service.namespace)
    sub(element, V + "Vendor", service.vendor)
    return element


def api_definition(call: Call, definition: ApiDefinition) -> Element:
    href = call.href(public_path(definition))
    element = root(
        V + "ApiDefinition",
        USER_VIEW,
        name=definition.name,
        id=f"urn:vcloud:apiDefinition:{definition.id}",
        type=API_DEFINITION,
        href=href,
    )
    link(element, "up", call.href(public_path(definition.service)), SERVICE)
    link(element, "down:files", href + "/files", RECORDS)
    sub(element, V + "Description", definition.description)
    # A user's client need not know the variable.
    sub(element, V + "EntryPoint", definition.entry_point.replace("{baseUri}", call.href("/api")))
    sub(element, V + "Namespace", definition.namespace)
    sub(element, V + "ApiVendor", definition.vendor)
    versions = sub(element, V + "SupportedApiVersions")
    for version in definition.versions:
        sub(versions, V + "Version", version)
    return element


def file(call: Call, file: FileDescriptor) -> Element:
    element = root(
        V + "FileDescriptor",
        USER_VIEW,
        id=f"urn:vcloud:fileDescriptor:{file.id}",
        type=FILE,
        href=call.href(public_path(file)),
    )
    assert isinstance(file.owner, ApiDefinition)
    link(element, "up", call.href(public_path(file.owner)), API_DEFINITION)
    sub(element, V + "Description", file.text)
    if file.file is not None:
        found = file.file
        sub(element, V + "File", type=found.type, name=found.name, href=found.href or found.id)
    return element
