"""The vCenter server below, and what can be imported from it (reference, section 3.1)."""

from __future__ import annotations

from gatepost.core.inventory import VimServer
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import EXTENSION_VIEW, V, X, admin_type
from gatepost.vcloud.represent.links import link
from gatepost.vcloud.xmlio import Element, root, sub

SERVER = admin_type("vmwvirtualcenter")
MACHINES = admin_type("vmsObjectRefsList")

MEDIA_SIZE = 0
"""Bytes of an imported media file: nobody told how many it has."""

IMPORTS = ("importVmAsVApp", "importVmIntoExistingVApp", "importVmAsVAppTemplate", "importMedia")


def href_of(call: Call, server: VimServer) -> str:
    return call.href(f"/api/admin/extension/vimServer/{server.id}")


def server(call: Call, server: VimServer) -> Element:
    href = href_of(call, server)
    element = root(
        X + "VimServer",
        EXTENSION_VIEW,
        name=server.name,
        id=f"urn:vcloud:vimserver:{server.id}",
        type=SERVER,
        href=href,
    )
    link(element, "up", call.href("/api/admin/extension"), admin_type("vmwExtension"))
    link(element, "down", href + "/vmsList", MACHINES)
    for action in IMPORTS:
        link(element, action, f"{href}/{action}", admin_type(action + "Params"))
    sub(element, V + "Description")
    sub(element, X + "Username", "administrator")
    sub(element, X + "Url", server.url)
    sub(element, X + "IsEnabled", "true")
    sub(element, X + "IsConnected", "true")
    sub(element, X + "Uuid", server.id)
    return element


def machines(call: Call, server: VimServer) -> Element:
    element = root(X + "VmObjectRefsList", EXTENSION_VIEW, numberOfPages=1, page=1)
    for vm in server.vms.values():
        reference = sub(element, X + "VmObjectRef", name=vm.name)
        sub(reference, X + "VimServerRef", type=SERVER, name=server.name, href=href_of(call, server))
        sub(reference, X + "MoRef", vm.moref)
        sub(reference, X + "VimObjectType", "VIRTUAL_MACHINE")
    return element
