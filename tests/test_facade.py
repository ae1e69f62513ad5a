"""`Gatepost` in a test: what a user asks for, what waits, and that nothing is left when it stops."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from gatepost import Gatepost
from gatepost.core.effects import HttpHang, MessageDelay
from gatepost.core.errors import CloudError, HoldClosed, InvalidValue
from gatepost.core.faults import Match
from tests.support.abiquo_client import connector
from tests.support.waiting import until

MakeWorld = Callable[..., Gatepost]


@pytest.fixture
def cloud(make_world: MakeWorld) -> Gatepost:
    return make_world(broker=None, clock="real", settings={"work.scale": 0})


def test_a_request_and_its_hold(cloud: Gatepost) -> None:
    request = cloud.request("instantiate", name="web", description="a shop")
    hold = request.hold
    assert (hold.dialect, hold.name, hold.user) == ("vcloud", "web", "alice@acme")
    assert (hold.operation, hold.task, hold.decision) == ("vdcInstantiateVapp", request.task, None)
    assert (request.status, request.ended) == ("preRunning", False)
    assert hold.deadline is not None
    hold.resume("so be it")
    assert request.wait(60).success
    assert (hold.decision, request.details, request.holds, cloud.holds) == ("resume", "so be it", [], [])


def test_other_ends(cloud: Gatepost) -> None:
    aborted, failed = (cloud.request("compose", name=name) for name in ("one", "two"))
    aborted.hold.abort("no")
    hold = failed.hold
    hold.fail("broken")
    assert [one.wait(60).status for one in (aborted, failed)] == ["aborted", "error"]
    assert (aborted.error, failed.error) == ("no", "broken")
    with pytest.raises(HoldClosed):
        hold.resume()


def test_what_is_refused(cloud: Gatepost) -> None:
    with pytest.raises(CloudError, match="there is no operation 'fly'"):
        cloud.request("fly", name="web")
    with pytest.raises(ValueError, match="name"):
        cloud.request("compose", name="")
    request = cloud.request("compose", name="web")
    request.hold.abort()
    with pytest.raises(LookupError, match="has 0 open holds"):
        _ = request.hold


def test_a_wait_that_is_in_vain(cloud: Gatepost) -> None:
    with pytest.raises(AssertionError, match=r"<request for 'web': preRunning> has not ended within 0.01 s"):
        cloud.request("compose", name="web").wait(within=0.01)


def test_abiquos_requests_and_holds(make_world: MakeWorld) -> None:
    with connector() as endpoint:
        cloud = make_world(broker=None, clock="real", settings={"work.scale": 0}, workflow_endpoint=endpoint.url)
        mine = cloud.request("compose", name="web")
        # Of the two machines of the appliance, one is deployed already.
        shop = cloud.request("deploy", name="shop", user="joe")
        assert [hold.dialect for hold in cloud.holds] == ["vcloud", "abiquo"]
        with pytest.raises(InvalidValue, match="no failure by decision"):
            shop.hold.fail()
        shop.hold.resume()
        assert shop.wait(60).success
        both = cloud.request("undeploy", name="shop", user="joe")
        first, second = both.holds
        first.abort("no")
        second.resume()
        assert (len(both.tasks), both.wait(60).success) == (2, False)
        mine.hold.resume()
        assert mine.wait(60).success


# --- what is left ----------------------------------------------------------------------------------------------------


def sockets() -> set[str]:
    """Of this process."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue  # that of the listing itself
        if target.startswith("socket:"):
            found.add(target)
    return found


@contextmanager
def nothing_left() -> Iterator[None]:
    gc.collect()
    threads, before = set(threading.enumerate()), sockets()
    yield
    gc.collect()
    assert set(threading.enumerate()) <= threads
    assert sockets() <= before


def use(cloud: Gatepost) -> None:
    """Leave it in the middle of everything: holds, late messages, a request that hangs, an open connection."""
    cloud.request("instantiate", name="web")
    cloud.faults.add(MessageDelay(seconds=3_600), Match(event="blockingtask/create"))
    cloud.request("instantiate", name="late")
    assert cloud.clock.timers() >= 2
    httpx.get(f"{cloud.url}/api/versions", verify=False, trust_env=False, timeout=60)


@pytest.mark.parametrize("options", [{}, {"broker": None}, {"tls": True}, {"taps": True}, {"taps": True, "vary": True}])
def test_a_world_that_stops_leaves_no_thread_socket_or_timer(options: dict[str, object]) -> None:
    with Gatepost(**options):  # type: ignore[arg-type]  # what every thread and socket of the process needs once
        pass
    with nothing_left():
        with Gatepost(**options) as cloud:  # type: ignore[arg-type]
            use(cloud)
            folder = None if cloud.ca_file is None else cloud.ca_file.parent
        assert cloud.clock.timers() == 0
        assert folder is None or not Path(folder).exists()


def test_worlds_side_by_side_know_nothing_of_each_other() -> None:
    with nothing_left(), Gatepost() as one, Gatepost() as two, connector() as endpoint:
        with Gatepost(workflow_endpoint=endpoint.url, taps=True) as three:
            three.request("deploy", name="web", user="joe")
            three.faults.add(HttpHang(), Match(path="/api/org"))
            one.request("instantiate", name="web")
            assert [len(cloud.holds) for cloud in (one, two, three)] == [1, 0, 1]
            assert [len(list(cloud.faults)) for cloud in (one, two, three)] == [0, 0, 1]
            assert len({cloud.url for cloud in (one, two, three)}) == 3
        until(lambda: one.broker_state == two.broker_state == "connected")
        assert one.request("compose", name="alone").hold.name == "alone"
