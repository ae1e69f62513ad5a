"""The control API against its own OpenAPI document, by schemathesis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from gatepost import Gatepost
from gatepost.app import create_app
from gatepost.control.api import ROUTES
from gatepost.control.openapi import document
from tests.support.control import ControlClient

LONG_POLLS = {"wait", "within"}


@pytest.fixture(scope="module")
def world() -> Iterator[Gatepost]:
    with Gatepost(clock="manual") as cloud:
        cloud.request("instantiate", name="web")
        yield cloud


def operations() -> list[str]:
    return [f"{one.method} {one.rule}" for one in ROUTES]


def test_every_route_is_in_the_document(api: ControlClient) -> None:
    told = api.get("/openapi.json").json
    named = {f"{method.upper()} {path}" for path, item in told["paths"].items() for method in item}
    assert named == {route.replace("<", "{").replace(">", "}") for route in operations()}
    for item in told["paths"].values():
        for operation in item.values():
            assert operation["summary"].endswith(".")


def test_every_route_of_the_application_is_declared() -> None:
    served = {
        f"{method} {rule.rule}"
        for rule in create_app().url_map.iter_rules()
        if rule.rule.startswith("/gatepost")
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }
    assert served == set(operations())


SCHEMA = schemathesis.openapi.from_dict(document("0"))


@SCHEMA.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_requests_made_from_the_document(world: Gatepost, case: schemathesis.Case[Any]) -> None:
    """Whatever is asked, the answer is one that the document tells of, and nothing breaks."""
    for name in LONG_POLLS & set(case.query or {}):
        case.query[name] = 0.0
    if isinstance(case.body, dict):
        case.body.pop("within", None)
    try:
        response = case.call(base_url=world.url, timeout=60)
    except requests.exceptions.InvalidHeader:
        return
    try:
        # Not all that is refused can be said in a JSON schema, such as names of users; and not all that schemathesis
        # takes for a violation is one.
        case.validate_response(response, excluded_checks=[positive_data_acceptance, negative_data_rejection])
    except FailureGroup as failures:
        pytest.fail("\n".join(str(one) for one in failures.exceptions), pytrace=False)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/clock/advance", {"seconds": False}, "seconds"),
        ("/broker/levers", {"lever": "refuse-logins", "on": 0}, "on"),
        ("/faults", {"effect": {"kind": "http.delay", "seconds": True}}, "seconds"),
        ("/faults", {"effect": {"kind": "http.status", "status": "503"}}, "status"),
    ],
)
def test_values_of_another_type_are_refused(api: ControlClient, path: str, body: object, field: str) -> None:
    answer = api.post(path, body)
    assert (answer.status, field in answer.error) == (400, True)
