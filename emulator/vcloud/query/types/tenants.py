"""Records of who shares the cloud and what they were given: organizations, users, roles, datacenters, networks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from gatepost.core.events import EntityRef
from gatepost.core.inventory import Network, Organization, ProviderVdc, Role, Status, User, Vdc
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import admin_type
from gatepost.vcloud.query.records import (
    Attribute,
    RecordType,
    Who,
    admin_view,
    flag,
    number,
    of_orgs,
    reference,
    text,
)
from gatepost.vcloud.query.types.machines import itself

_LINK_TYPES = {"bridged": 0, "natRouted": 1, "isolated": 2}


class Account(NamedTuple):
    """A user, with the VMs that are theirs."""

    user: User
    stored: int
    deployed: int


class Filled(NamedTuple):
    """A datacenter, with what runs in it."""

    vdc: Vdc
    vms: int
    running: int
    deployed_vapps: int


class Granted(NamedTuple):
    """A role as it is known in an organization."""

    role: Role
    id: str
    org: Organization


class ProviderUse(NamedTuple):
    """A provider's datacenter, and how many are made from it."""

    provider: ProviderVdc
    vdcs: int


def _orgs(org: Organization) -> Iterator[Organization]:
    yield org


def _networks(org: Organization) -> Iterator[Network]:
    yield from org.networks.values()


def _vdcs(call: Call) -> list[Filled]:
    vdcs = of_orgs(lambda org: org.vdcs.values())(call)
    return [_filled(call, vdc) for vdc in vdcs]


def _filled(call: Call, vdc: Vdc) -> Filled:
    with call.world.lock:
        vapps = list(vdc.vapps.values())
    # Counted without the lock: it may be long, and the numbers need not be of one moment.
    vms = [vm for vapp in vapps for vm in tuple(vapp.vms)]
    running = sum(vm.status is Status.POWERED_ON for vm in vms)
    return Filled(vdc, len(vms), running, sum(vapp.deployed for vapp in vapps))


def _users(call: Call) -> list[Account]:
    users = of_orgs(lambda org: [user for user in org.users.values() if user.password is not None])(call)
    vapps = of_orgs(lambda org: [vapp for vdc in org.vdcs.values() for vapp in vdc.vapps.values()])(call)
    stored, deployed = Counter[str](), Counter[str]()
    for vapp in vapps:
        stored[vapp.owner.id] += len(vapp.vms)
        deployed[vapp.owner.id] += sum(vm.deployed for vm in tuple(vapp.vms))
    return [Account(user, stored[user.id], deployed[user.id]) for user in users]


def _roles(call: Call) -> list[Granted]:
    """Those of the caller's own organization."""
    return [one for one in _all_roles(call) if one.org is call.user.org]


def _all_roles(call: Call) -> list[Granted]:
    roles = call.world.inventory.roles
    return of_orgs(
        lambda org: [
            Granted(role, id, org) for role, id in roles.items() if org.is_system is (role is Role.SYSTEM_ADMINISTRATOR)
        ]
    )(call)


def _role(granted: Granted) -> EntityRef:
    return EntityRef("role", granted.id, granted.role.value)


def _providers(call: Call) -> list[ProviderUse]:
    with call.world.lock:
        inventory = call.world.inventory
        uses = Counter(vdc.provider.id for vdc in inventory.vdcs.values())
        return [ProviderUse(provider, uses[provider.id]) for provider in inventory.provider_vdcs.values()]


def _none(call: Call) -> list[ProviderVdc]:
    """The emulated cloud has no vSphere behind it."""
    return []


# The emulated cloud promises no capacity: so a datacenter's own document says, too.
_CAPACITY: tuple[Attribute[Filled], ...] = tuple(
    number(f"{resource}{amount}{unit}", lambda filled: 0)
    for resource, unit in (("cpu", "Mhz"), ("memory", "MB"), ("storage", "MB"))
    for amount in ("Allocation", "Limit", "Used")
)

