"""Queries while the cloud changes under them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gatepost import Gatepost
from tests.support.amqp import blocking_operations
from tests.support.client import VcloudClient
from tests.support.query import ask, values
from tests.support.tenant import ask as ask_for
from tests.support.tenant import find_places

ROUNDS = 15
LENGTHY = "status==POWERED_ON" + "".join(f",name==nobody-{number}" for number in range(200))
"""Takes its time, so that machines change between their being found and their being shown."""


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns more often than they otherwise would, so that one comes between any two steps of another."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_no_record_contradicts_its_filter(
    make_world: Callable[..., Gatepost], connect: Callable[..., VcloudClient]
) -> None:
    cloud = make_world(settings={"work.scale": 0})
    assert connect(cloud, "administrator@System").put(*blocking_operations()).status == 200
    owner, reader = connect(cloud), connect(cloud)
    hrefs = [ask_for(owner, f"web-{number}")[0] for number in range(20)]
    places = find_places(owner)

    def change() -> None:
        for number in range(ROUNDS):
            for action in ("powerOn", "powerOff"):
                for href in hrefs[:5]:
                    assert owner.post(f"{href}/power/action/{action}").status == 202
            made = owner.instantiate(*places, f"new-{number}", deploy="false", powerOn="false")
            assert owner.delete(made.headers["location"]).status == 202

    seen = set()
    with ThreadPoolExecutor() as pool:
        changes = pool.submit(change)
        while not changes.done():
            on = ask(reader, "vApp", filter=LENGTHY, sortAsc="name")
            assert set(values(on, "status")) <= {"POWERED_ON"}
            seen.add(len(values(on)))
            everything = ask(reader, "vApp", sortDesc="creationDate", pageSize=128)
            assert {f"web-{number}" for number in range(20)} <= set(values(everything))
            ask(reader, "vm", filter="isBusy==false")
            ask(reader, "event", pageSize=128, sortDesc="timeStamp")
        changes.result()
    assert len(seen) > 1
    assert values(ask(reader, "vApp", filter="name==new-*")) == []
