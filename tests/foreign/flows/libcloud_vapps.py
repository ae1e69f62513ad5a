"""Apache Libcloud's vCloud driver works with vApps, as its users' scripts do.

It follows few links: it builds paths itself, and asks for a task every five seconds, at once for the first time.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from libcloud.compute.drivers.vcloud import ControlAccess, Subject, VCloudNodeDriver
from libcloud.compute.providers import get_driver
from libcloud.compute.types import Provider

from tests.foreign.flows.telling import arguments, refusal, step


def main() -> None:
    where = arguments(__doc__)
    address = urlsplit(where.url)
    driver: Any = get_driver(Provider.VCLOUD)(
        "orgadmin@acme",
        where.password,
        secure=False,
        host=address.hostname,
        port=address.port,
        api_version=where.api_version,
    )
    browse(driver)
    with step("create") as tell:
        tell(create(driver))
    node = driver.ex_find_node("web")
    look(driver, node)
    change(driver, node)
    share(driver, node)
    if where.api_version == "5.5":
        with step("snapshot") as tell:
            tell(len(driver.ex_create_snapshot(node).extra.get("snapshots", ())))
        with step("revert") as tell:
            tell(len(driver.ex_revert_to_snapshot(node).extra.get("snapshots", ())))
        with step("no snapshot") as tell:
            tell(len(driver.ex_remove_snapshots(node).extra.get("snapshots", ())))
    power(driver, node)
    with step("clone") as tell:
        tell(driver.create_node(name="clone", image=node, ex_deploy=False).name)
    with step("nodes") as tell:
        tell(sorted(one.name for one in driver.list_nodes()))
    with step("found") as tell:
        tell([one["name"] for one in driver.ex_query("vApp", filter="name==web", sort_asc="name")])
    with step("destroy") as tell:
        tell(driver.destroy_node(node))
    with step("destroyed") as tell:
        tell(driver.ex_find_node("web"))


def browse(driver: Any) -> None:
    vdcs = driver.vdcs
    with step("vdcs") as tell:
        tell([[vdc.name, vdc.allocation_model, vdc.cpu is not None, vdc.memory is not None] for vdc in vdcs])
    with step("networks") as tell:
        tell([network.get("name") for network in driver.networks])
    with step("images") as tell:
        tell([image.name for image in driver.list_images()])
    with step("refused") as tell:
        tell(
            refusal(
                lambda: VCloudNodeDriver(
                    "alice@acme",
                    "wrong",
                    secure=False,
                    host=driver.connection.host,
                    port=driver.connection.port,
                    api_version="1.5",
                ).list_nodes()
            ).split(":")[0]
        )


def create(driver: Any) -> list[Any]:
    [image] = [image for image in driver.list_images() if image.name == "centos"]
    node = driver.create_node(
        name="web",
        image=image,
        ex_vm_names=["web-1"],
        ex_vm_cpu=2,
        ex_vm_memory=2048,
        ex_vm_script_text="echo ready",
        ex_vm_ipmode="POOL",
        ex_network="acme-net",
        ex_vm_fence="bridged",
        ex_admin_password="s3cret-word",
        ex_description="one server",
    )
    return [node.name, node.state, node.extra["description"], [vm["name"] for vm in node.extra["vms"]]]


def look(driver: Any, node: Any) -> None:
    with step("vm") as tell:
        tell([[vm["name"], vm["state"], len(vm["private_ips"])] for vm in node.extra["vms"]])
    with step("lease") as tell:
        tell(node.extra["lease_settings"].deployment_lease is not None)
    with step("by VM") as tell:
        tell([one.name for one in driver.ex_find_vm_nodes("web-1")])


def change(driver: Any, node: Any) -> None:
    with step("off") as tell:
        tell(driver.ex_undeploy_node(node, shutdown=False).state)
    with step("cpu") as tell:
        tell(driver.ex_set_vm_cpu(node.id, 4))
    with step("memory") as tell:
        tell(driver.ex_set_vm_memory(node.id, 1024))
    with step("disk") as tell:
        tell(driver.ex_add_vm_disk(node.id, 2))
    with step("metadata") as tell:
        tell(driver.ex_set_metadata_entry(node, "cost", "4711"))
    with step("told") as tell:
        tell(sorted(driver.ex_get_metadata(node)))


def share(driver: Any, node: Any) -> None:
    def told() -> list[Any]:
        access = driver.ex_get_control_access(node)
        return [access.everyone_access_level, [[one.type, one.name, one.access_level] for one in access.subjects]]

    with step("private") as tell:
        tell(told())
    with step("share") as tell:
        tell(driver.ex_set_control_access(node, ControlAccess(node, None, [Subject("user", "alice", "FullControl")])))
    with step("shared") as tell:
        tell(told())


def power(driver: Any, node: Any) -> None:
    with step("on") as tell:
        tell(driver.ex_power_on_node(node).state)
    with step("reset") as tell:
        tell(driver.reboot_node(node))
    with step("suspend") as tell:
        tell(driver.ex_suspend_node(node).state)
    with step("on again") as tell:
        tell(driver.ex_power_on_node(node).state)
    with step("shut down") as tell:
        tell(driver.ex_shutdown_node(node).state)
    with step("deploy") as tell:
        tell(driver.ex_deploy_node(node).state)


if __name__ == "__main__":
    main()
