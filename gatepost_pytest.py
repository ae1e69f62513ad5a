"""The pytest plugin: the fixture `gatepost`, a whole emulated cloud for one test; and the suite of `gatepost check`.

    def test_my_connector(gatepost):
        gatepost.request("instantiate", name="web")

    @pytest.mark.gatepost(clock="manual", taps=True)  # any argument of gatepost.Gatepost
    def test_another(gatepost): ...

Nothing of Gatepost is imported before a test asks for it.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gatepost import Gatepost

SHOWN = 20
"""Entries of the journal that the report of a failed test shows: the last ones."""

_WORLD: pytest.StashKey[Any] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "gatepost(**options): how the fixture gatepost is made: arguments of Gatepost()")


@pytest.fixture
def gatepost(request: pytest.FixtureRequest) -> Iterator[Gatepost]:
    """A cloud that listens on free ports, isolated from every other, for the length of the test."""
    with warnings.catch_warnings():
        # What a dependency says while it is loaded is not the fault of the test that loads it first.
        warnings.simplefilter("ignore")
        from gatepost import Gatepost

    options: dict[str, Any] = {}
    for marker in request.node.iter_markers("gatepost"):
        if marker.args:
            raise pytest.UsageError("the mark gatepost takes named arguments, those of Gatepost()")
        options = {**marker.kwargs, **options}  # the nearest mark counts
    with Gatepost(**options) as cloud:
        request.node.stash[_WORLD] = cloud
        yield cloud
        del request.node.stash[_WORLD]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    cloud = item.stash.get(_WORLD, None)
    if report.failed and report.when == "call" and cloud is not None:
        report.sections.append(("Gatepost's journal", _last_lines(cloud)))
    return report


def _last_lines(cloud: Gatepost) -> str:
    last = cloud.journal.last
    lines = [
        f"#{entry.seq} {entry.kind} {entry.method} {entry.path}" + (f" {entry.status}" if entry.status else "")
        for entry in cloud.journal.after(last - SHOWN)
    ]
    return "\n".join(lines) or "nothing crossed a wire"
