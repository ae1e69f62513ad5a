"""The vCloud part of an inventory file: who shares the cloud, and what they have.

What is None has not been mentioned, and is as it is out of the box; `furnished` fills it in.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gatepost.core.seed.fields import PASSWORD, Bound, Name, Part, Password, Reference, Text
from gatepost.core.seed.machines import (
    AttachedDisk,
    ImportableVm,
    IndependentDisk,
    Media,
    Metadatum,
    Sharing,
    Template,
    TemplateVm,
    VApp,
)
from gatepost.core.seed.networks import Network
from gatepost.core.world import DEFAULT_TIMEOUT, LONGEST_TIMEOUT

BLOCKING_OPERATIONS = (
    "vappDeploy",
    "vappUndeployPowerOff",
    "vappUpdateVm",
    "vdcComposeVapp",
    "vdcDeleteVapp",
    "vdcInstantiateVapp",
)
"""What blocks out of the box."""

UserName = Annotated[Name, Field(pattern=r"^[^:]*[^:\s][^:]*$")]
"""Without a colon, since the name in a login ends there."""


class Blocking(Part):
    """Which operations wait for a decision, for how many seconds, and what happens when there is none."""

    operations: list[str] = list(BLOCKING_OPERATIONS)
    timeout_s: Annotated[float, Field(ge=0, le=LONGEST_TIMEOUT, allow_inf_nan=False)] = DEFAULT_TIMEOUT
    default: Literal["resume", "abort", "fail"] = "abort"


class Administrator(Part):
    """A system administrator: a user of the organization System."""

    name: UserName
    password: Password = PASSWORD
    full_name: Text | None = Field(default=None, description="the name, unless said")


class User(Part):
    name: UserName
    password: Password = PASSWORD
    full_name: Text | None = Field(default=None, description="the name, unless said")
    role: Literal["Organization Administrator", "vApp User"] = "vApp User"


class ProviderVdc(Part):
    name: Name


class StorageProfile(Part):
    name: Name
    limit_mb: Bound = 0


class Vdc(Part):
    """A datacenter of an organization. The first storage profile is the default one."""

    name: Name
    provider: Reference | None = Field(default=None, description="the first provider vdc, unless named")
    description: Text = ""
    cpu_mhz: Bound | None = Field(default=None, description="0 without bound; else the setting vdc.cpu_mhz")
    memory_mb: Bound | None = Field(default=None, description="0 without bound; else the setting vdc.memory_mb")
    vm_quota: Annotated[int, Field(ge=0, le=2**30)] | None = Field(
        default=None, description="0 without bound; else the setting vdc.vm_quota"
    )
    storage_profiles: Annotated[list[StorageProfile], Field(min_length=1)] = [StorageProfile(name="*")]
    metadata: list[Metadatum] = []


class Catalog(Part):
    name: Name
    owner: Reference | None = Field(default=None, description="the first user of the organization, unless named")
    description: Text = ""
    published: bool = False
    sharing: Sharing = Sharing()
    metadata: list[Metadatum] = []


class Organization(Part):
    """A tenant. One that names nothing of a kind has what acme has out of the box; `[]` is none."""

    name: Name
    full_name: Text | None = Field(default=None, description="the name, unless said")
    users: list[User] | None = None
    vdcs: list[Vdc] | None = None
    networks: list[Network] | None = None
    catalogs: list[Catalog] | None = None
    templates: list[Template] | None = Field(default=None, description="none where catalogs are named")
    media: list[Media] = []
    disks: list[IndependentDisk] = []
    vapps: list[VApp] = []
    metadata: list[Metadatum] = []


class VimServer(Part):
    """A vCenter server, and what can be imported from it."""

    name: Name
    url: Annotated[str, Field(max_length=1_000, pattern=r"^https?://[!-~]+$")]
    vms: list[ImportableVm] = []


class VcloudPlan(Part):
    """The vCloud side of the cloud."""

    blocking: Blocking = Blocking()
    administrators: list[Administrator] = [Administrator(name="administrator")]
    provider_vdcs: Annotated[list[ProviderVdc], Field(min_length=1)] = [ProviderVdc(name="provider-vdc")]
    organizations: list[Organization] | None = None
    vsphere: list[VimServer] | None = None


def furnished(plan: VcloudPlan) -> VcloudPlan:
    """The plan with all that it does not mention."""
    orgs = OUT_OF_THE_BOX if plan.organizations is None else plan.organizations
    vsphere = (VSPHERE,) if plan.vsphere is None else plan.vsphere
    return plan.model_copy(update={"organizations": [_furnish(org) for org in orgs], "vsphere": [*vsphere]})


def _furnish(org: Organization) -> Organization:
    found = {
        "users": [User(name="orgadmin", role="Organization Administrator"), User(name="alice")],
        "vdcs": [Vdc(name=f"{org.name}-vdc"[:128])],
        "networks": [Network(name=f"{org.name}-net"[:128])],
        "catalogs": [Catalog(name="base-images")],
        "templates": [*TEMPLATES] if org.catalogs is None and org.vdcs != [] else [],
    }
    return org.model_copy(update={name: value for name, value in found.items() if getattr(org, name) is None})


TEMPLATES = (
    Template(name="centos", description="CentOS base", vms=[TemplateVm(name="centos-vm")]),
    Template(
        name="two-tier", description="web server and database", vms=[TemplateVm(name="web"), TemplateVm(name="db")]
    ),
)
OUT_OF_THE_BOX = (
    Organization(name="acme", full_name="Acme Corporation"),
    Organization(name="globex", full_name="Globex Corporation", users=[User(name="bob")]),
)
VSPHERE = VimServer(
    name="vc-01",
    url="https://vc-01.example.com:443",
    vms=[
        ImportableVm(moref=moref, name=name, disks=[AttachedDisk()])
        for moref, name in (("vm-101", "legacy-web"), ("vm-102", "legacy-db"), ("vm-103", "legacy-mail"))
    ],
)
