"""A user who asks for vApps, and the yardstick that answers what he reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from bench.bare import DECLARATION
from bench.child import Child
from bench.client import Connection, log_in

ALICE, ADMINISTRATOR = "alice@acme", "administrator@System"

INSTANTIATE_TYPE = "application/vnd.vmware.vcloud.instantiateVAppTemplateParams+xml"
TASK_TYPE = "application/vnd.vmware.vcloud.task+xml;version=5.5"
_TASK = re.compile(rb'href="[^"]*/api/task/([0-9a-f-]{36})"')
_VAPP = re.compile(rb'href="[^"]*/api/vApp/vapp-([0-9a-f-]{36})"')


class Tenant:
    """Knows the way to a new vApp of one VM, that stays off."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.authorization = log_in(port, ALICE)
        connection = self.connect()
        org = self._first(connection, "/api/org", "org")
        self._vdc = self._first(connection, org, "vdc")
        self._template = self._first(connection, self._vdc, "vAppTemplate")
        connection.close()

    def connect(self) -> Connection:
        return Connection(self.port, self.authorization)

    def instantiation(self, connection: Connection, name: str) -> bytes:
        """The request for a vApp."""
        body = (
            f'<InstantiateVAppTemplateParams xmlns="http://www.vmware.com/vcloud/v1.5" name="{name}" deploy="false" '
            f'powerOn="false"><Source href="{self._template}"/><AllEULAsAccepted>true</AllEULAsAccepted>'
            "</InstantiateVAppTemplateParams>"
        ).encode()
        return connection.request("POST", self._vdc + "/action/instantiateVAppTemplate", body, INSTANTIATE_TYPE)

    def _first(self, connection: Connection, path: str, kind: str) -> str:
        """The first href of that kind in a document."""
        body = connection.ask(connection.request("GET", path)).body
        found = re.search(f'href="([^"]*/api/{kind}/[^"]+)"'.encode(), body)
        assert found is not None, body
        return found[1].decode()


def task_of(body: bytes) -> str:
    """The id of the first task in a document."""
    return _id(_TASK, body)


def vapp_of(body: bytes) -> str:
    return _id(_VAPP, body)


def _id(pattern: re.Pattern[bytes], body: bytes) -> str:
    found = pattern.search(body)
    assert found is not None, body
    return found[1].decode()


@contextmanager
def bare_like(document: bytes, task_path: str) -> Iterator[Child]:
    """A process that answers GET `task_path` with the very same document. Raises AssertionError if it does not."""
    text = document.removeprefix(DECLARATION).decode()
    with Child("bench.bare", document=text, content_type=TASK_TYPE) as bare:
        connection = Connection(bare.hello)
        answer = connection.ask(connection.request("GET", task_path)).body
        assert answer == document, (answer, document)
        connection.close()
        yield bare
