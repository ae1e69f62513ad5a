"""The requests of the vCloud dialect that take a body, each with one that is right."""

from __future__ import annotations

from typing import NamedTuple

from lxml import etree

from tests.support.client import Reply
from tests.support.house import SETTINGS, House
from tests.support.schemas import OVF, RASD, VCLOUD, VMEXT
from tests.support.services import SERVICES


class Place(NamedTuple):
    """A request that takes a body: who sends it, where, the root it wants, its namespace, and what may stand inside.

    `{hold}` and other names in braces stand for what the house has.
    """

    user: str
    method: str
    path: str
    root: str
    namespace: str
    inside: str

    def request(self, house: House, body: bytes | str, content_type: str | None = None) -> Reply:
        client = house.client(self.user)
        path = self.path.format(**vars(house))
        return client.request(self.method, path, body, content_type)

    def body(self, house: House, before: str = "", inside: str = "") -> str:
        content = self.inside.format(**vars(house)) + inside
        return f'{before}<{self.root} xmlns="{self.namespace}">{content}</{self.root}>'


ADMIN, ALICE = "administrator@System", "alice@acme"

AMQP_VALUES = (
    "<AmqpHost></AmqpHost><AmqpPort>5672</AmqpPort><AmqpUsername>guest</AmqpUsername><AmqpPassword></AmqpPassword>"
    "<AmqpExchange>systemExchange</AmqpExchange><AmqpVHost>/</AmqpVHost><AmqpUseSSL>false</AmqpUseSSL>"
)
BLOCKING_VALUES = (
    "<TimeoutAction>abort</TimeoutAction><BlockingTaskOperations/>"
    "<TimeoutInMilliseconds>432000000</TimeoutInMilliseconds>"
)
ENABLED = "<EnableNotifications>true</EnableNotifications>"
_NUMBERS = [
    "AbsoluteSessionTimeoutMinutes",
    "ActivityLogDisplayDays",
    "ActivityLogKeepDays",
    "HostCheckDelayInSeconds",
    "HostCheckTimeoutSeconds",
    "IpReservationTimeoutSeconds",
    "QuarantineResponseTimeoutSeconds",
    "SessionTimeoutMinutes",
    "SyncIntervalInHours",
    "TransferSessionTimeoutSeconds",
]
_FLAGS = [
    "AllowOverlappingExtNets",
    "PrePopDefaultName",
    "QuarantineEnabled",
    "ShowStackTraces",
    "VerifyVcCertificates",
]
_LDAP_USER = [
    "ObjectClass",
    "ObjectIdentifier",
    "UserName",
    "Email",
    "FullName",
    "GivenName",
    "Surname",
    "Telephone",
    "GroupMembershipIdentifier",
]
_LDAP_GROUP = ["ObjectClass", "ObjectIdentifier", "GroupName", "Membership", "MembershipIdentifier"]
RESUME = Place(ADMIN, "POST", "{hold}/action/resume", "BlockingTaskOperationParams", VMEXT, "<Message>x</Message>")
ABORT = Place(ADMIN, "POST", "{hold}/action/abort", "BlockingTaskOperationParams", VMEXT, "<Message>x</Message>")
FAIL = Place(ADMIN, "POST", "{hold}/action/fail", "BlockingTaskOperationParams", VMEXT, "<Message>x</Message>")
PROGRESS = Place(
    ADMIN, "POST", "{hold}/action/updateProgress", "BlockingTaskUpdateProgressParams", VMEXT, "<Message>x</Message>"
)
BLOCKING_TASKS = Place(ADMIN, "PUT", SETTINGS + "/blockingTask", "BlockingTaskSettings", VMEXT, BLOCKING_VALUES)
OPERATIONS = Place(ADMIN, "PUT", SETTINGS + "/blockingTask/operations", "BlockingTaskOperations", VMEXT, "")
AMQP = Place(ADMIN, "PUT", SETTINGS + "/amqp", "AmqpSettings", VMEXT, AMQP_VALUES)
AMQP_TEST = Place(ADMIN, "POST", SETTINGS + "/amqp/action/test", "AmqpSettings", VMEXT, AMQP_VALUES)
NOTIFICATIONS = Place(
    ADMIN,
    "PUT",
    SETTINGS + "/notifications",
    "NotificationsSettings",
    VMEXT,
    ENABLED,
)
INSTANTIATE = Place(
    ALICE,
    "POST",
    "{vdc}/action/instantiateVAppTemplate",
    "InstantiateVAppTemplateParams",
    VCLOUD,
    '<Source href="{template}"/>',
)
DEPLOY = Place(ALICE, "POST", "{off}/action/deploy", "DeployVAppParams", VCLOUD, "")
UNDEPLOY = Place(
    ALICE,
    "POST",
    "{on}/action/undeploy",
    "UndeployVAppParams",
    VCLOUD,
    "<UndeployPowerAction>powerOff</UndeployPowerAction>",
)

