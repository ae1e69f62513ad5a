"""Every operation that a profile can name is one that users can be made to ask for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatepost.conformance.bench import Bench
from gatepost.conformance.profile import OPERATIONS, InvalidProfile, Profile, parse
from gatepost.conformance.scene import Scene
from gatepost.conformance.vcloud.operations import ask_for_operations
from gatepost.conformance.verdict import NotApplicable


def profile(**values: Any) -> Profile:
    return parse(
        yaml.safe_dump(
            {
                "name": "none",
                "dialect": "vcloud",
                "run": {"command": ["none"]},
                "decides": {"resume": {"name": "ok-{n}"}},
                **values,
            }
        )
    )


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A scenario of a connector that is never started."""
    bench = Bench(profile(operations=request.param), 1, Path.cwd())
    bench.open()
    try:
        yield Scene(bench, itertools.count(1).__next__)
    finally:
        bench.close()


@pytest.mark.parametrize("scene", [dict.fromkeys(OPERATIONS, "resume")], indirect=True, ids=["all"])
def test_each_operation_is_asked_for_and_held(scene: Scene) -> None:
    before = scene.cloud.world.blocking.operations
    asked = ask_for_operations(scene, ignored=False)
    assert {one.task.operation for one in asked} == set(OPERATIONS)
    assert all(one.hold.active for one in asked)
    scene.close()
    assert scene.cloud.world.blocking.operations == before


@pytest.mark.parametrize("scene", [{"vappDeploy": "resume"}], indirect=True, ids=["one"])
def test_what_the_profile_does_not_name_is_not_applicable(scene: Scene) -> None:
    with pytest.raises(NotApplicable):
        ask_for_operations(scene, ignored=True)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"operations": {"vappFly": "resume"}}, "'vappFly' is none of vdcComposeVapp"),
        (
            {"operations": {"vappDeploy": "accept"}},
            "operations.vappDeploy: Input should be 'resume', 'abort', 'fail' or",
        ),
        ({"claims": ["operations"]}, "claims 'operations', so operations must tell"),
        ({"claims": ["update-progress"]}, "claims 'update-progress', so decides must tell by wait"),
    ],
)
def test_a_profile_that_promises_what_it_does_not_tell_is_refused(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidProfile) as refused:
        profile(**values)
    assert problem in str(refused.value)
