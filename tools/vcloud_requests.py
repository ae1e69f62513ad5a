"""Every request that the documents of the vCloud API name, by chapter: method, path, and why it is not served if so."""

from __future__ import annotations

_SETTINGS = "/api/admin/extension/settings"
_BLOCKING = "/api/admin/extension/blockingTask"
_SERVICE = "/api/admin/extension/service"
_MACHINE = "/api/vApp/{vapp,vm}-U"

Request = tuple[str, str] | tuple[str, str, str]

REQUESTS: dict[str, list[Request]] = {
    "1.1": [("GET", "/api/versions")],
    "1.2": [("POST", "/api/sessions"), ("GET", "/api/login"), ("POST", "/api/login")],
    "1.3": [("GET", "/api/session"), ("DELETE", "/api/session"), ("DELETE", "/api/sessions")],
    "1.4": [("POST", "/cloudapi/1.0.0/sessions"), ("POST", "/cloudapi/1.0.0/sessions/provider")],
    "2.1": [("GET", "/api/org"), ("GET", "/api/org/U")],
    "2.2": [
        ("GET", "/api/vdc/U"),
        ("GET", "/api/vdcStorageProfile/U"),
        ("GET", "/api/network/U"),
        ("GET", "/api/admin/{vdcStorageProfile,network}/U"),
    ],
    "2.3": [
        ("GET", "/api/catalog/U"),
        ("GET", "/api/catalogItem/U"),
        ("GET", "/api/vAppTemplate/{vappTemplate,vm}-U"),
        ("GET", "/api/vAppTemplate/vappTemplate-U/{leaseSettings,networkConfig,customization}Section"),
        ("PUT", "/api/vAppTemplate/vappTemplate-U/{leaseSettings,customization}Section"),
        ("GET", "/api/vAppTemplate/vappTemplate-U/ovf"),
        ("POST", "/api/catalog/U/catalogItems"),
        ("PUT", "/api/catalogItem/U"),
        ("POST", "/api/admin/org/U/catalogs"),
        ("PUT", "/api/admin/catalog/U"),
        ("DELETE", "/api/admin/catalog/U"),
        ("POST", "/api/admin/catalog/U/action/publish"),
        ("GET", "/api/{catalog/U,org/U/catalog/U,vApp/vapp-U}/controlAccess"),
        ("POST", "/api/{catalog/U,org/U/catalog/U,vApp/vapp-U}/action/controlAccess"),
    ],
    "2.4": [
        ("GET", "/api/admin"),
        ("GET", "/api/admin/org/U"),
        ("GET", "/api/admin/user/U"),
        ("GET", "/api/admin/vdc/U"),
        ("GET", "/api/admin/catalog/U"),
        ("GET", "/api/admin/{role,right}/U"),
        ("PUT", "/api/admin/role/U"),
        ("GET", "/api/admin/providervdc/U"),
    ],
    "2.5": [
        ("GET", "/api/admin/extension"),
        (
            "GET",
            "/api/admin/extension/{providerVdcReferences,externalNetworkReferences,networkPoolReferences,"
            "vimServerReferences,hostReferences,datastores}",
        ),
    ],
    "2.6": [
        ("GET", _SETTINGS),
        ("PUT", _SETTINGS),
        ("GET", _SETTINGS + "/{general,ldapSettings,email,license,branding,passwordPolicy}"),
        ("PUT", _SETTINGS + "/{general,ldapSettings,email,license,branding,passwordPolicy}"),
    ],
    "3.1": [
        ("POST", "/api/vdc/U/action/{instantiateVAppTemplate,composeVApp,cloneVApp,captureVApp}"),
        ("POST", "/api/vdc/U/action/{uploadVAppTemplate,cloneVAppTemplate,cloneMedia}"),
        ("POST", "/api/catalog/U/action/{upload,captureVApp}"),
        ("POST", "/api/vdc/U/{media,disk}"),
        (
            "POST",
            "/api/admin/extension/vimServer/U/"
            "{importVmAsVApp,importVmIntoExistingVApp,importVmAsVAppTemplate,importMedia}",
        ),
        ("GET", "/api/admin/extension/vimServer/U{,/vmsList}"),
    ],
    "3.2": [
        ("POST", _MACHINE + "/power/action/{powerOn,powerOff,reset,reboot,suspend,shutdown}"),
        ("POST", _MACHINE + "/action/{deploy,undeploy,discardSuspendedState}"),
        ("POST", "/api/vApp/vapp-U/action/recomposeVApp"),
        ("PUT", "/api/vApp/vapp-U/{,networkConfigSection/,leaseSettingsSection/,startupSection/}"),
        ("POST", "/api/vApp/vm-U/action/reconfigureVm"),
        ("PUT", "/api/vApp/vm-U"),
        ("PUT", "/api/vApp/vm-U/virtualHardwareSection/{cpu,memory,disks,networkCards}"),
        ("PUT", "/api/vApp/vm-U/{networkConnectionSection,guestCustomizationSection}/"),
        ("POST", "/api/vApp/vm-U/media/action/{insertMedia,ejectMedia}"),
        ("POST", "/api/vApp/vm-U/disk/action/{attach,detach}"),
        ("POST", _MACHINE + "/action/{createSnapshot,revertToCurrentSnapshot,removeAllSnapshots}"),
        ("POST", "/api/vApp/vm-U/action/upgradeHardwareVersion"),
        ("DELETE", "/api/vApp/vapp-U"),
        ("DELETE", "/api/{vAppTemplate/vappTemplate-U,media/U,disk/U}"),
        ("PUT", "/api/vAppTemplate/vappTemplate-U"),
        ("POST", "/api/vAppTemplate/vappTemplate-U/action/{enableDownload,disableDownload}"),
        ("GET", "/api/{vApp/vapp-U,vApp/vm-U,vAppTemplate/vappTemplate-U,media/U,disk/U}/metadata"),
        ("POST", "/api/{vApp/vapp-U,vApp/vm-U,vAppTemplate/vappTemplate-U,media/U,disk/U}/metadata"),
        ("GET", "/api/{vApp/vapp-U,vApp/vm-U,vAppTemplate/vappTemplate-U,media/U,disk/U}/metadata/KEY"),
        ("PUT", "/api/{vApp/vapp-U,vApp/vm-U,vAppTemplate/vappTemplate-U,media/U,disk/U}/metadata/KEY"),
        ("DELETE", "/api/{vApp/vapp-U,vApp/vm-U,vAppTemplate/vappTemplate-U,media/U,disk/U}/metadata/KEY"),
        ("POST", "/api/vApp/vapp-U/action/{enterMaintenanceMode,exitMaintenanceMode}"),
        ("GET", "/api/{vApp/vapp-U,vAppTemplate/vappTemplate-U,media/U,catalog/U,admin/catalog/U}/owner"),
        ("PUT", "/api/{vApp/vapp-U,vAppTemplate/vappTemplate-U,media/U,catalog/U,admin/catalog/U}/owner"),
        ("POST", "/api/vApp/vm-U/question/action/answer"),
        ("DELETE", "/api/catalogItem/U"),
        ("DELETE", "/api/admin/user/U"),
    ],
    "3.4": [
        ("GET", "/api/vApp/{vapp,vm}-U"),
        ("GET", "/api/vApp/vapp-U/{leaseSettings,startup,network,networkConfig}Section"),
        ("GET", "/api/vApp/{vapp,vm}-U/productSections"),
        ("PUT", "/api/vApp/{vapp,vm}-U/productSections"),
        ("GET", "/api/vApp/vapp-U/ovf"),
    ],
    "4.1": [
        ("GET", "/api/task/U"),
        ("PUT", "/api/task/U"),
        ("POST", "/api/task/U/action/cancel"),
        ("GET", "/api/tasksList/U"),
        ("POST", "/api/tasksList/U"),
        ("POST", "/api/admin/org/U/events"),
    ],
    "5.1": [
        ("GET", "/api/admin/extension/blockingTasks"),
        ("GET", _BLOCKING + "/U"),
        ("POST", _BLOCKING + "/U/action/{resume,abort,fail,updateProgress}"),
        ("GET", _SETTINGS + "/blockingTask{,/operations}"),
        ("PUT", _SETTINGS + "/blockingTask{,/operations}"),
        ("GET", _SETTINGS + "/blockingTask/operations/all"),
    ],
    "6.1": [
        ("GET", _SETTINGS + "/{amqp,notifications}"),
        ("PUT", _SETTINGS + "/{amqp,notifications}"),
        ("POST", _SETTINGS + "/amqp/action/test"),
        ("POST", _SETTINGS + "/amqp/action/{update,reset}Amqp{Certificate,Truststore}"),
        ("PUT", "/transfer/U/amqp{Certificate,Truststore}"),
    ],
    "7": [("GET", "/api/entity/U"), ("GET", "/cloudapi/1.0.0/entity/U")],
    "8.1": [
        ("GET", _SERVICE),
        ("POST", _SERVICE),
        ("GET", _SERVICE + "/U"),
        ("PUT", _SERVICE + "/U"),
        ("DELETE", _SERVICE + "/U"),
        ("POST", _SERVICE + "/U/{links,apifilters,resourceclasses,apidefinitions,definitions}"),
        *(
            (
                method,
                _SERVICE
                + "/{link,apifilter,resourceclass,resourceclassaction,aclrule,serviceresource,apidefinition}/U",
            )
            for method in ("GET", "PUT", "DELETE")
        ),
        ("POST", _SERVICE + "/resourceclass/U/{resourceclassactions,serviceresources}"),
        ("POST", _SERVICE + "/resourceclassaction/U/aclrules"),
        ("GET", _SERVICE + "/U/{links,apifilters,resourceclasses,apidefinitions}"),
        ("GET", _SERVICE + "/resourceclass/U/{resourceclassactions,serviceresources}"),
        ("GET", _SERVICE + "/resourceclassaction/U/aclrules"),
        ("GET", _SERVICE + "/U/rights"),
        ("POST", _SERVICE + "/U/rights"),
        ("POST", _SERVICE + "/U/rights/action/updateRights"),
        ("POST", _SERVICE + "{,/U}/{authorizationcheck,localizationbundles}"),
        ("POST", _SERVICE + "/action/{clearunusedrights,clearunusedlocalizationbundles}"),
        ("GET", _SERVICE + "/query"),
        ("PUT", _SERVICE + "/localizationbundles/U"),
        ("GET", "/api/extensibility"),
        ("GET", "/api/{service,apidefinition,files}{,/U}"),
        ("GET", "/api/service/U/apidefinitions"),
        ("GET", "/api/apidefinition/U/files"),
    ],
    "9": [
        ("GET", "/api/query"),
        ("GET", "/api/{catalogs,vApps,vms}/query"),
        ("GET", "/api/admin/{users,orgs}/query"),
        (
            "GET",
            "/api/admin/extension/{vapps,orgVdcs,providerVdcReferences,vimServerReferences}/query",
        ),
    ],
}
"""What clients were seen to ask for beside the documents stands in the chapter that it belongs to."""