OVF_INFO = f'<Info xmlns="{OVF}">x</Info>'


def _of_vm(method: str, path: str, root: str, inside: str = "", namespace: str = VCLOUD) -> Place:
    return Place(ALICE, method, "{off_vm}" + path, root, namespace, inside)


HARDWARE = "/virtualHardwareSection"
RECONFIGURE = _of_vm("POST", "/action/reconfigureVm", "Vm")
RENAME = _of_vm("PUT", "", "Vm")
CPU = _of_vm("PUT", HARDWARE + "/cpu", "Item", f'<VirtualQuantity xmlns="{RASD}">2</VirtualQuantity>')
MEMORY = _of_vm("PUT", HARDWARE + "/memory", "Item", f'<VirtualQuantity xmlns="{RASD}">2048</VirtualQuantity>')
DISKS = _of_vm("PUT", HARDWARE + "/disks", "RasdItemsList")
CARDS = _of_vm("PUT", HARDWARE + "/networkCards", "RasdItemsList")
SECTION = _of_vm("PUT", HARDWARE, "VirtualHardwareSection", "<Info>x</Info>", OVF)
CONNECTIONS = _of_vm("PUT", "/networkConnectionSection", "NetworkConnectionSection", OVF_INFO)
CUSTOMIZATION = _of_vm("PUT", "/guestCustomizationSection", "GuestCustomizationSection", OVF_INFO)
GUEST_SYSTEM = _of_vm("PUT", "/operatingSystemSection", "OperatingSystemSection", "<Info>x</Info>", OVF)
CAPABILITIES = _of_vm("PUT", "/vmCapabilities", "VmCapabilities")
BOOT = _of_vm("POST", "/action/bootOptions", "BootOptions")
PRODUCTS = _of_vm("PUT", "/productSections", "ProductSectionList")
SNAPSHOT = _of_vm("POST", "/action/createSnapshot", "CreateSnapshotParams")
ANSWER = _of_vm("POST", "/question/action/answer", "VmQuestionAnswer")
UPLOAD = Place(ALICE, "POST", "{vdc}/media", "Media", VCLOUD, "")
CLONE_MEDIA = Place(ALICE, "POST", "{vdc}/action/cloneMedia", "CloneMediaParams", VCLOUD, '<Source href="{media}"/>')
CHANGE_MEDIA = Place(ALICE, "PUT", "{media}", "Media", VCLOUD, "")
INSERT = _of_vm("POST", "/media/action/insertMedia", "MediaInsertOrEjectParams", '<Media href="{media}"/>')
EJECT = _of_vm("POST", "/media/action/ejectMedia", "MediaInsertOrEjectParams", '<Media href="{media}"/>')
NEW_DISK = Place(ALICE, "POST", "{vdc}/disk", "DiskCreateParams", VCLOUD, '<Disk name="x" size="1024"/>')
CHANGE_DISK = Place(ALICE, "PUT", "{disk}", "Disk", VCLOUD, "")
ATTACH = _of_vm("POST", "/disk/action/attach", "DiskAttachOrDetachParams", '<Disk href="{disk}"/>')
DETACH = _of_vm("POST", "/disk/action/detach", "DiskAttachOrDetachParams", '<Disk href="{disk}"/>')
METADATA = _of_vm("POST", "/metadata", "Metadata", "<MetadataEntry><Key>k</Key><Value>v</Value></MetadataEntry>")
METADATUM = _of_vm("PUT", "/metadata/<key>", "MetadataValue", "<Value>v</Value>")
TASKS_LIST = Place(ADMIN, "POST", "/api/tasksList/{org_id}", "Task", VCLOUD, "")
TASK = Place(ADMIN, "PUT", "{held_task}", "Task", VCLOUD, "")
EVENTS = Place(ADMIN, "POST", "/api/admin/org/{org_id}/events", "Event", VCLOUD, "")
CERTIFICATE = Place(
    ADMIN, "POST", SETTINGS + "/amqp/action/updateAmqpCertificate", "CertificateUpdateParams", VCLOUD, ""
)
TRUSTSTORE = Place(ADMIN, "POST", SETTINGS + "/amqp/action/updateAmqpTruststore", "TrustStoreUpdateParams", VCLOUD, "")
SYSTEM = Place(
    ADMIN, "PUT", SETTINGS, "SystemSettings", VMEXT, f"<NotificationsSettings>{ENABLED}</NotificationsSettings>"
)
KEPT = [
    Place(ADMIN, "PUT", f"{SETTINGS}/{path}", root, VMEXT, "".join(f"<{name}>{text}</{name}>" for name, text in inside))
    for path, root, inside in (
        (
            "general",
            "GeneralSettings",
            [
                *((name, "1") for name in _NUMBERS),
                *((name, "true") for name in _FLAGS),
                ("SyncStartDate", "2014-03-12T10:41:22.101+01:00"),
            ],
        ),
        (
            "ldapSettings",
            "LdapSettings",
            [
                ("Port", "636"),
                *((name, "false") for name in ("IsSsl", "IsSslAcceptAll", "PagedSearchDisabled")),
                ("AuthenticationMechanism", "SIMPLE"),
                ("IsGroupSearchBaseEnabled", "false"),
                ("ConnectorType", "OPEN_LDAP"),
                ("UserAttributes", "".join(f"<{name}>x</{name}>" for name in _LDAP_USER)),
                ("GroupAttributes", "".join(f"<{name}>x</{name}>" for name in _LDAP_GROUP)),
            ],
        ),
        (
            "email",
            "EmailSettings",
            [
                ("AlertEmailToAllAdmins", "true"),
                ("SmtpSettings", "<UseAuthentication>false</UseAuthentication>"),
            ],
        ),
        ("license", "License", [("SerialNumber", "x")]),
        ("branding", "BrandingSettings", [("CompanyName", "x")]),
        (
            "passwordPolicy",
            "SystemPasswordPolicySettings",
            [
                ("AccountLockoutEnabled", "true"),
                ("AdminAccountLockoutEnabled", "true"),
                ("InvalidLoginsBeforeLockout", "3"),
                ("AccountLockoutIntervalMinutes", "1"),
            ],
        ),
    )
]

