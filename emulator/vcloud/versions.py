"""API versions: which are spoken, which one a request asks for, and how they differ (reference, sections 0.5 and 0.6).

All differences stand in `Traits`, so that no handler compares versions. A new one is a line there,

    vm_date_created: bool = since("5.1", "`Vm/DateCreated`")

a row with the same words in docs/vcloud.md (a test holds the two together), and `if call.traits.vm_date_created` where
the document is made. Tables of elements that carry a version each, as those of the system settings do, ask
`Traits.has` instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any

_ELEMENT = re.compile(r"\s*(?:application|\*)/[\w.*+-]+\s*;.*?\bversion\s*=\s*\"?([\w.-]+)\"?", re.IGNORECASE)


def since(version: str, what: str) -> Any:
    """A trait of this API version and all later ones; `what` tells it to people."""
    return field(init=False, metadata={"since": version, "what": what})


def before(version: str, what: str) -> Any:
    """A trait of all API versions older than this one."""
    return field(init=False, metadata={"before": version, "what": what})


@dataclass(frozen=True, slots=True)
class Traits:
    """How one API version behaves where the versions differ."""

    version: str

    bad_token_is_forbidden: bool = before("5.6", "an unknown or expired token is 403 `Access is forbidden`, not 401")
    missing_token_is_bare: bool = before("5.6", "the 401 to a request without a token has no body")
    session_slash: bool = before("5.6", "`Session/@href` ends in a slash")
    media_type_mappings: bool = before("5.7", "`MediaTypeMapping` in the list of versions")
    vdc_storage_capacity: bool = before("5.1", "`Vdc/StorageCapacity`")
    capacity_reserved: bool = since("5.1", "`Reserved` in a datacenter's capacities")
    vdc_used_networks: bool = since("5.1", "`Vdc/UsedNetworkCount`")
    dates_created: bool = since("5.1", "`DateCreated` of catalogs, catalog items and templates")
    user_provider_type: bool = since("5.1", "`User/ProviderType`")
    task_service: bool = since("5.1", "`Task/@serviceNamespace`, `Task/@cancelRequested` and `Task/Details`")
    extension_services: bool = since("5.1", "links to extension services in `Session` and `VMWExtension`")
    external_tasks: bool = since("5.1", "the links `task:create` and `event:create` of `AdminOrg`")
    amqp_prefix: bool = since("5.1", "`AmqpSettings/AmqpPrefix`")
    amqp_certificates: bool = since("5.1", "the links of `AmqpSettings` to certificates and trust stores")
    amqp_accept_all: bool = since("5.5", "`AmqpSettings/AmqpSslAcceptAll`")
    amqp_test_error: bool = since("5.5", "`AmqpSettingsTest/error`")
    ip_scopes: bool = since("5.1", "`IpScopes` instead of one `IpScope` in networks")
    default_storage_profile: bool = since("5.1", "`VAppTemplate/DefaultStorageProfile`")
    gold_master_section: bool = since("5.1", "`CustomizationSection/@goldMaster`")
    vdc_cpu_speed: bool = since("5.7", "`Vdc/VCpuInMhz2`")
    vm_dates_created: bool = since("5.1", "`DateCreated` of vApps and VMs")
    nested_hypervisor: bool = since("5.1", "`Vm/@nestedHypervisorEnabled`")
    vm_capabilities: bool = since("5.1", "`VmCapabilities`")
    storage_profiles: bool = since("5.1", "storage profiles of datacenters, VMs, media and disks")
    snapshots: bool = since("5.1", "`SnapshotSection` and the snapshot actions' links")
    reconfigure_vm: bool = since("5.1", "the link `reconfigureVm`")
    independent_disks: bool = since("5.1", "independent disks and the links to them")
    typed_metadata: bool = since("5.1", "`TypedValue` and `Domain` instead of `Value` in metadata")
    machine_ou: bool = since("5.1", "`GuestCustomizationSection/MachineObjectOU`")
    auto_logon: bool = since("5.5", "`AdminAutoLogonEnabled` and `AdminAutoLogonCount` in `GuestCustomizationSection`")
    cores_per_socket: bool = since("5.5", "`vmw:CoresPerSocket` of CPUs")
    adapter_types: bool = since("5.11", "`NetworkConnection/NetworkAdapterType`")
    boot_options: bool = since("21.0", "`Vm/BootOptions`")
    vm_spec: bool = since("29.0", "`VmSpecSection`")
    json_notifications: bool = since("5.1", "notifications in JSON; here the newest version spoken counts")
    version_numbers: bool = since("5.5", "`VersionNumber` of catalogs and catalog items")
    session_user_id: bool = since("5.5", "`Session/@userId`")
    messages_carry_request_id: bool = since("5.6", "error messages begin with `[ <request id> ] `")
    session_roles: bool = since("5.7", "`Session/@roles`")
    external_resource_ids: bool = since("6.0", "`Link/@id` of links that extension services add")
    busy_names_task: bool = since("9.0", "`BUSY_ENTITY` names the task that is in the way")
    task_result: bool = since("13.0", "`Task/Result`")
    version_deprecated: bool = since("20.0", "`VersionInfo/@deprecated`")
    cloudapi: bool = since("30.0", "the modern login")
    session_locations: bool = since("31.0", "`Session/@locationId` and `AuthorizedLocations`")
    all_task_operations: bool = since("33.0", "the link `down:allTaskOperations` of `BlockingTaskSettings`")
    operation_categories: bool = since("33.0", "blocking-task operations come with categories")
    org_query_links: bool = since("33.0", "`Org` links to the queries for its datacenters and catalogs, too")
    filter_escapes: bool = since("35.0", "a filter escapes by backslash, and `filterEncoded` has no effect")

    def __post_init__(self) -> None:
        for trait in fields(self)[1:]:
            when = trait.metadata
            object.__setattr__(self, trait.name, self.has(when.get("since"), when.get("before")))

    def has(self, since: str | None, before: str | None = None) -> bool:
        """Whether this version knows what came with `since` and was gone with `before`; None: always, and never."""
        number = _number(self.version)
        return (since is None or number >= _number(since)) and (before is None or number < _number(before))


@lru_cache(maxsize=256)
def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@lru_cache(maxsize=64)
def traits(version: str) -> Traits:
    return Traits(version)


@lru_cache(maxsize=1024)
def negotiate(accept: str, spoken: tuple[str, ...]) -> Traits | None:
    """The first element of an Accept list whose version is spoken; None when there is none."""
    for element in accept[:4096].split(","):
        match = _ELEMENT.match(element)
        if match is not None and match[1] in spoken:
            return traits(match[1])
    return None


def not_acceptable(accept: str, spoken: tuple[str, ...]) -> str:
    """The text of the 406, which changed with the server's age; the newest version spoken tells the age."""
    newest = _number(spoken[-1])
    if newest >= (33, 0):
        listed = ", ".join(reversed(spoken))
        return (
            "The request has invalid accept header: Invalid API version requested. "
            f"Supported API versions are: [{listed}] ([D] indicates deprecated versions)"
        )
    listed = ", ".join(spoken)
    asked = _ELEMENT.match(accept)
    if newest >= (31, 0) and asked is not None:
        return (
            f"The request has invalid accept header: Unknown API version: {asked[1]}. "
            f"Supported API versions are: [{listed}]"
        )
    return f"The request has invalid accept header. Supported API versions are: [{listed}]"
