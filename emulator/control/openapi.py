"""The control API as an OpenAPI document, made from the declarations of its routes."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from gatepost.control.api import ROUTES, Answer, Model, Route, route
from gatepost.control.context import Control
from gatepost.core.faults import Rule

_REF = "#/components/schemas/{model}"
_TEXTS = {
    400: "What was sent cannot be understood or done; `error` says why",
    401: "The control token is missing or wrong",
    403: "Refused: a foreign web page or host, or the cloud's own refusal",
    404: "Not there; of `expect`: not seen, with the nearest entries",
    409: "The hold was decided otherwise",
    424: "The connector that Abiquo called failed",
    503: "Too many wait already",
}


class Refusal(Answer):
    error: str


# Bodies that handlers parse themselves, since their errors are those of the engine.
_BODIES: dict[str, Any] = {"POST /gatepost/faults": Rule, "PATCH /gatepost/settings": dict[str, Any]}


@route("GET", "/gatepost/openapi.json", answer=dict[str, Any])
def openapi(control: Control) -> Any:
    """This document."""
    return document(control.info()["version"])


@cache
def document(version: str) -> dict[str, Any]:
    """OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {}
    for one in ROUTES:
        path = re.sub(r"<(\w+)>", r"{\1}", one.rule)
        paths.setdefault(path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Gatepost's control API",
            "version": version,
            "description": "Looks at the emulated cloud and moves it.",
        },
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(one: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    summary = (one.handler.__doc__ or "").partition("\n")[0]
    statuses = {*one.statuses, *((401, 403) if one.guarded else ())}
    operation: dict[str, Any] = {
        "operationId": one.handler.__name__,
        "summary": summary,
        "responses": {
            "200": _content("Done", _schema(one.answer, "serialization", schemas)),
            **{str(status): _content(_TEXTS[status], _refusal(one, status, schemas)) for status in sorted(statuses)},
        },
    }
    if parameters := [*_path_parameters(one), *_query_parameters(one.query)]:
        operation["parameters"] = parameters
    body = one.body or _BODIES.get(f"{one.method} {one.rule}")
    if body is not None:
        content = {"application/json": {"schema": _schema(body, "validation", schemas)}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _content(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _refusal(one: Route, status: int, schemas: dict[str, Any]) -> dict[str, Any]:
    if status == 404 and one.missed is not None:
        return _schema(one.missed, "serialization", schemas)
    return _schema(Refusal, "serialization", schemas)


def _path_parameters(one: Route) -> list[dict[str, Any]]:
    names = re.findall(r"<(\w+)>", one.rule)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(query: Model | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    schema = query.model_json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": value}
        for name, value in schema["properties"].items()
    ]


def _schema(type_: Any, mode: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type; the models that it names are put into `schemas`."""
    schema = TypeAdapter(type_).json_schema(mode=mode, ref_template=_REF, by_alias=True)
    schemas.update(schema.pop("$defs", {}))
    return schema
