"""pyvcloud works with one VM: its hardware, its sections, its power, its disks and media."""

from __future__ import annotations

from typing import Any

from pyvcloud.vcd.utils import metadata_to_dict, vm_to_dict
from pyvcloud.vcd.vapp import VApp
from pyvcloud.vcd.vm import VM

from tests.foreign.flows.pyvcloud_client import done, log_in, made, places
from tests.foreign.flows.telling import arguments, refusal, step


def main() -> None:
    where = arguments(__doc__)
    client = log_in(where, "orgadmin@acme")
    _, vdc = places(client)
    with step("vapp") as tell:
        tell(made(client, vdc.instantiate_vapp("one", "base-images", "centos", deploy=False, power_on=False)))
    vapp = VApp(client, resource=vdc.get_vapp("one"))
    machine = Machine(client, VM(client, href=vapp.get_vm("centos-vm").get("href")))
    machine.look()
    machine.resize()
    machine.rewire()
    machine.customize()
    machine.power()
    disks(client, vdc, machine)
    with step("delete") as tell:
        tell(done(client, machine.fresh().delete()))
    with step("gone") as tell:
        tell([vm.get("name") for vm in VApp(client, href=vapp.href).get_all_vms()])
    client.logout()


class Machine:
    """A VM that is read anew before each step."""

    def __init__(self, client: Any, vm: Any) -> None:
        self.client = client
        self.vm = vm

    def fresh(self) -> Any:
        self.vm.reload()
        return self.vm

    def after(self, name: str, *values: Any, **options: Any) -> Any:
        """The VM after this method's task."""
        done(self.client, getattr(self.fresh(), name)(*values, **options))
        return self.fresh()

    def look(self) -> None:
        moving = ("id", "mac")
        with step("vm") as tell:
            tell({key: value for key, value in vm_to_dict(self.fresh().resource).items() if key not in moving})
        with step("settings") as tell:
            tell({key: str(value) for key, value in self.fresh().general_setting_detail().items()})
        with step("profiles") as tell:
            tell(self.fresh().list_storage_profile())
        parts = {"is_cpu": True, "is_memory": True, "is_disk": True, "is_media": True, "is_networkCards": True}
        with step("hardware") as tell:
            tell([sorted(part) for part in self.fresh().list_virtual_hardware_section(**parts)])

    def resize(self) -> None:
        with step("cpus") as tell:
            tell(self.after("modify_cpu", 4, 2).get_cpus())
        with step("memory") as tell:
            tell(self.after("modify_memory", 4096).get_memory())
        with step("bigger disk") as tell:
            tell(
                self.after("update_vhs_disks", "Hard disk 1", 16 * 1024**3).list_virtual_hardware_section(
                    is_cpu=False, is_memory=False, is_disk=True
                )
            )

    def rewire(self) -> None:
        def nics() -> list[list[Any]]:
            return [
                [nic["index"], nic["primary"], nic["connected"], nic["network"], nic["ip_address_mode"]]
                for nic in self.fresh().list_nics()
            ]

        with step("nics") as tell:
            tell(nics())
        with step("add a nic") as tell:
            tell(self.after("add_nic", "VMXNET3", False, True, "acme-net", "POOL", None) and nics())
        with step("change a nic") as tell:
            tell(self.after("update_nic", "acme-net", 1, False, True, "DHCP") and nics())
        with step("delete a nic") as tell:
            tell(self.after("delete_nic", 1) and nics())

    def customize(self) -> None:
        with step("rename") as tell:
            tell(self.after("edit_name", "renamed").resource.get("name"))
        with step("host name") as tell:
            tell(str(self.after("edit_hostname", "host-7").resource.GuestCustomizationSection.ComputerName))
        with step("reconfigure") as tell:
            tell(
                str(
                    self.after(
                        "update_general_setting", description="changed", computer_name="host-8"
                    ).resource.Description
                )
            )
        with step("customization") as tell:
            tell(
                {
                    key: str(value)
                    for key, value in self.after(
                        "update_guest_customization_section", enabled=True, customization_script="echo 7"
                    )
                    .list_gc_section()
                    .items()
                    if key != "VirtualMachineId"
                }
            )
        with step("metadata") as tell:
            tell(metadata_to_dict(self.after("set_metadata", "GENERAL", "READWRITE", "rack", "12").get_metadata()))
        with step("no metadata") as tell:
            tell(metadata_to_dict(self.after("remove_metadata", "rack").get_metadata()))
        with step("snapshot") as tell:
            tell(
                hasattr(self.after("snapshot_create", memory=False, quiesce=False).resource.SnapshotSection, "Snapshot")
            )
        with step("revert") as tell:
            tell(hasattr(self.after("snapshot_revert_to_current").resource.SnapshotSection, "Snapshot"))
        with step("no snapshot") as tell:
            tell(self.after("snapshot_remove_all").get_power_state())

    def power(self) -> None:
        with step("power on") as tell:
            tell(self.after("power_on").get_power_state())
        with step("power on again") as tell:
            tell(refusal(self.fresh().power_on))
        with step("reset") as tell:
            tell(self.after("power_reset").get_power_state())
        with step("reboot") as tell:
            tell(self.after("reboot").get_power_state())
        with step("suspend") as tell:
            tell(self.after("suspend").get_power_state())
        with step("discard") as tell:
            tell(self.after("discard_suspended_state").get_power_state())
        with step("deploy what is deployed") as tell:
            tell(refusal(self.fresh().deploy))
        with step("undeploy") as tell:
            tell(self.after("undeploy", "powerOff").get_power_state())
        with step("deploy") as tell:
            tell(self.after("deploy").get_power_state())
        with step("shut down") as tell:
            tell(self.after("shutdown").get_power_state())
        with step("undeploy again") as tell:
            tell(self.after("undeploy").get_power_state())


def disks(client: Any, vdc: Any, machine: Machine) -> None:
    with step("disk") as tell:
        tell(made(client, vdc.create_disk("data", 1024**3, description="records")))
    vdc.reload()
    disk = vdc.get_disk("data")

    def attached(method: str) -> list[str]:
        vapp = VApp(client, resource=vdc.get_vapp("one"))
        done(client, getattr(vapp, method)(disk.get("href"), machine.fresh().resource.get("name")))
        vdc.reload()
        holders = vdc.get_disk("data").attached_vms
        return [one.get("name") for one in holders.VmReference] if hasattr(holders, "VmReference") else []

    with step("attach") as tell:
        tell(attached("attach_disk_to_vm"))
    with step("attached") as tell:
        tell(refusal(lambda: done(client, vdc.delete_disk("data"))))
    with step("detach") as tell:
        tell(attached("detach_disk_from_vm"))
    with step("own disk") as tell:
        tell(
            done(
                client,
                VApp(client, resource=vdc.get_vapp("one")).add_disk_to_vm(machine.fresh().resource.get("name"), 2048),
            )
        )
    with step("disks") as tell:
        tell(machine.fresh().list_virtual_hardware_section(is_cpu=False, is_memory=False, is_disk=True))


if __name__ == "__main__":
    main()