_NO_VSPHERE = "not caused: it works on vSphere's objects, which this cloud does not have"
_NO_PROVIDER = "not caused: the documents of this API's user view name no request for it"

ABSENT_OPERATIONS = {
    "importVcVmsIntoExistingVApp": _NO_VSPHERE,
    "vappCheckVmCompliance": _NO_PROVIDER,
    "vappMigrateVms": _NO_VSPHERE,
    "templateUpdateVm": _NO_PROVIDER,
    "rclCreateProviderVdc": _NO_VSPHERE,
    "rclDeleteProviderVdc": _NO_VSPHERE,
    "rclMergePvdc": _NO_VSPHERE,
    "rclEnableVxlanForProviderVdc": _NO_VSPHERE,
    "vdcCreateVdc": _NO_PROVIDER,
    "vdcDeleteVdc": _NO_PROVIDER,
    "vdcUpdateVdc": _NO_PROVIDER,
    "networkCreateExternalNetwork": _NO_VSPHERE,
    "networkCreateNetworkPool": _NO_VSPHERE,
    "networkCreateFencePoolTypeNetworkPool": _NO_VSPHERE,
    "networkDeleteNetworkPool": _NO_VSPHERE,
    "networkUpdateNetworkPool": _NO_VSPHERE,
    "networkUpdateVlanPool": _NO_VSPHERE,
    "networkRepairNetworkPool": _NO_VSPHERE,
    "networkMergeNetworkPools": _NO_VSPHERE,
    "networkUpdateNetwork": _NO_PROVIDER,
    "networkDelete": _NO_PROVIDER,
    "vdcUpdateStorageProfiles": _NO_PROVIDER,
    "catalogItemEnableDownload": _NO_PROVIDER,
    "catalogSync": _NO_PROVIDER,
    "catalogSyncAll": _NO_PROVIDER,
    "catalogDelete": _NO_PROVIDER,
    "catalogDeleteBacking": _NO_PROVIDER,
}
"""Blockable operations that no request of this cloud causes, and why."""
