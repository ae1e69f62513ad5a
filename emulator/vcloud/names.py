"""Names on the wire: namespaces, media types, operations and their texts (reference, 0.1, 0.8, 4.4, 4.5)."""

from __future__ import annotations

from typing import NamedTuple

VCLOUD = "http://www.vmware.com/vcloud/v1.5"
VMEXT = "http://www.vmware.com/vcloud/extension/v1.5"
VERSIONS = "http://www.vmware.com/vcloud/versions"

OVF = "http://schemas.dmtf.org/ovf/envelope/1"
OVF_ENVIRONMENT = "http://schemas.dmtf.org/ovf/environment/1"
RASD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
VSSD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData"
VMW = "http://www.vmware.com/schema/ovf"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

V = f"{{{VCLOUD}}}"
X = f"{{{VMEXT}}}"

USER_VIEW: dict[str | None, str] = {None: VCLOUD}
MACHINE_VIEW: dict[str | None, str] = {
    None: VCLOUD,
    "ovf": OVF,
    "ovfenv": OVF_ENVIRONMENT,
    "rasd": RASD,
    "vssd": VSSD,
    "vmw": VMW,
}
"""Of documents with OVF sections. Attributes of the vcloud namespace declare its prefix where they stand: declared here
as well, it would be put before every element."""
PREFIXED_VIEW: dict[str | None, str] = {"vcloud": VCLOUD, **{key: uri for key, uri in MACHINE_VIEW.items() if key}}
"""Of OVF documents with attributes of the vcloud namespace."""
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
    "media": vcloud_type("media"),
    "disk": vcloud_type("disk"),
    "network": vcloud_type("orgNetwork"),
    "vdcStorageProfile": vcloud_type("vdcStorageProfile"),
    "user": admin_type("user"),
    "role": admin_type("role"),
    "providervdc": admin_type("providervdc"),
    "task": vcloud_type("task"),
    "blockingTask": admin_type("blockingTask"),
    "right": admin_type("right"),
    "externalService": admin_type("service"),
    "serviceLink": admin_type("serviceLink"),
    "apiFilter": admin_type("apiFilter"),
    "resourceClass": admin_type("resourceClass"),
    "resourceClassAction": admin_type("resourceClassAction"),
    "serviceResource": admin_type("serviceResource"),
    "aclRule": admin_type("aclRule"),
    "service": vcloud_type("service"),
    "apiDefinition": vcloud_type("apidefinition"),
    "fileDescriptor": vcloud_type("filedescriptor"),
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
    "media": "/api/media/",
    "disk": "/api/disk/",
    "network": "/api/network/",
    "vdcStorageProfile": "/api/vdcStorageProfile/",
    "user": "/api/admin/user/",
    "role": "/api/admin/role/",
    "providervdc": "/api/admin/providervdc/",
    "task": "/api/task/",
    "blockingTask": "/api/admin/extension/blockingTask/",
    "right": "/api/admin/right/",
    "externalService": "/api/admin/extension/service/",
    "serviceLink": "/api/admin/extension/service/link/",
    "apiFilter": "/api/admin/extension/service/apifilter/",
    "resourceClass": "/api/admin/extension/service/resourceclass/",
    "resourceClassAction": "/api/admin/extension/service/resourceclassaction/",
    "serviceResource": "/api/admin/extension/service/serviceresource/",
    "aclRule": "/api/admin/extension/service/aclrule/",
    "service": "/api/service/",
    "apiDefinition": "/api/apidefinition/",
    "fileDescriptor": "/api/files/",
}
"""Path before the bare UUID by URN type."""


class Words(NamedTuple):
    """How a task speaks of its operation: running, finished, and whether the object's name is told."""

    running: str
    finished: str
    with_name: bool = True


OPERATION_WORDS = {
    "importSingletonVapp": Words("Importing", "Imported"),
    "importIntoExistingVapp": Words("Importing Virtual Machine into", "Imported Virtual Machine into"),
    "importSingletonTemplate": Words("Importing", "Imported"),
    "importMedia": Words("Importing", "Imported"),
    "vdcInstantiateVapp": Words("Creating", "Created"),
    "vdcComposeVapp": Words("Creating", "Created"),
    "vdcRecomposeVapp": Words("Recomposing", "Recomposed"),
    "vdcCopyVapp": Words("Copying", "Copied"),
    "vdcUpdateVapp": Words("Updating", "Updated"),
    "vdcUpdateVappNetworkSection": Words("Updating", "Updated"),
    "vdcDeleteVapp": Words("Deleting", "Deleted", with_name=False),
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
    "vappUpdateVm": Words("Updating", "Updated"),
    "vappUpgradeHwVersion": Words("Upgrading Hardware Version of", "Upgraded Hardware Version of"),
    "vappInsertCdFloppy": Words("Inserting Media into", "Inserted Media into"),
    "vappEjectCdFloppy": Words("Ejecting Media from", "Ejected Media from"),
    "vappAttachDisk": Words("Attaching Disk to", "Attached Disk to"),
    "vappDetachDisk": Words("Detaching Disk from", "Detached Disk from"),
    "vappCreateSnapshot": Words("Creating Snapshot of", "Created Snapshot of"),
    "vappRevertToCurrentSnapshot": Words("Reverting to Current Snapshot of", "Reverted to Current Snapshot of"),
    "vappRemoveAllSnapshots": Words("Removing All Snapshots of", "Removed All Snapshots of"),
    "vdcCaptureTemplate": Words("Capturing", "Captured"),
    "vdcUploadOvfContents": Words("Finalizing upload of", "Finalized upload of"),
    "vdcCopyTemplate": Words("Copying", "Copied"),
    "vdcUpdateTemplate": Words("Updating", "Updated"),
    "vdcDeleteTemplate": Words("Deleting", "Deleted", with_name=False),
    "vdcEnableDownload": Words("Enabling Download of", "Enabled Download of"),
    "vdcUploadMedia": Words("Uploading", "Uploaded"),
    "vdcCopyMedia": Words("Copying", "Copied"),
    "vdcUpdateMedia": Words("Updating", "Updated"),
    "vdcDeleteMedia": Words("Deleting", "Deleted", with_name=False),
    "vdcCreateDisk": Words("Creating", "Created"),
    "vdcUpdateDisk": Words("Updating", "Updated"),
    "vdcDeleteDisk": Words("Deleting", "Deleted", with_name=False),
    "catalogCreateCatalog": Words("Creating", "Created"),
    "systemUpdateAmqpCertificate": Words("Updating AMQP certificate", "Updated AMQP certificate", with_name=False),
    "systemUpdateAmqpTruststore": Words("Updating AMQP truststore", "Updated AMQP truststore", with_name=False),
    "jobCustom": Words("External processing", "External processing finished"),
    "metadataUpdate": Words("Updating Metadata of", "Updated Metadata of"),
    "metadataSet": Words("Setting Metadata of", "Set Metadata of"),
    "metadataDelete": Words("Deleting Metadata of", "Deleted Metadata of"),
}
KIND_WORDS = {
    "vapp": "Virtual Application",
    "vm": "Virtual Machine",
    "vapptemplate": "Virtual Application Template",
    "media": "Media File",
    "disk": "Disk",
    "org": "Organization",
    "vdc": "Virtual Datacenter",
    "catalog": "Catalog",
    "catalogitem": "Catalog Item",
}

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
