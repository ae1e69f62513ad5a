"""What varies is told and chosen at run time: over the control API, in Python, and by a reset."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gatepost import Gatepost
from gatepost.variation import DEFAULT, InvalidVariation, Kind
from tests.conftest import MakeWorld
from tests.support.control import ControlClient

NO_TAPS = DEFAULT - {Kind.CASE}


@pytest.fixture
def api(cloud: Gatepost) -> Iterator[ControlClient]:
    with ControlClient(cloud) as client:
        yield client


def test_it_is_told_and_chosen(cloud: Gatepost, api: ControlClient) -> None:
    assert api.get("/variation").json == {"vary": [], "seed": 1}
    for wanted, told in (
        (["prefixes", "links"], ["links", "prefixes"]),
        (True, sorted(NO_TAPS)),
        (["default", "hrefs"], sorted([*NO_TAPS, "hrefs"])),
        (False, []),
        ([], []),
    ):
        assert api.put("/variation", {"vary": wanted}).json == {"vary": told, "seed": 1}
        assert api.get("/variation").json["vary"] == api.get("/info").json["vary"] == told
        assert cloud.variation == set(told)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"vary": ["nonsense"]}, "prefixes"),
        ({"vary": ["case"]}, "--tap"),
        ({"vary": "links"}, "vary"),
        ({"vary": 1}, "vary"),
        ({"vary": None}, "vary"),
        ({}, "vary"),
        ({"vary": True, "more": 1}, "more"),
        ([], "object"),
        (b"", "JSON"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    cloud: Gatepost, api: ControlClient, body: object, told: str
) -> None:
    api.put("/variation", {"vary": ["links"]})
    answer = api.put("/variation", body)
    assert (answer.status, told in answer.error) == (400, True), answer.error
    assert cloud.variation == {"links"}


def test_a_reset_varies_what_varied_first(make_world: MakeWorld) -> None:
    cloud = make_world(vary=["links"])
    cloud.vary(["default", "hrefs"])
    assert cloud.url != f"http://127.0.0.1:{cloud.port}"
    cloud.reset()
    assert cloud.variation == {"links"}
    assert cloud.url == f"http://127.0.0.1:{cloud.port}"


def test_by_default_all_that_musts_are_about(make_world: MakeWorld) -> None:
    assert make_world(vary=True).variation == NO_TAPS
    assert make_world(vary=True, taps=True).variation == DEFAULT
    assert set(Kind) - DEFAULT == {"hrefs"}


@pytest.mark.parametrize("wrong", [["x"], ["links", "Links"], ["case"], "nonsense"])
def test_a_cloud_with_a_wrong_kind_does_not_start(wrong: list[str]) -> None:
    with pytest.raises(InvalidVariation):
        Gatepost(vary=wrong)
