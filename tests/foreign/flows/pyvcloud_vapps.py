"""pyvcloud works with vApps: from composing one to deleting it."""

from __future__ import annotations

from typing import Any

from pyvcloud.vcd.utils import access_settings_to_dict, metadata_to_dict, vapp_to_dict, vm_to_dict
from pyvcloud.vcd.vapp import VApp

from tests.foreign.flows.pyvcloud_client import done, log_in, made, places
from tests.foreign.flows.telling import arguments, refusal, step


def main() -> None:
    where = arguments(__doc__)
    client = log_in(where, "orgadmin@acme")
    org, vdc = places(client)
    make(client, vdc)
    web = VApp(client, resource=vdc.get_vapp("web"))
    power(client, web)
    change(client, org, web)
    share(web)
    networks(client, vdc)
    snapshots(client, web)
    contents(client, org, vdc)
    with step("delete") as tell:
        tell(done(client, vdc.delete_vapp("empty")))
    with step("gone") as tell:
        tell(refusal(lambda: vdc.get_vapp("empty")))
    client.logout()


def make(client: Any, vdc: Any) -> None:
    with step("compose") as tell:
        tell(made(client, vdc.create_vapp("empty", description="nothing yet", network="acme-net")))
    with step("taken") as tell:
        tell(refusal(lambda: vdc.create_vapp("empty")))
    options = {"deploy": False, "power_on": False, "accept_all_eulas": True, "description": "one server"}
    hardware = {"network": "acme-net", "ip_allocation_mode": "pool", "cpu": 2, "memory": 2048, "hostname": "web"}
    with step("instantiate") as tell:
        tell(
            made(client, vdc.instantiate_vapp("web", "base-images", "centos", vm_name="web-vm", **options, **hardware))
        )
    with step("vapp") as tell:
        tell(shown(vapp_to_dict(vdc.get_vapp("web"))))
    with step("nic") as tell:
        nic = vm_to_dict(VApp(client, resource=vdc.get_vapp("web")).get_vm("web-vm"))["nic-0"]
        tell([nic["network"], nic["mode"], nic["connected"]])


def shown(told: dict[str, Any]) -> dict[str, Any]:
    """What does not differ from run to run."""
    moving = ("id", "mac", "-ip", "expiration", "Network adapter")
    return {key: value for key, value in told.items() if not any(word in key for word in moving)}


def power(client: Any, vapp: Any) -> None:
    def state(name: str, **options: Any) -> list[Any]:
        vapp.reload()
        operation = done(client, getattr(vapp, name)(**options))
        vapp.reload()
        return [operation, vapp.get_power_state()]

    with step("power on") as tell:
        tell(state("power_on"))
    with step("power on again") as tell:
        tell(refusal(lambda: vapp.power_on()))
    with step("reset") as tell:
        tell(state("power_reset"))
    with step("reboot") as tell:
        tell(state("reboot"))
    with step("suspend") as tell:
        tell(state("suspend_vapp"))
    with step("discard") as tell:
        tell(state("discard_suspended_state_vapp"))
    with step("deploy what is deployed") as tell:
        tell(refusal(lambda: vapp.deploy()))
    with step("undeploy") as tell:
        tell(state("undeploy", action="powerOff"))
    with step("deploy") as tell:
        tell(state("deploy", power_on=True))
    with step("shutdown") as tell:
        tell(state("shutdown"))
    with step("undeploy again") as tell:
        tell(state("undeploy"))


def change(client: Any, org: Any, vapp: Any) -> None:
    def changed(do: Any) -> Any:
        vapp.reload()
        done(client, do())
        vapp.reload()
        return vapp

    with step("lease") as tell:
        tell({**changed(lambda: vapp.set_lease(3600, 7200)).get_lease(), "StorageLeaseExpiration": None})
    with step("owner") as tell:
        tell(vapp.change_owner(org.get_user("alice").get("href")))
    with step("owned") as tell:
        tell(changed(lambda: vapp.edit_name_and_description("web-02", "renamed")).resource.Owner.User.get("name"))
    with step("renamed") as tell:
        tell([vapp.name, str(vapp.resource.Description)])
    with step("metadata") as tell:
        tell(
            metadata_to_dict(changed(lambda: vapp.set_metadata("GENERAL", "READWRITE", "cost", "4711")).get_metadata())
        )
    with step("more metadata") as tell:
        tell(metadata_to_dict(changed(lambda: vapp.set_multiple_metadata({"a": "1", "b": "2"})).get_metadata()))
    with step("less metadata") as tell:
        tell(metadata_to_dict(changed(lambda: vapp.remove_metadata("cost")).get_metadata()))
    with step("start-up") as tell:
        tell(vapp.get_startup_section())
    with step("start-up changed") as tell:
        tell(changed(lambda: vapp.update_startup_section("web-vm", order=2, stop_delay=30)).get_startup_section())


