"""pyvcloud works with disks, media and catalogs: it uploads what a VM needs."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

from pyvcloud.vcd.utils import disk_to_dict
from pyvcloud.vcd.vapp import VApp
from pyvcloud.vcd.vm import VM

from tests.foreign.flows.pyvcloud_client import done, log_in, made, places
from tests.foreign.flows.telling import arguments, refusal, step

OVF = b"""<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
    xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData">
  <References><File ovf:id="file1" ovf:href="small-disk1.vmdk" ovf:size="70000"/></References>
  <DiskSection><Info>Disks</Info>
    <Disk ovf:diskId="vmdisk1" ovf:fileRef="file1" ovf:capacity="1073741824"/></DiskSection>
  <VirtualSystem ovf:id="small"><Info>A machine</Info><Name>small</Name></VirtualSystem>
</Envelope>
"""


def main() -> None:
    where = arguments(__doc__)
    client = log_in(where, "orgadmin@acme")
    org, vdc = places(client)
    disks(client, org, vdc)
    media(client, org, vdc)
    template(client, org, vdc)
    client.logout()


def disks(client: Any, org: Any, vdc: Any) -> None:
    def listed() -> list[dict[str, Any]]:
        vdc.reload()
        return [
            {key: str(value) for key, value in disk_to_dict(disk).items() if key != "id"} for disk in vdc.get_disks()
        ]

    with step("create") as tell:
        tell(made(client, vdc.create_disk("data", 1024**3, "6", "lsilogic", "records", "*")))
    with step("disks") as tell:
        tell(listed())
    with step("ids") as tell:
        tell([one["name"] for one in vdc.list_idisk()])
    with step("update") as tell:
        tell(done(client, vdc.update_disk("data", new_name="records", new_size=2 * 1024**3)))
    with step("owner") as tell:
        tell(vdc.reload() or vdc.change_disk_owner(org.get_user("alice").get("href"), "records"))
    with step("updated") as tell:
        tell(listed())
    with step("delete") as tell:
        tell(done(client, vdc.delete_disk("records")))
    with step("none") as tell:
        tell(listed())


def media(client: Any, org: Any, vdc: Any) -> None:
    image = Path("tools.iso")
    image.write_bytes(bytes(range(256)) * 400)
    with step("upload") as tell:
        tell(org.upload_media("base-images", str(image), description="tools", chunk_size=50_000))
    with step("items") as tell:
        tell([one["name"] for one in org.list_catalog_items("base-images")])
    with step("media") as tell:
        tell(vdc.reload() or [one["name"] for one in vdc.list_media_id()])
    made(client, vdc.instantiate_vapp("one", "base-images", "centos", deploy=False, power_on=False))
    vm = VM(client, href=VApp(client, resource=vdc.get_vapp("one")).get_vm("centos-vm").get("href"))

    def drive() -> list[Any]:
        return vm.list_virtual_hardware_section(is_cpu=False, is_memory=False, is_media=True)  # type: ignore[no-any-return]  # pyvcloud is untyped

    def turn(method: str) -> list[str]:
        [one] = [one for one in vdc.list_media_id() if one["name"] == "tools.iso"]
        vm.reload()
        operation = done(client, getattr(vm, method)(one["Id"]))
        vm.reload()
        return [operation, *(str(value) for part in drive() for value in part.values())]

    with step("insert") as tell:
        tell(turn("insert_cd_from_catalog"))
    with step("eject") as tell:
        tell(turn("eject_cd"))
    with step("delete media") as tell:
        tell(org.delete_catalog_item("base-images", "tools.iso"))


def template(client: Any, org: Any, vdc: Any) -> None:
    package = Path("small.ova")
    with tarfile.open(package, "w") as tar:
        for name, content in (("small.ovf", OVF), ("small-disk1.vmdk", b"\0" * 70_000)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    with step("upload a template") as tell:
        tell(org.upload_ovf("base-images", str(package), "small", chunk_size=50_000))
    with step("templates") as tell:
        tell([one["name"] for one in org.list_catalog_items("base-images")])
    with step("ready") as tell:
        tell(client.get_resource(org.get_catalog_item("base-images", "small").Entity.get("href")).get("status"))
    with step("absent") as tell:
        tell(refusal(lambda: org.get_catalog_item("base-images", "missing")))


if __name__ == "__main__":
    main()
