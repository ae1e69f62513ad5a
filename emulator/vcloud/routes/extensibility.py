"""What every user may know of the enabled extension services (reference, section 8.1)."""

from __future__ import annotations

from typing import TypeVar

from gatepost.vcloud.errors import no_access
from gatepost.vcloud.http import Call, Reply, checked_id, route
from gatepost.vcloud.query import parameters
from gatepost.vcloud.query.types import RECORD_TYPES
from gatepost.vcloud.represent import extensibility as represent
from gatepost.vcloud.represent.services import public_path
from gatepost.vcloud.routes.query import answer
from gatepost.vcloud.services.parts import ApiDefinition, FileDescriptor, Part, Service

AnyPart = TypeVar("AnyPart", bound=Part)


@route("GET", "/api/extensibility")
def extensibility(call: Call) -> Reply:
    return Reply(200, represent.extensibility(call), represent.EXTENSIBILITY)


@route("GET", "/api/service/<id>")
def service(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, represent.service(call, _find(call, Service, id)), represent.SERVICE)


@route("GET", "/api/service/<id>/apidefinitions")
def definitions_of_service(call: Call, id: str) -> Reply:
    with call.world.lock:
        found = _find(call, Service, id)
        definitions = list(found.definitions)
    return _listed(call, "apiDefinition", public_path(found) + "/apidefinitions", definitions)


@route("GET", "/api/apidefinition/<id>")
def definition(call: Call, id: str) -> Reply:
    with call.world.lock:
        element = represent.api_definition(call, _find(call, ApiDefinition, id))
        return Reply(200, element, represent.API_DEFINITION)


@route("GET", "/api/apidefinition/<id>/files")
def files_of_definition(call: Call, id: str) -> Reply:
    with call.world.lock:
        found = _find(call, ApiDefinition, id)
        files = list(found.files)
    return _listed(call, "fileDescriptor", public_path(found) + "/files", files)


@route("GET", "/api/files/<id>")
def file(call: Call, id: str) -> Reply:
    with call.world.lock:
        return Reply(200, represent.file(call, _find(call, FileDescriptor, id)), represent.FILE)


def _listed(call: Call, type: str, path: str, found: list[AnyPart]) -> Reply:
    return answer(call, RECORD_TYPES[type], path, parameters.pairs_of(call.environ["QUERY_STRING"]), found)


def _find(call: Call, kind: type[AnyPart], text: str) -> AnyPart:
    id = checked_id(text)
    found = call.dialect.services.parts.get(id)
    if not isinstance(found, kind) or not found.service.enabled:
        raise no_access(kind.kind, id)
    return found
