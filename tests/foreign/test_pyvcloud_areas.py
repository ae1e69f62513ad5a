"""pyvcloud as published, area by area, on an API version of each of its two ways to find vdcs and catalogs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gatepost import Gatepost
from tests.support.foreign_flow import run_flow

# The first test of a machine installs pyvcloud.
pytestmark = [pytest.mark.timeout(700), pytest.mark.parametrize("version", ["29.0", "33.0"])]


NIC_PARTS = [
    "nCardAddress",
    "nCardAddressOnParent",
    "nCardAutomaticAllocation",
    "nCardConnection",
    "nCardIpAddress",
    "nCardIpAddressingMode",
    "nCardPrimaryNetworkConnection",
    "nCardResourceSubType",
    "ncardElementName",
]


def off(operation: str) -> list[Any]:
    """What a step tells that left its vApp powered off."""
    return [operation, 8]


def on(operation: str) -> list[Any]:
    return [operation, 4]


def test_an_organization(pyvcloud: Path, quick: Gatepost, version: str, tmp_path: Path) -> None:
    every = ["a (1), b;c", "b app", "c"]
    assert run_flow(pyvcloud, "pyvcloud_organization", quick, version, tmp_path) == {
        "orgs": ["acme"],
        "another org": "EntityNotFoundException: org 'globex' not found",
        "org": ["acme", "Acme Corporation", ["acme-net"], ["acme-vdc"], ["base-images"]],
        "vdcs": ["acme-vdc"],
        "no vdc": None,
        "vdc": ["acme-vdc", "AllocationVApp", ["acme-net"], ["*"], ["centos", "two-tier"]],
        "networks": ["acme-net"],
        "storage profiles": ["*"],
        "catalogs": ["base-images"],
        "items": ["centos", "two-tier"],
        "item": "application/vnd.vmware.vcloud.vAppTemplate+xml",
        "users": ["alice", "orgadmin"],
        "user": "alice",
        "no user": "EntityNotFoundException: User 'bob' does not exist.",
        **{f"vApp {name}": "vdcComposeVapp" for name in every},
        "sorted": every,
        "sorted down, over pages": every[::-1],
        "found": ["b app"],
        "encoded twice": ["a (1), b;c"],
        "with a wildcard": ["b app"],
        "either": ["b app", "c"],
        "by name": "b app",
        "not there": "EntityNotFoundException: Vapp with name 'd' not found.",
        "second page": [3, None, ["c"]],
        "references": every,
        "admin query": "OperationNotSupportedException: Unable to execute query.",
    }


def test_vapps(pyvcloud: Path, quick: Gatepost, version: str, tmp_path: Path) -> None:
    steps = run_flow(pyvcloud, "pyvcloud_vapps", quick, version, tmp_path)
    seen = steps.pop("vapp")
    assert (seen["name"], seen["status"], seen["owner"]) == ("web", "Powered off", ["orgadmin"])
    assert (seen["vm-1: name"], seen["vm-1: computer-name"], seen["vm-1: storage-profile"]) == ("web-vm", "web", "*")
    [item] = steps["start-up"]
    assert steps.pop("start-up changed") == [{**item, "order": "2", "stopDelay": "30"}]
    assert steps.pop("start-up")[0]["Id"] == "web-vm"
    private = {"is_shared_to_everyone": "False"}
    grant = {
        "access_settings_1_subject_name": "alice",
        "access_settings_1_subject_type": "application/vnd.vmware.admin.user+xml",
        "access_settings_1_access_level": "FullControl",
    }
    assert steps == {
        "compose": "vdcComposeVapp",
        "taken": "BadRequestException: Status code: 400/DUPLICATE_NAME",
        "instantiate": "vdcInstantiateVapp",
        "nic": ["acme-net", "POOL", "true"],
        "power on": on("vappDeploy"),
        "power on again": "OperationNotSupportedException: Can't power on vApp. Current state of vApp: Powered on.",
        "reset": on("vappReset"),
        "reboot": on("vappReboot"),
        "suspend": ["vappSuspend", 3],
        "discard": off("vappDiscardSuspendedState"),
        "deploy what is deployed": (
            "OperationNotSupportedException: Can't deploy vApp. Current state of vApp: Powered off."
        ),
        "undeploy": off("vappUndeployPowerOff"),
        "deploy": on("vappDeploy"),
        "shutdown": off("vappShutdownGuest"),
        "undeploy again": off("vappUndeployPowerOff"),
        "lease": {"DeploymentLeaseInSeconds": "3600", "StorageLeaseInSeconds": "7200", "StorageLeaseExpiration": None},
        "owner": None,
        "owned": "alice",
        "renamed": ["web-02", "renamed"],
        "metadata": {"cost": "4711"},
        "more metadata": {"a": "1", "b": "2", "cost": "4711"},
        "less metadata": {"a": "1", "b": "2"},
        "private": private,
        "share": "True",
        "shared": {"is_shared_to_everyone": "True", "everyone_access_level": "Change"},
        "unshare": "False",
        "grant": True,
        "granted": {**private, **grant},
        "revoke": False,
        "revoked": private,
        "networks": ["acme-net"],
        "new network": ["acme-net", "inner"],
        "network away": ["acme-net"],
        "disconnect": "vdcUpdateVappNetworkSection",
        "connect": ["acme-net"],
        "connect again": "InvalidStateException: Org vdc network 'acme-net' is already connected to vApp.",
        "snapshot": ["vappCreateSnapshot", True],
        "revert": ["vappRevertToCurrentSnapshot", True],
        "no snapshot": ["vappRemoveAllSnapshots", False],
        "copy": "vdcCopyVapp",
        "copied": ["web-vm"],
        "add a VM": ["second"],
        "from nothing": ["second", "third"],
        "delete a VM": ["third"],
        "capture": "vdcCaptureTemplate",
        "captured": ["centos", "two-tier", "captured"],
        "from it": "vdcInstantiateVapp",
        "its VMs": ["web-vm"],
        "item away": None,
        "items": ["centos", "two-tier"],
        "delete": "vdcDeleteVapp",
        "gone": "EntityNotFoundException: Vapp with name 'empty' not found.",
    }


def test_a_machine(pyvcloud: Path, quick: Gatepost, version: str, tmp_path: Path) -> None:
    steps = run_flow(pyvcloud, "pyvcloud_machines", quick, version, tmp_path)
    vm = steps.pop("vm")
    assert (vm["name"], vm["status"], vm["cpu"], vm["memory-MB"]) == ("centos-vm", "Powered off", "1", "1024")
    assert (vm["disk-2000"]["size-MB"], vm["nic-0"]["network"]) == ("8192", "acme-net")
    settings = steps.pop("settings")
    assert (settings["Name"], settings["Storage Policy"], settings["Boot Delay"]) == ("centos-vm", "*", "0")
    customization = steps.pop("customization")
    assert (customization["CustomizationScript"], customization["ComputerName"]) == ("echo 7", "host-8")
    nic, second = [0, True, "true", "acme-net", "POOL"], [1, False, "true", "acme-net", "POOL"]
    disk = {"diskElementName": "Hard disk 1", "diskVirtualQuantityInBytes": 16 * 1024**3}
    assert steps == {
        "vapp": "vdcInstantiateVapp",
        "profiles": [{"name": "*"}],
        "hardware": [
            ["cpuCoresPerSocket", "cpuVirtualQuantity"],
            ["memoryVirtualQuantityInMb"],
            ["diskElementName", "diskVirtualQuantityInBytes"],
            [],
            NIC_PARTS,
        ],
        "cpus": {"num_cpus": 4, "num_cores_per_socket": 2},
        "memory": 4096,
        "bigger disk": [disk],
        "nics": [nic],
        "add a nic": [nic, second],
        "change a nic": [[0, False, *nic[2:]], [1, True, "false", "acme-net", "DHCP"]],
        "delete a nic": [nic],
        "rename": "renamed",
        "host name": "host-7",
        "reconfigure": "changed",
        "metadata": {"rack": "12"},
        "no metadata": {},
        "snapshot": True,
        "revert": True,
        "no snapshot": 8,
        "power on": 4,
        "power on again": "OperationNotSupportedException: Can't power on vm. Current state of vm: Powered on.",
        "reset": 4,
        "reboot": 4,
        "suspend": 3,
        "discard": 8,
        "deploy what is deployed": (
            "OperationNotSupportedException: Can't deploy vm. Current state of vm: Powered off."
        ),
        "undeploy": 8,
        "deploy": 4,
        "shut down": 8,
        "undeploy again": 8,
        "disk": "vdcCreateDisk",
        "attach": ["renamed"],
        "attached": "OperationNotSupportedException: Operation is not supported",
        "detach": [],
        "own disk": "vappUpdateVm",
        "disks": [disk, {"diskElementName": "Hard disk 2", "diskVirtualQuantityInBytes": 2 * 1024**3}],
        "delete": "vdcRecomposeVapp",
        "gone": [],
    }


def test_a_library(pyvcloud: Path, quick: Gatepost, version: str, tmp_path: Path) -> None:
    steps = run_flow(pyvcloud, "pyvcloud_library", quick, version, tmp_path)
    [made], [updated] = steps.pop("disks"), steps.pop("updated")
    shown = ("name", "size_bytes", "owner", "description", "storageProfile", "busSubType")
    assert [made[part] for part in shown] == ["data", str(1024**3), "orgadmin", "records", "*", "lsilogic"]
    assert [updated[part] for part in shown[:3]] == ["records", str(2 * 1024**3), "alice"]
    insert, eject = steps.pop("insert"), steps.pop("eject")
    assert (insert[0], eject[0], "tools.iso" in str(insert), "tools.iso" in str(eject)) == (
        "vappInsertCdFloppy",
        "vappEjectCdFloppy",
        True,
        False,
    )
    assert steps == {
        "create": "vdcCreateDisk",
        "ids": ["data"],
        "update": "vdcUpdateDisk",
        "owner": None,
        "delete": "vdcDeleteDisk",
        "none": [],
        "upload": 256 * 400,
        "items": ["centos", "two-tier", "tools.iso"],
        "media": ["tools.iso"],
        "delete media": None,
        "upload a template": steps["upload a template"],
        "templates": ["centos", "two-tier", "small"],
        "ready": "8",
        "absent": "EntityNotFoundException: Catalog item not found.",
    }
    assert steps["upload a template"] > 70_000


def test_blocking_tasks(pyvcloud: Path, quick: Gatepost, version: str, tmp_path: Path) -> None:
    failure = "VcdTaskException: VcdTaskException; 400/BAD_REQUEST:"
    held = ["vdcInstantiateVapp", "preRunning"]
    assert run_flow(pyvcloud, "pyvcloud_tasks", quick, version, tmp_path) == {
        "blocked": ["0", "preRunning"],
        "busy": "BadRequestException: Status code: 400/BUSY_ENTITY",
        "alice's tasks": [held],
        "the provider's tasks": [held],
        "records": [
            {
                "status": "active",
                "operationName": "vdcInstantiateVapp",
                "ownerName": "held",
                "originatingOrgName": "acme",
                "timeoutAction": "abort",
                "jobStatus": "preRunning",
            }
        ],
        "not for alice": "OperationNotSupportedException: Unable to execute query.",
        "resumed": ["preRunning", "success"],
        "there": 8,
        "aborted": f"{failure} aborted (Out of budget)",
        "pyvcloud asks on": "StillPolling: aborted aborted aborted",
        "nothing left": "AccessForbiddenException: Status code: 403/ACCESS_TO_RESOURCE_IS_FORBIDDEN",
        "failed": f"{failure} error (CMDB not reachable)",
        "a ruin": -1,
        "its tasks": ["error"],
        "cleared": "vdcDeleteVapp",
        "cancel": None,
        "canceled": "BAD_REQUEST",
        "told": {
            "name": "task",
            "status": "canceled",
            "operationName": "vdcInstantiateVapp",
            "owner_type": "application/vnd.vmware.vcloud.vApp+xml",
            "user": "alice",
            "organization": "acme",
            "cancelRequested": "true",
        },
        "published": "running",
        "seen by alice": ["running", "openTicket", "com.example.ticketing"],
        "finished": "success",
        "seen to end": "openTicket",
    }


def test_a_provider(pyvcloud: Path, quick: Gatepost, version: str, tmp_path: Path) -> None:
    service = {
        "name": "ticketing",
        "namespace": "com.example",
        "enabled": "true",
        "exchange": "vcdext",
        "routingKey": "tickets",
        "priority": "50",
        "isAuthorizationEnabled": "false",
    }
    steps = run_flow(pyvcloud, "pyvcloud_system", quick, version, tmp_path)
    for step, key in (("info", "tickets"), ("updated", "desk")):
        info = steps.pop(step)
        filters = sorted([info.pop("filter_1"), info.pop("filter_2")])
        assert (info, filters) == ({**service, "routingKey": key}, ["/api/t/.*", "/api/ticketing"])
    parts = ("Exchange", "Host", "Password", "Port", "Prefix", "SslAcceptAll", "UseSSL", "Username", "VHost")
    assert steps == {
        "settings": [f"Amqp{part}" for part in parts],
        "a good broker": "true",
        "a wrong password": ["false", True],
        "set": "AmqpSettings",
        "kept": {"AmqpPrefix": "cloud-7", "AmqpPassword": None},
        "none": [],
        "add": "ticketing",
        "added": ["ticketing"],
        "patterns": ["/api/t/.*", "/api/ticketing"],
        "twice": "BadRequestException: Status code: 400/DUPLICATE_NAME",
        "update": True,
        "disable": True,
        "disabled": "false",
        "fewer filters": None,
        "no patterns": [],
        "more filters": None,
        "new patterns": ["/api/desk"],
        "right": "{com.example}:manage",
        "xml": "ticketing",
        "absent": "MissingRecordException: API Extension service (name:nothing, namespace:com.example) not found.",
        "delete": None,
        "deleted": [],
        "not for tenants": "ClientException: Requires login as 'system administrator'.",
        "extensions are not for tenants": (
            "OperationNotSupportedException: User doesn't have permission to view extensions."
        ),
        "provider vdcs": ["provider-vdc"],
        "orgs": ["System", "acme", "globex"],
        "people": ["administrator", "alice", "bob", "orgadmin"],
        "vApp of acme": "vdcComposeVapp",
        "people of acme": ["alice", "orgadmin"],
        "vApp of globex": "vdcComposeVapp",
        "people of globex": ["bob"],
        "vApps": ["acme-app", "globex-app"],
        "its admin view": "application/vnd.vmware.admin.vdc+xml",
        "found": "globex-app",
        "events": True,
        "tasks": ["vdcComposeVapp"],
    }