_VDC: tuple[Attribute[Filled], ...] = (
    text("name", lambda filled: filled.vdc.name),
    text("description", lambda filled: filled.vdc.description, since="29.0"),
    flag("isEnabled", lambda filled: True),
    *_CAPACITY,
    reference("providerVdc", lambda filled: filled.vdc.provider),
    text("providerVdcName", lambda filled: filled.vdc.provider.name),
    text("orgName", lambda filled: filled.vdc.org.name),
    number("numberOfVApps", lambda filled: len(filled.vdc.vapps)),
    number("numberOfVAppTemplates", lambda filled: len(filled.vdc.templates)),
    number("numberOfMedia", lambda filled: len(filled.vdc.media)),
    number("numberOfDisks", lambda filled: len(filled.vdc.disks), since="5.1"),
    number("numberOfStorageProfiles", lambda filled: len(filled.vdc.storage_profiles), since="5.1"),
    number("numberOfVMs", lambda filled: filled.vms, since="30.0"),
    number("numberOfRunningVMs", lambda filled: filled.running, since="30.0"),
    number("numberOfDeployedVApps", lambda filled: filled.deployed_vapps, since="30.0"),
    flag("isSystemVdc", lambda filled: False),
    flag("isBusy", lambda filled: False),
    text("status", lambda filled: "READY"),
)

_USER: tuple[Attribute[Account], ...] = (
    text("name", lambda account: account.user.name),
    text("fullName", lambda account: account.user.full_name),
    flag("isEnabled", lambda account: True),
    number("numberOfDeployedVMs", lambda account: account.deployed),
    number("deployedVMQuota", lambda account: 0),
    number("numberOfStoredVMs", lambda account: account.stored),
    number("storedVMQuota", lambda account: 0),
    flag("isLdapUser", lambda account: False),
    text("identityProviderType", lambda account: "INTEGRATED", since="5.1"),
)

_ROLE: tuple[Attribute[Granted], ...] = (
    text("name", lambda granted: granted.role.value),
    flag("isReadOnly", lambda granted: True),
)

_NETWORK: tuple[Attribute[Network], ...] = (
    text("name", lambda network: network.name),
    text("netmask", lambda network: network.scope.netmask),
    text("dns1", lambda network: network.scope.dns1 or None),
    text("dns2", lambda network: network.scope.dns2 or None),
    flag("isIpScopeInherited", lambda network: network.scope.inherited),
    # Of organizations' networks the schema does not tell this one, which pyvcloud needs there up to 29.0.
    number("linkType", lambda network: _LINK_TYPES.get(network.fence_mode)),
    flag("isBusy", lambda network: False),
)
_DNS_SUFFIX: Attribute[Network] = text("dnsSuffix", lambda network: network.scope.dns_suffix or None)
_ORG_NETWORK: tuple[Attribute[Network], ...] = (
    *_NETWORK,
    text("gateway", lambda network: network.scope.gateway),
    reference("org", lambda network: network.org),
)

