"""Clients that speak the old API versions: pyvcloud of 2018, and Apache Libcloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatepost import Gatepost
from tests.support.foreign_flow import run_flow

# The first test of a machine installs them.
pytestmark = pytest.mark.timeout(700)


@pytest.mark.parametrize("version", ["5.5", "27.0"])
def test_pyvcloud_of_2018(pyvcloud_18: Path, quick: Gatepost, version: str, tmp_path: Path) -> None:
    assert run_flow(pyvcloud_18, "pyvcloud_18", quick, version, tmp_path) == {
        "vdcs": ["acme-vdc"],
        "catalogs": ["base-images"],
        "items": ["centos", "two-tier"],
        "instantiate": "vdcInstantiateVapp success",
        "power on": "vappDeploy success",
        "state": "4",
        "power off": "vappPowerOff success",
        "lease": "vdcUpdateVapp success",
        "metadata": "metadataUpdate success",
        "disk": "vdcCreateDisk success",
        "disks": ["data"],
        "delete": "vdcDeleteVapp success",
        "deleted": "Exception: not found",
        "add": "t",
        "extension": "true",
        "remove": None,
        "extensions": [],
    }


@pytest.mark.parametrize("version", ["1.5", "5.5"])
def test_libcloud(libcloud: Path, quick: Gatepost, version: str, tmp_path: Path) -> None:
    snapshots = {"snapshot": 1, "revert": 1, "no snapshot": 0} if version == "5.5" else {}
    assert run_flow(libcloud, "libcloud_vapps", quick, version, tmp_path) == {
        "vdcs": [["acme-vdc", "AllocationVApp", True, True]],
        "networks": ["acme-net"],
        "images": ["centos", "two-tier"],
        "refused": "InvalidCredsError",
        "create": ["web", "running", "one server", ["web-1"]],
        "vm": [["web-1", "running", 1]],
        "lease": True,
        "by VM": ["web"],
        "off": "stopped",
        "cpu": None,
        "memory": None,
        "disk": None,
        "metadata": None,
        "told": ["cost"],
        "private": [None, []],
        "share": None,
        "shared": [None, [["user", "alice", "FullControl"]]],
        **snapshots,
        "on": "running",
        "reset": True,
        "suspend": "pending",
        "on again": "running",
        "shut down": "stopped",
        "deploy": "running",
        "clone": "clone",
        "nodes": ["clone", "web"],
        "found": ["web"],
        "destroy": True,
        "destroyed": None,
    }
