"""A cloud in which all sorts of things exist, standing still, and its users, logged in by any version of the API."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from types import TracebackType
from typing import Self

from lxml import etree

from gatepost import Gatepost
from tests.support.client import VcloudClient, find_link
from tests.support.schemas import VCLOUD
from tests.support.services import SERVICES, everything, register, service
from tests.support.tenant import ask, find_places, href_of, the

BLOCKING_TASK = "application/vnd.vmware.admin.blockingTask+xml"

SETTINGS = "/api/admin/extension/settings"
PENDING = "/api/admin/extension/blockingTasks"

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LISTS = re.compile(r'href="[^"]*(/api/(?:tasksList|vdc)/[^"/]+)"')
_PARTS = re.compile(r'href="[^"]*(/api/(?:vApp|media|disk|admin/extension/(?:blockingTask|service))/[^"/]+)"')


def id_of(href: str) -> str:
    """The bare id that an href ends with, or has before an action. Raises AssertionError where there is none."""
    found = _UUID.findall(href)
    assert found, href
    return str(found[-1])


class House:
    """Paths begin with /api. `off` and `on` are alice's vApps, at rest; `held` one whose creation waits for `hold`.

    `parts` are an extension service, which takes none of the house's own URLs, and all that it has, by their elements.
    `media` and `disk` are hers as well, `media` without content; `coming` is a media file whose content is awaited.
    """

    def __init__(self, world: Gatepost) -> None:
        self.world = world
        self._clients: dict[tuple[str, str], VcloudClient] = {}
        self._stack = ExitStack()
        self._plain = http.client.HTTPConnection("127.0.0.1", world.port, timeout=60)
        self._stack.callback(self._plain.close)
        self.build()

    def build(self) -> None:
        """Begin anew, after a reset of the world: the ids are the same again."""
        for (user, version), client in self._clients.items():
            client.login(user, version=version)
        self.read_as_administrator()
        self.vdc, self.template = map(self._path, find_places(self.alice))
        org = find_link(self.alice.get("/api/session").xml, "down", "application/vnd.vmware.vcloud.org+xml")
        self.org, self.org_id = self._path(org), id_of(org)
        catalog = self.alice.get(
            find_link(self.alice.get(org).xml, "down", "application/vnd.vmware.vcloud.catalog+xml")
        )
        self.catalog, self.catalog_id = self._path(href_of(catalog.xml)), id_of(href_of(catalog.xml))
        self.catalog_item = self._path(href_of(the(catalog.xml, "CatalogItems")[0]))
        servers = self.admin.get("/api/admin/extension/vimServerReferences").xml
        self.vim_server = self._path(href_of(the(servers, "VimServerReference")))
        self.off, self.off_task = self._made("off")
        self.on, _ = self._made("on", deploy="true", powerOn="true")
        self.alice_href = href_of(the(self.alice.get(self.off).xml, "Owner/User"))
        self.off_vm, self.on_vm = map(self.vm_of, (self.off, self.on))
        self.media, _ = self.make_media("image.iso", 0)
        self.coming, self.transfer = self.make_media("coming.iso", 1_000)
        self.disk = self.make_disk("data")
        self.held, self.held_task = self.ask("held")
        self.held_vm = self.vm_of(self.held)
        self.hold = self.hold_of(self.held_task)
        parts = everything(self.org_id, links="application/x-none", file=self.world.url + "/api/versions")
        found = register(self.admin, service(inside=parts))
        self.parts = {
            etree.QName(one).localname: self._path(href_of(one))
            for one in found.iter("{*}*")
            if "/service/" in one.get("href", "") and etree.QName(one).localname != "Link"
        }
        roles = the(self.admin.get("/api/admin").xml, "RoleReferences")
        self.role = self._path(next(href_of(one) for one in roles if one.get("name") == "vApp User"))

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

    def make_media(self, name: str, size: int) -> tuple[str, str]:
        """The paths of a media file of alice's and, where it has a size, of what its content goes to."""
        body = f'<Media xmlns="{VCLOUD}" name="{name}" size="{size}" imageType="iso"/>'
        reply = self.alice.post(self.vdc + "/media", body)
        assert reply.status == 201, reply
        self.world.clock.advance(1)
        links = reply.xml.findall("{*}Files/{*}File/{*}Link[@rel='upload:default']")
        return self._path(href_of(reply.xml)), self._path(href_of(links[0])) if links else ""

    def make_disk(self, name: str, megabytes: int = 1024) -> str:
        """The path of an independent disk of alice's."""
        body = f'<DiskCreateParams xmlns="{VCLOUD}"><Disk name="{name}" size="{megabytes << 20}"/></DiskCreateParams>'
        reply = self.alice.post(self.vdc + "/disk", body)
        assert reply.status == 201, reply
        self.world.clock.advance(1)
        return self._path(href_of(reply.xml))

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
        """By path, status and document of all settings and extension services, and of every organization's tasks, vApps
        and pending decisions, as a system administrator sees them. Read without the checks of VcloudClient, which cost
        much more.
        """
        self._plain.close()  # it opens anew by itself; the server ends one that was idle for long
        picture = {path: self._read(path) for path in (SETTINGS, PENDING, SERVICES + "/query", *self._lists)}
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