TYPES = (
    RecordType[Organization](
        "organization",
        "OrgRecord",
        "OrgReference",
        Who.EVERYBODY,
        of_orgs(_orgs),
        itself,
        (
            text("name", lambda org: org.name),
            text("displayName", lambda org: org.full_name),
            flag("isEnabled", lambda org: True),
            flag("isReadOnly", lambda org: org.is_system),
            flag("canPublishCatalogs", lambda org: False),
            number("deployedVMQuota", lambda org: 0),
            number("storedVMQuota", lambda org: 0),
            number("numberOfCatalogs", lambda org: len(org.catalogs)),
            number("numberOfVdcs", lambda org: len(org.vdcs)),
            number("numberOfVApps", lambda org: sum(len(vdc.vapps) for vdc in org.vdcs.values())),
            number("numberOfGroups", lambda org: 0),
            number("numberOfDisks", lambda org: sum(len(vdc.disks) for vdc in org.vdcs.values()), since="5.1"),
        ),
    ),
    RecordType[Filled](
        "orgVdc",
        "OrgVdcRecord",
        "OrgVdcReference",
        Who.EVERYBODY,
        _vdcs,
        lambda filled: filled.vdc,
        _VDC,
    ),
    RecordType[Filled](
        "adminOrgVdc",
        "AdminVdcRecord",
        "AdminVdcReference",
        Who.SYSTEM,
        _vdcs,
        lambda filled: filled.vdc,
        (*_VDC, reference("org", lambda filled: filled.vdc.org)),
        lambda filled: admin_view("vdc")(filled.vdc),
        admin_type("vdc"),
    ),
    RecordType[Account](
        "user",
        "UserRecord",
        "UserReference",
        Who.ADMINISTRATORS,
        _users,
        lambda account: account.user,
        _USER,
    ),
    RecordType[Account](
        "adminUser",
        "AdminUserRecord",
        "UserReference",
        Who.SYSTEM,
        _users,
        lambda account: account.user,
        (*_USER, reference("org", lambda account: account.user.org)),
    ),
    RecordType[Granted](
        "role",
        "RoleRecord",
        "RoleReference",
        Who.ADMINISTRATORS,
        _roles,
        _role,
        _ROLE,
    ),
    RecordType[Granted](
        "adminRole",
        "AdminRoleRecord",
        "RoleReference",
        Who.SYSTEM,
        _all_roles,
        _role,
        (
            *_ROLE,
            reference("org", lambda granted: granted.org),
            text("orgName", lambda granted: granted.org.name),
        ),
        since="27.0",
    ),
    RecordType[Network](
        "orgNetwork",
        "OrgNetworkRecord",
        "OrgNetworkReference",
        Who.EVERYBODY,
        of_orgs(_networks),
        itself,
        (*_ORG_NETWORK, _DNS_SUFFIX),
    ),
    RecordType[Network](
        "adminOrgNetwork",
        "AdminOrgNetworkRecord",
        "OrgNetworkReference",
        Who.SYSTEM,
        of_orgs(_networks),
        itself,
        (*_ORG_NETWORK, text("orgName", lambda network: network.org.name)),
    ),
    RecordType[Network](
        "orgVdcNetwork",
        "OrgVdcNetworkRecord",
        "OrgVdcNetworkReference",
        Who.EVERYBODY,
        of_orgs(_networks),
        itself,
        (
            *_NETWORK,
            _DNS_SUFFIX,
            text("defaultGateway", lambda network: network.scope.gateway),
            # An organization's network serves all its datacenters, and is shown with the first of them.
            flag("isShared", lambda network: True),
            reference("vdc", lambda network: next(iter(network.org.vdcs.values()), None)),
            text("vdcName", lambda network: next((vdc.name for vdc in network.org.vdcs.values()), None)),
        ),
        since="5.1",
    ),
    RecordType[ProviderUse](
        "providerVdc",
        "VMWProviderVdcRecord",
        "VMWProviderVdcReference",
        Who.SYSTEM,
        _providers,
        lambda use: use.provider,
        (
            text("name", lambda use: use.provider.name),
            flag("isEnabled", lambda use: True),
            flag("isDeleted", lambda use: False),
            flag("isBusy", lambda use: False),
            text("status", lambda use: "READY"),
            number("numberOfVdcs", lambda use: use.vdcs),
        ),
    ),
    RecordType[ProviderVdc](
        "virtualCenter",
        "VirtualCenterRecord",
        "VirtualCenterReference",
        Who.SYSTEM,
        _none,
        itself,
        (
            text("name", lambda center: None),
            text("url", lambda center: None),
            text("userName", lambda center: None),
            text("vcVersion", lambda center: None),
            text("status", lambda center: None),
            flag("isEnabled", lambda center: False),
            flag("isBusy", lambda center: False),
        ),
    ),
)
