"""Names on the wire: namespaces, media types, operations and their texts (reference, 0.1, 0.8, 4.4, 4.5)."""

from __future__ import annotations

from typing import NamedTuple

VCLOUD = "http://www.vmware.com/vcloud/v1.5"
VMEXT = "http://www.vmware.com/vcloud/extension/v1.5"
VERSIONS = "http://www.vmware.com/vcloud/versions"

V = f"{{{VCLOUD}}}"
X = f"{{{VMEXT}}}"

USER_VIEW: dict[str | None, str] = {None: VCLOUD}
EXTENSION_VIEW: dict[str | None, str] = {"vmext": VMEXT, "vcloud": VCLOUD}

EVENT_PREFIX = "com/vmware/vcloud/event/"
SERVICE_NAMESPACE = "com.vmware.vcloud"


def vcloud_type(name: str) -> str:
    return f"application/vnd.vmware.vcloud.{name}+xml"


def admin_type(name: str) -> str:
    return f"application/vnd.vmware.admin.{name}+xml"


ENTITY_TYPES = {
    "org": vcloud_type("org"),
    "vdc": vcloud_type("vdc"),
    "catalog": vcloud_type("catalog"),
    "catalogitem": vcloud_type("catalogItem"),
    "vapptemplate": vcloud_type("vAppTemplate"),
    "vapp": vcloud_type("vApp"),
    "vm": vcloud_type("vm"),
    "network": vcloud_type("orgNetwork"),
    "user": admin_type("user"),
    "task": vcloud_type("task"),
    "blockingTask": admin_type("blockingTask"),
}
"""Body media type by URN type."""

PATHS = {
    "org": "/api/org/",
    "vdc": "/api/vdc/",
    "catalog": "/api/catalog/",
    "catalogitem": "/api/catalogItem/",
    "vapptemplate": "/api/vAppTemplate/vappTemplate-",
    "vapp": "/api/vApp/vapp-",
    "vm": "/api/vApp/vm-",
    "network": "/api/network/",
    "user": "/api/admin/user/",
    "task": "/api/task/",
    "blockingTask": "/api/admin/extension/blockingTask/",
}
"""Path before the bare UUID by URN type."""


class Words(NamedTuple):
    """How a task speaks of its operation: running, finished, and whether the object's name is told."""

    running: str
    finished: str
    with_name: bool = True


OPERATION_WORDS = {
    "vdcInstantiateVapp": Words("Creating", "Created"),
    "vappDeploy": Words("Starting", "Running"),
    "vappUndeployPowerOff": Words("Stopping", "Stopped"),
    "vappUndeploySuspend": Words("Suspending", "Suspended"),
    "vappPowerOff": Words("Powering Off", "Powered Off"),
    "vappShutdownGuest": Words("Shutting Down", "Shut Down"),
    "vappSuspend": Words("Suspending", "Suspended"),
    "vappReset": Words("Reset", "Reset", with_name=False),
    "vappReboot": Words("Rebooting", "Rebooted"),
    "vappRebootGuest": Words("Rebooting", "Rebooted"),
    "vappDiscardSuspendedState": Words("Discarding Suspended State of", "Discarded Suspended State of"),
    "vdcDeleteVapp": Words("Deleting", "Deleted", with_name=False),
}
KIND_WORDS = {"vapp": "Virtual Application", "vm": "Virtual Machine"}

_BLOCKABLE = {
    "vApp": (
        "importSingletonVapp importIntoExistingVapp vdcInstantiateVapp vdcCopyVapp vdcComposeVapp vdcRecomposeVapp "
        "vdcDeleteVapp vdcUpdateVapp vdcCaptureTemplate vappDeploy vappUndeploySuspend vappUndeployPowerOff vappReset "
        "vappRebootGuest vappPowerOff vappShutdownGuest vappSuspend"
    ),
    "vm": (
        "vappUpdateVm vappUpgradeHwVersion vappAttachDisk vappDetachDisk vappCheckVmCompliance vappCreateSnapshot "
        "vappRevertToCurrentSnapshot vappRemoveAllSnapshots vappMigrateVms importVcVmsIntoExistingVApp templateUpdateVm"
    ),
    "vAppTemplate": (
        "importSingletonTemplate vdcUploadOvfContents vdcEnableDownload vdcCopyTemplate vdcDeleteTemplate "
        "vdcUpdateTemplate"
    ),
    "media": "importMedia vdcCopyMedia vdcDeleteMedia vdcUploadMedia vdcUpdateMedia",
    "vdc": (
        "rclCreateProviderVdc rclDeleteProviderVdc vdcCreateVdc vdcDeleteVdc vdcUpdateVdc rclMergePvdc "
        "rclEnableVxlanForProviderVdc"
    ),
    "network": (
        "networkCreateExternalNetwork networkCreateNetworkPool networkCreateFencePoolTypeNetworkPool "
        "networkDeleteNetworkPool networkUpdateNetworkPool networkUpdateVlanPool networkUpdateNetwork networkDelete "
        "networkRepairNetworkPool networkMergeNetworkPools"
    ),
    "disk": "vdcCreateDisk vdcDeleteDisk vdcUpdateDisk vdcUpdateStorageProfiles",
    "catalog": "catalogItemEnableDownload catalogSync catalogSyncAll catalogDelete catalogDeleteBacking",
}

BLOCKABLE = {name: category for category, names in _BLOCKABLE.items() for name in names.split()}
"""Operation names that can be enabled as blocking tasks, with the category that 33.0 and later show.

The names are documented; the category strings are inferred.
"""
