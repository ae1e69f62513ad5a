"""What the API versions show of the same objects, and what they must not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from lxml import etree

from tests.support import ages, schemas
from tests.support.crawl import walk
from tests.support.house import House

COMPARED = ("1.5", "5.1", "5.5", "9.0", "33.0")


# Each walk takes seconds, so that they are made once, in one process.
pytestmark = pytest.mark.xdist_group("versions")


class Views:
    """Path and content of everything that the system administrator sees, by version; each version is walked once."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._seen: dict[str, list[tuple[str, etree._Element]]] = {}

    def __getitem__(self, version: str) -> list[tuple[str, etree._Element]]:
        if version not in self._seen:
            documents = walk(self._house.client("administrator@System", version)).documents
            self._seen[version] = [
                (path, etree.fromstring(body)) for path, body in documents.items() if body.startswith(b"<")
            ]
        return self._seen[version]


@pytest.fixture(scope="module")
def views(house: House) -> Views:
    return Views(house)


@pytest.mark.skipif(not schemas.available(), reason=f"{schemas.VARIABLE} is unset: set it to the published XSD set")
@pytest.mark.parametrize("version", COMPARED)
def test_no_document_holds_what_its_version_does_not_know(views: Views, version: str) -> None:
    for path, document in views[version]:
        if version == "1.5" and path.startswith(("/api/disk/", "/api/vdcStorageProfile/")):
            continue  # found by the task that made the disk; nothing else that 1.5 shows leads there
        assert ages.strangers(document, version) == [], path


@pytest.mark.skipif(not schemas.available(), reason=f"{schemas.VARIABLE} is unset: set it to the published XSD set")
def test_a_document_of_a_later_version_is_told_apart(house: House) -> None:
    """Else the test above would quietly find nothing."""
    task = house.client("alice@acme", "5.5").get(house.held_task).xml
    told = ["Task/@serviceNamespace is of 5.1", "Task/@cancelRequested is of 5.1", "Task/Details is of 5.1"]
    assert ages.strangers(task, "1.5") == told


GAINED = {
    "5.1": {
        "AdminOrg links to event:create",
        "AdminOrg links to task:create",
        "AmqpSettings links to certificate:reset",
        "AmqpSettings links to certificate:update",
        "AmqpSettings links to truststore:reset",
        "AmqpSettings links to truststore:update",
        "AmqpSettings/AmqpPrefix",
        "Catalog/DateCreated",
        "CatalogItem/DateCreated",
        "Cpu/Reserved",
        "LdapSettings/UseExternalKerberos",
        "Memory/Reserved",
        "Task/@cancelRequested",
        "Task/@serviceNamespace",
        "Task/Details",
        "User/ProviderType",
        "VAppTemplate/DateCreated",
        "Vdc/UsedNetworkCount",
    },
    "5.5": {
        "AmqpSettings/AmqpSslAcceptAll",
        "Catalog/VersionNumber",
        "CatalogItem/VersionNumber",
        "License/Persisted",
        "Session/@userId",
    },
    "9.0": {"GeneralSettings/RestApiBaseHttpUri", "Session/@roles"},
    "33.0": {
        "BlockingTaskOperations/TaskOperationType",
        "BlockingTaskSettings links to down:allTaskOperations",
        "GeneralSettings/TenantPortalExternalAddress",
        "Session/@locationId",
        "Session/AuthorizedLocations",
        "SmtpSettings/SmtpSecureMode",
    },
}
LOST = {"5.1": {"Vdc/StorageCapacity"}, "33.0": {"BlockingTaskOperations/Operation"}}


def test_what_a_client_sees_of_each_version(views: Views) -> None:
    seen = {version: {name for _, one in views[version] for name in _names(one)} for version in COMPARED}
    for version, later in pairwise(COMPARED):
        gained, lost = seen[later] - seen[version], seen[version] - seen[later]
        assert GAINED[later] <= gained, later
        assert LOST.get(later, set()) <= lost, later


def _names(document: etree._Element) -> Iterator[str]:
    """Every element in its parent, every attribute, and where links lead."""
    for one in document.iter("{*}*"):
        name, parent = etree.QName(one).localname, one.getparent()
        inside = "" if parent is None else etree.QName(parent).localname
        if name == "Link":
            yield f"{inside} links to {one.get('rel')}"
            continue
        yield f"{inside}/{name}"
        yield from (f"{name}/@{attribute!s}" for attribute in one.attrib)
