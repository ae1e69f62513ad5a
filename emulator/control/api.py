"""How a route of the control API is declared, served, and refused. Everything is JSON; errors are `{"error": "…"}`."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, ValidationError

from gatepost.control import guard
from gatepost.control.context import ENVIRON_KEY, Control
from gatepost.core.clock import InvalidRate, InvalidStep
from gatepost.core.errors import CloudError, Forbidden, HoldClosed, NotFound
from gatepost.core.faults import InvalidRule
from gatepost.core.text import is_text
from gatepost.expect import InvalidLike
from gatepost.settings import InvalidSetting

log = logging.getLogger(__name__)

blueprint = Blueprint("control", __name__)

Handler = Callable[..., Any]
Model = type[BaseModel]

_REFUSALS = (InvalidSetting, InvalidRate, InvalidRule, InvalidStep, InvalidLike)


class BadRequest(Exception):
    """A request that cannot be understood."""


class Body(BaseModel):
    """A request's body."""

    model_config = ConfigDict(extra="forbid")


class Query(BaseModel):
    """What stands behind the question mark of a URL; what is not known there is refused."""

    model_config = ConfigDict(extra="forbid")


class Answer(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Route:
    """What the OpenAPI document tells of a route. `statuses` are those of its refusals; `missed` is the type of a 404
    that tells more than its error."""

    method: str
    rule: str
    handler: Handler
    query: Model | None
    body: Model | None
    answer: Any
    statuses: tuple[int, ...]
    guarded: bool
    missed: Any


ROUTES: list[Route] = []


def route(
    method: str,
    rule: str,
    *,
    answer: Any,
    query: Model | None = None,
    body: Model | None = None,
    statuses: tuple[int, ...] = (),
    guarded: bool = True,
    missed: Any = None,
) -> Callable[[Handler], Handler]:
    """Serve `method rule` by a function that takes the Control, the parsed `query` and `body` where they are declared,
    and the rule's parameters. What it returns becomes JSON; `answer` is that one's type. Its docstring's first line is
    what the OpenAPI document says.
    """

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, rule, handler, query, body, answer, statuses, guarded, missed))

        def view(**parameters: str) -> Response:
            control: Control = request.environ[ENVIRON_KEY]
            try:
                if guarded:
                    guard.check(control, request.headers)
                given: dict[str, Any] = dict(parameters)
                if query is not None:
                    given["query"] = _parse(query, query.model_validate, _arguments())
                if body is not None:
                    # As JSON and strictly: true is no number there, and 1 no truth.
                    strictly = partial(body.model_validate_json, strict=True)
                    given["body"] = _parse(body, strictly, json.dumps(json_body()))
                return _json(handler(control, **given))
            except guard.Refused as error:
                return refuse(error.status, str(error), more=error.more)
            except (BadRequest, *_REFUSALS) as error:
                return refuse(400, str(error))
            except CloudError as error:
                return refuse(_status_of(error), str(error))

        blueprint.add_url_rule(
            rule,
            endpoint=f"{method} {rule}".replace(".", "-"),
            view_func=view,
            methods=[method],
            provide_automatic_options=False,
        )
        return handler

    return register


def refuse(
    status: int, message: str, headers: dict[str, str] | None = None, more: dict[str, Any] | None = None
) -> Response:
    response = _json({"error": message, **(more or {})}, status)
    response.headers.update(headers or {})
    return response


def internal_error() -> Response:
    """The answer to a bug of ours; the traceback goes to the log."""
    log.exception("a control request failed")
    return refuse(500, "This is a bug in Gatepost; its log holds the traceback.")


def json_body() -> dict[str, Any]:
    """Of the request. Raises BadRequest for what is no JSON object."""
    if request.environ["gatepost.too_large"]:
        raise BadRequest("the request body is too large")
    try:
        value = json.loads(request.environ["gatepost.body"])
    except (ValueError, RecursionError):
        raise BadRequest("the request body must be JSON") from None
    if not isinstance(value, dict):
        raise BadRequest("the request body must be a JSON object")
    return value


def require_text(*texts: str) -> None:
    """XML cannot hold every character that JSON can, and these texts end up in XML. Raises BadRequest."""
    for text in texts:
        if not is_text(text):
            raise BadRequest("a text holds a character that XML does not allow")


def _arguments() -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, given in request.args.lists():
        if len(given) > 1:
            raise BadRequest(f"{name}: give it once")
        values[name] = given[0]
    return values


def _parse(model: Model, validate: Callable[[Any], BaseModel], value: Any) -> BaseModel:
    try:
        return validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        field, problem = ".".join(map(str, first["loc"])), first["msg"]
        if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
            problem = f"is not known here; there are {', '.join(_names(model))}"
        raise BadRequest(f"{field}: {problem}" if field else problem) from None


def _names(model: Model) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _status_of(error: CloudError) -> int:
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, HoldClosed):
        return 409
    return 403 if isinstance(error, Forbidden) else 400


def _json(value: Any, status: int = 200) -> Response:
    return Response(
        json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"), status, mimetype="application/json"
    )
