"""`gatepost serve --vary`, and the connectors that anyone may copy against it."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from gatepost.variation import DEFAULT, Kind
from tests.support.process import Serve, gatepost

NO_TAPS = sorted(DEFAULT - {Kind.CASE})


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        ((), {}, []),
        (("--vary",), {}, NO_TAPS),
        (("--vary", "--tap"), {}, sorted(DEFAULT)),
        (("--vary", "links,prefixes"), {}, ["links", "prefixes"]),
        (("--vary=default,hrefs",), {}, sorted([*NO_TAPS, "hrefs"])),
        ((), {"GATEPOST_VARY": "1"}, NO_TAPS),
        ((), {"GATEPOST_VARY": "hrefs, order"}, ["hrefs", "order"]),
        ((), {"GATEPOST_VARY": "0"}, []),
    ],
)
def test_it_varies_what_is_asked_for(
    tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], told: list[str]
) -> None:
    with Serve(tmp_path, "--broker", "none", "--seed", "5", *arguments, **variables) as served:
        assert (served.info["vary"], served.info["seed"]) == (told, 5)
        assert httpx.get(f"{served.info['control_url']}/variation", trust_env=False, timeout=60).json() == {
            "vary": told,
            "seed": 5,
        }
        assert httpx.get(f"{served.info['vcloud_api']}/versions", trust_env=False, timeout=60).status_code == 200
        assert [line for line in served.output.splitlines() if ", ".join(told) in line and "varied" in line] or not told
        served.stop()


def test_a_kind_that_does_not_exist(tmp_path: Path) -> None:
    for arguments in (("--vary", "links,nonsense"), ("--vary", "case")):
        ended = gatepost("serve", "--port", "0", *arguments)
        assert ended.returncode == 2
        assert "nonsense" in ended.stderr or "--tap" in ended.stderr


def test_help_tells_of_it() -> None:
    assert "docs/variation.md" in gatepost("serve", "--help").stdout


def test_a_request_finds_its_way(tmp_path: Path) -> None:
    with Serve(tmp_path, "--broker", "none", "--vary", "default,hrefs", "--set", "work.scale=0") as served:
        asked = gatepost("request", "instantiate", "--name", "web", "--no-wait", "--url", served.url)
        assert asked.returncode == 0, asked
        journal = httpx.get(f"{served.url}/gatepost/journal?kind=amqp", trust_env=False, timeout=60).json()
        assert json.dumps(journal).count("blockingtask/create") > 0
        served.stop()
