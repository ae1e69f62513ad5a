"""A cloud in which all sorts of things exist, standing still, and its users, logged in by any version of the API."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from types import TracebackType
from typing import Self

from gatepost import Gatepost
from tests.support.client import VcloudClient, find_link
from tests.support.tenant import ask, find_places, href_of, the

BLOCKING_TASK = "application/vnd.vmware.admin.blockingTask+xml"

SETTINGS = "/api/admin/extension/settings"
PENDING = "/api/admin/extension/blockingTasks"

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LISTS = re.compile(r'href="[^"]*(/api/(?:tasksList|vdc)/[^"/]+)"')
_PARTS = re.compile(r'href="[^"]*(/api/(?:vApp|admin/extension/blockingTask)/[^"/]+)"')


def id_of(href: str) -> str:
    """The bare id that an href ends with, or has before an action. Raises AssertionError where there is none."""
    found = _UUID.findall(href)
    assert found, href
    return str(found[-1])


class House:
    """Paths begin with /api. `off` and `on` are alice's vApps, at rest; `held` one whose creation waits for `hold`."""

    def __init__(self, world: Gatepost) -> None:
        self.world = world
        self._clients: dict[tuple[str, str], VcloudClient] = {}
        self._stack = ExitStack()
        self._plain = http.client.HTTPConnection("127.0.0.1", world.port, timeout=10)
        self._stack.callback(self._plain.close)
        self.build()

    def build(self) -> None:
        """Begin anew, after a reset of the world: the ids are the same again."""
        for (user, version), client in self._clients.items():
            client.login(user, version=version)
        self.read_as_administrator()
        self.vdc, self.template = map(self._path, find_places(self.alice))
        self.off, self.off_task = self._made("off")
        self.on, _ = self._made("on", deploy="true", powerOn="true")
        self.off_vm, self.on_vm = map(self.vm_of, (self.off, self.on))
        self.held, self.held_task = self.ask("held")
        self.held_vm = self.vm_of(self.held)
        self.hold = self.hold_of(self.held_task)

    def client(self, user: str, version: str = "5.5") -> VcloudClient:
        if (user, version) not in self._clients:
            client = self._stack.enter_context(VcloudClient(self.world.url))
            client.login(user, version=version)
            self._clients[user, version] = client
        return self._clients[user, version]

    @cached_property
    def admin(self) -> VcloudClient:
        return self.client("administrator@System")

    @cached_property
    def orgadmin(self) -> VcloudClient:
        return self.client("orgadmin@acme")

    @cached_property
    def alice(self) -> VcloudClient:
        return self.client("alice@acme")

    @cached_property
    def bob(self) -> VcloudClient:
        return self.client("bob@globex")

    def ask(self, name: str, **attributes: str) -> tuple[str, str]:
        """Alice asks for a vApp; the paths of it and of its task, which waits."""
        vapp, task = ask(self.alice, name, **attributes)
        return self._path(vapp), self._path(task)

    def hold_of(self, task: str) -> str:
        return self._path(find_link(self.admin.get(task).xml, "down", BLOCKING_TASK))

    def vm_of(self, vapp: str) -> str:
        return self._path(href_of(the(self.alice.get(vapp).xml, "Children/Vm")))

    def read_as_administrator(self, version: str = "5.5") -> None:
        """Log in for `picture`, with a session that no client shares."""
        login = self.admin.login_request("administrator@System", "gatepost", version)
        token = login.headers["x-vcloud-authorization"]
        self._plain_headers = {"x-vcloud-authorization": token, "Accept": f"application/*+xml;version={version}"}

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Everything is after the block what it was before it."""
        before = self.picture()
        yield
        after = self.picture()
        assert after.keys() == before.keys()
        for path, document in before.items():
            assert after[path] == document, path

    def picture(self) -> dict[str, str]:
        """By path, status and document of all settings, and of every organization's tasks, vApps and pending decisions,
        as a system administrator sees them. Read without the checks of VcloudClient, which cost much more.
        """
        self._plain.close()  # it opens anew by itself; the server ends one that was idle for long
        picture = {path: self._read(path) for path in (SETTINGS, PENDING, *self._lists)}
        parts = {path for document in picture.values() for path in _PARTS.findall(document)}
        return picture | {path: self._read(path) for path in sorted(parts)}

    @cached_property
    def _lists(self) -> list[str]:
        orgs = self.admin.get("/api/org").xml.findall("{*}Org")
        return [path for org in orgs for path in _LISTS.findall(self._read(self._path(href_of(org))))]

    def _read(self, path: str) -> str:
        self._plain.request("GET", path, headers=self._plain_headers)
        response = self._plain.getresponse()
        # Tasks go on naming objects that are gone: those read as a 403.
        return f"{response.status}\n{response.read().decode()}"

    def _made(self, name: str, **attributes: str) -> tuple[str, str]:
        vapp, task = self.ask(name, **attributes)
        self.admin.resume(self.hold_of(task))
        self.world.clock.advance(1)
        assert self.alice.get(task).xml.get("status") == "success"
        return vapp, task

    def _path(self, href: str) -> str:
        return href.removeprefix(self.world.url)

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
