"""The table of record types: what can be asked for, of whom, and how each attribute is read (reference, section 9).

A record type is one entry, in the module of its part of the cloud; packaged queries are listed here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gatepost.vcloud.query.records import RecordType, Who
from gatepost.vcloud.query.types import activity, library, machines, services, tenants

RECORD_TYPES: dict[str, RecordType[Any]] = {
    one.name: one for one in (*tenants.TYPES, *library.TYPES, *machines.TYPES, *activity.TYPES, *services.TYPES)
}
"""By the name that queries use."""


class Packaged(NamedTuple):
    """A query with a URL of its own."""

    path: str
    type: str
    who: Who


PACKAGED = (
    Packaged("/api/catalogs/query", "catalog", Who.EVERYBODY),
    Packaged("/api/mediaList/query", "media", Who.EVERYBODY),
    Packaged("/api/vAppTemplates/query", "vAppTemplate", Who.EVERYBODY),
    Packaged("/api/vApps/query", "vApp", Who.EVERYBODY),
    Packaged("/api/vms/query", "vm", Who.EVERYBODY),
    Packaged("/api/admin/users/query", "user", Who.ADMINISTRATORS),
    Packaged("/api/admin/orgs/query", "organization", Who.ADMINISTRATORS),
    Packaged("/api/admin/extension/vapps/query", "adminVApp", Who.SYSTEM),
    Packaged("/api/admin/extension/orgVdcs/query", "adminOrgVdc", Who.SYSTEM),
    Packaged("/api/admin/extension/providerVdcReferences/query", "providerVdc", Who.SYSTEM),
    Packaged("/api/admin/extension/service/query", "adminService", Who.SYSTEM),
    Packaged("/api/service", "service", Who.EVERYBODY),
    Packaged("/api/apidefinition", "apiDefinition", Who.EVERYBODY),
    Packaged("/api/files", "fileDescriptor", Who.EVERYBODY),
    Packaged("/api/admin/extension/vimServerReferences/query", "virtualCenter", Who.SYSTEM),
)
