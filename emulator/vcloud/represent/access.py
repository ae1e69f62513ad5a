"""Who owns something, and who shares it (reference, section 3.2: controlAccess, owner)."""

from __future__ import annotations

from gatepost.core.inventory import Sharing, User
from gatepost.vcloud.http import Call
from gatepost.vcloud.names import ENTITY_TYPES, USER_VIEW, V, vcloud_type
from gatepost.vcloud.represent.links import link, reference
from gatepost.vcloud.xmlio import Element, root, sub

CONTROL_ACCESS = vcloud_type("controlAccess")
OWNER = vcloud_type("owner")


def control_access(call: Call, sharing: Sharing) -> Element:
    element = root(V + "ControlAccessParams", USER_VIEW)
    sub(element, V + "IsSharedToEveryone", "false" if sharing.everyone is None else "true")
    if sharing.everyone is not None:
        sub(element, V + "EveryoneAccessLevel", sharing.everyone.value)
    if sharing.users:
        settings = sub(element, V + "AccessSettings")
        for user, level in sharing.users:
            setting = sub(settings, V + "AccessSetting")
            reference(call, setting, V + "Subject", user.ref)
            sub(setting, V + "AccessLevel", level.value)
    return element


def owner_of(call: Call, kind: str, id: str, user: User) -> Element:
    """The resource `…/owner` of an object."""
    href = call.entity_href(kind, id)
    element = root(V + "Owner", USER_VIEW, type=OWNER, href=href + "/owner")
    link(element, "up", href, ENTITY_TYPES[kind])
    reference(call, element, V + "User", user.ref)
    return element
