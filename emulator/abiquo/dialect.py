"""The state of the Abiquo dialect: its world, its sessions and tokens, its events, and where it stands in URLs."""

from __future__ import annotations

import threading

from gatepost.abiquo.events import MOST_STREAMS, EventLog
from gatepost.abiquo.inventory import Inventory
from gatepost.abiquo.oauth import OAuth
from gatepost.abiquo.seed import ENABLED, ENDPOINT, AbiquoPlan, populate
from gatepost.abiquo.sessions import Sessions
from gatepost.abiquo.tasks import Queue, forget
from gatepost.core.cloud import Cloud
from gatepost.core.world import Blocking, World
from gatepost.messaging.webhook import WebhookSender
from gatepost.settings import Settings

ENVIRON_KEY = "gatepost.abiquo"
"""Where a request finds its dialect in the WSGI environ: one Flask app serves any number of worlds."""

MOST_WAITING = 64
"""Requests that wait for the workflow endpoint at once; they park threads that the connectors need to call back."""

NEVER = float("inf")
OPERATIONS = frozenset({"DEPLOY", "UNDEPLOY", "RECONFIGURE"})
"""What goes through workflow; power state and reset never do (reference, section 3.6)."""


class State:
    """One world of this dialect, with what belongs to it: a reset makes another one."""

    def __init__(self, cloud: Cloud, endpoint: str | None, plan: AbiquoPlan) -> None:
        self.inventory = Inventory()
        self.world: World[Inventory] = World(cloud.lock, cloud.clock, cloud.settings, cloud.seed, self.inventory)
        self.world.blocking = Blocking(OPERATIONS, NEVER)
        self.world.step_seconds = lambda: cloud.settings.abiquo_job_step * cloud.settings.work_scale
        self.world.tasks.on_forgotten = lambda task: forget(self.inventory, task)
        populate(self.inventory, self.world.ids, plan, endpoint)
        self.sessions = Sessions()
        self.oauth = OAuth(self.inventory)
        self.queue = Queue()
        self.events = EventLog(cloud.clock.now)


class AbiquoDialect:
    """One installation as its API shows it.

    `public_url` is the server's, `path` where the API stands below it (`/api`, `/abiquo/api`). With an `endpoint`
    workflow is on from the start. Every world begins as `plan` has it, in which `problems` found none.
    """

    def __init__(
        self,
        cloud: Cloud,
        webhooks: WebhookSender,
        path: str,
        endpoint: str | None = None,
        plan: AbiquoPlan | None = None,
    ) -> None:
        self.cloud = cloud
        self.webhooks = webhooks
        self.path = path
        self.public_url = ""
        self.waiting = threading.BoundedSemaphore(MOST_WAITING)
        self.streams = threading.BoundedSemaphore(MOST_STREAMS)
        self._endpoint = endpoint
        self._plan = plan or AbiquoPlan()
        self.state = State(cloud, endpoint, self._plan)

    def set_endpoint(self, endpoint: str) -> None:
        """Call the connector there, from now on and after each reset. Empty: off.

        Workflow is on with it on the platform, and for every enterprise with a virtual datacenter.
        """
        with self.cloud.lock:
            self._endpoint = endpoint
            inventory = self.state.inventory
            inventory.change_property(ENDPOINT, endpoint)
            inventory.change_property(ENABLED, "1" if endpoint else "0")
            for enterprise in inventory.enterprises.values():
                enterprise.workflow = bool(endpoint and enterprise.vdcs)

    @property
    def settings(self) -> Settings:
        return self.cloud.settings

    @property
    def api_url(self) -> str:
        return self.public_url + self.path

    @property
    def world(self) -> World[Inventory]:
        return self.state.world

    def reset(self) -> None:
        """The caller holds the lock."""
        self.close()
        self.state = State(self.cloud, self._endpoint, self._plan)

    def close(self) -> None:
        self.state.world.close()
        self.state.events.close()