def share(vapp: Any) -> None:
    def settings() -> dict[str, str]:
        vapp.reload()
        told = access_settings_to_dict(vapp.get_access_settings())
        return {key: str(value) for key, value in told.items() if not key.endswith("href")}

    with step("private") as tell:
        tell(settings())
    with step("share") as tell:
        tell(str(vapp.share_with_org_members("Change").IsSharedToEveryone))
    with step("shared") as tell:
        tell(settings())
    with step("unshare") as tell:
        tell(str(vapp.unshare_from_org_members().IsSharedToEveryone))
    grant = [{"name": "alice", "type": "user", "access_level": "FullControl"}]
    with step("grant") as tell:
        tell(hasattr(vapp.add_access_settings(grant), "AccessSettings"))
    with step("granted") as tell:
        tell(settings())
    with step("revoke") as tell:
        tell(hasattr(vapp.remove_access_settings(grant), "AccessSettings"))
    with step("revoked") as tell:
        tell(settings())


def networks(client: Any, vdc: Any) -> None:
    vapp = VApp(client, resource=vdc.get_vapp("empty"))

    def listed(do: Any = None) -> list[str]:
        vapp.reload()
        if do is not None:
            done(client, do())
            vapp.reload()
        return [one["name"] for one in vapp.get_vapp_network_list()]

    with step("networks") as tell:
        tell(listed())
    with step("new network") as tell:
        tell(listed(lambda: vapp.create_vapp_network("inner", "10.0.0.1/24", ip_ranges=["10.0.0.10-10.0.0.20"])))
    with step("network away") as tell:
        tell(listed(lambda: vapp.delete_vapp_network("inner")))
    with step("disconnect") as tell:
        tell(done(client, vapp.disconnect_org_vdc_network("acme-net")))
    vapp.reload()
    with step("connect") as tell:
        tell(listed(lambda: vapp.connect_org_vdc_network("acme-net")))
    with step("connect again") as tell:
        tell(refusal(lambda: vapp.connect_org_vdc_network("acme-net")))


def snapshots(client: Any, vapp: Any) -> None:
    def taken(do: Any) -> list[Any]:
        vapp.reload()
        operation = done(client, do())
        vapp.reload()
        return [
            operation,
            hasattr(vapp.resource, "SnapshotSection") and hasattr(vapp.resource.SnapshotSection, "Snapshot"),
        ]

    with step("snapshot") as tell:
        tell(taken(vapp.create_snapshot))
    with step("revert") as tell:
        tell(taken(vapp.snapshot_revert_to_current))
    with step("no snapshot") as tell:
        tell(taken(vapp.snapshot_remove))


def contents(client: Any, org: Any, vdc: Any) -> None:
    """Copies, and VMs that come and go."""

    def names(vapp: str, do: Any = None) -> list[str]:
        one = VApp(client, resource=vdc.get_vapp(vapp))
        if do is not None:
            done(client, do(one))
            one.reload()
        return [vm.get("name") for vm in one.get_all_vms()]

    web = VApp(client, resource=vdc.get_vapp("web-02"))
    with step("copy") as tell:
        tell(done(client, web.copy_to(vdc.href, "copy", "a copy")))
    with step("copied") as tell:
        tell(names("copy"))
    spec = {"vapp": web.resource, "source_vm_name": "web-vm", "target_vm_name": "second", "hostname": "second"}
    with step("add a VM") as tell:
        tell(names("empty", lambda vapp: vapp.add_vms([spec], deploy=False, power_on=False)))
    scratch = {"vm_name": "third", "comp_name": "third", "os_type": "ubuntu64Guest", "virtual_cpu": 2, "memory": 1024}
    with step("from nothing") as tell:
        tell(names("empty", lambda vapp: vapp.add_vm_from_scratch(scratch, False, False)))
    with step("delete a VM") as tell:
        tell(names("empty", lambda vapp: vapp.delete_vms(["second"])))
    catalog = org.get_catalog("base-images")
    with step("capture") as tell:
        tell(done(client, org.capture_vapp(catalog, web.href, "captured", "of web-02")))
    with step("captured") as tell:
        tell([one["name"] for one in org.list_catalog_items("base-images")])
    with step("from it") as tell:
        tell(made(client, vdc.instantiate_vapp("again", "base-images", "captured", deploy=False, power_on=False)))
    with step("its VMs") as tell:
        tell(names("again"))
    with step("item away") as tell:
        tell(org.delete_catalog_item("base-images", "captured"))
    with step("items") as tell:
        tell([one["name"] for one in org.list_catalog_items("base-images")])


if __name__ == "__main__":
    main()
