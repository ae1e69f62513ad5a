"""Worlds that begin as an inventory file has them, seen by their users."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gatepost import Gatepost
from gatepost.inventory_files import InvalidInventory, load, write
from tests.conftest import MakeWorld
from tests.support.client import VcloudClient
from tests.support.control import ControlClient

THREE_LINES = """\
vcloud:
  organizations:
    - name: initech
"""

STAFFED = """\
settings: {work.scale: 0}
vcloud:
  blocking: {operations: []}
  administrators: [{name: root, password: s3cret}]
  organizations:
    - name: initech
      users:
        - {name: peter, password: tps-report, full_name: Peter Gibbons}
      vdcs: [{name: small, cpu_mhz: 4000, memory_mb: 2048, vm_quota: 3}]
      media: [{name: tools, size: 1024}]
      disks: [{name: loose, size: 1048576}]
      vapps:
        - name: printers
          vms:
            - {name: lp0, state: powered-on, memory_mb: 512}
            - name: lp1
              nics: [{network: initech-net, ip: 192.168.100.10}]
              disks: [{size_mb: 1024}, {independent: {name: data, size: 2097152}}]
              media: [{name: tools}]
abiquo:
  roles: [{name: ADMIN, privileges: [WORKFLOW_OVERRIDE, VDC_ENUMERATE, ENTERPRISE_ENUMERATE]}]
  enterprises: [{name: initech}]
  users: [{nick: bill, role: ADMIN, password: 'yeah, if you could'}]
  datacenters: []
  scopes: []