SERVICE = "{parts[Service]}"
_SERVICE_VALUES = "<Namespace>n</Namespace><RoutingKey>r</RoutingKey><Exchange>e</Exchange>"
_ACCESSES = "".join(
    f"<{name}><Access>Shared</Access></{name}>"
    for name in ("ServiceResourceAccess", "OrganizationAccess", "PrincipalAccess")
)
_PARTS = {
    "ServiceLink": "<LinkHref>h</LinkHref><MimeType>m</MimeType><Rel>r</Rel><ResourceType>t</ResourceType>",
    "ApiFilter": "<UrlPattern>/x</UrlPattern>",
    "ApiDefinition": "",
    "ResourceClass": "",
    "ResourceClassAction": "<HttpMethod>GET</HttpMethod><UrlPattern>/x</UrlPattern>",
    "ServiceResource": '<Org href="{org}"/><ExternalObjectId>x</ExternalObjectId>',
    "AclRule": _ACCESSES,
}
_LISTS = {
    "links": (SERVICE, "ServiceLink"),
    "apifilters": (SERVICE, "ApiFilter"),
    "apidefinitions": (SERVICE, "ApiDefinition"),
    "definitions": (SERVICE, "ApiDefinition"),
    "resourceclasses": (SERVICE, "ResourceClass"),
    "resourceclassactions": ("{parts[ResourceClass]}", "ResourceClassAction"),
    "serviceresources": ("{parts[ResourceClass]}", "ServiceResource"),
    "aclrules": ("{parts[ResourceClassAction]}", "AclRule"),
}
_CHECK = '<User href="{org}"/><HttpMethod>GET</HttpMethod><URL>/x</URL>'
REGISTRATION = [
    Place(ADMIN, "POST", SERVICES, "Service", VMEXT, _SERVICE_VALUES),
    Place(ADMIN, "PUT", SERVICE, "Service", VMEXT, _SERVICE_VALUES),
    *(Place(ADMIN, "PUT", f"{{parts[{tag}]}}", tag, VMEXT, inside) for tag, inside in _PARTS.items()),
    *(Place(ADMIN, "POST", f"{of}/{path}", tag, VMEXT, _PARTS[tag]) for path, (of, tag) in _LISTS.items()),
    *(
        Place(ADMIN, "POST", f"{of}/authorizationcheck", "AuthorizationCheckParams", VMEXT, _CHECK)
        for of in (SERVICES, SERVICE)
    ),
    *(Place(ADMIN, "POST", f"{of}/localizationbundles", "BundleUploadParams", VMEXT, "") for of in (SERVICES, SERVICE)),
    Place(ADMIN, "POST", SERVICE + "/rights", "Right", VCLOUD, "<Category>c</Category>"),
    Place(ADMIN, "POST", SERVICE + "/rights/action/updateRights", "UpdateRightsParams", VMEXT, ""),
    Place(ADMIN, "PUT", "{role}", "Role", VCLOUD, ""),
]


