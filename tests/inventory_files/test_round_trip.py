"""What a cloud prints, fed in again, makes an equivalent cloud."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from gatepost import Gatepost
from gatepost.inventory_files import InvalidInventory, write
from tests.conftest import MakeWorld
from tests.support.client import VcloudClient

Connect = Callable[..., VcloudClient]

NAMES = st.sampled_from(
    ["a", "web server", "Ünïcode ✓", "no", "12", "x: y", "- #", "*", "'\"&<", "ON", "~", "2020-01-01"]
)
TEXTS = st.one_of(NAMES, st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20))
SMALL = st.integers(0, 40)
ADDRESSES = st.sampled_from(["", "10.0.0.1", "192.168.100.10", "192.168.100.11", "fd00::1"])
STATES = st.sampled_from(["powered-on", "powered-off", "suspended"])


def a(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A part with a name and some of these fields."""
    return st.fixed_dictionaries({"name": NAMES}, optional=fields)


def some(parts: st.SearchStrategy[dict[str, Any]], most: int = 3, key: str = "name") -> st.SearchStrategy[list[Any]]:
    return st.lists(parts, max_size=most, unique_by=lambda part: part[key].lower())


METADATA = st.lists(
    st.fixed_dictionaries({"key": st.sampled_from(["k", "k 2"]), "value": TEXTS}),
    max_size=2,
    unique_by=lambda one: one["key"],
)
RANGES = st.lists(st.just({"first": "192.168.100.10", "last": "192.168.100.12"}), max_size=1)
INDEPENDENT = st.fixed_dictionaries(
    {"name": NAMES, "size": st.integers(1, 2**40)},
    optional={"bus_type": st.sampled_from(["5", "6", "20"]), "description": TEXTS},
)
DISKS = st.lists(
    st.one_of(
        st.fixed_dictionaries({}, optional={"size_mb": st.integers(1, 9_000), "bus_type": st.sampled_from(["5", "6"])}),
        st.fixed_dictionaries({"independent": INDEPENDENT}),
    ),
    max_size=3,
)
OWN_DISKS = st.lists(st.fixed_dictionaries({}, optional={"size_mb": st.integers(1, 9_000)}), max_size=3)
NICS = st.lists(
    st.fixed_dictionaries({}, optional={"network": st.sampled_from(["none", "net"]), "connected": st.booleans()}),
    max_size=3,
)
HARDWARE = {"cpus": st.integers(1, 128), "memory_mb": st.integers(4, 9_000), "guest_os": st.just("centos64Guest")}
GUEST = st.fixed_dictionaries({}, optional={"enabled": st.booleans(), "script": TEXTS, "admin_password": TEXTS})
VMS = some(
    a(
        **HARDWARE,
        disks=DISKS,
        nics=NICS,
        state=STATES,
        guest=GUEST,
        description=TEXTS,
        metadata=METADATA,
        startup=st.fixed_dictionaries({}, optional={"order": SMALL, "stop_delay": SMALL}),
        boot=st.fixed_dictionaries({}, optional={"delay_ms": SMALL, "enter_bios": st.booleans()}),
        media=st.sampled_from([[], [{"name": "tools"}]]),
        products=st.lists(
            st.fixed_dictionaries({"info": TEXTS, "properties": st.just([{"key": "k", "value": "v"}])}), max_size=1
        ),
    )
)
SHARING = st.fixed_dictionaries({}, optional={"everyone": st.sampled_from(["ReadOnly", "FullControl"])})
CONFIGS = st.sampled_from(
    [
        [{"name": "net", "parent": "net"}],
        [{"name": "net", "parent": "net", "fence_mode": "natRouted", "scopes": []}],
        [{"name": "own", "scopes": [{"gateway": "10.1.1.1", "netmask": "255.0.0.0"}]}, {"name": "net"}],
        [],
    ]
)
ORGANIZATIONS = some(
    st.fixed_dictionaries(
        {
            "name": NAMES,
            "networks": st.lists(a(ranges=RANGES, gateway=ADDRESSES, description=TEXTS), max_size=1).map(
                lambda listed: [{"name": "net"}, *({**one, "name": f"{one['name']} 2"} for one in listed)]
            ),
            "media": st.just([{"name": "tools"}]),
        },
        optional={
            "full_name": TEXTS,
            "users": some(
                a(password=NAMES, role=st.just("Organization Administrator"), full_name=TEXTS).filter(
                    lambda one: ":" not in one["name"]
                )
            ),
            "vdcs": st.lists(
                a(
                    cpu_mhz=SMALL,
                    vm_quota=SMALL,
                    storage_profiles=some(a(limit_mb=SMALL)).filter(bool),
                    metadata=METADATA,
                ),
                min_size=1,
                max_size=2,
                unique_by=lambda one: one["name"],
            ),
            "catalogs": some(a(published=st.booleans(), description=TEXTS, sharing=SHARING, metadata=METADATA)),
            "templates": some(
                a(
                    listed=st.booleans(),
                    vms=some(a(**HARDWARE, disks=OWN_DISKS, guest=GUEST)),
                    gold_master=st.booleans(),
                    networks=CONFIGS,
                    item=st.fixed_dictionaries({}, optional={"description": TEXTS}),
                )
            ),
            "disks": some(INDEPENDENT),
            "vapps": some(
                a(
                    vms=VMS,
                    networks=CONFIGS,
                    maintenance=st.booleans(),
                    sharing=SHARING,
                    storage_lease_s=SMALL,
                    metadata=METADATA,
                )
            ),
            "metadata": METADATA,
        },
    ),
    most=2,
)
ENTERPRISES = some(
    a(
        workflow=st.booleans(),
        limits=st.dictionaries(st.sampled_from(["cpuCountSoftLimit", "vlansHard"]), SMALL, max_size=2),
        templates=some(a()),
        virtual_datacenters=st.lists(
            a(
                appliances=st.lists(
                    a(
                        machines=st.lists(
                            st.fixed_dictionaries(
                                {"label": NAMES},
                                optional={
                                    "state": st.sampled_from(["ON", "OFF", "UNKNOWN"]),
                                    "cpu": st.integers(1, 256),
                                    "disks": st.lists(a(volume=st.booleans(), sequence=SMALL), max_size=2),
                                },
                            ),
                            max_size=2,
                        )
                    ),
                    max_size=2,
                )
            ),
            max_size=2,
        ),
    )
).filter(bool)