"""

Connect = Callable[..., VcloudClient]


def ids_of(cloud: Gatepost) -> list[list[str]]:
    one, other = cloud.world.inventory, cloud.abiquo.state.inventory
    kinds: list[dict[str, Any]] = [
        *(one.orgs, one.users, one.provider_vdcs, one.vdcs, one.storage_profiles, one.networks, one.catalogs),
        *(one.catalog_items, one.templates, one.template_vms, one.vim_servers, one.vapps, one.vms, one.disks),
        *(other.privileges, other.scopes, other.roles, other.enterprises, other.users, other.datacenters, other.vdcs),
        *(other.machines, other.properties),
    ]
    return [[*map(str, kind)] for kind in kinds]


@pytest.mark.parametrize("seed", [1, 7])
def test_the_default_inventory_as_a_file_makes_the_very_same_world(make_world: MakeWorld, seed: int) -> None:
    plain = make_world(seed=seed)
    again = make_world(seed=seed, inventory=write(plain.inventory()))
    assert ids_of(again) == ids_of(plain)
    assert again.info()["accounts"] == plain.info()["accounts"]


def test_the_ids_out_of_the_box_are_those_that_connectors_know(make_world: MakeWorld) -> None:
    orgs = make_world(seed=1).world.inventory.orgs
    assert {org.name: org.id for org in orgs.values()} == {
        "System": "35bf992d-c9e9-4616-a12e-7696a6cecc1b",
        "acme": "cd447e35-b8b6-48fe-842e-3d437204e52d",
        "globex": "e5446dd4-552b-42f6-be3e-dc0a1ef2a4f0",
    }


def test_three_lines_are_an_inventory(make_world: MakeWorld) -> None:
    cloud = make_world(clock="manual", inventory=THREE_LINES, settings={"work.scale": 0})
    with ControlClient(cloud) as control:
        cloud.world.blocking.operations = frozenset()
        task = control.post("/operations", {"operation": "instantiate", "name": "v", "user": "alice@initech"})
        assert task.status == 200, task
    assert {org.name for org in cloud.world.inventory.orgs.values()} == {"System", "initech"}


def test_what_the_file_has_is_there(make_world: MakeWorld, connect: Connect) -> None:
    cloud = make_world(clock="manual", inventory=STAFFED)
    client = VcloudClient(cloud.url)
    client.login("peter@initech", "tps-report")
    try:
        rows = client.get("/api/query?type=vm&filter=isVAppTemplate==false").xml
        shown = {row.get("name"): row.get("status") for row in rows.iterchildren("{*}VMRecord")}
        assert shown == {"lp0": "POWERED_ON", "lp1": "POWERED_OFF"}
        vdc = client.get(f"/api/vdc/{next(iter(cloud.world.inventory.vdcs))}").xml
        assert vdc.findtext("{*}ComputeCapacity/{*}Memory/{*}Limit") == "2048"
        assert vdc.findtext("{*}ComputeCapacity/{*}Memory/{*}Used") == "512"
        assert vdc.findtext("{*}VmQuota") == "3"
        lp1 = next(vm for vm in cloud.world.inventory.vms.values() if vm.name == "lp1")
        found = client.get(f"/api/vApp/vm-{lp1.id}").xml
        assert found.findtext(".//{*}NetworkConnection/{*}IpAddress") == "192.168.100.10"
        attached = client.get("/api/query?type=disk&filter=name==data").xml
        assert attached[-1].get("isAttached") == "true"
    finally:
        client.close()


def test_the_limits_of_a_datacenter_hold(make_world: MakeWorld) -> None:
    cloud = make_world(clock="manual", inventory=STAFFED)
    with ControlClient(cloud) as control:
        wanted = {"operation": "instantiate", "name": "more", "user": "peter@initech", "template": "two-tier"}
        refused = control.post("/operations", wanted)
        assert refused.status == 400
        assert "VM quota" in refused.error


def test_addresses_that_the_file_does_not_name_are_drawn_around_those_that_it_names(make_world: MakeWorld) -> None:
    cloud = make_world(inventory=STAFFED)
    ips = {vm.name: vm.hardware.nics.cards[0].ip for vm in cloud.world.inventory.vms.values()}
    assert ips == {"lp0": "192.168.100.11", "lp1": "192.168.100.10"}


def test_users_of_the_other_dialect_log_in(make_world: MakeWorld) -> None:
    cloud = make_world(inventory=STAFFED)
    url = f"{cloud.abiquo_url}/login"
    assert httpx.get(url, auth=("bill", "yeah, if you could"), trust_env=False, timeout=60).status_code == 200
    assert httpx.get(url, auth=("bill", "gatepost"), trust_env=False, timeout=60).status_code == 401


def test_a_reset_goes_back_to_the_file(make_world: MakeWorld) -> None:
    cloud = make_world(clock="manual", inventory=STAFFED)
    before, ids = cloud.inventory(with_secrets=True), ids_of(cloud)
    with cloud.world.lock:
        for vapp in [*cloud.world.inventory.vapps.values()]:
            cloud.world.inventory.remove(vapp)
    cloud.settings.update({"work.scale": 5})
    assert cloud.inventory(with_secrets=True) != before
    cloud.reset()
    assert (cloud.inventory(with_secrets=True), ids_of(cloud)) == (before, ids)


def test_settings_of_the_command_line_go_before_those_of_the_file(make_world: MakeWorld) -> None:
    text = "settings:\n  work.scale: 3\n  vdc.cpu_mhz: 7\n"
    cloud = make_world(inventory=text, settings={"work.scale": 2})
    assert (cloud.settings.work_scale, cloud.settings.vdc_cpu) == (2, 7)


def test_workflow_is_on_where_the_file_has_an_endpoint(make_world: MakeWorld) -> None:
    text = "abiquo:\n  workflow: {endpoint: 'http://127.0.0.1:9/'}\n"
    switches = {
        one.name: one.workflow for one in make_world(inventory=text).abiquo.state.inventory.enterprises.values()
    }
    assert switches == {"Abiquo": False, "acme": True}
    given = make_world(inventory=write(make_world().inventory()), workflow_endpoint="http://127.0.0.1:9/")
    assert {one.name: one.workflow for one in given.abiquo.state.inventory.enterprises.values()} == switches


def test_a_file_is_found_by_its_path(make_world: MakeWorld, tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text(STAFFED)
    for given in (path, str(path)):
        assert make_world(inventory=given).info()["accounts"][0]["user"] == "root@System"


def test_data_is_as_good_as_text(make_world: MakeWorld) -> None:
    text = make_world(inventory=STAFFED).inventory(with_secrets=True)
    assert make_world(inventory=text).inventory(with_secrets=True) == text
    with pytest.raises(InvalidInventory, match=r"^inventory: vcloud\.organizations\[0\]\.vdks: unknown key, did you"):
        load({"vcloud": {"organizations": [{"name": "a", "vdks": []}]}})


def test_passwords_are_told_only_where_everybody_knows_them(make_world: MakeWorld) -> None:
    cloud = make_world(inventory=STAFFED)
    with ControlClient(cloud) as control:
        told = control.get("/inventory").json
        accounts = control.get("/info").json["accounts"]
    assert told["vcloud"]["organizations"][0]["users"] == [{"name": "peter", "full_name": "Peter Gibbons"}]
    for secret in ("tps-report", "s3cret", "yeah"):
        assert secret not in str(told)
        assert secret not in str(accounts)
        assert secret in str(cloud.inventory(with_secrets=True))
        assert secret in str(cloud.info(with_secrets=True)["accounts"])


def test_a_decision_over_the_control_api_needs_no_administrator_of_a_certain_name(make_world: MakeWorld) -> None:
    text = STAFFED.replace("blocking: {operations: []}", "blocking: {operations: [vdcComposeVapp]}")
    cloud = make_world(clock="manual", inventory=text)
    with ControlClient(cloud) as control:
        wanted = {"operation": "compose", "name": "v", "user": "peter@initech"}
        hold = control.post("/operations", wanted).json["hold"]
        assert control.post(f"/holds/{hold}/decision", {"decision": "resume"}).json["applied"]