def _on_vapp(method: str, path: str, root: str, inside: str = "", namespace: str = VCLOUD) -> Place:
    return Place(ALICE, method, "{off}" + path, root, namespace, inside)


FROM_OFF = '<Source href="{off}"/>'
VAPPS = [
    Place(ALICE, "POST", "{vdc}/action/composeVApp", "ComposeVAppParams", VCLOUD, ""),
    Place(ALICE, "POST", "{vdc}/action/cloneVApp", "CloneVAppParams", VCLOUD, FROM_OFF),
    _on_vapp("POST", "/action/recomposeVApp", "RecomposeVAppParams"),
    _on_vapp("PUT", "/leaseSettingsSection", "LeaseSettingsSection", OVF_INFO),
    _on_vapp("PUT", "/startupSection", "StartupSection", "<Info>x</Info>", OVF),
    _on_vapp("PUT", "/networkConfigSection", "NetworkConfigSection", OVF_INFO),
    _on_vapp("PUT", "/owner", "Owner", '<User href="{alice_href}"/>'),
    _on_vapp("POST", "/action/controlAccess", "ControlAccessParams", "<IsSharedToEveryone>false</IsSharedToEveryone>"),
]
TEMPLATES = [
    Place(ALICE, "POST", "{vdc}/action/captureVApp", "CaptureVAppParams", VCLOUD, FROM_OFF),
    Place(ALICE, "POST", "{vdc}/action/uploadVAppTemplate", "UploadVAppTemplateParams", VCLOUD, ""),
    Place(ALICE, "POST", "{vdc}/action/cloneVAppTemplate", "CloneVAppTemplateParams", VCLOUD, INSTANTIATE.inside),
    Place(ALICE, "PUT", "{template}", "VAppTemplate", VCLOUD, ""),
    Place(ALICE, "PUT", "{template}/customizationSection", "CustomizationSection", VCLOUD, OVF_INFO),
]
CATALOGS = [
    Place(ALICE, "POST", "{catalog}/action/upload", "UploadVAppTemplateParams", VCLOUD, ""),
    Place(ALICE, "POST", "{catalog}/catalogItems", "CatalogItem", VCLOUD, '<Entity href="{template}"/>'),
    Place(ALICE, "PUT", "{catalog_item}", "CatalogItem", VCLOUD, ""),
    Place(ADMIN, "POST", "/api/admin/org/{org_id}/catalogs", "AdminCatalog", VCLOUD, ""),
    Place(ADMIN, "PUT", "/api/admin/catalog/{catalog_id}", "AdminCatalog", VCLOUD, ""),
    Place(
        ADMIN,
        "POST",
        "/api/admin/catalog/{catalog_id}/action/publish",
        "PublishCatalogParams",
        VCLOUD,
        "<IsPublished>true</IsPublished>",
    ),
]
IMPORTS = [
    Place(ADMIN, "POST", "{vim_server}/importVmAsVApp", "ImportVmAsVAppParams", VMEXT, '<Vdc href="{vdc}"/>'),
    Place(
        ADMIN,
        "POST",
        "{vim_server}/importVmIntoExistingVApp",
        "ImportVmIntoExistingVAppParams",
        VMEXT,
        '<VmMoRef>vm-101</VmMoRef><VApp href="{off}"/>',
    ),
    Place(
        ADMIN,
        "POST",
        "{vim_server}/importVmAsVAppTemplate",
        "ImportVmAsVAppTemplateParams",
        VMEXT,
        '<Vdc href="{vdc}"/>',
    ),
    Place(ADMIN, "POST", "{vim_server}/importMedia", "ImportMediaParams", VMEXT, '<Vdc href="{vdc}"/>'),
]