@st.composite
def inventories(draw: st.DrawFn) -> dict[str, Any]:
    enterprises = draw(ENTERPRISES)
    nicks = draw(st.lists(NAMES.filter(lambda nick: ":" not in nick), min_size=1, unique=True, max_size=3))
    users = [{"nick": nick, "role": "r", "enterprise": draw(st.sampled_from(enterprises))["name"]} for nick in nicks]
    return {
        "settings": draw(st.sampled_from([{}, {"work.scale": 0, "vcloud.versions": ["5.5", "33.0"]}])),
        "vcloud": {"organizations": draw(ORGANIZATIONS), "blocking": {"operations": [], "timeout_s": draw(SMALL)}},
        "abiquo": {
            "roles": [{"name": "r", "privileges": ["VDC_MANAGE"], "scope": "s"}],
            "scopes": [{"name": "s", "entities": [{"type": "ENTERPRISE", "name": enterprises[0]["name"]}]}],
            "enterprises": enterprises,
            "users": users,
            "workflow": draw(st.sampled_from([{}, {"endpoint": "http://127.0.0.1:9/"}, {"enabled": True}])),
            "properties": draw(some(a(value=TEXTS))),
        },
    }


def printed(given: Any, *, with_secrets: bool = True) -> dict[str, Any]:
    cloud = Gatepost(broker=None, inventory=given)
    try:
        return cloud.inventory(with_secrets=with_secrets)
    finally:
        cloud.stop()


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(inventories())
def test_an_inventory_says_again_what_it_said(file: dict[str, Any]) -> None:
    try:
        first = printed(file)
    except InvalidInventory as error:
        # Names may meet in one datacenter or catalog.
        refused = str(error)
    else:
        refused = ""
    if refused:
        assert re.search("taken|lists", refused), refused
        return
    assert printed(write(first)) == first
    told = printed(file, with_secrets=False)
    assert printed(write(told), with_secrets=False) == told


def test_a_cloud_that_was_used_says_what_there_is(make_world: MakeWorld, connect: Connect) -> None:
    cloud = make_world(clock="manual", settings={"work.scale": 0})
    again = make_world(clock="manual", inventory=write(_use(cloud)))
    assert again.inventory() == cloud.inventory()
    assert len(cloud.inventory()["vcloud"]["organizations"][0]["vapps"]) == 2
    for user, path in (
        ("alice@acme", "/api/vApps/query?format=records&sortAsc=name"),
        ("alice@acme", "/api/vms/query?format=records&sortAsc=name"),
        ("alice@acme", "/api/catalogs/query?format=records"),
        ("administrator@System", "/api/query?type=adminVApp&sortAsc=name"),
        ("administrator@System", "/api/query?type=user&sortAsc=name"),
    ):
        assert _shown(connect(again, user), path) == _shown(connect(cloud, user), path)


def _use(cloud: Gatepost) -> dict[str, Any]:
    cloud.world.blocking.operations = frozenset()
    with httpx.Client(base_url=f"{cloud.url}/gatepost", trust_env=False, timeout=60) as control:
        for operation, name, more in (
            ("instantiate", "web", {"template": "two-tier"}),
            ("instantiate", "idle", {"deploy": False, "power_on": False}),
            ("suspend", "web", {}),
            ("reconfigure", "idle", {"description": "for a while"}),
        ):
            body = {"operation": operation, "name": name, "user": "alice@acme", **more}
            assert control.post("/operations", json=body).status_code == 200
            cloud.clock.advance(1)
    return cloud.inventory()


_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|https?://127\.0\.0\.1:\d+")


def _shown(client: VcloudClient, path: str) -> list[list[tuple[str, str]]]:
    """The records without what is made anew: ids, addresses of the server, times."""
    records = client.get(path).xml.iterchildren(tag=etree.Element)
    fields = [[(name, _IDS.sub("", value)) for name, value in record.attrib.items()] for record in records]
    assert fields, path
    return [[(name, value) for name, value in record if "Date" not in name] for record in fields]


def test_what_is_being_made_is_left_out(make_world: MakeWorld) -> None:
    cloud = make_world(clock="manual")
    with httpx.Client(base_url=f"{cloud.url}/gatepost", trust_env=False, timeout=60) as control:
        wanted = {"operation": "instantiate", "name": "held", "user": "alice@acme"}
        assert control.post("/operations", json=wanted).json()["hold"]
    assert cloud.world.inventory.vapps
    assert "vapps" not in cloud.inventory()["vcloud"]["organizations"][0]


@pytest.mark.parametrize("who", ["orgadmin@acme", "administrator@System"])
def test_what_belonged_to_somebody_who_is_gone_gets_another_owner(make_world: MakeWorld, who: str) -> None:
    cloud = make_world(clock="manual", settings={"work.scale": 0})
    inventory = cloud.world.inventory
    with cloud.world.lock:
        inventory.remove_user(inventory.find_user(*who.split("@")))
    told = cloud.inventory()
    assert make_world(inventory=told).inventory()["vcloud"]["organizations"]
