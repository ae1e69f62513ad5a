"""A world in which only what a test names blocks and work takes no time, with a vApp, and requests to make more."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from gatepost import Gatepost
from gatepost.core.events import Event
from tests.support.client import Reply, VcloudClient, find_link
from tests.support.schemas import OVF, VCLOUD, VMEXT
from tests.support.tenant import ask, find_places, href_of, the

BLOCKING_TASK = "application/vnd.vmware.admin.blockingTask+xml"
CATALOG = "application/vnd.vmware.vcloud.catalog+xml"
ORG = "application/vnd.vmware.vcloud.org+xml"

Connect = Callable[..., VcloudClient]


class Yard:
    """`vapp` is alice's, made from `template`, and off."""

    def __init__(self, cloud: Gatepost, connect: Connect) -> None:
        self.cloud = cloud
        self.alice, self.admin = connect(cloud), connect(cloud, "administrator@System")
        self.block()
        self.vdc, self.template = find_places(self.alice)
        self.org = find_link(self.alice.get("/api/session").xml, "down", ORG)
        self.catalog = find_link(self.alice.get(self.org).xml, "down", CATALOG)
        self.vapp, _ = ask(self.alice, "source")
        self.vm = href_of(the(self.alice.get(self.vapp).xml, "Children/Vm"))
        servers = self.admin.get("/api/admin/extension/vimServerReferences").xml
        self.server = href_of(the(servers, "VimServerReference"))
        self.events: list[Event] = []
        tell = cloud.world.on_event

        def hear(event: Event) -> None:
            self.events.append(event)
            tell(event)

        cloud.world.on_event = hear

    def block(self, *operations: str) -> None:
        self.cloud.world.blocking.operations = frozenset(operations)

    def post(
        self, path: str, root: str, inside: str = "", namespace: str = VCLOUD, client: VcloudClient | None = None
    ) -> Reply:
        """`root` may carry attributes."""
        name = root.partition(" ")[0]
        body = f'<{root} xmlns="{namespace}" xmlns:v="{VCLOUD}" xmlns:ovf="{OVF}">{inside}</{name}>'
        return (client or self.alice).post(path, body)

    def put(self, path: str, root: str, inside: str = "", client: VcloudClient | None = None) -> Reply:
        name = root.partition(" ")[0]
        body = f'<{root} xmlns="{VCLOUD}" xmlns:ovf="{OVF}">{inside}</{name}>'
        return (client or self.alice).put(path, body)

    def imports(self, action: str, inside: str = "", name: str = ' name="made"') -> Reply:
        """One of the imports of the first machine on the vCenter server."""
        root = f"{action[0].upper()}{action[1:]}Params{name}"
        return self.post(f"{self.server}/{action}", root, inside, VMEXT, self.admin)

    def told(self) -> list[str]:
        """The events since the last look; with an exclamation mark behind unsuccessful ones."""
        told = [event.type + ("" if event.success else "!") for event in self.events]
        self.events.clear()
        return told

    def hold_of(self, task: etree._Element) -> str:
        return find_link(self.admin.get(href_of(task)).xml, "down", BLOCKING_TASK)


def task_of(reply: Reply) -> etree._Element:
    """The task that a request has started, wherever it stands in the answer."""
    assert reply.status in (201, 202), reply
    document = reply.xml
    return document if etree.QName(document).localname == "Task" else the(document, "Tasks/Task")