PLACES = [
    RESUME,
    ABORT,
    FAIL,
    PROGRESS,
    BLOCKING_TASKS,
    OPERATIONS,
    AMQP,
    AMQP_TEST,
    NOTIFICATIONS,
    INSTANTIATE,
    DEPLOY,
    UNDEPLOY,
    RECONFIGURE,
    RENAME,
    CPU,
    MEMORY,
    DISKS,
    CARDS,
    SECTION,
    CONNECTIONS,
    CUSTOMIZATION,
    GUEST_SYSTEM,
    CAPABILITIES,
    BOOT,
    PRODUCTS,
    SNAPSHOT,
    ANSWER,
    UPLOAD,
    CLONE_MEDIA,
    CHANGE_MEDIA,
    INSERT,
    EJECT,
    NEW_DISK,
    CHANGE_DISK,
    ATTACH,
    DETACH,
    METADATA,
    METADATUM,
    TASKS_LIST,
    TASK,
    EVENTS,
    CERTIFICATE,
    TRUSTSTORE,
    SYSTEM,
    *KEPT,
    *REGISTRATION,
    *VAPPS,
    *TEMPLATES,
    *CATALOGS,
    *IMPORTS,
]
WITHOUT_BODY = [DEPLOY, UNDEPLOY, SNAPSHOT]
"""Those for which no body means all defaults."""


def wrap(root: str, inside: str, namespace: str = VMEXT) -> str:
    return f'<{root} xmlns="{namespace}">{inside}</{root}>'


def instantiation(house: House, name: str | None, **attributes: str) -> bytes:
    """The body of INSTANTIATE."""
    root = etree.Element(f"{{{VCLOUD}}}InstantiateVAppTemplateParams", nsmap={None: VCLOUD})
    root.attrib.update(attributes)
    if name is not None:
        root.set("name", name)
    etree.SubElement(root, f"{{{VCLOUD}}}Source", href=house.template)
    return etree.tostring(root)
