"""pyvcloud of 2018 (18.2.2), which speaks API versions from 5.5 on, in one round: vApps, disks, an extension."""

from __future__ import annotations

from typing import Any

from pyvcloud.vcd.client import BasicLoginCredentials, Client, TaskStatus
from pyvcloud.vcd.extension import Extension
from pyvcloud.vcd.org import Org
from pyvcloud.vcd.vapp import VApp
from pyvcloud.vcd.vdc import VDC

from tests.foreign.flows.telling import arguments, refusal, step

POLL_SECONDS = 0.02


def main() -> None:
    where = arguments(__doc__)
    client = log_in(where, "orgadmin@acme")
    org = Org(client, href=client.get_org_by_name("acme").get("href"))
    vdc = VDC(client, resource=org.get_vdc("acme-vdc"))
    with step("vdcs") as tell:
        tell([one["name"] for one in org.list_vdcs()])
    with step("catalogs") as tell:
        tell([one["name"] for one in org.list_catalogs()])
    with step("items") as tell:
        tell([one["name"] for one in org.list_catalog_items("base-images")])
    options = {"deploy": False, "power_on": False, "cpu": 2, "memory": 1024}
    with step("instantiate") as tell:
        tell(made(client, vdc.instantiate_vapp("web", "base-images", "centos", **options)))
    vdc.reload()
    vapp = VApp(client, resource=vdc.get_vapp("web"))
    with step("power on") as tell:
        tell(done(client, vapp.power_on()))
    vapp.reload()
    with step("state") as tell:
        tell(vapp.resource.get("status"))
    with step("power off") as tell:
        tell(done(client, vapp.power_off()))
    vapp.reload()
    with step("lease") as tell:
        tell(done(client, vapp.set_lease(60, 60)))
    with step("metadata") as tell:
        tell(done(client, vapp.set_metadata("GENERAL", "READWRITE", "cost", "1")))
    with step("disk") as tell:
        tell(made(client, vdc.add_disk("data", 1024**3)))
    vdc.reload()
    with step("disks") as tell:
        tell([disk.get("name") for disk in vdc.get_disks()])
    with step("delete") as tell:
        tell(done(client, vdc.delete_vapp("web")))
    vdc.reload()
    with step("deleted") as tell:
        tell(refusal(lambda: vdc.get_vapp("web")))
    client.logout()
    extension(Extension(log_in(where, "administrator@System")))


def extension(api: Any) -> None:
    with step("add") as tell:
        tell(api.add_extension("t", "com.example", "tickets", "vcdext", ["/api/t"]).get("name"))
    with step("extension") as tell:
        tell(api.get_extension("t")["enabled"])
    with step("remove") as tell:
        tell(api.delete_extension("t"))
    with step("extensions") as tell:
        tell(api.list_extensions())


def log_in(where: Any, user: str) -> Any:
    name, _, org = user.partition("@")
    client = Client(where.url, api_version=where.api_version, log_requests=True, log_bodies=True)
    client.set_credentials(BasicLoginCredentials(name, org, where.password))
    return client


def done(client: Any, task: Any) -> str:
    ended = client.get_task_monitor().wait_for_status(
        task=task,
        timeout=60,
        poll_frequency=POLL_SECONDS,
        fail_on_status=TaskStatus.ERROR,
        expected_target_statuses=[TaskStatus.SUCCESS, TaskStatus.ABORTED, TaskStatus.CANCELED],
    )
    return f"{ended.get('operationName')} {ended.get('status')}"


def made(client: Any, resource: Any) -> str:
    return done(client, resource.Tasks.Task[0])


if __name__ == "__main__":
    main()
